// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Prover} from "./Prover.sol";
import {ChannelHubCode} from "./generated/ChannelHubCode.sol";
import {IChannelHub} from "@layer2/interfaces/IChannelHub.sol";
import {Key} from "@layer2/types/Key.sol";
import {Slots} from "@layer2/types/Slots.sol";

/// @title One-way channels in ether: claims pay the payee the amount that the voucher adds, within the deposit
contract HubSimplexTest is Prover {
    address private constant PAYER = address(0xA11CE);
    address private constant PAYEE = address(0xB0B);
    uint128 private constant PARAMS = (uint128(600) << 96) | (uint128(1_000_000) << 64) | 7;

    /// @dev The amount of a row, which is constant because it shares a word with the channel's key: an unknown amount
    /// would make the channel unknown.
    uint128 private constant AMOUNT = 1 ether;

    IChannelHub private hub;
    uint256 private base;

    function setUp() public {
        hub = IChannelHub(deploy(ChannelHubCode.creation(), abi.encode(address(0), 60, 30 days, 7 days)));
        base = placeOf(hub.channelId(_key()), ChannelHubCode._channels);
    }

    function check_claim_pays_the_payee_what_the_voucher_adds(uint256 slot0, uint64 time) external {
        _adds(slot0, AMOUNT, time, abi.encodeCall(hub.claimVouchers, (PAYEE, address(0), _row(), "")));
    }

    function check_claim_pays_no_more_than_the_deposit(uint256 slot0, uint64 time) external {
        bytes memory row = abi.encodePacked(PAYER, PARAMS, type(uint128).max);
        row = bytes.concat(row, svm.createBytes(64, "S"));
        _adds(slot0, type(uint128).max, time, abi.encodeCall(hub.claimVouchers, (PAYEE, address(0), row, "")));
    }

    function check_claimVoucher_pays_the_payee_what_the_voucher_adds(uint256 slot0, uint128 amount, uint64 time)
        external
    {
        _adds(slot0, amount, time, abi.encodeCall(hub.claimVoucher, (_key(), amount, svm.createBytes(65, "S"))));
    }

    function check_claim_works_once(uint256 slot0, uint64 time) external {
        bytes memory data = abi.encodeCall(hub.claimVouchers, (PAYEE, address(0), _row(), ""));
        if (!_call(slot0, time, data)) return;
        (bool again,) = address(hub).call(data);
        assert(!again);
    }

    function check_closeSimplex_pays_all_that_is_left_to_both(uint256 slot0, uint128 amount, uint64 time) external {
        bytes memory data =
            abi.encodeCall(hub.closeSimplex, (_key(), amount, svm.createBytes(65, "S"), svm.createBytes(65, "R")));
        if (!_call(slot0, time, data)) return;
        (uint256 net, uint256 claimed) = Slots.simplex(slot0);
        assert(PAYER.balance + PAYEE.balance == net - claimed && STRANGER.balance == 0);
        uint256 most = amount > net ? net : amount;
        assert(PAYEE.balance == (most > claimed ? most - claimed : 0));
        assert(get(address(hub), base) & Slots.MASK111 == 0);
    }

    function check_exit_pays_the_payer_what_was_not_claimed(uint256 slot0, uint64 time) external {
        if (!_call(slot0, time, abi.encodeCall(hub.exit, (_key())))) return;
        (uint256 net, uint256 claimed) = Slots.simplex(slot0);
        assert(PAYER.balance == net - claimed && PAYEE.balance == 0 && STRANGER.balance == 0);
        assert(time > slot0 >> 224 && slot0 >> 224 != 0 && slot0 >> 224 != Slots.CLOSED);
    }

    function check_CONTROL_claim_never_works(uint256 slot0, uint64 time) external {
        assert(!_call(slot0, time, abi.encodeCall(hub.claimVouchers, (PAYEE, address(0), _row(), ""))));
    }

    function check_CONTROL_claimVoucher_never_works(uint256 slot0, uint128 amount, uint64 time) external {
        assert(!_call(slot0, time, abi.encodeCall(hub.claimVoucher, (_key(), amount, svm.createBytes(65, "S")))));
    }

    function check_CONTROL_closeSimplex_never_works(uint256 slot0, uint128 amount, uint64 time) external {
        bytes memory data =
            abi.encodeCall(hub.closeSimplex, (_key(), amount, svm.createBytes(65, "S"), svm.createBytes(65, "R")));
        assert(!_call(slot0, time, data));
    }

    function check_CONTROL_exit_never_works(uint256 slot0, uint64 time) external {
        assert(!_call(slot0, time, abi.encodeCall(hub.exit, (_key()))));
    }

    function _adds(uint256 slot0, uint128 amount, uint64 time, bytes memory data) private {
        if (!_call(slot0, time, data)) return;
        (uint256 net, uint256 claimed) = Slots.simplex(slot0);
        uint256 most = amount > net ? net : amount;
        assert(most > claimed && PAYEE.balance == most - claimed);
        assert(PAYER.balance == 0 && STRANGER.balance == 0 && address(hub).balance == net - most);
        assert(get(address(hub), base) == Slots.withClaimed(slot0, most));
    }

    function _key() private pure returns (Key memory) {
        return Key(PAYER, PAYEE, address(0), (uint256(1) << 128) | PARAMS);
    }

    function _row() private returns (bytes memory) {
        return bytes.concat(abi.encodePacked(PAYER, PARAMS, AMOUNT), svm.createBytes(64, "S"));
    }

    function _call(uint256 slot0, uint64 time, bytes memory data) private returns (bool ok) {
        (uint256 net, uint256 claimed) = Slots.simplex(slot0);
        // Two bits are unused in a one-way channel.
        vm.assume(claimed <= net && (slot0 >> 222) & 3 == 0);
        put(address(hub), base, slot0);
        vm.deal(address(hub), net - claimed);
        vm.warp(time);
        vm.prank(STRANGER);
        (ok,) = address(hub).call(data);
    }
}
