// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title CoinChain: indivisible coins that change hands off the chain, each guarded by its owner alone
/// @notice A deposit of ether, of an ERC-20 amount or of an ERC-721 token makes one coin. An operator collects signed
/// transfers in blocks and submits the root of each; a block holds at most one transfer of a coin. Whoever owns a coin
/// takes it out by showing its last transfer and the one before it; until it is claimed, others may contradict: with a
/// later transfer (it was spent), with another one between the two (it was spent twice), or with an earlier one that
/// nobody spent (its history is invented), which can be answered for half of the exit period at least. An answer leaves
/// half of the period to challenge once more, with what it has revealed.
/// @dev Nobody owns it; it has no proxy, no pause and no fee. A coin can be paid once, and nothing that happens to one
/// coin touches another.
/// @custom:security Value leaves only (1) as the value of a coin, once, to the owner of an exit of that coin that stood
/// the whole period, and half of it since the last answer, without an unanswered challenge (`claim`); (2) as a bond, once, to who it was put up by or lost to;
/// (3) as what of these two could not be pushed (`withdraw`, `withdrawToken`).
interface ICoinChain {
    // ------------------------------------------------------------------------------------------------------ Types

    /// @notice Durations in seconds, money in wei.
    /// @param operator submits blocks
    /// @param exitPeriod from the start of an exit until it can be claimed; half of it is there to answer a challenge of
    /// its history, and half of it after each answer to challenge again
    /// @param rotationDelay notice of a change of operators, at least one exit period
    /// @param exitBond lost by an exit that is refuted
    /// @param challengeBond lost by a challenge of a history that is answered: a quarter, rounded down, pays whoever
    /// answers, the rest joins the bond of the exit. Whoever pays it delays an exit by half of the exit period, or,
    /// answered at the last moment, by all of it; whoever answers for itself pays three quarters
    /// @param bounty the part of the exit bond that goes to who claims for the owner
    struct Config {
        address operator;
        uint40 exitPeriod;
        uint40 rotationDelay;
        uint96 exitBond;
        uint96 challengeBond;
        uint96 bounty;
    }

    enum Kind {
        Ether,
        Erc20,
        Erc721
    }

    /// @notice What was deposited; the contract keeps its hash `keccak256(abi.encode(...))`.
    /// @param owner who deposited
    /// @param token zero for ether
    /// @param value wei, token units, or the number of the ERC-721 token
    /// @param birth the first block that may transfer it: what earlier blocks say about it means nothing
    struct Coin {
        address owner;
        Kind kind;
        address token;
        uint256 value;
        uint40 birth;
    }

    /// @notice A transfer of a coin, shown in a block.
    /// @dev The block holds `keccak256(0x02 | 0x01 | coin(8) | prevBlock(5) | newOwner(20) | expiry(5) | r(32) | vs(32))` at
    /// the coin: the transfer and its signature. The contract packs the fields itself, so that no transfer has a second
    /// encoding.
    /// @param number the block
    /// @param prevBlock the block of the transfer that it spends; zero: it spends the deposit
    /// @param newOwner never zero
    /// @param expiry the last block that may hold it
    /// @param time when the block was submitted
    /// @param r of the signature that the block holds, in the 64 bytes of EIP-2098; where a call needs it to be the
    /// owner's, no other one counts
    /// @param vs of the same
    /// @param siblings from the root down
    struct Shown {
        uint40 number;
        uint40 prevBlock;
        address newOwner;
        uint40 expiry;
        uint256 time;
        bytes32 r;
        bytes32 vs;
        bytes32[] siblings;
    }

