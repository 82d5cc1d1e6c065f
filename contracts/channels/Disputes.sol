// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IChannelHub} from "../interfaces/IChannelHub.sol";
import {Key} from "../types/Key.sol";
import {Slots} from "../types/Slots.sol";
import {Cooperation} from "./Cooperation.sol";

/// @title Unilateral close of a duplex channel: start, counter-proofs, settlement
abstract contract Disputes is Cooperation {
    /// @inheritdoc IChannelHub
    function startClose(Key calldata key, uint128 amount, bytes calldata signature) external {
        bool callerIsB = msg.sender == key.b;
        _requireCaller(callerIsB || msg.sender == key.a);
        _startClose(key, callerIsB, amount, signature);
    }

    /// @inheritdoc IChannelHub
    function startCloseAs(Key calldata key, bool forB, bytes calldata session, uint128 amount, bytes calldata signature)
        external
    {
        address sessionKey = _requireSession(key.id(), forB ? key.b : key.a, RIGHT_TO_CLOSE, 0, session);
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
        uint256 slot1 = c.slot1;
        _clearDispute(c);
        _pay(c, key, id, slot0, Slots.sent(slot1, false), Slots.sent(slot1, true));
    }

    function _startClose(Key calldata key, bool callerIsB, uint256 amount, bytes calldata signature) private {
        (bytes32 id, Channel storage c, uint256 slot0) = _load(key, false);
        _requireOpen(id, slot0);
        _openDispute(c, key, id, slot0);
        // A party posts what it received: the counter of the other direction.
        if (amount != 0) _postCounter(c, key, id, !callerIsB, amount, signature);
    }

    function _openDispute(Channel storage c, Key calldata key, bytes32 id, uint256 slot0)
        internal
        returns (uint256 deadline)
    {
        deadline = _deadlineFromNow(key);
        c.slot0 = slot0 | (deadline << 224);
        emit DisputeStarted(id, deadline);
    }

    function _postCounter(
        Channel storage c,
        Key calldata key,
        bytes32 id,
        bool fromB,
        uint256 amount,
        bytes calldata signature
    ) private {
        (address sender, address receiver) = fromB ? (key.b, key.a) : (key.a, key.b);
        uint256 slot1 = c.slot1;
        uint256 have = Slots.sent(slot1, fromB);
        if (amount <= have) revert CounterStale(id, have, amount);
        _requireAtMost(id, Slots.MASK112, amount);
        uint256 flag = Slots.lockFlag(fromB);
        if (slot1 & flag != 0) {
            // A sender could sign a newer voucher without the locks it owes: only the receiver may drop them.
            if (msg.sender != receiver) revert LocksStanding(id);
            slot1 &= ~flag;
        }
        _requireCounterSigned(id, sender, _voucherHash(id, amount), amount, signature);
        _storeSent(c, id, slot1, fromB, amount);
    }

    function _storeSent(Channel storage c, bytes32 id, uint256 slot1, bool fromB, uint256 amount) internal {
        slot1 = Slots.withSent(slot1, fromB, amount);
        c.slot1 = slot1;
        emit CounterPosted(id, slot1 & Slots.MASK224);
    }
}
