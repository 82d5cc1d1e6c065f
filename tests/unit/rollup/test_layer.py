"""A state on top of another does what the state itself would do, and leaves the one below as it is."""

from __future__ import annotations

import random

import pytest

from layer2.primitives.addresses import to_address
from layer2.primitives.errors import RangeError
from layer2.rollup.protocol.messages import rollup_domain
from layer2.rollup.protocol.params import MAX_BALANCE, MAX_NONCE
from layer2.rollup.state.forced_queue import Deposit, Forced, NewToken, QueueItem, apply_item
from layer2.rollup.state.operations import move, withdraw
from layer2.rollup.state.overlay import layer_over
from layer2.rollup.state.signature_oracle import Signatures
from layer2.rollup.state.state import Account, State, owner_of_address

AUTHORITY = Signatures(rollup_domain(1, "0x" + "77" * 20))
PEOPLE = [to_address(bytes([number]) * 20) for number in range(1, 9)]


def accounts(state: State) -> dict[int, Account]:
    return {index: state.accounts[index] for index in state.accounts}


def item(dice: random.Random) -> QueueItem:
    who, kind = dice.choice(PEOPLE), dice.random()
    if kind < 0.1:
        return NewToken(who, 1, who)
    token, amount, to = dice.randint(0, 1), dice.choice((0, 1, 5, MAX_BALANCE)), dice.randint(0, 12)
    if kind < 0.5:
        return Deposit(who, token, amount, owner_of_address(dice.choice(PEOPLE)), to)
    return Forced(who, dice.randint(1, 12), token, amount, to, dice.choice((None, who)))


def test_random_items_and_operations_do_the_same_on_a_state_and_on_a_layer() -> None:
    dice, done = random.Random(11), 0
    for _ in range(40):
        base = State()
        for number in range(1, 9):
            balance, nonce = dice.choice((0, 10, MAX_BALANCE - 2)), dice.choice((0, 0, 0, MAX_NONCE - 1))
            base.create(Account(owner_of_address(PEOPLE[number - 1]), number % 2, nonce, balance))
        before, plain = accounts(base), base.copy()
        above, layer = layer_over(base)
        for _ in range(60):
            if dice.random() < 0.5:
                one = item(dice)
                apply_item(plain, one, AUTHORITY)
                apply_item(above, one, AUTHORITY)
            else:
                sender, to = dice.randint(1, 8), dice.randint(0, 12)
                if plain.accounts[sender].nonce == MAX_NONCE:
                    for state in (plain, above):
                        with pytest.raises(RangeError):
                            move(state, sender, to, 1, 0, 0)
                    continue
                own = plain.accounts[sender].token
                rest = (dice.choice((0, 1, 7)), dice.choice((own, own, own, 1 - own)), dice.choice((0, 2)))
                if dice.random() < 0.7:
                    results = [move(state, sender, to, *rest) for state in (plain, above)]
                else:
                    results = [withdraw(state, sender, PEOPLE[0], *rest) for state in (plain, above)]
                assert results[0] == results[1]
                done += results[0]
        assert accounts(above) == accounts(plain)
        assert above.withdrawals == plain.withdrawals
        assert (above.next_account, above.queue_acc, above.tokens) == (
            plain.next_account,
            plain.queue_acc,
            plain.tokens,
        )
        assert accounts(base) == before
        assert layer.present == len(plain.accounts)
    assert done > 100


def test_asking_for_accounts_that_are_not_there_fills_nothing() -> None:
    _, layer = layer_over(State())
    assert all(layer.row(index) is None for index in range(1_000))
    assert layer.rows == {}