    /// @notice An exit. Known by coin and block: a block holds one transfer of a coin. Block zero: its deposit.
    /// @param owner who gets the coin; zero: there is no such exit
    /// @param exitableAt it can be claimed after it, unless a challenge is open; answers may put it off
    /// @param birth the coin's
    /// @param challenges of its history that are not answered
    /// @param prevOwner who signed the transfer
    /// @param prevBlock the block of the transfer before it, zero for the deposit
    /// @param nonce how often this exit was started: challenges belong to one start of it
    /// @param answered challenges of this start, or the last one, that were answered: three quarters of their bonds go
    /// with the exit's
    struct Exit {
        address owner;
        uint40 exitableAt;
        uint32 birth;
        uint24 challenges;
        address prevOwner;
        uint32 prevBlock;
        uint40 nonce;
        uint24 answered;
    }

    /// @notice A challenge of a history: "the coin belonged to `owner` by block `number`, and the owner has not spent
    /// that transfer in the history that leads to this exit".
    /// @param challenger whose bond it is
    /// @param number the block of the earlier transfer, zero for the deposit
    /// @param owner to whom that transfer gave the coin
    struct Challenge {
        address challenger;
        uint40 number;
        address owner;
    }

    /// @notice What `claim` needs of one exit.
    struct Due {
        uint64 coin;
        uint40 number;
        Coin record;
    }

    /// @notice How an exit was refuted.
    enum Reason {
        Spent,
        DoubleSpent,
        HistoryInvented
    }

    // ----------------------------------------------------------------------------------------------------- Events

    /// @notice A coin was made.
    event CoinDeposited(
        uint64 indexed coin, address indexed owner, Kind kind, address token, uint256 value, uint256 birth
    );
    /// @notice A block was submitted.
    event BlockSubmitted(uint256 indexed number, bytes32 root, uint256 time);
    /// @notice An exit was started; `number` is the block of the transfer, zero for the deposit.
    event ExitStarted(uint64 indexed coin, uint256 indexed number, address indexed owner, uint256 exitableAt);
    /// @notice Its owner took it back.
    event ExitCancelled(uint64 indexed coin, uint256 indexed number);
    /// @notice It was wrong; its bond, with those that had joined it, went to `challenger`.
    event ExitRefuted(uint64 indexed coin, uint256 indexed number, address indexed challenger, Reason reason);
    /// @notice Its history was challenged. `nonce` is the exit's.
    event HistoryChallenged(uint64 indexed coin, uint256 indexed number, Challenge challenge, uint256 nonce);
    /// @notice A challenge was answered by a transfer; its bond stands with that of the exit now, which can be claimed
    /// after `exitableAt`.
    /// @dev The whole of the transfer: whoever it was hidden from challenges with it, in whatever call it came.
    /// @param challenge as in `challengeId`
    event HistoryAnswered(
        uint64 indexed coin, uint256 indexed number, bytes32 challenge, uint256 exitableAt, Shown spend
    );
    /// @notice A challenge was voided with its exit; its bond went back.
    event ChallengeVoided(uint64 indexed coin, uint256 indexed number, Challenge challenge, uint256 nonce);
    /// @notice A coin was paid, or its value is owed now (see `Deferred`).
    event Claimed(uint64 indexed coin, uint256 indexed number, address indexed owner);
    /// @notice Money could not be pushed: it waits for `withdraw`.
    event Deferred(address indexed account, address indexed token, uint256 amount);
    /// @notice An ERC-721 token could not be pushed: it waits for `withdrawToken`.
    event TokenDeferred(address indexed account, address indexed token, uint256 id);
    /// @notice `next` may take over from `time` on; the zero address: nobody.
    event OperatorNamed(address indexed next, uint256 time);
    /// @notice Blocks come from `operator` now.
    event OperatorChanged(address indexed operator);

    // ----------------------------------------------------------------------------------------------------- Errors

