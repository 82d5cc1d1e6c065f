// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Rollup: transactions bundled on the chain, their result asserted, every lie provable by anybody
/// @notice Three parts in one immutable contract. The *inbox* orders data (blobs or calldata) and the *queue* of
/// deposits and forced operations that nobody can leave out. *Assertions* say what the data results in: they stand after
/// a window unless somebody proves one segment of one of them wrong. The *vault* holds the money and pays withdrawals of
/// final assertions. Data is never undone: a wrong assertion is dropped, the next one starts from the same place.
/// @dev Nobody owns it; it has no proxy, no pause and no fee. The sequencer only has the first turn to post.
/// @custom:security Money leaves only (1) by a withdrawal under a final assertion, once each (`claim`); (2) once the
/// rollup is frozen, because something waited for `freezeAfter` in vain, by a balance under the last final assertion, once
/// each (`escape`), or by a deposit that it has not consumed (`refund`).
interface IRollup {
    // ------------------------------------------------------------------------------------------------------ Types

    /// @notice How long things take, what a bond is, who may judge. Durations in seconds, bond in wei.
    /// @param sequencer posts first
    /// @param forceDelay how long the queue may wait
    /// @param lease how long the sequencer may be silent before everybody may post
    /// @param window how long an assertion can be challenged
    /// @param freezeAfter how long something may wait to become final until the rollup can be frozen
    /// @param revealBlocks blocks between a challenger's commitment and its proof
    /// @param bond behind each open assertion; half pays the challenger, half is burned: it stays in the contract for ever
    struct Config {
        address sequencer;
        uint40 forceDelay;
        uint40 lease;
        uint40 window;
        uint40 freezeAfter;
        uint32 revealBlocks;
        uint128 bond;
    }

    /// @notice An entry of the inbox; its hash is the accumulator after it.
    /// @param previous accumulator before it
    /// @param kind 0 queue only, 1 calldata, 2 blobs
    /// @param data root over the calldata's runs of 496 bytes (`Runs`), or keccak256 of the packed versioned hashes
    /// @param frames frames of 496 bytes in the data
    /// @param segments segments from the beginning to the end of this entry: two a frame, one for 27 queue items
    /// @param queueEnd queue items consumed from the beginning to the end of this entry
    /// @param queueAcc the queue's accumulator there; zero if the entry consumes none
    /// @param time when it was posted
    struct Item {
        bytes32 previous;
        uint8 kind;
        bytes32 data;
        uint32 frames;
        uint64 segments;
        uint32 queueEnd;
        bytes28 queueAcc;
        uint40 time;
    }

    /// @notice What an assertion says; its hash is its id.
    /// @param parent id of the assertion it goes on from
    /// @param inboxEnd entries of the inbox it covers, from the beginning
    /// @param segments segments they have, from the beginning
    /// @param root state root after them
    /// @param roots the state roots after each segment since the parent: 31 bytes each and the root over their runs of
    /// 496 bytes (`Runs`), or the versioned hash of a blob with a root in each field element
    /// @param rootsInBlob which of the two
    struct Claim {
        bytes32 parent;
        uint64 inboxEnd;
        uint64 segments;
        bytes32 root;
        bytes32 roots;
        bool rootsInBlob;
    }

    /// @notice Money on its way out.
    struct Withdrawal {
        address target;
        uint16 token;
        uint128 amount;
    }

    /// @notice What a state root covers beside the accounts; `root = keccak256(accounts, keccak256(...)) >> 8`.
    /// @param accounts root over the accounts
    /// @param withdrawals root over the withdrawals of the assertion
    /// @param numbers withdrawals(4) nextAccount(4) queueCount(8) tokens(4) withdrawals before this assertion(8), zeros(4)
    /// @param queueAcc the queue's accumulator, in the low 28 bytes
    struct Roots {
        bytes32 accounts;
        bytes32 withdrawals;
        bytes32 numbers;
        bytes32 queueAcc;
    }

