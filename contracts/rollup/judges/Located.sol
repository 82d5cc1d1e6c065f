// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRollup} from "../../interfaces/IRollup.sol";

/// @title Where a segment lies: which entry, and which of its segments
library Located {
    /// @notice The entry, or something shown of it, is not what the rollup or the claim commits to.
    error WitnessInvalid(uint256 what);

    uint256 private constant OPS = 27;

    /// @param entry index of the inbox entry that holds the segment
    /// @param item the entry
    /// @param previous the entry before it; ignored for the first
    struct Place {
        uint256 entry;
        IRollup.Item item;
        IRollup.Item previous;
    }

    /// @notice The segment's number inside its entry, and the queue position before the entry.
    /// @param absolute segments before it, from the beginning of the rollup
    function inside(IRollup rollup, Place memory place, uint256 absolute)
        internal
        view
        returns (uint256 offset, uint256 queueStart)
    {
        if (place.entry == 0 || keccak256(abi.encode(place.item)) != rollup.accs(place.entry)) {
            revert WitnessInvalid(1);
        }
        uint256 start = 0;
        if (place.entry > 1) {
            if (keccak256(abi.encode(place.previous)) != place.item.previous) revert WitnessInvalid(2);
            start = place.previous.segments;
            queueStart = place.previous.queueEnd;
        }
        if (absolute < start || absolute >= place.item.segments) revert WitnessInvalid(3);
        offset = absolute - start;
    }

    /// @notice Queue segments of an entry.
    function queueSegments(uint256 count) internal pure returns (uint256) {
        return (count + OPS - 1) / OPS;
    }
}
