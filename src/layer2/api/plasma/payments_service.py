"""HTTP service of the plasma operator: a server in its own thread and, optionally, the loop around `step()`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from layer2.api.http.service import HttpService
from layer2.api.plasma.payments_routes import plasma_application
from layer2.plasma.payments.operator.operator import Operator

__all__ = ["PlasmaService"]


class PlasmaService(HttpService):
    """Service of an operator; further arguments are those of `HttpService`.

    Args:
        bodies: returns the file of a block's body, or raises StateUnknown; by default, the operator's store.
    """

    def __init__(
        self,
        operator: Operator,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        bodies: Callable[[int], Path] | None = None,
        **limits: Any,
    ) -> None:
        super().__init__(operator, operator.workers, host, port, **limits)
        self.operator = operator
        self.bodies = bodies or operator.store.path

    def application(self) -> web.Application:
        """Return the web application."""
        return plasma_application(self.operator, self.health, self.bodies)

    def health(self) -> dict[str, Any]:
        """Return the health report: the last failure and the amount of pending work."""
        return {
            "ok": self.failure is None,
            "failure": self.failure,
            "pending": self.operator.waiting,
            "blocks": len(self.operator.store),
            "posted": len(self.operator.books.posted),
        }
