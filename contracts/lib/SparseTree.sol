// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A compact sparse tree keyed by 64-bit numbers
/// @dev The path to a key is its bits, the highest first. A subtree with one leaf is that leaf, an empty subtree is 32
/// zero bytes. leaf = keccak256(0x00 | key(8) | value), node = keccak256(0x01 | left | right), so neither can be
/// mistaken for the other. The path of a key has one end, so a root fixes one value of a key, or none.
library SparseTree {
    uint256 private constant DEPTH = 64;

    /// @notice Computes the root of a tree that contains `value` at `key`.
    /// @param key The key
    /// @param value The value
    /// @param siblings The siblings from the root down
    /// @return fits True if a tree can have this depth; otherwise the root is meaningless
    /// @return root The root
    function rootOf(uint64 key, bytes32 value, bytes32[] calldata siblings)
        internal
        pure
        returns (bool fits, bytes32 root)
    {
        if (siblings.length > DEPTH) return (false, 0);
        bytes32 node = keccak256(abi.encodePacked(bytes1(0x00), key, value));
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore8(m, 0x01)
            m := add(m, 1)
            for { let i := siblings.length } i {} {
                i := sub(i, 1)
                let right := shl(5, and(shr(sub(63, i), key), 1))
                mstore(add(m, right), node)
                mstore(add(m, sub(32, right)), calldataload(add(siblings.offset, shl(5, i))))
                node := keccak256(sub(m, 1), 65)
            }
        }
        return (true, node);
    }
}
