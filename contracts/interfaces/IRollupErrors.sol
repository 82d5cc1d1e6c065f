// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRollupTypes} from "./IRollupTypes.sol";

/// @title Errors of `IRollup`
interface IRollupErrors is IRollupTypes {
    /// @notice Thrown when the parameters contradict each other.
    error InvalidConfig();
    /// @notice Thrown when the inbox is not at the expected position, after a reorganisation or another posting.
    /// @param have The accumulator of the last entry
    /// @param given The accumulator that the caller expected
    error UnexpectedAccumulator(bytes32 have, bytes32 given);
    /// @notice Thrown when an account other than the sequencer posts during the sequencer's exclusive period.
    /// @param caller The caller
    /// @param openAt The first second at which others may post
    error SequencerWindowOpen(address caller, uint256 openAt);
    /// @notice Thrown when the queue cannot be consumed up to the given index: behind the consumed items, past the end,
    /// between checkpoints, or too many items in one entry.
    /// @param consumed The items already consumed
    /// @param given The index given
    /// @param length The length of the queue
    error InvalidQueueEnd(uint256 consumed, uint256 given, uint256 length);
    /// @notice Thrown when overdue queue items must be consumed first.
    /// @param pendingSince The time since which the oldest unconsumed item has been waiting
    error QueueOverdue(uint256 pendingSince);
    /// @notice Thrown when too many frames were posted recently.
    /// @param frames The frames of the rejected entry
    /// @param from The first second at which they can be posted
    error PostingTooFast(uint256 frames, uint256 from);
    /// @notice Thrown when an entry would be empty, or would have more segments than one assertion can cover.
    /// @param segments The segments of the entry
    error InvalidBatchSize(uint256 segments);
    /// @notice Thrown when the transaction does not carry the blob.
    /// @param index The index of the blob
    error MissingBlob(uint256 index);
    /// @notice Thrown when the given entry is not the one in the inbox.
    /// @param index The index of the entry
    error BatchMismatch(uint256 index);
    /// @notice Thrown when the rollup is frozen.
    error ChainFrozen();
    /// @notice Thrown when a call needs the frozen mode and the rollup is not frozen.
    error ChainNotFrozen();
    /// @notice Thrown when the status of an assertion does not allow the call.
    /// @param id The id of the assertion
    /// @param status Its status
    error UnexpectedStatus(bytes32 id, Status status);
    /// @notice Thrown when an assertion covers nothing new, covers too much, or extends one older than the last final.
    /// @param segments The segments that it covers, or zero
    error InvalidRange(uint256 segments);
    /// @notice Thrown when the roots do not have the right length, or do not end in the asserted root.
    error InvalidRoots();
    /// @notice Thrown when the available bond is too low.
    /// @param have The available bond in wei
    /// @param need The bond required in wei
    error InsufficientBond(uint256 have, uint256 need);
    /// @notice Thrown when the call comes too early.
    /// @param now_ The time of the block
    /// @param from The first second at which the call is possible
    error TooEarly(uint256 now_, uint256 from);
    /// @notice Thrown when the parent is not final, or is not the last final assertion.
    /// @param parent The id of the parent
    /// @param finalId The id of the last final assertion
    error ParentNotFinal(bytes32 parent, bytes32 finalId);
    /// @notice Thrown when the commitment does not exist or is too recent.
    /// @param commitment The commitment
    error UnknownCommitment(bytes32 commitment);
    /// @notice Thrown when the fraud proof does not show the assertion to be wrong.
    /// @param id The id of the assertion
    error AssertionValid(bytes32 id);
    /// @notice Thrown when the judge or the token does not exist.
    /// @param id The index of the judge, or the id of the token
    error UnknownTokenId(uint256 id);
    /// @notice Thrown when the token is already registered or is not a contract, or when all token ids are taken.
    /// @param token The token
    error InvalidToken(address token);
    /// @notice Thrown when the ether sent differs from the amount required, or the amount is zero.
    /// @param have The amount given
    /// @param need The amount required
    error IncorrectValue(uint256 have, uint256 need);
    /// @notice Thrown when the token moved an amount other than the requested one.
    /// @param token The token
    /// @param have The growth of the balance, modulo 2^256
    /// @param need The amount requested
    error InsufficientTransfer(address token, uint256 have, uint256 need);
    /// @notice Thrown when a payment fails. The call can be repeated.
    /// @param target The receiver
    /// @param token The token, zero for ether
    error PaymentFailed(address target, address token);
    /// @notice Thrown when a proof does not lead to the state root, or a signature or queue item is not valid.
    error InvalidProof();
    /// @notice Thrown when the withdrawal, balance or deposit has already been paid.
    /// @param index The number of the withdrawal or queue item, or the account
    error AlreadyPaid(uint256 index);
    /// @notice Thrown when the caller does not own the withdrawal.
    /// @param caller The caller, or the target that signed
    /// @param need The owner
    error UnauthorizedCaller(address caller, address need);
    /// @notice Thrown when a withdrawal would be transferred to the zero address.
    error MissingReceiver();
    /// @notice Thrown when the signature has expired.
    /// @param validUntil The last second of the signature
    error SignatureExpired(uint256 validUntil);
    /// @notice Thrown when a signature is longer than any supported scheme allows.
    /// @param given The length given in bytes
    /// @param most The longest length allowed
    error SignatureTooLong(uint256 given, uint256 most);
    /// @notice Thrown when the call is re-entered.
    error ReentrantCall();
}
