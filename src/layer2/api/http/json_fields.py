"""Decoding of request fields: JSON, lists of records, hex, numbers. Invalid input raises MalformedError."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from layer2.primitives.errors import Layer2Error, MalformedError
from layer2.primitives.json_text import parse_json
from layer2.primitives.rejections import TooLarge

__all__ = ["bytes_of", "listed", "number_of", "read_json", "require_count"]

_DEEPEST = 16


def read_json(body: bytes) -> Any:
    """Parse JSON; reject numbers with a fraction or an exponent, because amounts are integers."""
    return parse_json(body, "the body", deepest=_DEEPEST)


def listed(
    data: Any, what: str, most: int, record: Callable[[Any], bytes]
) -> tuple[list[bytes], dict[int, Layer2Error]]:
    """Return the records of a list, each given in hex or in a form that `record` decodes, and errors by index.

    A record that cannot be decoded is empty.

    Args:
        data: the list, or an object that contains it.
        what: name of the records; key of the list in an object.
        most: maximum number of records.
        record: decoder of records that are not hex.
    """
    if isinstance(data, dict):
        data = data.get(what)
    if not isinstance(data, list):
        raise MalformedError(f"{what}: not a list", hint=f"send [..] or {{{what}: [..]}}")
    require_count(len(data), what, most)
    records: list[bytes] = []
    faults: dict[int, Layer2Error] = {}
    for place, one in enumerate(data):
        try:
            records.append(bytes_of(one) if isinstance(one, str) else record(one))
        except Layer2Error as fault:
            faults[place] = fault
            records.append(b"")
    return records, faults


def require_count(count: int, what: str, most: int) -> None:
    """Raise MalformedError for a count of 0, TooLarge for a count above `most`."""
    if not count:
        raise MalformedError(f"no {what}", hint="send at least one")
    if count > most:
        raise TooLarge(f"{count} {what} at once", have=count, need=most, hint="send fewer")


def bytes_of(text: Any, size: int | None = None) -> bytes:
    """Decode 0x-prefixed hex digits; `size` is the required number of bytes, if any."""
    if not isinstance(text, str) or text[:2] != "0x":
        raise MalformedError(f"{type(text).__name__} given, hex needed", hint="give 0x and hex digits")
    try:
        found = bytes.fromhex(text[2:])
    except ValueError:
        raise MalformedError(f"{text!r:.40} is not hex", hint="give 0x and hex digits") from None
    # `bytes.fromhex` skips blanks.
    if 2 * len(found) + 2 != len(text) or size not in (None, len(found)):
        raise MalformedError(f"{len(found)} bytes of hex given, {size or 'no blanks'} needed", hint="check it")
    return found


def number_of(name: str, given: Any, bits: int = 32) -> int:
    """Return a number of at most `bits` bits, given as an integer or a decimal string."""
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 50:
        given = int(given)
    if type(given) is not int:
        raise MalformedError(f"{name} is {given!r:.40}, need an integer or a decimal string", hint="no fractions")
    if not 0 <= given < 1 << bits:
        shown = given if given.bit_length() < 300 else f"of {given.bit_length()} bits"
        if given < 0:
            raise MalformedError(f"{name} is {shown}, need zero or more", hint="give a number that fits")
        raise TooLarge(f"{name} is {shown}, need {bits} bits", hint="give a number that fits")
    return given
