// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {HubProver} from "./HubProver.sol";
import {Slots} from "@layer2/types/Slots.sol";

/// @title Disputes: counters move no money; settling pays by the greater of counter and claim, once, after the deadline
contract HubDisputeTest is HubProver {
    function check_post_of_A_moves_no_money_and_lowers_no_counter(Words memory w, uint128 amount) external {
        _checkPost(w, false, amount);
    }

    function check_post_of_B_moves_no_money_and_lowers_no_counter(Words memory w, uint128 amount) external {
        _checkPost(w, true, amount);
    }

    function _checkPost(Words memory w, bool fromB, uint128 amount) private {
        if (!_moves_nothing(STRANGER, w, abi.encodeCall(hub.post, (_key(), fromB, amount, _signature("S"))))) return;
        uint256 slot1 = _word(256);
        assert(Slots.sent(slot1, fromB) == amount && amount > Slots.sent(w.slot1, fromB));
        assert(Slots.sent(slot1, !fromB) == Slots.sent(w.slot1, !fromB) && slot1 >> 224 == w.slot1 >> 224);
        assert(_word(0) == w.slot0 && _word(512) == w.proofA && _word(768) == w.claimA);
    }

    function check_startClose_by_a_stranger_does_not_work(Words memory w, uint128 amount) external {
        (bool ok,) = _call(w, abi.encodeCall(hub.startClose, (_key(), amount, _signature("S"))));
        assert(!ok);
    }

    function check_settle_pays_by_counters_and_claims_after_the_deadline(Words memory w) external {
        (bool ok, uint256 total) = _call(w, abi.encodeCall(hub.settle, (_key())));
        if (!ok) return;
        uint256 deadline = w.slot0 >> 224;
        assert(deadline != 0 && deadline != Slots.CLOSED && w.time > deadline);
        (uint256 payA,) = Slots.payoff(w.slot0, _paid(w, false), _paid(w, true));
        assert(A.balance == payA && B.balance == total - payA && STRANGER.balance == 0);
        // The channel is over: without a deadline, or closed, it cannot be settled again.
        assert(_word(0) == 0 || _word(0) == Slots.CLOSED << 224);
    }

    function check_settle_works_after_the_deadline(Words memory w) external {
        uint256 deadline = w.slot0 >> 224;
        vm.assume(deadline != 0 && deadline != Slots.CLOSED && w.time > deadline);
        (bool ok,) = _call(w, abi.encodeCall(hub.settle, (_key())));
        assert(ok);
    }

    function check_CONTROL_startClose_never_works(Words memory w, uint128 amount) external {
        (bool ok,) = _callAs(A, w, abi.encodeCall(hub.startClose, (_key(), amount, _signature("S"))));
        assert(!ok);
    }

    function check_CONTROL_settle_pays_nobody(Words memory w) external {
        _call(w, abi.encodeCall(hub.settle, (_key())));
        assert(A.balance == 0);
    }

    function check_CONTROL_settle_never_works(Words memory w) external {
        (bool ok,) = _call(w, abi.encodeCall(hub.settle, (_key())));
        assert(!ok);
    }

    function check_CONTROL_settle_ignores_claims(Words memory w) external {
        (bool ok,) = _call(w, abi.encodeCall(hub.settle, (_key())));
        if (!ok) return;
        (uint256 payA,) = Slots.payoff(w.slot0, Slots.sent(w.slot1, false), Slots.sent(w.slot1, true));
        assert(A.balance == payA);
    }

    function check_CONTROL_post_never_works(Words memory w, uint128 amount) external {
        (bool ok,) = _call(w, abi.encodeCall(hub.post, (_key(), false, amount, _signature("S"))));
        assert(!ok);
    }

    function _paid(Words memory w, bool fromB) private pure returns (uint256 paid) {
        paid = Slots.sent(w.slot1, fromB);
        if (w.slot0 & Slots.claimFlag(fromB) == 0) return paid;
        uint256 claimed = (fromB ? w.claimB : w.claimA) & Slots.MASK112;
        return claimed > paid ? claimed : paid;
    }
}
