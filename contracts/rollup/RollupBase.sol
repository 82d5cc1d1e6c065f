// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRollup} from "../interfaces/IRollup.sol";
import {Transfers} from "../lib/Transfers.sol";

/// @title Parameters, payments and hashes shared by all parts of the rollup
abstract contract RollupBase is IRollup {
    /// @dev The number of operations between two roots.
    uint256 internal constant OPS_PER_SEGMENT = 27;
    /// @dev The maximum number of segments of one assertion, whose roots fill one blob.
    uint256 internal constant MAX_SEGMENTS = 4096;
    uint256 internal constant ACCOUNT_DEPTH = 32;
    uint256 internal constant WITHDRAWAL_DEPTH = 17;

    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    /// @dev The seconds between two blocks, assuming that every second block is missed.
    uint256 private constant SECONDS_PER_BLOCK = 24;

    /// @dev The gas limit of a payment.
    uint256 private constant PUSH_GAS = 300_000;

    address internal immutable _SEQUENCER;
    uint256 internal immutable _FORCE_DELAY;
    uint256 internal immutable _SEQUENCER_WINDOW;
    uint256 internal immutable _WINDOW;
    uint256 internal immutable _FREEZE_AFTER;
    uint256 internal immutable _REVEAL_BLOCKS;
    uint256 internal immutable _BOND;

    /// @dev The fields that every posting and every deposit reads, in one slot.
    /// @param items The number of inbox entries
    /// @param segments The number of their segments
    /// @param consumed The number of consumed queue items
    /// @param lastTime The time of the last entry
    /// @param pendingSince The time since which the oldest queue item waits, or `NOTHING_WAITS`
    /// @param paced The end of the sequencer's posted frames, counted in frames at its pace, see `Inbox`
    /// @param frozen True if the rollup is frozen
    struct Head {
        uint32 items;
        uint56 segments;
        uint32 consumed;
        uint40 lastTime;
        uint40 pendingSince;
        uint48 paced;
        bool frozen;
    }

    /// @dev A time later than any other, used while the queue has no waiting items.
    uint40 internal constant NOTHING_WAITS = type(uint40).max;

    Head internal _head;
    bool private transient _entered;

    constructor(Config memory config) {
        // The rollup must not be frozen before an assertion had time to become final.
        if (config.freezeAfter <= config.window || config.bond < 64) revert InvalidConfig();
        // A proof must be committed to `revealBlocks` before the window ends, so the window must be longer than that.
        if (config.window <= config.revealBlocks * SECONDS_PER_BLOCK) revert InvalidConfig();
        _SEQUENCER = config.sequencer;
        _FORCE_DELAY = config.forceDelay;
        _SEQUENCER_WINDOW = config.sequencerWindow;
        _WINDOW = config.window;
        _FREEZE_AFTER = config.freezeAfter;
        _REVEAL_BLOCKS = config.revealBlocks;
        _BOND = config.bond;
    }

    /// @dev Prevents re-entry.
    modifier nonReentrant() {
        if (_entered) revert ReentrantCall();
        _entered = true;
        _;
        _entered = false;
    }

    /// @dev Requires that the rollup is not frozen.
    modifier whenNotFrozen() {
        if (_head.frozen) revert ChainFrozen();
        _;
    }

    /// @notice Returns the parameters.
    /// @return The parameters
    function config() external view returns (Config memory) {
        return Config(
            _SEQUENCER,
            uint40(_FORCE_DELAY),
            uint40(_SEQUENCER_WINDOW),
            uint40(_WINDOW),
            uint40(_FREEZE_AFTER),
            uint32(_REVEAL_BLOCKS),
            uint128(_BOND)
        );
    }

    /// @dev Returns the EIP-712 digest of a message's struct hash.
    function _digest(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPE, keccak256("layer2 Rollup"), keccak256("1"), block.chainid, address(this))
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    /// @dev Pushes a payment, and reverts if it fails.
    function _pay(address token, address target, uint256 amount) internal {
        if (!Transfers.tryPush(token, target, amount, PUSH_GAS)) revert PaymentFailed(target, token);
    }

    /// @dev The first byte of a root is zero, so it fits one field element of a blob.
    function _stateRoot(Roots calldata roots) internal pure returns (bytes32) {
        bytes32 system = keccak256(abi.encode(roots.withdrawals, roots.numbers, roots.queueAcc));
        return keccak256(abi.encode(roots.accounts, system)) & bytes32(type(uint256).max >> 8);
    }

    /// @dev Takes the siblings from the bottom up. Missing siblings at the top are roots of empty trees, so a short
    /// list has a short path. Above the end of the list every sibling is on the right, so leaving some out cannot prove
    /// anything else.
    function _requirePath(bytes32 root, bytes32 leaf, uint256 index, bytes32[] calldata path, uint256 depth)
        internal
        pure
    {
        if (path.length > depth || index >> path.length != 0) revert InvalidProof();
        bytes32 node = leaf;
        bytes32 empty = 0;
        for (uint256 i; i < depth; ++i) {
            bytes32 sibling = i < path.length ? path[i] : empty;
            assembly ("memory-safe") {
                let right := and(shr(i, index), 1)
                mstore(shl(5, right), node)
                mstore(shl(5, sub(1, right)), sibling)
                node := keccak256(0, 64)
                mstore(0, empty)
                mstore(32, empty)
                empty := keccak256(0, 64)
            }
        }
        if (node != root) revert InvalidProof();
    }

    /// @dev Returns the queue's accumulator after one more item.
    function _nextQueueAcc(bytes28 acc, bytes32 itemHash) internal pure returns (bytes28) {
        return bytes28(keccak256(abi.encodePacked(acc, itemHash)) << 32);
    }
}
