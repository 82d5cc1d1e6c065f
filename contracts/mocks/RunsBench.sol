// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Runs} from "../lib/Runs.sol";

/// @title The library of runs, callable
contract RunsBench {
    /// @notice Runs that so many bytes fill.
    function count(uint256 length) external pure returns (uint256) {
        return Runs.count(length);
    }

    /// @notice How deep the tree over so many runs is.
    function depth(uint256 total) external pure returns (uint256) {
        return Runs.depth(total);
    }

    /// @notice The root over `data`; what follows it in the calldata must not count.
    function commit(bytes calldata data, bytes calldata) external pure returns (bytes32) {
        return Runs.commit(data);
    }

    /// @notice Whether run `index` of `total` lies at `at` in `data`.
    function holds(
        bytes32 root,
        uint256 total,
        uint256 index,
        bytes memory data,
        uint256 at,
        bytes memory path,
        uint256 start
    ) external pure returns (bool) {
        return Runs.holds(root, total, index, data, at, path, start);
    }
}
