"""Validity checks of shown transfers: inclusion, expiry, order and signature."""

from __future__ import annotations

from layer2.plasma.coins.bindings.errors import (
    BlockOutOfRange,
    InvalidProof,
    InvalidSignature,
    InvalidTransfer,
    TransferExpired,
    UnexpectedPreviousBlock,
    UnknownCoin,
)
from layer2.plasma.coins.model.actions import Shown
from layer2.plasma.coins.model.call import Call
from layer2.plasma.coins.protocol.records import CoinHeader, CoinRecord
from layer2.plasma.coins.protocol.sparse_merkle import presence_root
from layer2.plasma.coins.protocol.transfer import CoinTransaction, SignedCoin

LAST = (1 << 40) - 1
"""The greatest possible block number."""


def require_coin(one: Call, coin: int, record: CoinRecord) -> None:
    """Raise UnknownCoin unless the coin exists with this record and has not been paid out."""
    if one.state.coins.get(coin) != record:
        raise UnknownCoin(coin)


def require_shown(one: Call, coin: int, shown: Shown) -> None:
    """Verify that the block includes the transfer with its signature, before its expiry and after the one it spends."""
    if not any(shown.new_owner) or shown.prev_block >= shown.number:
        raise InvalidTransfer()
    if shown.number > shown.expiry:
        raise TransferExpired(shown.number, shown.expiry)
    value = SignedCoin(_transaction(coin, shown), shown.signature).value
    root = presence_root(coin, value, shown.siblings)
    if root is None or one.state.blocks.get(shown.number) != CoinHeader(shown.number, root, shown.time).hash:
        raise InvalidProof(shown.number)


def require_signed(one: Call, coin: int, shown: Shown, owner: bytes) -> None:
    """Raise InvalidSignature unless the owner made the signature in the block."""
    digest = _transaction(coin, shown).digest(one.state.domain)
    if one.env.recover(digest, shown.signature) != owner:
        raise InvalidSignature(owner)


def require_spends(shown: Shown, number: int) -> None:
    """Raise UnexpectedPreviousBlock unless the transfer spends that of block `number`."""
    if shown.prev_block != number:
        raise UnexpectedPreviousBlock(shown.prev_block, number)


def require_within(number: int, first: int, last: int) -> None:
    """Raise BlockOutOfRange unless a block is between two others, both inclusive."""
    if not first <= number <= last:
        raise BlockOutOfRange(number, first, last)


def _transaction(coin: int, shown: Shown) -> CoinTransaction:
    return CoinTransaction(coin, shown.prev_block, shown.new_owner, shown.expiry)
