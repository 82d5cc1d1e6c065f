"""In-flight exits: start, piggyback, canonicity challenges, and challenges of spent parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from layer2.plasma.payments.bindings.errors import (
    InvalidInputs,
    InvalidPiggyback,
    NothingToHold,
    NotOlder,
    OutputHeld,
    SameTransaction,
    TooEarly,
    TooLate,
    UnauthorizedCaller,
    UnexpectedExitStatus,
    UnexpectedInFlightStatus,
)
from layer2.plasma.payments.model import actions as act
from layer2.plasma.payments.model.chain import withdraw_bond
from layer2.plasma.payments.model.environment import Act
from layer2.plasma.payments.model.evidence import Claimed, Spent, alive, balanced, included, inputs_of, spent
from layer2.plasma.payments.model.exits import matures
from layer2.plasma.payments.model.in_flight_fields import (
    ALL,
    LAST_BIT,
    OUTPUT_BIT,
    OUTPUTS,
    find,
    mask_of,
    output_of,
    part_of,
    parts,
)
from layer2.plasma.payments.model.state import ExitStatus, InFlight, InFlightStatus, in_flight_id
from layer2.plasma.protocol.transaction import Transaction


def start_in_flight_exit(one: Act, action: act.StartInFlightExit) -> None:
    """Start the in-flight exit of a possibly unincluded transaction, on behalf of an input's owner."""
    state, env = one.state, one.env
    transaction = alive(one, action.transaction)
    bits = action.bits
    joined = [bit for bit in range(bits.bit_length()) if bits >> bit & 1]
    withdraw_bond(one, state.config.in_flight_bond + len(joined) * state.config.piggyback_bond)
    inputs, made, youngest = inputs_of(one, transaction, action.inputs, action.signatures)
    ids = tuple(found.id for found in inputs)
    mine = False
    for found in inputs:
        mine = mine or found.output.owner == env.sender
        # An output that another exit has paid cannot be reserved.
        gone(one, found.id)
    if not mine:
        raise UnauthorizedCaller(env.sender, inputs[0].output.owner)
    number = in_flight_id(transaction.hash, ids)
    before = state.flight(number)
    if before.status != InFlightStatus.NONE:
        raise UnexpectedInFlightStatus(number, before.status)
    held = hold(one, ids, 0, ALL) if bits else 0
    counts = counted(InFlight(held=held), len(ids))
    priority = state.reserve.place(youngest)
    for bit in joined:
        if bit >= (OUTPUT_BIT + len(transaction.outputs)) or len(inputs) <= bit < OUTPUT_BIT:
            raise InvalidPiggyback(bits)
        found = inputs[bit] if bit < OUTPUT_BIT else output_of(transaction, bit)
        _join(one, found, bit)
        if counts >> bit & 1:
            state.reserve.register(found.output.token, priority, found.output.amount)
    balanced(inputs, transaction)
    state.in_flight[number] = InFlight(
        bond_owner=env.sender,
        started_at=env.time,
        exitable_at=matures(one, made),
        status=InFlightStatus.OPEN,
        piggybacked=bits,
        competitor=action.transaction.position >> 8,
        priority=priority,
        held=held,
    )
    one.emit("InFlightExitStarted", number, env.sender, transaction.packed, ids, action.signatures)
    if bits:
        one.emit("Piggybacked", number, bits)


def gone(one: Act, output: bytes) -> None:
    """Raise UnexpectedExitStatus if an exit has paid or spent an output."""
    status = one.state.exit(output).status
    if status in (ExitStatus.PAID, ExitStatus.SPENT):
        raise UnexpectedExitStatus(output, status)


def hold(one: Act, ids: tuple[bytes, ...], held: int, wanted: int) -> int:
    """Hold the wanted inputs that no other exit has; return the bits held afterwards.

    Only held inputs can be registered, so that only one of several payments spending an output counts.
    """
    for at, output in enumerate(ids):
        if wanted & ~held & 1 << at and try_hold(one, output):
            held |= 1 << at
    return held


def try_hold(one: Act, output: bytes) -> bool:
    """Hold an output for one in-flight exit, unless another exit has it or has paid it."""
    taken = (ExitStatus.OPEN, ExitStatus.PAID, ExitStatus.SPENT)
    if output in one.state.holds or one.state.exit(output).status in taken:
        return False
    one.state.holds.add(output)
    return True


def free(one: Act, ids: tuple[bytes, ...], held: int) -> None:
    """Release inputs, given as bits."""
    for at, output in enumerate(ids):
        if held >> at & 1:
            one.state.holds.discard(output)


