// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title MockSignatures
/// @notice ECDSA recovery and ERC-1271 calls used only by the mocks.
library MockSignatures {
    /// @dev The secp256k1 order divided by two: a larger s is the malleable twin.
    uint256 internal constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
    bytes4 internal constant ERC1271_MAGIC = 0x1626ba7e;

    /// @notice Returns the signer of a 65-byte (r, s, v) or 64-byte EIP-2098 signature; zero if it is not valid.
    function recover(bytes32 digest, bytes memory signature) internal pure returns (address) {
        bytes32 r;
        bytes32 s;
        uint8 v;
        if (signature.length == 65) {
            assembly ("memory-safe") {
                r := mload(add(signature, 0x20))
                s := mload(add(signature, 0x40))
                v := byte(0, mload(add(signature, 0x60)))
            }
        } else if (signature.length == 64) {
            bytes32 vs;
            assembly ("memory-safe") {
                r := mload(add(signature, 0x20))
                vs := mload(add(signature, 0x40))
            }
            s = bytes32(uint256(vs) & (type(uint256).max >> 1));
            v = uint8(uint256(vs) >> 255) + 27;
        } else {
            return address(0);
        }
        return recover(digest, v, r, s);
    }

    /// @notice Returns the signer; zero if the signature is malleable or not valid.
    function recover(bytes32 digest, uint8 v, bytes32 r, bytes32 s) internal pure returns (address) {
        if (uint256(s) > HALF_ORDER) return address(0);
        return ecrecover(digest, v, r, s);
    }

    /// @notice Returns true if the contract `wallet` accepts the signature (ERC-1271).
    function accepts1271(address wallet, bytes32 digest, bytes memory signature) internal view returns (bool) {
        if (wallet.code.length == 0) return false;
        (bool ok, bytes memory result) = wallet.staticcall(abi.encodeWithSelector(ERC1271_MAGIC, digest, signature));
        return ok && result.length >= 32 && abi.decode(result, (bytes32)) == bytes32(ERC1271_MAGIC);
    }

    /// @notice Returns true if the signature is valid, by ECDSA first, then by ERC-1271.
    function isValid(address signer, bytes32 digest, bytes memory signature) internal view returns (bool) {
        if (signer == address(0)) return false;
        return recover(digest, signature) == signer || accepts1271(signer, digest, signature);
    }
}
