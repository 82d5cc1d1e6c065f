"""Block routes of a service: lists of blocks, single blocks, and their bodies, whole or in ranges."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from layer2.api.http.handlers import MOST_LISTED, page_of, told
from layer2.api.http.json_fields import number_of

__all__ = ["BlockPages"]


class BlockPages:
    """Handlers of block queries.

    Args:
        node: the node that the views read.
        blocks: view of several blocks; takes node, first block and count.
        block: view of one block; takes node and number.
        path: returns the file of a block's body; raises StateUnknown.
    """

    def __init__(
        self,
        node: Any,
        blocks: Callable[[Any, int, int], Any],
        block: Callable[[Any, int], Any],
        path: Callable[[int], Path],
    ) -> None:
        self._node = node
        self._blocks = blocks
        self._block = block
        self._path = path

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the handlers."""
        return [
            web.get("/v1/blocks", self.blocks),
            web.get("/v1/blocks/{n}", self.block),
            web.get("/v1/blocks/{n}/body", self.body),
        ]

    async def blocks(self, request: web.Request) -> web.Response:
        """Return a list of blocks, starting at `from`."""
        first, count = page_of(request, "from", 1, MOST_LISTED)
        return await told(self._blocks, self._node, first, count)

    async def block(self, request: web.Request) -> web.Response:
        """Return one block."""
        return await told(self._block, self._node, number_of("block", request.match_info["n"], 40))

    async def body(self, request: web.Request) -> web.StreamResponse:
        """Return the body as stored; supports `Range` and `If-None-Match`."""
        number = number_of("block", request.match_info["n"], 40)
        path = await asyncio.to_thread(self._path, number)
        return web.FileResponse(path, headers={"Content-Type": "application/octet-stream"})
