"""Bits of an in-flight exit, and its lookup."""

from __future__ import annotations

from collections.abc import Callable

from layer2.plasma.payments.bindings.errors import (
    InvalidInputs,
    InvalidOutput,
    InvalidPiggyback,
    UnexpectedInFlightStatus,
)
from layer2.plasma.payments.model.environment import Act
from layer2.plasma.payments.model.evidence import Claimed, named
from layer2.plasma.payments.model.state import InFlight, InFlightStatus, in_flight_id
from layer2.plasma.protocol.transaction import Transaction, decode_transaction, transaction_hash

OUTPUT_BIT = 4
"""Bit of the first output; lower bits are inputs."""

LAST_BIT = 7
ALL, OUTPUTS = 0x0F, 0xF0
"""Bits of all inputs, and of all outputs."""


def parts(
    one: Act, transaction: Transaction, ids: tuple[bytes, ...], made: tuple[bytes, ...]
) -> Callable[[int], Claimed]:
    """Return a function from bits to outputs, given the origins of the inputs; only used bits are verified."""

    def part(bit: int) -> Claimed:
        if bit < OUTPUT_BIT and bit >= len(made):
            raise InvalidInputs(bit)
        return part_of(one, transaction, ids, bit, made[bit] if bit < OUTPUT_BIT else b"")

    return part


def find(one: Act, data: bytes, ids: tuple[bytes, ...]) -> tuple[bytes, InFlight, Transaction]:
    """Return an in-flight exit by its transaction and the ids of its inputs."""
    number = in_flight_id(transaction_hash(data), ids)
    flight = one.state.flight(number)
    if flight.status == InFlightStatus.NONE:
        raise UnexpectedInFlightStatus(number, flight.status)
    return number, flight, decode_transaction(data)


def input_of(one: Act, transaction: Transaction, ids: tuple[bytes, ...], index: int, data: bytes) -> Claimed:
    """Return the output that an input spends; its origin `data` is verified by the id given at the start."""
    if index >= len(ids):
        raise InvalidPiggyback(mask_of(index))
    found = named(one, transaction.inputs[index], data)
    if found.id != ids[index]:
        raise InvalidOutput(found.position)
    return found


def output_of(transaction: Transaction, bit: int) -> Claimed:
    """Return the output of an output's bit."""
    if bit > LAST_BIT:
        raise InvalidPiggyback(mask_of(bit))
    index = bit - OUTPUT_BIT
    if index >= len(transaction.outputs):
        raise InvalidOutput(index)
    return Claimed(transaction.output_id(index), transaction.outputs[index], 0, 0)


def part_of(one: Act, transaction: Transaction, ids: tuple[bytes, ...], bit: int, data: bytes) -> Claimed:
    """Return the output of a bit; `data` is the origin of an input."""
    return input_of(one, transaction, ids, bit, data) if bit < OUTPUT_BIT else output_of(transaction, bit)


def mask_of(bit: int) -> int:
    """Return the mask of a bit in a 256-bit word; 0 beyond."""
    return 1 << bit if bit < 256 else 0
