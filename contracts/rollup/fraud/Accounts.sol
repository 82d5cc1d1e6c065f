// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {WitnessErrors} from "./WitnessErrors.sol";

/// @title Accounts in memory
/// @dev An account is referenced by the memory address of its record: five words,
/// `id | owner | word | leaf before | counter`. The word is the leaf's second one,
/// `token(16 bits) nonce(32) balance(128)`. Records are raw memory, because a dispute reads them hundreds of times.
library Accounts {
    /// @dev The bytes of a record.
    uint256 internal constant RECORD = 160;

    /// @notice Writes accounts to memory.
    /// @param ids The account numbers, increasing, 4 bytes each
    /// @param leaves The owner and word of each; zero for an account that does not exist
    /// @return table The address of the first record
    /// @return size The number of records
    function read(bytes memory ids, bytes memory leaves) internal pure returns (uint256 table, uint256 size) {
        (table, size) = _layOut(ids);
        if (leaves.length != 64 * size) revert WitnessErrors.InvalidAccountsLength();
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

    /// @notice Writes accounts to memory whose owners are given by BLS keys.
    /// @param ids The account numbers, increasing, 4 bytes each
    /// @param leaves The word of each account
    /// @param keys The key of each account (`Bls.KEY`), from which the owner is computed. For an account without a key,
    /// 160 zeros and its owner: an address, or zero for an account that does not exist
    /// @return table The address of the first record
    /// @return size The number of records
    function readKeyed(bytes memory ids, bytes memory leaves, bytes calldata keys)
        internal
        pure
        returns (uint256 table, uint256 size)
    {
        (table, size) = _layOut(ids);
        if (leaves.length != 32 * size || keys.length != 192 * size) revert WitnessErrors.InvalidAccountsLength();
        uint256 wild = 0;
        assembly ("memory-safe") {
            let leaf := add(leaves, 32)
            let key := keys.offset
            let whole := mload(0x40)
            calldatacopy(whole, calldatasize(), 256)
            let end := add(table, mul(size, RECORD))
            for { let at := table } lt(at, end) { at := add(at, RECORD) } {
                // The x of a key is not zero, because such a point on the curve has order three and is not in the
                // subgroup.
                let bare := iszero(calldataload(key))
                if bare { bare := iszero(or(calldataload(add(key, 32)), calldataload(add(key, 64)))) }
                switch bare
                case 1 {
                    let owner_ := calldataload(add(key, 160))
                    wild := or(wild, or(shr(160, owner_), or(calldataload(add(key, 96)), calldataload(add(key, 128)))))
                    mstore(add(at, 32), owner_)
                }
                default {
                    // EIP-2537 puts 16 zero bytes before each number of 48 bytes.
                    calldatacopy(add(whole, 16), key, 48)
                    calldatacopy(add(whole, 80), add(key, 48), 48)
                    calldatacopy(add(whole, 144), add(key, 96), 48)
                    calldatacopy(add(whole, 208), add(key, 144), 48)
                    mstore(add(at, 32), keccak256(whole, 256))
                }
                mstore(add(at, 64), mload(leaf))
                if or(mload(add(at, 32)), mload(leaf)) { mstore(add(at, 96), keccak256(add(at, 32), 64)) }
                leaf := add(leaf, 32)
                key := add(key, 192)
            }
        }
        if (wild != 0) revert WitnessErrors.InvalidOwner();
    }

    /// @dev Allocates records that contain only their ids.
    function _layOut(bytes memory ids) private pure returns (uint256 table, uint256 size) {
        size = ids.length / 4;
        if (size == 0 || size > 256 || ids.length % 4 != 0) revert WitnessErrors.InvalidAccountsLength();
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
        if (!rising) revert WitnessErrors.UnsortedAccounts();
    }

    /// @notice Returns the owner word of an account; zero if the account does not exist.
    function owner(uint256 at) internal pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := mload(add(at, 32))
        }
    }

    /// @notice Returns the word with token, nonce and balance of an account.
    function word(uint256 at) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(at, 64))
        }
    }

    /// @notice Returns true if the account exists.
    function exists(uint256 at) internal pure returns (bool) {
        return owner(at) != 0;
    }

    /// @notice Returns the token id of an account.
    function token(uint256 at) internal pure returns (uint256) {
        return uint16(word(at) >> 160);
    }

    /// @notice Returns the nonce of an account.
    function nonce(uint256 at) internal pure returns (uint256) {
        return uint32(word(at) >> 128);
    }

    /// @notice Returns the balance of an account.
    function balance(uint256 at) internal pure returns (uint256) {
        return uint128(word(at));
    }

    /// @notice Replaces the word of an account.
    function put(uint256 at, uint256 value) internal pure {
        assembly ("memory-safe") {
            mstore(add(at, 64), value)
        }
    }

    /// @notice Replaces the owner word and the word of an account.
    function set(uint256 at, bytes32 owner_, uint256 value) internal pure {
        assembly ("memory-safe") {
            mstore(add(at, 32), owner_)
            mstore(add(at, 64), value)
        }
    }

    /// @notice Returns the number of earlier calls for an account: 0, 1, 2 ...
    function count(uint256 at) internal pure returns (uint256 before) {
        assembly ("memory-safe") {
            before := mload(add(at, 128))
            mstore(add(at, 128), add(before, 1))
        }
    }
}
