"""The operator's interface to L1: events of the root chain, and block submission."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from layer2.ethereum.event_stream import EventBatch
from layer2.plasma.protocol.blocks import Header
from layer2.plasma.protocol.transaction import Deposit
from layer2.primitives.typed_data import Domain

__all__ = [
    "BlockSubmitted",
    "Chain",
    "Deposited",
    "ExitStarted",
    "ExitEnded",
    "ExitPaid",
    "Happening",
    "InFlightExitStarted",
    "PiggybackBlocked",
    "InFlightExitProcessed",
    "Piggybacked",
    "News",
]


@dataclass(frozen=True, slots=True)
class Deposited:
    """A deposit was made."""

    deposit: Deposit


@dataclass(frozen=True, slots=True)
class BlockSubmitted:
    """A child block was submitted."""

    number: int
    header: Header


@dataclass(frozen=True, slots=True)
class ExitStarted:
    """A standard exit started; `priority` is the block under which it is registered."""

    id: bytes
    position: int
    priority: int = 0


@dataclass(frozen=True, slots=True)
class ExitEnded:
    """A standard exit ended: it was challenged, or its output was piggybacked on an in-flight exit."""

    id: bytes


@dataclass(frozen=True, slots=True)
class ExitPaid:
    """An output was paid out, or was spent by a paid in-flight exit and will never be paid."""

    id: bytes


@dataclass(frozen=True, slots=True)
class InFlightExitStarted:
    """An in-flight exit of a payment started; `input_ids` are the ids of the outputs that it spends."""

    id: bytes
    packed: bytes
    input_ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Piggybacked:
    """Inputs (bits 0 to 3) or outputs (4 to 7) were piggybacked on an in-flight exit."""

    id: bytes
    bits: int


@dataclass(frozen=True, slots=True)
class PiggybackBlocked:
    """A piggybacked input or output was challenged as spent and is not paid."""

    id: bytes
    bits: int


@dataclass(frozen=True, slots=True)
class InFlightExitProcessed:
    """An in-flight exit was settled or deleted; `pays` has the bits of the side paid where piggybacked."""

    id: bytes
    pays: int = 0


Happening = (
    Deposited
    | BlockSubmitted
    | ExitStarted
    | ExitEnded
    | ExitPaid
    | InFlightExitStarted
    | Piggybacked
    | PiggybackBlocked
    | InFlightExitProcessed
)


News = EventBatch[Happening]
"""New and undone events of the root chain."""


class Chain(Protocol):
    """The RootChain as used by the operator."""

    @property
    def chain_id(self) -> int:
        """Chain id of L1 (EIP-155)."""
        ...

    @property
    def address(self) -> str:
        """Address of the contract."""
        ...

    @property
    def domain(self) -> Domain:
        """EIP-712 domain of payments."""
        ...

    @property
    def grace(self) -> int:
        """Grace period in seconds: how long after an exit starts a block may still spend the exiting output."""
        ...

    def news(self) -> News:
        """Return the events since the last call, or since the contract's deployment on the first call."""
        ...

    def age(self, block: int) -> int:
        """Return the seconds from an L1 block to the earliest next one; raise ConnectionFailed if the node lacks it."""
        ...

    def submit(self, number: int, root: bytes, count: int) -> None:
        """Submit a block and wait until it is mined; raise the typed revert if L1 rejects it."""
        ...
