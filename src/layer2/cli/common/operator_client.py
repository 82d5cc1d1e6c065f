"""Selection of an operator or a sequencer for a command: by URL, or this machine's own by its folder."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from layer2.cli.common.endpoints import announced, listening_at, url_at_home
from layer2.primitives.errors import InputError
from layer2.store.errors import JournalLocked

if TYPE_CHECKING:
    from layer2.api.http.service import HttpService

__all__ = ["DEPOSIT_MARGIN", "client_at", "is_url", "only_here", "report_service", "served"]

T = TypeVar("T")

DEPOSIT_MARGIN = 12
"""Confirmations of a deposit before it can be spent, on chains with reorganisations."""


@contextlib.contextmanager
def client_at(
    where: str,
    role: str,
    folder: Path,
    local: Callable[[], AbstractContextManager[T]],
    remote: Callable[[str], AbstractContextManager[T]],
) -> Iterator[T]:
    """Yield the service at a URL, or for `local` the one of this machine, by its folder or its listening address.

    Args:
        where: A URL, or `local`.
        role: Name of the service in messages.
        folder: Folder in which the service announces its address.
        local: Opens this machine's service; raises JournalLocked if it runs in another process.
        remote: Opens a client of a URL.

    Raises:
        InputError: `where` is neither a URL nor `local`.
        WrongChain: The service belongs to another contract.
        Unreachable: The service does not respond.
        JournalLocked: The service runs on this machine without listening.
    """
    with contextlib.ExitStack() as held:
        if where == "local":
            try:
                service = held.enter_context(local())
            except JournalLocked:
                found = listening_at(folder)
                if found is None:
                    raise
                where = found
            else:
                yield service
                return
        if not is_url(where):
            raise InputError(f"{role} {where!r}: neither a URL nor `local`", hint="pass http://host:port")
        yield held.enter_context(remote(where))


def is_url(text: str) -> bool:
    """Return True if the text is a URL of HTTP."""
    return text.startswith(("http://", "https://"))


@contextlib.contextmanager
def only_here(name: str, option: str) -> Iterator[None]:
    """Name the service and the option for its URL in a JournalLocked error."""
    try:
        yield
    except JournalLocked as held:
        raise JournalLocked(f"the {name} is running on this machine", hint=f"pass its URL with {option}") from held


@contextlib.contextmanager
def served(service: HttpService, folder: Path) -> Iterator[str]:
    """Run a service, announce it to this user's other commands, and yield its URL."""
    with service, announced(folder, service.url):
        yield service.url


def report_service(name: str, url: str, variable: str) -> None:
    """Print where a service listens, and the shell line that other commands need from other folders or homes."""
    click.echo(f"{name:<11} serves {url}\n{'':<11} export {variable}={url_at_home(url)}")
