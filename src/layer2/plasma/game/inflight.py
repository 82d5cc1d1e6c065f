"""In-flight exits: start, join, dispute whether canonical, stop what was spent."""

from __future__ import annotations

from dataclasses import replace

from layer2.plasma.game import actions as act
from layer2.plasma.game.chain import take_bond
from layer2.plasma.game.env import Act
from layer2.plasma.game.errors import (
    AmountsUnbalanced,
    CallerWrong,
    ExitStatusWrong,
    InFlightStatusWrong,
    InputsWrong,
    NotOlder,
    OutputWrong,
    PiggybackWrong,
    SameTransaction,
    SpendWrong,
    TooEarly,
    TooLate,
)
from layer2.plasma.game.evidence import Claimed, Spent, alive, included, named, proven, signed_by, spent
from layer2.plasma.game.exits import matures
from layer2.plasma.game.state import ExitStatus, InFlight, InFlightStatus, in_flight_id
from layer2.plasma.transaction import Transaction, decode_transaction, transaction_hash

OUTPUT_BIT = 4
"""Bit of the first output; inputs lie below."""

LAST_BIT = 7


def start_in_flight(one: Act, action: act.StartInFlight) -> None:
    """An owner of an input starts the game of a transaction that may never have been included."""
    state, env = one.state, one.env
    transaction = alive(one, action.transaction)
    bits = action.bits
    joined = [bit for bit in range(bits.bit_length()) if bits >> bit & 1]
    take_bond(one, state.config.in_flight_bond + len(joined) * state.config.piggyback_bond)
    inputs, youngest, made = _inputs(one, action, transaction)
    if all(found.output.owner != env.sender for found in inputs):
        raise CallerWrong(env.sender, inputs[0].output.owner)
    ids = tuple(found.id for found in inputs)
    number = in_flight_id(transaction.hash, ids)
    before = state.flight(number)
    if before.status != InFlightStatus.NONE:
        raise InFlightStatusWrong(number, before.status)
    for bit in joined:
        if bit >= (OUTPUT_BIT + len(transaction.outputs)) or len(inputs) <= bit < OUTPUT_BIT:
            raise PiggybackWrong(bits)
        _join(one, inputs[bit] if bit < OUTPUT_BIT else output_of(transaction, bit), youngest)
    _balance(inputs, transaction)
    state.in_flight[number] = InFlight(
        bond_owner=env.sender,
        started_at=env.time,
        exitable_at=matures(one, made),
        status=InFlightStatus.OPEN,
        piggybacked=bits,
        competitor=action.transaction.position >> 8,
        priority=youngest,
    )
    one.emit("InFlightStarted", number, env.sender, transaction.packed, ids, action.signatures)
    if bits:
        one.emit("Piggybacked", number, bits)


def _inputs(one: Act, action: act.StartInFlight, transaction: Transaction) -> tuple[list[Claimed], int, int]:
    """What is spent, proven and signed for; the youngest block among it, and the latest time of one."""
    count = len(transaction.inputs)
    if len(action.inputs) != count or len(action.signatures) != count:
        raise InputsWrong(count)
    found: list[Claimed] = []
    youngest = made = 0
    for index, (proof, signature) in enumerate(zip(action.inputs, action.signatures, strict=True)):
        if proof.position != transaction.inputs[index]:
            raise SpendWrong(transaction.inputs[index], proof.position)
        claimed, time = proven(one, proof)
        signed_by(one, transaction, claimed.output.owner, signature)
        if any(claimed.id == other.id for other in found):
            raise InputsWrong(index)
        found.append(claimed)
        youngest, made = max(youngest, claimed.block), max(made, time)
    return found, youngest, made


def _balance(inputs: list[Claimed], transaction: Transaction) -> None:
    have: dict[int, int] = {}
    for found in inputs:
        have[found.output.token] = have.get(found.output.token, 0) + found.output.amount
    for _, token, amount in transaction.outputs:
        have[token] = have.get(token, 0) - amount
        if have[token] < 0:
            raise AmountsUnbalanced(token)


