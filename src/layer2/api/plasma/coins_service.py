"""HTTP service of the operator of coins: a server in its own thread and, optionally, the loop around `step()`."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from layer2.api.http.service import HttpService
from layer2.api.plasma.coins_routes import coin_application
from layer2.plasma.coins.operator.operator import CoinOperator

__all__ = ["CoinService"]


class CoinService(HttpService):
    """Service of an operator of coins; further arguments are those of `HttpService`."""

    def __init__(self, operator: CoinOperator, host: str = "127.0.0.1", port: int = 0, **limits: Any) -> None:
        super().__init__(operator, operator.workers, host, port, **limits)
        self.operator = operator

    def application(self) -> web.Application:
        """Return the web application."""
        return coin_application(self.operator, self.health)

    def health(self) -> dict[str, Any]:
        """Return the health report: the last failure and the amount of pending work."""
        return {
            "ok": self.failure is None,
            "failure": self.failure,
            "pending": self.operator.waiting,
            "blocks": len(self.operator.store),
            "posted": len(self.operator.posted),
        }