    /// @notice The parameters contradict each other.
    error ConfigInvalid();
    /// @notice The caller may not do this.
    error CallerUnauthorized(address caller, address need);
    /// @notice Blocks follow each other: none is left out, none is replaced.
    error BlockNumberWrong(uint256 given, uint256 need);
    /// @notice Ether sent and amount needed differ, or the amount is zero or too large (2^128).
    error AmountInvalid(uint256 given, uint256 need);
    /// @notice The token moved another amount than asked for.
    error TransferShort(address token, uint256 have, uint256 need);
    /// @notice The ERC-721 token did not come from elsewhere into the vault, or came where an ERC-20 amount was meant.
    error TokenNotReceived(address token, uint256 id);
    /// @notice No coin to be paid has this record: it is another one, or it was paid.
    error CoinUnknown(uint64 coin);
    /// @notice The block does not hold this transfer with this signature, or was not submitted then.
    error ProofInvalid(uint256 number);
    /// @notice A transfer to nobody, or of something that comes after it.
    error TransferInvalid();
    /// @notice The block came after the transfer's expiry.
    error TransferExpired(uint256 number, uint256 expiry);
    /// @notice The block is outside of what this call is about: `from` to `to`, both included.
    error BlockOutOfRange(uint256 number, uint256 from, uint256 to);
    /// @notice The transfer spends another one than it would have to.
    error SpendsOther(uint256 prevBlock, uint256 need);
    /// @notice The transfer is not signed by who owned the coin.
    error SignatureInvalid(address owner);
    /// @notice This exit is running.
    error ExitRunning(uint64 coin, uint256 number);
    /// @notice There is no such exit, or it is over.
    error ExitMissing(uint64 coin, uint256 number);
    /// @notice Its history is challenged, and not all is answered.
    error ExitChallenged(uint256 challenges);
    /// @notice So many challenges that no more can be counted.
    error ChallengesFull();
    /// @notice The same challenge by the same challenger is open.
    error ChallengeOpen(bytes32 id);
    /// @notice There is no such challenge, or it is over.
    error ChallengeMissing(bytes32 id);
    /// @notice Too early.
    error TooEarly(uint256 now_, uint256 from);
    /// @notice Too late.
    error TooLate(uint256 now_, uint256 until);
    /// @notice None of these exits can be paid: not running, not yet, challenged, or another record.
    error NothingDue();
    /// @notice Nothing is owed to this account.
    error NothingOwed(address account, address token);
    /// @notice The payment failed; try again, or with another target.
    error PaymentFailed(address target, address token);
    /// @notice With so little gas a payment could be made to fail from outside.
    error GasTooLow(uint256 have, uint256 need);
    /// @notice The call was re-entered.
    error Reentered();

    // ----------------------------------------------------------------------------------------------------- Blocks

    /// @notice Submit the root of the next block: operator only.
    /// @param number the next number: a transaction that a reorganisation moved cannot take another block's place
    /// @param root of a compact sparse tree keyed by coin, see `SparseTree`
    function submitBlock(uint256 number, bytes32 root) external;

    /// @notice Name the next operator, zero for nobody: operator only.
    function nameOperator(address next) external;

    /// @notice Take over, once named for `rotationDelay`. Who does not trust the next one has had the time to leave.
    function takeOver() external;

    /// @notice Header of a block: `keccak256(root | time)`; zero: there is none.
    function blocks(uint256 number) external view returns (bytes32);

    /// @notice Operator, the number of the next block, how many coins were made.
    function head() external view returns (address operator, uint256 nextBlock, uint256 count);

    /// @notice Who was named to be the next operator, and from when on it may take over.
    function nextOperator() external view returns (address next, uint256 time);

    /// @notice The parameters; `operator` is the first one.
    function config() external view returns (Config memory);

    /// @notice EIP-712 domain of transfers: name "layer2 plasma coins", version "1".
    function domainSeparator() external view returns (bytes32);

    // ------------------------------------------------------------------------------------------------------ Coins

    /// @notice Make a coin of the ether sent.
    function depositEther() external payable returns (uint64 coin);

    /// @notice Make a coin of an ERC-20 amount below 2^128, approved before.
    function depositErc20(address token, uint256 amount) external returns (uint64 coin);

    /// @notice Make a coin of an ERC-721 token, approved before.
    function depositErc721(address token, uint256 id) external returns (uint64 coin);

