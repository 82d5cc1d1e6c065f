// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Prover} from "./Prover.sol";
import {ChannelHubCode} from "./generated/ChannelHubCode.sol";
import {IChannelHub} from "@layer2/interfaces/IChannelHub.sol";
import {Key} from "@layer2/types/Key.sol";
import {Slots} from "@layer2/types/Slots.sol";

/// @title A duplex channel in ether: any stored words, any second, any signatures, a caller who is no party
contract HubMoneyTest is Prover {
    address private constant A = address(0xA11CE);
    address private constant B = address(0xB0B);
    IChannelHub private hub;
    uint256 private base;

    function setUp() public {
        hub = IChannelHub(deploy(ChannelHubCode.creation(), abi.encode(address(0), 60, 30 days, 7 days)));
        base = placeOf(hub.channelId(_key()), ChannelHubCode._channels);
    }

    function check_close_pays_the_parties_alone(uint256 slot0, uint256 slot1, uint64 time, uint128 sentA, uint128 sentB)
        external
    {
        (bytes memory a, bytes memory b) = _signatures();
        _conserves(slot0, slot1, time, abi.encodeCall(hub.close, (_key(), sentA, sentB, a, b)));
    }

    function check_withdraw_pays_the_parties_alone(
        uint256 slot0,
        uint256 slot1,
        uint64 time,
        uint128 outA,
        uint128 outB,
        uint48 until
    ) external {
        (bytes memory a, bytes memory b) = _signatures();
        _conserves(slot0, slot1, time, abi.encodeCall(hub.withdraw, (_key(), outA, outB, until, a, b)));
    }

    function check_post_moves_no_money(uint256 slot0, uint256 slot1, uint64 time, bool fromB, uint128 amount) external {
        bytes memory call = abi.encodeCall(hub.post, (_key(), fromB, amount, svm.createBytes(65, "signature")));
        if (_conserves(slot0, slot1, time, call)) assert(A.balance == 0 && B.balance == 0);
    }

    function check_startClose_by_a_stranger_does_not_work(uint256 slot0, uint256 slot1, uint64 time, uint128 amount)
        external
    {
        bytes memory call = abi.encodeCall(hub.startClose, (_key(), amount, svm.createBytes(65, "signature")));
        assert(!_conserves(slot0, slot1, time, call));
    }

    function check_settle_pays_the_parties_alone(uint256 slot0, uint256 slot1, uint64 time) external {
        _conserves(slot0, slot1, time, abi.encodeCall(hub.settle, (_key())));
    }

    function check_settle_pays_by_the_counters_after_the_deadline(uint256 slot0, uint256 slot1, uint64 time) external {
        (bool ok, uint256 total) = _call(slot0, slot1, time, abi.encodeCall(hub.settle, (_key())));
        if (!ok) return;
        uint256 deadline = slot0 >> 224;
        assert(deadline != 0 && deadline != Slots.CLOSED && time > deadline);
        (uint256 payA,) = Slots.payoff(slot0, Slots.sent(slot1, false), Slots.sent(slot1, true));
        assert(A.balance == payA && B.balance == total - payA);
    }

    function check_settle_works_after_the_deadline(uint256 slot0, uint256 slot1, uint64 time) external {
        uint256 deadline = slot0 >> 224;
        vm.assume(deadline != 0 && deadline != Slots.CLOSED && time > deadline);
        (bool ok,) = _call(slot0, slot1, time, abi.encodeCall(hub.settle, (_key())));
        assert(ok);
    }

    function check_settle_pays_once(uint256 slot0, uint256 slot1, uint64 time, uint64 later) external {
        bytes memory call = abi.encodeCall(hub.settle, (_key()));
        (bool ok,) = _call(slot0, slot1, time, call);
        if (!ok) return;
        vm.warp(later);
        (bool again,) = address(hub).call(call);
        assert(!again);
    }

    function check_CONTROL_nothing_ever_leaves(uint256 slot0, uint256 slot1, uint64 time) external {
        _conserves(slot0, slot1, time, abi.encodeCall(hub.settle, (_key())));
        assert(A.balance == 0);
    }

    function check_CONTROL_settle_never_works(uint256 slot0, uint256 slot1, uint64 time) external {
        (bool ok,) = _call(slot0, slot1, time, abi.encodeCall(hub.settle, (_key())));
        assert(!ok);
    }

    function check_CONTROL_close_never_works(uint256 slot0, uint256 slot1, uint64 time, uint128 sentA) external {
        (bytes memory a, bytes memory b) = _signatures();
        assert(!_conserves(slot0, slot1, time, abi.encodeCall(hub.close, (_key(), sentA, 0, a, b))));
    }

    function check_CONTROL_withdraw_never_works(uint256 slot0, uint256 slot1, uint64 time, uint128 outA) external {
        (bytes memory a, bytes memory b) = _signatures();
        bytes memory call = abi.encodeCall(hub.withdraw, (_key(), outA, 0, type(uint48).max, a, b));
        assert(!_conserves(slot0, slot1, time, call));
    }

    function check_CONTROL_post_never_works(uint256 slot0, uint256 slot1, uint64 time, uint128 amount) external {
        bytes memory call = abi.encodeCall(hub.post, (_key(), false, amount, svm.createBytes(65, "signature")));
        assert(!_conserves(slot0, slot1, time, call));
    }

    function _key() private pure returns (Key memory) {
        return Key(A, B, address(0), (uint256(600) << 96) | (uint256(1_000_000) << 64) | 7);
    }

    function _signatures() private returns (bytes memory, bytes memory) {
        return (svm.createBytes(65, "signatureA"), svm.createBytes(65, "signatureB"));
    }

    /// @dev What leaves goes to the parties, what stays is what the channel says it has or what is owed to them.
    function _conserves(uint256 slot0, uint256 slot1, uint64 time, bytes memory call) private returns (bool ok) {
        uint256 total;
        (ok, total) = _call(slot0, slot1, time, call);
        if (!ok) return false;
        assert(STRANGER.balance == 0 && hub.owed(STRANGER, address(0)) == 0);
        uint256 left = get(address(hub), base);
        (int256 netA, int256 netB) = Slots.nets(left);
        assert(netA + netB >= 0);
        uint256 debts = hub.owed(A, address(0)) + hub.owed(B, address(0));
        assert(uint256(netA + netB) + debts == address(hub).balance);
        assert(A.balance + B.balance + address(hub).balance == total);
    }

    function _call(uint256 slot0, uint256 slot1, uint64 time, bytes memory call)
        private
        returns (bool ok, uint256 total)
    {
        (int256 netA, int256 netB) = Slots.nets(slot0);
        vm.assume(netA + netB >= 0);
        total = uint256(netA + netB);
        put(address(hub), base, slot0);
        put(address(hub), base + 1, slot1);
        vm.deal(address(hub), total);
        vm.warp(time);
        vm.prank(STRANGER);
        (ok,) = address(hub).call(call);
    }
}
