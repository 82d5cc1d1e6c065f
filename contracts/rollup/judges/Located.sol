// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRollup} from "../../interfaces/IRollup.sol";

/// @title Where a segment lies: which entry, which frame or queue items, and the roots around it
library Located {
    /// @notice The entry, or a root, is not what the rollup or the claim commits to.
    error WitnessInvalid(uint256 what);

    uint256 private constant ROOT_BYTES = 31;
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

    /// @notice Root number `index` of a claim whose roots are in calldata.
    function rootAt(bytes memory roots, uint256 index) internal pure returns (bytes32 root) {
        if ((index + 1) * ROOT_BYTES > roots.length) revert WitnessInvalid(4);
        assembly ("memory-safe") {
            root := shr(8, mload(add(add(roots, 32), mul(index, 31))))
        }
    }
}
