"""Accounts for keys cost the operator gas: they are paid for, bounded, counted, and go before nobody's payment."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.full_disk import fill, make_room

from layer2.api.rollup.client import RemoteSequencer
from layer2.api.rollup.service import SequencerService
from layer2.node.tx_status import TxStatus
from layer2.primitives.bls import BlsKey
from layer2.primitives.errors import MalformedError
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.l1.batcher import Data
from layer2.rollup.protocol.errors import AccountUnknown, BalanceTooLow, FeeTooLow, MempoolFull, SignatureWrong
from layer2.rollup.protocol.frames import FrameType, decode_frame
from layer2.rollup.sequencer.key_registrations import FREE, KeyPolicy, room_for_keys
from layer2.rollup.sequencer.sequencer import Sequencer
from layer2.rollup.wallet.wallet import Wallet
from layer2.store.errors import JournalFull

from .conftest import PAYEE, PAYER, RICH

PRICE = 1_000
OPERATOR = PAYEE
"""Whose account takes the fees here."""


def key(number: int) -> bytes:
    return BlsKey(9_000 + number).public


def asking(l2: LocalRollup, folder: Path) -> Sequencer:
    """A sequencer that asks for money, and keeps five waiting keys at most."""
    return Sequencer(
        l2.rollup,
        l2.sequencer.sender,
        folder / "paid",
        replica=l2.replica(),
        fee_account={0: OPERATOR},
        key_policy=KeyPolicy(PRICE, 5),
    )


@pytest.fixture
def paid(l2, tmp_path) -> Iterator[Sequencer]:
    one = asking(l2, tmp_path)
    yield one
    one.close()


@pytest.fixture
def client(paid: Sequencer) -> Iterator[RemoteSequencer]:
    with SequencerService(paid) as service:
        one = RemoteSequencer(service.url)
        yield one
        one.close()


def accounts(sequencer: Sequencer) -> int:
    sequencer.follow()
    return len(sequencer.replica.head.accounts)


def test_a_key_is_opened_once_the_transfer_that_pays_for_it_is_in_the_inbox(paid, client, pen) -> None:
    payment = pen.pay(PAYER, 0, OPERATOR, PRICE)
    client.open_account(key(1), payment=payment)
    assert client.state()["keys"] == {"waiting": 1, "most": 5, "fee": str(PRICE)}
    before = accounts(paid)
    paid.step()
    assert (accounts(paid), paid.waiting_keys) == (before, 1)
    paid.step()
    assert (accounts(paid), paid.waiting_keys) == (before + 1, 0)
    assert paid.replica.head.accounts[OPERATOR].balance == RICH + PRICE


def test_the_price_and_one_less(paid, client, pen) -> None:
    with pytest.raises(FeeTooLow) as refused:
        client.open_account(key(1), payment=pen.pay(PAYER, 0, OPERATOR, PRICE - 1))
    assert (refused.value.have, refused.value.need) == (PRICE - 1, PRICE)
    client.open_account(key(1), payment=pen.pay(PAYER, 0, OPERATOR, PRICE))
    # A payment for one does not pay for two.
    with pytest.raises(FeeTooLow):
        paid.open_accounts([key(2), key(3)], payment=pen.pay(PAYER, 1, OPERATOR, 2 * PRICE - 1).encode())
    paid.open_accounts([key(2), key(3)], payment=pen.pay(PAYER, 1, OPERATOR, 2 * PRICE).encode())
    assert paid.waiting_keys == 3


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"to": PAYER}, FeeTooLow),
        ({"token": 1}, AccountUnknown),
        ({"amount": 2 * RICH}, BalanceTooLow),
        ({"by": PAYEE}, SignatureWrong),
    ],
)
def test_a_payment_that_does_not_pay_opens_nothing_and_is_not_taken(paid, client, pen, change, refusal) -> None:
    payment = pen.pay(PAYER, 0, **{"to": OPERATOR, "amount": PRICE, **change})
    with pytest.raises(refusal):
        client.open_account(key(1), payment=payment)
    assert (paid.waiting_keys, paid.waiting) == (0, 0)
    assert paid._promises.read().keys == []


def test_nobody_opens_for_nothing_and_no_withdrawal_pays(paid, client, pen) -> None:
    with pytest.raises(FeeTooLow):
        client.open_account(key(1))
    with pytest.raises(FeeTooLow):
        client.open_account(key(1), payment=pen.withdraw(PAYER, 0, PRICE))
    with pytest.raises(MalformedError):
        paid.open_accounts([key(1)], payment=b"rubbish")
    assert (paid.waiting_keys, paid.waiting) == (0, 0)


def test_so_many_keys_wait_and_no_more_and_the_payment_of_what_is_too_much_is_not_taken(paid, client, pen) -> None:
    for nonce in range(5):
        client.open_account(key(nonce), payment=pen.pay(PAYER, nonce, OPERATOR, PRICE))
    with pytest.raises(MempoolFull):
        client.open_account(key(5), payment=pen.pay(PAYER, 5, OPERATOR, PRICE))
    assert (paid.waiting_keys, paid.waiting) == (5, 5)
    # One that waits already costs nothing a second time.
    client.open_account(key(4), payment=pen.pay(PAYER, 5, OPERATOR, PRICE))
    assert paid.waiting == 5
    paid.step()
    paid.step()
    # Nor does one that has its account by now.
    client.open_account(key(4), payment=pen.pay(PAYER, 5, OPERATOR, PRICE))
    assert (paid.waiting_keys, paid.waiting) == (0, 0)
    client.open_account(key(5), payment=pen.pay(PAYER, 5, OPERATOR, PRICE))
    with urllib.request.urlopen(client.url + "/v1/health") as answer:
        assert json.load(answer)["waiting_keys"] == 1
    with urllib.request.urlopen(client.url + "/metrics") as answer:
        assert "layer2_rollup_sequencer_waiting_keys 1" in answer.read().decode()


def test_a_key_whose_payment_will_never_happen_is_not_opened(l2, people, paid, pen, tmp_path) -> None:
    paid.open_accounts([key(1)], payment=pen.pay(PAYER, 0, OPERATOR, PRICE).encode())
    (digest,) = paid._pool.pending
    paid._intake.drop({digest: "its account forced another one"})
    paid._settle()
    assert paid.tx_status(digest) == TxStatus("dropped", reason="its account forced another one")
    assert paid.waiting_keys == 0
    paid.close()
    again = asking(l2, tmp_path)
    assert again.waiting_keys == 0
    again.close()


def test_a_key_is_not_opened_while_the_disk_has_no_room_to_record_that_its_payment_was_dropped(paid, pen) -> None:
    paid.open_accounts([key(1)], payment=pen.pay(PAYER, 0, OPERATOR, PRICE).encode())
    (digest,) = paid._pool.pending
    fill(paid._intake.log.journal)
    with pytest.raises(JournalFull):
        paid._intake.drop({digest: "its account forced another one"})
    paid._pool.remove(digest)  # as a mempool does that is applied anew to another head
    assert (paid.waiting_keys, paid._ready_keys()) == (1, [])
    make_room(paid._intake.log.journal)
    paid._settle()
    assert paid.waiting_keys == 0


def test_what_was_paid_for_is_opened_after_a_start(l2, paid, pen, tmp_path) -> None:
    paid.open_accounts([key(1)], payment=pen.pay(PAYER, 0, OPERATOR, PRICE).encode())
    paid.close()
    again = asking(l2, tmp_path)
    assert again._openings.waiting[key(1), 0].payment != FREE
    before = accounts(again)
    again.step()
    again.step()
    assert accounts(again) == before + 1
    again.close()


def test_keys_leave_overdue_payments_the_room_they_need() -> None:
    assert room_for_keys(keys=1_024, overdue=0, most=256) == 32
    assert room_for_keys(keys=1_024, overdue=250, most=256) == 6
    assert room_for_keys(keys=1_024, overdue=256, most=256) == 0
    assert room_for_keys(keys=6, overdue=0, most=256) == 2
    assert room_for_keys(keys=0, overdue=0, most=256) == 0
    assert room_for_keys(keys=10, overdue=0, most=1) == 1


def test_in_an_entry_accounts_are_opened_behind_payments(l2, pen) -> None:
    sequencer = l2.sequencer
    sequencer.open_accounts([key(at) for at in range(8)])
    sequencer.submit(pen.pay(PAYER, 0))
    kinds = [one.kind for one in sequencer.seal()]
    assert kinds == [FrameType.ECDSA_TRANSFERS, FrameType.ACCOUNTS, FrameType.ACCOUNTS]
    # Where an entry has room for one frame only, an overdue payment takes it.
    sequencer.poster.data = Data.CALLDATA
    sequencer.max_wait = 0.0
    short = sequencer.sealed(most=1)
    assert [decode_frame(short).kind, len(short)] == [FrameType.ECDSA_TRANSFERS, 496]


def test_a_wallet_pays_what_is_asked(l2, people, paid, client) -> None:
    wallet = Wallet(l2.rollup, people.payer, paid.replica, client)
    wallet.deposit("2 ether")
    paid.step()
    wallet.open_account()
    assert paid.waiting == paid.waiting_keys == 1
    paid.step()
    paid.step()
    assert wallet.account(bls=True)
    assert wallet.balance() == 2 * 10**18 - PRICE
