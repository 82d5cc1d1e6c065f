"""The hub's events as typed records, unpacked."""

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
    "Swept",
    "Unlocked",
    "Withdrawn",
    "signed112",
    "typed_event",
]

_MASK112 = (1 << 112) - 1
_MASK128 = (1 << 128) - 1


def signed112(word: int) -> int:
    """The low 112 bits as a two's complement number."""
    value = word & _MASK112
    return value - (1 << 112) if value >> 111 else value


@dataclass(frozen=True, slots=True)
class Deposited:
    """Money arrived; the signed nets after it, token units."""

    channel_id: bytes
    net_a: int
    net_b: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Co-signed money left; the nets after it and the next epoch to sign."""

    channel_id: bytes
    net_a: int
    net_b: int
    epoch: int


@dataclass(frozen=True, slots=True)
class DisputeStarted:
    """A challenge window or exit delay runs until `deadline`, Unix seconds."""

    channel_id: bytes
    deadline: int


@dataclass(frozen=True, slots=True)
class CounterPosted:
    """The counters on chain, token units."""

    channel_id: bytes
    sent_a: int
    sent_b: int


@dataclass(frozen=True, slots=True)
class LocksPosted:
    """A lock proof stands for one direction."""

    channel_id: bytes
    from_b: bool
    nonce: int
    locks_hash: bytes


@dataclass(frozen=True, slots=True)
class Unlocked:
    """Locks were resolved; `resolved` token units were paid, `locks_hash` is what is left."""

    channel_id: bytes
    from_b: bool
    resolved: int
    locks_hash: bytes


@dataclass(frozen=True, slots=True)
class PreimageRevealed:
    """The preimage of a hash lock became public."""

    hash_lock: bytes
    preimage: bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """The channel ended with these payouts, token units."""

    channel_id: bytes
    pay_a: int
    pay_b: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """A simplex payee was paid up to `sent`, token units."""

    channel_id: bytes
    sent: int


@dataclass(frozen=True, slots=True)
class PayoutDeferred:
    """A push failed; the amount waits to be swept."""

    account: Address
    token: Address
    amount: int


@dataclass(frozen=True, slots=True)
class Swept:
    """An owed amount was collected."""

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
    | Closed
    | Claimed
    | PayoutDeferred
    | Swept
)


def typed_event(name: str, args: Mapping[str, Any]) -> HubEvent | None:
    """The typed record of a decoded log; `None` for an event that is not the hub's."""
    match name:
        case "Deposited":
            nets = args["nets"]
            return Deposited(_b(args["channelId"]), signed112(nets), signed112(nets >> 112))
        case "Withdrawn":
            nets = args["nets"]
            return Withdrawn(_b(args["channelId"]), signed112(nets), signed112(nets >> 112), args["epoch"])
        case "DisputeStarted":
            return DisputeStarted(_b(args["channelId"]), args["deadline"])
        case "CounterPosted":
            sents = args["sents"]
            return CounterPosted(_b(args["channelId"]), sents & _MASK112, sents >> 112 & _MASK112)
        case "LocksPosted":
            return LocksPosted(_b(args["channelId"]), args["fromB"], args["nonce"], _b(args["locksHash"]))
        case "Unlocked":
            return Unlocked(_b(args["channelId"]), args["fromB"], args["resolved"], _b(args["locksHash"]))
        case "PreimageRevealed":
            return PreimageRevealed(_b(args["hashLock"]), _b(args["preimage"]))
        case "Closed":
            pays = args["pays"]
            return Closed(_b(args["channelId"]), pays & _MASK128, pays >> 128)
        case "Claimed":
            return Claimed(_b(args["channelId"]), args["sent"])
        case "PayoutDeferred":
            return PayoutDeferred(args["account"], args["token"], args["amount"])
        case "Swept":
            return Swept(args["account"], args["token"], args["to"], args["amount"])
    return None


def _b(value: Any) -> bytes:
    return bytes(value)
