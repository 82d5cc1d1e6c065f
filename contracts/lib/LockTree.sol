// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The Merkle tree of the locks of one direction
/// @dev A leaf is the keccak256 of a lock's 53 packed bytes, an inner node that of two nodes (64 bytes), so neither can
/// be mistaken for the other. The list is padded with zero words to a power of two.
library LockTree {
    /// @notice Folds opened leaves and the other nodes into a root.
    /// @param nodes The pairs (index, leaf), by increasing index; overwritten
    /// @param count The number of pairs, at least one
    /// @param siblings The other nodes, level by level from left to right
    /// @return ok False if there are too few siblings, or if an index is outside of the tree that they define
    /// @return root The root
    function fold(uint256[] memory nodes, uint256 count, bytes32[] calldata siblings)
        internal
        pure
        returns (bool ok, bytes32 root)
    {
        assembly ("memory-safe") {
            let first := add(nodes, 32)
            let sibling := siblings.offset
            let end := add(sibling, shl(5, siblings.length))
            ok := 1
            for {} and(ok, or(gt(count, 1), lt(sibling, end))) {} {
                let last := add(first, shl(6, count))
                let out := first
                for { let entry := first } lt(entry, last) {} {
                    let index := mload(entry)
                    let next := add(entry, 64)
                    let own := shl(5, and(index, 1))
                    mstore(own, mload(add(entry, 32)))
                    // An even node and the odd node after it are a pair; otherwise the other node is the next sibling.
                    switch and(lt(next, last), and(iszero(own), eq(mload(next), add(index, 1))))
                    case 1 {
                        mstore(32, mload(add(next, 32)))
                        next := add(next, 64)
                    }
                    default {
                        if iszero(lt(sibling, end)) {
                            ok := 0
                            break
                        }
                        mstore(xor(own, 32), calldataload(sibling))
                        sibling := add(sibling, 32)
                    }
                    mstore(out, shr(1, index))
                    mstore(add(out, 32), keccak256(0, 64))
                    out := add(out, 64)
                    entry := next
                }
                count := shr(6, sub(out, first))
            }
            // An index beyond the tree would be a second index of the same leaf.
            ok := and(ok, iszero(mload(first)))
            root := mload(add(first, 32))
        }
    }
}
