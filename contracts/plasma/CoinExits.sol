// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ICoinChain} from "../interfaces/ICoinChain.sol";
import {Coins} from "./Coins.sol";

/// @title Exits of coins, and their challenges
/// @dev Exits of one coin run in parallel, each for another block: an invented exit does not block the owner's, however
/// often it is repeated. The first exit that is paid ends the coin. An exit that is over has no owner; the rest of its
/// slots is kept, so that challenges of an earlier start never count against a later one.
abstract contract CoinExits is Coins {
    mapping(uint64 coin => mapping(uint40 number => Exit)) internal _exits;
    /// @inheritdoc ICoinChain
    mapping(bytes32 id => uint256 until) public challenges;

    // ------------------------------------------------------------------------------------------------------ Start

    /// @inheritdoc ICoinChain
    function exitDeposit(uint64 coin, Coin calldata record) external payable {
        _requireCoin(coin, record);
        _start(coin, 0, record.owner, record.birth);
    }

    /// @inheritdoc ICoinChain
    function exitTransfer(uint64 coin, Coin calldata record, Shown calldata prev, Shown calldata last)
        external
        payable
    {
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
        _requireSigned(coin, last, prevOwner);
        Exit storage e = _start(coin, number, last.newOwner, record.birth);
        (e.prevOwner, e.prevBlock, e.nonce, e.answered) = (prevOwner, uint32(prevBlock), e.nonce + 1, 0);
    }

    /// @inheritdoc ICoinChain
    function cancelExit(uint64 coin, uint40 number) external nonReentrant {
        Exit storage e = _requireRunning(coin, number);
        address owner = e.owner;
        _requireCaller(owner);
        if (e.challenges != 0) revert ExitChallenged(e.challenges);
        uint256 bonds = _end(e);
        emit ExitCancelled(coin, number);
        _push(address(0), owner, bonds);
    }

    // ------------------------------------------------------------------------------------- Spent, or spent twice

    /// @inheritdoc ICoinChain
    function challengeAfter(uint64 coin, uint40 number, Shown calldata spend) external nonReentrant {
        Exit storage e = _requireRunning(coin, number);
        _requireSpends(spend, number);
        _requireWithin(spend.number, e.birth, type(uint40).max);
        _requireShown(coin, spend);
        _requireSigned(coin, spend, e.owner);
        _refute(coin, number, e, Reason.Spent);
    }

    /// @inheritdoc ICoinChain
    function challengeBetween(uint64 coin, uint40 number, Shown calldata other) external nonReentrant {
        Exit storage e = _requireRunning(coin, number);
        // No transfer comes before a deposit.
        if (number == 0) revert BlockOutOfRange(other.number, 1, 0);
        // Both must spend the same transfer, because an old transfer that the operator includes again contradicts
        // nothing.
        _requireSpends(other, e.prevBlock);
        _requireWithin(other.number, e.birth, number - 1);
        _requireShown(coin, other);
        _requireSigned(coin, other, e.prevOwner);
        _refute(coin, number, e, Reason.DoubleSpent);
    }

    // ---------------------------------------------------------------------------------------------------- History

    /// @inheritdoc ICoinChain
    function challengeBefore(uint64 coin, uint40 number, Shown calldata earlier) external payable {
        Exit storage e = _requireRunning(coin, number);
        _requireEarlier(number, e, earlier.number, e.birth);
        _requireShown(coin, earlier);
        _challenge(coin, number, e, Challenge(msg.sender, earlier.number, earlier.newOwner));
    }

    /// @inheritdoc ICoinChain
    function challengeBeforeByDeposit(uint64 coin, uint40 number, Coin calldata record) external payable {
        Exit storage e = _requireRunning(coin, number);
        _requireEarlier(number, e, 0, 0);
        _requireCoin(coin, record);
        _challenge(coin, number, e, Challenge(msg.sender, 0, record.owner));
    }

    /// @inheritdoc ICoinChain
    function respondChallengeBefore(uint64 coin, uint40 number, Challenge calldata challenge, Shown calldata spend)
        external
        nonReentrant
    {
        Exit storage e = _requireRunning(coin, number);
        bytes32 id = challengeId(coin, number, e.nonce, challenge);
        uint256 until = _close(id);
        if (block.timestamp > until) revert TooLate(block.timestamp, until);
        _requireSpends(spend, challenge.number);
        // A transfer that spends it after the history has continued without it is not part of that history.
        _requireWithin(spend.number, e.birth, e.prevBlock);
        _requireShown(coin, spend);
        _requireSigned(coin, spend, challenge.owner);
        // A part of the bond pays for the answer. The rest joins the bond of the exit: if the caller received it, a
        // challenger could answer itself and delay the exit for free.
        e.challenges -= 1;
        e.answered += 1;
        // An account that learns of a hidden transfer from this answer must have time to challenge with it.
        uint256 exitableAt = _half(e.exitableAt);
        // The cast is safe, because periods end within decades.
        e.exitableAt = uint40(exitableAt);
        emit ChallengeBeforeResponded(coin, number, id, exitableAt, spend);
        _push(address(0), msg.sender, _ANSWER_PAY);
    }

    /// @inheritdoc ICoinChain
    function refuteChallengeResponse(uint64 coin, uint40 number, Challenge calldata challenge) external nonReentrant {
        Exit storage e = _requireRunning(coin, number);
        uint256 until = _close(challengeId(coin, number, e.nonce, challenge));
        if (block.timestamp <= until) revert TooEarly(block.timestamp, until + 1);
        uint256 bonds = _end(e) + _CHALLENGE_BOND;
        emit ExitRefuted(coin, number, challenge.challenger, Reason.HistoryInvented);
        _push(address(0), challenge.challenger, bonds);
    }

    /// @inheritdoc ICoinChain
    function voidChallenge(uint64 coin, uint40 number, uint64 nonce, Challenge calldata challenge)
        external
        nonReentrant
    {
        Exit storage e = _exits[coin][number];
        if (e.owner != address(0) && e.nonce == nonce) revert ExitRunning(coin, number);
        _close(challengeId(coin, number, nonce, challenge));
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
        // The casts are safe: the number of blocks is stored in 32 bits as well.
        (e.owner, e.exitableAt, e.birth, e.challenges) = (owner, uint40(exitableAt), uint32(birth), 0);
        emit ExitStarted(coin, number, owner, exitableAt);
    }

    function _challenge(uint64 coin, uint40 number, Exit storage e, Challenge memory challenge) private {
        _requireValue(_CHALLENGE_BOND);
        bytes32 id =
            keccak256(abi.encode(coin, number, e.nonce, challenge.challenger, challenge.number, challenge.owner));
        if (challenges[id] != 0) revert ChallengeOpen(id);
        // Every open challenge can be counted as answered, too.
        if (uint256(e.challenges) + e.answered >= type(uint24).max) revert ChallengesFull();
        // Each challenge has its own deadline, so other challenges and answers do not defer the refutation.
        challenges[id] = _half(e.exitableAt);
        e.challenges += 1;
        emit ChallengedBefore(coin, number, challenge, e.nonce);
    }

    /// @dev Requires that the exit cannot be claimed yet, and that the challenge is older than the transfer that it
    /// spends.
    function _requireEarlier(uint40 number, Exit storage e, uint256 earlier, uint256 from) private view {
        uint256 end = e.exitableAt;
        if (block.timestamp > end && e.challenges == 0) revert TooLate(block.timestamp, end);
        // A deposit, and a transfer that spends one, have no history that could be invented.
        if (number == 0 || e.prevBlock == 0) revert BlockOutOfRange(earlier, 1, 0);
        _requireWithin(earlier, from, uint256(e.prevBlock) - 1);
    }

    /// @dev Returns the time in half of the exit period, or the time at which the exit could be claimed, if that is
    /// later.
    function _half(uint256 exitableAt) private view returns (uint256) {
        uint256 half = block.timestamp + _EXIT_PERIOD / 2;
        return half > exitableAt ? half : exitableAt;
    }

    /// @dev Ends an open challenge and returns its deadline.
    function _close(bytes32 id) private returns (uint256 until) {
        until = challenges[id];
        if (until == 0) revert UnknownChallenge(id);
        delete challenges[id];
    }

    /// @dev Ends an exit and pays its bonds to the caller.
    function _refute(uint64 coin, uint40 number, Exit storage e, Reason reason) private {
        uint256 bonds = _end(e);
        emit ExitRefuted(coin, number, msg.sender, reason);
        _push(address(0), msg.sender, bonds);
    }

    /// @dev Clears only the first slot, because the nonce must remain.
    /// @return bonds The bond of the exit and the rest of the bonds of its answered challenges
    function _end(Exit storage e) internal returns (uint256 bonds) {
        bonds = _EXIT_BOND + uint256(e.answered) * (_CHALLENGE_BOND - _ANSWER_PAY);
        (e.owner, e.exitableAt, e.birth, e.challenges) = (address(0), 0, 0, 0);
    }

    function _requireRunning(uint64 coin, uint40 number) private view returns (Exit storage e) {
        e = _exits[coin][number];
        if (e.owner == address(0)) revert UnknownExit(coin, number);
    }
}
