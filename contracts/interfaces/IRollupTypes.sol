// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Types and events of `IRollup`
interface IRollupTypes {
    // ------------------------------------------------------------------------------------------------------ Types

    /// @notice Parameters of the rollup. Durations are in seconds, the bond is in wei.
    /// @param sequencer The account with the exclusive right to post first
    /// @param forceDelay The longest time that queue items may wait before they must be consumed
    /// @param sequencerWindow The time without a posting after which everyone may post
    /// @param window The time during which an assertion can be challenged
    /// @param freezeAfter The time that a queue item or inbox entry must wait in vain before the rollup can be frozen
    /// @param revealBlocks The number of blocks between a challenger's commitment and its proof
    /// @param bond The bond of each open assertion; on fraud half pays the challenger and half is burned: it stays in
    /// the contract permanently
    struct Config {
        address sequencer;
        uint40 forceDelay;
        uint40 sequencerWindow;
        uint40 window;
        uint40 freezeAfter;
        uint32 revealBlocks;
        uint128 bond;
    }

    /// @notice An entry of the inbox. Its hash is the accumulator after it.
    /// @param previous The accumulator before the entry
    /// @param kind 0 queue only, 1 calldata, 2 blobs
    /// @param data The root over the calldata's runs of 496 bytes (`ChunkTree`), or keccak256 of the packed versioned hashes
    /// @param frames The number of 496-byte frames in the data
    /// @param segments The segments from the beginning of the inbox to the end of this entry: two for each frame, one
    /// for each 27 queue items
    /// @param queueEnd The queue items consumed from the beginning of the inbox to the end of this entry
    /// @param queueAcc The queue's accumulator at `queueEnd`; zero if the entry consumes no items
    /// @param time The time of the posting
    struct Batch {
        bytes32 previous;
        uint8 kind;
        bytes32 data;
        uint32 frames;
        uint64 segments;
        uint32 queueEnd;
        bytes28 queueAcc;
        uint40 time;
    }

    /// @notice An assertion. Its hash is its id.
    /// @param parent The id of the assertion that it extends
    /// @param inboxEnd The inbox entries covered, from the beginning
    /// @param segments The segments of these entries, from the beginning
    /// @param root The state root after these entries
    /// @param roots The commitment to the state roots after each segment since the parent: 31 bytes each and the root
    /// over their runs of 496 bytes (`ChunkTree`), or the versioned hash of a blob with one root in each field element
    /// @param rootsInBlob True if the roots are in a blob
    struct Assertion {
        bytes32 parent;
        uint64 inboxEnd;
        uint64 segments;
        bytes32 root;
        bytes32 roots;
        bool rootsInBlob;
    }

    /// @notice A withdrawal from the rollup.
    /// @param target The receiver
    /// @param token The id of the token
    /// @param amount The amount in token units
    struct Withdrawal {
        address target;
        uint16 token;
        uint128 amount;
    }

    /// @notice The components of a state root: `root = keccak256(accounts, keccak256(...)) >> 8`.
    /// @param accounts The root over the accounts
    /// @param withdrawals The root over the withdrawals of the assertion
    /// @param numbers withdrawals(4) nextAccount(4) queueCount(8) tokens(4) withdrawals before this assertion(8)
    /// zeros(4)
    /// @param queueAcc The queue's accumulator, in the low 28 bytes
    struct Roots {
        bytes32 accounts;
        bytes32 withdrawals;
        bytes32 numbers;
        bytes32 queueAcc;
    }

    /// @notice Status of an assertion.
    enum Status {
        /// @dev The assertion was never proposed.
        Unknown,
        /// @dev The assertion was proposed and can be challenged.
        Open,
        /// @dev The assertion is final.
        Final,
        /// @dev The assertion, or one that it extends, was proven wrong.
        Invalid,
        /// @dev The rollup was frozen before the assertion became final, and its bond was returned.
        Released
    }

    // ----------------------------------------------------------------------------------------------------- Events

