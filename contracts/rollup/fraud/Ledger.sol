// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRollup} from "../../interfaces/IRollup.sol";
import {Accounts} from "./Accounts.sol";
import {MultiProof} from "./MultiProof.sol";
import {WitnessErrors} from "./WitnessErrors.sol";

/// @title A part of the state in memory: the accounts that a segment uses, and the other components of the root
/// @dev Accounts are opened together by one multiproof under the root before; the same siblings give the root after. An
/// operation names its accounts by id; `hints` contains their positions, one byte each, in the order of use.
library Ledger {
    using Accounts for uint256;

    uint256 private constant WITHDRAWAL_DEPTH = 17;
    uint256 private constant MAX_BALANCE = type(uint128).max;
    uint256 private constant MAX_ACCOUNTS = type(uint32).max;
    uint256 internal constant MAX_NONCE = type(uint32).max;

    /// @dev All fields are packed, because decoding word by word costs more than copying.
    /// @param ids The account numbers, increasing, 4 bytes each
    /// @param leaves The owner and word of each, 64 bytes, or the word alone (`Accounts.readKeyed`); zero for an
    /// account that does not exist
    /// @param hints The position of each account named, in the order of use, one byte each
    /// @param branch The left siblings on the way up from the next withdrawal, 32 bytes each; not read if the data of
    /// the segment can add none, or if the list starts empty
    struct Witness {
        bytes ids;
        bytes leaves;
        bytes hints;
        bytes branch;
    }

    /// @dev The state during the execution of a segment.
    /// @param table The address of the accounts, see `Accounts`
    /// @param count The number of accounts
    /// @param hint The address of the next hint
    /// @param hintEnd The address after the last hint
    /// @param branch The left siblings of the next withdrawal; empty if none can be added
    /// @param exits The root over the withdrawals if `branch` is empty
    /// @param withdrawals The number of withdrawals of the assertion
    /// @param earlier The number of withdrawals before the assertion
    /// @param next The number of the next account
    /// @param born The number of the next account before the segment
    /// @param queueCount The number of consumed queue items
    /// @param tokens The number of registered tokens
    /// @param queueAcc The accumulator of the queue
    struct State {
        uint256 table;
        uint256 count;
        uint256 hint;
        uint256 hintEnd;
        bytes32[] branch;
        bytes32 exits;
        uint256 withdrawals;
        uint256 earlier;
        uint256 next;
        uint256 born;
        uint256 queueCount;
        uint256 tokens;
        bytes28 queueAcc;
    }

    // --------------------------------------------------------------------------------------------- opening, closing

    /// @notice Reads the accounts with their owners.
    /// @dev The accounts are not proven until `prove` or `close` has checked that they lead to the root before. The
    /// judge, not the witness, decides between `read` and `readKeyed`.
    function read(State memory state, Witness memory witness) internal pure {
        (state.table, state.count) = Accounts.read(witness.ids, witness.leaves);
        _readHints(state, witness.hints);
    }

    /// @notice Reads the accounts, whose owners are computed from keys (`Accounts.readKeyed`).
    function readKeyed(State memory state, Witness memory witness, bytes calldata keys) internal pure {
        (state.table, state.count) = Accounts.readKeyed(witness.ids, witness.leaves, keys);
        _readHints(state, witness.hints);
    }

    function _readHints(State memory state, bytes memory hints) private pure {
        assembly ("memory-safe") {
            mstore(add(state, 64), add(hints, 32))
            mstore(add(state, 96), add(add(hints, 32), mload(hints)))
        }
    }

    /// @notice Reads the components of the root other than the accounts.
    /// @param before The components of the root
    /// @param given The left siblings of the next withdrawal
    /// @param fresh True if the withdrawal list starts empty
    /// @param takesOut True if the segment's data can add withdrawals
    /// @return state The state
    function open(IRollup.Roots memory before, bytes memory given, bool fresh, bool takesOut)
        internal
        pure
        returns (State memory state)
    {
        uint256 numbers = uint256(before.numbers);
        state.next = uint32(numbers >> 192);
        state.born = state.next;
        state.queueCount = uint64(numbers >> 128);
        state.tokens = uint32(numbers >> 96);
        state.queueAcc = bytes28(before.queueAcc << 32);
        state.exits = before.withdrawals;
        state.withdrawals = fresh ? 0 : numbers >> 224;
        state.earlier = uint64(numbers >> 32) + (fresh ? numbers >> 224 : 0);
        if (fresh) {
            state.branch = new bytes32[](WITHDRAWAL_DEPTH);
        } else if (takesOut) {
            if (given.length != 32 * WITHDRAWAL_DEPTH) revert WitnessErrors.InvalidWithdrawalsLength();
            bytes32[] memory branch = new bytes32[](WITHDRAWAL_DEPTH);
            assembly ("memory-safe") {
                mcopy(add(branch, 32), add(given, 32), mload(given))
            }
            state.branch = branch;
            if (exits(state) != before.withdrawals) revert WitnessErrors.InvalidWithdrawalsProof();
        }
    }

    /// @notice Requires that the accounts are those under `accounts`.
    /// @param state The state
    /// @param siblings The siblings, see `MultiProof.root`
    /// @param accounts The root over the accounts
    function prove(State memory state, bytes calldata siblings, bytes32 accounts) internal pure {
        if (MultiProof.root(state.table, state.count, siblings, state.born) != accounts) {
            revert WitnessErrors.InvalidAccountsProof();
        }
    }

    /// @notice Requires that the accounts were those under `accounts`, and returns the state root after the segment.
    function close(State memory state, bytes calldata siblings, bytes32 accounts) internal pure returns (bytes32) {
        (bytes32 before, bytes32 root) = MultiProof.roots(state.table, state.count, siblings, state.born);
        if (before != accounts) revert WitnessErrors.InvalidAccountsProof();
        return rootWith(state, root);
    }

    /// @notice Returns the state root with the given root over the accounts.
    function rootWith(State memory state, bytes32 accounts) internal pure returns (bytes32) {
        uint256 numbers = (state.withdrawals << 224) | (state.next << 192) | (state.queueCount << 128);
        numbers |= (state.tokens << 96) | (state.earlier << 32);
        bytes32 system = keccak256(abi.encode(exits(state), numbers, uint256(uint224(state.queueAcc))));
        return pair(accounts, system) & bytes32(type(uint256).max >> 8);
    }

    /// @notice Returns the root over the withdrawals, computed from the left siblings of the next one.
    function exits(State memory state) internal pure returns (bytes32 node) {
        uint256 size = state.withdrawals;
        bytes32[] memory branch = state.branch;
        if (branch.length == 0) return state.exits;
        assembly ("memory-safe") {
            let zero := 0
            let left := add(branch, 32)
            for { let level := 0 } lt(level, WITHDRAWAL_DEPTH) { level := add(level, 1) } {
                switch and(shr(level, size), 1)
                case 0 {
                    mstore(0, node)
                    mstore(32, zero)
                }
                default {
                    mstore(0, mload(add(left, shl(5, level))))
                    mstore(32, node)
                }
                node := keccak256(0, 64)
                mstore(0, zero)
                mstore(32, zero)
                zero := keccak256(0, 64)
            }
        }
    }

    /// @notice Returns the hash of two nodes.
    function pair(bytes32 left, bytes32 right) internal pure returns (bytes32 node) {
        assembly ("memory-safe") {
            mstore(0, left)
            mstore(32, right)
            node := keccak256(0, 64)
        }
    }

    // ----------------------------------------------------------------------------------------------------- accounts

    /// @notice Returns the memory address of account `id`.
    function find(State memory state, uint256 id) internal pure returns (uint256 at) {
        bool fits;
        assembly ("memory-safe") {
            let hint := mload(add(state, 64))
            mstore(add(state, 64), add(hint, 1))
            let position := byte(0, mload(hint))
            at := add(mload(state), mul(position, 160))
            fits := and(lt(hint, mload(add(state, 96))), lt(position, mload(add(state, 32))))
            fits := and(fits, eq(mload(at), id))
        }
        if (!fits) revert WitnessErrors.AccountNotShown();
    }

    /// @notice Opens an account with the next id. Returns false if no id is left.
    function create(State memory state, bytes32 owner, uint256 token, uint256 balance) internal pure returns (bool) {
        if (state.next >= MAX_ACCOUNTS) return false;
        uint256 at = find(state, state.next);
        state.next += 1;
        at.set(owner, (token << 160) | balance);
        return true;
    }

    /// @notice Credits an amount. Returns false if the balance would overflow.
    function credit(uint256 at, uint256 amount) internal pure returns (bool) {
        if (at.balance() + amount > MAX_BALANCE) return false;
        at.put(at.word() + amount);
        return true;
    }

    /// @notice Transfers an amount. The sender's nonce grows whether or not the transfer succeeds.
    function move(uint256 from, uint256 to, uint256 amount, uint256 token, uint256 fee)
        internal
        pure
        returns (bool done)
    {
        unchecked {
            done = to.exists() && from.token() == token && to.token() == token && amount != 0
                && from.balance() >= amount + fee && (from == to || to.balance() + amount <= MAX_BALANCE);
            from.put(from.word() + (1 << 128));
            if (!done) return false;
            from.put(from.word() - amount - fee);
            to.put(to.word() + amount);
        }
    }

    /// @notice Withdraws an amount. The nonce grows whether or not the withdrawal succeeds.
    function withdraw(State memory state, uint256 from, address target, uint256 amount, uint256 token, uint256 fee)
        internal
        pure
        returns (bool done)
    {
        unchecked {
            done = from.token() == token && amount != 0 && from.balance() >= amount + fee;
            from.put(from.word() + (1 << 128));
            if (!done) return false;
            from.put(from.word() - amount - fee);
        }
        takeOut(state, target, token, amount);
    }

    /// @notice Appends a withdrawal.
    function takeOut(State memory state, address target, uint256 token, uint256 amount) internal pure {
        if (state.branch.length == 0) revert WitnessErrors.MissingWithdrawals();
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
