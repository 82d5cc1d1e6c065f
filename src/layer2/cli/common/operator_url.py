"""Checks of operator URLs, and sources of block data by URL, folder or `local`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from layer2.plasma.common.watcher.block_sources import BodySource, FolderBodies
from layer2.primitives.errors import InputError

__all__ = ["MARGIN", "bodies_at", "require_url"]

MARGIN = 12
"""Confirmations of a deposit before it can be spent, on chains with reorganisations."""


def bodies_at(wheres: Sequence[str], local: Path) -> list[BodySource]:
    """Return sources of block data from URLs, folders and `local`, this machine's operator, without querying them."""
    found: list[BodySource] = []
    for where in wheres:
        if where.startswith(("http://", "https://")):
            from layer2.api.plasma.remote_blocks import RemoteBodies

            found.append(RemoteBodies(where))
        else:
            found.append(FolderBodies(local if where == "local" else where))
    return found


def require_url(where: str) -> None:
    """Raise InputError if the text is not an operator's URL."""
    if not where.startswith(("http://", "https://")):
        raise InputError(f"operator {where!r}: neither a URL nor `local`", hint="pass http://host:port")
