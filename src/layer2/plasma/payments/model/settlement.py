"""Settlement of in-flight exits: outputs or inputs are selected once, and each is paid when it is covered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from layer2.plasma.payments.bindings.errors import (
    InvalidInputs,
    NotCovered,
    NothingToPay,
    OutputHeld,
    TooEarly,
    UnexpectedInFlightStatus,
)
from layer2.plasma.payments.model import actions as act
from layer2.plasma.payments.model.environment import Act
from layer2.plasma.payments.model.evidence import Claimed
from layer2.plasma.payments.model.exits import settle_exit
from layer2.plasma.payments.model.in_flight import counted, free, recount, registered
from layer2.plasma.payments.model.in_flight_fields import OUTPUT_BIT, OUTPUTS, find, parts
from layer2.plasma.payments.model.reserve import require_sorted
from layer2.plasma.payments.model.state import ExitStatus, InFlight, InFlightStatus

_ENDED = (ExitStatus.PAID, ExitStatus.SPENT)

Part = Callable[[int], Claimed]
"""Returns the output of a bit; called only if needed, because only then must the given data be valid."""


def process_in_flight_exit(one: Act, action: act.ProcessInFlightExit) -> None:
    """Settle at the first call after maturity; pay the covered parts at every call."""
    require_sorted(action.newer)
    ids = action.input_ids
    number, flight, transaction = find(one, action.data, ids)
    if len(action.input_data) != len(ids):
        raise InvalidInputs(len(ids))
    if not flight.piggybacked:
        raise UnexpectedInFlightStatus(number, flight.status)
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
    """Settle an in-flight exit as canonical unless it is contested or another exit has paid or spent an input.

    A non-canonical exit pays its inputs, so that the remaining ones are not lost.

    Returns:
        The settled exit, and the bonds of standard exits of its inputs, which should have been challenged.
    """
    state, count = one.state, len(ids)
    gone = any(state.exit(output).status in _ENDED for output in ids)
    pays_outputs = not (flight.contested or gone)
    others = [output for at, output in enumerate(ids) if output in state.holds and not flight.held >> at & 1]
    if pays_outputs and others:
        # Another in-flight exit that started earlier holds the input: it must end first, or be contested by this
        # payment.
        raise OutputHeld(others[-1])
    before = registered(flight, count)
    kept = 0 if pays_outputs else flight.held & flight.piggybacked
    status = InFlightStatus.PAYS_OUTPUTS if pays_outputs else InFlightStatus.PAYS_INPUTS
    after = replace(flight, status=status, contested=not pays_outputs, held=kept)
    after = recount(one, after, part, before, count)
    free(one, ids, flight.held ^ kept)
    one.emit("InFlightExitProcessed", number, status)
    earned = 0
    # The inputs are spent only if an output is paid.
    if pays_outputs and flight.piggybacked & OUTPUTS:
        for index in range(len(ids)):
            found = part(index)
            if settle_exit(one, found, ExitStatus.SPENT):
                earned += state.config.exit_bond
            one.emit("OutputSpent", found.id)
    one.pay_bond(flight.bond_owner, state.config.in_flight_bond)
    return after, earned


def _pay(one: Act, flight: InFlight, part: Part, newer: tuple[int, ...], count: int) -> tuple[int, int, int]:
    """Pay the covered parts; return the finished bits, the bounties, and the bits held afterwards."""
    state, config = one.state, one.state.config
    pays_outputs = flight.status == InFlightStatus.PAYS_OUTPUTS
    # An input held by another in-flight exit is paid by that one or by its standard exit.
    winning = OUTPUTS if pays_outputs else flight.held
    done = earned = 0
    held = flight.held
    for at in range(8):
        # The losing side comes first, so that it does not count as registered any more.
        bit = at if pays_outputs else at ^ 4
        if not flight.piggybacked >> bit & 1:
            continue
        found = part(bit)
        owner, token, amount = found.output
        # The losing side gets its bond back, and so does a part that another exit has paid.
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