    /// @notice Coin of the deposit `number`, counted from 1: `number * 0x9e3779b97f4a7c15 mod 2^64`.
    /// @dev Multiples of the golden ratio lie evenly apart: the tree over n coins is at most log2(n) + 2 levels deep,
    /// whatever coins are in it, and nobody can choose a number near another one.
    function coinOf(uint64 number) external pure returns (uint64);

    /// @notice Hash of a coin's record; zero: never made, or paid.
    function coins(uint64 coin) external view returns (bytes32);

    /// @notice What could not be pushed to an account, by token, zero for ether.
    function owed(address account, address token) external view returns (uint256);

    /// @notice To whom an ERC-721 token is owed that could not be pushed.
    function owedToken(address token, uint256 id) external view returns (address);

    /// @notice Take what is owed to the caller.
    function withdraw(address token, address to) external;

    /// @notice Take an ERC-721 token that is owed to the caller. `to` is not asked whether it can handle it.
    function withdrawToken(address token, uint256 id, address to) external;

    // ------------------------------------------------------------------------------------------------------ Exits

    /// @notice Start the exit of a deposit that was never spent: its owner only, with the exit bond.
    function exitDeposit(uint64 coin, Coin calldata record) external payable;

    /// @notice Start the exit of a transfer: its new owner only, with the exit bond.
    /// @param prev the transfer that it spends; left empty if it spends the deposit
    /// @param last the transfer
    function exitTransfer(uint64 coin, Coin calldata record, Shown calldata prev, Shown calldata last) external payable;

    /// @notice Take an exit back that nobody challenges: its owner only. The bond comes back, with what has joined it.
    function cancelExit(uint64 coin, uint40 number) external;

    /// @notice Refute an exit: its owner has spent the coin. Until it is claimed.
    /// @param spend the transfer that spends the one that exits
    function challengeSpent(uint64 coin, uint40 number, Shown calldata spend) external;

    /// @notice Refute an exit: who signed its transfer had spent the coin already, in a block before. Until it is claimed.
    /// @param other the transfer that spends the same one
    function challengeDoubleSpent(uint64 coin, uint40 number, Shown calldata other) external;

    /// @notice Challenge the history of an exit with a transfer from before it, with the challenge bond; as long as the
    /// exit cannot be claimed. A challenge of a transfer that was spent loses its bond.
    function challengeHistory(uint64 coin, uint40 number, Shown calldata earlier) external payable;

    /// @notice Challenge the history of an exit with the deposit; the same otherwise.
    function challengeHistoryByDeposit(uint64 coin, uint40 number, Coin calldata record) external payable;

    /// @notice Answer a challenge with the transfer that spends the earlier one, until `challenges` of it. Its
    /// bond pays the caller a quarter and joins that of the exit with the rest: nobody delays an exit for nothing by
    /// answering for itself. The exit can then be challenged for half of the exit period at least, with what the answer
    /// has shown.
    function answerHistory(uint64 coin, uint40 number, Challenge calldata challenge, Shown calldata spend) external;

    /// @notice Refute an exit by a challenge that was not answered in time. Pays its own bond and those of the exit to
    /// the challenger.
    function refuteHistory(uint64 coin, uint40 number, Challenge calldata challenge) external;

    /// @notice Give a challenge bond back whose exit is over.
    function voidChallenge(uint64 coin, uint40 number, uint64 nonce, Challenge calldata challenge) external;

    /// @notice Pay exits to their owners. What cannot be paid is left out; the bounty of what was paid goes to the caller.
    function claim(Due[] calldata dues) external;

    /// @notice An exit by coin and block of its transfer, zero for the deposit.
    function exits(uint64 coin, uint40 number) external view returns (Exit memory);

    /// @notice Until when an open challenge can be answered: half of the exit period, or longer if the exit could not be
    /// claimed before; zero: it is not open. Its id as in `challengeId`.
    function challenges(bytes32 id) external view returns (uint256);

    /// @notice Name of a challenge of the exit's start `nonce`.
    function challengeId(uint64 coin, uint40 number, uint64 nonce, Challenge calldata challenge)
        external
        pure
        returns (bytes32);
}
