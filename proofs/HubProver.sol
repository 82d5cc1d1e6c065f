// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Prover} from "./Prover.sol";
import {ChannelHubCode} from "./generated/ChannelHubCode.sol";
import {IChannelHub} from "@layer2/interfaces/IChannelHub.sol";
import {Key} from "@layer2/types/Key.sol";
import {Slots} from "@layer2/types/Slots.sol";

/// @title A duplex channel in ether with any stored words, at any second, called by an account unknown to the channel
abstract contract HubProver is Prover {
    address internal constant A = address(0xA11CE);
    address internal constant B = address(0xB0B);
    uint32 internal constant DELAY = 600;
    uint32 internal constant LONGEST = 7 days;

    /// @dev The words of a channel; `claim*` and `proof*` as `postLocks` and `unlock` write them.
    struct Words {
        uint256 slot0;
        uint256 slot1;
        uint256 proofA;
        uint256 claimA;
        uint256 proofB;
        uint256 claimB;
        uint64 time;
    }

    IChannelHub internal hub;
    uint256 internal base;

    function setUp() public {
        hub = IChannelHub(deploy(ChannelHubCode.creation(), abi.encode(address(0), 60, 30 days, LONGEST)));
        base = placeOf(hub.channelId(_key()), ChannelHubCode._channels);
    }

    function _key() internal pure returns (Key memory) {
        return Key(A, B, address(0), (uint256(DELAY) << 96) | (uint256(1_000_000) << 64) | 7);
    }

    function _signature(string memory name) internal returns (bytes memory) {
        return svm.createBytes(65, name);
    }

    function _word(uint256 bit) internal returns (uint256) {
        return get(address(hub), base + bit / 256);
    }

    function _call(Words memory w, bytes memory data) internal returns (bool ok, uint256 total) {
        return _callAs(STRANGER, w, data);
    }

    /// @dev Gives the hub exactly the money that the channel records. Times end 2^32 seconds after 1970, less the
    /// longest window.
    function _callAs(address caller, Words memory w, bytes memory data) internal returns (bool ok, uint256 total) {
        vm.assume(w.time < type(uint32).max - 60 days);
        (int256 netA, int256 netB) = Slots.nets(w.slot0);
        vm.assume(netA + netB >= 0);
        total = uint256(netA + netB);
        put(address(hub), base, w.slot0);
        put(address(hub), base + ChannelHubCode._channels_slot1 / 256, w.slot1);
        put(address(hub), base + ChannelHubCode._channels_fromA_proof / 256, w.proofA);
        put(address(hub), base + ChannelHubCode._channels_fromA_claim / 256, w.claimA);
        put(address(hub), base + ChannelHubCode._channels_fromB_proof / 256, w.proofB);
        put(address(hub), base + ChannelHubCode._channels_fromB_claim / 256, w.claimB);
        vm.deal(address(hub), total);
        vm.warp(w.time);
        vm.prank(caller);
        (ok,) = address(hub).call(data);
    }

    /// @dev The money that leaves goes to the parties; the money that stays is recorded in the channel or owed to them.
    function _conserves(Words memory w, bytes memory data) internal returns (bool ok) {
        uint256 total;
        (ok, total) = _call(w, data);
        if (!ok) return false;
        assert(STRANGER.balance == 0 && hub.pendingWithdrawals(STRANGER, address(0)) == 0);
        (int256 netA, int256 netB) = Slots.nets(_word(0));
        assert(netA + netB >= 0);
        uint256 debts = hub.pendingWithdrawals(A, address(0)) + hub.pendingWithdrawals(B, address(0));
        assert(uint256(netA + netB) + debts == address(hub).balance);
        assert(A.balance + B.balance + address(hub).balance == total);
    }

    /// @dev Checks the money for a call that pays nobody.
    function _moves_nothing(address caller, Words memory w, bytes memory data) internal returns (bool ok) {
        uint256 total;
        (ok, total) = _callAs(caller, w, data);
        if (!ok) return false;
        assert(address(hub).balance == total && A.balance == 0 && B.balance == 0 && STRANGER.balance == 0);
        assert(_word(0) & Slots.MASK222 == w.slot0 & Slots.MASK222);
    }
}
