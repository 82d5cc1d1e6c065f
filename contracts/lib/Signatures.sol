// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Signature checks: ECDSA first, then ERC-1271
/// @dev ecrecover comes first so that an EIP-7702 account, which has code, continues to sign with its key. Accepts
/// 65-byte (r, s, v) and 64-byte EIP-2098 signatures; rejects the upper half of s and recovery to the zero address.
library Signatures {
    /// @dev (secp256k1 order) / 2
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    /// @dev bytes4(keccak256("isValidSignature(bytes32,bytes)"))
    uint256 private constant ERC1271_MAGIC = 0x1626ba7e;

    /// @notice Returns true if `signature` over `digest` is by `signer`. Never reverts.
    function isValid(bytes32 digest, address signer, bytes calldata signature) internal view returns (bool) {
        address recovered = recover(digest, signature);
        if (recovered == signer && recovered != address(0)) return true;
        return signer.code.length != 0 && _isValid1271(digest, signer, signature);
    }

    /// @notice Returns the ECDSA signer; zero if the encoding is not valid.
    function recover(bytes32 digest, bytes calldata signature) internal pure returns (address) {
        bytes32 r;
        uint256 s;
        uint256 v;
        if (signature.length == 64) {
            uint256 vs;
            assembly ("memory-safe") {
                r := calldataload(signature.offset)
                vs := calldataload(add(signature.offset, 32))
            }
            s = vs & ((1 << 255) - 1);
            v = (vs >> 255) + 27;
        } else if (signature.length == 65) {
            assembly ("memory-safe") {
                r := calldataload(signature.offset)
                s := calldataload(add(signature.offset, 32))
                v := byte(0, calldataload(add(signature.offset, 64)))
            }
        } else {
            return address(0);
        }
        if (s > HALF_ORDER || v > 28) return address(0);
        return ecrecover(digest, uint8(v), r, bytes32(s));
    }

    /// @notice Returns the ECDSA signer of a signature in the EIP-2098 form; zero for none.
    function recover(bytes32 digest, bytes32 r, bytes32 vs) internal pure returns (address) {
        uint256 s = uint256(vs) & ((1 << 255) - 1);
        if (s > HALF_ORDER) return address(0);
        return ecrecover(digest, uint8(uint256(vs) >> 255) + 27, r, bytes32(s));
    }

    /// @dev Copies at most one word of the return data, so that a signer cannot make the caller pay for more.
    function _isValid1271(bytes32 digest, address signer, bytes calldata signature) private view returns (bool ok) {
        bytes memory data = abi.encodeWithSelector(bytes4(uint32(ERC1271_MAGIC)), digest, signature);
        assembly ("memory-safe") {
            ok := staticcall(gas(), signer, add(data, 32), mload(data), 0, 32)
            ok := and(ok, gt(returndatasize(), 31))
            ok := and(ok, eq(mload(0), shl(224, ERC1271_MAGIC)))
        }
    }
}
