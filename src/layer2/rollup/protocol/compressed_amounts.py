"""Amounts in two bytes and fees in one: a mantissa and a power of ten."""

from __future__ import annotations

from layer2.primitives.errors import RangeError

__all__ = ["fee_of", "pack_amount", "pack_fee", "unpack_amount"]

_MANTISSA_BITS = 11
_TENS = tuple(int("1" + "0" * exponent) for exponent in range(32))


def unpack_amount(packed: int) -> int:
    """Smallest units of `exponent(5) | mantissa(11)`: `mantissa * 10^exponent`."""
    return (packed & 0x7FF) * _TENS[packed >> _MANTISSA_BITS & 31]


def pack_amount(amount: int) -> int:
    """The two bytes of an amount, with the smallest exponent.

    Raises:
        RangeError: the amount has more than 11 significant bits beside its power of ten, and needs an exact operation.
    """
    if amount < 0:
        raise RangeError(f"amount {amount} is negative, need zero or more")
    mantissa, exponent = amount, 0
    while mantissa > 0x7FF:
        mantissa, rest = divmod(mantissa, 10)
        exponent += 1
        if rest or exponent > 31:
            raise RangeError(
                f"amount {amount} does not fit two bytes (up to 2047 times a power of ten)",
                hint="send it by an exact operation, or round it",
            )
    return exponent << _MANTISSA_BITS | mantissa


def fee_of(fee_class: int) -> int:
    """Smallest units of a fee class `exponent(4) | mantissa(4)`: `mantissa * 10^exponent`."""
    return (fee_class & 15) * _TENS[fee_class >> 4 & 15]


def pack_fee(fee: int) -> int:
    """The class of a fee, with the smallest exponent; RangeError if there is none."""
    mantissa, exponent = fee, 0
    while mantissa > 15 and mantissa % 10 == 0 and exponent < 15:
        mantissa, exponent = mantissa // 10, exponent + 1
    if not 0 <= mantissa <= 15:
        raise RangeError(f"fee {fee} is no class (0 to 15 times a power of ten)", hint="use one significant digit")
    return exponent << 4 | mantissa
