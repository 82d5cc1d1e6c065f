"""Structures that the contract hashes: inbox entries, assertions, parts of a state root. They mirror `IRollup`."""

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
    "Assertion",
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
    """Location of an entry's frames."""

    QUEUE = 0
    CALLDATA = 1
    BLOBS = 2


class Status(IntEnum):
    """Status of an assertion."""

    UNKNOWN = 0
    OPEN = 1
    FINAL = 2
    INVALID = 3
    RELEASED = 4


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """An entry of the inbox, see `IRollup.Item`; counts start at genesis."""

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
        """Create an entry from decoded ABI values, in order."""
        return cls(*values)

    def as_tuple(self) -> tuple[Any, ...]:
        """Return the fields as ABI values."""
        return astuple(self)

    def hash(self) -> bytes:
        """Return the accumulator of the inbox after this entry."""
        return keccak(encode(_ITEM, self.as_tuple()))


NO_ITEM = ItemRecord(bytes(32), 0, bytes(32), 0, 0, 0, bytes(28), 0)
"""Placeholder for an entry that does not exist."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion, see `IRollup.Claim`."""

    parent: bytes
    inbox_end: int
    segments: int
    root: bytes
    roots: bytes
    roots_in_blob: bool

    @classmethod
    def of(cls, values: Any) -> Assertion:
        """Create an assertion from decoded ABI values, in order."""
        return cls(*values)

    def as_tuple(self) -> tuple[Any, ...]:
        """Return the fields as ABI values."""
        return astuple(self)

    @property
    def id(self) -> bytes:
        """Identifier of the assertion in the contract."""
        return keccak(encode(_CLAIM, self.as_tuple()))

    def __repr__(self) -> str:
        return f"<Assertion {self.id.hex()[:8]} inbox={self.inbox_end} root={self.root.hex()[2:10]}>"


@dataclass(frozen=True, slots=True)
class Roots:
    """Parts of a state root, see `IRollup.Roots`."""

    accounts: bytes
    withdrawals: bytes
    numbers: bytes
    queue_acc: bytes

    @classmethod
    def of(cls, state: State) -> Roots:
        """Create the parts of a state's root."""
        system = state.system
        return cls(state.accounts_root, system.withdrawals, system.numbers, bytes(4) + system.queue_acc)

    def as_tuple(self) -> tuple[bytes, ...]:
        """Return the fields as ABI values."""
        return astuple(self)


NO_ROOTS = Roots(bytes(32), bytes(32), bytes(32), bytes(32))
"""Placeholder for roots that are not read."""

GENESIS = empty_root()
"""State root of the empty state."""


def pack_roots(roots: list[bytes]) -> bytes:
    """Encode roots for calldata, 31 bytes each."""
    return b"".join(root[1:] for root in roots)


def unpack_roots(data: bytes) -> list[bytes]:
    """Decode the output of `pack_roots`."""
    return [b"\0" + data[at : at + _ROOT_BYTES] for at in range(0, len(data), _ROOT_BYTES)]
