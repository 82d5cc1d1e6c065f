// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ICoinChainErrors} from "./ICoinChainErrors.sol";
import {ICoinChainTypes} from "./ICoinChainTypes.sol";

/// @title The root chain contract of a plasma of indivisible coins, each guarded by its owner alone
/// @notice A deposit of ether, of an ERC-20 amount or of an ERC-721 token creates one coin. An operator collects signed
/// transfers in blocks and submits the root of each block; a block contains at most one transfer of a coin. The owner
/// of a coin exits it by showing its last transfer and the one before. Until the exit is claimed, others may refute it:
/// with a later transfer (the coin was spent), with another transfer between the two (it was spent twice), or with an
/// earlier transfer that was not spent (its history is invented), which can be answered for at least half of the exit
/// period. After an answer, half of the period is left to challenge again with the transfer that it revealed.
/// @dev The contract has no owner, no proxy, no pause and no fee. A coin can be paid once, and one coin cannot affect
/// another.
/// @custom:security Value leaves only (1) as the value of a coin, once, to the owner of an exit of that coin that
/// waited for the whole period, and for half of it after the last answer, with no open challenge (`finalizeExits`); (2) as a
/// bond, once, to the account that put it up or won it; (3) as a deferred payment of (1) or (2) whose push failed
/// (`withdrawPending`, `withdrawPendingNft`).
interface ICoinChain is ICoinChainTypes, ICoinChainErrors {
    // ----------------------------------------------------------------------------------------------------- Blocks

    /// @notice Submits the root of the next block.
    /// @dev Only the operator may call.
    /// @param number The next number: a transaction that a reorganisation moved cannot take another block's place
    /// @param root The root of a compact sparse tree keyed by coin, see `SparseTree`
    function submitBlock(uint256 number, bytes32 root) external;

    /// @notice Names the next operator.
    /// @dev Only the operator may call.
    /// @param next The next operator; zero for none
    function proposeOperator(address next) external;

    /// @notice Makes the caller the operator.
    /// @dev Only the named operator may call, after `rotationDelay`, which gives users who distrust it time to exit.
    function acceptOperator() external;

    /// @notice Returns the hash of a block's header.
    /// @param number The number of the block
    /// @return The hash `keccak256(root | time)`; zero if the block does not exist
    function blocks(uint256 number) external view returns (bytes32);

    /// @notice Returns the operator and the counters.
    /// @return operator The operator
    /// @return nextBlock The number of the next block
    /// @return count The number of coins created
    function head() external view returns (address operator, uint256 nextBlock, uint256 count);

    /// @notice Returns the named operator.
    /// @return next The next operator; zero for none
    /// @return time The time from which it may take over
    function pendingOperator() external view returns (address next, uint256 time);

    /// @notice Returns the parameters. `operator` is the first operator.
    /// @return The parameters
    function config() external view returns (Config memory);

    /// @notice Returns the EIP-712 domain separator of transfers: name "layer2 plasma coins", version "1".
    /// @return The domain separator
    function domainSeparator() external view returns (bytes32);

    // ------------------------------------------------------------------------------------------------------ Coins

    /// @notice Creates a coin from the ether sent.
    /// @dev Anyone may call.
    /// @return coin The coin, owned by the caller
    function depositETH() external payable returns (uint64 coin);

    /// @notice Creates a coin from an ERC-20 amount that the caller has approved.
    /// @dev Anyone may call.
    /// @param token The token
    /// @param amount The amount in token units, below 2^128
    /// @return coin The coin, owned by the caller
    function depositErc20(address token, uint256 amount) external returns (uint64 coin);

    /// @notice Creates a coin from an ERC-721 token that the caller owns and has approved.
    /// @dev Anyone may call.
    /// @param token The token
    /// @param id The id of the ERC-721 token
    /// @return coin The coin, owned by the caller
    function depositErc721(address token, uint256 id) external returns (uint64 coin);

    /// @notice Returns the coin of a deposit: `number * 0x9e3779b97f4a7c15 mod 2^64`.
    /// @dev Multiples of the golden ratio are evenly spaced: the tree over n coins is at most log2(n) + 2 levels deep,
    /// whichever coins it contains, and nobody can choose a number close to another.
    /// @param number The number of the deposit, counted from 1
    /// @return The coin
    function coinOf(uint64 number) external pure returns (uint64);

    /// @notice Returns the hash of a coin's record.
    /// @param coin The coin
    /// @return The hash; zero if the coin was never created, or was paid
    function coins(uint64 coin) external view returns (bytes32);

    /// @notice Returns the amount that failed pushes left for an account.
    /// @param account The account
    /// @param token The token, zero for ether
    /// @return The amount in wei or token units
    function pendingWithdrawals(address account, address token) external view returns (uint256);

    /// @notice Returns the account that an ERC-721 token is owed to after a failed push.
    /// @param token The token
    /// @param id The id of the ERC-721 token
    /// @return The account; zero for none
    function pendingNft(address token, uint256 id) external view returns (address);

    /// @notice Pays the amount that failed pushes left for the caller.
    /// @dev Anyone may call, for itself. The call reverts if the payment fails again.
    /// @param token The token, zero for ether
    /// @param to The address to pay
    function withdrawPending(address token, address to) external;

    /// @notice Transfers an ERC-721 token that is owed to the caller.
    /// @dev Only the account that the token is owed to may call. The contract does not check that `to` can handle the
    /// token.
    /// @param token The token
    /// @param id The id of the ERC-721 token
    /// @param to The address that receives the token
    function withdrawPendingNft(address token, uint256 id, address to) external;

