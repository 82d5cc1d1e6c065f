"""What can happen to a party's ledger: the events that its journal keeps and `ledger.apply` takes."""

from __future__ import annotations

from dataclasses import dataclass

from layer2.channels.locks import Lock

__all__ = [
    "Adopted",
    "ChainSeen",
    "Claimable",
    "CloseSigned",
    "Event",
    "LocksReceived",
    "LocksSigned",
    "Received",
    "Signed",
    "WithdrawSigned",
]


@dataclass(frozen=True, slots=True)
class Signed:
    """This party signed `payments` vouchers, the newest of cumulative `amount`."""

    amount: int
    signature: bytes
    payments: int = 1


@dataclass(frozen=True, slots=True)
class Received:
    """The peer's vouchers, verified; the newest is of cumulative `amount`."""

    amount: int
    signature: bytes
    payments: int = 1


@dataclass(frozen=True, slots=True)
class LocksSigned:
    """This party signed a lock-bearing proof at time `now`."""

    amount: int
    nonce: int
    locks: tuple[Lock, ...]
    signature: bytes
    now: int


@dataclass(frozen=True, slots=True)
class LocksReceived:
    """The peer's lock-bearing proof, verified, at time `now`; locks may last until `now + horizon`.

    `resync`: nonces between were lost with a journal.
    """

    amount: int
    nonce: int
    locks: tuple[Lock, ...]
    signature: bytes
    now: int
    horizon: int
    resync: bool = False


@dataclass(frozen=True, slots=True)
class Claimable:
    """This party learnt how to take `value` of the incoming lock with this condition."""

    condition: bytes
    value: int
    resolution: bytes


@dataclass(frozen=True, slots=True)
class CloseSigned:
    """This party signed (or both did) a close at these counters: from now on it neither pays nor accepts."""

    sent_a: int
    sent_b: int
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class WithdrawSigned:
    """This party signed a withdrawal."""

    out_a: int
    out_b: int
    epoch: int
    valid_until: int
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class ChainSeen:
    """The channel as the chain has it, at block time `now`; an unfunded or ended one is `deadline` 0 or tombstone."""

    net_a: int
    net_b: int
    epoch: int
    deadline: int
    now: int


@dataclass(frozen=True, slots=True)
class Adopted:
    """The peer's copy of this party's own newest proof, its own signature verified: counters only grow."""

    amount: int
    nonce: int
    locks: tuple[Lock, ...]
    bearing: bool
    signature: bytes


Event = Signed | Received | LocksSigned | LocksReceived | Claimable | CloseSigned | WithdrawSigned | ChainSeen | Adopted
