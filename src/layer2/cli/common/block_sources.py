"""Sources of block data by URL, folder or `local`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from layer2.cli.common.operator_client import is_url
from layer2.plasma.common.watcher.block_sources import BodySource, FolderBodies

__all__ = ["bodies_at"]


def bodies_at(wheres: Sequence[str], local: Path) -> list[BodySource]:
    """Return sources of block data from URLs, folders and `local`, this machine's operator, without querying them."""
    from layer2.api.plasma.remote_blocks import RemoteBodies

    return [RemoteBodies(where) if is_url(where) else FolderBodies(local if where == "local" else where)
            for where in wheres]  # fmt: skip
