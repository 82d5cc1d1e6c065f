// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IChannelHub} from "../interfaces/IChannelHub.sol";
import {Words} from "../lib/Words.sol";
import {Key} from "../types/Key.sol";
import {Slots} from "../types/Slots.sol";
import {Cooperation} from "./Cooperation.sol";

/// @title Unilateral close of a duplex channel: start, counter-proofs, settlement
abstract contract Disputes is Cooperation {
    /// @inheritdoc IChannelHub
    function registerSession(bytes32 id, address key, uint128 cap, uint48 validUntil, uint8 rights) external {
        isRegistered[msg.sender][Words.hash(SESSION_TYPE, id, uint160(key), cap, validUntil, rights)] = true;
        emit SessionRegistered(msg.sender, id, key, cap, validUntil, rights);
    }

    /// @inheritdoc IChannelHub
    function startClose(Key calldata key, uint128 amount, bytes calldata signature) external {
        bool callerIsB = msg.sender == key.party(true);
        _requireCaller(callerIsB || msg.sender == key.party(false));
        _startClose(key, callerIsB, amount, signature);
    }

    /// @inheritdoc IChannelHub
    function startCloseAs(Key calldata key, bool forB, bytes calldata session, uint128 amount, bytes calldata signature)
        external
    {
        address sessionKey = _requireSession(key.id(), key.party(forB), RIGHT_TO_CLOSE, 0, session);
        _requireCaller(msg.sender == sessionKey);
        _startClose(key, forB, amount, signature);
    }

    /// @inheritdoc IChannelHub
    function post(Key calldata key, bool fromB, uint128 amount, bytes calldata signature) external {
        (bytes32 id, Channel storage c, uint256 slot0) = _load(key, false);
        _requireDisputeOpen(id, slot0);
        _postCounter(c, key, id, fromB, amount, signature);
    }

    /// @inheritdoc IChannelHub
    function settle(Key calldata key) external {
        (bytes32 id, Channel storage c, uint256 slot0) = _load(key, false);
        _requireDisputeOver(id, slot0);
        (uint256 paidA, uint256 paidB) = _clearDispute(c, slot0);
        _pay(c, key, id, slot0, paidA, paidB);
    }

    function _startClose(Key calldata key, bool callerIsB, uint256 amount, bytes calldata signature) private {
        (bytes32 id, Channel storage c, uint256 slot0) = _load(key, false);
        _requireOpen(id, slot0);
        uint256 deadline = _deadlineFromNow(key);
        c.slot0 = slot0 | (deadline << 224);
        _noteDispute(id, deadline);
        // A party posts the voucher it received, which is the counter of the other direction.
        if (amount != 0) _postCounter(c, key, id, !callerIsB, amount, signature);
    }

    /// @dev Records a higher plain counter of one direction.
    function _postCounter(
        Channel storage c,
        Key calldata key,
        bytes32 id,
        bool fromB,
        uint256 amount,
        bytes calldata signature
    ) private {
        uint256 slot1 = c.slot1;
        uint256 have = Slots.sent(slot1, fromB);
        if (amount <= have) revert StaleCounter(id, have, amount);
        _requireAtMost(id, Slots.MASK112, amount);
        _requireCounterSigned(id, key.party(fromB), RIGHT_TO_PAY, amount, _voucherHash(id, amount), signature);
        slot1 = Slots.withSent(slot1, fromB, amount);
        c.slot1 = slot1;
        emit CounterPosted(id, slot1 & Slots.MASK224);
    }
}
