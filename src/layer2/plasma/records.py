"""What the RootChain takes and gives, by name: parameters, proofs, exits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

from layer2.plasma.blocks import Header
from layer2.plasma.transaction import Deposit
from layer2.primitives.addresses import ZERO_ADDRESS, Address, to_address

__all__ = [
    "DEVNET",
    "PUBLIC",
    "Exit",
    "ExitStatus",
    "InFlight",
    "InFlightStatus",
    "Profile",
    "Proof",
    "Spend",
]

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Profile:
    """Durations in seconds and bonds in wei of a RootChain (`IRootChain.Config`)."""

    exit_period: int
    rotation_delay: int
    data_delay: int
    exit_bond: int
    in_flight_bond: int
    piggyback_bond: int
    data_bond: int
    bounty: int
    validity: str = ZERO_ADDRESS
    permit2: str = ZERO_ADDRESS

    def row(self, operator: str) -> tuple[Any, ...]:
        """`Config`, with the operator's address."""
        bonds = (self.exit_bond, self.in_flight_bond, self.piggyback_bond, self.data_bond, self.bounty)
        times = (self.exit_period, self.rotation_delay, self.data_delay)
        return (to_address(operator), to_address(self.validity), to_address(self.permit2), *times, *bonds)


_MILLI = 10**15
PUBLIC = Profile(7 * _DAY, 21 * _DAY, 3 * _DAY, 20 * _MILLI, 40 * _MILLI, 20 * _MILLI, 50 * _MILLI, 2 * _MILLI)
"""For public chains: a week for an exit."""

DEVNET = Profile(3_600, 3 * 3_600, 1_800, 20 * _MILLI, 40 * _MILLI, 20 * _MILLI, 50 * _MILLI, 2 * _MILLI)
"""For development chains: an hour."""


class Proof(NamedTuple):
    """Where a transaction or deposit is found, and itself (`IRootChain.Proof`)."""

    position: int
    root: bytes
    word: int
    data: bytes
    path: tuple[bytes, ...]

    @classmethod
    def of(cls, position: int, header: Header, packed: bytes, path: Sequence[bytes]) -> Proof:
        """Of an output of a child block."""
        return cls(position, header.root, header.time << 32 | header.count, packed, tuple(path))

    @classmethod
    def of_deposit(cls, deposit: Deposit) -> Proof:
        """Of a deposit."""
        return cls(deposit.position, bytes(32), 0, deposit.record, ())

    @classmethod
    def not_included(cls, packed: bytes) -> Proof:
        """Of a transaction that is in no block, or need not be."""
        return cls(0, bytes(32), 0, packed, ())


class Spend(NamedTuple):
    """A transaction that spends something, signed by the owner of what it spends (`IRootChain.Spend`)."""

    proof: Proof
    input: int
    signature: bytes


class ExitStatus(IntEnum):
    """Of a standard exit."""

    NONE = 0
    OPEN = 1
    CHALLENGED = 2
    PAID = 3
    SPENT = 4


class InFlightStatus(IntEnum):
    """Of an in-flight exit."""

    NONE = 0
    OPEN = 1
    PAYS_OUTPUTS = 2
    PAYS_INPUTS = 3


class Exit(NamedTuple):
    """A standard exit. `time`: when it can be claimed; once challenged, the last block that may hold the spender."""

    status: ExitStatus
    time: int
    position: int


class InFlight(NamedTuple):
    """An in-flight exit (`IRootChain.InFlight`)."""

    bond_owner: Address
    started_at: int
    exitable_at: int
    status: InFlightStatus
    piggybacked: int
    competitor: int
    priority: int
    blocked: int
    contested: bool
