"""A root chain whose operator does what a test says, people with money in it, and watchers of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.plasma.common.watcher.actions import WatchPolicy
from layer2.plasma.payments.chain.contract import DEVNET
from layer2.plasma.payments.watcher.watcher import Watcher
from layer2.testing.adversaries.payments.stage import ETHER, PlasmaStage

__all__ = ["EAGER", "ETHER", "W", "World"]

W = DEVNET.exit_period
EAGER = WatchPolicy(patience=0, question=None, urgent=0)
"""Calls a block withheld at once, and asks nothing."""


class World(PlasmaStage):
    def __init__(self, connection: Connection, folder: Path) -> None:
        super().__init__(connection)
        self.folder = folder
        self._watchers: list[Watcher] = []

    def watch(
        self, name: str | None = "one", *, sender: Sender | None = None, policy: WatchPolicy = EAGER, **options: Any
    ) -> Watcher:
        """A watcher that keeps what it sees in a folder of this name."""
        folder = None if name is None else self.folder / name
        source = options.pop("source", self.hostile)
        one = Watcher(
            self.root, source, folder, sender=sender, policy=policy, start_block=self.start, **options
        )  # fmt: skip
        self._watchers.append(one)
        return one

    def close(self) -> None:
        for one in self._watchers:
            one.close()
