"""Parsing and formatting of amounts and durations."""

from __future__ import annotations

import re

from layer2.primitives.errors import MalformedError, RangeError

_AMOUNT = re.compile(r"([0-9][0-9_]*)(?:\.([0-9]+))?\s*([A-Za-z]*)")
_MOST_AMOUNT = (1 << 256) - 1
_MOST_SECONDS = (1 << 63) - 1
_DECIMALS = {"unit": 0, "units": 0, "wei": 0, "gwei": 9, "ether": 18, "eth": 18}
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_WORDS = {"sec": 1, "second": 1, "min": 60, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
# Only words have a plural, so that "ms" is not parsed as minutes.
_SECONDS |= _WORDS | {word + "s": seconds for word, seconds in _WORDS.items()}


def _split(text: str, what: str) -> tuple[str, str, str]:
    """Return the digits before the point, the digits after it, and the unit."""
    match = _AMOUNT.fullmatch(text.strip()) if len(text) <= 100 else None
    if match is None and len(text) <= 100 and text.strip().startswith("-"):
        raise RangeError(f"{text!r} is negative, need zero or more")
    if match is None:
        example = "2 hours" if "duration" in what else "1.5 ether"
        raise MalformedError(f"{text[:40]!r} is not {what}", hint=f'write it like "{example}"')
    return match[1].replace("_", ""), match[2] or "", match[3].lower()


def _number(value: object, what: str, most: int) -> int | None:
    """Return an int unchanged, and None for text; raise for any other type: a float is inexact, True is a bool."""
    if isinstance(value, str):
        return None
    if type(value) is not int:
        raise MalformedError(f"{what}: {type(value).__name__} given, text with a unit or an int needed")
    if value < 0:
        raise RangeError(f"{what} {_short(value)} is negative, need zero or more")
    if value > most:
        raise RangeError(f"{what} {_short(value)} is above {most.bit_length()} bits")
    return value


def _short(value: int) -> str:
    return str(value) if value.bit_length() <= 300 else f"of {value.bit_length()} bits"


def _whole(digits: str, fraction: str, scale: int, text: str, unit: str) -> int:
    """Return `digits.fraction * scale` in integers, because Decimal would round more than 28 digits."""
    divisor: int = 10 ** len(fraction)
    value, rest = divmod(int(digits + fraction) * scale, divisor)
    if rest:
        raise RangeError(f"{text!r} is finer than one {unit}")
    return value


def parse_amount(text: str | int, decimals: int = 18) -> int:
    """Return the amount in its smallest unit (wei, token units).

    Args:
        text: an int in smallest units, or text with a unit: "3 gwei", "0.001 ether", "12 wei"; "1.5 token" scales by
            `decimals`, "5 units" are smallest ones. Only "0" needs no unit, because any other bare number is ambiguous.
        decimals: decimals of the token.

    Raises:
        MalformedError: not an amount, a number without a unit, an unknown unit, or neither text nor int.
        RangeError: a negative amount, one above 256 bits, or text more precise than the smallest unit.
    """
    number = _number(text, "amount", _MOST_AMOUNT)
    if number is not None:
        return number
    assert isinstance(text, str)
    digits, fraction, unit = _split(text, "an amount")
    if unit in ("token", "tokens"):
        scale = decimals
    elif unit == "":
        if int(digits + fraction):
            raise MalformedError(f"{text!r} has no unit", hint=f'write "{text.strip()} ether" or "{text.strip()} wei"')
        scale = 0
    elif unit in _DECIMALS:
        scale = _DECIMALS[unit]
    else:
        raise MalformedError(f"{text!r} has the unknown unit {unit!r}, need wei, gwei, ether, token or units")
    smallest = "wei" if unit in _DECIMALS else "smallest unit"
    return _number(_whole(digits, fraction, 10**scale, text, smallest), "amount", _MOST_AMOUNT) or 0


def format_amount(amount: int, decimals: int = 18, symbol: str = "ether") -> str:
    """Format an amount in whole units, without trailing zeros: `1500000000000000000` is "1.5 ether"."""
    whole, rest = divmod(abs(amount), 10**decimals)
    fraction = str(rest).zfill(decimals).rstrip("0") if rest else ""
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}{'.' + fraction if fraction else ''} {symbol}".rstrip()


def counted(number: int, noun: str) -> str:
    """Format a number with its noun: `1 exit`, `2 exits`, `1,024 exits`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def parse_duration(text: str | int) -> int:
    """Return a duration in seconds: an int, or text with a unit: "90 s", "1 hour", "7 days". Only "0" needs no unit.

    Raises:
        MalformedError: not a duration, a number without a unit, an unknown unit, or neither text nor int.
        RangeError: a negative duration, one above 63 bits, or text more precise than one second.
    """
    number = _number(text, "duration", _MOST_SECONDS)
    if number is not None:
        return number
    assert isinstance(text, str)
    digits, fraction, unit = _split(text, "a duration")
    if unit == "" and int(digits + fraction):
        raise MalformedError(f"{text!r} has no unit", hint=f'write "{text.strip()} seconds" or "{text.strip()} hours"')
    scale = _SECONDS.get(unit)
    if scale is None:
        raise MalformedError(f"{text!r} has the unknown unit {unit!r}, need s, min, hours, days or weeks")
    return _number(_whole(digits, fraction, scale, text, "second"), "duration", _MOST_SECONDS) or 0
