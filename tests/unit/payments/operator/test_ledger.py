"""The ledger against a plain dictionary: whatever is made, spent, undone or squeezed, the same outputs are there."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layer2.plasma.common.errors import InputSpent, InputUnknown
from layer2.plasma.payments.utxo.spend_rules import judge
from layer2.plasma.payments.utxo.utxo_set import UtxoSet
from layer2.plasma.protocol.packed import Fields, read
from layer2.plasma.protocol.positions import deposit_position, encode_position
from layer2.plasma.protocol.transaction import Deposit, Kind, Output, Transaction
from layer2.primitives.errors import RangeError

OWNERS = [bytes([at]) * 20 for at in range(1, 5)]


def fields(inputs: list[int], outputs: list[Output], kind: Kind = Kind.PAYMENT) -> Fields:
    found = read(Transaction(kind, 9, tuple(sorted(inputs)), tuple(outputs)).packed)
    assert found is not None
    return found


@settings(max_examples=60)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_it_holds_what_a_dictionary_holds(dice, memory: int) -> None:
    ledger, plain = UtxoSet(memory=memory), {}
    history: list[dict[int, Output]] = []
    for _ in range(40):
        choice = dice.random()
        if choice < 0.25:
            one = Deposit(ledger.deposits + 1, dice.choice(OWNERS), dice.randrange(2), dice.randrange(1, 99), 5)
            ledger.deposit(one)
            plain[one.position] = one.output
            for past in history:
                past[one.position] = one.output
        elif choice < 0.85 and plain:
            history.append(dict(plain))
            free = list(plain)
            dice.shuffle(free)
            block = []
            number = ledger.head + 1
            for index in range(dice.randrange(1, 6)):
                inputs = [free.pop() for _ in range(min(len(free), dice.randrange(1, 5)))]
                if not inputs:
                    break
                outputs = [
                    Output(dice.choice(OWNERS), dice.randrange(2), dice.randrange(1, 99))
                    for _ in range(dice.randrange(1, 5))
                ]
                for position in inputs:
                    del plain[position]
                for at, output in enumerate(outputs):
                    plain[encode_position(number, index, at)] = output
                block.append(fields(inputs, outputs))
            ledger.apply(number, block)
            history = history[-memory:]
        elif history:
            assert ledger.undo() == ledger.head + 1
            plain = history.pop()
        assert dict(ledger.unspent()) == plain
        for owner in OWNERS:
            mine = {position: output for position, output in plain.items() if output.owner == owner}
            assert {position: output for position, output, _ in ledger.owned(owner)} == mine
    assert all(ledger.output(position) == output for position, output in plain.items())


def test_what_is_spent_long_ago_stays_spent_and_takes_no_room() -> None:
    ledger = UtxoSet(memory=2)
    ledger.deposit(Deposit(1, OWNERS[0], 0, 1000, 5))
    ledger.apply(1, [fields([deposit_position(1)], [Output(OWNERS[0], 0, 250)] * 4)])
    for number in range(2, 12):
        inputs = [encode_position(number - 1, 0, at) for at in range(4)]
        ledger.apply(number, [fields(inputs, [Output(OWNERS[0], 0, 250)] * 4)])
    assert len(ledger._segments) == 3
    old = fields([encode_position(3, 0, 1)], [Output(OWNERS[1], 0, 1)])
    assert isinstance(judge(ledger, old, None, 9)[0], InputSpent)
    ahead = fields([encode_position(12, 0, 1)], [Output(OWNERS[1], 0, 1)])
    assert isinstance(judge(ledger, ahead, None, 9)[0], InputUnknown)
    assert len(list(ledger.owned(OWNERS[0]))) == 4
    assert len(ledger._owners.of(OWNERS[0])) <= 12


def test_a_block_that_spends_what_is_not_there_changes_nothing() -> None:
    ledger = UtxoSet()
    ledger.deposit(Deposit(1, OWNERS[0], 0, 10, 5))
    mine = deposit_position(1)
    for inputs in ([mine, deposit_position(2)], [mine, encode_position(1, 0, 0)]):
        with pytest.raises(RangeError):
            ledger.apply(1, [fields(inputs, [Output(OWNERS[1], 0, 1)])])
    with pytest.raises(RangeError):
        ledger.apply(1, [fields([mine], [Output(OWNERS[1], 0, 1)])] * 2)
    with pytest.raises(RangeError):
        ledger.apply(2, [fields([mine], [Output(OWNERS[1], 0, 1)])])
    assert dict(ledger.unspent()) == {mine: Output(OWNERS[0], 0, 10)}
    ledger.apply(1, [fields([mine], [Output(OWNERS[1], 0, 1)])])


def test_no_more_is_undone_than_is_remembered() -> None:
    ledger = UtxoSet(memory=1)
    for number in (1, 2):
        ledger.deposit(Deposit(number, OWNERS[0], 0, 10, 5))
        ledger.apply(number, [fields([deposit_position(number)], [Output(OWNERS[1], 0, 1)])])
    assert (ledger.undoable, ledger.undo(), ledger.undoable) == (1, 2, 0)
    with pytest.raises(RangeError):
        ledger.undo()


def test_a_deposit_is_taken_back_unless_a_block_spends_it() -> None:
    ledger = UtxoSet()
    ledger.deposit(Deposit(1, OWNERS[0], 0, 10, 5))
    ledger.deposit(Deposit(2, OWNERS[0], 0, 10, 5))
    with pytest.raises(RangeError):
        ledger.deposit(Deposit(4, OWNERS[0], 0, 10, 5))
    assert ledger.drop_deposit() == 2
    ledger.apply(1, [fields([deposit_position(1)], [Output(OWNERS[1], 0, 10)])])
    with pytest.raises(RangeError):
        ledger.drop_deposit()


@pytest.mark.parametrize(
    "position", [0, 1 << 63, 1 << 63 | 1 << 24 | 1, encode_position(1, 0, 1), encode_position(1, 1, 0)]
)
def test_where_nothing_can_be_nothing_is_found(position: int) -> None:
    ledger = UtxoSet()
    ledger.deposit(Deposit(1, OWNERS[0], 0, 10, 5))
    ledger.apply(1, [fields([deposit_position(1)], [Output(OWNERS[1], 0, 10)])])
    assert ledger.output(encode_position(1, 0, 0)) == Output(OWNERS[1], 0, 10)
    assert ledger.find(position) is None
    assert not ledger.exiting(position)


def test_an_output_takes_less_than_sixty_bytes() -> None:
    ledger = UtxoSet(owners=False)
    ledger.deposit(Deposit(1, OWNERS[0], 0, 10, 5))
    block = [fields([deposit_position(1)], [Output(OWNERS[1], 0, 5)] * 2)]
    block += [fields([], [Output(OWNERS[1], 0, 5)] * 2, Kind.FEE)] * 9_999
    ledger.apply(1, block)
    segment = ledger._segments[1]
    held = sys.getsizeof(segment._rows) + sys.getsizeof(segment._flags) + sys.getsizeof(segment._starts)
    assert held / 20_000 < 60
