// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRollup} from "../interfaces/IRollup.sol";
import {ChunkTree} from "../lib/ChunkTree.sol";
import {Queue} from "./Queue.sol";

/// @title The inbox: entries of frames, each of which first consumes queue items
abstract contract Inbox is Queue {
    uint8 private constant KIND_QUEUE = 0;
    uint8 private constant KIND_CALLDATA = 1;
    uint8 private constant KIND_BLOBS = 2;

    uint256 private constant FRAMES_PER_BLOB = 256;
    uint256 private constant SEGMENTS_PER_FRAME = 2;
    /// @dev The maximum number of queue items of one entry: ten checkpoints, about 95 segments.
    uint256 private constant MAX_CONSUME = 2560;
    /// @dev A number of items that cannot be reached, with a short encoding.
    uint256 private constant TO_THE_END = type(uint32).max;

    /// @dev The frames a second that a verifier with one ordinary core can process, however expensive the frames are:
    /// one limit for the sequencer, one for all others together, each with a burst of one hour.
    uint256 private constant SEQUENCER_PACE = 32;
    uint256 private constant OTHERS_PACE = 8;
    uint256 private constant BURST = 3600;

    /// @dev The counterpart of `Head.paced` for all accounts but the sequencer, so that neither can use up the other's
    /// share.
    uint48 private _othersPaced;

    /// @inheritdoc IRollup
    mapping(uint256 index => bytes32) public accumulators;

    /// @inheritdoc IRollup
    function postCalldata(bytes32 expectedAcc, bytes calldata data, uint256 queueEnd) external {
        _post(expectedAcc, KIND_CALLDATA, ChunkTree.commit(data), ChunkTree.count(data.length), queueEnd);
        emit Frames(_head.items, data);
    }

    /// @inheritdoc IRollup
    function postBlobs(bytes32 expectedAcc, uint256 frames, uint256 queueEnd) external {
        if (frames > MAX_SEGMENTS) revert InvalidBatchSize(frames);
        uint256 count = (frames + FRAMES_PER_BLOB - 1) / FRAMES_PER_BLOB;
        bytes32[] memory hashes = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            hashes[i] = blobhash(i);
            if (hashes[i] == 0) revert MissingBlob(i);
        }
        bytes32 all;
        assembly ("memory-safe") {
            all := keccak256(add(hashes, 32), shl(5, count))
        }
        _post(expectedAcc, KIND_BLOBS, all, frames, queueEnd);
        emit Blobs(hashes);
    }

    /// @inheritdoc IRollup
    function forceInclude(bytes32 expectedAcc, uint256 queueEnd) external {
        _post(expectedAcc, KIND_QUEUE, 0, 0, queueEnd);
    }

    /// @inheritdoc IRollup
    function inbox()
        external
        view
        returns (uint256 items, uint256 segments, uint256 queueConsumed, uint256 lastTime, uint256 pendingSince)
    {
        Head memory head = _head;
        pendingSince = head.pendingSince == NOTHING_WAITS ? 0 : head.pendingSince;
        return (head.items, head.segments, head.consumed, head.lastTime, pendingSince);
    }

    /// @dev Appends an entry, which first consumes queue items.
    function _post(bytes32 expectedAcc, uint8 kind, bytes32 data, uint256 frames, uint256 queueEnd) private {
        Head memory head = _head;
        if (head.frozen) revert ChainFrozen();
        bytes32 previous = accumulators[head.items];
        if (previous != expectedAcc) revert UnexpectedAccumulator(previous, expectedAcc);
        (bytes28 queueAcc, uint256 consumed) = _consume(head, queueEnd);
        uint256 added = (consumed + OPS_PER_SEGMENT - 1) / OPS_PER_SEGMENT + frames * SEGMENTS_PER_FRAME;
        if (added == 0 || added > MAX_SEGMENTS) revert InvalidBatchSize(added);
        if (frames != 0) _pace(head, frames);
        head.segments += uint56(added);
        head.items += 1;
        head.lastTime = uint40(block.timestamp);
        _keep(head);
        Batch memory item = Batch(
            previous, kind, data, uint32(frames), head.segments, head.consumed, queueAcc, uint40(block.timestamp)
        );
        bytes32 acc;
        assembly ("memory-safe") {
            // A struct of words has the same layout in memory as in its encoding.
            acc := keccak256(item, 256)
        }
        accumulators[head.items] = acc;
        emit Posted(head.items, item);
    }

    /// @dev Consumes queue items, and requires that the caller may post and that no overdue items remain.
    /// @return acc The queue's accumulator at `queueEnd`; zero if no items are consumed
    /// @return count The number of consumed items
    function _consume(Head memory head, uint256 queueEnd) private view returns (bytes28 acc, uint256 count) {
        bool overdue = _isOverdue(head.pendingSince);
        if (msg.sender != _SEQUENCER && !overdue && block.timestamp <= head.lastTime + _SEQUENCER_WINDOW) {
            revert SequencerWindowOpen(msg.sender, head.lastTime + _SEQUENCER_WINDOW + 1);
        }
        // The queue is not read if no items are to be consumed and none is overdue.
        if (queueEnd == head.consumed && !overdue) return (0, 0);
        Tail memory tail = _tail;
        // A deposit may move the end of the queue before the call is mined; this value means the end at that time.
        if (queueEnd == TO_THE_END) {
            queueEnd = head.consumed + MAX_CONSUME;
            queueEnd = tail.length <= queueEnd ? tail.length : queueEnd & ~(CHECKPOINT - 1);
        }
        if (queueEnd < head.consumed || queueEnd > tail.length || queueEnd - head.consumed > MAX_CONSUME) {
            revert InvalidQueueEnd(head.consumed, queueEnd, tail.length);
        }
        count = queueEnd - head.consumed;
        if (queueEnd == tail.length) {
            acc = count == 0 ? bytes28(0) : tail.acc;
            head.pendingSince = NOTHING_WAITS;
        } else if (count != 0) {
            Checkpoint memory point = _checkpoints[queueEnd];
            if (point.time == 0) revert InvalidQueueEnd(head.consumed, queueEnd, tail.length);
            acc = point.acc;
            head.pendingSince = point.time;
        }
        head.consumed = uint32(queueEnd);
        // A flood of queue items must not block the inbox, so consuming the maximum is sufficient.
        if (queueEnd != tail.length && _isOverdue(head.pendingSince) && count + CHECKPOINT <= MAX_CONSUME) {
            revert QueueOverdue(head.pendingSince);
        }
    }

    /// @dev Writes the head with one store; field by field the compiler writes it seven times.
    function _keep(Head memory head) private {
        assembly ("memory-safe") {
            let word := or(mload(head), shl(32, mload(add(head, 0x20))))
            word := or(word, or(shl(88, mload(add(head, 0x40))), shl(120, mload(add(head, 0x60)))))
            word := or(word, or(shl(160, mload(add(head, 0x80))), shl(200, mload(add(head, 0xa0)))))
            sstore(_head.slot, or(word, shl(248, mload(add(head, 0xc0)))))
        }
    }

    /// @dev Measures time in frames at the given pace: frames follow each other, none earlier than `BURST` before now.
    function _pace(Head memory head, uint256 frames) private {
        bool own = msg.sender == _SEQUENCER;
        uint256 pace = own ? SEQUENCER_PACE : OTHERS_PACE;
        uint256 present = block.timestamp * pace;
        uint256 paced = own ? head.paced : _othersPaced;
        if (paced < present) paced = present;
        paced += frames;
        if (paced > present + BURST * pace) revert PostingTooFast(frames, (paced + pace - 1) / pace - BURST);
        if (own) head.paced = uint48(paced);
        else _othersPaced = uint48(paced);
    }

    /// @dev Returns true if queue items that wait since `since` must be consumed.
    function _isOverdue(uint256 since) private view returns (bool) {
        return block.timestamp > since + _FORCE_DELAY;
    }
}