def registered(flight: InFlight, bit: int) -> bool:
    """Whether a bit that joined counts in the ledger: outputs do not while a competitor stands.

    Else many rivals of one input could each hold up everybody with outputs that will not be paid.
    """
    return bit < OUTPUT_BIT or not flight.contested


def _join(one: Act, found: Claimed, priority: int, counts: bool = True) -> None:
    """An input or output of the caller that no game has paid is registered."""
    owner, token, amount = found.output
    if owner != one.env.sender:
        raise CallerWrong(one.env.sender, owner)
    status = one.state.exit(found.id).status
    if status in (ExitStatus.PAID, ExitStatus.SPENT):
        raise ExitStatusWrong(found.id, status)
    if counts:
        one.state.reserve.register(token, priority, amount)


def _recount(one: Act, flight: InFlight, transaction: Transaction, contested: bool) -> None:
    """Outputs that joined leave the ledger when a competitor is shown, and come back when it is answered."""
    if flight.contested == contested:
        return
    change = one.state.reserve.release if contested else one.state.reserve.register
    for bit in range(OUTPUT_BIT, LAST_BIT + 1):
        if flight.piggybacked >> bit & 1:
            _, token, amount = output_of(transaction, bit).output
            change(token, flight.priority, amount)


def find(one: Act, data: bytes, ids: tuple[bytes, ...]) -> tuple[bytes, InFlight, Transaction]:
    """An in-flight exit by its transaction and the ids of what that spends."""
    number = in_flight_id(transaction_hash(data), ids)
    flight = one.state.flight(number)
    if flight.status == InFlightStatus.NONE:
        raise InFlightStatusWrong(number, flight.status)
    return number, flight, decode_transaction(data)


def input_of(one: Act, transaction: Transaction, ids: tuple[bytes, ...], index: int, data: bytes) -> Claimed:
    """What an input spends, by the data that made it: the right one if its id is that of the start."""
    if index >= len(ids):
        raise PiggybackWrong(mask_of(index))
    found = named(one, transaction.inputs[index], data)
    if found.id != ids[index]:
        raise OutputWrong(found.position)
    return found


def output_of(transaction: Transaction, bit: int) -> Claimed:
    """What the bit of an output stands for."""
    if bit > LAST_BIT:
        raise PiggybackWrong(mask_of(bit))
    index = bit - OUTPUT_BIT
    if index >= len(transaction.outputs):
        raise OutputWrong(index)
    return Claimed(transaction.output_id(index), transaction.outputs[index], 0, 0)


def part_of(one: Act, transaction: Transaction, ids: tuple[bytes, ...], bit: int, data: bytes) -> Claimed:
    """What a bit stands for; `data`: what made it, for an input."""
    return input_of(one, transaction, ids, bit, data) if bit < OUTPUT_BIT else output_of(transaction, bit)


def mask_of(bit: int) -> int:
    """The bit as a word of 256 holds it: nothing beyond."""
    return 1 << bit if bit < 256 else 0


def _other(one: Act, transaction: Transaction, index: int, found: Claimed, spend: act.Spend) -> Spent:
    """Another transaction that spends the same input, by its owner's signature."""
    if index >= len(transaction.inputs):
        raise PiggybackWrong(mask_of(index))
    spender = spent(one, spend, found.position, found.output.owner)
    if spender.hash == transaction.hash:
        raise SameTransaction()
    return spender


def _open(number: bytes, flight: InFlight) -> None:
    if flight.status != InFlightStatus.OPEN:
        raise InFlightStatusWrong(number, flight.status)


def _first_half(one: Act, number: bytes, flight: InFlight) -> None:
    _open(number, flight)
    until = flight.started_at + one.state.config.exit_period // 2
    if one.env.time >= until:
        raise TooLate(one.env.time, until)


