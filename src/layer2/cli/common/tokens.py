"""Tokens on the command line: by number, symbol or address."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from layer2.primitives.addresses import ZERO_ADDRESS, to_address
from layer2.primitives.errors import InputError

__all__ = ["ETHER_NAMES", "token_number", "token_option"]

F = TypeVar("F", bound=Callable[..., Any])

ETHER_NAMES = ("ether", "eth", ZERO_ADDRESS)
"""Names of ether where a token is expected, in lower case."""


def token_option(command: F) -> F:
    """Add `--token`."""
    return click.option("--token", default="0", help="Number, symbol or address of the token; ether by default.")(
        command
    )


def token_number(
    text: str, family: str, registered: Callable[[], Iterable[int]], address: Callable[[int], str],
    symbol: Callable[[int], str],
) -> int:  # fmt: skip
    """Return the number of a token given by number, symbol or address.

    Args:
        text: The user's input.
        family: Command that registers tokens, for the hint.
        registered: Returns the numbers of all registered tokens.
        address: Returns the address of a number; raises ContractReverted for an unregistered one.
        symbol: Returns the symbol of a number.

    Raises:
        InputError: No registered token fits, or more than one.
        ContractReverted: The number is not registered.
    """
    if text.lower() in ETHER_NAMES:
        return 0
    if text.isdecimal():
        number = int(text)
        if number:
            address(number)
        return number
    if text.startswith("0x"):
        wanted = to_address(text)
        found = [number for number in registered() if address(number) == wanted]
    else:
        found = [number for number in registered() if symbol(number).lower() == text.lower()]
    if len(found) != 1:
        raise InputError(
            f"token {text!r}: {len(found)} registered tokens fit", hint=f"layer2 {family} register-token ADDRESS"
        )
    return found[0]
