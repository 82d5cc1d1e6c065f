"""Challenges of an exit's history: put up in the first half of its period, answered in the second."""

from __future__ import annotations

from dataclasses import replace

from layer2.plasma.cash.game import actions as act
from layer2.plasma.cash.game.actions import Challenge
from layer2.plasma.cash.game.call import Call
from layer2.plasma.cash.game.errors import (
    BlockOutOfRange,
    ChallengeMissing,
    ChallengeOpen,
    ChallengesFull,
    ExitRunning,
    TooEarly,
    TooLate,
)
from layer2.plasma.cash.game.evidence import (
    require_coin,
    require_shown,
    require_signed,
    require_spends,
    require_within,
)
from layer2.plasma.cash.game.exits import end, require_running
from layer2.plasma.cash.game.state import NOBODY, Exit, Reason, challenge_id
from layer2.primitives.addresses import address_bytes

_MOST = (1 << 24) - 1


def challenge_history(one: Call, action: act.ChallengeHistory) -> None:
    """A transfer from before stands unspent."""
    waiting = require_running(one, action.coin, action.number)
    earlier = action.earlier
    _require_earlier(one, action.number, waiting, earlier.number, waiting.birth)
    require_shown(one, action.coin, earlier)
    _challenge(one, action.coin, action.number, Challenge(one.env.sender, earlier.number, earlier.new_owner))


def challenge_history_by_deposit(one: Call, action: act.ChallengeHistoryByDeposit) -> None:
    """The deposit stands unspent."""
    waiting = require_running(one, action.coin, action.number)
    _require_earlier(one, action.number, waiting, 0, 0)
    require_coin(one, action.coin, action.record)
    owner = address_bytes(action.record.owner)
    _challenge(one, action.coin, action.number, Challenge(one.env.sender, 0, owner))


def answer_history(one: Call, action: act.AnswerHistory) -> None:
    """It was spent, in the history that leads to the exit; the challenge's bond is the caller's."""
    waiting = require_running(one, action.coin, action.number)
    half = _half(one, waiting)
    if one.env.time <= half:
        raise TooEarly(one.env.time, half + 1)
    if one.env.time > waiting.exitable_at:
        raise TooLate(one.env.time, waiting.exitable_at)
    challenge, spend = action.challenge, action.spend
    _close(one, action.coin, action.number, waiting.nonce, challenge)
    require_spends(spend, challenge.number)
    # What spends it after the history has gone on without it is no part of that history.
    require_within(spend.number, waiting.birth, waiting.prev_block)
    require_shown(one, action.coin, spend)
    require_signed(one, action.coin, spend, challenge.owner, action.signature)
    one.state.exits[action.coin, action.number] = replace(waiting, challenges=waiting.challenges - 1)
    told = (challenge.challenger, challenge.number, challenge.owner)
    one.emit("HistoryAnswered", action.coin, action.number, told, spend.number, one.env.sender)
    one.push(0, one.env.sender, one.state.profile.challenge_bond)


def refute_history(one: Call, action: act.RefuteHistory) -> None:
    """Nobody has answered: both bonds are the challenger's."""
    waiting = require_running(one, action.coin, action.number)
    if one.env.time <= waiting.exitable_at:
        raise TooEarly(one.env.time, waiting.exitable_at + 1)
    challenger = action.challenge.challenger
    _close(one, action.coin, action.number, waiting.nonce, action.challenge)
    end(one, action.coin, action.number)
    one.emit("ExitRefuted", action.coin, action.number, challenger, Reason.HISTORY_INVENTED)
    one.push(0, challenger, one.state.profile.exit_bond + one.state.profile.challenge_bond)


def void_challenge(one: Call, action: act.VoidChallenge) -> None:
    """The start of the exit that it was made against is over otherwise: the bond goes back."""
    waiting, challenge = one.state.exit(action.coin, action.number), action.challenge
    if waiting.owner != NOBODY and waiting.nonce == action.nonce:
        raise ExitRunning(action.coin, action.number)
    _close(one, action.coin, action.number, action.nonce, challenge)
    told = (challenge.challenger, challenge.number, challenge.owner)
    one.emit("ChallengeVoided", action.coin, action.number, told, action.nonce)
    one.push(0, challenge.challenger, one.state.profile.challenge_bond)


def _challenge(one: Call, coin: int, number: int, challenge: Challenge) -> None:
    one.require_value(one.state.profile.challenge_bond)
    waiting = one.state.exit(coin, number)
    known = challenge_id(coin, number, waiting.nonce, challenge)
    if known in one.state.challenges:
        raise ChallengeOpen(known)
    if waiting.challenges == _MOST:
        raise ChallengesFull()
    one.state.challenges.add(known)
    one.state.exits[coin, number] = replace(waiting, challenges=waiting.challenges + 1)
    told = (challenge.challenger, challenge.number, challenge.owner)
    one.emit("HistoryChallenged", coin, number, told, waiting.nonce)


def _require_earlier(one: Call, number: int, waiting: Exit, earlier: int, first: int) -> None:
    """In time, and before what the transfer of the exit spends."""
    half = _half(one, waiting)
    if one.env.time > half:
        raise TooLate(one.env.time, half)
    # A deposit, and a transfer that spends one, have no history that could be invented.
    if not number or not waiting.prev_block:
        raise BlockOutOfRange(earlier, 1, 0)
    require_within(earlier, first, waiting.prev_block - 1)


def _close(one: Call, coin: int, number: int, nonce: int, challenge: Challenge) -> None:
    known = challenge_id(coin, number, nonce, challenge)
    if known not in one.state.challenges:
        raise ChallengeMissing(known)
    one.state.challenges.remove(known)


def _half(one: Call, waiting: Exit) -> int:
    """The last second for challenges."""
    return waiting.exitable_at - one.state.profile.exit_period // 2
