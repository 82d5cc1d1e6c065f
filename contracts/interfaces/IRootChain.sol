// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRootChainInFlight} from "./IRootChainInFlight.sol";

/// @title The root chain contract of a UTXO plasma with standard and in-flight exits
/// @notice An operator commits to blocks of transactions (`PlasmaTx`, `BlockTree`). The owner of an output takes it out
/// with a proof of its inclusion (a standard exit), or exits a transaction that may never have been included (an
/// in-flight exit). Anyone may stop the exit of an output that was spent, and earns the bond.
/// @dev The contract has no owner, no proxy, no pause and no fee. Only the operator adds blocks and announces a
/// successor; it can stop the chain, but not an exit. A position is `block(40) | transaction(16) | output(8)`; a
/// deposit's position has `2^39 + id` in place of the block, followed by zeros. The id of an output is
/// `keccak256(keccak256(0x02 | transaction) | output(1))`, the id of a deposit `keccak256(0x03 | id(8))`: an output is
/// paid once, even if it was included several times.
/// @custom:security An exit is paid only while all that is registered under older blocks stays covered by the money
/// that the contract holds (the reservation ledger, see `processExits`): owners who exit in time with outputs older than a
/// fraud are paid.
interface IRootChain is IRootChainInFlight {
    // --------------------------------------------------------------------------------------------------- Deposits

    /// @notice Registers a token under the next id.
    /// @dev Anyone may call. A token that takes fees or rebases must not be used.
    /// @param token The token
    /// @return id The id of the token
    function registerToken(address token) external returns (uint256 id);

    /// @notice Deposits the ether sent for `owner`.
    /// @dev Anyone may call. The money then belongs to `owner`.
    /// @param owner The owner of the deposit
    /// @return id The id of the deposit
    function depositETH(address owner) external payable returns (uint256 id);

    /// @notice Deposits tokens under the caller's allowance for `owner`.
    /// @dev Anyone may call. The money then belongs to `owner`.
    /// @param token The id of the token
    /// @param amount The amount in token units
    /// @param owner The owner of the deposit
    /// @return id The id of the deposit
    function deposit(uint256 token, uint256 amount, address owner) external returns (uint256 id);

    /// @notice Deposits tokens with an EIP-2612 permit of the caller for `owner`.
    /// @dev Anyone may call. The money then belongs to `owner`.
    /// @param token The id of the token
    /// @param amount The amount in token units
    /// @param owner The owner of the deposit
    /// @param deadline The last second of the permit
    /// @param v The `v` of the permit's signature
    /// @param r The `r` of the permit's signature
    /// @param s The `s` of the permit's signature
    /// @return id The id of the deposit
    function depositWithPermit(
        uint256 token,
        uint256 amount,
        address owner,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint256 id);

