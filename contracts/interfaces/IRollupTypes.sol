// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title What the rollup is told, what it says, and why it refuses; see `IRollup`
interface IRollupTypes {
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
    /// @notice So many frames were posted lately that these can follow only from then on.
    error PostingTooFast(uint256 frames, uint256 from);
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
    /// @notice A withdrawal cannot be given to nobody.
    error ReceiverMissing();
    /// @notice The signature was valid until then.
    error SignatureExpired(uint256 validUntil);
    /// @notice No scheme has so long a signature.
    error SignatureTooLong(uint256 given, uint256 most);
    /// @notice The call was re-entered.
    error Reentered();
}
