"""Options and optional services shared by the contexts of all families."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import click

from layer2.primitives.errors import InputError, Layer2Error

__all__ = ["if_available", "incomplete_option", "service_option", "sources_option", "unique"]

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def service_option(name: str, variable: str, role: str) -> Callable[[F], F]:
    """Return the decorator that adds the option for a service's URL."""
    return click.option(
        name,
        default="local",
        show_default=True,
        envvar=variable,
        show_envvar=True,
        help=f"URL of the {role}; local: the one on this machine.",
    )


def sources_option(variable: str) -> Callable[[F], F]:
    """Return the decorator that adds an `--operator` option for sources of block data, which can be repeated."""
    return click.option(
        "--operator",
        multiple=True,
        default=("local",),
        show_default="local",
        envvar=variable,
        show_envvar=True,
        help="Source of block data: URL of an operator or watcher, a folder, or local (this machine's operator). "
        "Repeat it for several; one valid source is enough.",
    )


def incomplete_option(command: F) -> F:
    """Add `--incomplete`."""
    return click.option(
        "--incomplete", is_flag=True, help="Continue with what this wallet knows if block data is missing."
    )(command)


def if_available(
    service: AbstractContextManager[T],
    held: contextlib.ExitStack,
    needed: bool,
    faults: tuple[type[Layer2Error], ...],
) -> T | None:
    """Enter a service for the time of `held`. If it is not needed, report a fault on stderr and return None."""
    try:
        return held.enter_context(service)
    except faults as fault:
        if needed:
            raise
        click.echo(f"the operator was not asked: {fault}", err=True)
        return None


def unique(text: str, what: str, known: list[bytes], owner: str, hint: str) -> bytes:
    """Return the only id that begins with at least four hex digits of the text; raise InputError."""
    prefix = text.lower().removeprefix("0x")
    fitting = [one for one in known if one.hex().startswith(prefix)]
    if len(prefix) < 4 or len(fitting) != 1:
        names = ", ".join(one.hex()[:8] for one in known[-8:]) or "none"
        raise InputError(f"{what} {text!r}: {len(fitting)} {what}s of {owner} fit (known: {names})", hint=hint)
    return fitting[0]
