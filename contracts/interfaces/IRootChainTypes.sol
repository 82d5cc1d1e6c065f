// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Types and events of `IRootChain`
interface IRootChainTypes {
    // ------------------------------------------------------------------------------------------------------ Types

    /// @notice Parameters of the root chain. Durations are in seconds, bonds and the bounty are in wei.
    /// @param operator The account that submits blocks
    /// @param validity The verifier of every block (`IBlockValidity`); zero for none
    /// @param permit2 The address of Permit2 on this chain; zero for none
    /// @param exitPeriod The period W: an exit waits for at least W, and until 2W after the block of its output
    /// @param rotationDelay The time from announcing the next operator to its first block
    /// @param dataDelay The time to respond to a data challenge
    /// @param exitBond The bond of a standard exit
    /// @param inFlightBond The bond of an in-flight exit; it belongs to the account that last proved whether the
    /// transaction is canonical
    /// @param piggybackBond The bond of each piggybacked input or output of an in-flight exit
    /// @param dataBond The bond of a data challenge, which pays for the response
    /// @param bounty The part of an exit's or piggyback's bond that pays the account that claims it
    struct Config {
        address operator;
        address validity;
        address permit2;
        uint40 exitPeriod;
        uint40 rotationDelay;
        uint40 dataDelay;
        uint96 exitBond;
        uint96 inFlightBond;
        uint96 piggybackBond;
        uint96 dataBond;
        uint96 bounty;
    }

    /// @notice A transaction or deposit with its proof of inclusion. For a deposit `data` is its record
    /// `owner(20) | token(2) | amount(12) | time(5)`, `word` and `path` are ignored.
    /// @param position The position of one of its outputs; zero where a call allows a transaction that was not included
    /// @param word The word `time << 32 | count` of the block
    /// @param data The packed transaction
    /// @param path The siblings from the bottom up, then the hash of all signatures of the block
    struct Proof {
        uint64 position;
        uint256 word;
        bytes data;
        bytes32[] path;
    }

    /// @notice A transaction that spends an output, signed by the owners of all its inputs.
    /// @param proof The transaction; position zero if it is not included, which is allowed only until it expires
    /// @param signatures The signatures of the owners of its inputs, in order, 64 bytes each
    /// @param inputs The outputs that it spends, in order; empty if it spends only the output that the call is about
    struct Spend {
        Proof proof;
        bytes signatures;
        Proof[] inputs;
    }

    /// @notice An output whose exit is claimed.
    /// @param position The position of the output
    /// @param data The transaction or deposit record
    struct Item {
        uint64 position;
        bytes data;
    }

    /// @notice Status of a standard exit.
    enum ExitStatus {
        /// @dev No exit was started.
        None,
        /// @dev The exit is waiting.
        Open,
        /// @dev The exit was stopped by a spender.
        Challenged,
        /// @dev The output was paid by a standard or in-flight exit.
        Paid,
        /// @dev The output was spent by a paid in-flight exit.
        Spent
    }

    /// @notice A standard exit.
    /// @param status The status
    /// @param time The time from which it can be claimed; once challenged, the last block that may include the spender,
    /// after which the exit can be started again
    /// @param position The position of the output
    /// @param priority The block under which the exit is registered while it waits: the block of its output, zero for a
    /// deposit, or the latest block under which anything was paid before the start, if that is later
    struct Exit {
        ExitStatus status;
        uint40 time;
        uint64 position;
        uint40 priority;
    }

    /// @notice Status of an in-flight exit.
    enum InFlightStatus {
        /// @dev No in-flight exit was started.
        None,
        /// @dev The in-flight exit is waiting.
        Open,
        /// @dev The transaction was settled as canonical: outputs are paid.
        PaysOutputs,
        /// @dev The transaction was settled as non-canonical: inputs are paid.
        PaysInputs
    }

