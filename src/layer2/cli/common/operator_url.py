"""Where operators and block data are found: checks of URLs, and sources by URL, folder or `local`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from layer2.plasma.common.watcher.block_sources import BodySource, FolderBodies
from layer2.primitives.errors import InputError

__all__ = ["MARGIN", "bodies_at", "require_url"]

MARGIN = 12
"""Blocks above a deposit before it can be spent, on chains where there are reorganisations."""


def bodies_at(wheres: Sequence[str], local: Path) -> list[BodySource]:
    """Bodies of blocks from URLs, folders, and `local`, the folder of this machine's operator. Nobody is asked yet."""
    found: list[BodySource] = []
    for where in wheres:
        if where.startswith(("http://", "https://")):
            from layer2.api.plasma.remote_blocks import RemoteBodies

            found.append(RemoteBodies(where))
        else:
            found.append(FolderBodies(local if where == "local" else where))
    return found


def require_url(where: str) -> None:
    """Raise InputError for what is no URL of an operator."""
    if not where.startswith(("http://", "https://")):
        raise InputError(f"operator {where!r}: neither a URL nor `local`", hint="pass http://host:port")
