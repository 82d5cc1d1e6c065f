"""Challenges of an exit's history: put up while it cannot be claimed, each answered in its own time."""

from __future__ import annotations

from dataclasses import astuple, replace

from layer2.plasma.coins.model import actions as act
from layer2.plasma.coins.model.actions import Challenge
from layer2.plasma.coins.model.call import Call
from layer2.plasma.coins.model.errors import (
    BlockOutOfRange,
    ChallengeMissing,
    ChallengeOpen,
    ChallengesFull,
    ExitRunning,
    TooEarly,
    TooLate,
)
from layer2.plasma.coins.model.evidence import (
    require_coin,
    require_shown,
    require_signed,
    require_spends,
    require_within,
)
from layer2.plasma.coins.model.exits import end, require_running
from layer2.plasma.coins.model.state import NOBODY, Exit, Reason, challenge_id
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
    """It was spent, in the history that leads to the exit; its bond joins the exit's, which can be challenged again."""
    waiting = require_running(one, action.coin, action.number)
    challenge, spend = action.challenge, action.spend
    known = challenge_id(action.coin, action.number, waiting.nonce, challenge)
    until = _close(one, known)
    if one.env.time > until:
        raise TooLate(one.env.time, until)
    require_spends(spend, challenge.number)
    # What spends it after the history has gone on without it is no part of that history.
    require_within(spend.number, waiting.birth, waiting.prev_block)
    require_shown(one, action.coin, spend)
    require_signed(one, action.coin, spend, challenge.owner)
    exitable_at = _half(one, waiting)
    one.state.exits[action.coin, action.number] = replace(
        waiting, exitable_at=exitable_at, challenges=waiting.challenges - 1, answered=waiting.answered + 1
    )
    one.emit("HistoryAnswered", action.coin, action.number, known, exitable_at, astuple(spend))
    one.push(0, one.env.sender, one.state.profile.answer_pay)


def refute_history(one: Call, action: act.RefuteHistory) -> None:
    """Nobody has answered: all bonds are the challenger's."""
    waiting = require_running(one, action.coin, action.number)
    challenger = action.challenge.challenger
    until = _close(one, challenge_id(action.coin, action.number, waiting.nonce, action.challenge))
    if one.env.time <= until:
        raise TooEarly(one.env.time, until + 1)
    bonds = end(one, action.coin, action.number) + one.state.profile.challenge_bond
    one.emit("ExitRefuted", action.coin, action.number, challenger, Reason.HISTORY_INVENTED)
    one.push(0, challenger, bonds)


def void_challenge(one: Call, action: act.VoidChallenge) -> None:
    """The start of the exit that it was made against is over otherwise: the bond goes back."""
    waiting, challenge = one.state.exit(action.coin, action.number), action.challenge
    if waiting.owner != NOBODY and waiting.nonce == action.nonce:
        raise ExitRunning(action.coin, action.number)
    _close(one, challenge_id(action.coin, action.number, action.nonce, challenge))
    told = (challenge.challenger, challenge.number, challenge.owner)
    one.emit("ChallengeVoided", action.coin, action.number, told, action.nonce)
    one.push(0, challenge.challenger, one.state.profile.challenge_bond)


def _challenge(one: Call, coin: int, number: int, challenge: Challenge) -> None:
    one.require_value(one.state.profile.challenge_bond)
    waiting = one.state.exit(coin, number)
    known = challenge_id(coin, number, waiting.nonce, challenge)
    if known in one.state.challenges:
        raise ChallengeOpen(known)
    if waiting.challenges + waiting.answered >= _MOST:
        raise ChallengesFull()
    one.state.challenges[known] = _half(one, waiting)
    one.state.exits[coin, number] = replace(waiting, challenges=waiting.challenges + 1)
    told = (challenge.challenger, challenge.number, challenge.owner)
    one.emit("HistoryChallenged", coin, number, told, waiting.nonce)


def _require_earlier(one: Call, number: int, waiting: Exit, earlier: int, first: int) -> None:
    """While the exit cannot be claimed, and before what its transfer spends."""
    if one.env.time > waiting.exitable_at and not waiting.challenges:
        raise TooLate(one.env.time, waiting.exitable_at)
    # A deposit, and a transfer that spends one, have no history that could be invented.
    if not number or not waiting.prev_block:
        raise BlockOutOfRange(earlier, 1, 0)
    require_within(earlier, first, waiting.prev_block - 1)


def _close(one: Call, known: bytes) -> int:
    """It is open no more; until when it could be answered."""
    if known not in one.state.challenges:
        raise ChallengeMissing(known)
    return one.state.challenges.pop(known)


def _half(one: Call, waiting: Exit) -> int:
    """In half of the period, or when the exit could be claimed, if that is later."""
    return max(waiting.exitable_at, one.env.time + one.state.profile.exit_period // 2)
