// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A proof that a block follows the rules
/// @notice A root chain may be deployed with one; then it takes no block without such a proof. Exits and their games are
/// the same with and without it.
interface IBlockValidity {
    /// @notice Whether `proof` shows that the block's transactions lead from one state to the other.
    /// @param previousState state root after the last block; zero before the first
    /// @param nextState state root after this block
    /// @param root root over the block's transactions and their signatures, see `BlockTree`
    /// @param word the block's time(28) and count(4), as in its header
    function verify(bytes32 previousState, bytes32 nextState, bytes32 root, uint256 word, bytes calldata proof)
        external
        view
        returns (bool);
}
