// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {BlsErrors} from "./BlsErrors.sol";

/// @title BLS12-381 with the precompiles of EIP-2537: signatures in G1, keys in G2, over 32-byte digests
/// @dev Running out of gas never decides an answer: each precompile must have enough gas, otherwise the call reverts.
library Bls {
    /// @notice Thrown when the gas is too low for a verdict.
    /// @param have The gas left
    /// @param need The gas required
    error InsufficientGas(uint256 have, uint256 need);
    /// @notice Thrown when a required key is not among the given ones.
    /// @param given The number of keys given
    error KeyMissing(uint256 given);

    /// @dev The bytes of a key in a proof: the four numbers of EIP-2537 without their leading zeros.
    uint256 internal constant KEY = 192;

    uint256 private constant P_HIGH = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant P_LOW = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;
    /// @dev (p - 1) / 2
    uint256 private constant HALF_HIGH = 0xd0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant HALF_LOW = 0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    bytes private constant DST_PRIME = "LAYER2_ROLLUP_BLS12381G1_XMD:SHA-256_SSWU_RO_1_\x2f";

    uint256 private constant G1ADD = 0x0b;
    uint256 private constant G1MSM = 0x0c;
    uint256 private constant G2ADD = 0x0d;
    uint256 private constant G2MSM = 0x0e;
    uint256 private constant PAIRING = 0x0f;
    uint256 private constant MAP = 0x10;
    uint256 private constant MODEXP = 0x05;

    uint256 private constant MAP_GAS = 5500;
    uint256 private constant ADD_GAS = 375;
    uint256 private constant MSM_GAS = 12_000;
    uint256 private constant G2ADD_GAS = 600;
    uint256 private constant G2MSM_GAS = 22_500;
    uint256 private constant MODEXP_GAS = 5000;
    uint256 private constant PAIRING_BASE_GAS = 37_700;
    uint256 private constant PAIRING_EACH_GAS = 32_600;

    /// @notice Decodes a compressed point on the curve of G1 other than infinity. `verify` checks the subgroup.
    /// @param compressed The 48 bytes
    /// @param hint 64 bytes: y, or, for a point that is not on the curve, a root of `-(x^3 + 4)`
    /// @return valid True if the bytes are such a point
    /// @return point The point in the encoding of EIP-2537, if it is valid
    function signature(bytes memory compressed, bytes memory hint)
        internal
        view
        returns (bool valid, bytes memory point)
    {
        uint256 flags = uint8(compressed[0]) >> 5;
        // The point must be compressed and not infinity.
        if (flags & 6 != 4) return (false, point);
        uint256 high;
        uint256 low;
        assembly ("memory-safe") {
            high := and(shr(128, mload(add(compressed, 32))), 0x1fffffffffffffffffffffffffffffff)
            low := mload(add(compressed, 48))
        }
        if (!_less(high, low, P_HIGH, P_LOW)) return (false, point);
        (uint256 yHigh, uint256 yLow) = abi.decode(hint, (uint256, uint256));
        if (!_less(yHigh, yLow, P_HIGH, P_LOW)) revert BlsErrors.NonCanonicalHint();
        (uint256 wantHigh, uint256 wantLow) = _power(high, low, 3);
        (wantHigh, wantLow) = _plusFour(wantHigh, wantLow);
        (uint256 haveHigh, uint256 haveLow) = _power(yHigh, yLow, 2);
        if (haveHigh != wantHigh || haveLow != wantLow) {
            // -1 is not a square: if minus the right side is one, the right side is not. It is never zero here.
            (wantHigh, wantLow) = _negate(wantHigh, wantLow);
            if (haveHigh != wantHigh || haveLow != wantLow) revert BlsErrors.HintNotARoot();
            return (false, point);
        }
        bool larger = _less(HALF_HIGH, HALF_LOW, yHigh, yLow);
        if (larger != (flags & 1 == 1)) revert BlsErrors.HintOfOtherSign();
        point = abi.encode(high, low, yHigh, yLow);
        valid = true;
    }

    /// @notice Decodes a key: a compressed point of 96 bytes in the subgroup of G2 other than infinity.
    /// @param hint Five words, always checked. If the first is 1, the others are y (four words); if it is 0, for an x
    /// off the curve, they are a root of minus 256 times the norm of `x^3 + 4(1 + i)` (two words, then zeros)
    /// @return valid True if the bytes are a key
    /// @return point The point in the encoding of EIP-2537, if it is valid
    function key(bytes memory compressed, bytes memory hint) internal view returns (bool valid, bytes memory point) {
        uint256 flags = uint8(compressed[0]) >> 5;
        if (flags & 6 != 4) return (false, point);
        uint256[4] memory x;
        assembly ("memory-safe") {
            mstore(add(x, 64), and(shr(128, mload(add(compressed, 32))), 0x1fffffffffffffffffffffffffffffff))
            mstore(add(x, 96), mload(add(compressed, 48)))
            mstore(x, shr(128, mload(add(compressed, 80))))
            mstore(add(x, 32), mload(add(compressed, 96)))
        }
        if (!_less(x[0], x[1], P_HIGH, P_LOW) || !_less(x[2], x[3], P_HIGH, P_LOW)) return (false, point);
        (bool on, uint256 a, uint256 b, uint256 c, uint256 d) =
            abi.decode(hint, (bool, uint256, uint256, uint256, uint256));
        if (!on) {
            _requireOffCurve(x, a, b);
            return (false, point);
        }
        if (!_less(a, b, P_HIGH, P_LOW) || !_less(c, d, P_HIGH, P_LOW)) revert BlsErrors.NonCanonicalKeyHint();
        bool larger = c | d == 0 ? _less(HALF_HIGH, HALF_LOW, a, b) : _less(HALF_HIGH, HALF_LOW, c, d);
        if (larger != (flags & 1 == 1)) revert BlsErrors.KeyHintOfOtherSign();
        point = abi.encode(x[0], x[1], x[2], x[3], a, b, c, d);
        // Adding infinity succeeds only for a point on the curve.
        (bool ok,) = _call(G2ADD, bytes.concat(point, new bytes(256)), 256, G2ADD_GAS);
        if (!ok) revert BlsErrors.KeyNotOnCurve();
        (valid,) = _call(G2MSM, bytes.concat(point, bytes32(uint256(1))), 256, G2MSM_GAS);
        if (valid) return (true, point);
        // A valid point must succeed, because only the point may cause the failure, not a repriced precompile.
        (ok,) = _call(G2MSM, bytes.concat(_minusG2(), bytes32(uint256(1))), 256, G2MSM_GAS);
        if (!ok) revert BlsErrors.KeySubgroupCheckFailed();
    }

    /// @dev A number of Fp2 is a square exactly if its norm is one in Fp, and minus one is not a square there. All
    /// terms get square factors (4, then 16), because products use squares: `4ab = (a + b)^2 - (a - b)^2`.
    function _requireOffCurve(uint256[4] memory x, uint256 zh, uint256 zl) private view {
        (uint256 high, uint256 low) = _norm(x);
        if (high | low == 0) revert BlsErrors.KeyOnCurve();
        (zh, zl) = _power(zh, zl, 2);
        (high, low) = _negate(high, low);
        if (zh != high || zl != low) revert BlsErrors.KeyHintNotARoot();
    }

    /// @dev Returns 256 times the norm of `x^3 + 4(1 + i)`, `x = x[0..1] + i x[2..3]`.
    function _norm(uint256[4] memory x) private view returns (uint256, uint256) {
        uint256[2] memory re = [x[0], x[1]];
        uint256[2] memory im = [x[2], x[3]];
        uint256[2] memory squareRe = _times(_add(re, im), _sub(re, im));
        uint256[2] memory squareIm = _times(re, im);
        squareIm = _add(squareIm, squareIm);
        uint256[2] memory four = [uint256(0), 64];
        uint256[2] memory c = _add(_sub(_times(squareRe, re), _times(squareIm, im)), four);
        uint256[2] memory d = _add(_add(_times(squareRe, im), _times(squareIm, re)), four);
        c = _square(c);
        c = _add(c, _square(d));
        return (c[0], c[1]);
    }

    /// @dev Returns `4ab`.
    function _times(uint256[2] memory a, uint256[2] memory b) private view returns (uint256[2] memory) {
        return _sub(_square(_add(a, b)), _square(_sub(a, b)));
    }

    function _square(uint256[2] memory a) private view returns (uint256[2] memory r) {
        (r[0], r[1]) = _power(a[0], a[1], 2);
    }

    function _add(uint256[2] memory a, uint256[2] memory b) private pure returns (uint256[2] memory r) {
        unchecked {
            r[1] = a[1] + b[1];
            r[0] = a[0] + b[0] + (r[1] < a[1] ? 1 : 0);
            if (!_less(r[0], r[1], P_HIGH, P_LOW)) {
                r[0] = r[0] - P_HIGH - (r[1] < P_LOW ? 1 : 0);
                r[1] -= P_LOW;
            }
        }
    }

    function _sub(uint256[2] memory a, uint256[2] memory b) private pure returns (uint256[2] memory) {
        (uint256 high, uint256 low) = (b[0], b[1]);
        if (high | low != 0) (high, low) = _negate(high, low);
        return _add(a, [high, low]);
    }

    /// @notice Returns true if `point` is in the subgroup and is the aggregate signature over all digests.
    /// @param keys Points of G2, 192 bytes each, known to be valid
    /// @param positions The position of each digest's key; callers have checked that there is at least one digest
    function verify(bytes memory point, bytes calldata keys, uint256[] memory positions, bytes32[] memory digests)
        internal
        view
        returns (bool)
    {
        uint256 n = digests.length;
        bytes memory minusG2 = _minusG2();
        bytes memory input = new bytes(384 * (n + 1));
        bool missing = positions.length != n;
        assembly ("memory-safe") {
            let at := add(input, 32)
            mcopy(at, add(point, 32), 128)
            mcopy(add(at, 128), add(minusG2, 32), 256)
            let given := div(keys.length, KEY)
            for { let i := 1 } iszero(gt(i, n)) { i := add(i, 1) } {
                at := add(at, 384)
                let position := mload(add(positions, shl(5, i)))
                missing := or(missing, iszero(lt(position, given)))
                let key_ := add(keys.offset, mul(position, KEY))
                // EIP-2537 puts 16 zero bytes before each number of 48 bytes.
                calldatacopy(add(at, 144), key_, 48)
                calldatacopy(add(at, 208), add(key_, 48), 48)
                calldatacopy(add(at, 272), add(key_, 96), 48)
                calldatacopy(add(at, 336), add(key_, 144), 48)
            }
        }
        if (missing) revert KeyMissing(keys.length / KEY);
        uint256 first;
        assembly ("memory-safe") {
            first := add(input, 416)
        }
        _hashAll(digests, first, 384);
        uint256 cost = PAIRING_BASE_GAS + PAIRING_EACH_GAS * (n + 1);
        (bool ok, bytes memory output) = _call(PAIRING, input, 32, cost);
        if (ok) return uint256(bytes32(output)) == 1;
        // All other points are valid: either this point is not, or the precompile has changed.
        if (_inSubgroup(point)) revert BlsErrors.PairingFailed();
        return false;
    }

    /// @notice Returns the owner word of the key at a position: the hash of the key in the encoding of EIP-2537.
    function ownerOf(bytes calldata keys, uint256 position) internal pure returns (bytes32) {
        if (position >= keys.length / KEY) revert KeyMissing(keys.length / KEY);
        bytes memory whole = new bytes(256);
        assembly ("memory-safe") {
            let key_ := add(keys.offset, mul(position, KEY))
            calldatacopy(add(whole, 48), key_, 48)
            calldatacopy(add(whole, 112), add(key_, 48), 48)
            calldatacopy(add(whole, 176), add(key_, 96), 48)
            calldatacopy(add(whole, 240), add(key_, 144), 48)
        }
        return keccak256(whole);
    }

    /// @notice Returns BLS12381G1_XMD:SHA-256_SSWU_RO_ of a digest (RFC 9380).
    function hashToG1(bytes32 digest) internal view returns (bytes memory point) {
        point = new bytes(128);
        bytes32[] memory digests = new bytes32[](1);
        digests[0] = digest;
        uint256 at;
        assembly ("memory-safe") {
            at := add(point, 32)
        }
        _hashAll(digests, at, 0);
    }

    /// @dev Writes the points to `at`, `step` bytes apart. The constant inputs are written once to the memory after the
    /// last object. The five hashes are those of `expand_message_xmd`.
    function _hashAll(bytes32[] memory digests, uint256 at, uint256 step) private view {
        bytes memory tag = DST_PRIME;
        bool ok = true;
        assembly ("memory-safe") {
            let m := mload(0x40)
            // 64 zeros | digest | 128 as two bytes | 0 | tag
            mstore(m, 0)
            mstore(add(m, 32), 0)
            mstore(add(m, 96), shl(232, 0x008000))
            mcopy(add(m, 99), add(tag, 32), 48)
            // b0 xor the previous block | number | tag
            let q := add(m, 160)
            mcopy(add(q, 33), add(tag, 32), 48)
            // lengths of base, exponent and modulus | base | 1 | p
            let r := add(m, 256)
            mstore(r, 64)
            mstore(add(r, 32), 1)
            mstore(add(r, 64), 64)
            mstore8(add(r, 160), 1)
            mstore(add(r, 161), P_HIGH)
            mstore(add(r, 193), P_LOW)
            let points := add(m, 512)
            let digest := add(digests, 32)
            for { let end := add(digest, shl(5, mload(digests))) } lt(digest, end) { digest := add(digest, 32) } {
                mstore(add(m, 64), mload(digest))
                ok := and(ok, staticcall(gas(), 2, m, 147, q, 32))
                let b0 := mload(q)
                mstore8(add(q, 32), 1)
                ok := and(ok, staticcall(gas(), 2, q, 81, add(r, 96), 32))
                mstore(q, xor(b0, mload(add(r, 96))))
                mstore8(add(q, 32), 2)
                ok := and(ok, staticcall(gas(), 2, q, 81, add(r, 128), 32))
                mstore(q, xor(b0, mload(add(r, 128))))
                ok := and(ok, staticcall(gas(), 5, r, 225, points, 64))
                ok := and(ok, staticcall(MAP_GAS, MAP, points, 64, points, 128))
                mstore8(add(q, 32), 3)
                ok := and(ok, staticcall(gas(), 2, q, 81, add(r, 96), 32))
                mstore(q, xor(b0, mload(add(r, 96))))
                mstore8(add(q, 32), 4)
                ok := and(ok, staticcall(gas(), 2, q, 81, add(r, 128), 32))
                ok := and(ok, staticcall(gas(), 5, r, 225, add(points, 128), 64))
                ok := and(ok, staticcall(MAP_GAS, MAP, add(points, 128), 64, add(points, 128), 128))
                ok := and(ok, staticcall(ADD_GAS, G1ADD, points, 256, at, 128))
                at := add(at, step)
            }
        }
        if (!ok) revert BlsErrors.HashToCurveFailed();
    }

    function _inSubgroup(bytes memory point) private view returns (bool ok) {
        (ok,) = _call(G1MSM, bytes.concat(point, bytes32(uint256(1))), 128, MSM_GAS);
        if (ok) return true;
        // A repriced precompile fails for every point, so a point known to be valid shows the difference.
        (bool works,) = _call(G1MSM, bytes.concat(hashToG1(0), bytes32(uint256(1))), 128, MSM_GAS);
        if (!works) revert BlsErrors.SubgroupCheckFailed();
    }

    /// @dev Returns `(high << 256 | low) ^ exponent mod p`.
    function _power(uint256 high, uint256 low, uint8 exponent) private view returns (uint256, uint256) {
        bytes memory input = abi.encodePacked(
            uint256(64), uint256(1), uint256(64), high, low, exponent, uint256(P_HIGH), uint256(P_LOW)
        );
        (bool ok, bytes memory output) = _call(MODEXP, input, 64, MODEXP_GAS);
        if (!ok) revert BlsErrors.ModularExponentiationFailed();
        return abi.decode(output, (uint256, uint256));
    }

    function _plusFour(uint256 high, uint256 low) private pure returns (uint256, uint256) {
        unchecked {
            uint256 sum = low + 4;
            if (sum < low) ++high;
            if (_less(high, sum, P_HIGH, P_LOW)) return (high, sum);
            return (high - P_HIGH - (sum < P_LOW ? 1 : 0), sum - P_LOW);
        }
    }

    function _negate(uint256 high, uint256 low) private pure returns (uint256, uint256) {
        unchecked {
            return (P_HIGH - high - (P_LOW < low ? 1 : 0), P_LOW - low);
        }
    }

    function _less(uint256 aHigh, uint256 aLow, uint256 bHigh, uint256 bLow) private pure returns (bool) {
        return aHigh < bHigh || (aHigh == bHigh && aLow < bLow);
    }

    /// @dev A failed precompile burns all its gas: it is given the required amount, which must be available.
    function _call(uint256 target, bytes memory input, uint256 size, uint256 cost)
        private
        view
        returns (bool ok, bytes memory output)
    {
        uint256 need = (cost * 64) / 63 + 10_000;
        if (gasleft() < need) revert InsufficientGas(gasleft(), need);
        output = new bytes(size);
        assembly ("memory-safe") {
            ok := staticcall(cost, target, add(input, 32), mload(input), add(output, 32), size)
            ok := and(ok, eq(returndatasize(), size))
        }
    }

    function _minusG2() private pure returns (bytes memory) {
        return abi.encodePacked(
            hex"00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8",
            hex"0000000000000000000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e",
            hex"000000000000000000000000000000000d1b3cc2c7027888be51d9ef691d77bcb679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aa",
            hex"0000000000000000000000000000000013fa4d4a0ad8b1ce186ed5061789213d993923066dddaf1040bc3ff59f825c78df74f2d75467e25e0f55f8a00fa030ed"
        );
    }
}
