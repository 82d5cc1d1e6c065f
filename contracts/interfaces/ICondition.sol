// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A contract that decides what a conditional payment is worth
/// @notice What makes a payment channel carry application state: a lock of kind 2 names a condition contract and the
/// hash of its terms; whoever the lock pays brings the terms and the evidence.
interface ICondition {
    /// @notice Judge the evidence under the terms. Called with `staticcall` and a gas cap; a revert, or too little
    /// return data, leaves the lock unresolved.
    /// @param channelId the channel whose lock is being resolved
    /// @param terms what both parties agreed on when the lock was made
    /// @param evidence what happened
    /// @return amount what the lock pays, token units; the hub pays at most the lock's amount
    function resolve(bytes32 channelId, bytes calldata terms, bytes calldata evidence)
        external
        view
        returns (uint256 amount);
}
