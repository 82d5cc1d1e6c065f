// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title keccak256 of a few words, equal to `keccak256(abi.encode(...))` and to `hashStruct` of EIP-712
library Words {
    function hash(bytes32 a, bytes32 b) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            mstore(0, a)
            mstore(32, b)
            result := keccak256(0, 64)
        }
    }

    function hash(bytes32 a, bytes32 b, uint256 c) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, a)
            mstore(add(m, 32), b)
            mstore(add(m, 64), c)
            result := keccak256(m, 96)
        }
    }

    function hash(bytes32 a, bytes32 b, uint256 c, uint256 d) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, a)
            mstore(add(m, 32), b)
            mstore(add(m, 64), c)
            mstore(add(m, 96), d)
            result := keccak256(m, 128)
        }
    }

    function hash(bytes32 a, bytes32 b, uint256 c, uint256 d, uint256 e) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, a)
            mstore(add(m, 32), b)
            mstore(add(m, 64), c)
            mstore(add(m, 96), d)
            mstore(add(m, 128), e)
            result := keccak256(m, 160)
        }
    }

    function hash(bytes32 a, bytes32 b, uint256 c, uint256 d, uint256 e, uint256 f)
        internal
        pure
        returns (bytes32 result)
    {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, a)
            mstore(add(m, 32), b)
            mstore(add(m, 64), c)
            mstore(add(m, 96), d)
            mstore(add(m, 128), e)
            mstore(add(m, 160), f)
            result := keccak256(m, 192)
        }
    }
}