    /// @notice An in-flight exit. Bits 0 to 3 are its inputs, bits 4 to 7 its outputs. The fields that change share one
    /// slot.
    /// @param bondOwner The account that gets the bond of the start
    /// @param competitor The place `block << 16 | transaction` of the oldest competitor, or of the transaction itself
    /// after it was proven to be older; 2^56 - 1 for a competitor that was not included; zero for none
    /// @param piggybacked The inputs and outputs (bits) that are piggybacked and not paid yet
    /// @param blocked The inputs and outputs (bits) that were proven to be spent
    /// @param status The status
    /// @param contested True if a competitor was not answered; outputs are then not registered
    /// @param held The inputs (bits) that no other exit may register or pay meanwhile. Piggybacked outputs are
    /// registered while the exit holds all its inputs and is not contested; otherwise the piggybacked inputs that it
    /// holds are
    /// @param exitableAt The time from which it can be claimed
    /// @param priority The block under which it is registered: the block of its youngest input, zero for deposits, or
    /// the latest block under which anything was paid before a part of it was registered, if that is later
    /// @param startedAt The time of the start; piggybacks and competitors are accepted until W/2 after it
    struct InFlight {
        address bondOwner;
        uint56 competitor;
        uint8 piggybacked;
        uint8 blocked;
        InFlightStatus status;
        bool contested;
        uint8 held;
        uint40 exitableAt;
        uint40 priority;
        uint40 startedAt;
    }

    // ----------------------------------------------------------------------------------------------------- Events

