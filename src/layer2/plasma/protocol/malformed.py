"""What has no reading: bytes, numbers and proofs that are none of the formats of plasma."""

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
    """A number is no place where an output can be."""


class TransactionMalformed(MalformedError):
    """Bytes or fields are no transaction."""


class DepositMalformed(MalformedError):
    """Bytes or fields are no record of a deposit."""


class HeaderMalformed(MalformedError):
    """Bytes or fields are no header of a block."""


class BodyMalformed(MalformedError):
    """Bytes are no body of a block."""


class CoinMalformed(MalformedError):
    """Bytes or fields are no transaction of a coin."""


class TreeMalformed(MalformedError):
    """A tree cannot hold these leaves, or has none at the place that was asked for."""
