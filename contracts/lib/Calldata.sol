// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Reading ABI-encoded calldata in place: head words and the byte strings they point to
/// @dev Unchecked on purpose, and small: what lies outside reads as other calldata or zero. Callers hand the result to
/// a signature check, a hash comparison or a token, which refuse it; a wild length ends in running out of gas.
library Calldata {
    /// @notice Head word `index` of `data`.
    function wordAt(bytes calldata data, uint256 index) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, shl(5, index)))
        }
    }

    /// @notice Bytes `from` to `to` of `data`. Callers have checked that they exist.
    function slice(bytes calldata data, uint256 from, uint256 to) internal pure returns (bytes calldata out) {
        assembly ("memory-safe") {
            out.offset := add(data.offset, from)
            out.length := sub(to, from)
        }
    }

    /// @notice The 32 bytes at byte `offset` of `data`.
    function load(bytes calldata data, uint256 offset) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, offset))
        }
    }

    /// @notice The byte string whose offset stands in head word `index` of `data`.
    function bytesAt(bytes calldata data, uint256 index) internal pure returns (bytes calldata out) {
        assembly ("memory-safe") {
            let position := add(data.offset, calldataload(add(data.offset, shl(5, index))))
            out.length := calldataload(position)
            out.offset := add(position, 32)
        }
    }
}
