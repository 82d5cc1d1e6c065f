// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ICoinChain} from "../interfaces/ICoinChain.sol";
import {Coins} from "./Coins.sol";

/// @title Exits of coins, and what can be said against them
/// @dev Exits of one coin run side by side, each of another block: an invented one does not keep the owner from leaving,
/// however often it is repeated. The first that is paid ends the coin. What is over has no owner; the rest of its slots
/// stays, so that challenges of an earlier start never count against a later one.
abstract contract CoinExits is Coins {
    mapping(uint64 coin => mapping(uint40 number => Exit)) internal _exits;
    /// @inheritdoc ICoinChain
    mapping(bytes32 id => bool) public challenges;

    // ------------------------------------------------------------------------------------------------------ Start

    /// @inheritdoc ICoinChain
    function exitDeposit(uint64 coin, Coin calldata record) external payable {
        _requireCoin(coin, record);
        _start(coin, 0, record.owner, record.birth);
    }

    /// @inheritdoc ICoinChain
    function exitTransfer(
        uint64 coin,
        Coin calldata record,
        Shown calldata prev,
        Shown calldata last,
        bytes calldata signature
    ) external payable {
        _requireCoin(coin, record);
        (uint40 number, uint40 prevBlock) = (last.number, last.prevBlock);
        _requireWithin(number, record.birth, type(uint40).max);
        _requireShown(coin, last);
        _requireSpends(last, prev.number);
        address prevOwner = record.owner;
        if (prevBlock != 0) {
            _requireWithin(prevBlock, record.birth, type(uint40).max);
            _requireShown(coin, prev);
            prevOwner = prev.newOwner;
        }
        _requireSigned(coin, last, prevOwner, signature);
        Exit storage e = _start(coin, number, last.newOwner, record.birth);
        (e.prevOwner, e.prevBlock, e.nonce) = (prevOwner, uint32(prevBlock), e.nonce + 1);
    }

    /// @inheritdoc ICoinChain
    function cancelExit(uint64 coin, uint40 number) external once {
        Exit storage e = _requireRunning(coin, number);
        address owner = e.owner;
        _requireCaller(owner);
        if (e.challenges != 0) revert ExitChallenged(e.challenges);
        _end(e);
        emit ExitCancelled(coin, number);
        _push(address(0), owner, _EXIT_BOND);
    }

    // ------------------------------------------------------------------------------------- Spent, or spent twice

    /// @inheritdoc ICoinChain
    function challengeSpent(uint64 coin, uint40 number, Shown calldata spend, bytes calldata signature) external once {
        Exit storage e = _requireRunning(coin, number);
        _requireSpends(spend, number);
        _requireWithin(spend.number, e.birth, type(uint40).max);
        _requireShown(coin, spend);
        _requireSigned(coin, spend, e.owner, signature);
        _refute(coin, number, e, Reason.Spent);
    }

    /// @inheritdoc ICoinChain
    function challengeDoubleSpent(uint64 coin, uint40 number, Shown calldata other, bytes calldata signature)
        external
        once
    {
        Exit storage e = _requireRunning(coin, number);
        // Nothing is before a deposit.
        if (number == 0) revert BlockOutOfRange(other.number, 1, 0);
        // The same one: an old transfer that the operator puts in once more contradicts nothing.
        _requireSpends(other, e.prevBlock);
        _requireWithin(other.number, e.birth, number - 1);
        _requireShown(coin, other);
        _requireSigned(coin, other, e.prevOwner, signature);
        _refute(coin, number, e, Reason.DoubleSpent);
    }

    // ---------------------------------------------------------------------------------------------------- History

    /// @inheritdoc ICoinChain
    function challengeHistory(uint64 coin, uint40 number, Shown calldata earlier) external payable {
        Exit storage e = _requireRunning(coin, number);
        _requireEarlier(number, e, earlier.number, e.birth);
        _requireShown(coin, earlier);
        _challenge(coin, number, e, Challenge(msg.sender, earlier.number, earlier.newOwner));
    }

    /// @inheritdoc ICoinChain
    function challengeHistoryByDeposit(uint64 coin, uint40 number, Coin calldata record) external payable {
        Exit storage e = _requireRunning(coin, number);
        _requireEarlier(number, e, 0, 0);
        _requireCoin(coin, record);
        _challenge(coin, number, e, Challenge(msg.sender, 0, record.owner));
    }

    /// @inheritdoc ICoinChain
    function answerHistory(
        uint64 coin,
        uint40 number,
        Challenge calldata challenge,
        Shown calldata spend,
        bytes calldata signature
    ) external once {
        Exit storage e = _requireRunning(coin, number);
        uint256 end = e.exitableAt;
        // All challenges are known when the first answer comes, and each has half of the period for its own.
        if (block.timestamp <= _challengeEnd(end)) revert TooEarly(block.timestamp, _challengeEnd(end) + 1);
        if (block.timestamp > end) revert TooLate(block.timestamp, end);
        _close(coin, number, e.nonce, challenge);
        _requireSpends(spend, challenge.number);
        // What spends it after the history has gone on without it is no part of that history.
        _requireWithin(spend.number, e.birth, e.prevBlock);
        _requireShown(coin, spend);
        _requireSigned(coin, spend, challenge.owner, signature);
        e.challenges -= 1;
        emit HistoryAnswered(coin, number, challenge, spend.number, msg.sender);
        _push(address(0), msg.sender, _CHALLENGE_BOND);
    }

    /// @inheritdoc ICoinChain
    function refuteHistory(uint64 coin, uint40 number, Challenge calldata challenge) external once {
        Exit storage e = _requireRunning(coin, number);
        if (block.timestamp <= e.exitableAt) revert TooEarly(block.timestamp, uint256(e.exitableAt) + 1);
        _close(coin, number, e.nonce, challenge);
        _end(e);
        emit ExitRefuted(coin, number, challenge.challenger, Reason.HistoryInvented);
        _push(address(0), challenge.challenger, uint256(_EXIT_BOND) + _CHALLENGE_BOND);
    }

    /// @inheritdoc ICoinChain
    function voidChallenge(uint64 coin, uint40 number, uint64 nonce, Challenge calldata challenge) external once {
        Exit storage e = _exits[coin][number];
        if (e.owner != address(0) && e.nonce == nonce) revert ExitRunning(coin, number);
        _close(coin, number, nonce, challenge);
        emit ChallengeVoided(coin, number, challenge, nonce);
        _push(address(0), challenge.challenger, _CHALLENGE_BOND);
    }

    // ------------------------------------------------------------------------------------------------------ Views

    /// @inheritdoc ICoinChain
    function exits(uint64 coin, uint40 number) external view returns (Exit memory) {
        return _exits[coin][number];
    }

    /// @inheritdoc ICoinChain
    function challengeId(uint64 coin, uint40 number, uint64 nonce, Challenge calldata challenge)
        public
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(coin, number, nonce, challenge.challenger, challenge.number, challenge.owner));
    }

    // ---------------------------------------------------------------------------------------------------- Private

    function _start(uint64 coin, uint40 number, address owner, uint40 birth) private returns (Exit storage e) {
        _requireCaller(owner);
        _requireValue(_EXIT_BOND);
        e = _exits[coin][number];
        if (e.owner != address(0)) revert ExitRunning(coin, number);
        uint256 exitableAt = block.timestamp + _EXIT_PERIOD;
        // Fits: so is the number of blocks kept.
        (e.owner, e.exitableAt, e.birth, e.challenges) = (owner, uint40(exitableAt), uint32(birth), 0);
        emit ExitStarted(coin, number, owner, exitableAt);
    }

    function _challenge(uint64 coin, uint40 number, Exit storage e, Challenge memory challenge) private {
        _requireValue(_CHALLENGE_BOND);
        bytes32 id =
            keccak256(abi.encode(coin, number, e.nonce, challenge.challenger, challenge.number, challenge.owner));
        if (challenges[id]) revert ChallengeOpen(id);
        if (e.challenges == type(uint24).max) revert ChallengesFull();
        challenges[id] = true;
        e.challenges += 1;
        emit HistoryChallenged(coin, number, challenge, e.nonce);
    }

    /// @dev In time, and before what the transfer of the exit spends.
    function _requireEarlier(uint40 number, Exit storage e, uint256 earlier, uint256 from) private view {
        uint256 end = _challengeEnd(e.exitableAt);
        if (block.timestamp > end) revert TooLate(block.timestamp, end);
        // A deposit, and a transfer that spends one, have no history that could be invented.
        if (number == 0 || e.prevBlock == 0) revert BlockOutOfRange(earlier, 1, 0);
        _requireWithin(earlier, from, uint256(e.prevBlock) - 1);
    }

    function _close(uint64 coin, uint40 number, uint64 nonce, Challenge calldata challenge) private {
        bytes32 id = challengeId(coin, number, nonce, challenge);
        if (!challenges[id]) revert ChallengeMissing(id);
        delete challenges[id];
    }

    function _refute(uint64 coin, uint40 number, Exit storage e, Reason reason) private {
        _end(e);
        emit ExitRefuted(coin, number, msg.sender, reason);
        _push(address(0), msg.sender, _EXIT_BOND);
    }

    /// @dev The first slot alone: the nonce lasts.
    function _end(Exit storage e) internal {
        (e.owner, e.exitableAt, e.birth, e.challenges) = (address(0), 0, 0, 0);
    }

    function _requireRunning(uint64 coin, uint40 number) private view returns (Exit storage e) {
        e = _exits[coin][number];
        if (e.owner == address(0)) revert ExitMissing(coin, number);
    }

    function _challengeEnd(uint256 exitableAt) private view returns (uint256) {
        return exitableAt - _EXIT_PERIOD / 2;
    }
}
