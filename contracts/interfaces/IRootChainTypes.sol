// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title What the root chain is told, what it says, and why it refuses; see `IRootChain`
interface IRootChainTypes {
    // ------------------------------------------------------------------------------------------------------ Types

    /// @notice Who operates, how long things take (seconds), what is put up (wei).
    /// @param operator commits to blocks
    /// @param validity checks every block (`IBlockValidity`); zero: none
    /// @param permit2 where Permit2 lies on this chain; zero: nowhere
    /// @param exitPeriod W: an exit waits for W at least, and until 2W after the block of its output
    /// @param rotationDelay from announcing the next operator to its first block
    /// @param dataDelay for answering a challenge of data
    /// @param exitBond behind a standard exit
    /// @param inFlightBond behind an in-flight exit; belongs to whoever last settled whether it is canonical
    /// @param piggybackBond behind each input or output of an in-flight exit
    /// @param dataBond behind a challenge of data; pays for the answer
    /// @param bounty to whoever makes a claim, out of an exit's or piggyback's bond
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

    /// @notice Where a transaction or deposit is found, and itself. For a deposit `data` is its record
    /// `owner(20) | token(2) | amount(12) | time(5)` and what lies between is empty.
    /// @param position of one of its outputs; zero where a call allows a transaction that was not included
    /// @param word `time << 32 | count` of the block
    /// @param data the transaction, packed
    /// @param path siblings from the bottom up, then the hash of all signatures of the block
    struct Proof {
        uint64 position;
        uint256 word;
        bytes data;
        bytes32[] path;
    }

    /// @notice A transaction that spends something, signed by the owners of all that it spends.
    /// @param proof the transaction; position zero if it need not have been included: it must once it has expired
    /// @param signatures of the owners of its inputs, in order, 64 bytes each
    /// @param inputs the outputs that it spends, in order; none if it spends one alone, which the call knows
    struct Spend {
        Proof proof;
        bytes signatures;
        Proof[] inputs;
    }

    /// @notice An output whose exit is claimed: its position, and the transaction or deposit record.
    struct Item {
        uint64 position;
        bytes data;
    }

    /// @notice None; waiting; stopped by a spender; paid, by whichever game; spent by a paid in-flight exit.
    enum ExitStatus {
        None,
        Open,
        Challenged,
        Paid,
        Spent
    }

    /// @notice A standard exit.
    /// @param time when it can be claimed; once challenged, the last block that may hold the spender: it can be started
    /// again after that
    /// @param priority the block under which it is registered, while it waits: that of its output, zero for a deposit; if
    /// anything was paid under a later one before it was started, that
    struct Exit {
        ExitStatus status;
        uint40 time;
        uint64 position;
        uint40 priority;
    }

    /// @notice None; waiting; settled as canonical: outputs are paid; settled as not: inputs are paid.
    enum InFlightStatus {
        None,
        Open,
        PaysOutputs,
        PaysInputs
    }

    /// @notice An in-flight exit. Bits 0 to 3 are its inputs, bits 4 to 7 its outputs. What changes lies in one slot.
    /// @param bondOwner gets the bond of the start
    /// @param competitor place `block << 16 | transaction` of the oldest competitor, or of itself once that was shown to
    /// be older; 2^56 - 1 for a competitor that was not included; zero for none
    /// @param piggybacked what wants to be paid and has not been yet
    /// @param blocked what was shown to be spent
    /// @param contested whether a competitor stands against it: its outputs are not registered then
    /// @param held inputs (bits) that no other game may register or pay meanwhile. Outputs that joined are registered
    /// while it holds all its inputs and is not contested; else the inputs that joined and are held
    /// @param exitableAt when it can be claimed
    /// @param priority the block under which it is registered: that of its youngest input, zero for deposits; if anything
    /// was paid under a later one before something of it was registered, that
    /// @param startedAt inputs and outputs join, and competitors are shown, until W/2 after it
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

    /// @notice A token has got its id.
    event TokenRegistered(uint256 indexed id, address token);
    /// @notice Money has come in; `time` is the record's.
    event Deposited(address indexed owner, uint256 indexed id, uint256 token, uint256 amount, uint256 time);
    /// @notice The operator has committed to a block. `word`: time(28) and count(4). The root binds its transactions and
    /// their signatures.
    event BlockSubmitted(uint256 indexed number, bytes32 root, uint256 word);
    /// @notice The next operator, and from when on it may take over.
    event OperatorAnnounced(address indexed next, uint256 from);
    /// @notice It has.
    event OperatorChanged(address indexed operator);
    /// @notice An exit waits for `time`, registered under block `priority`.
    event ExitStarted(
        bytes32 indexed id,
        address indexed owner,
        uint256 position,
        uint256 token,
        uint256 amount,
        uint256 time,
        uint256 priority
    );
    /// @notice A transaction of several inputs was shown as a spend without its inclusion, with these signatures of all
    /// owners: whoever signed it can start its in-flight exit with them.
    event SpendShown(bytes32 indexed spender, bytes signatures);
    /// @notice All registered under buckets from this one on is summed up by now; `type(uint40).max`: no sum is kept.
    event Tracked(uint256 indexed token, uint256 bucket);
    /// @notice An exit was stopped by transaction `spender`; see `Exit.time` for `until`.
    event ExitChallenged(bytes32 indexed id, bytes32 spender, uint256 until);
    /// @notice An exit has ended because its output joined an in-flight exit; the bond waits for the owner.
    event ExitEnded(bytes32 indexed id);
    /// @notice An output was paid, by whichever game.
    event ExitPaid(bytes32 indexed id);
    /// @notice An output was spent by an in-flight exit that is paid.
    event OutputSpent(bytes32 indexed id);
    /// @notice An in-flight exit began; what others need to play against it.
    event InFlightStarted(
        bytes32 indexed id, address indexed starter, bytes data, bytes32[] inputIds, bytes signatures
    );
    /// @notice Inputs or outputs (bits) joined.
    event Piggybacked(bytes32 indexed id, uint256 bits);
    /// @notice A competitor was shown.
    event Contested(bytes32 indexed id, bytes32 competitor, uint256 place);
    /// @notice It was shown to be older than all competitors so far.
    event Answered(bytes32 indexed id, uint256 place);
    /// @notice An input or output (bit) was shown to be spent.
    event PiggybackBlocked(bytes32 indexed id, uint256 bit, bytes32 spender);
    /// @notice It is decided whether outputs or inputs are paid.
    event InFlightSettled(bytes32 indexed id, InFlightStatus status);
    /// @notice Nobody wanted anything: gone as if never started.
    event InFlightAbandoned(bytes32 indexed id);
    /// @notice The operator has to show a transaction by then.
    event DataChallenged(uint256 indexed number, uint256 indexed index, address challenger, uint256 until);
    /// @notice A transaction was shown.
    event DataShown(uint256 indexed number, uint256 indexed index, bytes data);
    /// @notice It was not shown in time: no more blocks, no more deposits. Exits go on.
    event Frozen(uint256 indexed number, uint256 indexed index);
    /// @notice A payment did not go through and waits for `withdraw`.
    event PaymentDeferred(address indexed owner, uint256 indexed token, uint256 amount);
    /// @notice A deferred payment was fetched.
    event Withdrawn(address indexed owner, uint256 indexed token, uint256 amount, address to);