def counted(flight: InFlight, count: int) -> int:
    """Return the bits that are registered once piggybacked, for a payment of `count` inputs.

    These are the outputs while no competitor is shown and all inputs are held, else the held inputs. An output is
    therefore registered once, regardless of the number of its spends.
    """
    if flight.status == InFlightStatus.PAYS_OUTPUTS:
        return OUTPUTS
    return flight.held if flight.contested or flight.held + 1 != 1 << count else OUTPUTS


def _join(one: Act, found: Claimed, bit: int) -> None:
    """Require that a part belongs to the caller and was paid by no exit.

    An output is held from then on: it exits only by this in-flight exit, and its standard exit ends. An input may wait
    for another in-flight exit that holds it.
    """
    state, (owner, token, amount) = one.state, found.output
    if owner != one.env.sender:
        raise UnauthorizedCaller(one.env.sender, owner)
    gone(one, found.id)
    if bit >= OUTPUT_BIT:
        waiting = state.exit(found.id)
        if waiting.status == ExitStatus.OPEN:
            state.reserve.release(token, waiting.priority, amount)
            del state.exits[found.id]
            one.emit("ExitEnded", found.id)
            one.owe_bond(owner, state.config.exit_bond)
        if not try_hold(one, found.id):
            raise OutputHeld(found.id)


def recount(one: Act, flight: InFlight, part: Callable[[int], Claimed], before: int, count: int) -> InFlight:
    """Update the reserves for the piggybacked parts whose registration has changed.

    If a part is added, the whole in-flight exit registers after what was paid meanwhile.

    Args:
        before: bits registered before.

    Returns:
        The in-flight exit with the block under which it is registered now.
    """
    reserve, now = one.state.reserve, counted(flight, count) & flight.piggybacked
    place = reserve.place(flight.priority) if now & ~before else flight.priority
    leaves, comes = (before, now) if place != flight.priority else (before & ~now, now & ~before)
    # Releases come first, so that sums are never negative in between.
    for bits, change, block in ((leaves, reserve.release, flight.priority), (comes, reserve.register, place)):
        for bit in range(LAST_BIT + 1):
            if bits >> bit & 1:
                _, token, amount = part(bit).output
                change(token, block, amount)
    return replace(flight, priority=place)


def registered(flight: InFlight, count: int) -> int:
    """Return the registered bits of an in-flight exit of `count` inputs."""
    return counted(flight, count) & flight.piggybacked


def _other(one: Act, transaction: Transaction, index: int, found: Claimed, spend: act.Spend) -> Spent:
    """Return another transaction that spends the same input, signed by its owner."""
    if index >= len(transaction.inputs):
        raise InvalidPiggyback(mask_of(index))
    spender = spent(one, spend, found.position, found.output.owner)
    if spender.hash == transaction.hash:
        raise SameTransaction()
    return spender


def _open(number: bytes, flight: InFlight) -> None:
    if flight.status != InFlightStatus.OPEN:
        raise UnexpectedInFlightStatus(number, flight.status)


def _waiting(one: Act, number: bytes, flight: InFlight) -> None:
    _open(number, flight)
    if one.env.time >= flight.exitable_at:
        raise TooLate(one.env.time, flight.exitable_at)


def _first_half(one: Act, number: bytes, flight: InFlight) -> None:
    _open(number, flight)
    until = flight.started_at + one.state.config.exit_period // 2
    if one.env.time >= until:
        raise TooLate(one.env.time, until)


def piggyback(one: Act, action: act.Piggyback) -> None:
    """Piggyback an input or output of the caller."""
    state, bit = one.state, action.bit
    number, flight, transaction = find(one, action.data, action.input_ids)
    told = action.input_data
    found = part_of(one, transaction, action.input_ids, bit, told[bit] if bit < len(told) else action.data)
    _first_half(one, number, flight)
    if (flight.piggybacked | flight.blocked) >> bit & 1:
        raise InvalidPiggyback(1 << bit)
    withdraw_bond(one, state.config.piggyback_bond)
    count = len(action.input_ids)
    before = registered(flight, count)
    # No input is held for an in-flight exit without piggybacks.
    if not flight.piggybacked:
        flight = replace(flight, held=hold(one, action.input_ids, flight.held, ALL))
    _join(one, found, bit)
    after = replace(flight, piggybacked=flight.piggybacked | 1 << bit)
    part = parts(one, transaction, action.input_ids, told)
    state.in_flight[number] = recount(one, after, part, before, count)
    one.emit("Piggybacked", number, 1 << bit)