    enum Status {
        Unknown,
        Open,
        Final,
        Invalid,
        Released
    }

    // ----------------------------------------------------------------------------------------------------- Events

    /// @notice An entry of the inbox; its hash is the accumulator after it.
    event Posted(uint256 indexed index, Item item);
    /// @notice The frames of an entry posted in calldata, so that logs alone rebuild the state, whoever called.
    /// @dev Free: the price of calldata has a floor (EIP-7623) that lies above calldata and log together.
    event Frames(uint256 indexed index, bytes data);
    /// @notice The versioned hashes of the entry just posted in blobs.
    event Blobs(bytes32[] hashes);
    /// @notice An item of the queue: `raw` is what its hash is taken of, see the specification.
    event Queued(uint256 indexed index, bytes raw);
    /// @notice A token has got its id.
    event TokenRegistered(uint16 indexed id, address token);
    /// @notice A claim to what the inbox results in.
    event Proposed(bytes32 indexed id, address indexed proposer, Claim claim);
    /// @notice The roots of an assertion that were given in calldata.
    event RootsGiven(bytes32 indexed id, bytes roots);
    /// @notice It stands.
    event Finalized(bytes32 indexed id);
    /// @notice It is wrong, or rests on a wrong one; half of its bond went to `challenger`.
    event Invalidated(bytes32 indexed id, address indexed challenger);
    /// @notice The rollup was frozen before it became final; its bond is free.
    event Released(bytes32 indexed id);
    /// @notice A challenger has committed to a proof.
    event Committed(bytes32 indexed commitment, address indexed challenger);
    /// @notice A withdrawal was paid.
    /// @dev `number` counts withdrawals from the beginning: whatever assertion shows one, it is paid once.
    event Claimed(uint256 indexed number, bytes32 indexed id, address target, uint16 token, uint128 amount);
    /// @notice A withdrawal belongs to somebody else now. `leaf`: keccak256 of target, token and amount.
    event ClaimTransferred(uint256 indexed number, bytes32 indexed leaf, address to);
    /// @notice Bond money that is free to use or take back changed.
    event BondChanged(address indexed proposer, uint256 free);
    /// @notice Nothing more is posted, proposed or made final.
    event Frozen(bytes32 finalId);
    /// @notice An account's balance was paid from the last final state.
    event Escaped(uint256 indexed account, address target, uint16 token, uint128 amount);
    /// @notice A deposit that the last final state has not consumed was paid back.
    event Refunded(uint256 indexed index, address target, uint16 token, uint128 amount);

    // ----------------------------------------------------------------------------------------------------- Errors

