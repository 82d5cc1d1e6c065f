"""The plasma chain's operator as a service: HTTP in a thread of its own, and if wanted the loop around `step()`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from layer2.api.http.service import Hosted
from layer2.api.plasma.payments_routes import plasma_application
from layer2.plasma.payments.operator.operator import Operator

__all__ = ["PlasmaService"]


class PlasmaService(Hosted):
    """Serves an operator; the arguments are those of `Hosted`.

    Args:
        bodies: where the body of a block lies, raising StateUnknown; in the operator's store, if not told.
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
        """What answers."""
        return plasma_application(self.operator, self.health, self.bodies)

    def health(self) -> dict[str, Any]:
        """Whether it accepts and submits, and what it has to do."""
        return {
            "ok": self.failure is None,
            "failure": self.failure,
            "pending": self.operator.waiting,
            "blocks": len(self.operator.store),
            "posted": len(self.operator.books.posted),
        }
