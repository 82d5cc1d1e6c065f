"""Command input from the argument itself, standard input or a file."""

from __future__ import annotations

import sys
from pathlib import Path

from layer2.channels.protocol.json_codec import MAX_CHARACTERS
from layer2.primitives.errors import InputError, MalformedError

__all__ = ["read_text"]


def read_text(argument: str) -> str:
    """Return the argument itself, standard input for `-`, or a file's content for `@name`; at most a megabyte."""
    if argument == "-":
        text = sys.stdin.read(MAX_CHARACTERS + 1)
    elif argument.startswith("@"):
        try:
            with Path(argument[1:]).open(encoding="utf-8", errors="replace") as file:
                text = file.read(MAX_CHARACTERS + 1)
        except (OSError, ValueError) as failure:
            why = getattr(failure, "strerror", None) or failure
            raise InputError(
                f"input: {argument[:40]!r} cannot be read: {why}", hint="name a file after the @"
            ) from None
    else:
        text = argument
    if len(text) > MAX_CHARACTERS:
        raise MalformedError(f"input: more than {MAX_CHARACTERS:,} characters", hint="pass one record")
    if not text.strip():
        raise MalformedError("input: empty", hint="pass the other side's output")
    return text.strip()
