// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The tree over a block's transactions
/// @dev Leaves and nodes are hashed with different tags: neither passes for the other. The tree of `count` leaves has
/// exactly ceil(log2(count)) levels and a proof exactly as many siblings: each leaf has one index and one proof.
library BlockTree {
    /// @notice Whether leaf `index` of `count` is `leaf`.
    /// @param path siblings from the bottom up
    function contains(bytes32 root, uint256 count, uint256 index, bytes32 leaf, bytes32[] calldata path)
        internal
        pure
        returns (bool)
    {
        uint256 depth = path.length;
        if (index >= count || 1 << depth < count) return false;
        unchecked {
            if (depth != 0 && 1 << (depth - 1) >= count) return false;
        }
        bytes32 node = leaf;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore8(m, 1)
            let left := add(m, 1)
            let right := add(m, 33)
            let end := add(path.offset, shl(5, depth))
            for { let at := path.offset } lt(at, end) { at := add(at, 32) } {
                switch and(index, 1)
                case 0 {
                    mstore(left, node)
                    mstore(right, calldataload(at))
                }
                default {
                    mstore(left, calldataload(at))
                    mstore(right, node)
                }
                node := keccak256(m, 65)
                index := shr(1, index)
            }
        }
        return node == root;
    }
}
