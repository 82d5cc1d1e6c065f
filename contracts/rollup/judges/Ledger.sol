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

    /// @param ids of the accounts, rising
    /// @param leaves owner and word of each; both zero where there is no account
    /// @param siblings from the bottom up, left to right, without those that are roots of empty trees
    /// @param empty one bit for each sibling, set where it is the root of an empty tree
    /// @param hints position of each account named, in the order of use
    /// @param branch left siblings on the way up from the next withdrawal
    struct Witness {
        uint32[] ids;
        bytes32[] leaves;
        bytes32[] siblings;
        uint256[] empty;
        bytes hints;
        bytes32[] branch;
    }

    struct State {
        uint32[] ids;
        bytes32[] owners;
        uint256[] words;
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

    /// @notice Open the accounts under the root of `before`. `fresh`: the withdrawal list starts empty.
    function open(IRollup.Roots memory before, Witness memory witness, bool fresh)
        internal
        pure
        returns (State memory state)
    {
        uint256 n = witness.ids.length;
        if (witness.leaves.length != 2 * n) revert Located.WitnessInvalid(10);
        state.ids = witness.ids;
        state.owners = new bytes32[](n);
        state.words = new uint256[](n);
        state.hints = witness.hints;
        for (uint256 i; i < n; ++i) {
            if (i != 0 && witness.ids[i] <= witness.ids[i - 1]) revert Located.WitnessInvalid(11);
            state.owners[i] = witness.leaves[2 * i];
            state.words[i] = uint256(witness.leaves[2 * i + 1]);
        }
        if (root(state, witness) != before.accounts) revert Located.WitnessInvalid(12);
        uint256 numbers = uint256(before.numbers);
        state.next = uint32(numbers >> 192);
        state.queueCount = uint64(numbers >> 128);
        state.tokens = uint32(numbers >> 96);
        state.queueAcc = bytes28(before.queueAcc << 32);
        state.branch = new bytes32[](WITHDRAWAL_DEPTH);
        if (!fresh) {
            state.withdrawals = uint32(numbers >> 224);
            if (witness.branch.length != WITHDRAWAL_DEPTH) revert Located.WitnessInvalid(13);
            state.branch = witness.branch;
            if (exits(state) != before.withdrawals) revert Located.WitnessInvalid(14);
        }
    }

    /// @notice The state root now.
    function close(State memory state, Witness memory witness) internal pure returns (bytes32) {
        uint256 numbers = (state.withdrawals << 224) | (state.next << 192) | (state.queueCount << 128);
        numbers |= state.tokens << 96;
        bytes32 system = keccak256(abi.encode(exits(state), numbers, uint256(uint224(state.queueAcc))));
        return keccak256(abi.encode(root(state, witness), system)) & bytes32(type(uint256).max >> 8);
    }

    /// @notice The root over all accounts: the opened ones as they are now, everything else as proven.
    function root(State memory state, Witness memory witness) internal pure returns (bytes32) {
        uint256 n = state.ids.length;
        if (n == 0) revert Located.WitnessInvalid(15);
        bytes32[] memory nodes = new bytes32[](n);
        uint256[] memory at = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            at[i] = state.ids[i];
            nodes[i] = leafOf(state.owners[i], state.words[i]);
        }
        bytes32 zero = 0;
        uint256 sibling = 0;
        uint256 seen = 0;
        for (uint256 level; level < ACCOUNT_DEPTH; ++level) {
            uint256 kept = 0;
            for (uint256 i; i < n; ++i) {
                uint256 index = at[i];
                bytes32 left = nodes[i];
                bytes32 right;
                if (index & 1 == 0 && i + 1 < n && at[i + 1] == index + 1) {
                    right = nodes[++i];
                } else {
                    if ((witness.empty[seen >> 8] >> (seen & 255)) & 1 == 1) right = zero;
                    else right = witness.siblings[sibling++];
                    ++seen;
                    if (index & 1 == 1) (left, right) = (right, left);
                }
                nodes[kept] = pair(left, right);
                at[kept++] = index >> 1;
            }
            n = kept;
            zero = pair(zero, zero);
        }
        return nodes[0];
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
        if (position >= state.ids.length || state.ids[position] != id) revert Located.WitnessInvalid(17);
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
