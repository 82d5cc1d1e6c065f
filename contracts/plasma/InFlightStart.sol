// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRootChainInFlight} from "../interfaces/IRootChainInFlight.sol";
import {PlasmaTx} from "../lib/PlasmaTx.sol";
import {Exits} from "./Exits.sol";

/// @title In-flight exits of transactions that may never have been included: start and lookup
/// @dev The id commits to the outputs that the transaction spends: they were proven at the start and need no second
/// proof. A position holds one transaction, so a transaction has only one such id.
abstract contract InFlightStart is Exits {
    mapping(bytes32 id => InFlight) internal _inFlight;

    /// @inheritdoc IRootChainInFlight
    function startInFlightExit(
        Proof calldata transaction,
        Proof[] calldata inputs,
        bytes calldata signatures,
        uint256 bits
    ) external payable {
        bytes calldata data = _requireAlive(transaction);
        uint256 joined = 0;
        for (uint256 b = bits; b != 0; b &= b - 1) {
            ++joined;
        }
        _withdrawBond(_IN_FLIGHT_BOND + joined * _PIGGYBACK_BOND);
        InFlight memory f;
        Output[] memory spent;
        {
            uint256 youngest;
            uint256 priority;
            (spent, youngest, priority) = _requireInputs(data, inputs, signatures);
            f.priority = uint40(_place(priority));
            f.exitableAt = uint40(_maturity(youngest));
        }
        bytes32[] memory ids = new bytes32[](spent.length);
        bool mine = false;
        for (uint256 i; i < ids.length; ++i) {
            ids[i] = spent[i].id;
            if (msg.sender == spent[i].owner) mine = true;
            // An output that was already paid cannot be reserved.
            _requireThere(ids[i]);
        }
        if (!mine) revert UnauthorizedCaller(msg.sender, spent[0].owner);
        bytes32 txHash = PlasmaTx.hash(data);
        bytes32 id = keccak256(abi.encodePacked(txHash, ids));
        if (_inFlight[id].status != InFlightStatus.None) revert UnexpectedInFlightStatus(id, _inFlight[id].status);
        if (bits != 0) f.held = uint8(_holdInputs(ids, 0));
        _joinAtStart(data, txHash, spent, bits, f);
        _requireBalanced(data, spent);
        f.bondOwner = msg.sender;
        f.startedAt = uint40(block.timestamp);
        f.status = InFlightStatus.Open;
        f.piggybacked = uint8(bits);
        f.competitor = uint56(transaction.position >> 8);
        _inFlight[id] = f;
        emit InFlightExitStarted(id, msg.sender, data, ids, signatures);
        if (bits != 0) emit Piggybacked(id, bits);
    }

    /// @inheritdoc IRootChainInFlight
    function inFlight(bytes32 id) external view returns (InFlight memory f) {
        f = _inFlight[id];
        // The fields are returned as one word each: they were read clean and need no further masking.
        assembly ("memory-safe") {
            return(f, 320)
        }
    }

    // ---------------------------------------------------------------------------------------------------- Starting

    function _joinAtStart(bytes calldata data, bytes32 txHash, Output[] memory spent, uint256 bits, InFlight memory f)
        private
    {
        uint256 outs = PlasmaTx.outputs(data);
        uint256 counted = f.held + 1 == 1 << spent.length ? 0xf0 : f.held;
        for (uint256 bit; bits >> bit != 0; ++bit) {
            if ((bits >> bit) & 1 == 0) continue;
            Output memory o;
            if (bit < 4) {
                if (bit >= spent.length) revert InvalidPiggyback(bits);
                o = spent[bit];
            } else {
                if (bit - 4 >= outs) revert InvalidPiggyback(bits);
                o = _made(data, txHash, bit - 4);
            }
            _join(o, bit);
            if ((counted >> bit) & 1 != 0) _register(o.token, f.priority, o.amount);
        }
    }

    /// @dev Requires that the caller owns the input or output and that no exit has paid it. An output is held from then
    /// on: only this exit can pay it, and its standard exit ends. An input may wait for another exit that holds it.
    function _join(Output memory o, uint256 bit) internal {
        if (msg.sender != o.owner) revert UnauthorizedCaller(msg.sender, o.owner);
        if (bit < 4) _requireThere(o.id);
        else _holdOutput(o);
    }

    /// @dev Holds the inputs that no other exit has. Only held inputs can be registered, so an output counts once,
    /// however many payments spend it.
    function _holdInputs(bytes32[] memory ids, uint256 held) internal returns (uint256) {
        for (uint256 i; i < ids.length; ++i) {
            if ((held >> i) & 1 == 0 && _tryHold(ids[i])) held |= 1 << i;
        }
        return held;
    }

    /// @dev Returns an in-flight exit by its transaction and the ids of its inputs.
    function _find(bytes calldata data, bytes32[] calldata inputIds)
        internal
        view
        returns (bytes32 id, InFlight storage f, bytes32 txHash)
    {
        txHash = PlasmaTx.hash(data);
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, txHash)
            calldatacopy(add(m, 32), inputIds.offset, shl(5, inputIds.length))
            id := keccak256(m, add(32, shl(5, inputIds.length)))
        }
        f = _inFlight[id];
        // Every started exit has a time, which is in the slot that every call reads.
        if (f.exitableAt == 0) revert UnexpectedInFlightStatus(id, InFlightStatus.None);
    }

    /// @dev Returns an input or output of a running in-flight exit.
    /// @param inputData The transaction or deposit record that made it, for an input
    function _part(bytes calldata data, bytes32[] calldata inputIds, uint256 bit, bytes calldata inputData)
        internal
        view
        returns (bytes32 id, InFlight storage f, Output memory o)
    {
        bytes32 txHash;
        (id, f, txHash) = _find(data, inputIds);
        if (bit < 4) {
            if (bit >= inputIds.length) revert InvalidPiggyback(1 << bit);
            uint256 position = PlasmaTx.input(data, bit);
            o = _outputOf(inputData, position);
            if (o.id != inputIds[bit]) revert InvalidOutput(position);
        } else {
            if (bit > 7) revert InvalidPiggyback(1 << bit);
            if (bit - 4 >= PlasmaTx.outputs(data)) revert InvalidOutput(bit - 4);
            o = _made(data, txHash, bit - 4);
        }
    }

    /// @dev Returns an output that the transaction has.
    function _made(bytes calldata data, bytes32 txHash, uint256 index) private pure returns (Output memory o) {
        o.id = _idOf(txHash, index);
        (o.owner, o.token, o.amount) = PlasmaTx.output(data, index);
    }
}
