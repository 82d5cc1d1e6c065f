"""Exits: start, cancellation, refutation by a later or an earlier spend, and payout."""

from __future__ import annotations

from dataclasses import replace

from layer2.plasma.coins.bindings.errors import BlockOutOfRange, ExitChallenged, ExitRunning, NothingDue, UnknownExit
from layer2.plasma.coins.model import actions as act
from layer2.plasma.coins.model.call import Call
from layer2.plasma.coins.model.evidence import (
    LAST,
    require_coin,
    require_shown,
    require_signed,
    require_spends,
    require_within,
)
from layer2.plasma.coins.model.state import NOBODY, Exit, Reason, token_number
from layer2.plasma.coins.protocol.records import Kind
from layer2.primitives.addresses import address_bytes


def exit_deposit(one: Call, action: act.ExitDeposit) -> None:
    """Start the exit of an unspent deposit for its depositor."""
    require_coin(one, action.coin, action.record)
    _start(one, action.coin, 0, address_bytes(action.record.owner), action.record.birth)


def exit_transfer(one: Call, action: act.ExitTransfer) -> None:
    """Start the exit of a transfer's output for its recipient."""
    coin, record, last = action.coin, action.record, action.last
    require_coin(one, coin, record)
    require_within(last.number, record.birth, LAST)
    require_shown(one, coin, last)
    require_spends(last, action.prev.number)
    prev_owner = address_bytes(record.owner)
    if last.prev_block:
        require_within(last.prev_block, record.birth, LAST)
        require_shown(one, coin, action.prev)
        prev_owner = action.prev.new_owner
    require_signed(one, coin, last, prev_owner)
    _start(one, coin, last.number, last.new_owner, record.birth)
    begun = one.state.exits[coin, last.number]
    one.state.exits[coin, last.number] = replace(
        begun, prev_owner=prev_owner, prev_block=last.prev_block, nonce=begun.nonce + 1, answered=0
    )


def _start(one: Call, coin: int, number: int, owner: bytes, birth: int) -> None:
    one.require_caller(owner)
    one.require_value(one.state.profile.exit_bond)
    before = one.state.exit(coin, number)
    if before.owner != NOBODY:
        raise ExitRunning(coin, number)
    time = one.env.time + one.state.profile.exit_period
    one.state.exits[coin, number] = replace(before, owner=owner, exitable_at=time, birth=birth, challenges=0)
    one.emit("ExitStarted", coin, number, owner, time)


def cancel_exit(one: Call, action: act.CancelExit) -> None:
    """Cancel an unchallenged exit for its owner."""
    waiting = require_running(one, action.coin, action.number)
    one.require_caller(waiting.owner)
    if waiting.challenges:
        raise ExitChallenged(waiting.challenges)
    bonds = end(one, action.coin, action.number)
    one.emit("ExitCancelled", action.coin, action.number)
    one.push(0, waiting.owner, bonds)


def challenge_after(one: Call, action: act.ChallengeAfter) -> None:
    """Refute an exit with a later spend signed by its owner."""
    waiting = require_running(one, action.coin, action.number)
    require_spends(action.spend, action.number)
    require_within(action.spend.number, waiting.birth, LAST)
    require_shown(one, action.coin, action.spend)
    require_signed(one, action.coin, action.spend, waiting.owner)
    _refute(one, action.coin, action.number, Reason.SPENT)


def challenge_between(one: Call, action: act.ChallengeBetween) -> None:
    """Refute an exit with an earlier spend, signed by the owner who signed the exiting transfer."""
    waiting = require_running(one, action.coin, action.number)
    if not action.number:
        raise BlockOutOfRange(action.other.number, 1, 0)
    require_spends(action.other, waiting.prev_block)
    require_within(action.other.number, waiting.birth, action.number - 1)
    require_shown(one, action.coin, action.other)
    require_signed(one, action.coin, action.other, waiting.prev_owner)
    _refute(one, action.coin, action.number, Reason.DOUBLE_SPENT)


def claim(one: Call, action: act.FinalizeExits) -> None:
    """Pay out mature exits and skip the others; the caller receives the bounties."""
    paid = sum(_claimed(one, due) for due in action.dues)
    if not paid:
        raise NothingDue()
    one.push(0, one.env.sender, paid * one.state.profile.bounty)


def _claimed(one: Call, due: act.ExitClaim) -> bool:
    state, record = one.state, due.record
    waiting = state.exit(due.coin, due.number)
    if waiting.owner == NOBODY or one.env.time <= waiting.exitable_at or waiting.challenges:
        return False
    if state.coins.get(due.coin) != record:
        return False
    # The coin ends here, so that no other exit of it can be paid.
    del state.coins[due.coin]
    ether = end(one, due.coin, due.number) - state.profile.bounty
    one.emit("Claimed", due.coin, due.number, waiting.owner)
    if record.kind is Kind.ETHER:
        ether += record.value
    elif record.kind is Kind.ERC20:
        one.push(token_number(record), waiting.owner, record.value)
    else:
        one.push_token(token_number(record), waiting.owner, record.value)
    one.push(0, waiting.owner, ether)
    return True


def require_running(one: Call, coin: int, number: int) -> Exit:
    """Return the exit; raise UnknownExit if it is not running."""
    waiting = one.state.exit(coin, number)
    if waiting.owner == NOBODY:
        raise UnknownExit(coin, number)
    return waiting


def end(one: Call, coin: int, number: int) -> int:
    """End an exit, keep its start counter, and return its bond plus the rest of the answered challenges' bonds."""
    before, profile = one.state.exits[coin, number], one.state.profile
    one.state.exits[coin, number] = replace(before, owner=NOBODY, exitable_at=0, birth=0, challenges=0)
    return profile.exit_bond + before.answered * (profile.challenge_bond - profile.answer_pay)


def _refute(one: Call, coin: int, number: int, reason: Reason) -> None:
    bonds = end(one, coin, number)
    one.emit("ExitRefuted", coin, number, one.env.sender, reason)
    one.push(0, one.env.sender, bonds)
