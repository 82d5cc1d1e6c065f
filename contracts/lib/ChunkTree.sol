// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A commitment to data of any length whose runs of 496 bytes can be shown separately
/// @dev The commitment is a Merkle tree over the runs of 496 bytes, as many as 16 field elements of a blob hold; the
/// last run is padded with zeros. A leaf hashes 496 bytes and a node 64, so neither can be mistaken for the other. A
/// missing right sibling is zero.
library ChunkTree {
    uint256 internal constant RUN = 496;

    /// @notice Returns the number of runs of `length` bytes.
    function count(uint256 length) internal pure returns (uint256) {
        return (length + RUN - 1) / RUN;
    }

    /// @notice Returns the root over `data`; zero for empty data.
    function commit(bytes calldata data) internal pure returns (bytes32 root) {
        if (data.length == 0) return 0;
        assembly ("memory-safe") {
            let n := div(add(data.length, sub(RUN, 1)), RUN)
            let nodes := mload(0x40)
            let run := add(nodes, shl(5, n))
            let left := data.length
            for { let i := 0 } lt(i, n) { i := add(i, 1) } {
                let size := RUN
                if lt(left, RUN) {
                    // The bytes after the data in the calldata must not count, so the memory after its end is cleared
                    // first.
                    size := left
                    calldatacopy(run, calldatasize(), RUN)
                }
                calldatacopy(run, add(data.offset, mul(i, RUN)), size)
                mstore(add(nodes, shl(5, i)), keccak256(run, RUN))
                left := sub(left, size)
            }
            for {} gt(n, 1) {} {
                let half := shr(1, n)
                for { let i := 0 } lt(i, half) { i := add(i, 1) } {
                    mstore(add(nodes, shl(5, i)), keccak256(add(nodes, shl(6, i)), 64))
                }
                if and(n, 1) {
                    mstore(0, mload(add(nodes, shl(6, half))))
                    mstore(32, 0)
                    mstore(add(nodes, shl(5, half)), keccak256(0, 64))
                }
                n := sub(n, half)
            }
            root := mload(nodes)
        }
    }

    /// @notice Returns true if the bytes of `data` from `at` are run `index` of `total`.
    /// @param root The root over the runs
    /// @param total The number of runs
    /// @param index The index of the run
    /// @param data The bytes that contain the run
    /// @param at The offset of the run in `data`
    /// @param path The bytes that contain the siblings: from the bottom up, 32 bytes each, one for each level
    /// @param start The offset of the first sibling in `path`
    function holds(
        bytes32 root,
        uint256 total,
        uint256 index,
        bytes memory data,
        uint256 at,
        bytes memory path,
        uint256 start
    ) internal pure returns (bool) {
        uint256 levels = depth(total);
        if (index >= total || data.length < at + RUN || path.length < start + 32 * levels) return false;
        bytes32 node;
        assembly ("memory-safe") {
            node := keccak256(add(add(data, 32), at), RUN)
            let sibling := add(add(path, 32), start)
            for { let level := 0 } lt(level, levels) { level := add(level, 1) } {
                let right := shl(5, and(shr(level, index), 1))
                mstore(right, node)
                mstore(sub(32, right), mload(add(sibling, shl(5, level))))
                node := keccak256(0, 64)
            }
        }
        return node == root;
    }

    /// @notice Returns the depth of the tree over `total` runs.
    function depth(uint256 total) internal pure returns (uint256 levels) {
        while (1 << levels < total) ++levels;
    }
}
