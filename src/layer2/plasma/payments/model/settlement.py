"""How an in-flight exit ends: it is decided once who is paid, outputs or inputs; each is paid when it is covered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from layer2.plasma.payments.model import actions as act
from layer2.plasma.payments.model.environment import Act
from layer2.plasma.payments.model.errors import (
    InFlightStatusWrong,
    InputsWrong,
    NotCovered,
    NothingToPay,
    OutputHeld,
    TooEarly,
)
from layer2.plasma.payments.model.evidence import Claimed
from layer2.plasma.payments.model.exits import settle_exit
from layer2.plasma.payments.model.in_flight import counted, free, recount, registered
from layer2.plasma.payments.model.in_flight_fields import OUTPUT_BIT, OUTPUTS, find, parts
from layer2.plasma.payments.model.reserve import require_sorted
from layer2.plasma.payments.model.state import ExitStatus, InFlight, InFlightStatus

_ENDED = (ExitStatus.PAID, ExitStatus.SPENT)

Part = Callable[[int], Claimed]
"""What a bit stands for; asked only where it matters, since only then must what was given be right."""


def claim_in_flight(one: Act, action: act.ClaimInFlight) -> None:
    """Settle, at the first call after it has waited; pay what is covered, at every call."""
    require_sorted(action.newer)
    ids = action.input_ids
    number, flight, transaction = find(one, action.data, ids)
    if len(action.input_data) != len(ids):
        raise InputsWrong(len(ids))
    if not flight.piggybacked:
        raise InFlightStatusWrong(number, flight.status)
    fresh = flight.status == InFlightStatus.OPEN
    if fresh and one.env.time < flight.exitable_at:
        raise TooEarly(one.env.time, flight.exitable_at)

    part = parts(one, transaction, ids, action.input_data)
    earned = 0
    if fresh:
        flight, earned = _settle(one, number, flight, ids, part)
    done, bounties, held = _pay(one, flight, part, action.newer, len(ids))
    one.state.in_flight[number] = replace(flight, piggybacked=flight.piggybacked & ~done, held=held)
    if not (fresh or done):
        raise NothingToPay()
    one.pay_bond(one.env.sender, earned + bounties)


def _settle(one: Act, number: bytes, flight: InFlight, ids: tuple[bytes, ...], part: Part) -> tuple[InFlight, int]:
    """Decide. Canonical unless contested, or an input went elsewhere: then the others must not be lost with it.

    Returns also the bonds of exits that should have been challenged: of inputs whose owners had signed.
    """
    state, count = one.state, len(ids)
    gone = any(state.exit(output).status in _ENDED for output in ids)
    pays_outputs = not (flight.contested or gone)
    others = [output for at, output in enumerate(ids) if output in state.holds and not flight.held >> at & 1]
    if pays_outputs and others:
        # Another game has it, and began before: that ends first, or is contested by this payment.
        raise OutputHeld(others[-1])
    before = registered(flight, count)
    kept = 0 if pays_outputs else flight.held & flight.piggybacked
    status = InFlightStatus.PAYS_OUTPUTS if pays_outputs else InFlightStatus.PAYS_INPUTS
    after = replace(flight, status=status, contested=not pays_outputs, held=kept)
    after = recount(one, after, part, before, count)
    free(one, ids, flight.held ^ kept)
    one.emit("InFlightSettled", number, status)
    earned = 0
    # Only what pays an output takes the inputs with it.
    if pays_outputs and flight.piggybacked & OUTPUTS:
        for index in range(len(ids)):
            found = part(index)
            if settle_exit(one, found, ExitStatus.SPENT):
                earned += state.config.exit_bond
            one.emit("OutputSpent", found.id)
    one.pay_bond(flight.bond_owner, state.config.in_flight_bond)
    return after, earned


def _pay(one: Act, flight: InFlight, part: Part, newer: tuple[int, ...], count: int) -> tuple[int, int, int]:
    """Pay what is covered; the bits that are done with, the bounties, and what is held then."""
    state, config = one.state, one.state.config
    pays_outputs = flight.status == InFlightStatus.PAYS_OUTPUTS
    # An input that another game has leaves by that, or by its own exit.
    winning = OUTPUTS if pays_outputs else flight.held
    done = earned = 0
    held = flight.held
    for at in range(8):
        # The side that is not paid first: it no longer counts as registered then.
        bit = at if pays_outputs else at ^ 4
        if not flight.piggybacked >> bit & 1:
            continue
        found = part(bit)
        owner, token, amount = found.output
        # The other side gets its bond back, and so does what another game has paid.
        due = bool(winning >> bit & 1) and state.exit(found.id).status not in _ENDED
        if due:
            try:
                state.reserve.check(token, flight.priority, amount, newer, state.covers(token))
            except NotCovered:
                continue
            settle_exit(one, found, ExitStatus.PAID)
            state.reserve.passes(flight.priority)
            one.emit("ExitPaid", found.id)
        elif bit >= OUTPUT_BIT:
            state.holds.discard(found.id)
        if counted(replace(flight, held=held), count) >> bit & 1:
            state.reserve.release(token, flight.priority, amount)
        if not pays_outputs:
            held &= ~(1 << bit)
        one.pay_both(owner, token, amount if due else 0, config.piggyback_bond - config.bounty)
        earned += config.bounty
        done |= 1 << bit
    return done, earned, held
