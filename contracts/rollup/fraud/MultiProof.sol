// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The root over all accounts, computed from some of them and their siblings
/// @dev Accounts are in records, see `Accounts`: `id | owner | word | leaf before | counter`. There are two functions,
/// because computing both roots would add about 90,000 gas to a signature dispute, which needs only one.
library MultiProof {
    uint256 private constant DEPTH = 32;
    uint256 private constant RECORD = 160;

    /// @notice Returns the root over all accounts before.
    /// @dev Works from left to right: each node moves up to the level below its common parent with the next account,
    /// and waits there for it.
    /// @param table The address of the accounts
    /// @param size The number of accounts
    /// @param siblings The siblings from the bottom up, in the order of use, 32 bytes each, without those at or above
    /// the next account; too few or too many lead to zero, which is not the root of any state
    /// @param next The first account that does not exist: it and all above are empty
    /// @return before The root
    function root(uint256 table, uint256 size, bytes calldata siblings, uint256 next)
        internal
        pure
        returns (bytes32 before)
    {
        assembly ("memory-safe") {
            let zero := mload(0x40)
            for { let level := 0 } lt(level, sub(DEPTH, 1)) { level := add(level, 1) } {
                let at := add(zero, shl(5, level))
                if iszero(level) { mstore(at, 0) }
                mstore(0, mload(at))
                mstore(32, mload(at))
                mstore(add(at, 32), keccak256(0, 64))
            }
            // The bottom of the stack is a sentinel that is never joined.
            let top := add(zero, 1024)
            mstore(top, not(0))
            let sibling := siblings.offset
            let end := add(table, mul(size, RECORD))
            for { let at := table } lt(at, end) {} {
                let index := mload(at)
                let node := mload(add(at, 96))
                at := add(at, RECORD)
                let target := DEPTH
                if lt(at, end) { target := highest(xor(index, mload(at))) }
                // All siblings exist up to the level at which the last account joins.
                let sure := 0
                if lt(index, next) {
                    sure := xor(index, sub(next, 1))
                    switch shr(target, sure)
                    case 0 { if sure { sure := add(highest(sure), 1) } }
                    default { sure := target }
                }
                let level := 0
                for {} 1 {} {
                    let joint := mload(top)
                    if gt(joint, target) { joint := target }
                    if lt(level, sure) {
                        // All siblings exist, so no test is needed up to the level of this node.
                        let climb := joint
                        if gt(climb, sure) { climb := sure }
                        let bits := shl(5, index)
                        index := shr(sub(climb, level), index)
                        if and(sub(climb, level), 1) {
                            let own := and(bits, 32)
                            mstore(own, node)
                            mstore(xor(own, 32), calldataload(sibling))
                            node := keccak256(0, 64)
                            sibling := add(sibling, 32)
                            bits := shr(1, bits)
                        }
                        if and(sub(climb, level), 2) {
                            let own := and(bits, 32)
                            mstore(own, node)
                            mstore(xor(own, 32), calldataload(sibling))
                            node := keccak256(0, 64)
                            own := and(shr(1, bits), 32)
                            mstore(own, node)
                            mstore(xor(own, 32), calldataload(add(sibling, 32)))
                            node := keccak256(0, 64)
                            sibling := add(sibling, 64)
                            bits := shr(2, bits)
                        }
                        // Most of the work of a dispute is here, so the loop takes four levels at a time.
                        for { let until := add(sibling, shl(7, shr(2, sub(climb, level)))) } lt(sibling, until) {} {
                            let own := and(bits, 32)
                            mstore(own, node)
                            mstore(xor(own, 32), calldataload(sibling))
                            node := keccak256(0, 64)
                            own := and(shr(1, bits), 32)
                            mstore(own, node)
                            mstore(xor(own, 32), calldataload(add(sibling, 32)))
                            node := keccak256(0, 64)
                            own := and(shr(2, bits), 32)
                            mstore(own, node)
                            mstore(xor(own, 32), calldataload(add(sibling, 64)))
                            node := keccak256(0, 64)
                            own := and(shr(3, bits), 32)
                            mstore(own, node)
                            mstore(xor(own, 32), calldataload(add(sibling, 96)))
                            node := keccak256(0, 64)
                            sibling := add(sibling, 128)
                            bits := shr(4, bits)
                        }
                        level := climb
                    }
                    for {} lt(level, joint) { level := add(level, 1) } {
                        let own := shl(5, and(index, 1))
                        mstore(own, node)
                        switch lt(shl(level, xor(index, 1)), next)
                        case 1 {
                            mstore(sub(32, own), calldataload(sibling))
                            sibling := add(sibling, 32)
                        }
                        default { mstore(sub(32, own), mload(add(mload(0x40), shl(5, level)))) }
                        node := keccak256(0, 64)
                        index := shr(1, index)
                    }
                    if eq(joint, target) { break }
                    mstore(0, mload(add(top, 32)))
                    mstore(32, node)
                    node := keccak256(0, 64)
                    top := sub(top, 64)
                    index := shr(1, index)
                    level := add(level, 1)
                }
                top := add(top, 64)
                mstore(top, target)
                mstore(add(top, 32), node)
            }
            before := mul(mload(add(top, 32)), eq(sibling, add(siblings.offset, siblings.length)))

            // Returns the highest bit of a number below 2^32.
            function highest(x) -> r {
                r := shl(4, lt(0xffff, x))
                r := or(r, shl(3, lt(0xff, shr(r, x))))
                r := or(r, shl(2, lt(0xf, shr(r, x))))
                r := or(r, byte(shr(r, x), 0x0000010102020202030303030303030300000000000000000000000000000000))
            }
        }
    }

    /// @notice Returns the roots over all accounts before and after, in one pass, because they have the same siblings.
    function roots(uint256 table, uint256 size, bytes calldata siblings, uint256 next)
        internal
        pure
        returns (bytes32 before, bytes32 after_)
    {
        assembly ("memory-safe") {
            let zero := mload(0x40)
            for { let level := 0 } lt(level, sub(DEPTH, 1)) { level := add(level, 1) } {
                let at := add(zero, shl(5, level))
                if iszero(level) { mstore(at, 0) }
                mstore(0, mload(at))
                mstore(32, mload(at))
                mstore(add(at, 32), keccak256(0, 64))
            }
            // The bottom of the stack is a sentinel that is never joined.
            let top := add(zero, 1024)
            mstore(top, not(0))
            let sibling := siblings.offset
            let end := add(table, mul(size, RECORD))
            for { let at := table } lt(at, end) {} {
                let index := mload(at)
                let node := mload(add(at, 96))
                let now_ := 0
                if or(mload(add(at, 32)), mload(add(at, 64))) { now_ := keccak256(add(at, 32), 64) }
                at := add(at, RECORD)
                let target := DEPTH
                if lt(at, end) { target := highest(xor(index, mload(at))) }
                // All siblings exist up to the level at which the last account joins.
                let sure := 0
                if lt(index, next) {
                    sure := xor(index, sub(next, 1))
                    switch shr(target, sure)
                    case 0 { if sure { sure := add(highest(sure), 1) } }
                    default { sure := target }
                }
                let level := 0
                for {} 1 {} {
                    let joint := mload(top)
                    if gt(joint, target) { joint := target }
                    if lt(level, sure) {
                        // All siblings exist, so no test is needed up to the level of this node.
                        let climb := joint
                        if gt(climb, sure) { climb := sure }
                        let bits := shl(5, index)
                        index := shr(sub(climb, level), index)
                        if and(sub(climb, level), 1) {
                            let own := and(bits, 32)
                            mstore(own, node)
                            mstore(xor(own, 32), calldataload(sibling))
                            node := keccak256(0, 64)
                            mstore(own, now_)
                            now_ := keccak256(0, 64)
                            sibling := add(sibling, 32)
                            bits := shr(1, bits)
                        }
                        if and(sub(climb, level), 2) {
                            let own := and(bits, 32)
                            mstore(own, node)
                            mstore(xor(own, 32), calldataload(sibling))
                            node := keccak256(0, 64)
                            mstore(own, now_)
                            now_ := keccak256(0, 64)
                            own := and(shr(1, bits), 32)
                            mstore(own, node)
                            mstore(xor(own, 32), calldataload(add(sibling, 32)))
                            node := keccak256(0, 64)
                            mstore(own, now_)
                            now_ := keccak256(0, 64)
                            sibling := add(sibling, 64)
                            bits := shr(2, bits)
                        }
                        // Most of the work of a dispute is here, so the loop takes four levels at a time.
                        for { let until := add(sibling, shl(7, shr(2, sub(climb, level)))) } lt(sibling, until) {} {
                            let own := and(bits, 32)
                            mstore(own, node)
                            mstore(xor(own, 32), calldataload(sibling))
                            node := keccak256(0, 64)
                            mstore(own, now_)
                            now_ := keccak256(0, 64)
                            own := and(shr(1, bits), 32)
                            mstore(own, node)
                            mstore(xor(own, 32), calldataload(add(sibling, 32)))
                            node := keccak256(0, 64)
                            mstore(own, now_)
                            now_ := keccak256(0, 64)
                            own := and(shr(2, bits), 32)
                            mstore(own, node)
                            mstore(xor(own, 32), calldataload(add(sibling, 64)))
                            node := keccak256(0, 64)
                            mstore(own, now_)
                            now_ := keccak256(0, 64)
                            own := and(shr(3, bits), 32)
                            mstore(own, node)
                            mstore(xor(own, 32), calldataload(add(sibling, 96)))
                            node := keccak256(0, 64)
                            mstore(own, now_)
                            now_ := keccak256(0, 64)
                            sibling := add(sibling, 128)
                            bits := shr(4, bits)
                        }
                        level := climb
                    }
                    for {} lt(level, joint) { level := add(level, 1) } {
                        let own := shl(5, and(index, 1))
                        mstore(own, node)
                        switch lt(shl(level, xor(index, 1)), next)
                        case 1 {
                            mstore(sub(32, own), calldataload(sibling))
                            sibling := add(sibling, 32)
                        }
                        default { mstore(sub(32, own), mload(add(mload(0x40), shl(5, level)))) }
                        node := keccak256(0, 64)
                        mstore(own, now_)
                        now_ := keccak256(0, 64)
                        index := shr(1, index)
                    }
                    if eq(joint, target) { break }
                    mstore(0, mload(add(top, 32)))
                    mstore(32, node)
                    node := keccak256(0, 64)
                    mstore(0, mload(add(top, 64)))
                    mstore(32, now_)
                    now_ := keccak256(0, 64)
                    top := sub(top, 96)
                    index := shr(1, index)
                    level := add(level, 1)
                }
                top := add(top, 96)
                mstore(top, target)
                mstore(add(top, 32), node)
                mstore(add(top, 64), now_)
            }
            before := mul(mload(add(top, 32)), eq(sibling, add(siblings.offset, siblings.length)))
            after_ := mload(add(top, 64))

            // Returns the highest bit of a number below 2^32.
            function highest(x) -> r {
                r := shl(4, lt(0xffff, x))
                r := or(r, shl(3, lt(0xff, shr(r, x))))
                r := or(r, shl(2, lt(0xf, shr(r, x))))
                r := or(r, byte(shr(r, x), 0x0000010102020202030303030303030300000000000000000000000000000000))
            }
        }
    }
}
