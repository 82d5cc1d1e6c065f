"""Events of a party's ledger, as stored in its journal and applied by `transition.apply`."""

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
    """Recorded when this party signed `payments` vouchers, the newest of cumulative `amount`."""

    amount: int
    signature: bytes
    payments: int = 1


@dataclass(frozen=True, slots=True)
class Received:
    """Recorded when the peer's vouchers were verified; the newest is of cumulative `amount`."""

    amount: int
    signature: bytes
    payments: int = 1


@dataclass(frozen=True, slots=True)
class LocksSigned:
    """Recorded when this party signed a lock proof. Its effect is uncertain until the peer's acceptance is held."""

    amount: int
    nonce: int
    locks: tuple[Lock, ...]
    signature: bytes


@dataclass(frozen=True, slots=True)
class LocksAccepted:
    """Recorded when the peer's `Accept` of this party's lock proof with this nonce was verified."""

    nonce: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class LocksReceived:
    """Recorded when the peer's lock proof was verified, at time `now`, and accepted by this party.

    New locks may last until `now + horizon`. `resync`: the previous locks were lost with a journal.
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
    """Recorded when this party learned a resolution that takes `value` from each incoming lock with these contents."""

    lock: Lock
    value: int
    resolution: bytes


@dataclass(frozen=True, slots=True)
class LocksGivenUp:
    """Recorded when this party permitted the peer to drop an incoming lock unpaid before its expiry."""

    lock: Lock


@dataclass(frozen=True, slots=True)
class CloseSigned:
    """Recorded when this party signed a close at these counters; it then neither pays nor accepts."""

    sent_a: int
    sent_b: int
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class WithdrawSigned:
    """Recorded when this party signed a withdrawal."""

    out_a: int
    out_b: int
    epoch: int
    valid_until: int
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class ChainSeen:
    """The channel's on-chain state at block time `now`; `deadline` is 0 if unfunded and the tombstone if closed.

    `final_epoch`: withdrawals of lower epochs are final; 0 if nothing is final.
    """

    net_a: int
    net_b: int
    epoch: int
    deadline: int
    now: int
    final_epoch: int = 0


@dataclass(frozen=True, slots=True)
class Adopted:
    """The peer's copy of this party's own proofs, with the party's signatures verified. Counters only grow.

    It holds a voucher of cumulative `plain`, and the lock proof of `nonce` with the peer's `accept`. Later proofs get
    nonces above `used_nonce`.
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
