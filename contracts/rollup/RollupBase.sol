// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRollup} from "../interfaces/IRollup.sol";
import {Transfers} from "../lib/Transfers.sol";

/// @title Parameters, payments and hashes that all parts of the rollup share
abstract contract RollupBase is IRollup {
    /// @dev Operations between two roots.
    uint256 internal constant OPS_PER_SEGMENT = 27;
    /// @dev Segments of one assertion: their roots fill one blob.
    uint256 internal constant MAX_SEGMENTS = 4096;
    uint256 internal constant ACCOUNT_DEPTH = 32;
    uint256 internal constant WITHDRAWAL_DEPTH = 17;

    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    /// @dev Seconds between two blocks, with room for every second one to be missed.
    uint256 private constant SECONDS_PER_BLOCK = 24;

    /// @dev What a payment may burn.
    uint256 private constant PUSH_GAS = 300_000;

    address internal immutable _SEQUENCER;
    uint256 internal immutable _FORCE_DELAY;
    uint256 internal immutable _LEASE;
    uint256 internal immutable _WINDOW;
    uint256 internal immutable _FREEZE_AFTER;
    uint256 internal immutable _REVEAL_BLOCKS;
    uint256 internal immutable _BOND;

    /// @dev One slot: what every posting and every deposit reads.
    struct Head {
        uint32 items;
        uint56 segments;
        uint32 consumed;
        uint40 lastTime;
        uint40 pendingSince;
        uint48 paced;
        bool frozen;
    }

    /// @dev Later than any time: so long has nothing waited in the queue.
    uint40 internal constant NOTHING_WAITS = type(uint40).max;

    Head internal _head;
    bool private transient _entered;

    constructor(Config memory config) {
        // Who freezes must have had the time to see an assertion through.
        if (config.freezeAfter <= config.window || config.bond < 64) revert ConfigInvalid();
        // A proof must be announced so many blocks before the window ends: there must be a window before that.
        if (config.window <= config.revealBlocks * SECONDS_PER_BLOCK) revert ConfigInvalid();
        _SEQUENCER = config.sequencer;
        _FORCE_DELAY = config.forceDelay;
        _LEASE = config.lease;
        _WINDOW = config.window;
        _FREEZE_AFTER = config.freezeAfter;
        _REVEAL_BLOCKS = config.revealBlocks;
        _BOND = config.bond;
    }

    modifier once() {
        if (_entered) revert Reentered();
        _entered = true;
        _;
        _entered = false;
    }

    modifier whileRunning() {
        if (_head.frozen) revert FrozenMode(true);
        _;
    }

    /// @notice The parameters.
    function config() external view returns (Config memory) {
        return Config(
            _SEQUENCER,
            uint40(_FORCE_DELAY),
            uint40(_LEASE),
            uint40(_WINDOW),
            uint40(_FREEZE_AFTER),
            uint32(_REVEAL_BLOCKS),
            uint128(_BOND)
        );
    }

    /// @dev The EIP-712 digest of a message's hash.
    function _digest(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPE, keccak256("layer2 Rollup"), keccak256("1"), block.chainid, address(this))
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function _pay(address token, address target, uint256 amount) internal {
        if (!Transfers.tryPush(token, target, amount, PUSH_GAS)) revert PaymentFailed(target, token);
    }

    /// @dev A root has its first byte zero: it fits one field element of a blob.
    function _stateRoot(Roots calldata roots) internal pure returns (bytes32) {
        bytes32 system = keccak256(abi.encode(roots.withdrawals, roots.numbers, roots.queueAcc));
        return keccak256(abi.encode(roots.accounts, system)) & bytes32(type(uint256).max >> 8);
    }

    /// @dev Siblings from the bottom up. What is missing at the top are roots of empty trees: a young list has a short
    /// path. Above the list's end every sibling is on the right, so that nothing else can be proven by leaving some out.
    function _requirePath(bytes32 root, bytes32 leaf, uint256 index, bytes32[] calldata path, uint256 depth)
        internal
        pure
    {
        if (path.length > depth || index >> path.length != 0) revert ProofInvalid();
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
        if (node != root) revert ProofInvalid();
    }

    function _nextQueueAcc(bytes28 acc, bytes32 itemHash) internal pure returns (bytes28) {
        return bytes28(keccak256(abi.encodePacked(acc, itemHash)) << 32);
    }
}
