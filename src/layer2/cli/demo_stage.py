"""The stage of the demonstration: people, chain, clock and account."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from layer2.channels.channel import Channel
from layer2.channels.contract import DEVNET
from layer2.channels.hub import HubFacade
from layer2.cli.audit import Audit
from layer2.cli.roles import ROLES
from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import NotADevChain
from layer2.primitives.addresses import address_bytes
from layer2.primitives.errors import Layer2Error

__all__ = ["DemoFailed", "Scene", "Stage"]

BATCH = 64
"""Payments that share one commit: what a busy node does by itself."""


class DemoFailed(Layer2Error):
    """Something did not come out as it must."""


@dataclass
class Scene:
    """What one scene did: payments off the chain and the seconds they took, transactions and their gas."""

    title: str
    payments: int = 0
    seconds: float = 0.0
    transactions: int = 0
    gas: int = 0


class Stage:
    """A development chain with the hub on it, the role accounts, and a record of everything that happens."""

    def __init__(self, connection: Connection, payments: int, screen: Console) -> None:
        if not connection.is_dev:
            raise NotADevChain(
                f"demo: chain {connection.chain_id} is no development chain, time cannot be moved there",
                hint="use --network test or anvil",
            )
        self.connection = connection
        self.payments = payments
        self.screen = screen
        self.scenes: list[Scene] = []
        self.moved = 0
        self.left = 0
        """What the hub should still hold at the end, wei: channels that stay open."""
        people = connection.signers(len(ROLES))
        self.operator, self.payer, self.payee, self.challenger, self.attacker, self.watchtower = people
        self.audit = Audit(connection, {role: one.address for role, one in zip(ROLES, people, strict=True)})
        self._folder = tempfile.TemporaryDirectory(prefix="layer2-demo-")
        self.hub = HubFacade.deploy(connection, self.operator, profile=DEVNET, store=self._folder.name)
        self._note_deployment()

    @property
    def chain_name(self) -> str:
        """The node's own name for itself."""
        return str(self.connection.web3.client_version).split("/")[0]

    @property
    def payments_made(self) -> int:
        """Payments of all scenes."""
        return sum(one.payments for one in self.scenes)

    @property
    def durable_rate(self) -> float:
        """Payments per second of the first channel, both sides durable."""
        best = max(self.scenes, key=lambda one: one.payments)
        return best.payments / best.seconds if best.seconds else 0.0

    def close(self) -> None:
        """Close the journals and remove them."""
        for who in (self.payer, self.payee, self.challenger):
            self.hub.party(who).close()
        self._folder.cleanup()

    def play(self, title: str, scene: Callable[[Stage], str]) -> None:
        """Run a scene, count its transactions from the blocks, and say what came of it."""
        self.scenes.append(Scene(title))
        start = self.connection.block_number()
        told = scene(self)
        current, spent = self.scenes[-1], self.audit.spent(start)
        current.transactions, current.gas = len(spent), sum(one.gas_used for one in spent)
        line = Table.grid(padding=(0, 2))
        line.add_column(width=20, style="bold")
        line.add_column(overflow="fold")
        line.add_row(title, told)
        self.screen.print(line)

    def stream(self, channel: Channel, amount: int, count: int, *, back: bool = False) -> None:
        """Make `count` payments of `amount` wei, forward or back, durable on both sides, and time them."""
        begin = time.perf_counter()
        who = self.payee if back else self.payer
        for done in range(0, count, BATCH):
            channel.pay_many(amount, min(BATCH, count - done), sender=who)
        self.scenes[-1].seconds += time.perf_counter() - begin
        self.scenes[-1].payments += count
        self.moved += amount * count

    def single(self, amount: int) -> None:
        """Count one payment made by other means."""
        self.scenes[-1].payments += 1
        self.moved += amount

    def held(self) -> int:
        """The ether in the hub, wei."""
        return self.connection.balance(self.hub.address)

    def check(self, what: str, expected: object, actual: object) -> None:
        """Stop the demonstration unless the two are equal."""
        if expected != actual:
            raise DemoFailed(f"demo: {what}: {actual} found, {expected} expected", hint="report this")

    def _note_deployment(self) -> None:
        self.scenes.append(Scene("deploy the hub"))
        spent = self.audit.spent(self.audit.start)
        self.scenes[-1].transactions, self.scenes[-1].gas = len(spent), sum(one.gas_used for one in spent)

    def __repr__(self) -> str:
        return f"<Stage chain={self.connection.chain_id} hub={address_bytes(self.hub.address).hex()[:8]}>"