    // ------------------------------------------------------------------------------------------------------ Exits

    /// @notice Starts the exit of a deposit that was never spent.
    /// @dev Only its owner may call. The ether sent must be `exitBond`, which is lost if the exit is refuted.
    /// @param coin The coin
    /// @param record The record of its deposit
    function exitDeposit(uint64 coin, Coin calldata record) external payable;

    /// @notice Starts the exit of a transfer.
    /// @dev Only its new owner may call. The ether sent must be `exitBond`, which is lost if the exit is refuted.
    /// @param coin The coin
    /// @param record The record of its deposit
    /// @param prev The transfer that `last` spends; empty if it spends the deposit
    /// @param last The transfer
    function exitTransfer(uint64 coin, Coin calldata record, Shown calldata prev, Shown calldata last) external payable;

    /// @notice Cancels an exit without open challenges, and returns its bond with the bonds that have joined it.
    /// @dev Only its owner may call.
    /// @param coin The coin
    /// @param number The block of the exiting transfer, zero for the deposit
    function cancelExit(uint64 coin, uint40 number) external;

    /// @notice Refutes an exit whose owner has spent the coin, and pays its bond to the caller.
    /// @dev Anyone may call, until the exit is claimed. The caller risks only gas. This is `challengeAfter` in Plasma
    /// Cash.
    /// @param coin The coin
    /// @param number The block of the exiting transfer, zero for the deposit
    /// @param spend The transfer that spends the exiting one
    function challengeAfter(uint64 coin, uint40 number, Shown calldata spend) external;

    /// @notice Refutes an exit whose transfer was signed by an account that had already spent the coin in an earlier
    /// block, and pays its bond to the caller.
    /// @dev Anyone may call, until the exit is claimed. The caller risks only gas. This is `challengeBetween` in Plasma
    /// Cash.
    /// @param coin The coin
    /// @param number The block of the exiting transfer
    /// @param other The earlier transfer, which spends the transfer that the exiting one spends
    function challengeBetween(uint64 coin, uint40 number, Shown calldata other) external;

    /// @notice Challenges the history of an exit with a transfer from before it.
    /// @dev Anyone may call, as long as the exit cannot be claimed. The ether sent must be `challengeBond`, which is
    /// lost if the challenge is answered: a challenge with a transfer that was spent loses its bond. This is
    /// `challengeBefore` in Plasma Cash.
    /// @param coin The coin
    /// @param number The block of the exiting transfer
    /// @param earlier The earlier transfer
    function challengeBefore(uint64 coin, uint40 number, Shown calldata earlier) external payable;

    /// @notice Challenges the history of an exit with the deposit.
    /// @dev Anyone may call, as long as the exit cannot be claimed. The ether sent must be `challengeBond`, which is
    /// lost if the challenge is answered.
    /// @param coin The coin
    /// @param number The block of the exiting transfer
    /// @param record The record of the coin's deposit
    function challengeBeforeByDeposit(uint64 coin, uint40 number, Coin calldata record) external payable;

    /// @notice Answers a challenge with the transfer that spends the earlier one. A quarter of the challenge's bond is
    /// paid to the caller and the rest joins the bond of the exit, so that an account that answers its own challenge
    /// pays for the delay. The exit can then be challenged for at least half of the exit period with the transfer that
    /// the answer has shown.
    /// @dev Anyone may call, until the time in `challenges`. The caller risks only gas. This is
    /// `respondChallengeBefore` in Plasma Cash.
    /// @param coin The coin
    /// @param number The block of the exiting transfer
    /// @param challenge The challenge
    /// @param spend The transfer that spends the earlier one
    function respondChallengeBefore(uint64 coin, uint40 number, Challenge calldata challenge, Shown calldata spend)
        external;

    /// @notice Refutes an exit by a challenge that was not answered in time, and pays the challenge's bond and the
    /// exit's bonds to the challenger.
    /// @dev Anyone may call.
    /// @param coin The coin
    /// @param number The block of the exiting transfer
    /// @param challenge The challenge
    function refuteChallengeResponse(uint64 coin, uint40 number, Challenge calldata challenge) external;

    /// @notice Returns the bond of a challenge whose exit is over to the challenger.
    /// @dev Anyone may call.
    /// @param coin The coin
    /// @param number The block of the exiting transfer
    /// @param nonce The nonce of the exit
    /// @param challenge The challenge
    function voidChallenge(uint64 coin, uint40 number, uint64 nonce, Challenge calldata challenge) external;

    /// @notice Pays exits to their owners. Exits that cannot be paid are skipped.
    /// @dev Anyone may call, and receives the bounty of each exit that is paid.
    /// @param dues The exits
    function finalizeExits(ExitClaim[] calldata dues) external;

    /// @notice Returns an exit.
    /// @param coin The coin
    /// @param number The block of the exiting transfer, zero for the deposit
    /// @return The exit
    function exits(uint64 coin, uint40 number) external view returns (Exit memory);

    /// @notice Returns the deadline of an open challenge: half of the exit period after it, or the time at which the
    /// exit could be claimed, if that is later.
    /// @param id The id of the challenge, see `challengeId`
    /// @return The last second of the time to answer; zero if the challenge is not open
    function challenges(bytes32 id) external view returns (uint256);

    /// @notice Returns the id of a challenge.
    /// @param coin The coin
    /// @param number The block of the exiting transfer
    /// @param nonce The nonce of the exit
    /// @param challenge The challenge
    /// @return The id
    function challengeId(uint64 coin, uint40 number, uint64 nonce, Challenge calldata challenge)
        external
        pure
        returns (bytes32);
}
