"""Decoding errors of plasma's formats."""

from __future__ import annotations

from layer2.primitives.errors import MalformedError

__all__ = [
    "BodyMalformed",
    "CoinMalformed",
    "DepositMalformed",
    "HeaderMalformed",
    "PositionMalformed",
    "TransactionMalformed",
    "TreeMalformed",
]


class PositionMalformed(MalformedError):
    """The number is not a valid position of an output."""


class TransactionMalformed(MalformedError):
    """Bytes or fields are not a valid transaction."""


class DepositMalformed(MalformedError):
    """Bytes or fields are not a valid deposit record."""


class HeaderMalformed(MalformedError):
    """Bytes or fields are not a valid block header."""


class BodyMalformed(MalformedError):
    """Bytes are not a valid block body."""


class CoinMalformed(MalformedError):
    """Bytes or fields are not a valid coin transaction."""


class TreeMalformed(MalformedError):
    """A tree cannot hold these leaves, or does not have the requested leaf."""
