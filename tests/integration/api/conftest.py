"""A rollup whose accounts are there from the beginning, its sequencer, and the service in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from layer2.api.rollup.client import RemoteSequencer
from layer2.api.rollup.service import SequencerService
from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.primitives.bls import BlsKey
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.protocol.messages import Transfer, Withdraw
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2.rollup.state.state import Account, State, owner_of_address, owner_of_key

PAYER, PAYEE, BLS_PAYER, TOKEN_PAYER = 1, 2, 3, 4
KEYS = {PAYER: PrivateKey(keccak(b"payer")), PAYEE: PrivateKey(keccak(b"payee")), TOKEN_PAYER: PrivateKey(b"\3" * 32)}
BLS = BlsKey.derive(keccak(b"bls payer"))
RICH = 10**18


@pytest.fixture(scope="module", params=["tester", pytest.param("anvil", marks=pytest.mark.anvil)])
def chain(request: pytest.FixtureRequest) -> Iterator[Connection]:
    if request.param == "tester":
        yield new_chain()
        return
    with AnvilNode() as node:
        yield node.connection


@pytest.fixture(scope="module")
def people(chain: Connection) -> SimpleNamespace:
    names = ("sequencer", "payer", "payee", "attacker")
    return SimpleNamespace(**dict(zip(names, chain.signers(4), strict=True)))


def genesis() -> State:
    state = State()
    state.create(Account(owner_of_address(KEYS[PAYER].address), balance=RICH))
    state.create(Account(owner_of_address(KEYS[PAYEE].address), balance=RICH))
    owner = owner_of_key(BLS.public)
    state.keys[owner] = BLS.public
    state.create(Account(owner, balance=RICH))
    state.create(Account(owner_of_address(KEYS[TOKEN_PAYER].address), token=1, balance=RICH))
    return state


@pytest.fixture
def l2(chain: Connection, people: SimpleNamespace, tmp_path: Path) -> Iterator[LocalRollup]:
    before = chain.snapshot()
    made = LocalRollup(chain, people.sequencer, folder=tmp_path, genesis=genesis())
    yield made
    made.close()
    chain.revert(before)


@pytest.fixture
def service(l2: LocalRollup) -> Iterator[SequencerService]:
    with SequencerService(l2.sequencer) as one:
        yield one


@pytest.fixture
def client(service: SequencerService) -> Iterator[RemoteSequencer]:
    one = RemoteSequencer(service.url, service.sequencer.rollup)
    yield one
    one.close()


class Pen:
    """Signs operations of the accounts above."""

    def __init__(self, l2: LocalRollup) -> None:
        self.domain = l2.rollup.domain

    def sign(self, message: Transfer | Withdraw, by: int | None = None) -> SignedOp:
        signer = message.sender if by is None else by
        digest = message.digest(self.domain)
        signature = BLS.sign(digest) if signer == BLS_PAYER else KEYS[signer].sign_compact(digest)
        return SignedOp(message, signature)

    def pay(
        self, sender: int, nonce: int, to: int = PAYEE, amount: int = 5, token: int = 0, fee: int = 0, by: int = 0
    ) -> SignedOp:
        return self.sign(Transfer(sender, nonce, to, amount, token, fee), by or None)

    def withdraw(self, sender: int, nonce: int, amount: int = 5) -> SignedOp:
        return self.sign(Withdraw(sender, nonce, KEYS[PAYER].address, amount, 0, 0))


@pytest.fixture
def pen(l2: LocalRollup) -> Pen:
    return Pen(l2)
