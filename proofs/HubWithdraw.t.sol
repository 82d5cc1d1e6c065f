// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {HubProver} from "./HubProver.sol";

/// @title A partial withdrawal pays only the parties, and uses up an epoch
contract HubWithdrawTest is HubProver {
    function check_withdraw_pays_the_parties_alone(Words memory w, uint128 outA, uint128 outB, uint48 until) external {
        _conserves(w, _withdraw(outA, outB, until));
    }

    function check_withdraw_works_once_for_one_pair_of_signatures(Words memory w, uint128 outA) external {
        bytes memory data = _withdraw(outA, 0, type(uint48).max);
        (bool ok,) = _call(w, data);
        if (!ok) return;
        // The epoch grows, so a message signed for the previous epoch is a different message.
        assert((_word(256) >> 224) == (w.slot1 >> 224) + 1);
    }

    function check_CONTROL_withdraw_never_works(Words memory w, uint128 outA) external {
        (bool ok,) = _call(w, _withdraw(outA, 0, type(uint48).max));
        assert(!ok);
    }

    function _withdraw(uint128 outA, uint128 outB, uint48 until) private returns (bytes memory) {
        return abi.encodeCall(hub.withdraw, (_key(), outA, outB, until, _signature("A"), _signature("B")));
    }
}
