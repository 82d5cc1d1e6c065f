// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The Merkle tree of the locks of one direction
/// @dev A leaf is the keccak of a lock's 53 packed bytes, an inner node that of two nodes (64 bytes): neither can be
/// read as the other. The list is padded with zero words to a power of two.
library LockTree {
    /// @notice Fold opened leaves into a root, with the other nodes level by level from left to right.
    /// @param nodes pairs (index, leaf), by rising index; overwritten
    /// @param count how many pairs, at least one
    /// @return ok false where the siblings run out, or the indexes lie outside the tree that they make
    /// @return root the root
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
                    // An even node and the odd one behind it are a pair; else the other one is the next sibling.
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
            // An index beyond the tree would be another name for the same leaf.
            ok := and(ok, iszero(mload(first)))
            root := mload(add(first, 32))
        }
    }
}