def piggyback(one: Act, action: act.Piggyback) -> None:
    """An input or output of the caller joins."""
    state, bit = one.state, action.bit
    number, flight, transaction = find(one, action.data, action.input_ids)
    found = part_of(one, transaction, action.input_ids, bit, action.input_data)
    _first_half(one, number, flight)
    if (flight.piggybacked | flight.blocked) >> bit & 1:
        raise PiggybackWrong(1 << bit)
    _join(one, found, flight.priority, registered(flight, bit))
    take_bond(one, state.config.piggyback_bond)
    state.in_flight[number] = replace(flight, piggybacked=flight.piggybacked | 1 << bit)
    one.emit("Piggybacked", number, 1 << bit)


def challenge_canonical(one: Act, action: act.ChallengeCanonical) -> None:
    """Another transaction spends the same output: outputs get nothing until this one is shown to be older."""
    number, flight, transaction = find(one, action.data, action.input_ids)
    found = part_of(one, transaction, action.input_ids, action.input, action.input_data)
    _first_half(one, number, flight)
    competitor = _other(one, transaction, action.input, found, action.competitor)
    if flight.competitor and competitor.place >= flight.competitor:
        raise NotOlder(competitor.place, flight.competitor)
    _recount(one, flight, transaction, contested=True)
    one.state.in_flight[number] = replace(
        flight, competitor=competitor.place, contested=True, bond_owner=one.env.sender
    )
    one.emit("Contested", number, competitor.hash, competitor.place)


def answer_canonical(one: Act, action: act.AnswerCanonical) -> None:
    """The transaction was included before every competitor shown."""
    number, flight, transaction = find(one, action.transaction.data, action.input_ids)
    _open(number, flight)
    if one.env.time >= flight.exitable_at:
        raise TooLate(one.env.time, flight.exitable_at)
    place = action.transaction.position >> 8
    # Zero, so never older, while there is nothing to answer.
    if place >= flight.competitor:
        raise NotOlder(place, flight.competitor)
    included(one, action.transaction)
    _recount(one, flight, transaction, contested=False)
    one.state.in_flight[number] = replace(flight, competitor=place, contested=False, bond_owner=one.env.sender)
    one.emit("Answered", number, place)


def challenge_input(one: Act, action: act.ChallengeInput) -> None:
    """An input that joined was spent by another transaction."""
    number, flight, transaction = find(one, action.data, action.input_ids)
    found = part_of(one, transaction, action.input_ids, action.input, action.input_data)
    spender = _other(one, transaction, action.input, found, action.spend)
    _block(one, number, flight, action.input, found, spender.hash)


def challenge_output(one: Act, action: act.ChallengeOutput) -> None:
    """An output that joined was spent: the transaction was included there, and this spends it."""
    number, flight, transaction = find(one, action.transaction.data, action.input_ids)
    position = action.transaction.position
    bit = OUTPUT_BIT + (position & 0xFF)
    found = output_of(transaction, bit)
    included(one, action.transaction)
    spender = spent(one, action.spend, position, found.output.owner)
    _block(one, number, flight, bit, found, spender.hash)


def _block(one: Act, number: bytes, flight: InFlight, bit: int, found: Claimed, spender: bytes) -> None:
    if not flight.piggybacked >> bit & 1:
        raise PiggybackWrong(1 << bit)
    state = one.state
    state.in_flight[number] = replace(
        flight, piggybacked=flight.piggybacked ^ 1 << bit, blocked=flight.blocked | 1 << bit
    )
    if registered(flight, bit):
        state.reserve.release(found.output.token, flight.priority, found.output.amount)
    one.emit("PiggybackBlocked", number, 1 << bit, spender)
    one.pay_bond(one.env.sender, state.config.piggyback_bond)


def abandon_in_flight(one: Act, action: act.AbandonInFlight) -> None:
    """Nobody wanted anything by half time: gone, as if never started."""
    state = one.state
    flight = state.flight(action.id)
    _open(action.id, flight)
    since = flight.started_at + state.config.exit_period // 2
    if one.env.time < since:
        raise TooEarly(one.env.time, since)
    if flight.piggybacked:
        raise PiggybackWrong(flight.piggybacked)
    del state.in_flight[action.id]
    one.emit("InFlightAbandoned", action.id)
    one.pay_bond(flight.bond_owner, state.config.in_flight_bond)
