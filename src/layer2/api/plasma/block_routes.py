"""What a service tells of its blocks: lists of them, each, and their bodies, whole or in ranges."""

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
    """Handlers of the questions about blocks.

    Args:
        node: what the views are about.
        blocks: view of some blocks: node, first, count.
        block: view of one: node, number.
        path: where the body of a block lies; raises StateUnknown.
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
        """Where they answer."""
        return [
            web.get("/v1/blocks", self.blocks),
            web.get("/v1/blocks/{n}", self.block),
            web.get("/v1/blocks/{n}/body", self.body),
        ]

    async def blocks(self, request: web.Request) -> web.Response:
        """Some blocks, from `from` on."""
        first, count = page_of(request, "from", 1, MOST_LISTED)
        return await told(self._blocks, self._node, first, count)

    async def block(self, request: web.Request) -> web.Response:
        """One block."""
        return await told(self._block, self._node, number_of("block", request.match_info["n"], 40))

    async def body(self, request: web.Request) -> web.StreamResponse:
        """The body as it is on disk; `Range` and `If-None-Match` work."""
        number = number_of("block", request.match_info["n"], 40)
        path = await asyncio.to_thread(self._path, number)
        return web.FileResponse(path, headers={"Content-Type": "application/octet-stream"})
