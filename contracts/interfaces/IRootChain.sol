// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Root chain: money that moves on a plasma chain, and the games by which it comes back
/// @notice An operator commits to blocks of transactions (`PlasmaTx`, `BlockTree`). Whoever owns an output takes it out
/// with a proof of its inclusion (a standard exit), or takes a transaction that may never have been included through its
/// own game (an in-flight exit); whoever sees that an output was spent stops its exit and earns the bond behind it.
/// @dev Nobody owns the contract; it has no proxy, no pause and no fee. The operator alone adds blocks and names a
/// successor; it can stop the chain, never an exit. A position is `block(40) | transaction(16) | output(8)`; a deposit's
/// is `2^39 + id` in place of the block, zeros behind. An output is known by
/// `keccak256(keccak256(0x02 | transaction) | output(1))`, a deposit by `keccak256(0x03 | id(8))`: however often it was
/// included, it is paid once.
/// @custom:security An exit is paid only while all that is registered under older blocks stays covered by what the
/// contract holds (the reservation ledger, see `claim`): whoever exits in time outputs older than a fraud is paid.
interface IRootChain {
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
    /// @param root of the block
    /// @param word `time << 32 | count` of the block
    /// @param data the transaction, packed
    /// @param path siblings from the bottom up
    struct Proof {
        uint64 position;
        bytes32 root;
        uint256 word;
        bytes data;
        bytes32[] path;
    }

    /// @notice A transaction that spends something, signed by the owner of what it spends.
    /// @param proof the transaction; position zero if it need not have been included: it must once it has expired
    /// @param input which of its inputs
    /// @param signature the owner's, 64 or 65 bytes
    struct Spend {
        Proof proof;
        uint256 input;
        bytes signature;
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
    struct Exit {
        ExitStatus status;
        uint40 time;
        uint64 position;
    }

    /// @notice None; waiting; settled as canonical: outputs are paid; settled as not: inputs are paid.
    enum InFlightStatus {
        None,
        Open,
        PaysOutputs,
        PaysInputs
    }

    /// @notice An in-flight exit. Bits 0 to 3 are its inputs, bits 4 to 7 its outputs.
    /// @param bondOwner gets the bond of the start
    /// @param exitableAt when it can be claimed
    /// @param piggybacked what wants to be paid and has not been yet
    /// @param blocked what was shown to be spent
    /// @param contested whether a competitor stands against it
    /// @param startedAt inputs and outputs join, and competitors are shown, until W/2 after it
    /// @param competitor place `block << 16 | transaction` of the oldest competitor, or of itself once that was shown to
    /// be older; 2^56 - 1 for a competitor that was not included; zero for none
    /// @param priority block of its youngest input, zero for deposits
    struct InFlight {
        address bondOwner;
        uint40 exitableAt;
        InFlightStatus status;
        uint8 piggybacked;
        uint8 blocked;
        bool contested;
        uint40 startedAt;
        uint56 competitor;
        uint40 priority;
    }

    // ----------------------------------------------------------------------------------------------------- Events

