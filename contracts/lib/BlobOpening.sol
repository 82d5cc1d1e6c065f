// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Openings of EIP-4844 blobs: any number of parts by one quotient and one point evaluation
/// @dev A part is an aligned run of 16 field elements, or one to three consecutive ones. For polynomials p_i, their
/// values at the points S_i, I_i through them and Z_i zero on S_i, the prover commits to
/// `q = sum g^i e_i (p_i - I_i) / Z_i` (g is derived from the claimed values, e_i is a constant of the points that
/// saves inversions) and opens `sum g^i e_i (Z / Z_i) p_i - Z q`, with all Z taken at a point z derived after q, at z.
/// This is the scheme of Boneh, Drake, Fisch and Gabizon (eprint 2020/081) for blobs: EIP-2537 folds the commitments,
/// EIP-4844 checks the fold. All terms are divided by the first factor, so that one commitment need not be multiplied.
/// A proof that does not fit reverts, so a failed opening never proves fraud.
library BlobOpening {
    /// @notice Thrown when the opening does not have the length of its parts.
    error InvalidOpeningLength();
    /// @notice Thrown when a commitment is not that of its blob.
    error UnexpectedBlobHash();
    /// @notice Thrown when the field elements are not all in the blob.
    error FieldsOutOfRange();
    /// @notice Thrown when the number of field elements is not one of a part.
    error InvalidFieldCount();
    /// @notice Thrown when a field element is not below the modulus.
    error NonCanonicalField();
    /// @notice Thrown when the precompile of EIP-2537 rejects the commitments.
    error PointMultiplicationFailed();
    /// @notice Thrown when the point evaluation of EIP-4844 rejects the opening.
    error PointEvaluationFailed();
    /// @notice Thrown when the SHA-256 precompile fails.
    error HashFailed();
    /// @notice Thrown when the inverse given is not that of the first factor.
    error InvalidInverse();

    /// @dev Field elements of one blob.
    /// @param hash The versioned hash of the blob
    /// @param first The index of the first field element
    /// @param values 32 bytes for each field element: 16 of them from a multiple of 16, or one to three
    struct Part {
        bytes32 hash;
        uint256 first;
        bytes values;
    }

    uint256 private constant R = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
    /// @dev 7^((R - 1) / 4096): the field elements of a blob are the values at its powers, in bit-reversed order.
    uint256 private constant ROOT = 0x564c0a11a0f704f4fc3e8acfe0f8245f0ad1347b378fbf96e206da11a5d36306;
    /// @dev ROOT^256, of order 16
    uint256 private constant RUN_ROOT = 0x20b1ce9140267af9dd1c0af834cec32c17beb312f20b6f7653ea61d87742bcce;
    /// @dev The numbers 0 to 15 with their four bits reversed, one nibble for each, from the top.
    uint256 private constant REVERSED = 0x084c2a6e195d3b7f;
    uint256 private constant FIELDS = 4096;
    uint256 private constant RUN = 16;
    uint256 private constant POINT = 128;

    /// @dev (p - 1) / 2 of the field of the curve
    uint256 private constant HALF_HIGH = 0xd0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant HALF_LOW = 0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    uint256 private constant SHA256 = 0x02;
    uint256 private constant POINT_EVALUATION = 0x0a;
    uint256 private constant G1ADD = 0x0b;
    uint256 private constant G1MSM = 0x0c;

    /// @notice Reverts unless the blobs contain the values of the parts.
    /// @param parts The parts, one or two
    /// @param proof A commitment for each part (128 bytes, encoded as in EIP-2537), one to the quotient, one over the
    /// first factor (32 bytes), and the evaluation proof of the fold (48 bytes)
    function verify(Part[] memory parts, bytes memory proof) internal view {
        uint256 n = parts.length;
        if (n == 0 || n > 2 || proof.length != POINT * (n + 1) + 80) revert InvalidOpeningLength();
        bytes32 claimed = 0;
        for (uint256 i; i < n; ++i) {
            Part memory part = parts[i];
            claimed = keccak256(abi.encode(claimed, part.hash, part.first, keccak256(part.values)));
            if (_versionedHash(proof, POINT * i) != part.hash) revert UnexpectedBlobHash();
        }
        uint256 z;
        assembly ("memory-safe") {
            mstore(0, claimed)
            mstore(32, keccak256(add(add(proof, 32), mul(POINT, n)), POINT))
            z := mod(keccak256(0, 64), R)
        }
        uint256[] memory scalars = new uint256[](n + 1);
        uint256 value = _combine(parts, z, uint256(claimed) % R, scalars);
        uint256 inverse = _word(proof, proof.length - 80);
        if (mulmod(inverse, scalars[0], R) != 1) revert InvalidInverse();
        for (uint256 i = 1; i <= n; ++i) {
            scalars[i] = mulmod(scalars[i], inverse, R);
        }
        value = mulmod(value, inverse, R);
        _evaluate(_fold(proof, scalars), z, value, proof);
    }

    /// @dev Computes the factors of the commitments in `scalars`, and returns the value of the fold at z.
    function _combine(Part[] memory parts, uint256 z, uint256 g, uint256[] memory scalars)
        private
        pure
        returns (uint256 value)
    {
        (uint256 zero, uint256 top, uint256 scale) = _interpolate(parts[0], z);
        if (parts.length == 1) {
            (scalars[0], scalars[1]) = (scale, R - zero);
            return top;
        }
        (uint256 zero2, uint256 top2, uint256 scale2) = _interpolate(parts[1], z);
        uint256 other = mulmod(g, zero, R);
        scalars[0] = mulmod(scale, zero2, R);
        scalars[1] = mulmod(scale2, other, R);
        scalars[2] = R - mulmod(zero, zero2, R);
        return addmod(mulmod(top, zero2, R), mulmod(top2, other, R), R);
    }

    /// @dev Returns for the points of a part: the product of `z - x`, `scale` times the polynomial through the values
    /// at z, and `scale`.
    function _interpolate(Part memory part, uint256 z) private pure returns (uint256, uint256, uint256) {
        uint256 count = part.values.length / 32;
        if (part.first + count > FIELDS || part.values.length % 32 != 0) revert FieldsOutOfRange();
        if (count == RUN && part.first % RUN == 0) return _run(part.values, _point(part.first), z);
        if (count == 0 || count > 3) revert InvalidFieldCount();
        return _few(part, count, z);
    }

    /// @dev `X^16 - s^16` is zero on the run, and the weight of its point x is `x / (16 s^16)`.
    function _run(bytes memory values, uint256 s, uint256 z)
        private
        pure
        returns (uint256 zero, uint256 top, uint256 scale)
    {
        bool wide = false;
        assembly ("memory-safe") {
            zero := 1
            let x := s
            let at := add(values, 32)
            for { let i := 60 } lt(i, 64) { i := sub(i, 4) } {
                let v := mload(add(at, shl(5, and(shr(i, REVERSED), 15))))
                wide := or(wide, iszero(lt(v, R)))
                let d := addmod(z, sub(R, x), R)
                top := addmod(mulmod(top, d, R), mulmod(mulmod(v, x, R), zero, R), R)
                zero := mulmod(zero, d, R)
                x := mulmod(x, RUN_ROOT, R)
            }
            scale := mulmod(s, s, R)
            scale := mulmod(scale, scale, R)
            scale := mulmod(scale, scale, R)
            scale := mulmod(mulmod(scale, scale, R), 16, R)
        }
        if (wide) revert NonCanonicalField();
    }

    /// @dev Lagrange interpolation with all weights multiplied by the product of the differences.
    function _few(Part memory part, uint256 count, uint256 z)
        private
        pure
        returns (uint256 zero, uint256 top, uint256 scale)
    {
        uint256[3] memory x;
        uint256[3] memory w;
        for (uint256 i; i < count; ++i) {
            x[i] = _point(part.first + i);
        }
        (w[0], scale) = (1, 1);
        if (count > 1) {
            scale = _minus(x[0], x[1]);
            w[1] = R - 1;
        }
        if (count == 3) {
            uint256 far = _minus(x[0], x[2]);
            w[0] = _minus(x[1], x[2]);
            (w[1], w[2]) = (R - far, scale);
            scale = mulmod(mulmod(scale, far, R), w[0], R);
        }
        zero = 1;
        for (uint256 i; i < count; ++i) {
            uint256 v = _word(part.values, 32 * i);
            if (v >= R) revert NonCanonicalField();
            uint256 d = _minus(z, x[i]);
            top = addmod(mulmod(top, d, R), mulmod(mulmod(v, w[i], R), zero, R), R);
            zero = mulmod(zero, d, R);
        }
    }

    function _minus(uint256 a, uint256 b) private pure returns (uint256) {
        return addmod(a, R - b, R);
    }

    /// @dev Returns the point of field element `index`: ROOT to the power of its twelve bits reversed.
    function _point(uint256 index) private pure returns (uint256 x) {
        assembly ("memory-safe") {
            // Square and multiply starts with the top power, because the lowest bit of the index has the highest
            // weight.
            x := 1
            let power := ROOT
            for { let i := 0 } lt(i, 12) { i := add(i, 1) } {
                if and(shr(sub(11, i), index), 1) { x := mulmod(x, power, R) }
                power := mulmod(power, power, R)
            }
        }
    }

    /// @dev Returns the sum of the commitments with their factors and the quotient.
    function _fold(bytes memory proof, uint256[] memory scalars) private view returns (bytes memory point) {
        point = new bytes(POINT);
        bool ok;
        assembly ("memory-safe") {
            let n := sub(mload(scalars), 1)
            let input := mload(0x40)
            for { let i := 0 } lt(i, n) { i := add(i, 1) } {
                let at := add(input, mul(i, 160))
                mcopy(at, add(add(proof, 160), mul(i, 128)), 128)
                mstore(add(at, 128), mload(add(add(scalars, 64), shl(5, i))))
            }
            ok := staticcall(gas(), G1MSM, input, mul(n, 160), input, 128)
            mcopy(add(input, 128), add(proof, 32), 128)
            ok := and(ok, staticcall(gas(), G1ADD, input, 256, add(point, 32), 128))
            ok := and(ok, eq(returndatasize(), 128))
        }
        if (!ok) revert PointMultiplicationFailed();
    }

    /// @dev Requires the value of the fold at z by the point evaluation precompile.
    function _evaluate(bytes memory point, uint256 z, uint256 value, bytes memory proof) private view {
        bytes32 hash = _versionedHash(point, 0);
        (bytes32 head, bytes32 tail) = _compress(point, 0);
        bool ok;
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, hash)
            mstore(add(input, 32), z)
            mstore(add(input, 64), value)
            mstore(add(input, 96), head)
            mstore(add(input, 128), tail)
            mcopy(add(input, 144), add(proof, sub(mload(proof), 16)), 48)
            ok := staticcall(gas(), POINT_EVALUATION, input, 192, 0, 64)
            ok := and(ok, eq(returndatasize(), 64))
        }
        if (!ok) revert PointEvaluationFailed();
    }

    /// @dev Returns the versioned hash of a commitment (EIP-4844).
    function _versionedHash(bytes memory points, uint256 at) private view returns (bytes32 hash) {
        (bytes32 head, bytes32 tail) = _compress(points, at);
        bool ok;
        assembly ("memory-safe") {
            mstore(0, head)
            mstore(32, tail)
            ok := staticcall(gas(), SHA256, 0, 48, 0, 32)
            hash := or(shr(8, shl(8, mload(0))), shl(248, 1))
        }
        if (!ok) revert HashFailed();
    }

    /// @dev Returns 48 bytes, in a word and the upper half of another. The precompile rejects coordinates out of range.
    function _compress(bytes memory points, uint256 at) private pure returns (bytes32 head, bytes32 tail) {
        uint256 xHigh = _word(points, at);
        uint256 xLow = _word(points, at + 32);
        uint256 yHigh = _word(points, at + 64);
        uint256 yLow = _word(points, at + 96);
        uint256 flags = 0x80;
        if (xHigh | xLow | yHigh | yLow == 0) flags = 0xc0;
        else if (yHigh > HALF_HIGH || (yHigh == HALF_HIGH && yLow > HALF_LOW)) flags = 0xa0;
        head = bytes32((flags << 248) | (xHigh << 128) | (xLow >> 128));
        tail = bytes32(xLow << 128);
    }

    function _word(bytes memory data, uint256 at) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 32), at))
        }
    }
}
