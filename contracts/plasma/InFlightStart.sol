// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRootChain} from "../interfaces/IRootChain.sol";
import {PlasmaTx} from "../lib/PlasmaTx.sol";
import {Exits} from "./Exits.sol";

/// @title In-flight exits: of transactions that may never have been included; how one begins, and is found again
/// @dev Its id commits to the outputs that it spends: they were proven when it began, and need no proof again. A position
/// holds one transaction, so that a transaction has one such id.
abstract contract InFlightStart is Exits {
    mapping(bytes32 id => InFlight) internal _inFlight;

    /// @inheritdoc IRootChain
    function startInFlight(
        Proof calldata transaction,
        Proof[] calldata inputs,
        bytes[] calldata signatures,
        uint256 bits
    ) external payable {
        bytes calldata data = _requireAlive(transaction);
        uint256 joined = 0;
        for (uint256 b = bits; b != 0; b &= b - 1) {
            ++joined;
        }
        _takeBond(_IN_FLIGHT_BOND + joined * _PIGGYBACK_BOND);
        uint256 n = PlasmaTx.inputs(data);
        if (inputs.length != n || signatures.length != n) revert InputsWrong(n);
        Output[] memory spent = new Output[](n);
        bytes32[] memory ids = new bytes32[](n);
        InFlight memory f;
        {
            bytes32 digest = _digestOf(data);
            bool mine = false;
            uint256 youngest = 0;
            for (uint256 i; i < n; ++i) {
                uint256 position = inputs[i].position;
                if (position != PlasmaTx.input(data, i)) revert SpendWrong(PlasmaTx.input(data, i), position);
                (Output memory o, uint256 madeAt) = _requireOutput(inputs[i]);
                _requireSigned(digest, o.owner, signatures[i]);
                for (uint256 j; j < i; ++j) {
                    if (ids[j] == o.id) revert InputsWrong(i);
                }
                if (msg.sender == o.owner) mine = true;
                if (madeAt > youngest) youngest = madeAt;
                uint256 priority = _priorityOf(position);
                if (priority > f.priority) f.priority = uint40(priority);
                (ids[i], spent[i]) = (o.id, o);
            }
            if (!mine) revert CallerWrong(msg.sender, spent[0].owner);
            f.exitableAt = uint40(_maturity(youngest));
        }
        bytes32 txHash = PlasmaTx.hash(data);
        bytes32 id = keccak256(abi.encodePacked(txHash, ids));
        if (_inFlight[id].status != InFlightStatus.None) revert InFlightStatusWrong(id, _inFlight[id].status);
        _joinAtStart(data, txHash, spent, bits, f.priority);
        _requireBalanced(data, spent);
        f.bondOwner = msg.sender;
        f.startedAt = uint40(block.timestamp);
        f.status = InFlightStatus.Open;
        f.piggybacked = uint8(bits);
        f.competitor = uint56(transaction.position >> 8);
        _inFlight[id] = f;
        emit InFlightStarted(id, msg.sender, data, ids, signatures);
        if (bits != 0) emit Piggybacked(id, bits);
    }

    /// @inheritdoc IRootChain
    function inFlight(bytes32 id) external view returns (InFlight memory) {
        return _inFlight[id];
    }

    // ---------------------------------------------------------------------------------------------------- Starting

    function _joinAtStart(bytes calldata data, bytes32 txHash, Output[] memory spent, uint256 bits, uint256 priority)
        private
    {
        uint256 outs = PlasmaTx.outputs(data);
        for (uint256 bit; bits >> bit != 0; ++bit) {
            if ((bits >> bit) & 1 == 0) continue;
            Output memory o;
            if (bit < 4) {
                if (bit >= spent.length) revert PiggybackWrong(bits);
                o = spent[bit];
            } else {
                if (bit - 4 >= outs) revert PiggybackWrong(bits);
                o.id = _idOf(txHash, bit - 4);
                (o.owner, o.token, o.amount) = PlasmaTx.output(data, bit - 4);
            }
            if (msg.sender != o.owner) revert CallerWrong(msg.sender, o.owner);
            ExitStatus status = exits(o.id).status;
            if (_isGone(status)) revert ExitStatusWrong(o.id, status);
            _register(o.token, priority, o.amount);
        }
    }

    /// @dev No token may come out that does not go in. Uses up the amounts.
    function _requireBalanced(bytes calldata data, Output[] memory spent) private pure {
        uint256 outs = PlasmaTx.outputs(data);
        for (uint256 k; k < outs; ++k) {
            (, uint256 token, uint256 need) = PlasmaTx.output(data, k);
            for (uint256 i; i < spent.length && need != 0; ++i) {
                if (spent[i].token != token) continue;
                uint256 part = spent[i].amount < need ? spent[i].amount : need;
                spent[i].amount -= part;
                need -= part;
            }
            if (need != 0) revert AmountsUnbalanced(token);
        }
    }

    function _find(bytes calldata data, bytes32[] calldata inputIds)
        internal
        view
        returns (bytes32 id, InFlight storage f)
    {
        bytes32 txHash = PlasmaTx.hash(data);
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, txHash)
            calldatacopy(add(m, 32), inputIds.offset, shl(5, inputIds.length))
            id := keccak256(m, add(32, shl(5, inputIds.length)))
        }
        f = _inFlight[id];
        // Whatever was started has a time; it lies in the slot that every game reads.
        if (f.exitableAt == 0) revert InFlightStatusWrong(id, InFlightStatus.None);
    }

    /// @dev An input or output of a running in-flight exit.
    /// @param inputData what made it, for an input
    function _part(bytes calldata data, bytes32[] calldata inputIds, uint256 bit, bytes calldata inputData)
        internal
        view
        returns (bytes32 id, InFlight storage f, Output memory o)
    {
        (id, f) = _find(data, inputIds);
        if (bit < 4) {
            if (bit >= inputIds.length) revert PiggybackWrong(1 << bit);
            uint256 position = PlasmaTx.input(data, bit);
            o = _outputOf(inputData, position);
            if (o.id != inputIds[bit]) revert OutputWrong(position);
        } else {
            if (bit > 7) revert PiggybackWrong(1 << bit);
            o = _outputOf(data, bit - 4);
        }
    }

    function _isGone(ExitStatus status) internal pure returns (bool) {
        return status == ExitStatus.Paid || status == ExitStatus.Spent;
    }
}
