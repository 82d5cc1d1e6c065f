// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRootChainTypes} from "./IRootChainTypes.sol";

/// @title Errors of `IRootChain`
interface IRootChainErrors is IRootChainTypes {
    /// @notice Thrown when the parameters contradict each other.
    error InvalidConfig();
    /// @notice Thrown when the call is re-entered.
    error ReentrantCall();
    /// @notice Thrown when the caller is not the account that may call.
    /// @param caller The caller
    /// @param need The account that may call
    error UnauthorizedCaller(address caller, address need);
    /// @notice Thrown when the token is already registered or is not a contract, when all token ids are taken, or when
    /// ether is given in place of a token.
    /// @param token The token
    error InvalidToken(address token);
    /// @notice Thrown when no token has the id.
    /// @param id The id given
    error UnknownToken(uint256 id);
    /// @notice Thrown when an amount is zero or exceeds 96 bits, or when the contract holds too much ether.
    /// @param amount The amount
    error InvalidAmount(uint256 amount);
    /// @notice Thrown when a deposit has no owner.
    error MissingOwner();
    /// @notice Thrown when the token moved an amount other than the requested one.
    /// @param token The token
    /// @param have The growth of the balance, modulo 2^256
    /// @param need The amount requested
    error InsufficientTransfer(address token, uint256 have, uint256 need);
    /// @notice Thrown when the chain is frozen and accepts no more blocks and deposits.
    error ChainFrozen();
    /// @notice Thrown when a block does not have the next number, after a reorganisation or a repeated submission.
    /// @param given The number given
    /// @param next The number of the next block
    error UnexpectedBlockNumber(uint256 given, uint256 next);
    /// @notice Thrown when a block does not have 1 to 65,536 transactions.
    /// @param count The number of transactions
    error InvalidCount(uint256 count);
    /// @notice Thrown when a block without a proof is submitted to a chain with a verifier, or when a proof is not
    /// valid or the chain has no verifier.
    /// @param given True if a proof was given
    error UnexpectedVerifier(bool given);
    /// @notice Thrown when the ether sent is not the bond required.
    /// @param have The ether sent
    /// @param need The bond required
    error IncorrectValue(uint256 have, uint256 need);
    /// @notice Thrown when the call comes too early.
    /// @param now_ The time of the block
    /// @param from The first second at which the call is possible
    error TooEarly(uint256 now_, uint256 from);
    /// @notice Thrown when the call comes too late.
    /// @param now_ The time of the block
    /// @param until The second from which the call is not possible any more
    error TooLate(uint256 now_, uint256 until);
    /// @notice Thrown when bytes are not a valid transaction, or not a transaction of the required kind.
    error InvalidTransaction();
    /// @notice Thrown when an output does not exist, or is not the output of the exit.
    /// @param position The position, or the index of the output
    error InvalidOutput(uint256 position);
    /// @notice Thrown when a header, path or record does not lead to a stored hash.
    /// @param position The position, or the number of the block
    error InvalidProof(uint256 position);
    /// @notice Thrown when a transaction is in a block that may not include it, or has expired and needs a proof of
    /// inclusion.
    /// @param number The number of the block; zero if no inclusion was proven
    /// @param expiry The last block that may include the transaction
    error LateInclusion(uint256 number, uint256 expiry);
    /// @notice Thrown when the status of an exit does not allow the call.
    /// @param id The id of the output
    /// @param status The status
    error UnexpectedExitStatus(bytes32 id, ExitStatus status);
    /// @notice Thrown when the spender that stopped an exit may still be included.
    /// @param id The id of the output
    /// @param until The last block that may include the spender
    error ExitBlocked(bytes32 id, uint256 until);
    /// @notice Thrown when an in-flight exit already holds exactly the inputs that it needs and can get.
    /// @param id The id of the in-flight exit
    /// @param held The inputs (bits) that it holds
    error NothingToHold(bytes32 id, uint256 held);
    /// @notice Thrown when an in-flight exit holds the output, so that no other exit may pay it meanwhile.
    /// @param id The id of the output
    error OutputHeld(bytes32 id);
    /// @notice Thrown when the transaction spends a different output.
    /// @param position The position that the transaction spends
    /// @param need The position required
    error InvalidSpend(uint256 position, uint256 need);
    /// @notice Thrown when a signature is not by the owner.
    /// @param owner The owner
    error InvalidSignature(address owner);
    /// @notice Thrown when a payment would leave older exits uncovered. List newer buckets, or wait.
    /// @param token The id of the token
    /// @param need The amount that must be covered
    /// @param have The amount that the contract holds for exits
    error NotCovered(uint256 token, uint256 need, uint256 have);
    /// @notice Thrown when the listed buckets are not in increasing order.
    error UnsortedBuckets();
    /// @notice Thrown when none of the exits can be paid now.
    error NothingToPay();
    /// @notice Thrown when the status of an in-flight exit does not allow the call.
    /// @param id The id of the in-flight exit
    /// @param status The status
    error UnexpectedInFlightStatus(bytes32 id, InFlightStatus status);
    /// @notice Thrown when the numbers of inputs, proofs and signatures differ, or an output is spent twice.
    /// @param index The index of the input, or the number of inputs
    error InvalidInputs(uint256 index);
    /// @notice Thrown when the outputs of a transaction exceed its inputs.
    /// @param token The id of the token
    error UnbalancedAmounts(uint256 token);
    /// @notice Thrown when an input or output does not exist, is already piggybacked, is not piggybacked, or was proven
    /// to be spent.
    /// @param bits The inputs and outputs
    error InvalidPiggyback(uint256 bits);
    /// @notice Thrown when the given competitor is the transaction itself.
    error SameTransaction();
    /// @notice Thrown when the place is not older than the recorded one.
    /// @param place The place given, `block << 16 | transaction`
    /// @param known The place recorded
    error NotOlder(uint256 place, uint256 known);
    /// @notice Thrown when a transaction is already challenged or shown, or was not challenged.
    /// @param number The number of the block
    /// @param index The index of the transaction
    error UnexpectedDataStatus(uint256 number, uint256 index);
    /// @notice Thrown when the account has no deferred payment.
    /// @param owner The account
    /// @param token The id of the token
    error NothingPending(address owner, uint256 token);
    /// @notice Thrown when a payment fails. The call can be repeated with another address.
    /// @param to The receiver
    /// @param token The id of the token
    error PaymentFailed(address to, uint256 token);
    /// @notice Thrown when a payment fails with too little gas left to blame the receiver.
    /// @param have The gas left before the payment
    /// @param need The gas required
    error InsufficientGas(uint256 have, uint256 need);
}
