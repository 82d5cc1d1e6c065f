// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRootChainInFlight} from "../interfaces/IRootChainInFlight.sol";
import {PlasmaTx} from "../lib/PlasmaTx.sol";
import {InFlightLedger} from "./InFlightLedger.sol";

/// @title In-flight exits: piggybacks, challenges and claims
/// @dev The first claim decides once which side is paid; each part is paid when it is covered.
abstract contract InFlightExits is InFlightLedger {
    uint256 private constant NOT_INCLUDED = type(uint56).max;

    /// @inheritdoc IRootChainInFlight
    function piggyback(bytes calldata data, bytes32[] calldata inputIds, uint256 bit, bytes[] calldata inputData)
        external
        payable
    {
        (bytes32 id, InFlight storage f, Output memory o) =
            _part(data, inputIds, bit, bit < inputData.length ? inputData[bit] : data);
        _requireFirstHalf(id, f);
        uint256 mask = 1 << bit;
        uint256 joined = f.piggybacked;
        if ((joined | f.blocked) & mask != 0) revert InvalidPiggyback(mask);
        // Inputs are held only once an input or output is piggybacked.
        if (joined == 0) f.held = uint8(_holdInputs(inputIds, f.held));
        uint256 counted = _counted(f, inputIds.length);
        uint256 priority = f.priority;
        uint256 place = _place(priority);
        f.piggybacked = uint8(joined | mask);
        _withdrawBond(_PIGGYBACK_BOND);
        _join(o, bit);
        if (counted & mask != 0) {
            if (place != priority) _moveBehind(data, inputIds, inputData, f, counted & joined);
            _register(o.token, place, o.amount);
        }
        emit Piggybacked(id, mask);
    }

    /// @inheritdoc IRootChainInFlight
    function challengeNonCanonical(
        bytes calldata data,
        bytes32[] calldata inputIds,
        uint256 input,
        bytes[] calldata inputData,
        Spend calldata competitor
    ) external {
        if (input >= inputData.length) revert InvalidInputs(input);
        (bytes32 id, InFlight storage f, Output memory o) = _part(data, inputIds, input, inputData[input]);
        _requireFirstHalf(id, f);
        bytes32 other = _requireOther(data, input, o.owner, competitor);
        uint256 place = competitor.proof.position == 0 ? NOT_INCLUDED : competitor.proof.position >> 8;
        uint256 known = f.competitor;
        if (known != 0 && place >= known) revert NotOlder(place, known);
        uint256 before = _registered(f, inputIds.length);
        (f.competitor, f.contested, f.bondOwner) = (uint56(place), true, msg.sender);
        _recount(data, inputIds, inputData, f, before);
        emit InFlightExitChallenged(id, other, place);
    }

    /// @inheritdoc IRootChainInFlight
    function respondNonCanonical(Proof calldata transaction, bytes32[] calldata inputIds, bytes[] calldata inputData)
        external
    {
        (bytes32 id, InFlight storage f,) = _find(transaction.data, inputIds);
        _requireBefore(id, f, f.exitableAt);
        uint256 place = transaction.position >> 8;
        // The competitor is zero without a challenge to answer, and every place is at or after zero.
        if (place >= f.competitor) revert NotOlder(place, f.competitor);
        _requirePlaced(transaction);
        uint256 before = _registered(f, inputIds.length);
        (f.competitor, f.contested, f.bondOwner) = (uint56(place), false, msg.sender);
        _recount(transaction.data, inputIds, inputData, f, before);
        emit InFlightExitChallengeResponded(id, place);
    }

    /// @inheritdoc IRootChainInFlight
    function holdInputs(bytes calldata data, bytes32[] calldata inputIds, bytes[] calldata inputData) external {
        (bytes32 id, InFlight storage f,) = _find(data, inputIds);
        // A later registration would move the exit behind outputs that were already paid.
        _requireBefore(id, f, f.exitableAt);
        uint256 held = f.held;
        uint256 before = _registered(f, inputIds.length);
        uint256 joined = f.piggybacked;
        // A contested exit can pay only its piggybacked inputs; otherwise it needs all inputs or none.
        uint256 wanted = f.contested ? joined & INPUTS : joined == 0 ? 0 : INPUTS;
        uint256 kept = held & wanted;
        _freeInputs(inputIds, held ^ kept);
        for (uint256 i; i < inputIds.length; ++i) {
            if (((wanted & ~kept) >> i) & 1 != 0 && _tryHold(inputIds[i])) kept |= 1 << i;
        }
        if (kept == held) revert NothingToHold(id, held);
        f.held = uint8(kept);
        _recount(data, inputIds, inputData, f, before);
    }

    /// @inheritdoc IRootChainInFlight
    function challengeInputSpent(
        bytes calldata data,
        bytes32[] calldata inputIds,
        uint256 input,
        bytes calldata inputData,
        Spend calldata spend
    ) external nonReentrant {
        (bytes32 id, InFlight storage f, Output memory o) = _part(data, inputIds, input, inputData);
        _block(id, f, o, 1 << input, inputIds.length, _requireOther(data, input, o.owner, spend));
    }

    /// @inheritdoc IRootChainInFlight
    function challengeOutputSpent(Proof calldata transaction, bytes32[] calldata inputIds, Spend calldata spend)
        external
        nonReentrant
    {
        uint256 position = transaction.position;
        // The sum has 256 bits, so an index beyond the outputs is rejected like any other.
        uint256 bit = 4 + uint256(uint8(position));
        bytes calldata data = transaction.data;
        (bytes32 id, InFlight storage f, Output memory o) = _part(data, inputIds, bit, data);
        _requirePlaced(transaction);
        _block(id, f, o, 1 << bit, inputIds.length, _requireSpend(spend, position, o.owner));
    }

    /// @inheritdoc IRootChainInFlight
    function processInFlightExit(
        bytes calldata data,
        bytes32[] calldata inputIds,
        bytes[] calldata inputData,
        uint256[] calldata newer
    ) external nonReentrant {
        _requireSorted(newer);
        (bytes32 id, InFlight storage f,) = _find(data, inputIds);
        if (inputData.length != inputIds.length) revert InvalidInputs(inputIds.length);
        uint256 bits = f.piggybacked;
        if (bits == 0) revert UnexpectedInFlightStatus(id, f.status);
        bool settling = f.status == InFlightStatus.Open;
        uint256 earned = settling ? _settle(data, inputIds, inputData, id, f) : 0;
        bool outputs = f.status == InFlightStatus.PaysOutputs;
        uint256 left = 0;
        for (uint256 i; i < 8; ++i) {
            // The side that is not paid comes first, so it no longer counts as registered.
            uint256 bit = outputs ? i : i ^ 4;
            uint256 mask = 1 << bit;
            if (bits & mask == 0) continue;
            (,, Output memory o) = _part(data, inputIds, bit, bit < 4 ? inputData[bit] : data);
            Exit memory e = exits(o.id);
            // The other side only gets its bond back, and so does a part that another exit has paid. An input that
            // another exit holds is paid by that exit, or by its own standard exit.
            uint256 amount = mask & (outputs ? OUTPUTS : f.held) == 0 || _isGone(e.status) ? 0 : o.amount;
            if (amount != 0) {
                (bool due,,) = _isCovered(o.token, f.priority, amount, newer);
                if (!due) {
                    left |= mask;
                    continue;
                }
                _markPaid(o.id, e, f.priority);
            } else if (bit > 3) {
                _unholdOutput(o.id);
            }
            earned += _BOUNTY;
            bool counted = mask & _counted(f, inputIds.length) != 0;
            _release(o.token, f.priority, counted ? o.amount : 0, _PIGGYBACK_BOND - _BOUNTY);
            f.piggybacked ^= uint8(mask);
            if (!outputs) f.held &= ~uint8(mask);
            _payBoth(o.owner, o.token, amount, _PIGGYBACK_BOND - _BOUNTY);
        }
        if (left == bits && !settling) revert NothingToPay();
        // The bounties stayed held until now, because they must not have covered the payments above.
        _unhold(0, earned);
        _pay(msg.sender, 0, earned);
    }

    /// @inheritdoc IRootChainInFlight
    function deleteNonPiggybacked(bytes calldata data, bytes32[] calldata inputIds) external nonReentrant {
        (bytes32 id, InFlight storage f,) = _find(data, inputIds);
        if (f.status != InFlightStatus.Open) revert UnexpectedInFlightStatus(id, f.status);
        uint256 from = _halfTime(f);
        if (block.timestamp < from) revert TooEarly(block.timestamp, from);
        if (f.piggybacked != 0) revert InvalidPiggyback(f.piggybacked);
        _freeInputs(inputIds, f.held);
        address owner = f.bondOwner;
        delete _inFlight[id];
        emit InFlightExitDeleted(id);
        _unhold(0, _IN_FLIGHT_BOND);
        _pay(owner, 0, _IN_FLIGHT_BOND);
    }

    // ----------------------------------------------------------------------------------------------------- Playing

    function _requireFirstHalf(bytes32 id, InFlight storage f) private view {
        _requireBefore(id, f, _halfTime(f));
    }

    function _requireBefore(bytes32 id, InFlight storage f, uint256 until) private view {
        if (f.status != InFlightStatus.Open) revert UnexpectedInFlightStatus(id, f.status);
        if (block.timestamp >= until) revert TooLate(block.timestamp, until);
    }

    /// @dev Returns the end of the first W/2 of an in-flight exit.
    function _halfTime(InFlight storage f) private view returns (uint256) {
        unchecked {
            return f.startedAt + _EXIT_PERIOD / 2;
        }
    }

    /// @dev Requires another transaction that spends the input, signed by its owner.
    function _requireOther(bytes calldata data, uint256 input, address owner, Spend calldata spend)
        private
        returns (bytes32 other)
    {
        if (input >= PlasmaTx.inputs(data)) revert InvalidPiggyback(1 << input);
        other = _requireSpend(spend, PlasmaTx.input(data, input), owner);
        if (other == PlasmaTx.hash(data)) revert SameTransaction();
    }

    /// @dev Removes a piggyback that was proven to be spent, and pays its bond to the caller.
    function _block(bytes32 id, InFlight storage f, Output memory o, uint256 mask, uint256 n, bytes32 spender) private {
        (uint256 joined, uint256 blocked, uint256 counted) = (f.piggybacked, f.blocked, _counted(f, n));
        if (joined & mask == 0) revert InvalidPiggyback(mask);
        (f.piggybacked, f.blocked) = (uint8(joined ^ mask), uint8(blocked | mask));
        if (mask & (counted | OUTPUTS) != 0) {
            // The exit can no longer pay this input or output.
            f.held &= ~uint8(mask);
            _unholdOutput(o.id);
        }
        _release(o.token, f.priority, mask & counted == 0 ? 0 : o.amount, _PIGGYBACK_BOND);
        emit PiggybackBlocked(id, mask, spender);
        _pay(msg.sender, 0, _PIGGYBACK_BOND);
    }

    // ---------------------------------------------------------------------------------------------------- Claiming

    /// @dev Decides once which side is paid, so that later payments of an input cannot reverse a half-paid exit.
    /// @return earned The bonds of the standard exits that the settlement proves wrong
    function _settle(
        bytes calldata data,
        bytes32[] calldata inputIds,
        bytes[] calldata inputData,
        bytes32 id,
        InFlight storage f
    ) private returns (uint256 earned) {
        if (block.timestamp < f.exitableAt) revert TooEarly(block.timestamp, f.exitableAt);
        bool outputs = !f.contested;
        uint256 held = f.held;
        bytes32 elsewhere = 0;
        for (uint256 i; i < inputIds.length; ++i) {
            if (_isGone(_statusOf(inputIds[i]))) outputs = false;
            if ((held >> i) & 1 == 0 && isHeld(inputIds[i])) elsewhere = inputIds[i];
        }
        uint256 before = _registered(f, inputIds.length);
        uint256 kept = outputs ? 0 : held & f.piggybacked;
        // Another exit holds an input and began before: it must end first, or be contested by this transaction.
        if (outputs && elsewhere != 0) revert OutputHeld(elsewhere);
        if (!outputs) f.contested = true;
        f.status = outputs ? InFlightStatus.PaysOutputs : InFlightStatus.PaysInputs;
        f.held = uint8(kept);
        _recount(data, inputIds, inputData, f, before);
        _freeInputs(inputIds, held ^ kept);
        emit InFlightExitProcessed(id, f.status);
        // Only a payment of an output spends the inputs.
        if (outputs && f.piggybacked & OUTPUTS != 0) {
            for (uint256 i; i < inputIds.length; ++i) {
                (,, Output memory o) = _part(data, inputIds, i, inputData[i]);
                Exit memory e = exits(o.id);
                // The owner signed the transaction, so the exit could have been challenged.
                if (e.status == ExitStatus.Open) {
                    _retire(o, e.priority);
                    earned += _EXIT_BOND;
                }
                _setExit(o.id, ExitStatus.Spent, 0, e.position);
                emit OutputSpent(o.id);
            }
        }
        _unhold(0, _IN_FLIGHT_BOND);
        _pay(f.bondOwner, 0, _IN_FLIGHT_BOND);
    }
}
