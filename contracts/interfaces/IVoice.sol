// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Voice: tells whether a BLS key has signed a digest
interface IVoice {
    /// @notice Whether the key behind an owner word has signed.
    /// @dev Reverts when a hint does not fit, or when gas is too low to tell.
    /// @param owner keccak256 of the key as EIP-2537 takes it
    /// @param proof `abi.encode(key (192 bytes), signature (48 bytes), hint)`, see `Bls`
    function speaks(bytes32 owner, bytes32 digest, bytes calldata proof) external view returns (bool);
}
