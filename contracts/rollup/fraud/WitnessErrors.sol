// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Errors of the data shown to a fraud verifier: each names the check that failed
/// @dev A witness that does not fit reverts, so a challenger can only fail, and never convict or acquit by it.
library WitnessErrors {
    /// @notice Thrown when the entry is not the one in the inbox.
    error UnknownEntry();
    /// @notice Thrown when the previous entry is not the one that the entry commits to.
    error UnknownPreviousEntry();
    /// @notice Thrown when the segment is not in the entry or in the assertion.
    error SegmentOutOfRange();
    /// @notice Thrown when the roots given do not have the length of those to open.
    error InvalidRootsLength();
    /// @notice Thrown when the roots given are not those of the assertion.
    error InvalidRootsPath();
    /// @notice Thrown when the state given is not the one before the segment.
    error InvalidPrecedingState();
    /// @notice Thrown when the number of queue items is not that of the segment.
    error InvalidItemCount();
    /// @notice Thrown when the state has consumed another number of queue items.
    error UnexpectedQueuePosition();
    /// @notice Thrown when the queue items given are not those of the queue.
    error UnknownQueueItems();
    /// @notice Thrown when accounts, keys or ids do not have matching lengths.
    error InvalidAccountsLength();
    /// @notice Thrown when the ids of the accounts are not strictly rising.
    error UnsortedAccounts();
    /// @notice Thrown when the accounts given are not those of the state.
    error InvalidAccountsProof();
    /// @notice Thrown when the branch of the withdrawals does not have its length.
    error InvalidWithdrawalsLength();
    /// @notice Thrown when the branch of the withdrawals is not that of the state.
    error InvalidWithdrawalsProof();
    /// @notice Thrown when a withdrawal is made and no branch was given.
    error MissingWithdrawals();
    /// @notice Thrown when an owner given without a key is not an address.
    error InvalidOwner();
    /// @notice Thrown when an account that the segment reads was not given.
    error AccountNotShown();
    /// @notice Thrown when there is no hint for a signature of the queue.
    error MissingSignerHint();
    /// @notice Thrown when a key given is not that of the account.
    error UnexpectedSignerKey();
    /// @notice Thrown when there is not one hint for each new key.
    error InvalidHintCount();
    /// @notice Thrown when the frame given is not the one of the entry.
    error InvalidFrameData();
    /// @notice Thrown when the state given is not that of the parent.
    error InvalidParentState();
    /// @notice Thrown when the segment is not the first half of a frame.
    error NotAFirstHalf();
    /// @notice Thrown when the frame has no BLS signature to verify.
    error NotABlsFrame();
    /// @notice Thrown when there is not exactly one hint for the signature.
    error InvalidSignatureHint();
}
