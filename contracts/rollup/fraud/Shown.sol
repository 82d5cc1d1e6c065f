// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRollup} from "../../interfaces/IRollup.sol";
import {BlobOpening} from "../../lib/BlobOpening.sol";
import {ChunkTree} from "../../lib/ChunkTree.sol";
import {WitnessErrors} from "./WitnessErrors.sol";

/// @title Openings of an entry's frame and of an assertion's roots, in calldata or in blobs
/// @dev Both are opened together, so that two blobs cost little more than one.
library Shown {
    uint8 private constant IN_BLOBS = 2;
    uint256 private constant RUN = 496;
    uint256 private constant RUN_FIELDS = 16;
    uint256 private constant FIELD = 31;
    uint256 private constant FRAMES_PER_BLOB = 256;

    /// @dev The opened data and its proofs.
    /// @param frame The frame: 496 bytes, or 16 field elements with their top bytes; empty for queue items
    /// @param framePath The siblings of the frame in the entry's tree, if it is in calldata
    /// @param hashes The versioned hashes of the entry's blobs, if it is in blobs
    /// @param roots The runs that contain the required roots (one or two), or these roots as field elements
    /// @param rootsPath The siblings of these runs, one path after the other, if they are in calldata
    /// @param opening The opening of the parts in blobs, see `BlobOpening.verify`
    struct Pieces {
        bytes frame;
        bytes framePath;
        bytes hashes;
        bytes roots;
        bytes rootsPath;
        bytes opening;
    }

    /// @notice Verifies frame `index` of an entry (if a frame is required) and roots `first` to `last` of an assertion.
    /// @return frame The bytes of the frame and two more words, so that the last operation can be read in whole words
    /// @return roots The roots, in order
    function check(
        Pieces memory pieces,
        IRollup.Assertion calldata claimed,
        uint256 segments,
        IRollup.Batch memory item,
        bool hasFrame,
        uint256 index,
        uint256 first,
        uint256 last
    ) internal view returns (bytes memory frame, bytes32[] memory roots) {
        bool frameInBlob = hasFrame && item.kind == IN_BLOBS;
        BlobOpening.Part[] memory parts = new BlobOpening.Part[]((frameInBlob ? 1 : 0) + (claimed.rootsInBlob ? 1 : 0));
        if (hasFrame) {
            if (frameInBlob) parts[0] = _framePart(pieces, item, index);
            else _requireFrame(pieces, item, index);
            frame = _frame(pieces.frame, frameInBlob);
        }
        if (claimed.rootsInBlob) {
            parts[parts.length - 1] = BlobOpening.Part(claimed.roots, first, pieces.roots);
            if (pieces.roots.length != 32 * (last + 1 - first)) revert WitnessErrors.InvalidRootsLength();
        } else {
            _requireRoots(pieces, claimed.roots, segments, first, last);
        }
        if (parts.length != 0) BlobOpening.verify(parts, pieces.opening);
        roots = _roots(pieces.roots, claimed.rootsInBlob, first, last);
    }

    function _framePart(Pieces memory pieces, IRollup.Batch memory item, uint256 index)
        private
        pure
        returns (BlobOpening.Part memory part)
    {
        if (keccak256(pieces.hashes) != item.data || pieces.frame.length != 32 * RUN_FIELDS) {
            revert WitnessErrors.InvalidFrameData();
        }
        // The entry has as many hashes as its frames need.
        uint256 blob = index / FRAMES_PER_BLOB;
        bytes memory hashes = pieces.hashes;
        assembly ("memory-safe") {
            mstore(part, mload(add(add(hashes, 32), shl(5, blob))))
        }
        part.first = (index % FRAMES_PER_BLOB) * RUN_FIELDS;
        part.values = pieces.frame;
    }

    function _requireFrame(Pieces memory pieces, IRollup.Batch memory item, uint256 index) private pure {
        if (
            pieces.frame.length != RUN
                || !ChunkTree.holds(item.data, item.frames, index, pieces.frame, 0, pieces.framePath, 0)
        ) revert WitnessErrors.InvalidFrameData();
    }

    function _requireRoots(Pieces memory pieces, bytes32 root, uint256 segments, uint256 first, uint256 last)
        private
        pure
    {
        uint256 total = ChunkTree.count(segments * FIELD);
        uint256 step = 32 * ChunkTree.depth(total);
        uint256 from = first / RUN_FIELDS;
        for (uint256 run = from; run <= last / RUN_FIELDS; ++run) {
            uint256 at = run - from;
            if (!ChunkTree.holds(root, total, run, pieces.roots, at * RUN, pieces.rootsPath, at * step)) {
                revert WitnessErrors.InvalidRootsPath();
            }
        }
    }

    function _frame(bytes memory given, bool inBlob) private pure returns (bytes memory frame) {
        frame = new bytes(RUN + 64);
        assembly ("memory-safe") {
            let to := add(frame, 32)
            let from := add(given, 32)
            switch inBlob
            case 0 { mcopy(to, from, RUN) }
            default {
                // The top byte of a field element is ignored.
                for { let i := 0 } lt(i, RUN_FIELDS) { i := add(i, 1) } {
                    mstore(add(to, mul(i, FIELD)), shl(8, mload(add(from, shl(5, i)))))
                }
            }
        }
    }

    function _roots(bytes memory given, bool inBlob, uint256 first, uint256 last)
        private
        pure
        returns (bytes32[] memory roots)
    {
        roots = new bytes32[](last + 1 - first);
        uint256 skipped = first % RUN_FIELDS;
        assembly ("memory-safe") {
            let from := add(given, 32)
            for { let i := 0 } lt(i, mload(roots)) { i := add(i, 1) } {
                let root
                switch inBlob
                case 0 { root := shr(8, mload(add(from, mul(add(i, skipped), FIELD)))) }
                default { root := mload(add(from, shl(5, i))) }
                mstore(add(add(roots, 32), shl(5, i)), root)
            }
        }
    }
}
