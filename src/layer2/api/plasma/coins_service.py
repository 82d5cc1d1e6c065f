"""The operator of coins as a service: HTTP in a thread of its own, and if wanted the loop around `step()`."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from layer2.api.http.service import Hosted
from layer2.api.plasma.coins_routes import coin_application
from layer2.plasma.coins.operator.operator import CoinOperator

__all__ = ["CoinService"]


class CoinService(Hosted):
    """Serves an operator of coins; the arguments are those of `Hosted`."""

    def __init__(self, operator: CoinOperator, host: str = "127.0.0.1", port: int = 0, **limits: Any) -> None:
        super().__init__(operator, operator.workers, host, port, **limits)
        self.operator = operator

    def application(self) -> web.Application:
        """What answers."""
        return coin_application(self.operator, self.health)

    def health(self) -> dict[str, Any]:
        """Whether it accepts and submits, and what it has to do."""
        return {
            "ok": self.failure is None,
            "failure": self.failure,
            "pending": self.operator.waiting,
            "blocks": len(self.operator.store),
            "posted": len(self.operator.posted),
        }
