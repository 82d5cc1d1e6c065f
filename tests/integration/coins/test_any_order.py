"""Whatever people, the chain and restarts do in whatever order: what the operator says is what histories bear out."""

from __future__ import annotations

import random

import pytest
from tests.support.chains import steady_chain

from layer2.ethereum.connection import Connection
from layer2.plasma.coins.protocol.coin_history import History, check_history
from layer2.plasma.coins.protocol.transfer import SignedCoin, coin_tree, decode_coin_body
from layer2.plasma.common.errors import DepositsMissing, Rejected

from .conftest import PAYEE, PAYER, THIEF, Stage

PEOPLE = (PAYER, PAYEE, THIEF)
KEYS = {key.address: key for key in PEOPLE}
STEPS = 80


@pytest.fixture(scope="module")
def chain() -> Connection:
    return steady_chain()


class Storm:
    """Random acts, and what was promised meanwhile."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage = stage
        self.dice = random.Random(seed)
        self.accepted: dict[bytes, SignedCoin] = {}
        self.refused = 0

    def act(self) -> None:
        name = self.dice.choice(("deposit", "give", "give", "give", "forge", "step", "step", "exit", "reorg", "reopen"))
        getattr(self, name)()

    def deposit(self) -> None:
        self.stage.deposit(self.dice.choice(PEOPLE))

    def give(self) -> None:
        self.stage.operator.follow()
        coins = [one for key in PEOPLE for one in self.stage.operator.coins_of(key.address)]
        if not coins:
            return
        one = self.dice.choice(coins)
        prev = self.dice.choice((one.last_block, one.last_block, 0))
        expiry = self.stage.operator.next_number + self.dice.choice((0, 1, 50))
        signed = self.stage.give(one.coin, prev, self.dice.choice(PEOPLE), by=KEYS[one.owner], expiry=expiry)
        self.send(signed)

    def forge(self) -> None:
        coins = list(self.stage.operator.chain_state.records)
        if coins:
            self.send(self.stage.give(self.dice.choice(coins), self.dice.choice((0, 1, 2)), THIEF, by=THIEF))

    def send(self, signed: SignedCoin) -> None:
        try:
            self.accepted[self.stage.operator.submit(signed)] = signed
        except Rejected:
            self.refused += 1

    def step(self) -> None:
        try:
            self.stage.operator.step()
        except DepositsMissing:
            self.stage.chain.mine(self.dice.choice((1, 70)))

    def exit(self) -> None:
        """Of a coin that still lies with who deposited it; taken back again half of the time."""
        chain_state = self.stage.operator.chain_state
        self.stage.operator.follow()
        for coin, record in chain_state.records.items():
            held = self.stage.operator.ledger.get(coin)
            if (
                held is not None
                and held.last_block == 0
                and coin not in chain_state.leaving
                and coin not in chain_state.paid
            ):
                by, bond = self.stage.by(KEYS[record.owner]), self.stage.coins.profile.exit_bond
                self.stage.coins.contract.transact(by, "exitDeposit", coin, record.as_tuple(), value=bond)
                if self.dice.random() < 0.5:
                    self.stage.coins.cancel(by, coin, 0)
                return

    def reorg(self) -> None:
        """Some acts on a branch of the chain that is then taken back, which the operator saw."""
        before = self.stage.chain.snapshot()
        for _ in range(self.dice.randrange(1, 5)):
            self.dice.choice((self.deposit, self.give, self.step, self.exit))()
        self.stage.chain.revert(before)
        self.stage.chain.mine(self.dice.randrange(3))

    def reopen(self) -> None:
        self.stage.reopen()


@pytest.mark.parametrize("seed", range(4))
def test_what_the_operator_says_is_what_histories_bear_out(stage: Stage, seed: int) -> None:
    storm = Storm(stage, seed)
    for _ in range(STEPS):
        storm.act()
    stage.chain.mine(70)
    for _ in range(3):
        storm.step()
    operator = stage.operator
    operator.step()
    headers = operator.chain_state.since(1)
    assert len(headers) == len(operator.store) == stage.coins.next_block() - 1
    seen: list[bytes] = []
    for header in headers:
        body = decode_coin_body(operator.coin_body(header.number))
        assert coin_tree(body).root == header.root
        seen += [one.transaction.hash for one in body]
    assert len(seen) > 3, "the storm was none"
    assert storm.refused > 5
    for coin, record in operator.chain_state.records.items():
        evidence = tuple(operator.coin_evidence(coin, record.birth))
        standing = check_history(
            History(coin, record, evidence), operator.chain_state.since(record.birth), stage.coins.domain
        )
        state = operator.coin(coin)
        assert (state.owner, state.last_block) == (standing.owner, standing.last_block)
    for hashed in storm.accepted:
        tx_status = operator.tx_status(hashed)
        assert tx_status is not None
        assert (tx_status.state == "included") == (hashed in seen)
        assert tx_status.state in ("included", "dropped")
