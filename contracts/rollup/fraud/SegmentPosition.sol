// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRollup} from "../../interfaces/IRollup.sol";
import {WitnessErrors} from "./WitnessErrors.sol";

/// @title The position of a segment: its entry, and its index in the entry
library SegmentPosition {
    uint256 private constant OPS = 27;

    /// @dev An inbox entry and the one before it.
    /// @param entry The index of the inbox entry that contains the segment
    /// @param item The entry
    /// @param previous The entry before it; ignored for the first
    struct Place {
        uint256 entry;
        IRollup.Batch item;
        IRollup.Batch previous;
    }

    /// @notice Returns the segment's index in its entry, and the queue position before the entry.
    /// @param rollup The rollup
    /// @param place The entry
    /// @param absolute The number of segments before it, from the beginning of the rollup
    /// @return offset The index of the segment in the entry
    /// @return queueStart The queue position before the entry
    function inside(IRollup rollup, Place memory place, uint256 absolute)
        internal
        view
        returns (uint256 offset, uint256 queueStart)
    {
        if (place.entry == 0 || keccak256(abi.encode(place.item)) != rollup.accumulators(place.entry)) {
            revert WitnessErrors.UnknownEntry();
        }
        uint256 start = 0;
        if (place.entry > 1) {
            if (keccak256(abi.encode(place.previous)) != place.item.previous) {
                revert WitnessErrors.UnknownPreviousEntry();
            }
            start = place.previous.segments;
            queueStart = place.previous.queueEnd;
        }
        if (absolute < start || absolute >= place.item.segments) revert WitnessErrors.SegmentOutOfRange();
        offset = absolute - start;
    }

    /// @notice Returns the number of segments of `count` queue items.
    function queueSegments(uint256 count) internal pure returns (uint256) {
        return (count + OPS - 1) / OPS;
    }
}
