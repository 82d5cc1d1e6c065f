"""What the operator needs of the chain: what happened there, and a place to put its blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from layer2.plasma.blocks import Header
from layer2.plasma.eventlog import EventNews
from layer2.plasma.transaction import Deposit
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
    "InFlightEnded",
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
    """An output is about to leave."""

    id: bytes
    position: int


@dataclass(frozen=True, slots=True)
class ExitEnded:
    """It does not leave after all: somebody showed that it is spent."""

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
class InFlightEnded:
    """It has decided, or nobody asked any more."""

    id: bytes


Happening = Deposited | BlockPosted | ExitBegun | ExitEnded | ExitPaid | InFlightBegun | InFlightEnded


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

    def news(self) -> News:
        """What happened since the last time; from the contract's beginning the first time."""
        ...

    def submit(self, number: int, root: bytes, count: int) -> None:
        """Put a block on the chain, and wait until it is there. Raises what the chain says, typed."""
        ...
