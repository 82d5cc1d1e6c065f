"""Decoded events of the coin chain: deposits, blocks, exits, history challenges and payouts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from layer2.ethereum.contract import Event
from layer2.ethereum.event_stream import EventBatch
from layer2.plasma.coins.chain.exit_proofs import ChallengeView
from layer2.plasma.coins.protocol.coin_history import Move
from layer2.plasma.coins.protocol.records import CoinHeader, CoinRecord, Kind
from layer2.plasma.coins.protocol.sparse_merkle import presence_root
from layer2.plasma.coins.protocol.transfer import CoinTransaction, SignedCoin
from layer2.primitives.addresses import address_bytes, to_address

__all__ = [
    "BlockSubmitted",
    "CoinHappening",
    "CoinDeposited",
    "CoinNews",
    "ExitFinalized",
    "ExitChallenged",
    "ExitStarted",
    "ExitEnded",
    "ChallengeResponded",
    "happening_of",
    "move_of",
]


@dataclass(frozen=True, slots=True)
class CoinDeposited:
    """A deposit created a coin."""

    coin: int
    record: CoinRecord


@dataclass(frozen=True, slots=True)
class BlockSubmitted:
    """A block was submitted."""

    header: CoinHeader


@dataclass(frozen=True, slots=True)
class ExitStarted:
    """The exit of a transfer started; `number` is the transfer's block, or zero for the deposit."""

    coin: int
    number: int


@dataclass(frozen=True, slots=True)
class ExitEnded:
    """An exit ended without a payout: it was cancelled or refuted."""

    coin: int
    number: int


@dataclass(frozen=True, slots=True)
class ExitFinalized:
    """An exit was paid out, and the coin no longer exists."""

    coin: int
    number: int


@dataclass(frozen=True, slots=True)
class ExitChallenged:
    """The history of an exit was challenged; `nonce` identifies the start of the exit."""

    coin: int
    number: int
    challenge: ChallengeView
    nonce: int


@dataclass(frozen=True, slots=True)
class ChallengeResponded:
    """A challenge was answered with this transfer, whose signature and inclusion the contract has verified."""

    move: Move


CoinHappening = (
    CoinDeposited | BlockSubmitted | ExitStarted | ExitEnded | ExitFinalized | ExitChallenged | ChallengeResponded
)
CoinNews = EventBatch[CoinHappening]
"""Batch of new events, and of events that a reorganisation removed."""


def happening_of(event: Event) -> CoinHappening | None:
    """Decode an event of the CoinChain contract, or return None if it has no meaning here."""
    name, args = event.name, event.args
    if name == "CoinDeposited":
        record = CoinRecord(args["owner"], Kind(args["kind"]), args["token"], args["value"], args["birth"])
        return CoinDeposited(args["coin"], record)
    if name == "BlockSubmitted":
        return BlockSubmitted(CoinHeader(args["number"], args["root"], args["time"]))
    if name == "ExitStarted":
        return ExitStarted(args["coin"], args["number"])
    if name in ("ExitCancelled", "ExitRefuted"):
        return ExitEnded(args["coin"], args["number"])
    if name == "Claimed":
        return ExitFinalized(args["coin"], args["number"])
    if name == "ChallengedBefore":
        challenger, number, owner = args["challenge"]
        doubt = ChallengeView(to_address(challenger), int(number), to_address(owner))
        return ExitChallenged(args["coin"], args["number"], doubt, args["nonce"])
    if name == "ChallengeBeforeResponded":
        return ChallengeResponded(move_of(args))
    return None


def move_of(args: dict[str, Any]) -> Move:
    """Return the transfer in a `ChallengeBeforeResponded` event, which the contract has verified."""
    number, prev, owner, expiry, time, r, vs, siblings = args["spend"]
    one = CoinTransaction(args["coin"], int(prev), address_bytes(owner), int(expiry))
    signed = SignedCoin(one, bytes(r) + bytes(vs))
    path = tuple(bytes(sibling) for sibling in siblings)
    root = presence_root(one.coin, signed.value, path)
    assert root is not None, "the contract has checked this path"
    return Move(CoinHeader(int(number), root, int(time)), one, signed.signature, path)
