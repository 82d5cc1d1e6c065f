// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PlasmaTx} from "../lib/PlasmaTx.sol";
import {InFlightStart} from "./InFlightStart.sol";

/// @title In-flight exits: the registered amounts and their block
/// @dev Outputs or inputs are registered, each once, and all parts of an exit under one block.
abstract contract InFlightLedger is InFlightStart {
    uint256 internal constant INPUTS = 0x0f;
    uint256 internal constant OUTPUTS = 0xf0;

    /// @dev Returns the bits that are registered when piggybacked: outputs while the exit is not contested and holds
    /// all its inputs; otherwise the inputs that it holds. An output is thus registered once, whichever transactions
    /// spend it.
    /// @param n The number of inputs
    function _counted(InFlight storage f, uint256 n) internal view returns (uint256) {
        if (f.status == InFlightStatus.PaysOutputs) return OUTPUTS;
        uint256 held = f.held;
        return f.contested || held + 1 != 1 << n ? held : OUTPUTS;
    }

    /// @dev Returns the piggybacked bits that are registered.
    function _registered(InFlight storage f, uint256 n) internal view returns (uint256) {
        return _counted(f, n) & f.piggybacked;
    }

    /// @dev Adds piggybacked parts to the ledger, or removes them, where their registration has changed. If a part is
    /// added, the whole exit is moved behind the block under which anything was paid meanwhile.
    /// @param before The bits that were registered
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

    /// @dev Moves the registered parts of an exit behind the latest block under which anything was paid.
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

    /// @param changed The bits that are added to the ledger (those of `counted`) or removed from it
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
                if (bit >= inputData.length) revert InvalidInputs(bit);
                uint256 position = PlasmaTx.input(data, bit);
                Output memory o = _outputOf(inputData[bit], position);
                if (o.id != inputIds[bit]) revert InvalidOutput(position);
                (next, amount) = (o.token, o.amount);
            } else {
                (, next, amount) = PlasmaTx.output(data, bit - 4);
            }
            unchecked {
                // Consecutive parts with one token need only one change.
                if (next != token) {
                    _register(token, priority, sum);
                    (token, sum) = (next, 0);
                }
                sum = (counted >> bit) & 1 != 0 ? sum + amount : sum - amount;
            }
        }
        _register(token, priority, sum);
    }

    /// @dev Releases held inputs.
    function _freeInputs(bytes32[] calldata inputIds, uint256 held) internal {
        for (uint256 i; held >> i != 0; ++i) {
            if ((held >> i) & 1 != 0) _unholdOutput(inputIds[i]);
        }
    }
}