    // ----------------------------------------------------------------------------------------------------- Errors

    /// @notice The parameters contradict each other.
    error ConfigInvalid();
    /// @notice The call was re-entered.
    error Reentered();
    /// @notice Only this one may do it.
    error CallerWrong(address caller, address need);
    /// @notice The token is registered already, or is no contract that answers.
    error TokenInvalid(address token);
    /// @notice No such token.
    error TokenUnknown(uint256 id);
    /// @notice Zero, or more than 96 bits.
    error AmountInvalid(uint256 amount);
    /// @notice An output needs an owner.
    error OwnerMissing();
    /// @notice The token moved another amount than it said.
    error TransferShort(address token, uint256 have, uint256 need);
    /// @notice The chain is frozen: no more blocks, no more deposits.
    error ChainFrozen();
    /// @notice The operator believes to be somewhere else: a reorganisation, or the same block twice.
    error BlockNumberWrong(uint256 given, uint256 next);
    /// @notice A block has 1 to 65,536 transactions.
    error CountInvalid(uint256 count);
    /// @notice The chain takes no blocks without a proof, or (`given`) none with one, or this proof is wrong.
    error ValidityWrong(bool given);
    /// @notice The value sent is not the bond.
    error BondWrong(uint256 given, uint256 need);
    /// @notice Too early.
    error TooEarly(uint256 now_, uint256 from);
    /// @notice Too late.
    error TooLate(uint256 now_, uint256 until);
    /// @notice These bytes are no transaction, or not of the kind needed.
    error TransactionInvalid();
    /// @notice The output is not there, or is not that of the exit.
    error OutputWrong(uint256 position);
    /// @notice The header, path or record does not lead to what the contract knows.
    error ProofInvalid(uint256 position);
    /// @notice The transaction may not be in that block, or (`number` zero) has expired and needs a proof of inclusion.
    error InclusionLate(uint256 number, uint256 expiry);
    /// @notice The exit is not in a state for this.
    error ExitStatusWrong(bytes32 id, ExitStatus status);
    /// @notice The spender that stopped this exit may still be included, until that block.
    error ExitBlocked(bytes32 id, uint256 until);
    /// @notice The game holds all that it needs and can get, and nothing more.
    error NothingToHold(bytes32 id, uint256 held);
    /// @notice An in-flight exit holds this output: no other game may pay it meanwhile.
    error OutputHeld(bytes32 id);
    /// @notice The transaction spends something else.
    error SpendWrong(uint256 position, uint256 need);
    /// @notice The signature is not this owner's.
    error SignatureInvalid(address owner);
    /// @notice Paying would leave older exits uncovered: list newer buckets, or wait.
    error NotCovered(uint256 token, uint256 need, uint256 have);
    /// @notice The buckets listed must increase.
    error BucketsUnsorted();
    /// @notice None of the exits can be paid now.
    error NothingToPay();
    /// @notice The in-flight exit is not in a state for this.
    error InFlightStatusWrong(bytes32 id, InFlightStatus status);
    /// @notice As many inputs, as many proofs and signatures; no output twice.
    error InputsWrong(uint256 index);
    /// @notice More goes out than comes in.
    error AmountsUnbalanced(uint256 token);
    /// @notice The input or output is not there, is there already or no more, or was shown to be spent.
    error PiggybackWrong(uint256 bits);
    /// @notice A transaction does not compete with itself.
    error SameTransaction();
    /// @notice Not older than what is known already.
    error NotOlder(uint256 place, uint256 known);
    /// @notice Asked, or answered, already; or not asked.
    error DataStatusWrong(uint256 number, uint256 index);
    /// @notice Nothing waits for the caller.
    error NothingOwed(address owner, uint256 token);
    /// @notice The money could not be paid; try another address.
    error PaymentFailed(address to, uint256 token);
    /// @notice Too little gas to try a payment honestly.
    error GasTooLow(uint256 have, uint256 need);
}
