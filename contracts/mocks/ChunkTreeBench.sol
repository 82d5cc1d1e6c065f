// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ChunkTree} from "../lib/ChunkTree.sol";

/// @title External access to the library of runs
contract ChunkTreeBench {
    /// @notice Returns the number of runs of `length` bytes.
    function count(uint256 length) external pure returns (uint256) {
        return ChunkTree.count(length);
    }

    /// @notice Returns the depth of the tree over `total` runs.
    function depth(uint256 total) external pure returns (uint256) {
        return ChunkTree.depth(total);
    }

    /// @notice Returns the root over `data`. The bytes after it in the calldata must not count.
    function commit(bytes calldata data, bytes calldata) external pure returns (bytes32) {
        return ChunkTree.commit(data);
    }

    /// @notice Returns true if the bytes of `data` from `at` are run `index` of `total`.
    function holds(
        bytes32 root,
        uint256 total,
        uint256 index,
        bytes memory data,
        uint256 at,
        bytes memory path,
        uint256 start
    ) external pure returns (bool) {
        return ChunkTree.holds(root, total, index, data, at, path, start);
    }
}