    /// @notice Emitted when an entry is appended to the inbox.
    /// @param index The index of the entry
    /// @param item The entry, whose hash is the new accumulator
    event Posted(uint256 indexed index, Batch item);
    /// @notice Emitted with the frames of an entry posted in calldata, so that logs alone rebuild the state.
    /// @dev Emitting the data costs nothing extra: under EIP-7623 the calldata floor price already exceeds the price of
    /// calldata plus log.
    /// @param index The index of the entry
    /// @param data The frames
    event Frames(uint256 indexed index, bytes data);
    /// @notice Emitted with the versioned hashes of an entry posted in blobs.
    /// @param hashes The versioned hashes, in order
    event Blobs(bytes32[] hashes);
    /// @notice Emitted when an item is appended to the queue.
    /// @param index The index of the item
    /// @param raw The bytes that the item's hash is computed from, see the specification
    event Queued(uint256 indexed index, bytes raw);
    /// @notice Emitted when a token is registered.
    /// @param id The id of the token
    /// @param token The token
    event TokenRegistered(uint16 indexed id, address token);
    /// @notice Emitted when an assertion is proposed.
    /// @param id The id of the assertion
    /// @param proposer The account whose bond is locked
    /// @param claim The assertion
    event Proposed(bytes32 indexed id, address indexed proposer, Assertion claim);
    /// @notice Emitted with the roots of an assertion that were given in calldata.
    /// @param id The id of the assertion
    /// @param roots The roots, 31 bytes each
    event RootsGiven(bytes32 indexed id, bytes roots);
    /// @notice Emitted when an assertion becomes final.
    /// @param id The id of the assertion
    event Finalized(bytes32 indexed id);
    /// @notice Emitted when an assertion, or one that it extends, is proven wrong.
    /// @param id The id of the assertion
    /// @param challenger The account that received half of the bond
    event Invalidated(bytes32 indexed id, address indexed challenger);
    /// @notice Emitted when the bond of an assertion is returned because the rollup was frozen before it became final.
    /// @param id The id of the assertion
    event Released(bytes32 indexed id);
    /// @notice Emitted when a challenger commits to a proof.
    /// @param commitment The commitment
    /// @param challenger The challenger
    event Committed(bytes32 indexed commitment, address indexed challenger);
    /// @notice Emitted when a withdrawal is paid.
    /// @param number The number of the withdrawal, counted from the beginning so that it is paid once, whichever
    /// assertion proves it
    /// @param id The id of the assertion that proved it
    /// @param target The account that was paid
    /// @param token The id of the token
    /// @param amount The amount in token units
    event Claimed(uint256 indexed number, bytes32 indexed id, address target, uint16 token, uint128 amount);
    /// @notice Emitted when a withdrawal is transferred to a new owner.
    /// @param number The number of the withdrawal, counted from the beginning
    /// @param leaf The keccak256 hash of target, token and amount
    /// @param to The new owner
    event ClaimTransferred(uint256 indexed number, bytes32 indexed leaf, address to);
    /// @notice Emitted when the available bond of an account changes.
    /// @param proposer The account
    /// @param free The bond in wei that can be used or withdrawn
    event BondChanged(address indexed proposer, uint256 free);
    /// @notice Emitted when the rollup is frozen: no more entries, proposals or final assertions.
    /// @param finalId The id of the last final assertion
    event Frozen(bytes32 finalId);
    /// @notice Emitted when an account's balance is paid from the last final state.
    /// @param account The number of the account
    /// @param target The account that was paid
    /// @param token The id of the token
    /// @param amount The amount in token units
    event Escaped(uint256 indexed account, address target, uint16 token, uint128 amount);
    /// @notice Emitted when a deposit that the last final state has not consumed is paid back.
    /// @param index The index of the queue item
    /// @param target The account that was paid
    /// @param token The id of the token
    /// @param amount The amount in token units
    event Refunded(uint256 indexed index, address target, uint16 token, uint128 amount);
}
