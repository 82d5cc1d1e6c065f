// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Runs: data of any length, committed to so that 496 bytes of it can be shown alone
/// @dev A Merkle tree over the runs of 496 bytes, the last filled up with zeros: what 16 field elements of a blob hold.
/// A leaf hashes 496 bytes and a node 64: neither passes for the other. A missing right sibling is zero.
library Runs {
    uint256 internal constant RUN = 496;

    function count(uint256 length) internal pure returns (uint256) {
        return (length + RUN - 1) / RUN;
    }

    /// @notice The root over `data`; zero when there is none.
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
                    // What follows in the calldata is not data: the memory behind the end is cleared by hand.
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

    /// @notice Whether run `index` of `total` is the one that lies at `at` in `data`.
    /// @param path siblings from the bottom up, 32 bytes each, as many as the tree is deep, beginning at `start`
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

    function depth(uint256 total) internal pure returns (uint256 levels) {
        while (1 << levels < total) ++levels;
    }
}
