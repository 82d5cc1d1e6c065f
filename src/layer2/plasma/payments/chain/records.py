"""Records of the root chain's interface: states of exits, and proofs and spends as arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from layer2.plasma.protocol.blocks import Header
from layer2.primitives.addresses import Address

__all__ = ["Exit", "ExitStatus", "InFlight", "InFlightStatus", "Proof", "Spend"]


class ExitStatus(IntEnum):
    """Status of a standard exit: none, open, challenged, paid by any exit, or spent by a paid in-flight exit."""

    NONE = 0
    OPEN = 1
    CHALLENGED = 2
    PAID = 3
    SPENT = 4


class InFlightStatus(IntEnum):
    """Status of an in-flight exit: none, open, settled as canonical (pays outputs) or not (pays inputs)."""

    NONE = 0
    OPEN = 1
    PAYS_OUTPUTS = 2
    PAYS_INPUTS = 3


@dataclass(frozen=True, slots=True)
class Exit:
    """The state of a standard exit.

    Attributes:
        time: Unix time from which on it can be claimed; for a challenged exit see `IRootChain`.
        priority: the block under which it is registered while it is open.
    """

    status: ExitStatus
    time: int
    position: int
    priority: int = 0


@dataclass(frozen=True, slots=True)
class InFlight:
    """The state of an in-flight exit (`IRootChain.InFlight`); bits 0 to 3 are inputs, 4 to 7 outputs."""

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
    """A transaction or deposit record with its inclusion proof; position 0 if inclusion is not required."""

    position: int
    word: int
    data: bytes
    path: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, position: int, header: Header, packed: bytes, path: Sequence[bytes]) -> Proof:
        """Return the proof of an output in a block."""
        return cls(position, header.time << 32 | header.count, packed, tuple(path))

    @classmethod
    def of_nothing(cls, data: bytes) -> Proof:
        """Return the proof of a transaction that need not be in a block."""
        return cls(0, 0, data)

    @classmethod
    def of_deposit(cls, position: int, record: bytes) -> Proof:
        """Return the proof of a deposit."""
        return cls(position, 0, record)

    def as_tuple(self) -> tuple[Any, ...]:
        """Return the ABI tuple of the proof."""
        return (self.position, self.word, self.data, list(self.path))


@dataclass(frozen=True, slots=True)
class Spend:
    """A transaction that spends outputs, signed by the owners of all its inputs.

    Attributes:
        signatures: signatures of the inputs' owners, in order, 64 bytes each (EIP-2098).
        inputs: proofs of the spent outputs, in order; empty for a single input, which the call identifies.
    """

    proof: Proof
    signatures: bytes
    inputs: tuple[Proof, ...] = ()

    def as_tuple(self) -> tuple[Any, ...]:
        """Return the ABI tuple of the spend."""
        return (self.proof.as_tuple(), self.signatures, [one.as_tuple() for one in self.inputs])
