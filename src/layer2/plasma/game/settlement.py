"""How an in-flight exit ends: it is decided once who is paid, outputs or inputs; each is paid when it is covered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from layer2.plasma.game import actions as act
from layer2.plasma.game.env import Act
from layer2.plasma.game.errors import InFlightStatusWrong, InputsWrong, NotCovered, NothingToPay, TooEarly
from layer2.plasma.game.evidence import Claimed
from layer2.plasma.game.exits import settle_exit
from layer2.plasma.game.inflight import OUTPUT_BIT, find, part_of, registered
from layer2.plasma.game.reserve import require_sorted
from layer2.plasma.game.state import ExitStatus, InFlight, InFlightStatus

_ENDED = (ExitStatus.PAID, ExitStatus.SPENT)
_INPUT_BITS, _OUTPUT_BITS = 0x0F, 0xF0

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

    def part(bit: int) -> Claimed:
        return part_of(one, transaction, ids, bit, action.input_data[bit] if bit < OUTPUT_BIT else b"")

    earned = 0
    if fresh:
        flight, earned = _settle(one, number, flight, ids, part)
    done, bounties = _pay(one, flight, part, action.newer)
    one.state.in_flight[number] = replace(flight, piggybacked=flight.piggybacked & ~done)
    if not (fresh or done):
        raise NothingToPay()
    one.pay_bond(one.env.sender, earned + bounties)


def _settle(one: Act, number: bytes, flight: InFlight, ids: tuple[bytes, ...], part: Part) -> tuple[InFlight, int]:
    """Decide. Canonical unless contested, or an input went elsewhere: then the others must not be lost with it.

    Returns also the bonds of exits that should have been challenged: of inputs whose owners had signed.
    """
    state = one.state
    elsewhere = any(state.exit(output).status in _ENDED for output in ids)
    pays_outputs = not (flight.contested or elsewhere)
    status = InFlightStatus.PAYS_OUTPUTS if pays_outputs else InFlightStatus.PAYS_INPUTS
    one.emit("InFlightSettled", number, status)
    earned = 0
    # Only what pays an output takes the inputs with it.
    if pays_outputs and flight.piggybacked & _OUTPUT_BITS:
        for index in range(len(ids)):
            found = part(index)
            if settle_exit(one, found, ExitStatus.SPENT):
                earned += state.config.exit_bond
            one.emit("OutputSpent", found.id)
    one.pay_bond(flight.bond_owner, state.config.in_flight_bond)
    return replace(flight, status=status), earned


def _pay(one: Act, flight: InFlight, part: Part, newer: tuple[int, ...]) -> tuple[int, int]:
    """Pay what is covered; the bits that are done with, and the bounties."""
    state, config = one.state, one.state.config
    winning = _OUTPUT_BITS if flight.status == InFlightStatus.PAYS_OUTPUTS else _INPUT_BITS
    done = earned = 0
    for at in range(8):
        # The side that is not paid first: it no longer counts as registered then.
        bit = at if winning == _OUTPUT_BITS else at ^ 4
        if not flight.piggybacked >> bit & 1:
            continue
        found = part(bit)
        owner, token, amount = found.output
        back = config.piggyback_bond - config.bounty
        # The other side gets its bond back, and so does what another game has paid.
        due = bool(winning >> bit & 1) and state.exit(found.id).status not in _ENDED
        if due:
            try:
                state.reserve.check(token, flight.priority, amount, newer, state.covers(token))
            except NotCovered:
                continue
            # A standard exit of the same output is paid with it.
            if settle_exit(one, found, ExitStatus.PAID):
                back += config.exit_bond
            one.emit("ExitPaid", found.id)
        if registered(flight, bit):
            state.reserve.release(token, flight.priority, amount)
        one.pay_both(owner, token, amount if due else 0, back)
        earned += config.bounty
        done |= 1 << bit
    return done, earned
