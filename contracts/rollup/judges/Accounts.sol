// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Located} from "./Located.sol";

/// @title Accounts in memory, and the root over all accounts from some of them
/// @dev An account is known by where its record lies: five words, `id | owner | word | leaf before | counter`. The word
/// is the leaf's second one, `token(16 bits) nonce(32) balance(128)`. Raw memory, since a dispute reads them hundreds of
/// times.
library Accounts {
    uint256 private constant DEPTH = 32;
    uint256 private constant RECORD = 160;

    /// @notice Lay out accounts: `ids` rising, 4 bytes each; `leaves` owner and word of each, zero where there is none.
    function read(bytes memory ids, bytes memory leaves) internal pure returns (uint256 table, uint256 size) {
        (table, size) = _layOut(ids);
        if (leaves.length != 64 * size) revert Located.WitnessInvalid(10);
        assembly ("memory-safe") {
            let leaf := add(leaves, 32)
            let end := add(table, mul(size, RECORD))
            for { let at := table } lt(at, end) { at := add(at, RECORD) } {
                mcopy(add(at, 32), leaf, 64)
                if or(mload(leaf), mload(add(leaf, 32))) { mstore(add(at, 96), keccak256(leaf, 64)) }
                leaf := add(leaf, 64)
            }
        }
    }

    /// @notice The same for owners of BLS keys: `leaves` is the word of each, `keys` the key (`Bls.KEY`), from which the
    /// owner follows. Of an account without a key, 160 zeros and its owner.
    function readKeyed(bytes memory ids, bytes memory leaves, bytes memory keys)
        internal
        pure
        returns (uint256 table, uint256 size)
    {
        (table, size) = _layOut(ids);
        if (leaves.length != 32 * size || keys.length != 192 * size) revert Located.WitnessInvalid(10);
        assembly ("memory-safe") {
            let leaf := add(leaves, 32)
            let key := add(keys, 32)
            let whole := mload(0x40)
            calldatacopy(whole, calldatasize(), 256)
            let end := add(table, mul(size, RECORD))
            for { let at := table } lt(at, end) { at := add(at, RECORD) } {
                // No point of the curve begins with so many zeros.
                let bare := iszero(or(or(mload(key), mload(add(key, 32))), mload(add(key, 64))))
                bare := and(bare, iszero(or(mload(add(key, 96)), mload(add(key, 128)))))
                switch bare
                case 1 { mstore(add(at, 32), mload(add(key, 160))) }
                default {
                    // Each number of 48 bytes has 16 zero bytes before it, as EIP-2537 takes it.
                    mcopy(add(whole, 16), key, 48)
                    mcopy(add(whole, 80), add(key, 48), 48)
                    mcopy(add(whole, 144), add(key, 96), 48)
                    mcopy(add(whole, 208), add(key, 144), 48)
                    mstore(add(at, 32), keccak256(whole, 256))
                }
                mstore(add(at, 64), mload(leaf))
                if or(mload(add(at, 32)), mload(leaf)) { mstore(add(at, 96), keccak256(add(at, 32), 64)) }
                leaf := add(leaf, 32)
                key := add(key, 192)
            }
        }
    }

    /// @dev Records with their ids and nothing else.
    function _layOut(bytes memory ids) private pure returns (uint256 table, uint256 size) {
        size = ids.length / 4;
        if (size == 0 || size > 256 || ids.length % 4 != 0) revert Located.WitnessInvalid(10);
        bool rising = true;
        assembly ("memory-safe") {
            table := mload(0x40)
            let end := add(table, mul(size, RECORD))
            calldatacopy(table, calldatasize(), sub(end, table))
            let id := add(ids, 32)
            let last := 0
            for { let at := table } lt(at, end) { at := add(at, RECORD) } {
                let one := shr(224, mload(id))
                rising := and(rising, or(eq(at, table), gt(one, last)))
                mstore(at, one)
                last := one
                id := add(id, 4)
            }
            mstore(0x40, end)
        }
        if (!rising) revert Located.WitnessInvalid(11);
    }

    function owner(uint256 at) internal pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := mload(add(at, 32))
        }
    }

    function word(uint256 at) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(at, 64))
        }
    }

    function exists(uint256 at) internal pure returns (bool) {
        return owner(at) != 0;
    }

    function token(uint256 at) internal pure returns (uint256) {
        return uint16(word(at) >> 160);
    }

    function nonce(uint256 at) internal pure returns (uint256) {
        return uint32(word(at) >> 128);
    }

    function balance(uint256 at) internal pure returns (uint256) {
        return uint128(word(at));
    }

    function put(uint256 at, uint256 value) internal pure {
        assembly ("memory-safe") {
            mstore(add(at, 64), value)
        }
    }

    function set(uint256 at, bytes32 owner_, uint256 value) internal pure {
        assembly ("memory-safe") {
            mstore(add(at, 32), owner_)
            mstore(add(at, 64), value)
        }
    }

    /// @notice Counts how often an account was asked for: 0, 1, 2 ...
    function count(uint256 at) internal pure returns (uint256 before) {
        assembly ("memory-safe") {
            before := mload(add(at, 128))
            mstore(add(at, 128), add(before, 1))
        }
    }

    /// @notice The root over all accounts before.
    /// @dev From left to right: each node climbs until the next shown one is below its sibling, and waits there for it.
    /// @param siblings from the bottom up, as they are walked, 32 bytes each, without those at or above the next account;
    /// what lies behind them is read as other calldata, and leads to another root
    /// @param next the first account that does not exist: what lies there or above is empty
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
            // Below all that wait lies one that waits for ever.
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
                // Up to the level at which the last account joins, all siblings exist.
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
                        // All siblings exist: no more is asked than where the node itself goes.
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
                        // Most of the work of a dispute is here: four at a time.
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
            before := mload(add(top, 32))

            // The highest bit of a number below 2^32.
            function highest(x) -> r {
                r := shl(4, lt(0xffff, x))
                r := or(r, shl(3, lt(0xff, shr(r, x))))
                r := or(r, shl(2, lt(0xf, shr(r, x))))
                r := or(r, byte(shr(r, x), 0x0000010102020202030303030303030300000000000000000000000000000000))
            }
        }
    }

    /// @notice The roots over all accounts before and now: in one walk, since they have the same siblings.
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
            // Below all that wait lies one that waits for ever.
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
                // Up to the level at which the last account joins, all siblings exist.
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
                        // All siblings exist: no more is asked than where the node itself goes.
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
                        // Most of the work of a dispute is here: four at a time.
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
            before := mload(add(top, 32))
            after_ := mload(add(top, 64))

            // The highest bit of a number below 2^32.
            function highest(x) -> r {
                r := shl(4, lt(0xffff, x))
                r := or(r, shl(3, lt(0xff, shr(r, x))))
                r := or(r, shl(2, lt(0xf, shr(r, x))))
                r := or(r, byte(shr(r, x), 0x0000010102020202030303030303030300000000000000000000000000000000))
            }
        }
    }
}
