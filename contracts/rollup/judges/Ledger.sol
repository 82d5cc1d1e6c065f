// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRollup} from "../../interfaces/IRollup.sol";
import {Located} from "./Located.sol";

/// @title A part of the state in memory: the accounts that a segment touches, and what the root covers beside them
/// @dev Accounts are opened together by one multiproof under the root before; the same siblings give the root after.
/// An operation names its accounts by id; `hints` says, one byte each and in the order of use, where they lie.
library Ledger {
    uint256 private constant ACCOUNT_DEPTH = 32;
    uint256 private constant WITHDRAWAL_DEPTH = 17;
    uint256 private constant MAX_BALANCE = type(uint128).max;
    uint256 private constant MAX_ACCOUNTS = type(uint32).max;
    uint256 internal constant MAX_NONCE = type(uint32).max;

    /// @dev All packed: what is decoded word by word costs more than what is copied.
    /// @param ids of the accounts, rising, 4 bytes each
    /// @param leaves owner and word of each, 64 bytes; all zero where there is no account
    /// @param siblings from the bottom up, left to right, without those that are roots of empty trees, 32 bytes each
    /// @param empty one bit for each sibling, set where it is the root of an empty tree; in words of 256, lowest bit first
    /// @param hints position of each account named, in the order of use, one byte each
    /// @param branch left siblings on the way up from the next withdrawal, 32 bytes each
    struct Witness {
        bytes ids;
        bytes leaves;
        bytes siblings;
        bytes empty;
        bytes hints;
        bytes branch;
    }

    /// @dev `ids` take 4 bytes each, as given.
    struct State {
        bytes ids;
        bytes32[] owners;
        uint256[] words;
        bytes32[] olds;
        bytes hints;
        uint256 hint;
        bytes32[] branch;
        uint256 withdrawals;
        uint256 next;
        uint256 queueCount;
        uint256 tokens;
        bytes28 queueAcc;
    }

    // --------------------------------------------------------------------------------------------- opening, closing

    /// @notice Read the accounts and what the root covers beside them. `fresh`: the withdrawal list starts empty.
    /// @dev Nothing is proven about the accounts until `prove` or `close` has seen them lead to the root before.
    function open(IRollup.Roots memory before, Witness memory witness, bool fresh)
        internal
        pure
        returns (State memory state)
    {
        uint256 n = witness.ids.length / 4;
        if (n == 0 || n > 256 || witness.ids.length % 4 != 0 || witness.leaves.length != 64 * n) {
            revert Located.WitnessInvalid(10);
        }
        state.ids = witness.ids;
        state.owners = new bytes32[](n);
        state.words = new uint256[](n);
        state.olds = new bytes32[](n);
        state.hints = witness.hints;
        uint256 last = 0;
        for (uint256 i; i < n; ++i) {
            uint256 id = idAt(state, i);
            if (i != 0 && id <= last) revert Located.WitnessInvalid(11);
            last = id;
            bytes32 owner = _wordAt(witness.leaves, 2 * i);
            uint256 word = uint256(_wordAt(witness.leaves, 2 * i + 1));
            state.owners[i] = owner;
            state.words[i] = word;
            state.olds[i] = leafOf(owner, word);
        }
        uint256 numbers = uint256(before.numbers);
        state.next = uint32(numbers >> 192);
        state.queueCount = uint64(numbers >> 128);
        state.tokens = uint32(numbers >> 96);
        state.queueAcc = bytes28(before.queueAcc << 32);
        state.branch = new bytes32[](WITHDRAWAL_DEPTH);
        if (!fresh) {
            state.withdrawals = uint32(numbers >> 224);
            if (witness.branch.length != 32 * WITHDRAWAL_DEPTH) revert Located.WitnessInvalid(13);
            for (uint256 i; i < WITHDRAWAL_DEPTH; ++i) {
                state.branch[i] = _wordAt(witness.branch, i);
            }
            if (exits(state) != before.withdrawals) revert Located.WitnessInvalid(14);
        }
    }

    /// @notice Check that the accounts are those under `accounts`.
    function prove(State memory state, Witness memory witness, bytes32 accounts) internal pure {
        (bytes32 before,) = _fold(state.olds, state.olds, _positions(state), witness, false);
        if (before != accounts) revert Located.WitnessInvalid(12);
    }

    /// @notice Check that the accounts were those under `accounts`; the state root now.
    function close(State memory state, Witness memory witness, bytes32 accounts) internal pure returns (bytes32) {
        uint256 n = state.owners.length;
        bytes32[] memory news = new bytes32[](n);
        for (uint256 i; i < n; ++i) {
            news[i] = leafOf(state.owners[i], state.words[i]);
        }
        (bytes32 before, bytes32 root) = _fold(state.olds, news, _positions(state), witness, true);
        if (before != accounts) revert Located.WitnessInvalid(12);
        return rootWith(state, root);
    }

    /// @notice The state root over accounts with this root.
    function rootWith(State memory state, bytes32 accounts) internal pure returns (bytes32) {
        uint256 numbers = (state.withdrawals << 224) | (state.next << 192) | (state.queueCount << 128);
        numbers |= state.tokens << 96;
        bytes32 system = keccak256(abi.encode(exits(state), numbers, uint256(uint224(state.queueAcc))));
        return keccak256(abi.encode(accounts, system)) & bytes32(type(uint256).max >> 8);
    }

    function _positions(State memory state) private pure returns (uint256[] memory at) {
        uint256 n = state.owners.length;
        at = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            at[i] = idAt(state, i);
        }
    }

    /// @dev Both roots in one walk: what was and what is now have the same siblings. Overwrites its arguments.
    function _fold(bytes32[] memory olds, bytes32[] memory news, uint256[] memory at, Witness memory witness, bool both)
        private
        pure
        returns (bytes32 before, bytes32 after_)
    {
        bytes memory siblings = witness.siblings;
        bytes memory empty = witness.empty;
        uint256 missing = 0;
        assembly ("memory-safe") {
            let a := add(olds, 32)
            let b := add(news, 32)
            let x := add(at, 32)
            let s := add(siblings, 32)
            let sEnd := add(s, and(mload(siblings), not(31)))
            let e := add(empty, 32)
            let eEnd := add(e, and(mload(empty), not(31)))
            let bits := 0
            let left := 0
            let zero := 0
            let end := shl(5, mload(at))
            for { let level := 0 } lt(level, ACCOUNT_DEPTH) { level := add(level, 1) } {
                let w := 0
                for { let r := 0 } lt(r, end) {} {
                    let index := mload(add(x, r))
                    let was := mload(add(a, r))
                    let now_ := mload(add(b, r))
                    let next := add(r, 32)
                    switch and(iszero(and(index, 1)), and(lt(next, end), eq(mload(add(x, next)), add(index, 1))))
                    case 1 {
                        mstore(0, was)
                        mstore(32, mload(add(a, next)))
                        was := keccak256(0, 64)
                        if both {
                            mstore(0, now_)
                            mstore(32, mload(add(b, next)))
                            now_ := keccak256(0, 64)
                        }
                        next := add(next, 32)
                    }
                    default {
                        if iszero(left) {
                            missing := or(missing, iszero(lt(e, eEnd)))
                            bits := mload(e)
                            e := add(e, 32)
                            left := 256
                        }
                        let sibling := zero
                        if iszero(and(bits, 1)) {
                            missing := or(missing, iszero(lt(s, sEnd)))
                            sibling := mload(s)
                            s := add(s, 32)
                        }
                        bits := shr(1, bits)
                        left := sub(left, 1)
                        // Where the node itself goes: to the left, or to the right.
                        let own := shl(5, and(index, 1))
                        mstore(sub(32, own), sibling)
                        mstore(own, was)
                        was := keccak256(0, 64)
                        if both {
                            mstore(own, now_)
                            now_ := keccak256(0, 64)
                        }
                    }
                    mstore(add(a, w), was)
                    if both { mstore(add(b, w), now_) }
                    mstore(add(x, w), shr(1, index))
                    w := add(w, 32)
                    r := next
                }
                end := w
                mstore(0, zero)
                mstore(32, zero)
                zero := keccak256(0, 64)
            }
            before := mload(a)
            after_ := mload(b)
        }
        if (missing != 0) revert Located.WitnessInvalid(18);
    }

    /// @notice The root over the withdrawals, from the left siblings of the next one.
    function exits(State memory state) internal pure returns (bytes32 node) {
        uint256 size = state.withdrawals;
        bytes32 zero = 0;
        for (uint256 level; level < WITHDRAWAL_DEPTH; ++level) {
            node = (size >> level) & 1 == 1 ? pair(state.branch[level], node) : pair(node, zero);
            zero = pair(zero, zero);
        }
    }

    function leafOf(bytes32 owner, uint256 word) internal pure returns (bytes32) {
        return owner == 0 && word == 0 ? bytes32(0) : pair(owner, bytes32(word));
    }

    function pair(bytes32 left, bytes32 right) internal pure returns (bytes32 node) {
        assembly ("memory-safe") {
            mstore(0, left)
            mstore(32, right)
            node := keccak256(0, 64)
        }
    }

    // ----------------------------------------------------------------------------------------------------- accounts

    /// @notice Where account `id` lies in memory.
    function find(State memory state, uint256 id) internal pure returns (uint256 position) {
        uint256 hint = state.hint++;
        if (hint >= state.hints.length) revert Located.WitnessInvalid(16);
        position = uint8(state.hints[hint]);
        if (position >= state.owners.length || idAt(state, position) != id) revert Located.WitnessInvalid(17);
    }

    function idAt(State memory state, uint256 position) internal pure returns (uint256 id) {
        bytes memory ids = state.ids;
        assembly ("memory-safe") {
            id := shr(224, mload(add(add(ids, 32), shl(2, position))))
        }
    }

    function _wordAt(bytes memory words, uint256 index) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(words, 32), shl(5, index)))
        }
    }

    function exists(State memory state, uint256 at) internal pure returns (bool) {
        return state.owners[at] != 0;
    }

    function tokenOf(State memory state, uint256 at) internal pure returns (uint256) {
        return uint16(state.words[at] >> 160);
    }

    function nonceOf(State memory state, uint256 at) internal pure returns (uint256) {
        return uint32(state.words[at] >> 128);
    }

    function balanceOf(State memory state, uint256 at) internal pure returns (uint256) {
        return uint128(state.words[at]);
    }

    /// @notice Open an account with the next id. Returns false when there are no more.
    function create(State memory state, bytes32 owner, uint256 token, uint256 balance) internal pure returns (bool) {
        if (state.next >= MAX_ACCOUNTS) return false;
        uint256 at = find(state, state.next);
        state.next += 1;
        state.owners[at] = owner;
        state.words[at] = (token << 160) | balance;
        return true;
    }

    /// @notice Credit, unless it would not fit.
    function credit(State memory state, uint256 at, uint256 amount) internal pure returns (bool) {
        if (balanceOf(state, at) + amount > MAX_BALANCE) return false;
        state.words[at] += amount;
        return true;
    }

    /// @notice Transfer; the sender's nonce moves on whether it happens or not.
    function move(State memory state, uint256 from, uint256 to, uint256 amount, uint256 token, uint256 fee)
        internal
        pure
        returns (bool done)
    {
        done = exists(state, to) && tokenOf(state, from) == token && tokenOf(state, to) == token && amount != 0
            && balanceOf(state, from) >= amount + fee && (from == to || balanceOf(state, to) + amount <= MAX_BALANCE);
        state.words[from] += 1 << 128;
        if (!done) return false;
        state.words[from] -= amount + fee;
        state.words[to] += amount;
    }

    /// @notice Take money out; the nonce moves on whether it happens or not.
    function withdraw(State memory state, uint256 from, address target, uint256 amount, uint256 token, uint256 fee)
        internal
        pure
        returns (bool done)
    {
        done = tokenOf(state, from) == token && amount != 0 && balanceOf(state, from) >= amount + fee;
        state.words[from] += 1 << 128;
        if (!done) return false;
        state.words[from] -= amount + fee;
        takeOut(state, target, token, amount);
    }

    /// @notice Append a withdrawal.
    function takeOut(State memory state, address target, uint256 token, uint256 amount) internal pure {
        bytes32 node = keccak256(abi.encodePacked(target, uint16(token), uint128(amount)));
        uint256 size = state.withdrawals;
        state.withdrawals = size + 1;
        for (uint256 level; level < WITHDRAWAL_DEPTH; ++level) {
            if ((size >> level) & 1 == 0) {
                state.branch[level] = node;
                return;
            }
            node = pair(state.branch[level], node);
        }
    }
}
