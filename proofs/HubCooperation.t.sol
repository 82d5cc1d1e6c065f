// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {HubProver} from "./HubProver.sol";
import {Slots} from "@layer2/types/Slots.sol";

/// @title Calls that both parties sign: closing and withdrawing pay only the parties
contract HubCooperationTest is HubProver {
    function check_close_pays_what_was_signed_once(Words memory w, uint128 sentA, uint128 sentB) external {
        (bytes memory a, bytes memory b) = (_signature("A"), _signature("B"));
        (bool ok, uint256 total) = _call(w, abi.encodeCall(hub.close, (_key(), sentA, sentB, a, b)));
        if (!ok) return;
        (uint256 payA,) = Slots.payoff(w.slot0, sentA, sentB);
        assert(A.balance == payA && B.balance == total - payA && STRANGER.balance == 0);
        assert(w.slot0 >> 224 != Slots.CLOSED);
        assert(_word(0) == 0 || _word(0) == Slots.CLOSED << 224);
    }

    function check_CONTROL_close_never_works(Words memory w, uint128 sentA) external {
        (bytes memory a, bytes memory b) = (_signature("A"), _signature("B"));
        (bool ok,) = _call(w, abi.encodeCall(hub.close, (_key(), sentA, 0, a, b)));
        assert(!ok);
    }
}
