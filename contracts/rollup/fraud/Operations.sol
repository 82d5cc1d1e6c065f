// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Bls} from "../../lib/Bls.sol";
import {Accounts} from "./Accounts.sol";
import {Ledger} from "./Ledger.sol";
import {WitnessErrors} from "./WitnessErrors.sol";

/// @title Execution of operations: the on-chain twin of the rollup's state transition, one segment at a time
/// @dev The functions are total, like their twin: bytes without a meaning have no effect. The order in which accounts
/// are looked up depends on the bytes alone: the fee receiver; for the signature judge every sender; then sender and
/// receiver of each operation.
library Operations {
    using Ledger for Ledger.State;
    using Accounts for uint256;

    uint256 internal constant FRAME = 496;
    uint256 private constant OPS = 27;
    /// @dev The operations in the first half of an ECDSA frame: recovering a signature costs its judge little, but
    /// opening one more account costs much.
    uint256 private constant ECDSA_OPS = 3;

    uint256 private constant TRANSFERS = 1;
    uint256 private constant WIDE_TRANSFERS = 2;
    uint256 private constant WITHDRAWALS = 3;
    uint256 private constant EXACT_TRANSFERS = 4;
    uint256 private constant ECDSA_TRANSFERS = 5;
    uint256 private constant ECDSA_WITHDRAWALS = 6;
    uint256 private constant ECDSA_EXACT_TRANSFERS = 7;
    uint256 private constant ACCOUNTS = 8;

    uint256 private constant NO_FEE = type(uint256).max;
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    bytes32 private constant TRANSFER_TYPE =
        keccak256("Transfer(uint32 sender,uint32 nonce,uint32 to,uint128 amount,uint16 token,uint8 fee)");
    bytes32 private constant WITHDRAW_TYPE =
        keccak256("Withdraw(uint32 sender,uint32 nonce,address to,uint128 amount,uint16 token,uint8 fee)");

    /// @notice The header of a frame.
    /// @param kind The type of the frame
    /// @param token The id of the token
    /// @param fee The fee class
    /// @param receiver The account that receives the fees
    /// @param count The number of operations; zero if the frame has no effect
    /// @param start The offset of the first operation
    /// @param width The bytes of an operation
    struct Header {
        uint256 kind;
        uint256 token;
        uint256 fee;
        uint256 receiver;
        uint256 count;
        uint256 start;
        uint256 width;
    }

    // ------------------------------------------------------------------------------------------------------- frames

    /// @notice Reads the header of a frame.
    function header(bytes memory frame) internal pure returns (Header memory head) {
        uint256 word;
        assembly ("memory-safe") {
            word := mload(add(frame, 32))
        }
        head.kind = word >> 248;
        head.token = uint16(word >> 232);
        head.fee = uint8(word >> 224);
        head.receiver = uint32(word >> 192);
        if (head.kind == 0 || head.kind > ACCOUNTS) return head;
        head.start = head.kind <= EXACT_TRANSFERS ? 57 : 9;
        head.width = _width(head.kind);
        uint256 count = uint8(frame[head.start - 1]);
        if (head.start + count * head.width <= FRAME) head.count = count;
    }

    /// @notice Returns true if one BLS signature covers the operations of the frame.
    function byBls(Header memory head) internal pure returns (bool) {
        return head.kind <= EXACT_TRANSFERS;
    }

    /// @notice Returns true if the frame opens accounts of BLS keys.
    function opensAccounts(Header memory head) internal pure returns (bool) {
        return head.kind == ACCOUNTS;
    }

    /// @notice Returns true if frames of this type can add withdrawals.
    function takesOut(uint256 kind) internal pure returns (bool) {
        return kind == WITHDRAWALS || kind == ECDSA_WITHDRAWALS;
    }

    /// @notice Returns the maximum number of operations in the first half of the frame.
    function firstHalf(Header memory head) internal pure returns (uint256) {
        return head.kind >= ECDSA_TRANSFERS && head.kind <= ECDSA_EXACT_TRANSFERS ? ECDSA_OPS : OPS;
    }

    /// @notice Returns true if the header allows the frame to be executed: its token and its fee receiver exist.
    /// @return fine True if the state allows the execution
    /// @return receiver The address of the fee receiver, or NO_FEE
    function admissible(Ledger.State memory state, Header memory head)
        internal
        pure
        returns (bool fine, uint256 receiver)
    {
        receiver = NO_FEE;
        if (head.count == 0 || head.token >= state.tokens) return (false, receiver);
        fine = true;
        if (feeOf(head.fee) != 0) {
            receiver = state.find(head.receiver);
            fine = receiver.exists() && receiver.token() == head.token;
        }
    }

    /// @notice Returns true if every sender has a BLS key and a nonce left, with the positions of the senders and the
    /// digests that they sign. The signature judge uses it.
    function senders(Ledger.State memory state, bytes memory frame, Header memory head, bytes32 domain)
        internal
        pure
        returns (bool fine, uint256[] memory positions, bytes32[] memory digests)
    {
        uint256 n = head.count;
        (positions, digests, fine) = (new uint256[](n), new bytes32[](n), true);
        uint256 message = _template(head, domain);
        bool short = head.kind == TRANSFERS;
        for (uint256 i; i < n;) {
            (uint256 sender, uint256 to, uint256 amount) = short ? _shortAt(frame, i) : _longAt(frame, head, i);
            uint256 at = state.find(sender);
            unchecked {
                ++i;
            }
            assembly ("memory-safe") {
                let word := mload(add(at, 64))
                let asked := mload(add(at, 128))
                mstore(add(at, 128), add(asked, 1))
                let nonce := add(and(shr(128, word), 0xffffffff), asked)
                // Only a BLS key can sign for an account in such a frame.
                if or(iszero(shr(160, mload(add(at, 32)))), iszero(lt(nonce, 0xffffffff))) { fine := 0 }
                mstore(add(message, 32), sender)
                mstore(add(message, 64), nonce)
                mstore(add(message, 96), to)
                mstore(add(message, 128), amount)
                mstore(add(message, 288), keccak256(message, 224))
                let row := shl(5, i)
                mstore(add(digests, row), keccak256(add(message, 254), 66))
                mstore(add(positions, row), div(sub(at, mload(state)), 160))
            }
        }
    }

    /// @dev A shorter form of `opAt` for the most frequent type of frame.
    function _shortAt(bytes memory frame, uint256 index)
        private
        pure
        returns (uint256 sender, uint256 to, uint256 amount)
    {
        assembly ("memory-safe") {
            let word := mload(add(add(frame, 89), shl(3, index)))
            sender := shr(232, word)
            to := and(shr(208, word), 0xffffff)
            amount := mul(and(shr(192, word), 0x7ff), exp(10, and(shr(203, word), 31)))
        }
    }

    function _longAt(bytes memory frame, Header memory head, uint256 index)
        private
        pure
        returns (uint256 sender, uint256 to, uint256 amount)
    {
        (sender, to, amount,) = opAt(frame, head, index);
    }

    /// @dev Writes to memory the part of the message that all operations of a frame share: `type | ... | token | fee`,
    /// then `0x1901 | domain`.
    function _template(Header memory head, bytes32 domain) private pure returns (uint256 message) {
        bool withdraws = head.kind == WITHDRAWALS || head.kind == ECDSA_WITHDRAWALS;
        bytes32 kind = withdraws ? WITHDRAW_TYPE : TRANSFER_TYPE;
        (uint256 token, uint256 fee) = (head.token, head.fee);
        assembly ("memory-safe") {
            message := mload(0x40)
            mstore(0x40, add(message, 320))
            mstore(message, kind)
            mstore(add(message, 160), token)
            mstore(add(message, 192), fee)
            mstore(add(message, 224), 0x1901)
            mstore(add(message, 256), domain)
        }
    }

    /// @notice Executes the operations of one half of an accepted frame, and credits the fees.
    function execute(
        Ledger.State memory state,
        bytes memory frame,
        Header memory head,
        uint256 half,
        uint256 receiver,
        bytes32 domain
    ) internal pure {
        uint256 fee = feeOf(head.fee);
        uint256 fees = 0;
        uint256 first = firstHalf(head);
        uint256 end = half == 0 && head.count > first ? first : head.count;
        for (uint256 i = half * first; i < end; ++i) {
            (uint256 sender, uint256 to, uint256 amount, bool withdraws) = opAt(frame, head, i);
            uint256 from = state.find(sender);
            uint256 target = withdraws ? 0 : state.find(to);
            if (!byBls(head)) {
                bytes32 digest = digestOf(sender, to, amount, withdraws, from.nonce(), head.token, head.fee, domain);
                if (!_signed(frame, head, i, from, digest)) continue;
            }
            bool done = withdraws
                ? state.withdraw(from, address(uint160(to)), amount, head.token, fee)
                : Ledger.move(from, target, amount, head.token, fee);
            if (done) fees += fee;
        }
        if (fees != 0) Ledger.credit(receiver, fees);
    }

    /// @notice Opens an account for each valid key of the frame.
    function openAccounts(Ledger.State memory state, bytes memory frame, Header memory head, bytes[] memory hints)
        internal
        view
    {
        if (hints.length != head.count) revert WitnessErrors.InvalidHintCount();
        for (uint256 i; i < head.count; ++i) {
            bytes memory compressed = new bytes(96);
            uint256 at = head.start + i * head.width;
            assembly ("memory-safe") {
                mcopy(add(compressed, 32), add(add(frame, 32), at), 96)
            }
            (bool valid, bytes memory point) = Bls.key(compressed, hints[i]);
            if (valid) state.create(keccak256(point), head.token, 0);
        }
    }

    /// @notice Returns operation `index` of a frame. `to` is an account, or the target address of a withdrawal.
    function opAt(bytes memory frame, Header memory head, uint256 index)
        internal
        pure
        returns (uint256 sender, uint256 to, uint256 amount, bool withdraws)
    {
        unchecked {
            uint256 kind = head.kind;
            uint256 word;
            uint256 next;
            uint256 at = head.start + index * head.width;
            assembly ("memory-safe") {
                word := mload(add(add(frame, 32), at))
                // The second word is used only if the operation is longer than one word.
                next := mload(add(add(frame, 64), at))
            }
            if (kind == TRANSFERS) return (word >> 232, uint24(word >> 208), unpack(uint16(word >> 192)), false);
            sender = word >> 224;
            if (kind == WITHDRAWALS || kind == ECDSA_WITHDRAWALS) {
                return (sender, (uint256(uint96(word)) << 64) | (next >> 192), uint128(word >> 96), true);
            }
            to = uint32(word >> 192);
            bool exact = kind == EXACT_TRANSFERS || kind == ECDSA_EXACT_TRANSFERS;
            amount = exact ? uint128(word >> 64) : unpack(uint16(word >> 176));
        }
    }

    /// @notice Returns an amount from its 16-bit form: `mantissa(11 bits) * 10^exponent(5 bits)`.
    function unpack(uint256 packed) internal pure returns (uint256) {
        unchecked {
            return (packed & 0x7ff) * 10 ** (packed >> 11);
        }
    }

    /// @notice Returns the fee of a fee class: `mantissa(4 bits) * 10^exponent(4 bits)`.
    function feeOf(uint256 class) internal pure returns (uint256) {
        return (class & 15) * 10 ** (class >> 4);
    }

    /// @dev Returns the bytes of one operation.
    function _width(uint256 kind) private pure returns (uint256) {
        if (kind == TRANSFERS) return 8;
        if (kind == WIDE_TRANSFERS) return 10;
        if (kind == WITHDRAWALS) return 40;
        if (kind == EXACT_TRANSFERS) return 24;
        if (kind == ECDSA_TRANSFERS) return 74;
        if (kind == ECDSA_WITHDRAWALS) return 104;
        if (kind == ECDSA_EXACT_TRANSFERS) return 88;
        return 96;
    }

    // --------------------------------------------------------------------------------------------------- signatures

    function _signed(bytes memory frame, Header memory head, uint256 index, uint256 from, bytes32 digest)
        private
        pure
        returns (bool)
    {
        uint256 owner = uint256(from.owner());
        if (owner == 0 || owner >> 160 != 0 || from.nonce() >= Ledger.MAX_NONCE) return false;
        bytes32 r;
        bytes32 vs;
        uint256 at = head.start + (index + 1) * head.width - 64;
        assembly ("memory-safe") {
            r := mload(add(add(frame, 32), at))
            vs := mload(add(add(frame, 64), at))
        }
        return recover(digest, r, vs) == address(uint160(owner));
    }

    /// @notice Returns the EIP-712 digest that the sender of an operation signs.
    function digestOf(
        uint256 sender,
        uint256 to,
        uint256 amount,
        bool withdraws,
        uint256 nonce,
        uint256 token,
        uint256 fee,
        bytes32 domain
    ) internal pure returns (bytes32 digest) {
        bytes32 kind = withdraws ? WITHDRAW_TYPE : TRANSFER_TYPE;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, kind)
            mstore(add(m, 32), sender)
            mstore(add(m, 64), nonce)
            mstore(add(m, 96), to)
            mstore(add(m, 128), amount)
            mstore(add(m, 160), token)
            mstore(add(m, 192), fee)
            let message := keccak256(m, 224)
            mstore(m, 0x1901)
            mstore(add(m, 32), domain)
            mstore(add(m, 64), message)
            digest := keccak256(add(m, 30), 66)
        }
    }

    /// @notice Returns the signer of an EIP-2098 signature; zero for the upper half of s.
    function recover(bytes32 digest, bytes32 r, bytes32 vs) internal pure returns (address) {
        uint256 s = uint256(vs) & ((1 << 255) - 1);
        if (s > HALF_ORDER) return address(0);
        return ecrecover(digest, uint8((uint256(vs) >> 255) + 27), r, bytes32(s));
    }
}
