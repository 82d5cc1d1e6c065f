"""Typed, unpacked records of the hub's events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from layer2.primitives.addresses import Address

__all__ = [
    "Claimed",
    "Closed",
    "CounterPosted",
    "Deposited",
    "DisputeStarted",
    "HubEvent",
    "LocksPosted",
    "PayoutDeferred",
    "PreimageRevealed",
    "SessionRegistered",
    "PendingWithdrawn",
    "Unlocked",
    "Withdrawn",
    "signed111",
    "typed_event",
]

_MASK111 = (1 << 111) - 1
_MASK112 = (1 << 112) - 1
_MASK128 = (1 << 128) - 1


def signed111(word: int) -> int:
    """Return the low 111 bits as a two's complement number."""
    value = word & _MASK111
    return value - (1 << 111) if value >> 110 else value


@dataclass(frozen=True, slots=True)
class Deposited:
    """Emitted after a deposit, with the new signed nets, token units."""

    channel_id: bytes
    net_a: int
    net_b: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Emitted after a co-signed withdrawal, with the new nets and the next epoch to sign."""

    channel_id: bytes
    net_a: int
    net_b: int
    epoch: int


@dataclass(frozen=True, slots=True)
class DisputeStarted:
    """Emitted when a challenge window or exit delay starts; it runs until `deadline`, Unix seconds."""

    channel_id: bytes
    deadline: int


@dataclass(frozen=True, slots=True)
class CounterPosted:
    """Emitted when a voucher is posted, with the plain counters on chain, token units."""

    channel_id: bytes
    sent_a: int
    sent_b: int


@dataclass(frozen=True, slots=True)
class LocksPosted:
    """Emitted when a lock proof of one direction is posted: its counter `amount`, token units, and its locks' root."""

    channel_id: bytes
    from_b: bool
    nonce: int
    amount: int
    locks_root: bytes


@dataclass(frozen=True, slots=True)
class Unlocked:
    """Emitted when locks of a direction are resolved: its claim's new value, and one bit for each resolved lock.

    Proofs of this direction that move the deadline beyond `latest`, Unix seconds, are rejected.
    """

    channel_id: bytes
    from_b: bool
    claimed: int
    resolved: int
    latest: int


@dataclass(frozen=True, slots=True)
class SessionRegistered:
    """Emitted when an account registers a session key on chain. Irrevocable."""

    owner: Address
    channel_id: bytes
    key: Address
    cap: int
    valid_until: int
    rights: int


@dataclass(frozen=True, slots=True)
class PreimageRevealed:
    """Emitted when the preimage of a hash lock becomes public."""

    hash_lock: bytes
    preimage: bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """Emitted when a channel closes with these payouts, token units."""

    channel_id: bytes
    pay_a: int
    pay_b: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """Emitted when a simplex payee has been paid up to `sent`, token units."""

    channel_id: bytes
    sent: int


@dataclass(frozen=True, slots=True)
class PayoutDeferred:
    """Emitted when a transfer failed and the amount is held until it is swept."""

    account: Address
    token: Address
    amount: int


@dataclass(frozen=True, slots=True)
class PendingWithdrawn:
    """Emitted when an owed amount is swept."""

    account: Address
    token: Address
    to: Address
    amount: int


HubEvent = (
    Deposited
    | Withdrawn
    | DisputeStarted
    | CounterPosted
    | LocksPosted
    | Unlocked
    | PreimageRevealed
    | SessionRegistered
    | Closed
    | Claimed
    | PayoutDeferred
    | PendingWithdrawn
)


def typed_event(name: str, args: Mapping[str, Any]) -> HubEvent | None:
    """Return the typed record of a decoded log; `None` for an event that is not the hub's."""
    match name:
        case "Deposited":
            nets = args["nets"]
            return Deposited(_b(args["channelId"]), signed111(nets), signed111(nets >> 111))
        case "Withdrawn":
            nets = args["nets"]
            return Withdrawn(_b(args["channelId"]), signed111(nets), signed111(nets >> 111), args["epoch"])
        case "DisputeStarted":
            return DisputeStarted(_b(args["channelId"]), args["deadline"])
        case "CounterPosted":
            sents = args["sents"]
            return CounterPosted(_b(args["channelId"]), sents & _MASK112, sents >> 112 & _MASK112)
        case "LocksPosted":
            row = (args["nonce"], args["amount"], _b(args["locksRoot"]))
            return LocksPosted(_b(args["channelId"]), args["fromB"], *row)
        case "Unlocked":
            word = args["claim"]
            parts = (word & _MASK112, word >> 112 & _MASK112, word >> 224)
            return Unlocked(_b(args["channelId"]), args["fromB"], *parts)
        case "SessionRegistered":
            grant = (args["key"], args["cap"], args["validUntil"], args["rights"])
            return SessionRegistered(args["owner"], _b(args["channelId"]), *grant)
        case "PreimageRevealed":
            return PreimageRevealed(_b(args["hashLock"]), _b(args["preimage"]))
        case "Closed":
            pays = args["pays"]
            return Closed(_b(args["channelId"]), pays & _MASK128, pays >> 128)
        case "Claimed":
            return Claimed(_b(args["channelId"]), args["sent"])
        case "PayoutDeferred":
            return PayoutDeferred(args["account"], args["token"], args["amount"])
        case "PendingWithdrawn":
            return PendingWithdrawn(args["account"], args["token"], args["to"], args["amount"])
    return None


def _b(value: Any) -> bytes:
    return bytes(value)
