"""Records in the coin chain's events: deposited coins, history challenges, and the transfers that answer them."""

from __future__ import annotations

from typing import Any

from layer2.plasma.coins.chain.exit_proofs import ChallengeView
from layer2.plasma.coins.protocol.coin_history import Move
from layer2.plasma.coins.protocol.records import CoinHeader, CoinRecord, Kind
from layer2.plasma.coins.protocol.sparse_merkle import presence_root
from layer2.plasma.coins.protocol.transfer import CoinTransaction, SignedCoin
from layer2.primitives.addresses import address_bytes, to_address

__all__ = ["challenge_of", "move_of", "record_of"]


def record_of(args: dict[str, Any]) -> CoinRecord:
    """Return the record of the coin in a `CoinDeposited` event."""
    return CoinRecord(args["owner"], Kind(args["kind"]), args["token"], args["value"], args["birth"])


def challenge_of(args: dict[str, Any]) -> ChallengeView:
    """Return the challenge in a `ChallengedBefore` event."""
    challenger, number, owner = args["challenge"]
    return ChallengeView(to_address(challenger), int(number), to_address(owner))


def move_of(args: dict[str, Any]) -> Move:
    """Return the transfer in a `ChallengeBeforeResponded` event, which the contract has verified."""
    number, prev, owner, expiry, time, r, vs, siblings = args["spend"]
    one = CoinTransaction(args["coin"], int(prev), address_bytes(owner), int(expiry))
    signed = SignedCoin(one, bytes(r) + bytes(vs))
    path = tuple(bytes(sibling) for sibling in siblings)
    root = presence_root(one.coin, signed.value, path)
    assert root is not None, "the contract has checked this path"
    return Move(CoinHeader(int(number), root, int(time)), one, signed.signature, path)
