// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A verifier of block validity proofs
/// @notice A root chain may be deployed with a verifier; it then accepts no block without a valid proof. Exits and
/// challenges are identical with and without a verifier.
interface IBlockValidity {
    /// @notice Returns true if `proof` shows that the block's transactions lead from one state to the other.
    /// @dev Anyone may call; the root chain calls it when the operator submits a block.
    /// @param previousState The state root after the last block; zero before the first
    /// @param nextState The state root after this block
    /// @param root The root over the block's transactions and their signatures, see `BlockTree`
    /// @param word The block's time(28) and count(4), as in its header
    /// @param proof The validity proof
    /// @return True if the proof is valid
    function verify(bytes32 previousState, bytes32 nextState, bytes32 root, uint256 word, bytes calldata proof)
        external
        view
        returns (bool);
}
