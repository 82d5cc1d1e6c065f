"""What the root chain tells and takes, as records: exits as they stand, proofs and spends as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from layer2.plasma.protocol.blocks import Header
from layer2.primitives.addresses import Address

__all__ = ["Exit", "ExitStatus", "InFlight", "InFlightStatus", "Proof", "Spend"]


class ExitStatus(IntEnum):
    """None; waiting; stopped by a spender; paid, by whichever game; spent by a paid in-flight exit."""

    NONE = 0
    OPEN = 1
    CHALLENGED = 2
    PAID = 3
    SPENT = 4


class InFlightStatus(IntEnum):
    """None; waiting; settled as canonical: outputs are paid; settled as not: inputs are paid."""

    NONE = 0
    OPEN = 1
    PAYS_OUTPUTS = 2
    PAYS_INPUTS = 3


@dataclass(frozen=True, slots=True)
class Exit:
    """A standard exit: `time` is when it can be claimed, in Unix seconds (of a challenged one, see `IRootChain`).

    `priority`: the block under which it is registered while it waits.
    """

    status: ExitStatus
    time: int
    position: int
    priority: int = 0


@dataclass(frozen=True, slots=True)
class InFlight:
    """An in-flight exit as the contract has it (`IRootChain.InFlight`); bits 0 to 3 are inputs, 4 to 7 outputs."""

    bond_owner: Address
    started_at: int
    exitable_at: int
    status: InFlightStatus
    piggybacked: int
    competitor: int
    priority: int
    blocked: int
    contested: bool
    held: int


@dataclass(frozen=True, slots=True)
class Proof:
    """Where a transaction or deposit record is found, and itself. Position 0: it need not have been included."""

    position: int
    word: int
    data: bytes
    path: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, position: int, header: Header, packed: bytes, path: Sequence[bytes]) -> Proof:
        """Of an output in a block."""
        return cls(position, header.time << 32 | header.count, packed, tuple(path))

    @classmethod
    def of_nothing(cls, data: bytes) -> Proof:
        """Of a transaction that need not be in a block."""
        return cls(0, 0, data)

    @classmethod
    def of_deposit(cls, position: int, record: bytes) -> Proof:
        """Of a deposit."""
        return cls(position, 0, record)

    def as_tuple(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        return (self.position, self.word, self.data, list(self.path))


@dataclass(frozen=True, slots=True)
class Spend:
    """A transaction that spends something, signed by the owners of all that it spends.

    Attributes:
        signatures: of the owners of its inputs, in order, 64 bytes each (EIP-2098).
        inputs: the outputs that it spends, in order; none if it spends one alone, which the call knows.
    """

    proof: Proof
    signatures: bytes
    inputs: tuple[Proof, ...] = ()

    def as_tuple(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        return (self.proof.as_tuple(), self.signatures, [one.as_tuple() for one in self.inputs])