def challenge_non_canonical(one: Act, action: act.ChallengeNonCanonical) -> None:
    """Contest an in-flight exit with a competitor, which stops its outputs until it is shown to be older."""
    number, flight, transaction = find(one, action.data, action.input_ids)
    if action.input >= len(action.input_data):
        raise InvalidInputs(action.input)
    found = part_of(one, transaction, action.input_ids, action.input, action.input_data[action.input])
    _first_half(one, number, flight)
    competitor = _other(one, transaction, action.input, found, action.competitor)
    if flight.competitor and competitor.place >= flight.competitor:
        raise NotOlder(competitor.place, flight.competitor)
    after = replace(flight, competitor=competitor.place, contested=True, bond_owner=one.env.sender)
    count = len(action.input_ids)
    part = parts(one, transaction, action.input_ids, action.input_data)
    one.state.in_flight[number] = recount(one, after, part, registered(flight, count), count)
    one.emit("InFlightExitChallenged", number, competitor.hash, competitor.place)


def respond_non_canonical(one: Act, action: act.RespondNonCanonical) -> None:
    """Prove that the transaction was included before every competitor shown."""
    number, flight, transaction = find(one, action.transaction.data, action.input_ids)
    _waiting(one, number, flight)
    place = action.transaction.position >> 8
    # The competitor is zero, so never older, while there is nothing to answer.
    if place >= flight.competitor:
        raise NotOlder(place, flight.competitor)
    included(one, action.transaction)
    after = replace(flight, competitor=place, contested=False, bond_owner=one.env.sender)
    count = len(action.input_ids)
    part = parts(one, transaction, action.input_ids, action.input_data)
    one.state.in_flight[number] = recount(one, after, part, registered(flight, count), count)
    one.emit("InFlightExitChallengeResponded", number, place)


def hold_inputs(one: Act, action: act.HoldInputs) -> None:
    """Hold the inputs that the in-flight exit needs and no other one holds, and release unneeded ones.

    The call must precede maturity, because a part added later would move the exit behind what was paid.
    """
    number, flight, transaction = find(one, action.data, action.input_ids)
    _waiting(one, number, flight)
    joined, count = flight.piggybacked, len(action.input_ids)
    # A contested exit can win its piggybacked inputs; otherwise it needs all inputs, or none without piggybacks.
    wanted = joined & ALL if flight.contested else ALL if joined else 0
    kept = flight.held & wanted
    free(one, action.input_ids, flight.held ^ kept)
    kept = hold(one, action.input_ids, kept, wanted)
    if kept == flight.held:
        raise NothingToHold(number, flight.held)
    after = replace(flight, held=kept)
    part = parts(one, transaction, action.input_ids, action.input_data)
    one.state.in_flight[number] = recount(one, after, part, registered(flight, count), count)


def challenge_input_spent(one: Act, action: act.ChallengeInputSpent) -> None:
    """Block a piggybacked input that another transaction has spent."""
    number, flight, transaction = find(one, action.data, action.input_ids)
    found = part_of(one, transaction, action.input_ids, action.input, action.input_data)
    spender = _other(one, transaction, action.input, found, action.spend)
    _block(one, number, flight, action.input, found, len(action.input_ids), spender.hash)


def challenge_output_spent(one: Act, action: act.ChallengeOutputSpent) -> None:
    """Block a piggybacked output that was spent, given the transaction's inclusion and the spend."""
    number, flight, transaction = find(one, action.transaction.data, action.input_ids)
    position = action.transaction.position
    bit = OUTPUT_BIT + (position & 0xFF)
    found = output_of(transaction, bit)
    included(one, action.transaction)
    spender = spent(one, action.spend, position, found.output.owner)
    _block(one, number, flight, bit, found, len(action.input_ids), spender.hash)


def _block(one: Act, number: bytes, flight: InFlight, bit: int, found: Claimed, count: int, spender: bytes) -> None:
    mask = 1 << bit
    if not flight.piggybacked & mask:
        raise InvalidPiggyback(mask)
    state = one.state
    counts, held = counted(flight, count) & mask, flight.held
    if (counts | OUTPUTS) & mask:
        # The part cannot be paid any more.
        held &= ~mask
        state.holds.discard(found.id)
    state.in_flight[number] = replace(
        flight, piggybacked=flight.piggybacked ^ mask, blocked=flight.blocked | mask, held=held
    )
    if counts:
        state.reserve.release(found.output.token, flight.priority, found.output.amount)
    one.emit("PiggybackBlocked", number, mask, spender)
    one.pay_bond(one.env.sender, state.config.piggyback_bond)


def delete_non_piggybacked(one: Act, action: act.DeleteNonPiggybacked) -> None:
    """Delete an in-flight exit without piggybacks after half of its period."""
    state = one.state
    number, flight, _ = find(one, action.data, action.input_ids)
    _open(number, flight)
    since = flight.started_at + state.config.exit_period // 2
    if one.env.time < since:
        raise TooEarly(one.env.time, since)
    if flight.piggybacked:
        raise InvalidPiggyback(flight.piggybacked)
    free(one, action.input_ids, flight.held)
    del state.in_flight[number]
    one.emit("InFlightExitDeleted", number)
    one.pay_bond(flight.bond_owner, state.config.in_flight_bond)
