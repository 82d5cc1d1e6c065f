"""A root chain, its people with their wallets, and an operator that does whatever the test tells it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.chains import steady_chain
from tests.support.payments.hostile_operator import Forge

from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer
from layer2.plasma.payments.chain.contract import DEVNET, RootChain
from layer2.plasma.payments.chain.state import RootChainState
from layer2.plasma.payments.wallet.wallet import Wallet
from layer2.testing.contracts.mocks import deploy_mock
from layer2.testing.isolation import isolated

ETHER = 10**18
W = DEVNET.exit_period


class World:
    """Everybody and everything of one chain."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.signers = connection.signers(6)
        self.operator, self.payer, self.payee, self.watcher, self.thief, self.maker = self.signers
        self.sender = Sender(connection, self.operator)
        self.root = RootChain.deploy(self.sender, self.operator.address)
        self.token: Contract = deploy_mock("BlacklistToken", sender=self.sender)
        self.root.register_token(self.sender, self.token.address)

    def enter(self, folder: Path) -> None:
        self.folder = folder
        self.gate = Forge(self.root, Sender(self.connection, self.operator))
        self.chain_state = RootChainState(self.root)
        self.open: list[Wallet] = []

    def wallet(self, who: Signer, *, gate: bool = True, name: str = "", lifetime: int = 100) -> Wallet:
        place = self.folder / (name or f"{who.address}-{len(self.open)}")
        own = RootChainState(self.root) if name else self.chain_state
        made = Wallet(self.root, who, place, own, self.gate if gate else None, lifetime=lifetime)
        self.open.append(made)
        return made

    def give_tokens(self, who: Signer, amount: int) -> None:
        self.token.transact(self.sender, "mint", who.address, amount)

    def balance(self, who: Signer, token: int = 0) -> int:
        if token:
            return int(self.token.call("balanceOf", who.address))
        return self.connection.balance(who.address)

    def mature(self) -> None:
        """Everything that has begun by now can be claimed."""
        self.connection.advance(2 * W)


@pytest.fixture(scope="module")
def deployed() -> World:
    return World(steady_chain())


@pytest.fixture
def world(deployed: World, tmp_path: Path) -> Iterator[World]:
    with isolated(deployed.connection):
        deployed.enter(tmp_path)
        yield deployed
        for one in deployed.open:
            one.close()


@pytest.fixture
def payer(world: World) -> Wallet:
    return world.wallet(world.payer)


@pytest.fixture
def payee(world: World) -> Wallet:
    return world.wallet(world.payee)


@pytest.fixture
def thief(world: World) -> Wallet:
    return world.wallet(world.thief)
