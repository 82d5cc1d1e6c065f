"""What the contract hashes and hands out: inbox entries, claims, the parts of a state root. Twins of `IRollup`."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from enum import IntEnum
from typing import Any

from eth_abi.abi import encode

from layer2.primitives.hashing import keccak
from layer2.rollup.state.state import State, empty_root

__all__ = [
    "GENESIS",
    "NO_ITEM",
    "NO_ROOTS",
    "Claim",
    "ItemKind",
    "ItemRecord",
    "Roots",
    "Status",
    "pack_roots",
    "unpack_roots",
]

_ITEM = ["bytes32", "uint8", "bytes32", "uint32", "uint64", "uint32", "bytes28", "uint40"]
_CLAIM = ["bytes32", "uint64", "uint64", "bytes32", "bytes32", "bool"]
_ROOT_BYTES = 31


class ItemKind(IntEnum):
    """Where an entry's frames are."""

    QUEUE = 0
    CALLDATA = 1
    BLOBS = 2


class Status(IntEnum):
    """How an assertion stands."""

    UNKNOWN = 0
    OPEN = 1
    FINAL = 2
    INVALID = 3
    RELEASED = 4


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """An entry of the inbox, see `IRollup.Item`; counts are from the beginning of the rollup."""

    previous: bytes
    kind: int
    data: bytes
    frames: int
    segments: int
    queue_end: int
    queue_acc: bytes
    time: int

    @classmethod
    def of(cls, values: Any) -> ItemRecord:
        """From decoded ABI values, in order."""
        return cls(*values)

    def as_tuple(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        return astuple(self)

    def hash(self) -> bytes:
        """The inbox's accumulator after it."""
        return keccak(encode(_ITEM, self.as_tuple()))


NO_ITEM = ItemRecord(bytes(32), 0, bytes(32), 0, 0, 0, bytes(28), 0)
"""In the place of an entry where there is none."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An assertion, see `IRollup.Claim`."""

    parent: bytes
    inbox_end: int
    segments: int
    root: bytes
    roots: bytes
    roots_in_blob: bool

    @classmethod
    def of(cls, values: Any) -> Claim:
        """From decoded ABI values, in order."""
        return cls(*values)

    def as_tuple(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        return astuple(self)

    @property
    def id(self) -> bytes:
        """What the contract knows it by."""
        return keccak(encode(_CLAIM, self.as_tuple()))

    def __repr__(self) -> str:
        return f"<Claim {self.id.hex()[:8]} inbox={self.inbox_end} root={self.root.hex()[2:10]}>"


@dataclass(frozen=True, slots=True)
class Roots:
    """The parts of a state root, see `IRollup.Roots`."""

    accounts: bytes
    withdrawals: bytes
    numbers: bytes
    queue_acc: bytes

    @classmethod
    def of(cls, state: State) -> Roots:
        """Those of a state."""
        system = state.system
        return cls(state.accounts_root, system.withdrawals, system.numbers, bytes(4) + system.queue_acc)

    def as_tuple(self) -> tuple[bytes, ...]:
        """As the contract takes them."""
        return astuple(self)


NO_ROOTS = Roots(bytes(32), bytes(32), bytes(32), bytes(32))
"""In the place of roots that nobody looks at."""

GENESIS = empty_root()
"""The state root before anything has happened."""


def pack_roots(roots: list[bytes]) -> bytes:
    """Roots as calldata carries them: 31 bytes each."""
    return b"".join(root[1:] for root in roots)


def unpack_roots(data: bytes) -> list[bytes]:
    """The reverse of `pack_roots`."""
    return [b"\0" + data[at : at + _ROOT_BYTES] for at in range(0, len(data), _ROOT_BYTES)]
