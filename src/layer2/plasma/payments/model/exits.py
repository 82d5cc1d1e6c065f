"""Standard exits: start, challenge, claim."""

from __future__ import annotations

from layer2.plasma.payments.bindings.errors import (
    ExitBlocked,
    NotCovered,
    NothingToPay,
    OutputHeld,
    TooEarly,
    UnauthorizedCaller,
    UnexpectedExitStatus,
)
from layer2.plasma.payments.model import actions as act
from layer2.plasma.payments.model.chain import withdraw_bond
from layer2.plasma.payments.model.environment import Act
from layer2.plasma.payments.model.evidence import Claimed, included, named, proven, spent
from layer2.plasma.payments.model.reserve import require_sorted
from layer2.plasma.payments.model.state import Exit, ExitStatus


def start_exits(one: Act, action: act.StartExits) -> None:
    """Start standard exits of the caller's outputs, each with a bond."""
    state, env = one.state, one.env
    withdraw_bond(one, state.config.exit_bond * len(action.outputs))
    for proof in action.outputs:
        found, made = proven(one, proof)
        owner, token, amount = found.output
        if env.sender != owner:
            raise UnauthorizedCaller(env.sender, owner)
        before = state.exit(found.id)
        if found.id in state.holds:
            raise OutputHeld(found.id)
        if before.status == ExitStatus.CHALLENGED:
            # The spend may still be included: until then the output counts as spent.
            if state.next_block <= before.time:
                raise ExitBlocked(found.id, before.time)
        elif before.status != ExitStatus.NONE:
            raise UnexpectedExitStatus(found.id, before.status)
        time = matures(one, made)
        priority = state.reserve.place(found.block)
        state.exits[found.id] = Exit(ExitStatus.OPEN, time, proof.position, priority)
        state.reserve.register(token, priority, amount)
        one.emit("ExitStarted", found.id, owner, proof.position, token, amount, time, priority)


def matures(one: Act, made: int) -> int:
    """Return the maturity of an exit: W from now, but at least 2W after the block of its output."""
    period = one.state.config.exit_period
    return max(one.env.time + period, made + 2 * period)


def challenge_exit(one: Act, action: act.ChallengeExit) -> None:
    """Stop the exit of a spent output and pay its bond to the caller."""
    state, position = one.state, action.output.position
    found = named(one, position, action.output.data)
    waiting = state.exit(found.id)
    if waiting.status != ExitStatus.OPEN:
        raise UnexpectedExitStatus(found.id, waiting.status)
    if position != waiting.position:
        # The transaction was included twice: an input may name either position, which must be proven.
        included(one, action.output)
    spender = spent(one, action.spend, position, found.output.owner)
    state.exits[found.id] = Exit(ExitStatus.CHALLENGED, spender.until, waiting.position)
    state.reserve.release(found.output.token, waiting.priority, found.output.amount)
    one.emit("ExitChallenged", found.id, spender.hash, spender.until)
    one.pay_bond(one.env.sender, state.config.exit_bond)


def claim(one: Act, action: act.ProcessExits) -> None:
    """Pay the matured exits that are covered, and their bounties to the caller."""
    require_sorted(action.newer)
    config = one.state.config
    paid = 0
    for item in action.items:
        try:
            found = _claimable(one, item, action.newer)
        except (UnexpectedExitStatus, TooEarly, NotCovered):
            if len(action.items) == 1:
                raise
            continue
        owner, token, amount = found.output
        one.state.reserve.passes(one.state.exit(found.id).priority)
        settle_exit(one, found, ExitStatus.PAID)
        one.emit("ExitPaid", found.id)
        one.pay_both(owner, token, amount, config.exit_bond - config.bounty)
        paid += 1
    if not paid:
        raise NothingToPay()
    one.pay_bond(one.env.sender, paid * config.bounty)


def _claimable(one: Act, item: act.Item, newer: tuple[int, ...]) -> Claimed:
    """Return the output of an exit that is payable now."""
    state = one.state
    found = named(one, item.position, item.data)
    waiting = state.exit(found.id)
    if waiting.status != ExitStatus.OPEN:
        raise UnexpectedExitStatus(found.id, waiting.status)
    if one.env.time < waiting.time:
        raise TooEarly(one.env.time, waiting.time)
    _, token, amount = found.output
    state.reserve.check(token, waiting.priority, amount, newer, state.covers(token))
    return found


def settle_exit(one: Act, found: Claimed, status: ExitStatus) -> bool:
    """Mark an output; return True if it had an open standard exit, whose registration ends."""
    waiting = one.state.exit(found.id)
    time = 0 if status == ExitStatus.SPENT else waiting.time
    one.state.exits[found.id] = Exit(status, time, waiting.position)
    one.state.holds.discard(found.id)
    if waiting.status != ExitStatus.OPEN:
        return False
    one.state.reserve.release(found.output.token, waiting.priority, found.output.amount)
    return True
