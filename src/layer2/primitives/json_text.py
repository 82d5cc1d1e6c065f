"""Decoding of untrusted JSON: every input gives either a value or a MalformedError."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from layer2.primitives.errors import MalformedError

__all__ = ["DEEPEST", "parse_json", "whole_number"]

DEEPEST = 64
"""Maximum nesting depth."""

_TOKENS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
"""Matches strings, which are skipped (an unterminated one extends to the end), and brackets."""
_DIGITS = 100
"""Maximum digits of a number in a string, more than any number of 256 bits has."""
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}


def parse_json(data: str | bytes, what: str = "text", *, deepest: int = DEEPEST, floats: bool = False) -> Any:
    """Return the value of a JSON text; every amount, number and time of this library is an integer or a string.

    The depth is counted first: Python's own decoder would crash the process by unlimited recursion if a library raised
    the recursion limit. A duplicate name is rejected, because decoders differ in which value they use.

    Args:
        data: the JSON text.
        what: the text's name in the error.
        deepest: maximum nesting depth.
        floats: accept numbers with a fraction or an exponent.

    Raises:
        MalformedError: the text is not valid JSON, or breaks one of these rules.
    """
    try:
        text = data if isinstance(data, str) else bytes(data).decode()
        _check_depth(text, deepest)
        fraction = float if floats else _refused
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_refused, parse_float=fraction)
        if "\\ud" in text or "\\uD" in text or not text.isascii():
            # A lone surrogate cannot be encoded anywhere.
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as fault:
        # The parser's own words mean nothing to a user.
        why = "" if isinstance(fault, json.JSONDecodeError) else f": {str(fault)[:120]}"
        raise MalformedError(f"{what}: not valid JSON{why}", hint="pass the whole text") from None
    return value


def whole_number(value: object) -> int:
    """Return a non-negative integer given as an integer, or as a string of decimal digits, in untrusted input.

    `int` would truncate a fraction, accept True as 1, and raise OverflowError for an infinity.

    Raises:
        ValueError: the value is neither, or negative.
    """
    if isinstance(value, str) and len(value) <= _DIGITS and value.isascii() and value.isdecimal():
        return int(value)
    if type(value) is int and value >= 0:
        return value
    raise ValueError(f"{value!r:.40} is not a whole number")


def _check_depth(text: str, deepest: int) -> None:
    depth = 0
    for token in _TOKENS.finditer(text):
        depth += _STEPS.get(token[0], 0)
        if depth > deepest:
            raise ValueError(f"nested more than {deepest} deep")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _refused(text: str) -> NoReturn:
    raise ValueError(f"{text[:30]} is not an integer")
