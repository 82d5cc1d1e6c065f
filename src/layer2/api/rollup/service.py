"""HTTP service of the sequencer: a server in its own thread and, optionally, the loop around `step()`."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from layer2.api.http.service import HttpService
from layer2.api.rollup.routes import application
from layer2.rollup.sequencer.sequencer import Sequencer

__all__ = ["SequencerService"]


class SequencerService(HttpService):
    """Service of a sequencer; further arguments are those of `HttpService`."""

    def __init__(self, sequencer: Sequencer, host: str = "127.0.0.1", port: int = 0, **limits: Any) -> None:
        super().__init__(sequencer, sequencer.verifier, host, port, **limits)
        self.sequencer = sequencer

    def application(self) -> web.Application:
        """Return the web application."""
        return application(self.sequencer, self.health)

    def health(self) -> dict[str, Any]:
        """Return the health report: the last failure and the amount of pending work."""
        return {
            "ok": self.failure is None,
            "failure": self.failure,
            "pending": self.sequencer.waiting,
            "waiting_keys": self.sequencer.waiting_keys,
            "entries": len(self.sequencer.replica.entries),
        }
