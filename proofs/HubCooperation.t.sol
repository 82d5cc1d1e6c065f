// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {HubProver} from "./HubProver.sol";

/// @title What both parties sign: closing and withdrawing pay the parties alone
contract HubCooperationTest is HubProver {
    function check_close_pays_the_parties_alone(Words memory w, uint128 sentA, uint128 sentB) external {
        (bytes memory a, bytes memory b) = (_signature("A"), _signature("B"));
        _conserves(w, abi.encodeCall(hub.close, (_key(), sentA, sentB, a, b)));
    }

    function check_CONTROL_close_never_works(Words memory w, uint128 sentA) external {
        (bytes memory a, bytes memory b) = (_signature("A"), _signature("B"));
        (bool ok,) = _call(w, abi.encodeCall(hub.close, (_key(), sentA, 0, a, b)));
        assert(!ok);
    }
}
