"""What could not be written is not in memory either: nothing of it is posted, and it can be sent again."""

from __future__ import annotations

import pytest

from layer2.primitives.bls import BlsKey
from layer2.rollup.sequencer.key_registrations import KeyPolicy
from layer2.rollup.sequencer.sequencer import Sequencer
from layer2.store.errors import JournalFull

from .conftest import PAYEE, PAYER, RICH


class Disk:
    """A journal's commits, of which some are refused; says what the sequencer's memory held when each was made."""

    def __init__(self, sequencer: Sequencer, monkeypatch: pytest.MonkeyPatch) -> None:
        self._inner = sequencer._promises.journal
        self._commit = self._inner.commit
        self.full = False
        self.keys_seen: list[int] = []
        self._sequencer = sequencer
        monkeypatch.setattr(self._inner, "commit", self.commit)

    def commit(self) -> None:
        self.keys_seen.append(self._sequencer.waiting_keys)
        if self.full and self._inner._pending:
            self._inner._drop_pending()
            raise JournalFull("the disk is full")
        self._commit()


def test_an_operation_that_could_not_be_written_is_not_pending_and_is_taken_later(l2, pen, monkeypatch) -> None:
    sequencer = l2.sequencer
    disk = Disk(sequencer, monkeypatch)
    sequencer.submit(pen.pay(PAYER, 0, PAYEE, 7))
    disk.full = True
    with pytest.raises(JournalFull):
        sequencer.submit_many([pen.pay(PAYER, 1, PAYEE, 8), pen.pay(PAYER, 2, PAYEE, 9)])
    disk.full = False
    assert [one.message.amount for one in sequencer.pending] == [7]
    assert sequencer.next_nonce(PAYER) == 1
    assert sequencer.ahead(PAYER).balance == RICH - 7
    sequencer.submit(pen.pay(PAYER, 1, PAYEE, 11))
    sequencer.step()
    assert sequencer.replica.head.accounts[PAYEE].balance == RICH + 18
    assert [int.from_bytes(one[12:28], "big") for one, *_ in sequencer._promises.read().records.values()] == [7, 11]


@pytest.mark.parametrize("paid", [False, True])
def test_a_key_waits_only_once_it_is_written(l2, pen, monkeypatch, tmp_path, paid: bool) -> None:
    price = 100 if paid else 0
    sequencer = Sequencer(
        l2.rollup,
        l2.sequencer.sender,
        tmp_path / "keys",
        replica=l2.replica(),
        fee_account={0: PAYEE},
        key_policy=KeyPolicy(price),
    )
    disk = Disk(sequencer, monkeypatch)
    payment = pen.pay(PAYER, 0, PAYEE, price) if paid else None
    disk.full = True
    with pytest.raises(JournalFull):
        sequencer.open_account(BlsKey(4).public, payment=payment)
    disk.full = False
    assert (sequencer.waiting_keys, sequencer.waiting) == (0, 0)
    sequencer.open_account(BlsKey(4).public, payment=payment)
    assert (sequencer.waiting_keys, sequencer.waiting) == (1, int(paid))
    # Memory follows the disk, never the other way round.
    assert set(disk.keys_seen) == {0}
    stored = sequencer._promises.read()
    assert [len(stored.keys), len(stored.records)] == [1, int(paid)]
    sequencer._promises.close()
