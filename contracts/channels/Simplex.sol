// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IChannelHub} from "../interfaces/IChannelHub.sol";
import {Calldata} from "../lib/Calldata.sol";
import {Words} from "../lib/Words.sol";
import {Key} from "../types/Key.sol";
import {Slots} from "../types/Slots.sol";
import {HubBase} from "./HubBase.sol";

/// @title One-way channels: claims with payout at any time, closing by the payee, timed exit of the payer
abstract contract Simplex is HubBase {
    /// @dev payer(20) | delay(4) openBefore(4) salt(8) | amount(16) | r(32) | vs(32)
    uint256 private constant ROW = 116;
    /// @dev A row, then key(20) | cap(16) | validUntil(6) | rights(1) | r(32) | vs(32)
    uint256 private constant SESSION_ROW = ROW + SESSION_HEAD + 64;

    /// @inheritdoc IChannelHub
    function claimVouchers(address payee, address token, bytes calldata rows, bytes calldata sessionRows) external {
        _requireWhole(rows.length % ROW == 0, rows);
        _requireWhole(sessionRows.length % SESSION_ROW == 0, sessionRows);
        uint256 sum = 0;
        unchecked {
            for (uint256 offset; offset < rows.length; offset += ROW) {
                sum += _claimRow(payee, token, Calldata.slice(rows, offset, offset + ROW));
            }
            for (uint256 offset; offset < sessionRows.length; offset += SESSION_ROW) {
                sum += _claimRow(payee, token, Calldata.slice(sessionRows, offset, offset + SESSION_ROW));
            }
        }
        if (sum == 0) revert NothingClaimed();
        _push(token, payee, sum);
    }

    /// @inheritdoc IChannelHub
    function claimVoucher(Key calldata key, uint128 amount, bytes calldata signature) external {
        (bytes32 id, Channel storage c, uint256 slot0) = _load(key, true);
        (uint256 before, uint256 current) = _take(id, key.party(false), slot0, amount, signature);
        if (current == before) revert StaleCounter(id, before, amount);
        c.slot0 = Slots.withClaimed(slot0, current);
        unchecked {
            _push(key.asset(), key.party(true), current - before);
        }
    }

    /// @inheritdoc IChannelHub
    function closeSimplex(
        Key calldata key,
        uint128 amount,
        bytes calldata voucherSignature,
        bytes calldata payeeSignature
    ) external {
        (bytes32 id, Channel storage c, uint256 slot0) = _load(key, true);
        _requireConsent(Words.hash(CLOSE_TYPE, id, amount, 0), key.party(true), payeeSignature);
        (uint256 before, uint256 current) = _take(id, key.party(false), slot0, amount, voucherSignature);
        _endAt(c, key, id, slot0, before, current);
    }

    /// @dev Pays the payee up to `current`, and the payer the rest.
    function _endAt(Channel storage c, Key calldata key, bytes32 id, uint256 slot0, uint256 before, uint256 current)
        private
    {
        unchecked {
            // The claimed amount never exceeds the deposit.
            _end(c, key, id, (slot0 & Slots.MASK111) - current, current - before);
        }
    }

    /// @dev Applies a voucher in an open channel. The signature is not checked if the voucher adds nothing.
    /// @return before The amount claimed before
    /// @return current The amount claimed now
    function _take(bytes32 id, address payer, uint256 slot0, uint256 amount, bytes calldata signature)
        private
        returns (uint256 before, uint256 current)
    {
        _requireAlive(id, slot0);
        (before, current) = _advance(slot0, amount);
        if (current <= before) return (before, before);
        _requireCounterSigned(id, payer, RIGHT_TO_PAY, amount, _voucherHash(id, amount), signature);
        _noteClaim(id, current);
    }

    /// @inheritdoc IChannelHub
    function requestExit(Key calldata key) external {
        (bytes32 id, Channel storage c, uint256 slot0) = _load(key, true);
        _requireOpen(id, slot0);
        _requireCaller(msg.sender == key.party(false));
        uint256 deadline = _deadlineFromNow(key);
        c.slot0 = slot0 | (deadline << 224);
        _noteDispute(id, deadline);
    }

    /// @inheritdoc IChannelHub
    function exit(Key calldata key) external {
        (bytes32 id, Channel storage c, uint256 slot0) = _load(key, true);
        _requireDisputeOver(id, slot0);
        (, uint256 claimed) = Slots.simplex(slot0);
        _endAt(c, key, id, slot0, claimed, claimed);
    }

    function _noteClaim(bytes32 id, uint256 current) private {
        emit Claimed(id, current);
    }

    /// @return before The amount claimed before
    /// @return current The amount claimed with the voucher, at most the deposit
    function _advance(uint256 slot0, uint256 amount) private pure returns (uint256 before, uint256 current) {
        uint256 net;
        (net, before) = Slots.simplex(slot0);
        current = amount > net ? net : amount;
    }

    /// @dev Returns the amount that a row adds to the payout; returns zero and changes nothing if the row is not
    /// payable.
    function _claimRow(address payee, address token, bytes calldata row) private returns (uint256) {
        address payer;
        uint256 params;
        uint256 amount;
        bytes32 id;
        assembly ("memory-safe") {
            payer := shr(96, calldataload(row.offset))
            let tail := calldataload(add(row.offset, 20))
            params := shr(128, tail)
            amount := and(tail, 0xffffffffffffffffffffffffffffffff)
            let m := mload(0x40)
            mstore(m, payer)
            mstore(add(m, 32), payee)
            mstore(add(m, 64), token)
            mstore(add(m, 96), or(params, shl(128, 1)))
            id := shl(40, shr(40, keccak256(m, 128)))
            id := or(id, shl(8, and(shr(64, params), 0xffffffff)))
            id := or(id, or(2, iszero(iszero(token))))
        }
        Channel storage c = _channels[id];
        uint256 slot0 = c.slot0;
        if (Slots.deadline(slot0) == Slots.CLOSED) return 0;
        (uint256 before, uint256 current) = _advance(slot0, amount);
        if (current <= before) return 0;
        address signer = payer;
        if (row.length != ROW) signer = _sessionOfRow(id, payer, amount, Calldata.slice(row, ROW, SESSION_ROW));
        if (!_isSignedBy(_voucherHash(id, amount), signer, Calldata.slice(row, 52, ROW))) return 0;
        c.slot0 = Slots.withClaimed(slot0, current);
        _noteClaim(id, current);
        unchecked {
            return current - before;
        }
    }

    /// @dev Returns the session key of a row; zero if it may not sign this amount.
    function _sessionOfRow(bytes32 id, address payer, uint256 amount, bytes calldata session)
        private
        view
        returns (address)
    {
        (address key, uint256 cap, uint256 validUntil, uint256 rights) = _grantOf(session);
        if (rights & RIGHT_TO_PAY == 0 || amount > cap || block.timestamp > validUntil) return address(0);
        // All rows have one length: for a registered session the owner's signature is zero.
        bool registered = Calldata.load(session, SESSION_HEAD) | Calldata.load(session, SESSION_HEAD + 32) == 0;
        uint256 length = registered ? SESSION_HEAD : session.length;
        return _isNamed(id, payer, Calldata.slice(session, 0, length)) ? key : address(0);
    }
}