    /// @notice Deposits tokens of `from`, who signed an EIP-3009 authorization to this contract.
    /// @dev Anyone may call: the authorization can be used only for a deposit for `from`.
    /// @param token The id of the token
    /// @param amount The amount in token units
    /// @param from The signer, who owns the deposit
    /// @param validAfter The time after which the authorization is valid
    /// @param validBefore The time before which the authorization is valid
    /// @param nonce The nonce of the authorization
    /// @param signature 65 bytes; any other length uses the token's function for contract signatures
    /// @return id The id of the deposit
    function depositWithAuthorization(
        uint256 token,
        uint256 amount,
        address from,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external returns (uint256 id);

    /// @notice Deposits tokens of `from`, who signed a Permit2 transfer with this contract as the spender.
    /// @dev Anyone may call: the signature can be used only for a deposit for `from`.
    /// @param token The id of the token
    /// @param amount The amount in token units
    /// @param from The signer, who owns the deposit
    /// @param nonce The nonce of the permit
    /// @param deadline The last second of the permit
    /// @param signature The signature by `from`
    /// @return id The id of the deposit
    function depositWithPermit2(
        uint256 token,
        uint256 amount,
        address from,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint256 id);

    // ----------------------------------------------------------------------------------------------------- Blocks

    /// @notice Commits to the next block, on a chain without a verifier.
    /// @dev Only the operator may call.
    /// @param number The next number: a block that is sent twice, or after a reorganisation, is rejected
    /// @param root The root `keccak256(0x01 | root over the transactions | keccak256(all signatures))`, see `BlockTree`
    /// @param count The number of transactions
    function submitBlock(uint256 number, bytes32 root, uint256 count) external;

    /// @notice Commits to the next block with a validity proof, on a chain with a verifier.
    /// @dev Only the operator may call.
    /// @param number The next number, see `submitBlock`
    /// @param root The root, see `submitBlock`
    /// @param count The number of transactions
    /// @param nextState The state root after the block
    /// @param proof The validity proof
    function submitProvenBlock(uint256 number, bytes32 root, uint256 count, bytes32 nextState, bytes calldata proof)
        external;

    /// @notice Announces the next operator, in place of any announced before.
    /// @dev Only the operator may call.
    /// @param next The next operator
    function proposeOperator(address next) external;

    /// @notice Makes the caller the operator.
    /// @dev Only the announced operator may call, after `rotationDelay`.
    function acceptOperator() external;

    // ------------------------------------------------------------------------------------------------------ Exits

    /// @notice Starts the exit of an output or deposit.
    /// @dev Only its owner may call. The ether sent must be `exitBond`, which is lost if the output was spent.
    /// @param output The output with its inclusion, or the deposit
    function startExit(Proof calldata output) external payable;

    /// @notice Starts the exits of several outputs or deposits.
    /// @dev Only their owner may call. The ether sent must be `exitBond` for each; a bond is lost if its output was
    /// spent.
    /// @param outputs The outputs with their inclusion, or the deposits
    function startExits(Proof[] calldata outputs) external payable;

    /// @notice Stops an exit whose output its owner has spent, and pays the bond to the caller.
    /// @dev Anyone may call, until the exit is paid. The caller risks only gas.
    /// @param output The output; word and path only if its transaction was included a second time and `spend` names
    /// that position
    /// @param spend The transaction that spends the output
    function challengeExit(Proof calldata output, Spend calldata spend) external;

    /// @notice Pays exits after their wait. Exits that cannot be paid now are skipped; a single item reverts with the
    /// reason. An exit is paid while `reserved - (sum of the listed buckets) <= holdings`. Normally no bucket has to be
    /// listed; after a fraud, list buckets newer than the exit's own, and its own (its amount then counts again).
    /// @dev Anyone may call, and receives the bounty of each exit that is paid.
    /// @param items The exits
    /// @param newer The numbers (block / 2) of buckets, increasing; for each exit, those older than its own are ignored
    function processExits(Item[] calldata items, uint256[] calldata newer) external;

    /// @notice Keeps one sum of all that is registered under the buckets from `bucket` on, while a token is short:
    /// claims of older exits then need not list these buckets, however many there are. The call ends the sum if the
    /// token is not short.
    /// @dev Anyone may call, and moves the sum as far as the gas of one transaction allows. The sum begins behind the
    /// last block.
    /// @param token The id of the token
    /// @param bucket The first bucket (block / 2) of the sum
    function track(uint256 token, uint256 bucket) external;

    /// @notice Pays the caller's deferred payments, to the given address.
    /// @dev Anyone may call, for itself. The call reverts if the payment fails again.
    /// @param token The id of the token
    /// @param to The address to pay
    function withdrawPending(uint256 token, address to) external;

    // ------------------------------------------------------------------------------------------------------- Data

    /// @notice Challenges the operator to show a transaction of a block.
    /// @dev Anyone may call, until the chain is frozen. The ether sent must be `dataBond`, which is lost if the
    /// transaction is shown.
    /// @param number The number of the block
    /// @param index The index of the transaction
    /// @param root The root of the block
    /// @param word The word of the block
    function challengeData(uint256 number, uint256 index, bytes32 root, uint256 word) external payable;

    /// @notice Shows a challenged transaction and pays the challenge's bond to the caller.
    /// @dev Anyone may call, until `freeze` is called for the challenge.
    /// @param transaction The transaction with its inclusion
    function showData(Proof calldata transaction) external;

    /// @notice Freezes the chain because a transaction was not shown in time, and returns the bond to the challenger.
    /// @dev Anyone may call.
    /// @param number The number of the block
    /// @param index The index of the transaction
    function freeze(uint256 number, uint256 index) external;

    // ------------------------------------------------------------------------------------------------------ Views

    /// @notice Returns the parameters. `operator` is the first operator.
    /// @return The parameters
    function config() external view returns (Config memory);
    /// @notice Returns the EIP-712 domain separator on this chain.
    /// @return The domain separator
    function domainSeparator() external view returns (bytes32);
    /// @notice Returns the operator, the next block and deposit numbers, and the frozen state.
    /// @return operator The operator
    /// @return nextBlock The number of the next block
    /// @return nextDeposit The id of the next deposit
    /// @return frozen True if the chain is frozen
    function head() external view returns (address operator, uint256 nextBlock, uint256 nextDeposit, bool frozen);
    /// @notice Returns the announced operator.
    /// @return next The announced operator; zero for none
    /// @return from The time from which it may take over
    function pendingOperator() external view returns (address next, uint256 from);
    /// @notice Returns the state root after the last block.
    /// @return The state root; zero without a verifier
    function stateRoot() external view returns (bytes32);
    /// @notice Returns the hash of a block's header.
    /// @param number The number of the block
    /// @return The hash `keccak256(root | word)`; zero if the block does not exist
    function blocks(uint256 number) external view returns (bytes32);
    /// @notice Returns the hash of a deposit's record.
    /// @param id The id of the deposit
    /// @return The keccak256 hash; zero if the deposit does not exist
    function deposits(uint256 id) external view returns (bytes32);
    /// @notice Returns a standard exit.
    /// @param id The id of the output
    /// @return The exit
    function exits(bytes32 id) external view returns (Exit memory);
    /// @notice Returns the reserved and the held amount of a token.
    /// @param token The id of the token
    /// @return reserved The sum registered under all buckets
    /// @return held The amount held for bonds and deferred payments
    function reserveOf(uint256 token) external view returns (uint256 reserved, uint256 held);
    /// @notice Returns true if an in-flight exit holds an output.
    /// @param id The id of the output
    /// @return True if held
    function isHeld(bytes32 id) external view returns (bool);
    /// @notice Returns the latest block under which anything was paid, in any token. No later registration is placed
    /// before that block.
    /// @return number The number of the block
    function passed() external view returns (uint256 number);

    /// @notice Returns the sum over the newer buckets of a token, see `track`.
    /// @param token The id of the token
    /// @return bucket The first bucket of the sum; 2^40 - 1 if no sum is kept
    /// @return sum The sum
    function tracked(uint256 token) external view returns (uint256 bucket, uint256 sum);
    /// @notice Returns the amount registered under one block.
    /// @param token The id of the token
    /// @param number The number of the block
    /// @return The amount in token units
    function reservedUnder(uint256 token, uint256 number) external view returns (uint256);
    /// @notice Returns the deferred payments of an account.
    /// @param owner The account
    /// @param token The id of the token
    /// @return The amount in token units
    function pendingWithdrawals(address owner, uint256 token) external view returns (uint256);
    /// @notice Returns the address of a token.
    /// @param id The id of the token
    /// @return The address; zero for ether
    function tokenOf(uint256 id) external view returns (address);
    /// @notice Returns a data challenge.
    /// @param number The number of the block
    /// @param index The index of the transaction
    /// @return challenger The challenger; zero for none
    /// @return until The time from which the chain can be frozen; 2^40 - 1 once the transaction was shown
    function dataChallenge(uint256 number, uint256 index) external view returns (address challenger, uint256 until);
}