    /// @notice Emitted when a token is registered.
    /// @param id The id of the token
    /// @param token The token
    event TokenRegistered(uint256 indexed id, address token);
    /// @notice Emitted when a deposit is made.
    /// @param owner The owner of the deposit
    /// @param id The id of the deposit
    /// @param token The id of the token
    /// @param amount The amount in token units
    /// @param time The time in the deposit's record
    event Deposited(address indexed owner, uint256 indexed id, uint256 token, uint256 amount, uint256 time);
    /// @notice Emitted when the operator commits to a block.
    /// @param number The number of the block
    /// @param root The root, which binds the transactions and their signatures
    /// @param word The time(28) and count(4) of the block
    event BlockSubmitted(uint256 indexed number, bytes32 root, uint256 word);
    /// @notice Emitted when the next operator is announced.
    /// @param next The next operator
    /// @param from The time from which it may take over
    event OperatorProposed(address indexed next, uint256 from);
    /// @notice Emitted when the announced operator takes over.
    /// @param operator The new operator
    event OperatorChanged(address indexed operator);
    /// @notice Emitted when a standard exit is started.
    /// @param id The id of the output
    /// @param owner The owner of the output
    /// @param position The position of the output
    /// @param token The id of the token
    /// @param amount The amount in token units
    /// @param time The time from which the exit can be claimed
    /// @param priority The block under which the exit is registered
    event ExitStarted(
        bytes32 indexed id,
        address indexed owner,
        uint256 position,
        uint256 token,
        uint256 amount,
        uint256 time,
        uint256 priority
    );
    /// @notice Emitted when a transaction of several inputs is shown as a spend without its inclusion, so that each
    /// signer can start its in-flight exit with the signatures.
    /// @param spender The hash of the transaction
    /// @param signatures The signatures of all owners
    event SpendShown(bytes32 indexed spender, bytes signatures);
    /// @notice Emitted when the sum over newer buckets of a token is moved or ended.
    /// @param token The id of the token
    /// @param bucket The first bucket of the sum; `type(uint40).max` if no sum is kept
    event Tracked(uint256 indexed token, uint256 bucket);
    /// @notice Emitted when an exit is stopped by a spender.
    /// @param id The id of the output
    /// @param spender The hash of the transaction that spends it
    /// @param until The last block that may include the spender, see `Exit.time`
    event ExitChallenged(bytes32 indexed id, bytes32 spender, uint256 until);
    /// @notice Emitted when an exit ends because its output joined an in-flight exit. The bond waits for the owner.
    /// @param id The id of the output
    event ExitEnded(bytes32 indexed id);
    /// @notice Emitted when an output is paid by a standard or in-flight exit.
    /// @param id The id of the output
    event ExitPaid(bytes32 indexed id);
    /// @notice Emitted when an output is spent by an in-flight exit that pays its outputs.
    /// @param id The id of the output
    event OutputSpent(bytes32 indexed id);
    /// @notice Emitted when an in-flight exit is started, with the data that others need to challenge it.
    /// @param id The id of the in-flight exit
    /// @param starter The account that started it
    /// @param data The transaction
    /// @param inputIds The ids of the outputs that the transaction spends
    /// @param signatures The signatures of their owners
    event InFlightExitStarted(
        bytes32 indexed id, address indexed starter, bytes data, bytes32[] inputIds, bytes signatures
    );
    /// @notice Emitted when inputs or outputs are piggybacked.
    /// @param id The id of the in-flight exit
    /// @param bits The inputs and outputs
    event Piggybacked(bytes32 indexed id, uint256 bits);
    /// @notice Emitted when an in-flight exit is challenged as non-canonical by a competitor.
    /// @param id The id of the in-flight exit
    /// @param competitor The hash of the competitor
    /// @param place The place of the competitor, see `InFlight.competitor`
    event InFlightExitChallenged(bytes32 indexed id, bytes32 competitor, uint256 place);
    /// @notice Emitted when the transaction of an in-flight exit is proven to be older than every competitor shown.
    /// @param id The id of the in-flight exit
    /// @param place The place of the transaction
    event InFlightExitChallengeResponded(bytes32 indexed id, uint256 place);
    /// @notice Emitted when a piggybacked input or output is proven to be spent.
    /// @param id The id of the in-flight exit
    /// @param bit The input or output, as a mask with one bit
    /// @param spender The hash of the transaction that spends it
    event PiggybackBlocked(bytes32 indexed id, uint256 bit, bytes32 spender);
    /// @notice Emitted when an in-flight exit is settled in favour of its outputs or its inputs.
    /// @param id The id of the in-flight exit
    /// @param status The new status
    event InFlightExitProcessed(bytes32 indexed id, InFlightStatus status);
    /// @notice Emitted when an in-flight exit with no piggybacks is deleted.
    /// @param id The id of the in-flight exit
    event InFlightExitDeleted(bytes32 indexed id);
    /// @notice Emitted when a transaction's data is challenged.
    /// @param number The number of the block
    /// @param index The index of the transaction
    /// @param challenger The challenger
    /// @param until The time from which the chain can be frozen if the transaction is not shown
    event DataChallenged(uint256 indexed number, uint256 indexed index, address challenger, uint256 until);
    /// @notice Emitted when a challenged transaction is shown.
    /// @param number The number of the block
    /// @param index The index of the transaction
    /// @param data The transaction
    event DataShown(uint256 indexed number, uint256 indexed index, bytes data);
    /// @notice Emitted when the chain is frozen because a transaction was not shown in time: no more blocks and
    /// deposits, while exits continue.
    /// @param number The number of the block
    /// @param index The index of the transaction
    event Frozen(uint256 indexed number, uint256 indexed index);
    /// @notice Emitted when a payment fails and waits for `withdrawPending`.
    /// @param owner The receiver of the payment
    /// @param token The id of the token
    /// @param amount The amount in token units
    event PayoutDeferred(address indexed owner, uint256 indexed token, uint256 amount);
    /// @notice Emitted when a deferred payment is collected.
    /// @param owner The account that was owed the payment
    /// @param token The id of the token
    /// @param amount The amount in token units
    /// @param to The address that was paid
    event PendingWithdrawn(address indexed owner, uint256 indexed token, uint256 amount, address to);
}
