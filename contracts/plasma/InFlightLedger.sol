// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PlasmaTx} from "../lib/PlasmaTx.sol";
import {InFlightStart} from "./InFlightStart.sol";

/// @title In-flight exits: what of a game is registered, and where
/// @dev Outputs or inputs, each once; all of a game under one block.
abstract contract InFlightLedger is InFlightStart {
    uint256 internal constant INPUTS = 0x0f;
    uint256 internal constant OUTPUTS = 0xf0;

    /// @dev Bits that are registered once they join: outputs while no competitor stands and all inputs are held; else
    /// inputs that are held. So an output is registered once, whatever spends it.
    /// @param n inputs
    function _counted(InFlight storage f, uint256 n) internal view returns (uint256) {
        if (f.status == InFlightStatus.PaysOutputs) return OUTPUTS;
        uint256 held = f.held;
        return f.contested || held + 1 != 1 << n ? held : OUTPUTS;
    }

    function _registered(InFlight storage f, uint256 n) internal view returns (uint256) {
        return _counted(f, n) & f.piggybacked;
    }

    /// @dev What has joined leaves the ledger, or comes to it, as far as it counts otherwise than before. Where something
    /// comes to it, all of the game stands behind what was paid meanwhile.
    /// @param before bits that were registered
    function _recount(
        bytes calldata data,
        bytes32[] calldata inputIds,
        bytes[] calldata inputData,
        InFlight storage f,
        uint256 before
    ) internal {
        uint256 counted = _registered(f, inputIds.length);
        uint256 changed = before ^ counted;
        if (changed == 0) return;
        uint256 priority = f.priority;
        uint256 place = _place(priority);
        if (place != priority && counted & changed != 0) {
            _moveBehind(data, inputIds, inputData, f, before);
            priority = place;
        }
        _change(data, inputIds, inputData, priority, changed, counted);
    }

    /// @dev What is registered of a game stands behind what was paid from now on.
    function _moveBehind(
        bytes calldata data,
        bytes32[] calldata inputIds,
        bytes[] calldata inputData,
        InFlight storage f,
        uint256 registered
    ) internal {
        uint256 priority = f.priority;
        uint256 place = _place(priority);
        _change(data, inputIds, inputData, priority, registered, 0);
        _change(data, inputIds, inputData, place, registered, registered);
        f.priority = uint40(place);
    }

    /// @param changed bits that come to the ledger (those of `counted`) or leave it
    function _change(
        bytes calldata data,
        bytes32[] calldata inputIds,
        bytes[] calldata inputData,
        uint256 priority,
        uint256 changed,
        uint256 counted
    ) private {
        uint256 token = 0;
        uint256 sum = 0;
        for (uint256 bit; changed >> bit != 0; ++bit) {
            if ((changed >> bit) & 1 == 0) continue;
            uint256 next;
            uint256 amount;
            if (bit < 4) {
                if (bit >= inputData.length) revert InputsWrong(bit);
                uint256 position = PlasmaTx.input(data, bit);
                Output memory o = _outputOf(inputData[bit], position);
                if (o.id != inputIds[bit]) revert OutputWrong(position);
                (next, amount) = (o.token, o.amount);
            } else {
                (, next, amount) = PlasmaTx.output(data, bit - 4);
            }
            unchecked {
                // One change for each run of one token.
                if (next != token) {
                    _register(token, priority, sum);
                    (token, sum) = (next, 0);
                }
                sum = (counted >> bit) & 1 != 0 ? sum + amount : sum - amount;
            }
        }
        _register(token, priority, sum);
    }

    function _freeInputs(bytes32[] calldata inputIds, uint256 held) internal {
        for (uint256 i; held >> i != 0; ++i) {
            if ((held >> i) & 1 != 0) _unholdOutput(inputIds[i]);
        }
    }
}