    /// @notice The parameters contradict each other.
    error ConfigInvalid();
    /// @notice The inbox is not where the poster believes: a reorganisation, or somebody was faster.
    error InboxMoved(bytes32 have, bytes32 given);
    /// @notice Only the sequencer may post until `openAt`.
    error PostingLeased(address caller, uint256 openAt);
    /// @notice The queue cannot be consumed to there: behind, ahead, between checkpoints, or too much at once.
    error QueueEndInvalid(uint256 consumed, uint256 given, uint256 length);
    /// @notice Items that waited too long must be consumed first.
    error QueueOverdue(uint256 pendingSince);
    /// @notice The entry would hold nothing, or more segments than one assertion can cover.
    error EntrySize(uint256 segments);
    /// @notice The transaction carries no such blob.
    error BlobMissing(uint256 index);
    /// @notice The entry given is not the one in the inbox.
    error ItemMismatch(uint256 index);
    /// @notice The rollup is frozen, or (for exits of the frozen mode) is not.
    error FrozenMode(bool frozen);
    /// @notice The assertion is not in a state for this.
    error StatusWrong(bytes32 id, Status status);
    /// @notice The assertion covers nothing new, or too much, or goes on from before the last final one.
    error RangeInvalid(uint256 segments);
    /// @notice The roots do not have the right length, or do not end in the claimed root.
    error RootsInvalid();
    /// @notice Not enough free bond.
    error BondTooLow(uint256 have, uint256 need);
    /// @notice Too early.
    error TooEarly(uint256 now_, uint256 from);
    /// @notice The parent is not final, or not the last one.
    error ParentNotFinal(bytes32 parent, bytes32 finalId);
    /// @notice There is no such commitment, or it is too young.
    error CommitmentMissing(bytes32 commitment);
    /// @notice The judge found nothing wrong.
    error NotGuilty(bytes32 id);
    /// @notice No such judge or token.
    error UnknownId(uint256 id);
    /// @notice The token is registered already, or is no contract.
    error TokenInvalid(address token);
    /// @notice Ether and amount differ, or the amount is zero or too large.
    error AmountInvalid(uint256 given, uint256 need);
    /// @notice The token moved another amount than it said.
    error TransferShort(address token, uint256 have, uint256 need);
    /// @notice The money could not be paid; try again.
    error PaymentFailed(address target, address token);
    /// @notice The proof does not lead to the state root.
    error ProofInvalid();
    /// @notice Paid already.
    error AlreadyPaid(uint256 index);
    /// @notice The caller may not do this.
    error CallerNotOwner(address caller, address owner);
    /// @notice No scheme has so long a signature.
    error SignatureTooLong(uint256 given, uint256 most);
    /// @notice The call was re-entered.
    error Reentered();

    // ------------------------------------------------------------------------------------------------------ Inbox

    /// @notice Add frames in calldata. Two entries a second are as good as one: `expectedAcc` ties it to its place.
    /// @param expectedAcc accumulator of the last entry
    /// @param data frames of 496 bytes; the last is filled up with zeros
    /// @param queueEnd consume the queue to there: to its end, or to a multiple of 256. 2^32 - 1 is its end wherever
    /// that is when the call arrives, or as far as one entry reaches
    function postCalldata(bytes32 expectedAcc, bytes calldata data, uint256 queueEnd) external;

    /// @notice Add frames in the transaction's blobs, 256 in each.
    /// @param frames how many of them mean something
    function postBlobs(bytes32 expectedAcc, uint256 frames, uint256 queueEnd) external;

    /// @notice Consume the queue without adding data: for anybody, once it is overdue.
    function forceInclude(bytes32 expectedAcc, uint256 queueEnd) external;

    /// @notice Queue an operation: a transfer to account `to`, or with `withdraws` a withdrawal to address `to`.
    /// @param scheme 0 the caller's own, 1 ECDSA, 2 BLS
    function force(
        uint8 scheme,
        uint32 account,
        uint16 token,
        uint128 amount,
        bool withdraws,
        address to,
        bytes calldata signature
    ) external;

    /// @notice The accumulator after entry `index`; zero is before the first.
    function accs(uint256 index) external view returns (bytes32);

    /// @notice Entries, their segments, consumed queue items, time of the last entry, oldest waiting queue item.
    function inbox()
        external
        view
        returns (uint256 items, uint256 segments, uint256 queueConsumed, uint256 lastTime, uint256 pendingSince);

    /// @notice The queue's accumulator and length.
    function queue() external view returns (bytes28 acc, uint256 length);

    /// @notice The queue's accumulator after `count` items, a multiple of 256, and when the last of them came.
    function checkpoints(uint256 count) external view returns (bytes28 acc, uint256 time);

    // ------------------------------------------------------------------------------------------------- Assertions

    /// @notice Assert what entries up to `inboxEnd` result in. Needs free bond.
    /// @param parent what it goes on from: the last final assertion, or one that covers more
    /// @param last the last entry covered
    /// @param root the state root after it
    /// @param roots the roots after each segment, 31 bytes each; empty: they are in the transaction's first blob
    function propose(Claim calldata parent, Item calldata last, uint64 inboxEnd, bytes32 root, bytes calldata roots)
        external
        payable;

