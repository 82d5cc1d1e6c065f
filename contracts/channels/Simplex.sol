// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IChannelHub} from "../interfaces/IChannelHub.sol";
import {Calldata} from "../lib/Calldata.sol";
import {Signatures} from "../lib/Signatures.sol";
import {Key} from "../types/Key.sol";
import {Slots} from "../types/Slots.sol";
import {HubBase} from "./HubBase.sol";

/// @title One-way channels: claims with payout at any time, closing by the payee, timed exit of the payer
abstract contract Simplex is HubBase {
    /// @dev payer(20) | delay(4) openBefore(4) salt(8) | amount(16) | r(32) | vs(32)
    uint256 private constant ROW = 116;

    /// @inheritdoc IChannelHub
    function claim(address payee, address token, bytes calldata rows) external {
        if (rows.length % ROW != 0) revert RowsMalformed(rows.length);
        uint256 sum = 0;
        unchecked {
            for (uint256 offset; offset < rows.length; offset += ROW) {
                sum += _claimRow(payee, token, Calldata.slice(rows, offset, offset + ROW));
            }
        }
        if (sum == 0) revert NothingClaimed();
        _push(token, payee, sum);
    }

    /// @inheritdoc IChannelHub
    function claimVoucher(Key calldata key, uint128 amount, bytes calldata signature) external {
        (bytes32 id, Channel storage c, uint256 slot0) = _load(key, true);
        _requireAlive(id, slot0);
        (uint256 before, uint256 current) = _advance(slot0, amount);
        if (current <= before) revert CounterStale(id, before, amount);
        _requireCounterSigned(id, key.a, _voucherHash(id, amount), amount, signature);
        c.slot0 = _withSent(slot0, current);
        emit Claimed(id, current);
        unchecked {
            _push(key.token, key.b, current - before);
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
        _requireAlive(id, slot0);
        if (msg.sender != key.b) {
            _requireSigned(keccak256(abi.encode(CLOSE_TYPE, id, amount, uint256(0))), key.b, payeeSignature);
        }
        (uint256 before, uint256 current) = _advance(slot0, amount);
        if (current > before) {
            _requireCounterSigned(id, key.a, _voucherHash(id, amount), amount, voucherSignature);
            emit Claimed(id, current);
        } else {
            current = before;
        }
        unchecked {
            _end(c, key, id, (slot0 & Slots.MASK112) - current, current - before);
        }
    }

    /// @inheritdoc IChannelHub
    function requestExit(Key calldata key) external {
        (bytes32 id, Channel storage c, uint256 slot0) = _load(key, true);
        _requireOpen(id, slot0);
        _requireCaller(msg.sender == key.a);
        uint256 deadline = _deadlineFromNow(key);
        c.slot0 = slot0 | (deadline << 224);
        emit DisputeStarted(id, deadline);
    }

    /// @inheritdoc IChannelHub
    function exit(Key calldata key) external {
        (bytes32 id, Channel storage c, uint256 slot0) = _load(key, true);
        _requireDisputeOver(id, slot0);
        unchecked {
            // sent never passes net.
            _end(c, key, id, (slot0 & Slots.MASK112) - _sentOf(slot0), 0);
        }
    }

    /// @return before what was claimed
    /// @return current what the voucher lifts it to, never above the deposit
    function _advance(uint256 slot0, uint256 amount) private pure returns (uint256 before, uint256 current) {
        uint256 net = slot0 & Slots.MASK112;
        before = _sentOf(slot0);
        current = amount > net ? net : amount;
    }

    function _sentOf(uint256 slot0) private pure returns (uint256) {
        return (slot0 >> 112) & Slots.MASK112;
    }

    function _withSent(uint256 slot0, uint256 sent) private pure returns (uint256) {
        return (slot0 & ~(Slots.MASK112 << 112)) | (sent << 112);
    }

    /// @dev What a row adds to the payout; zero, and nothing else, when it is not payable.
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
        bytes32 digest = _digest(_voucherHash(id, amount));
        if (payer == address(0) || Signatures.recover(digest, Calldata.slice(row, 52, ROW)) != payer) return 0;
        c.slot0 = _withSent(slot0, current);
        emit Claimed(id, current);
        unchecked {
            return current - before;
        }
    }
}
