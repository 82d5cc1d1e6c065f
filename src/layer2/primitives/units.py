"""Amounts and durations as people write them."""

from __future__ import annotations

import re

from layer2.primitives.errors import MalformedError, RangeError

_AMOUNT = re.compile(r"([0-9][0-9_]*)(?:\.([0-9]+))?\s*([A-Za-z]*)")
_DECIMALS = {"wei": 0, "gwei": 9, "ether": 18, "eth": 18}
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_WORDS = {"sec": 1, "second": 1, "min": 60, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
# Only words take a plural: "ms" must not be read as minutes.
_SECONDS |= _WORDS | {word + "s": seconds for word, seconds in _WORDS.items()}


def _split(text: str, what: str) -> tuple[str, str, str]:
    """Digits before the point, digits after it, unit."""
    match = _AMOUNT.fullmatch(text.strip()) if len(text) <= 100 else None
    if match is None:
        raise MalformedError(f"{text[:40]!r} is not {what}", hint='write it like "1.5 ether" or "2 hours"')
    return match[1].replace("_", ""), match[2] or "", match[3].lower()


def _whole(digits: str, fraction: str, scale: int, text: str, unit: str) -> int:
    """`digits.fraction * scale` in integers: Decimal would round what has more than 28 digits."""
    divisor: int = 10 ** len(fraction)
    value, rest = divmod(int(digits + fraction) * scale, divisor)
    if rest:
        raise RangeError(f"{text!r} is finer than one {unit}")
    return value


def parse_amount(text: str | int, decimals: int = 18) -> int:
    """The amount in its smallest unit (wei, token units).

    Args:
        text: an int is taken as it is, and so is a bare whole number in text; "3 gwei", "0.001 ether", "12 wei";
            "1.5 token" scales by `decimals`.
        decimals: of the token.

    Raises:
        MalformedError: no amount (one with a minus sign included), or an unknown unit.
        RangeError: a negative int, or text finer than the smallest unit.
    """
    if isinstance(text, bool):
        raise MalformedError(f"{text!r} is not an amount")
    if isinstance(text, int):
        if text < 0:
            raise RangeError(f"amount {text} is negative, need zero or more")
        return text
    digits, fraction, unit = _split(text, "an amount")
    if unit in ("token", "tokens"):
        scale = decimals
    elif unit == "":
        scale = 0
    elif unit in _DECIMALS:
        scale = _DECIMALS[unit]
    else:
        raise MalformedError(f"{text!r} has the unknown unit {unit!r}, need wei, gwei, ether or token")
    return _whole(digits, fraction, 10**scale, text, "smallest unit")


def format_amount(amount: int, decimals: int = 18, symbol: str = "ether") -> str:
    """The amount in whole units, without trailing zeros: `1500000000000000000` is "1.5 ether"."""
    whole, rest = divmod(abs(amount), 10**decimals)
    fraction = str(rest).zfill(decimals).rstrip("0") if rest else ""
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}{'.' + fraction if fraction else ''} {symbol}".rstrip()


def counted(number: int, noun: str) -> str:
    """`1 exit`, `2 exits`, `1,024 exits`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def parse_duration(text: str | int) -> int:
    """Seconds: an int is taken as it is; "90 s", "1 hour", "7 days".

    Raises:
        MalformedError: no duration, or an unknown unit.
        RangeError: a negative int, or text finer than one second.
    """
    if isinstance(text, bool):
        raise MalformedError(f"{text!r} is not a duration")
    if isinstance(text, int):
        if text < 0:
            raise RangeError(f"duration {text} is negative, need zero or more")
        return text
    digits, fraction, unit = _split(text, "a duration")
    scale = _SECONDS.get(unit)
    if scale is None:
        raise MalformedError(f"{text!r} has the unknown unit {unit!r}, need s, min, hours, days or weeks")
    return _whole(digits, fraction, scale, text, "second")
