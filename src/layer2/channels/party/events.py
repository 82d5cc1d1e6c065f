"""Events of a party's ledger: what its journal keeps and `ledger.apply` takes."""

from __future__ import annotations

from dataclasses import dataclass

from layer2.channels.protocol.locks import Lock

__all__ = [
    "Adopted",
    "ChainSeen",
    "Claimable",
    "CloseSigned",
    "Event",
    "LocksAccepted",
    "LocksGivenUp",
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
    """This party signed a lock proof; until the peer's acceptance is held it may be used and may not."""

    amount: int
    nonce: int
    locks: tuple[Lock, ...]
    signature: bytes


@dataclass(frozen=True, slots=True)
class LocksAccepted:
    """The peer's verified `Accept` of this party's lock proof with this nonce."""

    nonce: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class LocksReceived:
    """The peer's lock proof, verified at time `now`, and this party's own `Accept` of it.

    New locks may last until `now + horizon`. `resync`: the locks before were lost with a journal.
    """

    amount: int
    nonce: int
    locks: tuple[Lock, ...]
    signature: bytes
    accept: bytes
    now: int
    horizon: int
    resync: bool = False


@dataclass(frozen=True, slots=True)
class Claimable:
    """This party learnt how to take `value` of each incoming lock with these contents."""

    lock: Lock
    value: int
    resolution: bytes


@dataclass(frozen=True, slots=True)
class LocksGivenUp:
    """This party lets the peer drop an incoming lock unpaid, before its expiry."""

    lock: Lock


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
    """The channel as the chain has it, at block time `now`; an unfunded or ended one is `deadline` 0 or tombstone.

    `final_epoch`: withdrawals below it have landed for good; 0 where nothing is final.
    """

    net_a: int
    net_b: int
    epoch: int
    deadline: int
    now: int
    final_epoch: int = 0


@dataclass(frozen=True, slots=True)
class Adopted:
    """The peer's copy of what this party signed, its own signatures verified: counters only grow.

    A voucher of cumulative `plain`, and the lock proof of `nonce` with the peer's `accept`. Later proofs get nonces
    above `used_nonce`.
    """

    plain: int = 0
    voucher: bytes = b""
    amount: int = 0
    nonce: int = 0
    locks: tuple[Lock, ...] = ()
    signature: bytes = b""
    accept: bytes = b""
    used_nonce: int = 0


Event = (
    Signed
    | Received
    | LocksSigned
    | LocksAccepted
    | LocksReceived
    | Claimable
    | LocksGivenUp
    | CloseSigned
    | WithdrawSigned
    | ChainSeen
    | Adopted
)