    /// @notice Make an assertion final after its window, once its parent is. The last final one is that which covers most.
    /// @dev Two right assertions with one parent both become final: nobody is held up by a truth that covers less. In
    /// frozen mode nothing becomes final any more, but bonds come back.
    function finalize(Claim calldata claimed) external;

    /// @notice Announce a proof, so that nobody can take it: `keccak256(abi.encode(msg.sender, id, judge, proofHash))`.
    function commitChallenge(bytes32 commitment) external;

    /// @notice Prove an assertion wrong. Pays half of its bond.
    function challenge(Claim calldata claimed, Claim calldata parent, uint256 judge, bytes calldata proof) external;

    /// @notice Drop an assertion whose parent is invalid. Pays half of its bond.
    function discard(Claim calldata claimed, Claim calldata parent) external;

    /// @notice Add bond money.
    function addBond() external payable;

    /// @notice Take free bond money back.
    function takeBond(uint256 amount) external;

    /// @notice Who proposed an assertion, when, and how it stands.
    function assertion(bytes32 id) external view returns (address proposer, uint256 createdAt, Status status);

    /// @notice The last final assertion and when it became so.
    function finality() external view returns (bytes32 id, uint256 time);

    // ------------------------------------------------------------------------------------------------------ Vault

    /// @notice Give a token its id. Anybody may.
    function registerToken(address token) external returns (uint16 id);

    /// @notice Pay in, to account `to` of `owner`, or (zero) to a new account of the address `owner`.
    function deposit(uint16 token, uint128 amount, bytes32 owner, uint32 to) external payable;

    /// @notice Pay a withdrawal of a final assertion to its owner.
    /// @param path siblings from the bottom up; those at the top that are roots of empty trees may be left out
    function claim(
        Claim calldata final_,
        Roots calldata roots,
        uint256 index,
        Withdrawal calldata withdrawal,
        bytes32[] calldata path
    ) external;

    /// @notice Give a withdrawal, final or not, to somebody else.
    function transferClaim(
        Claim calldata claimed,
        Roots calldata roots,
        uint256 index,
        Withdrawal calldata withdrawal,
        bytes32[] calldata path,
        address to
    ) external;

    /// @notice The address of a token id; zero for ether.
    function tokenOf(uint256 id) external view returns (address);

    // ---------------------------------------------------------------------------------------------------- Freezing

    /// @notice Freeze the rollup, for ever, when something waits for too long: the queue to be consumed, or the first
    /// entry after the last final assertion to become final. A rollup that nobody uses cannot be frozen.
    /// @param next that entry; ignored when it is the queue that waits
    function freeze(Claim calldata final_, Item calldata next) external;

    /// @notice In frozen mode: pay the balance of an address's account under the last final state.
    function escape(
        Claim calldata final_,
        Roots calldata roots,
        uint256 account,
        bytes32 owner,
        uint256 word,
        bytes32[] calldata path
    ) external;

    /// @notice In frozen mode: pay the balance of a BLS key's account to where the key says.
    /// @param to the key signed `Escape(uint32 account,address to)` (EIP-712) for it
    /// @param proof key, signature and the hint for reading it, see `IVoice`
    function escapeTo(
        Claim calldata final_,
        Roots calldata roots,
        uint256 account,
        bytes32 owner,
        uint256 word,
        bytes32[] calldata path,
        address to,
        bytes calldata proof
    ) external;

    /// @notice In frozen mode: pay back a deposit that the last final state has not consumed.
    /// @param index which queue item
    /// @param before the queue's accumulator before it
    /// @param raw the item
    /// @param later hashes of the items after it, up to a checkpoint or the end of the queue
    function refund(
        Claim calldata final_,
        Roots calldata roots,
        uint256 index,
        bytes28 before,
        bytes calldata raw,
        bytes32[] calldata later
    ) external;
}
