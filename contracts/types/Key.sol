// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice The key of a channel. It is never stored, but supplied with each call and checked through its id.
/// @param a The first party; the payer of a simplex channel
/// @param b The second party; the payee of a simplex channel
/// @param token The ERC-20 address, zero for ether
/// @param params `flags(128..255) | delay(96..127) | openBefore(64..95) | salt(0..63)`; flag bit 128 = simplex
struct Key {
    address a;
    address b;
    address token;
    uint256 params;
}

using KeyLib for Key global;

/// @title Accessors of a `Key`
library KeyLib {
    uint256 internal constant SIMPLEX = 1 << 128;

    /// @dev The low 40 bits contain the fields that a deposit by id needs: `openBefore(32) | simplex(1) | token(1)`.
    function id(Key calldata key) internal pure returns (bytes32 r) {
        uint256 params = key.params;
        address token = key.asset();
        assembly ("memory-safe") {
            let m := mload(0x40)
            calldatacopy(m, key, 128)
            r := shl(40, shr(40, keccak256(m, 128)))
            r := or(r, shl(8, and(shr(64, params), 0xffffffff)))
            r := or(r, or(iszero(iszero(token)), shl(1, and(1, shr(128, params)))))
        }
    }

    /// @dev Bits above an address are cut off here but count in the id: they name another channel of the same parties.
    function party(Key calldata key, bool isB) internal pure returns (address account) {
        assembly ("memory-safe") {
            account := shr(96, shl(96, calldataload(add(key, shl(5, isB)))))
        }
    }

    /// @dev Returns the token address without the bits above it; zero for ether.
    function asset(Key calldata key) internal pure returns (address account) {
        assembly ("memory-safe") {
            account := shr(96, shl(96, calldataload(add(key, 64))))
        }
    }

    /// @dev Returns the last second at which the channel can be opened.
    function openBefore(Key calldata key) internal pure returns (uint256) {
        return uint32(key.params >> 64);
    }

    /// @dev Returns true for a simplex channel.
    function isSimplex(Key calldata key) internal pure returns (bool) {
        return key.params & SIMPLEX != 0;
    }
}
