// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRootChain} from "../interfaces/IRootChain.sol";
import {PlasmaTx} from "../lib/PlasmaTx.sol";
import {InFlightStart} from "./InFlightStart.sol";

/// @title In-flight exits: joining, the games about them, and claims
/// @dev Which side is paid is decided once, at the first claim; each part of it when it is covered.
abstract contract InFlightExits is InFlightStart {
    uint256 private constant INPUTS = 0x0f;
    uint256 private constant OUTPUTS = 0xf0;
    uint256 private constant NOT_INCLUDED = type(uint56).max;

    /// @inheritdoc IRootChain
    function piggyback(bytes calldata data, bytes32[] calldata inputIds, uint256 bit, bytes calldata inputData)
        external
        payable
    {
        (bytes32 id, InFlight storage f, Output memory o) = _part(data, inputIds, bit, inputData);
        _requireFirstHalf(id, f);
        uint256 mask = 1 << bit;
        if ((f.piggybacked | f.blocked) & mask != 0) revert PiggybackWrong(mask);
        if (msg.sender != o.owner) revert CallerWrong(msg.sender, o.owner);
        ExitStatus status = exits(o.id).status;
        if (_isGone(status)) revert ExitStatusWrong(o.id, status);
        f.piggybacked |= uint8(mask);
        _takeBond(_PIGGYBACK_BOND);
        if (mask & _counted(f) != 0) _register(o.token, f.priority, o.amount);
        emit Piggybacked(id, mask);
    }

    /// @inheritdoc IRootChain
    function challengeCanonical(
        bytes calldata data,
        bytes32[] calldata inputIds,
        uint256 input,
        bytes calldata inputData,
        Spend calldata competitor
    ) external {
        (bytes32 id, InFlight storage f, Output memory o) = _part(data, inputIds, input, inputData);
        _requireFirstHalf(id, f);
        bytes32 other = _requireOther(data, input, o.owner, competitor);
        uint256 place = competitor.proof.position == 0 ? NOT_INCLUDED : competitor.proof.position >> 8;
        uint256 known = f.competitor;
        if (known != 0 && place >= known) revert NotOlder(place, known);
        if (!f.contested) _recount(data, f, true);
        (f.competitor, f.contested, f.bondOwner) = (uint56(place), true, msg.sender);
        emit Contested(id, other, place);
    }

    /// @inheritdoc IRootChain
    function answerCanonical(Proof calldata transaction, bytes32[] calldata inputIds) external {
        (bytes32 id, InFlight storage f) = _find(transaction.data, inputIds);
        if (f.status != InFlightStatus.Open) revert InFlightStatusWrong(id, f.status);
        if (block.timestamp >= f.exitableAt) revert TooLate(block.timestamp, f.exitableAt);
        uint256 place = transaction.position >> 8;
        // Zero, so never older, while there is nothing to answer.
        if (place >= f.competitor) revert NotOlder(place, f.competitor);
        _requirePlaced(transaction);
        if (f.contested) _recount(transaction.data, f, false);
        (f.competitor, f.contested, f.bondOwner) = (uint56(place), false, msg.sender);
        emit Answered(id, place);
    }

    /// @inheritdoc IRootChain
    function challengeInput(
        bytes calldata data,
        bytes32[] calldata inputIds,
        uint256 input,
        bytes calldata inputData,
        Spend calldata spend
    ) external once {
        (bytes32 id, InFlight storage f, Output memory o) = _part(data, inputIds, input, inputData);
        _block(id, f, o, 1 << input, _requireOther(data, input, o.owner, spend));
    }

    /// @inheritdoc IRootChain
    function challengeOutput(Proof calldata transaction, bytes32[] calldata inputIds, Spend calldata spend)
        external
        once
    {
        uint256 position = transaction.position;
        uint256 bit = 4 + uint8(position);
        bytes calldata data = transaction.data;
        (bytes32 id, InFlight storage f, Output memory o) = _part(data, inputIds, bit, data);
        _requirePlaced(transaction);
        _block(id, f, o, 1 << bit, _requireSpend(spend, position, o.owner));
    }

    /// @inheritdoc IRootChain
    function claimInFlight(
        bytes calldata data,
        bytes32[] calldata inputIds,
        bytes[] calldata inputData,
        uint256[] calldata newer
    ) external once {
        _requireSorted(newer);
        (bytes32 id, InFlight storage f) = _find(data, inputIds);
        if (inputData.length != inputIds.length) revert InputsWrong(inputIds.length);
        uint256 bits = f.piggybacked;
        if (bits == 0) revert InFlightStatusWrong(id, f.status);
        bool settling = f.status == InFlightStatus.Open;
        uint256 earned = settling ? _settle(data, inputIds, inputData, id, f) : 0;
        bool outputs = f.status == InFlightStatus.PaysOutputs;
        uint256 counted = _counted(f);
        uint256 left = 0;
        for (uint256 i; i < 8; ++i) {
            // The side that is not paid first: it no longer counts as registered then.
            uint256 bit = outputs ? i : i ^ 4;
            uint256 mask = 1 << bit;
            if (bits & mask == 0) continue;
            (,, Output memory o) = _part(data, inputIds, bit, bit < 4 ? inputData[bit] : data);
            Exit memory e = exits(o.id);
            uint256 back = _PIGGYBACK_BOND - _BOUNTY;
            // The other side gets its bond back, and so does what another game has paid.
            uint256 amount = mask & (outputs ? OUTPUTS : INPUTS) == 0 || _isGone(e.status) ? 0 : o.amount;
            if (amount != 0) {
                (bool covered,,) = _isCovered(o.token, f.priority, amount, newer);
                if (!covered) {
                    left |= mask;
                    continue;
                }
                if (e.status == ExitStatus.Open) back += _retire(o, e, _EXIT_BOND);
                _markPaid(o.id, e);
            }
            earned += _BOUNTY;
            _release(o.token, f.priority, mask & counted == 0 ? 0 : o.amount, _PIGGYBACK_BOND - _BOUNTY);
            f.piggybacked ^= uint8(mask);
            _payBoth(o.owner, o.token, amount, back);
        }
        if (left == bits && !settling) revert NothingToPay();
        // Held until now: it must not have covered what was paid before.
        _unhold(0, earned);
        _pay(msg.sender, 0, earned);
    }

    /// @inheritdoc IRootChain
    function abandonInFlight(bytes32 id) external once {
        InFlight memory f = _inFlight[id];
        if (f.status != InFlightStatus.Open) revert InFlightStatusWrong(id, f.status);
        uint256 from = f.startedAt + _EXIT_PERIOD / 2;
        if (block.timestamp < from) revert TooEarly(block.timestamp, from);
        if (f.piggybacked != 0) revert PiggybackWrong(f.piggybacked);
        delete _inFlight[id];
        emit InFlightAbandoned(id);
        _unhold(0, _IN_FLIGHT_BOND);
        _pay(f.bondOwner, 0, _IN_FLIGHT_BOND);
    }

    // ----------------------------------------------------------------------------------------------------- Playing

    function _requireFirstHalf(bytes32 id, InFlight storage f) private view {
        if (f.status != InFlightStatus.Open) revert InFlightStatusWrong(id, f.status);
        uint256 until = f.startedAt + _EXIT_PERIOD / 2;
        if (block.timestamp >= until) revert TooLate(block.timestamp, until);
    }

    /// @dev Another transaction that spends the same, by the owner's signature.
    function _requireOther(bytes calldata data, uint256 input, address owner, Spend calldata spend)
        private
        view
        returns (bytes32 other)
    {
        if (input >= PlasmaTx.inputs(data)) revert PiggybackWrong(1 << input);
        other = _requireSpend(spend, PlasmaTx.input(data, input), owner);
        if (other == PlasmaTx.hash(data)) revert SameTransaction();
    }

    /// @dev Bits that are registered once they join: outputs are not while a competitor stands. Else many rivals of one
    /// input could each hold up everybody with outputs that will not be paid.
    function _counted(InFlight storage f) private view returns (uint256) {
        return f.contested ? INPUTS : INPUTS | OUTPUTS;
    }

    /// @dev Outputs that joined leave the ledger, or come back to it: one change for each run of one token.
    function _recount(bytes calldata data, InFlight storage f, bool leave) private {
        uint256 bits = f.piggybacked >> 4;
        uint256 priority = f.priority;
        uint256 token = 0;
        uint256 sum = 0;
        unchecked {
            for (uint256 k; bits != 0; ++k) {
                if (bits & 1 != 0) {
                    (, uint256 next, uint256 amount) = PlasmaTx.output(data, k);
                    if (next != token) {
                        _register(token, priority, sum);
                        (token, sum) = (next, 0);
                    }
                    sum = leave ? sum - amount : sum + amount;
                }
                bits >>= 1;
            }
        }
        _register(token, priority, sum);
    }

    function _block(bytes32 id, InFlight storage f, Output memory o, uint256 mask, bytes32 spender) private {
        (uint256 joined, uint256 blocked, uint256 counted) = (f.piggybacked, f.blocked, _counted(f));
        if (joined & mask == 0) revert PiggybackWrong(mask);
        (f.piggybacked, f.blocked) = (uint8(joined ^ mask), uint8(blocked | mask));
        _release(o.token, f.priority, mask & counted == 0 ? 0 : o.amount, _PIGGYBACK_BOND);
        emit PiggybackBlocked(id, mask, spender);
        _pay(msg.sender, 0, _PIGGYBACK_BOND);
    }

    // ---------------------------------------------------------------------------------------------------- Claiming

    /// @dev Decides, once, which side is paid: what happens later to an input cannot turn a half-paid exit around.
    /// @return earned bonds of exits that it proves wrong
    function _settle(
        bytes calldata data,
        bytes32[] calldata inputIds,
        bytes[] calldata inputData,
        bytes32 id,
        InFlight storage f
    ) private returns (uint256 earned) {
        if (block.timestamp < f.exitableAt) revert TooEarly(block.timestamp, f.exitableAt);
        bool outputs = !f.contested;
        for (uint256 i; i < inputIds.length; ++i) {
            if (_isGone(exits(inputIds[i]).status)) outputs = false;
        }
        f.status = outputs ? InFlightStatus.PaysOutputs : InFlightStatus.PaysInputs;
        emit InFlightSettled(id, f.status);
        // Only what pays an output takes the inputs with it.
        if (outputs && f.piggybacked & OUTPUTS != 0) {
            for (uint256 i; i < inputIds.length; ++i) {
                (,, Output memory o) = _part(data, inputIds, i, inputData[i]);
                Exit memory e = exits(o.id);
                // Its owner signed the transaction: the exit could have been challenged.
                if (e.status == ExitStatus.Open) earned += _retire(o, e, 0);
                _setExit(o.id, ExitStatus.Spent, 0, e.position);
                emit OutputSpent(o.id);
            }
        }
        _unhold(0, _IN_FLIGHT_BOND);
        _pay(f.bondOwner, 0, _IN_FLIGHT_BOND);
    }

    /// @dev A standard exit of what this game takes: its registration ends. Returns its bond, now free.
    /// @param free what of its bond is paid at once
    function _retire(Output memory o, Exit memory e, uint256 free) private returns (uint256) {
        _release(o.token, _priorityOf(e.position), o.amount, free);
        return _EXIT_BOND;
    }
}
