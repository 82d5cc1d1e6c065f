// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title In-place access to ABI-encoded calldata: head words and the byte strings they point to
/// @dev Words and slices are unchecked, because callers have checked that they exist. Byte strings are checked here,
/// because their offset and length come from the author of the data: bytes outside of the data never count as part of
/// it.
library Calldata {
    /// @notice Thrown when the byte string of a head word is not inside the data that contains the word.
    /// @param index The index of the head word
    /// @param size The length of the data in bytes
    error BytesOutside(uint256 index, uint256 size);

    /// @notice Returns head word `index` of `data`.
    function wordAt(bytes calldata data, uint256 index) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, shl(5, index)))
        }
    }

    /// @notice Returns the bytes `from` to `to` of `data`. Callers have checked that they exist.
    function slice(bytes calldata data, uint256 from, uint256 to) internal pure returns (bytes calldata out) {
        assembly ("memory-safe") {
            out.offset := add(data.offset, from)
            out.length := sub(to, from)
        }
    }

    /// @notice Returns the 32 bytes at byte `offset` of `data`.
    function load(bytes calldata data, uint256 offset) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, offset))
        }
    }

    /// @notice Returns the byte string whose offset is in head word `index` of `data`. Reverts unless head word, length
    /// word and content are inside `data`.
    function bytesAt(bytes calldata data, uint256 index) internal pure returns (bytes calldata out) {
        bool inside;
        assembly ("memory-safe") {
            let size := data.length
            let head := shl(5, index)
            let start := add(calldataload(add(data.offset, head)), 32)
            // A start that has wrapped around is below 32.
            inside := and(lt(add(head, 31), size), and(gt(start, 31), iszero(gt(start, size))))
            out.offset := add(data.offset, start)
            out.length := calldataload(sub(out.offset, 32))
            inside := and(inside, iszero(gt(out.length, sub(size, start))))
        }
        if (!inside) revert BytesOutside(index, data.length);
    }
}
