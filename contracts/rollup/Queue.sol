// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRollup} from "../interfaces/IRollup.sol";
import {RollupBase} from "./RollupBase.sol";

/// @title The queue of deposits, token registrations and forced operations
/// @dev The queue is one running hash, so an item needs no new slot. Every 256 items the hash is stored as a
/// checkpoint, so that a proof never covers more than 256 items.
abstract contract Queue is RollupBase {
    /// @dev The state of the queue, in one slot.
    /// @param acc The accumulator after the last item
    /// @param length The number of items
    struct Tail {
        bytes28 acc;
        uint32 length;
    }

    /// @dev A stored state of the queue, in one slot.
    /// @param acc The accumulator after the item
    /// @param time The time of the item
    struct Checkpoint {
        bytes28 acc;
        uint32 time;
    }

    /// @dev The number of items between two checkpoints, a power of two.
    uint256 internal constant CHECKPOINT = 256;
    uint256 private constant MAX_SIGNATURE = 64;

    uint8 internal constant ITEM_DEPOSIT = 1;
    uint8 private constant ITEM_FORCED = 2;
    uint8 internal constant ITEM_TOKEN = 3;

    Tail internal _tail;
    mapping(uint256 count => Checkpoint) internal _checkpoints;

    constructor() {
        // The sequencer's first exclusive period begins at deployment.
        _head.lastTime = uint40(block.timestamp);
        _head.pendingSince = NOTHING_WAITS;
    }

    /// @inheritdoc IRollup
    function force(
        uint8 scheme,
        uint32 account,
        uint16 token,
        uint128 amount,
        bool withdraws,
        address to,
        bytes calldata signature
    ) external whenNotFrozen {
        // A judge must be able to show 27 forced operations in one transaction.
        if (signature.length > MAX_SIGNATURE) revert SignatureTooLong(signature.length, MAX_SIGNATURE);
        _enqueue(abi.encodePacked(ITEM_FORCED, msg.sender, scheme, account, token, amount, withdraws, to, signature));
    }

    /// @inheritdoc IRollup
    function queue() external view returns (bytes28 acc, uint256 length) {
        return (_tail.acc, _tail.length);
    }

    /// @inheritdoc IRollup
    function checkpoints(uint256 count) external view returns (bytes28 acc, uint256 time) {
        Checkpoint storage point = _checkpoints[count];
        return (point.acc, point.time);
    }

    /// @dev Appends an item to the queue, and stores a checkpoint after every 256 items.
    function _enqueue(bytes memory raw) internal {
        Tail memory tail = _tail;
        if (_head.consumed == tail.length) _head.pendingSince = uint40(block.timestamp);
        tail.acc = _nextQueueAcc(tail.acc, keccak256(raw));
        emit Queued(tail.length, raw);
        tail.length += 1;
        _tail = tail;
        if (tail.length % CHECKPOINT == 0) _checkpoints[tail.length] = Checkpoint(tail.acc, uint32(block.timestamp));
    }

    /// @dev Returns true if the queue had this accumulator after `count` items, as far as the contract has stored it.
    function _wasQueueAcc(uint256 count, bytes28 acc) internal view returns (bool) {
        if (count == _tail.length) return acc == _tail.acc;
        return count % CHECKPOINT == 0 && count != 0 && acc == _checkpoints[count].acc;
    }
}
