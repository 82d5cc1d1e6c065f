"""A RootChain on a chain of each kind, its operator, and people with keys; each test starts from the same block."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner
from layer2.plasma.payments.chain.contract import RootChain, deposit_of_event
from layer2.plasma.payments.chain.follower import ChainLog
from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.protocol.signing import Signed, sign
from layer2.plasma.protocol.transaction import payment
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak

PAYER, PAYEE, THIEF = (PrivateKey(keccak(name)) for name in (b"payer", b"payee", b"thief"))


def raw(key: PrivateKey) -> bytes:
    return bytes.fromhex(key.address[2:])


@pytest.fixture(scope="module", params=["tester", pytest.param("anvil", marks=pytest.mark.anvil)])
def chain(request: pytest.FixtureRequest) -> Iterator[Connection]:
    if request.param == "tester":
        yield new_chain()
        return
    with AnvilNode() as node:
        yield node.connection


@pytest.fixture(scope="module")
def deployed(chain: Connection) -> SimpleNamespace:
    operator, funder = (Sender(chain, one) for one in chain.signers(2))
    start = chain.block_number()
    return SimpleNamespace(
        operator=operator, funder=funder, start=start, contract=RootChain.deploy(operator, operator.address)
    )


class Stage:
    """The contract, the operator's node, and what people do."""

    def __init__(self, chain: Connection, deployed: SimpleNamespace, folder: Path) -> None:
        self.chain = chain
        self.contract: RootChain = deployed.contract
        self.sender: Sender = deployed.operator
        self.funder: Sender = deployed.funder
        self.start = deployed.start
        self.folder = folder
        self.operator = self.open()

    def open(self, folder: Path | None = None) -> Operator:
        log = ChainLog(self.contract, self.sender, start_block=self.start)
        return Operator(log, folder or self.folder, fee_owner=self.sender.address, margin=0)

    def reopen(self) -> Operator:
        self.operator.close()
        self.operator = self.open()
        return self.operator

    def deposit(self, owner: PrivateKey, amount: int = 100) -> int:
        receipt = self.contract.deposit(self.funder, 0, amount, owner.address)
        return deposit_of_event(self.contract.contract.events(receipt, "Deposited")[0].args).position

    def pay(
        self,
        positions: int | list[int],
        to: PrivateKey = PAYEE,
        amount: int = 60,
        *,
        by: PrivateKey = PAYER,
        change: int = 40,
        expiry: int = 1000,
    ) -> Signed:
        inputs = [positions] if isinstance(positions, int) else positions
        outputs: list[tuple[object, int, int]] = [(to.address, 0, amount)]
        if change:
            outputs.append((by.address, 0, change))
        return sign(payment(inputs, outputs, expiry), self.contract.domain, *[by] * len(inputs))

    def fund(self, key: PrivateKey) -> Sender:
        """A sender for a key, with ether for bonds and gas."""
        self.funder.send(key.address, value=10**18)
        return Sender(self.chain, LocalSigner(key))


@pytest.fixture
def stage(chain: Connection, deployed: SimpleNamespace, tmp_path: Path) -> Iterator[Stage]:
    before = chain.snapshot()
    one = Stage(chain, deployed, tmp_path / "operator")
    yield one
    one.operator.close()
    chain.revert(before)
