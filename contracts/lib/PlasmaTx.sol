// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Transactions of the plasma chain: packed, with one encoding for each transaction
/// @dev The layout is
/// `type(1) | nIn<<4|nOut (1) | expiry(5) | inputs: position(8) | outputs: owner(20) token(2) amount(12) | memo(32)`.
/// The accessors do not check the bytes again: `isValid` has accepted them, now or at the start of an exit.
library PlasmaTx {
    uint256 internal constant PAYMENT = 1;
    uint256 internal constant FEE = 2;
    uint256 internal constant WITH_MEMO = 0x80;
    uint256 private constant MOST = 4;

    bytes32 private constant OUTPUT_TYPE = keccak256("Output(address owner,uint16 token,uint96 amount)");
    bytes32 private constant PAYMENT_TYPE = keccak256(
        "Payment(uint8 kind,uint64[] inputs,Output[] outputs,uint40 expiry,bytes32 memo)Output(address owner,uint16 token,uint96 amount)"
    );

    /// @notice Returns true if the bytes are a transaction: known type, counts in range, exact length, increasing
    /// inputs, an expiry, and no output with a zero amount or a zero owner.
    function isValid(bytes calldata data) internal pure returns (bool) {
        unchecked {
            uint256 head = _load(data, 0);
            uint256 kind = head >> 248;
            uint256 ins = (head >> 244) & 15;
            uint256 outs = (head >> 240) & 15;
            if (kind == FEE ? ins != 0 : (kind & ~WITH_MEMO != PAYMENT || ins == 0 || ins > MOST)) return false;
            if (outs == 0 || outs > MOST || uint40(head >> 200) == 0) return false;
            uint256 at = 7 + 8 * ins;
            uint256 end = at + 34 * outs;
            if (data.length != end + (kind & WITH_MEMO) / 4) return false;
            for (uint256 i = 7; i + 8 < at; i += 8) {
                uint256 pair = _load(data, i);
                if (pair >> 192 >= uint64(pair >> 128)) return false;
            }
            for (; at < end; at += 34) {
                if (_load(data, at) >> 96 == 0 || _load(data, at + 22) >> 160 == 0) return false;
            }
            return kind & WITH_MEMO == 0 || _load(data, end) != 0;
        }
    }

    /// @notice Returns the type without the flag for a memo.
    function kindOf(bytes calldata data) internal pure returns (uint256) {
        return (_load(data, 0) >> 248) & ~WITH_MEMO;
    }

    /// @notice Returns the number of inputs.
    function inputs(bytes calldata data) internal pure returns (uint256) {
        return (_load(data, 0) >> 244) & 15;
    }

    /// @notice Returns the number of outputs.
    function outputs(bytes calldata data) internal pure returns (uint256) {
        return (_load(data, 0) >> 240) & 15;
    }

    /// @notice Returns the last block that may include a payment, or the block of a fee transaction.
    function expiry(bytes calldata data) internal pure returns (uint256) {
        return uint40(_load(data, 0) >> 200);
    }

    /// @notice Returns the position of the output that an input spends.
    function input(bytes calldata data, uint256 index) internal pure returns (uint64) {
        unchecked {
            return uint64(_load(data, 7 + 8 * index) >> 192);
        }
    }

    /// @notice Returns owner, token and amount of an output.
    function output(bytes calldata data, uint256 index)
        internal
        pure
        returns (address owner, uint256 token, uint256 amount)
    {
        unchecked {
            return record(data, 7 + 8 * inputs(data) + 34 * index);
        }
    }

    /// @notice Returns owner, token and amount in the layout of an output, which is also the start of a deposit's
    /// record.
    function record(bytes calldata data, uint256 at)
        internal
        pure
        returns (address owner, uint256 token, uint256 amount)
    {
        unchecked {
            uint256 word = _load(data, at);
            return (address(uint160(word >> 96)), uint16(word >> 80), _load(data, at + 22) >> 160);
        }
    }

    /// @notice Returns the hash of a transaction: `keccak256(0x02 | data)`.
    function hash(bytes calldata data) internal pure returns (bytes32) {
        return tagged(2, data);
    }

    /// @notice Returns `keccak256(tag(1) | data)`.
    function tagged(uint256 tag, bytes calldata data) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore8(m, tag)
            calldatacopy(add(m, 1), data.offset, data.length)
            result := keccak256(m, add(data.length, 1))
        }
    }

    /// @notice Returns the hash of the EIP-712 struct that the owners of the inputs sign.
    function structHash(bytes calldata data) internal pure returns (bytes32 result) {
        bytes32 outputType = OUTPUT_TYPE;
        bytes32 paymentType = PAYMENT_TYPE;
        assembly ("memory-safe") {
            let m := mload(0x40)
            let head := calldataload(data.offset)
            let at := add(data.offset, 7)
            let n := and(shr(244, head), 15)
            for { let i := 0 } lt(i, n) { i := add(i, 1) } {
                mstore(add(m, shl(5, i)), shr(192, calldataload(at)))
                at := add(at, 8)
            }
            let inputsHash := keccak256(m, shl(5, n))
            n := and(shr(240, head), 15)
            let one := add(m, shl(5, n))
            mstore(one, outputType)
            for { let i := 0 } lt(i, n) { i := add(i, 1) } {
                let word := calldataload(at)
                mstore(add(one, 0x20), shr(96, word))
                mstore(add(one, 0x40), and(shr(80, word), 0xffff))
                mstore(add(one, 0x60), shr(160, calldataload(add(at, 22))))
                mstore(add(m, shl(5, i)), keccak256(one, 0x80))
                at := add(at, 34)
            }
            let outputsHash := keccak256(m, shl(5, n))
            let memo := 0
            if shr(255, head) { memo := calldataload(at) }
            mstore(m, paymentType)
            mstore(add(m, 0x20), and(shr(248, head), 0x7f))
            mstore(add(m, 0x40), inputsHash)
            mstore(add(m, 0x60), outputsHash)
            mstore(add(m, 0x80), and(shr(200, head), 0xffffffffff))
            mstore(add(m, 0xa0), memo)
            result := keccak256(m, 0xc0)
        }
    }

    function _load(bytes calldata data, uint256 at) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, at))
        }
    }
}
