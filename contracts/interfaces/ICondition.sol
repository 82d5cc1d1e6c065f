// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A contract that decides the value of a conditional payment
/// @notice Conditions let a payment channel carry application state: a lock of kind 2 names a condition contract and
/// the hash of its terms; the receiver of the lock supplies the terms and the evidence.
interface ICondition {
    /// @notice Evaluates the evidence under the terms.
    /// @dev Anyone may call; the hub calls it with `staticcall` and a gas cap. A revert, or too little return data,
    /// leaves the lock unresolved.
    /// @param channelId The channel whose lock is being resolved
    /// @param terms The terms that both parties agreed on when the lock was created
    /// @param evidence The evidence for the outcome
    /// @return amount The payment of the lock, in token units; the hub pays at most the lock's amount
    function resolve(bytes32 channelId, bytes calldata terms, bytes calldata evidence)
        external
        view
        returns (uint256 amount);
}
