// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Errors of `IChannelHub`
interface IChannelHubErrors {
    /// @notice Thrown when a key breaks a rule: equal or zero parties, unknown flags, or a delay out of bounds.
    /// @param channelId The id of the key
    error InvalidKey(bytes32 channelId);
    /// @notice Thrown when the call belongs to the other kind of channel (duplex or simplex, token or ether).
    /// @param channelId The id of the channel
    error UnexpectedChannelMode(bytes32 channelId);
    /// @notice Thrown when the first deposit comes after `openBefore`.
    /// @param channelId The id of the channel
    /// @param timestamp The time of the block
    /// @param openBefore The last second at which the channel can be opened
    error OpeningExpired(bytes32 channelId, uint256 timestamp, uint256 openBefore);
    /// @notice Thrown when the channel holds no money or was never opened.
    /// @param channelId The id of the channel
    error ChannelNotOpen(bytes32 channelId);
    /// @notice Thrown when the channel is permanently closed.
    /// @param channelId The id of the channel
    error ChannelClosed(bytes32 channelId);
    /// @notice Thrown when the call is not possible during a dispute or an exit.
    /// @param channelId The id of the channel
    /// @param deadline The last second of the running window
    error DisputeRunning(bytes32 channelId, uint256 deadline);
    /// @notice Thrown when the call needs a running dispute and none is running, or its window is over.
    /// @param channelId The id of the channel
    /// @param timestamp The time of the block
    /// @param deadline The last second of the window; zero if none was started
    error DisputeNotOpen(bytes32 channelId, uint256 timestamp, uint256 deadline);
    /// @notice Thrown when the window is still open.
    /// @param channelId The id of the channel
    /// @param timestamp The time of the block
    /// @param deadline The last second of the window
    error DisputeNotOver(bytes32 channelId, uint256 timestamp, uint256 deadline);
    /// @notice Thrown when the caller is not authorised for the call.
    /// @param caller The caller
    error UnauthorizedCaller(address caller);
    /// @notice Thrown when a signature is not by `signer` over the expected message.
    /// @param signer The expected signer
    error InvalidSignature(address signer);
    /// @notice Thrown when a signed consent has expired.
    /// @param timestamp The time of the block
    /// @param validUntil The last second of the consent
    error ExpiredConsent(uint256 timestamp, uint256 validUntil);
    /// @notice Thrown when a session key lacks the right, or the amount exceeds its cap.
    /// @param key The session key
    /// @param have The rights or the cap of the key
    /// @param need The right or the amount required
    error SessionExceeded(address key, uint256 have, uint256 need);
    /// @notice Thrown when a counter is not above the recorded one.
    /// @param channelId The id of the channel
    /// @param have The recorded counter
    /// @param given The counter given
    error StaleCounter(bytes32 channelId, uint256 have, uint256 given);
    /// @notice Thrown when a lock nonce is not above the recorded one.
    /// @param channelId The id of the channel
    /// @param have The recorded nonce
    /// @param given The nonce given
    error StaleNonce(bytes32 channelId, uint256 have, uint256 given);
    /// @notice Thrown when a proof would move the deadline past the last second that its direction may reach.
    /// @param channelId The id of the channel
    /// @param deadline The deadline that the proof needs
    /// @param latest The last second that the direction may reach
    error WindowExhausted(bytes32 channelId, uint256 deadline, uint256 latest);
    /// @notice Thrown when the opened locks are not part of the posted proof.
    /// @param channelId The id of the channel
    error LocksMismatch(bytes32 channelId);
    /// @notice Thrown when the last expiry is too far in the future.
    /// @param lastExpiry The last expiry of the proof
    /// @param latest The latest expiry allowed now
    error LockExpiryTooFar(uint256 lastExpiry, uint256 latest);
    /// @notice Thrown when no opened lock could be resolved.
    /// @param channelId The id of the channel
    error NothingUnlocked(bytes32 channelId);
    /// @notice Thrown when an amount is zero, exceeds the channel's money, or a sum exceeds its range.
    /// @param channelId The id of the channel
    /// @param have The available or largest amount
    /// @param need The amount required
    error AmountOutOfRange(bytes32 channelId, uint256 have, uint256 need);
    /// @notice Thrown when the ether sent differs from the amount of the deposit.
    /// @param have The ether sent
    /// @param need The amount of the deposit
    error IncorrectValue(uint256 have, uint256 need);
    /// @notice Thrown when the hub's balance did not grow by the amount of the deposit (a fee-on-transfer, misbehaving
    /// or missing token).
    /// @param token The token
    /// @param have The growth of the balance, modulo 2^256
    /// @param need The amount of the deposit
    error InsufficientTransfer(address token, uint256 have, uint256 need);
    /// @notice Thrown when the two channels of a move hold different tokens.
    /// @param have The token of the receiving channel
    /// @param need The token of the paying channel
    error TokenMismatch(address have, address need);
    /// @notice Thrown when packed rows are truncated.
    /// @param length The length of the rows in bytes
    error MalformedRows(uint256 length);
    /// @notice Thrown when no row of a batch was payable.
    error NothingClaimed();
    /// @notice Thrown when no amount is owed to the account.
    /// @param account The account
    /// @param token The token, zero for ether
    error NothingPending(address account, address token);
    /// @notice Thrown when the push of an owed amount fails again.
    /// @param to The receiver
    /// @param token The token, zero for ether
    error PaymentFailed(address to, address token);
    /// @notice Thrown when a push or a condition fails with too little gas left to blame the called contract.
    /// @param have The gas left before the call
    /// @param need The gas required
    error InsufficientGas(uint256 have, uint256 need);
    /// @notice Thrown when a deposit is re-entered.
    error ReentrantCall();
}
