"""Stages of the demonstration: accounts, chain, clock and audit, and the stage with the channel hub."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from layer2.channels.channel import Channel
from layer2.channels.contract.hub import DEVNET
from layer2.channels.hub import HubFacade
from layer2.ethereum.accounts import ROLES
from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import NotADevChain
from layer2.primitives.errors import Layer2Error
from layer2_demo.audit import Audit, Balance

__all__ = ["DemoFailed", "HubStage", "Scene", "Stage", "require_dev"]

BATCH = 64
"""Number of payments that share one commit, typical of a busy node."""


class DemoFailed(Layer2Error):
    """A result of the demonstration is wrong."""


@dataclass
class Scene:
    """Result of a scene: off-chain payments and their seconds, transactions and their gas."""

    title: str
    payments: int = 0
    seconds: float = 0.0
    transactions: int = 0
    gas: int = 0


def require_dev(connection: Connection) -> None:
    """Raise NotADevChain if the chain's time cannot be advanced."""
    if not connection.is_dev:
        raise NotADevChain(
            f"demo: chain {connection.chain_id} is no development chain, time cannot be moved there",
            hint="use --network test or anvil",
        )


class Stage:
    """A development chain, the role accounts, and an audit of all transactions from its creation on."""

    def __init__(self, connection: Connection, prevalidate: Console) -> None:
        require_dev(connection)
        self.connection = connection
        self.prevalidate = prevalidate
        self.scenes: list[Scene] = []
        people = connection.signers(len(ROLES))
        self.operator, self.payer, self.payee, self.challenger, self.attacker, self.watchtower = people
        self.audit = Audit(connection, {role: one.address for role, one in zip(ROLES, people, strict=True)})
        self.folder = tempfile.TemporaryDirectory(prefix="layer2-demo-")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} chain={self.connection.chain_id} scenes={len(self.scenes)}>"

    @property
    def payments_made(self) -> int:
        """Number of payments in all scenes."""
        return sum(one.payments for one in self.scenes)

    def balances(self) -> list[Balance]:
        """Return the expected and actual ether balances of all accounts on the main chain."""
        return self.audit.balances()

    def close(self) -> None:
        """Remove the temporary folder."""
        self.folder.cleanup()

    def play(self, title: str, scene: Callable[[], str]) -> None:
        """Run a scene, count its transactions from the blocks, and print its result."""
        self.scenes.append(Scene(title))
        start = self.connection.block_number()
        told = scene()
        current, spent = self.scenes[-1], self.audit.spent(start)
        current.transactions, current.gas = len(spent), sum(one.gas_used for one in spent)
        line = Table.grid(padding=(0, 2))
        line.add_column(width=20, style="bold")
        line.add_column(overflow="fold")
        line.add_row(title, told)
        self.prevalidate.print(line)

    def check(self, what: str, expected: object, actual: object) -> None:
        """Raise DemoFailed unless the two values are equal."""
        if expected != actual:
            raise DemoFailed(f"demo: {what}: {actual} found, {expected} expected", hint="report this")

    def note_deployment(self, title: str) -> None:
        """Record all transactions so far as a scene."""
        self.scenes.append(Scene(title))
        spent = self.audit.spent(self.audit.start)
        self.scenes[-1].transactions, self.scenes[-1].gas = len(spent), sum(one.gas_used for one in spent)


class HubStage(Stage):
    """A stage with the channel hub deployed."""

    def __init__(self, connection: Connection, payments: int, prevalidate: Console) -> None:
        super().__init__(connection, prevalidate)
        self.payments = payments
        self.moved = 0
        self.left = 0
        """Amount in wei that the hub holds at the end, for channels that stay open."""
        self.hub = HubFacade.deploy(connection, self.operator, profile=DEVNET, store=self.folder.name)
        self.note_deployment("deploy the hub")

    @property
    def durable_rate(self) -> float:
        """Payments per second of the busiest scene, durable on both sides."""
        best = max(self.scenes, key=lambda one: one.payments)
        return best.payments / best.seconds if best.seconds else 0.0

    def balances(self) -> list[Balance]:
        """Return the balances of all accounts and of the hub."""
        return [*super().balances(), Balance("the hub", self.left, self.held())]

    def close(self) -> None:
        """Close the journals and remove them."""
        for who in (self.payer, self.payee, self.challenger):
            self.hub.party(who).close()
        super().close()

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
        """Return the hub's ether balance in wei."""
        return self.connection.balance(self.hub.address)
