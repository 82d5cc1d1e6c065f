"""Compression of amounts to two bytes and of fees to one byte: a mantissa and a power of ten."""

from __future__ import annotations

from layer2.primitives.errors import RangeError

__all__ = ["fee_of", "pack_amount", "pack_fee", "unpack_amount"]

_MANTISSA_BITS = 11
_TENS = tuple(int("1" + "0" * exponent) for exponent in range(32))


def unpack_amount(packed: int) -> int:
    """Return the smallest units of `exponent(5) | mantissa(11)`: `mantissa * 10^exponent`."""
    return (packed & 0x7FF) * _TENS[packed >> _MANTISSA_BITS & 31]


def pack_amount(amount: int) -> int:
    """Return the two bytes of an amount as an integer, with the smallest exponent.

    Raises:
        RangeError: the amount is negative, or is not a power of ten times at most 2047; it needs an exact operation.
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
    """Return the smallest units of a fee class `exponent(4) | mantissa(4)`: `mantissa * 10^exponent`."""
    return (fee_class & 15) * _TENS[fee_class >> 4 & 15]


def pack_fee(fee: int) -> int:
    """Return the class of a fee, with the smallest exponent; raise RangeError if no class has this value."""
    mantissa, exponent = fee, 0
    while mantissa > 15 and mantissa % 10 == 0 and exponent < 15:
        mantissa, exponent = mantissa // 10, exponent + 1
    if not 0 <= mantissa <= 15:
        raise RangeError(
            f"fee {fee} is not a valid class (0 to 15 times a power of ten)", hint="use one significant digit"
        )
    return exponent << 4 | mantissa