    /// @notice A token has got its id.
    event TokenRegistered(uint256 indexed id, address token);
    /// @notice Money has come in; `time` is the record's.
    event Deposited(address indexed owner, uint256 indexed id, uint256 token, uint256 amount, uint256 time);
    /// @notice The operator has committed to a block. `word`: time(28) and count(4).
    event BlockSubmitted(uint256 indexed number, bytes32 root, uint256 word);
    /// @notice The next operator, and from when on it may take over.
    event OperatorAnnounced(address indexed next, uint256 from);
    /// @notice It has.
    event OperatorChanged(address indexed operator);
    /// @notice An exit waits for `time`.
    event ExitStarted(
        bytes32 indexed id, address indexed owner, uint256 position, uint256 token, uint256 amount, uint256 time
    );
    /// @notice An exit was stopped by transaction `spender`; see `Exit.time` for `until`.
    event ExitChallenged(bytes32 indexed id, bytes32 spender, uint256 until);
    /// @notice An output was paid, by whichever game.
    event ExitPaid(bytes32 indexed id);
    /// @notice An output was spent by an in-flight exit that is paid.
    event OutputSpent(bytes32 indexed id);
    /// @notice An in-flight exit began; what others need to play against it.
    event InFlightStarted(
        bytes32 indexed id, address indexed starter, bytes data, bytes32[] inputIds, bytes[] signatures
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

    // --------------------------------------------------------------------------------------------------- Deposits

    /// @notice Give a token its id. Anybody may; a token that takes fees or rebases does not belong here.
    function registerToken(address token) external returns (uint256 id);

    /// @notice Pay in ether for `owner`. Returns the deposit's id.
    function depositETH(address owner) external payable returns (uint256 id);

    /// @notice Pay in an allowed amount of a token for `owner`.
    function deposit(uint256 token, uint256 amount, address owner) external returns (uint256 id);

    /// @notice The same with an EIP-2612 permit of the caller.
    function depositWithPermit(
        uint256 token,
        uint256 amount,
        address owner,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint256 id);

    /// @notice Pay in for `from`, who signed an EIP-3009 authorization to this contract. Anybody may bring it: it can
    /// serve nothing but a deposit for `from`.
    /// @param signature 65 bytes; any other length goes to the token's form for contract signatures
    function depositWithAuthorization(
        uint256 token,
        uint256 amount,
        address from,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external returns (uint256 id);

    /// @notice Pay in for `from`, who signed a Permit2 transfer to this contract as spender. Anybody may bring it.
    function depositWithPermit2(
        uint256 token,
        uint256 amount,
        address from,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint256 id);

    // ----------------------------------------------------------------------------------------------------- Blocks

    /// @notice Commit to the next block. Only the operator.
    /// @param number must be the next one: a block sent twice, or after a reorganisation, does no harm
    function submitBlock(uint256 number, bytes32 root, uint256 count) external;

    /// @notice The same with a proof, on a chain that wants one.
    function submitProvenBlock(uint256 number, bytes32 root, uint256 count, bytes32 nextState, bytes calldata proof)
        external;

    /// @notice Name the next operator; again, another one. Only the operator.
    function announceOperator(address next) external;

    /// @notice Take over. Only the announced one, after the delay.
    function acceptOperator() external;

    // ------------------------------------------------------------------------------------------------------ Exits

    /// @notice Start to take out an output or deposit that the caller owns. Value: the bond.
    function startExit(Proof calldata output) external payable;

    /// @notice Several at once. Value: as many bonds.
    function startExits(Proof[] calldata outputs) external payable;

    /// @notice Stop an exit whose output its owner has spent; the bond goes to the caller.
    /// @param output the output; root and path only if its transaction was included a second time and `spend` names that
    /// position
    function challengeExit(Proof calldata output, Spend calldata spend) external;

    /// @notice Pay exits that have waited. What cannot be paid now is passed over; a single item says why.
    /// An exit is paid while `reserved - (sum of buckets listed) <= what the contract holds`: normally nothing has to be
    /// listed; after a fraud, buckets newer than the exit's own, and its own (its amount then counts again).
    /// @param newer numbers (block / 2) of buckets, increasing; those older than an exit's own are ignored for it
    function claim(Item[] calldata items, uint256[] calldata newer) external;

    /// @notice Fetch what could not be paid to the caller; to another address if need be.
    function withdraw(uint256 token, address to) external;

    // -------------------------------------------------------------------------------------------- In-flight exits

    /// @notice Start the exit of a transaction that may not have been included. Only an owner of an input.
    /// Its id is `keccak256(keccak256(0x02 | data) | id of each input's output)`.
    /// @param transaction position zero; once it has expired, its inclusion must be proven
    /// @param inputs the outputs that it spends, in order
    /// @param signatures of their owners
    /// @param bits inputs (0 to 3) and outputs (4 to 7) of the caller that join at once
    function startInFlight(
        Proof calldata transaction,
        Proof[] calldata inputs,
        bytes[] calldata signatures,
        uint256 bits
    ) external payable;

    /// @notice Join with an input or output that the caller owns. In the first half only. Value: the bond.
    /// @param bit which (0 to 7)
    /// @param inputData for an input: the transaction or deposit record that made it
    function piggyback(bytes calldata data, bytes32[] calldata inputIds, uint256 bit, bytes calldata inputData)
        external
        payable;

    /// @notice Show a competitor: another transaction that spends the same output. In the first half only. Earns a claim
    /// to the bond of the start.
    function challengeCanonical(
        bytes calldata data,
        bytes32[] calldata inputIds,
        uint256 input,
        bytes calldata inputData,
        Spend calldata competitor
    ) external;

    /// @notice Show that the transaction was included, before every competitor shown. Until it can be claimed.
    function answerCanonical(Proof calldata transaction, bytes32[] calldata inputIds) external;

    /// @notice Show that an input that joined was spent by another transaction; its bond goes to the caller.
    function challengeInput(
        bytes calldata data,
        bytes32[] calldata inputIds,
        uint256 input,
        bytes calldata inputData,
        Spend calldata spend
    ) external;

    /// @notice Show that an output that joined was spent; its bond goes to the caller.
    /// @param transaction included; position: that of the output
    function challengeOutput(Proof calldata transaction, bytes32[] calldata inputIds, Spend calldata spend) external;

    /// @notice Settle an in-flight exit that has waited, and pay what is covered; call again for the rest. Canonical, with
    /// no input paid elsewhere: its outputs, and its inputs count as spent. Else: its inputs that were not.
    /// @param inputData what made each input, in order
    function claimInFlight(
        bytes calldata data,
        bytes32[] calldata inputIds,
        bytes[] calldata inputData,
        uint256[] calldata newer
    ) external;

    /// @notice Drop an in-flight exit that nothing has joined by half time.
    function abandonInFlight(bytes32 id) external;

    // ------------------------------------------------------------------------------------------------------- Data

    /// @notice Ask for a transaction of a block. Value: the bond.
    function challengeData(uint256 number, uint256 index, bytes32 root, uint256 word) external payable;

    /// @notice Show it. Takes the bond. Until the chain is frozen.
    function showData(Proof calldata transaction) external;

    /// @notice Freeze the chain because it was not shown in time. The bond goes back.
    function freeze(uint256 number, uint256 index) external;

    // ------------------------------------------------------------------------------------------------------ Views

    function config() external view returns (Config memory);
    function domainSeparator() external view returns (bytes32);
    /// @notice Operator, next block, next deposit, whether frozen.
    function head() external view returns (address operator, uint256 nextBlock, uint256 nextDeposit, bool frozen);
    /// @notice The announced operator and from when on it may take over.
    function nextOperator() external view returns (address next, uint256 from);
    /// @notice State root after the last block; zero without `validity`.
    function stateRoot() external view returns (bytes32);
    /// @notice `keccak256(root | word)`.
    function blocks(uint256 number) external view returns (bytes32);
    /// @notice `keccak256` of the record.
    function deposits(uint256 id) external view returns (bytes32);
    function exits(bytes32 id) external view returns (Exit memory);
    function inFlight(bytes32 id) external view returns (InFlight memory);
    /// @notice Registered under all buckets of a token; and what it holds for bonds and deferred payments.
    function reserveOf(uint256 token) external view returns (uint256 reserved, uint256 held);
    /// @notice Registered under one block.
    function reservedUnder(uint256 token, uint256 number) external view returns (uint256);
    /// @notice Deferred payments.
    function pending(address owner, uint256 token) external view returns (uint256);
    /// @notice The address of a token; zero for ether.
    function tokenOf(uint256 id) external view returns (address);
    /// @notice Who asked for a transaction, and until when it must be shown: 2^40 - 1 once it was.
    function dataChallenge(uint256 number, uint256 index) external view returns (address challenger, uint256 until);
}
