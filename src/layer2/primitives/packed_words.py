"""Numbers of a few bits inside of a larger word, as contracts pack them."""

from __future__ import annotations

__all__ = ["low_bits", "signed_bits"]


def low_bits(word: int, bits: int) -> int:
    """Return the lowest bits of a word."""
    return word & (1 << bits) - 1


def signed_bits(word: int, bits: int) -> int:
    """Return the lowest bits of a word as a two's complement number."""
    value = low_bits(word, bits)
    return value - (1 << bits) if value >> bits - 1 else value
