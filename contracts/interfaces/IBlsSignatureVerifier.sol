// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A verifier of BLS signatures
interface IBlsSignatureVerifier {
    /// @notice Returns true if the key behind an owner word has signed a digest.
    /// @dev Anyone may call. Reverts when a hint does not fit, or when the gas is too low for an answer.
    /// @param owner The keccak256 hash of the key in the encoding of EIP-2537
    /// @param digest The signed digest
    /// @param proof The proof `abi.encode(key (192 bytes), signature (48 bytes), hint)`, see `Bls`
    /// @return True if the signature is valid
    function isValidSignature(bytes32 owner, bytes32 digest, bytes calldata proof) external view returns (bool);
}
