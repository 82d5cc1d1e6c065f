// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Errors of `ICoinChain`
interface ICoinChainErrors {
    /// @notice Thrown when the parameters contradict each other.
    error InvalidConfig();
    /// @notice Thrown when the caller is not the account that may call.
    /// @param caller The caller
    /// @param need The account that may call
    error UnauthorizedCaller(address caller, address need);
    /// @notice Thrown when a block does not have the next number: no block can be skipped or replaced.
    /// @param given The number given
    /// @param need The number of the next block
    error UnexpectedBlockNumber(uint256 given, uint256 need);
    /// @notice Thrown when the ether sent differs from the amount required, or a deposit is zero or too large (2^128).
    /// @param have The amount given
    /// @param need The amount required
    error IncorrectValue(uint256 have, uint256 need);
    /// @notice Thrown when the token moved an amount other than the requested one.
    /// @param token The token
    /// @param have The growth of the balance, modulo 2^256
    /// @param need The amount requested
    error InsufficientTransfer(address token, uint256 have, uint256 need);
    /// @notice Thrown when an ERC-721 token did not move from the caller to the vault, or moved in place of an ERC-20
    /// amount.
    /// @param token The token
    /// @param id The id of the ERC-721 token
    error TokenNotReceived(address token, uint256 id);
    /// @notice Thrown when no unpaid coin has the record: the record belongs to another coin, or the coin was paid.
    /// @param coin The coin
    error UnknownCoin(uint64 coin);
    /// @notice Thrown when the block does not contain the transfer with its signature, or has another time.
    /// @param number The number of the block
    error InvalidProof(uint256 number);
    /// @notice Thrown when a transfer has no new owner, or spends a transfer that is not older.
    error InvalidTransfer();
    /// @notice Thrown when the block is later than the transfer's expiry.
    /// @param number The number of the block
    /// @param expiry The last block that may include the transfer
    error TransferExpired(uint256 number, uint256 expiry);
    /// @notice Thrown when a block is outside of the range that the call allows.
    /// @param number The number of the block
    /// @param from The first block allowed
    /// @param to The last block allowed
    error BlockOutOfRange(uint256 number, uint256 from, uint256 to);
    /// @notice Thrown when a transfer spends a transfer other than the required one.
    /// @param prevBlock The block of the transfer that it spends
    /// @param need The block required
    error UnexpectedPreviousBlock(uint256 prevBlock, uint256 need);
    /// @notice Thrown when a transfer is not signed by the owner of the coin.
    /// @param owner The owner
    error InvalidSignature(address owner);
    /// @notice Thrown when the exit is running.
    /// @param coin The coin
    /// @param number The block of the exiting transfer, zero for the deposit
    error ExitRunning(uint64 coin, uint256 number);
    /// @notice Thrown when the exit does not exist or is over.
    /// @param coin The coin
    /// @param number The block of the exiting transfer, zero for the deposit
    error UnknownExit(uint64 coin, uint256 number);
    /// @notice Thrown when challenges of the exit's history are not answered.
    /// @param challenges The number of open challenges
    error ExitChallenged(uint256 challenges);
    /// @notice Thrown when an exit has as many challenges as can be counted.
    error ChallengesFull();
    /// @notice Thrown when the challenger already has this challenge open.
    /// @param id The id of the challenge
    error ChallengeOpen(bytes32 id);
    /// @notice Thrown when the challenge does not exist or is over.
    /// @param id The id of the challenge
    error UnknownChallenge(bytes32 id);
    /// @notice Thrown when the call comes too early.
    /// @param now_ The time of the block
    /// @param from The first second at which the call is possible
    error TooEarly(uint256 now_, uint256 from);
    /// @notice Thrown when the call comes too late.
    /// @param now_ The time of the block
    /// @param until The last second at which the call was possible
    error TooLate(uint256 now_, uint256 until);
    /// @notice Thrown when none of the exits can be paid: not running, too early, challenged, or given another record.
    error NothingDue();
    /// @notice Thrown when no deferred payment is owed to the account.
    /// @param account The account
    /// @param token The token, zero for ether
    error NothingPending(address account, address token);
    /// @notice Thrown when a payment fails. The call can be repeated, also with another target.
    /// @param target The receiver
    /// @param token The token, zero for ether
    error PaymentFailed(address target, address token);
    /// @notice Thrown when a payment fails with so little gas left that the caller could have caused it.
    /// @param have The gas left before the payment
    /// @param need The gas required
    error InsufficientGas(uint256 have, uint256 need);
    /// @notice Thrown when the call is re-entered.
    error ReentrantCall();
}
