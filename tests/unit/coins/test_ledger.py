"""The operator's ledger of coins: deposits and transfers that come, go, and change under each other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.coins.stage import COIN, DOMAIN, PAYEE, PAYER, RECORD, THIEF, WATCHER, transfer

from layer2.plasma.coins.operator.owner_table import CoinLedger, Held
from layer2.plasma.coins.protocol.transfer import coin_tree, encode_coin_body, sign_coin
from layer2.plasma.coins.protocol.transfer_batch import hash_of, join_body, plant, read_record, record_of, split_run
from layer2.plasma.protocol.malformed import BodyMalformed, CoinMalformed
from layer2.primitives.addresses import address_bytes
from layer2.primitives.ecdsa import PrivateKey


def raw(key: PrivateKey) -> bytes:
    return address_bytes(key.address)


@pytest.fixture
def ledger() -> CoinLedger:
    """The payer's deposit, passed on to the payee in block 1 and to the watcher in block 3."""
    ledger = CoinLedger()
    ledger.made(COIN, RECORD)
    ledger.apply(1, [transfer(PAYEE, 0)], [raw(PAYER)], [RECORD.basis])
    ledger.apply(3, [transfer(WATCHER, 1)], [raw(PAYEE)], [RECORD.basis])
    return ledger


def test_a_coin_belongs_to_whom_it_was_given_last(ledger: CoinLedger) -> None:
    assert ledger.get(COIN) == Held(raw(WATCHER), 3)
    assert (list(ledger.coins_of(raw(WATCHER))), list(ledger.coins_of(raw(PAYER)))) == ([COIN], [])
    assert ledger.holds(transfer(PAYEE, 0))
    assert not ledger.holds(transfer(THIEF, 0))
    assert (ledger.moves(COIN, 3), ledger.moves(COIN, 2)) == (True, False)


def test_undone_blocks_give_it_back(ledger: CoinLedger) -> None:
    ledger.undo(3, [transfer(WATCHER, 1)])
    assert ledger.get(COIN) == Held(raw(PAYEE), 1)
    ledger.undo(1, [transfer(PAYEE, 0)])
    assert ledger.get(COIN) == Held(raw(PAYER), 0)
    assert list(ledger.coins_of(raw(PAYEE))) == []


def test_a_deposit_that_goes_and_comes_again_is_the_same_coin(ledger: CoinLedger) -> None:
    ledger.unmade(COIN)
    assert (ledger.get(COIN), len(ledger)) == (None, 0)
    assert ledger.misfits(3, [transfer(WATCHER, 1)]) == ([COIN], [])
    ledger.made(COIN, RECORD)
    assert ledger.get(COIN) == Held(raw(WATCHER), 3)
    assert ledger.misfits(3, [transfer(WATCHER, 1)]) == ([], [])


def test_a_deposit_of_somebody_else_does_not_fit_to_the_transfers(ledger: CoinLedger) -> None:
    ledger.unmade(COIN)
    ledger.made(COIN, replace(RECORD, owner=THIEF.address))
    assert ledger.get(COIN) is None
    assert ledger.misfits(3, [transfer(WATCHER, 1)]) == ([], [COIN])


def test_blocks_before_the_birth_of_a_coin_mean_nothing(ledger: CoinLedger) -> None:
    ledger.unmade(COIN)
    ledger.made(COIN, replace(RECORD, owner=THIEF.address, birth=4))
    assert ledger.get(COIN) == Held(raw(THIEF), 0)
    assert not ledger.holds(transfer(PAYEE, 0))


def test_runs_are_taken_apart_as_they_were_put_together() -> None:
    one, two = (sign_coin(transfer(PAYEE, 0, coin=coin), DOMAIN, PAYER) for coin in (9, 5))
    records = [record_of(one), record_of(two)]
    assert split_run(b"".join(records)) == records
    assert join_body(records) == encode_coin_body([one, two])
    assert plant(records).root == coin_tree([one, two]).root
    assert (read_record(records[0]), hash_of(records[0])) == (one, one.transaction.hash)
    with pytest.raises(BodyMalformed):
        split_run(records[0][:-1])
    for wrong in (records[0][:-1], b"", bytes(103)):
        with pytest.raises(CoinMalformed):
            read_record(wrong)
