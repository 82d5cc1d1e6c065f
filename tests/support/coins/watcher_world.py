"""A coin chain whose operator does what a test says, and watchers of it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

from layer2.ethereum.connection import Connection
from layer2.plasma.coins.chain.contract import COIN_DEVNET
from layer2.plasma.coins.watcher.watcher import CoinWatcher
from layer2.plasma.common.watcher.actions import WatchPolicy
from layer2.testing.adversaries.coins.hostile_operator import CoinNetwork

ETHER = 10**18
PERIOD = COIN_DEVNET.exit_period
HALF = PERIOD // 2
EAGER = WatchPolicy(patience=0, question=None, urgent=0)
"""Calls a block withheld at once."""


class CoinWorld(CoinNetwork):
    def __init__(self, connection: Connection, folder: Path) -> None:
        super().__init__(connection)
        self.folder = folder
        self._watchers: list[CoinWatcher] = []

    def watch(
        self, name: str | None = "one", by: str | None = "watcher", policy: WatchPolicy = EAGER, **options: Any
    ) -> CoinWatcher:  # fmt: skip
        """A watcher that keeps what it sees in a folder of this name, and acts with the key of `by`."""
        folder = None if name is None else self.folder / name
        sender = None if by is None else self.people[by].sender
        source = options.pop("source", self.hostile)
        one = CoinWatcher(self.chain, source, folder, sender=sender, policy=policy, start_block=self.start, **options)
        self._watchers.append(one)
        return one

    def close(self) -> None:
        for one in self._watchers:
            one.close()

    def balance(self, who: str) -> int:
        return self.connection.balance(self.people[who].address)

    def runs(self, coin: int, number: int) -> bool:
        return self.chain.exit_of(coin, number) is not None

    def later(self, seconds: int) -> None:
        self.connection.advance(seconds)

    def chain_of(self, *scheduler: str) -> tuple[int, Any, list[int]]:
        """A coin that went from hand to hand; the coin, its record, and the blocks of its transfers."""
        coin, record = self.deposit(scheduler[0], ETHER)
        numbers = [0]
        for giver, taker in pairwise(scheduler):
            numbers.append(self.pass_on(coin, giver, taker, numbers[-1]))
        return coin, record, numbers[1:]
