"""What the operator needs of the chain: what happened there, and a place to put its blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from layer2.ethereum.event_stream import EventNews
from layer2.plasma.protocol.blocks import Header
from layer2.plasma.protocol.transaction import Deposit
from layer2.primitives.typed_data import Domain

__all__ = [
    "BlockPosted",
    "Chain",
    "Deposited",
    "ExitBegun",
    "ExitEnded",
    "ExitPaid",
    "Happening",
    "InFlightBegun",
    "InFlightBlocked",
    "InFlightEnded",
    "InFlightJoined",
    "News",
]


@dataclass(frozen=True, slots=True)
class Deposited:
    """Somebody paid in."""

    deposit: Deposit


@dataclass(frozen=True, slots=True)
class BlockPosted:
    """The chain has a child block."""

    number: int
    header: Header


@dataclass(frozen=True, slots=True)
class ExitBegun:
    """An output is about to leave. `priority`: the block under which it is registered."""

    id: bytes
    position: int
    priority: int = 0


@dataclass(frozen=True, slots=True)
class ExitEnded:
    """Its own exit has ended: somebody showed that it is spent, or it has joined an in-flight exit."""

    id: bytes


@dataclass(frozen=True, slots=True)
class ExitPaid:
    """An output is paid out, or will never be: an in-flight exit that is paid has spent it."""

    id: bytes


@dataclass(frozen=True, slots=True)
class InFlightBegun:
    """The contract decides what became of a payment, included or not; `input_ids`: of the outputs that it spends."""

    id: bytes
    packed: bytes
    input_ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class InFlightJoined:
    """Owners of inputs (bits 0 to 3) or outputs (4 to 7) of it want to be paid."""

    id: bytes
    bits: int


@dataclass(frozen=True, slots=True)
class InFlightBlocked:
    """One of those that joined is spent, as somebody showed, and is not paid."""

    id: bytes
    bits: int


@dataclass(frozen=True, slots=True)
class InFlightEnded:
    """It has decided, or nobody asked any more. `pays`: the bits of the side that is paid, where it has joined."""

    id: bytes
    pays: int = 0


Happening = (
    Deposited
    | BlockPosted
    | ExitBegun
    | ExitEnded
    | ExitPaid
    | InFlightBegun
    | InFlightJoined
    | InFlightBlocked
    | InFlightEnded
)


News = EventNews[Happening]
"""What happened on the chain, and what it took back."""


class Chain(Protocol):
    """The RootChain as the operator sees it."""

    @property
    def chain_id(self) -> int:
        """Of the chain (EIP-155)."""
        ...

    @property
    def address(self) -> str:
        """Of the contract."""
        ...

    @property
    def domain(self) -> Domain:
        """What payments are signed under."""
        ...

    @property
    def grace(self) -> int:
        """Seconds from the start of an exit in which a block may still spend what leaves."""
        ...

    def news(self) -> News:
        """What happened since the last time; from the contract's beginning the first time."""
        ...

    def age(self, block: int) -> int:
        """Seconds from a block of the chain until the next can be. Raises ConnectionFailed while the node lacks it."""
        ...

    def submit(self, number: int, root: bytes, count: int) -> None:
        """Put a block on the chain, and wait until it is there. Raises what the chain says, typed."""
        ...
