// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRootChain} from "../interfaces/IRootChain.sol";
import {PlasmaTx} from "../lib/PlasmaTx.sol";
import {Blocks} from "./Blocks.sol";

/// @title Standard exits: start, challenge, claim
/// @dev The slot of an output is never cleared, so that an output paid by one exit is not paid by another.
abstract contract Exits is Blocks {
    /// @dev priority(5) | held(1 bit) | position(8) | time(5) | status(1), so that a change is one write.
    mapping(bytes32 id => uint256) private _exits;
    uint256 private constant HELD = 1 << 112;
    uint256 private constant PRIORITY_AT = 113;

    /// @inheritdoc IRootChain
    function startExit(Proof calldata output) external payable {
        _withdrawBond(_EXIT_BOND);
        _start(output);
    }

    /// @inheritdoc IRootChain
    function startExits(Proof[] calldata outputs) external payable {
        _withdrawBond(_EXIT_BOND * outputs.length);
        for (uint256 i; i < outputs.length; ++i) {
            _start(outputs[i]);
        }
    }

    /// @inheritdoc IRootChain
    function challengeExit(Proof calldata output, Spend calldata spend) external {
        uint256 named = output.position;
        Output memory o = _outputOf(output.data, named);
        Exit memory e = exits(o.id);
        if (e.status != ExitStatus.Open) revert UnexpectedExitStatus(o.id, e.status);
        // Included twice, an output can be spent at one position and exit from the other: it is the same money.
        if (named != e.position) _requireIncluded(output);
        bytes32 spender = _requireSpend(spend, named, o.owner);
        // If the spender may still turn out not to be included, the exit can be started again after its expiry.
        uint256 until = spend.proof.position != 0 ? NEVER : PlasmaTx.expiry(spend.proof.data);
        _setExit(o.id, ExitStatus.Challenged, until, e.position);
        _release(o.token, e.priority, o.amount, _EXIT_BOND);
        emit ExitChallenged(o.id, spender, until);
        _pay(msg.sender, 0, _EXIT_BOND);
    }

    /// @inheritdoc IRootChain
    function processExits(Item[] calldata items, uint256[] calldata newer) external nonReentrant {
        _requireSorted(newer);
        uint256 paid = 0;
        for (uint256 i; i < items.length; ++i) {
            Output memory o = _outputOf(items[i].data, items[i].position);
            Exit memory e = exits(o.id);
            if (e.status != ExitStatus.Open) {
                if (items.length == 1) revert UnexpectedExitStatus(o.id, e.status);
                continue;
            }
            if (block.timestamp < e.time) {
                if (items.length == 1) revert TooEarly(block.timestamp, e.time);
                continue;
            }
            (bool covered, uint256 need, uint256 have) = _isCovered(o.token, e.priority, o.amount, newer);
            if (!covered) {
                if (items.length == 1) revert NotCovered(o.token, need, have);
                continue;
            }
            _markPaid(o.id, e, e.priority);
            // The bounty stays held until it is paid, because it must not cover later exits of the batch.
            _release(o.token, e.priority, o.amount, _EXIT_BOND - _BOUNTY);
            unchecked {
                ++paid;
                _payBoth(o.owner, o.token, o.amount, _EXIT_BOND - _BOUNTY);
            }
        }
        if (paid == 0) revert NothingToPay();
        _unhold(0, paid * _BOUNTY);
        _pay(msg.sender, 0, paid * _BOUNTY);
    }

    /// @inheritdoc IRootChain
    function exits(bytes32 id) public view returns (Exit memory) {
        uint256 word = _exits[id];
        return Exit(ExitStatus(uint8(word)), uint40(word >> 8), uint64(word >> 48), uint40(word >> PRIORITY_AT));
    }

    function _statusOf(bytes32 id) internal view returns (ExitStatus) {
        return ExitStatus(uint8(_exits[id]));
    }

    /// @inheritdoc IRootChain
    function isHeld(bytes32 id) public view returns (bool) {
        return _exits[id] & HELD != 0;
    }

    /// @dev Holds an output for one in-flight exit, if no other exit has it.
    function _tryHold(bytes32 id) internal returns (bool) {
        uint256 word = _exits[id];
        ExitStatus status = ExitStatus(uint8(word));
        if (word & HELD != 0 || status == ExitStatus.Open || _isGone(status)) return false;
        _exits[id] = word | HELD;
        return true;
    }

    /// @dev An output that joins an in-flight exit can be paid only by that: its standard exit ends.
    function _holdOutput(Output memory o) internal {
        uint256 word = _requireThere(o.id);
        if (word & HELD != 0) revert OutputHeld(o.id);
        if (ExitStatus(uint8(word)) == ExitStatus.Open) {
            _retire(o, uint40(word >> PRIORITY_AT));
            word = 0;
            emit ExitEnded(o.id);
            _owe(o.owner, 0, _EXIT_BOND);
        }
        _exits[o.id] = word | HELD;
    }

    /// @dev Ends the registration of a standard exit; its bond stays held.
    function _retire(Output memory o, uint256 priority) internal {
        unchecked {
            _register(o.token, priority, 0 - o.amount);
        }
    }

    /// @dev Requires an output that no exit has paid or spent.
    function _requireThere(bytes32 id) internal view returns (uint256 word) {
        word = _exits[id];
        ExitStatus status = ExitStatus(uint8(word));
        if (_isGone(status)) revert UnexpectedExitStatus(id, status);
    }

    /// @dev Releases an output that an in-flight exit held.
    function _unholdOutput(bytes32 id) internal {
        _exits[id] &= ~HELD;
    }

    /// @dev Returns true if the output was paid or spent.
    function _isGone(ExitStatus status) internal pure returns (bool) {
        return status >= ExitStatus.Paid;
    }

    /// @dev Also releases the output from the in-flight exit that held it.
    function _setExit(bytes32 id, ExitStatus status, uint256 time, uint256 position) internal {
        _exits[id] = uint256(status) | (time << 8) | (position << 48);
    }

    /// @dev Records that an output was paid, under the block of its registration.
    function _markPaid(bytes32 id, Exit memory e, uint256 priority) internal {
        _pass(priority);
        _setExit(id, ExitStatus.Paid, e.time, e.position);
        emit ExitPaid(id);
    }

    function _start(Proof calldata p) private {
        (Output memory o, uint256 madeAt) = _requireOutput(p);
        if (msg.sender != o.owner) revert UnauthorizedCaller(msg.sender, o.owner);
        Exit memory e = exits(o.id);
        if (isHeld(o.id)) revert OutputHeld(o.id);
        if (e.status == ExitStatus.Challenged) {
            if (!_hasPassed(e.time)) revert ExitBlocked(o.id, e.time);
        } else if (e.status != ExitStatus.None) {
            revert UnexpectedExitStatus(o.id, e.status);
        }
        uint256 time = _maturity(madeAt);
        uint256 priority = _place(_priorityOf(p.position));
        _setExit(o.id, ExitStatus.Open, time, p.position | (priority << (PRIORITY_AT - 48)));
        _register(o.token, priority, o.amount);
        emit ExitStarted(o.id, o.owner, p.position, o.token, o.amount, time, priority);
    }

    /// @dev An exit matures at max(now + W, block time + 2W), so outputs created by a fraudulent block mature after
    /// every exit started within W of it.
    function _maturity(uint256 madeAt) internal view returns (uint256) {
        unchecked {
            uint256 sinceMade = madeAt + 2 * _EXIT_PERIOD;
            uint256 sinceNow = block.timestamp + _EXIT_PERIOD;
            return sinceNow > sinceMade ? sinceNow : sinceMade;
        }
    }
}
