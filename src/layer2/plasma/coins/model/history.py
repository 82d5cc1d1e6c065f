"""History challenges: made while an exit cannot be paid out, each with its own response deadline."""

from __future__ import annotations

from dataclasses import astuple, replace

from layer2.plasma.coins.bindings.errors import (
    BlockOutOfRange,
    ChallengeOpen,
    ChallengesFull,
    ExitRunning,
    TooEarly,
    TooLate,
    UnknownChallenge,
)
from layer2.plasma.coins.model import actions as act
from layer2.plasma.coins.model.actions import Challenge
from layer2.plasma.coins.model.call import Call
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


def challenge_before(one: Call, action: act.ChallengeBefore) -> None:
    """Challenge an exit's history with an earlier transfer that was not spent."""
    waiting = require_running(one, action.coin, action.number)
    earlier = action.earlier
    _require_earlier(one, action.number, waiting, earlier.number, waiting.birth)
    require_shown(one, action.coin, earlier)
    _challenge(one, action.coin, action.number, Challenge(one.env.sender, earlier.number, earlier.new_owner))


def challenge_before_by_deposit(one: Call, action: act.ChallengeBeforeByDeposit) -> None:
    """Challenge an exit's history with a deposit that was not spent."""
    waiting = require_running(one, action.coin, action.number)
    _require_earlier(one, action.number, waiting, 0, 0)
    require_coin(one, action.coin, action.record)
    owner = address_bytes(action.record.owner)
    _challenge(one, action.coin, action.number, Challenge(one.env.sender, 0, owner))


def respond_challenge_before(one: Call, action: act.RespondChallengeBefore) -> None:
    """Answer a challenge with the transfer that spends the challenged one in the exit's history.

    The rest of the challenge's bond is added to the exit's. The exit can be challenged again.
    """
    waiting = require_running(one, action.coin, action.number)
    challenge, spend = action.challenge, action.spend
    known = challenge_id(action.coin, action.number, waiting.nonce, challenge)
    until = _close(one, known)
    if one.env.time > until:
        raise TooLate(one.env.time, until)
    require_spends(spend, challenge.number)
    # A spend after the exit's history has continued without it is not part of that history.
    require_within(spend.number, waiting.birth, waiting.prev_block)
    require_shown(one, action.coin, spend)
    require_signed(one, action.coin, spend, challenge.owner)
    exitable_at = _half(one, waiting)
    one.state.exits[action.coin, action.number] = replace(
        waiting, exitable_at=exitable_at, challenges=waiting.challenges - 1, answered=waiting.answered + 1
    )
    one.emit("ChallengeBeforeResponded", action.coin, action.number, known, exitable_at, astuple(spend))
    one.push(0, one.env.sender, one.state.profile.answer_pay)


def refute_challenge_response(one: Call, action: act.RefuteChallengeResponse) -> None:
    """Refute an exit whose challenge was not answered in time; the challenger receives all bonds."""
    waiting = require_running(one, action.coin, action.number)
    challenger = action.challenge.challenger
    until = _close(one, challenge_id(action.coin, action.number, waiting.nonce, action.challenge))
    if one.env.time <= until:
        raise TooEarly(one.env.time, until + 1)
    bonds = end(one, action.coin, action.number) + one.state.profile.challenge_bond
    one.emit("ExitRefuted", action.coin, action.number, challenger, Reason.HISTORY_INVENTED)
    one.push(0, challenger, bonds)


def void_challenge(one: Call, action: act.VoidChallenge) -> None:
    """Return the bond of a challenge whose exit start ended for another reason."""
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
    one.emit("ChallengedBefore", coin, number, told, waiting.nonce)


def _require_earlier(one: Call, number: int, waiting: Exit, earlier: int, first: int) -> None:
    """Verify that the exit is not payable yet, and that the challenge is older than what its transfer spends."""
    if one.env.time > waiting.exitable_at and not waiting.challenges:
        raise TooLate(one.env.time, waiting.exitable_at)
    # A deposit, and a transfer that spends a deposit, have no history that could be invented.
    if not number or not waiting.prev_block:
        raise BlockOutOfRange(earlier, 1, 0)
    require_within(earlier, first, waiting.prev_block - 1)


def _close(one: Call, known: bytes) -> int:
    """Close a challenge and return its response deadline."""
    if known not in one.state.challenges:
        raise UnknownChallenge(known)
    return one.state.challenges.pop(known)


def _half(one: Call, waiting: Exit) -> int:
    """Return the later of the exit's maturity and half an exit period from now."""
    return max(waiting.exitable_at, one.env.time + one.state.profile.exit_period // 2)
