// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The tree over a block's transactions, joined with the hash of their signatures
/// @dev Leaves and nodes are hashed with different tags, so neither can be mistaken for the other. The tree of `count`
/// leaves has exactly ceil(log2(count)) levels; one more level joins the hash of all signatures on its right. A proof
/// has exactly as many siblings, and that hash is the last of them. Each leaf therefore has one index and one proof,
/// and the root binds every byte of the block's data.
library BlockTree {
    /// @notice Computes the root that a proof leads to.
    /// @param count The number of leaves
    /// @param index The index of the leaf
    /// @param leaf The leaf
    /// @param path The siblings from the bottom up, then the hash of the signatures
    /// @return fits True if the index and the length of the path are possible in a tree of `count` leaves; otherwise
    /// the root is meaningless
    /// @return root The root
    function rootOf(uint256 count, uint256 index, bytes32 leaf, bytes32[] calldata path)
        internal
        pure
        returns (bool fits, bytes32 root)
    {
        uint256 length = path.length;
        if (index >= count || 1 << length < 2 * count) return (false, 0);
        unchecked {
            // `length` counts one level above the tree and is never zero; a tree of one leaf has no level of its own.
            if (length != 1 && 1 << (length - 2) >= count) return (false, 0);
        }
        root = leaf;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore8(m, 1)
            let left := add(m, 1)
            let right := add(m, 33)
            let end := add(path.offset, shl(5, length))
            for { let at := path.offset } lt(at, end) { at := add(at, 32) } {
                switch and(index, 1)
                case 0 {
                    mstore(left, root)
                    mstore(right, calldataload(at))
                }
                default {
                    mstore(left, calldataload(at))
                    mstore(right, root)
                }
                root := keccak256(m, 65)
                index := shr(1, index)
            }
        }
        fits = true;
    }
}
