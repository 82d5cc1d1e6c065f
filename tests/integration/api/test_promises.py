"""What became of what was accepted, and journals that do not fit the chain."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from layer2.node.intake import Accepted
from layer2.node.tx_status import TxStatus
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.protocol.errors import JournalMismatch
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2.rollup.sequencer.journal import KIND, SequencerJournal
from layer2.rollup.sequencer.sequencer import Sequencer
from layer2.rollup.state.forced_queue import TO_THE_END
from layer2.store.errors import JournalCorrupt, JournalFull
from layer2.store.journal import Journal

from .conftest import BLS_PAYER, PAYEE, PAYER, RICH


def digest(l2: LocalRollup, op: SignedOp) -> bytes:
    return op.message.digest(l2.rollup.domain)


def again(l2: LocalRollup, journal: Path | None = None) -> Sequencer:
    """The sequencer after a restart."""
    l2.sequencer._journal.close()
    path = journal or l2.sequencer._journal.path
    return Sequencer(l2.rollup, l2.sequencer.sender, path, replica=l2.replica())


def test_an_operation_whose_account_forces_another_is_dropped_and_says_so_for_ever(l2, people, pen) -> None:
    payer = l2.wallet(people.payer)
    payer.deposit("2 ether")
    l2.post()
    account = payer.account()
    first, second = payer.send(PAYEE, "0.5 ether"), payer.send(PAYEE, "0.1 ether")
    honest = pen.pay(PAYER, 0)
    l2.sequencer.submit(honest)
    assert l2.sequencer.tx_status(digest(l2, first)) == TxStatus("pending")
    payer.force("1.95 ether", to=people.payer.address, account=account)
    l2.post()
    tx_status = l2.sequencer.tx_status(digest(l2, first))
    assert (tx_status.state, tx_status.reason) == ("dropped", "its nonce was used by another operation of its account")
    tx_status = l2.sequencer.tx_status(digest(l2, second))
    assert tx_status.state == "dropped"
    assert "has 0.05 ether, 0.1 ether" in tx_status.reason
    assert l2.sequencer.tx_status(digest(l2, honest)) == TxStatus("posted", 2)
    # Money that comes in later does not bring back what was said to be dropped.
    payer.deposit("3 ether", to=account)
    l2.post()
    restarted = again(l2)
    assert restarted.waiting == 0
    assert restarted.tx_status(digest(l2, second)).state == "dropped"
    assert restarted.tx_status(digest(l2, honest)) == TxStatus("posted", 2)
    restarted.step()
    assert restarted.replica.head.accounts[account].balance == 305 * 10**16


def test_an_operation_that_was_dropped_and_accepted_again_is_pending_after_a_restart(l2, people, pen) -> None:
    payer = l2.wallet(people.payer)
    payer.deposit("2 ether")
    l2.post()
    account = payer.account()
    first, second = payer.send(PAYEE, "0.5 ether"), payer.send(PAYEE, "0.1 ether")
    payer.force("1.95 ether", to=people.payer.address, account=account)
    l2.post()
    assert [l2.sequencer.tx_status(digest(l2, one)).state for one in (first, second)] == ["dropped", "dropped"]
    payer.deposit("3 ether", to=account)
    l2.post()
    l2.sequencer.submit(second)
    for sequencer in (l2.sequencer, again(l2)):
        assert sequencer.pending == (second,)
        assert sequencer.tx_status(digest(l2, second)) == TxStatus("pending")
        assert sequencer.tx_status(digest(l2, first)).state == "dropped"


def test_what_is_said_to_be_dropped_is_on_disk_before_it_is_said(l2, people, tmp_path) -> None:
    """As the disk has it when the power fails just then."""
    payer = l2.wallet(people.payer)
    payer.deposit("2 ether")
    l2.post()
    account = payer.account()
    op = payer.send(PAYEE, "0.5 ether")
    payer.force("1.95 ether", to=people.payer.address, account=account)
    l2.rollup.force_include(l2.sequencer.sender, l2.rollup.acc(l2.rollup.inbox()[0]), TO_THE_END)
    l2.sequencer.follow()
    assert l2.sequencer.tx_status(digest(l2, op)).state == "dropped"
    path = Path(l2.sequencer._journal.path)
    for one in path.parent.glob(f"{path.name}*"):
        shutil.copyfile(one, tmp_path / f"copied{one.name.removeprefix(path.name)}")
    with Journal(tmp_path / "copied", kind=KIND) as journal:
        stored = SequencerJournal(journal, l2.connection.chain_id, l2.rollup.address).read()
    assert list(stored.dropped) == [digest(l2, op)]


def test_after_a_restart_what_was_pending_of_both_keys_is_posted(l2, pen) -> None:
    ops = [pen.pay(PAYER, 0), pen.pay(BLS_PAYER, 0), pen.withdraw(PAYER, 1), pen.pay(BLS_PAYER, 1, amount=123_457)]
    assert l2.sequencer.submit_many(ops) == [None] * 4
    restarted = again(l2)
    assert restarted.pending == tuple(ops)
    restarted.step()
    assert {restarted.tx_status(digest(l2, op)) for op in ops} == {TxStatus("posted", 1)}
    assert restarted.replica.head.accounts[PAYEE].balance == RICH + 5 + 5 + 123_457


def test_equal_payments_are_told_apart_by_their_entries(l2, pen) -> None:
    for nonce in range(3):
        l2.sequencer.submit(pen.pay(BLS_PAYER, nonce))
        l2.post()
    restarted = again(l2)
    for sequencer in (l2.sequencer, restarted):
        tx_statuses = [sequencer.tx_status(digest(l2, pen.pay(BLS_PAYER, nonce))) for nonce in range(3)]
        assert tx_statuses == [TxStatus("posted", entry) for entry in (1, 2, 3)]


def test_a_wrong_signature_that_got_in_spoils_one_entry_and_no_more(l2, pen) -> None:
    """The chance of 2^-16, forced: an account of the journal is judged again when its frame did nothing."""
    good = pen.pay(BLS_PAYER, 0)
    bad = SignedOp(pen.pay(BLS_PAYER, 1).message, good.signature)
    l2.sequencer.submit(good)
    promises = SequencerJournal(again_journal := l2.sequencer._journal, l2.connection.chain_id, l2.rollup.address)
    promises.append(Accepted([bad.encode()]))
    promises.commit()
    again_journal.close()
    restarted = again(l2)
    assert restarted.waiting == 2
    restarted.step()
    # The frame of both was void: the good one waits on, the bad one is out.
    assert restarted.pending == (good,)
    assert restarted.tx_status(digest(l2, bad)).reason == "its signature is not its owner's"
    restarted.step()
    assert restarted.tx_status(digest(l2, good)) == TxStatus("posted", 2)
    assert restarted.waiting == 0


def test_a_journal_of_another_rollup_is_refused(l2, people, pen, tmp_path) -> None:
    l2.sequencer.submit(pen.pay(PAYER, 0))
    other = LocalRollup(l2.connection, people.sequencer, folder=tmp_path / "other", genesis=l2.genesis)
    l2.sequencer._journal.close()
    with pytest.raises(JournalMismatch, match="name another journal"):
        Sequencer(other.rollup, other.sequencer.sender, l2.sequencer._journal.path, replica=other.replica())
    assert other.rollup.inbox()[0] == 0
    assert again(l2).waiting == 1


def test_a_journal_that_knows_a_final_entry_the_chain_does_not_have_is_refused(l2, pen) -> None:
    l2.sequencer.submit(pen.pay(PAYER, 0))
    l2.post()
    promises = l2.sequencer._promises
    promises.note_final(1, l2.sequencer.replica.entries[0].record.hash())
    promises.commit()
    restarted = again(l2)
    restarted._promises.note_final(1, b"\1" * 32)
    restarted._promises.commit()
    restarted._journal.close()
    with pytest.raises(JournalMismatch, match="move the journal away"):
        again(l2)


def test_a_journal_that_knows_more_final_entries_than_the_chain_has_is_refused(l2) -> None:
    promises, hashes = l2.sequencer._promises, [b"\1" * 32, b"\2" * 32]
    promises.check_final([])
    promises.note_final(2, hashes[1])
    for other in ([], hashes[:1], hashes[::-1]):
        with pytest.raises(JournalMismatch, match="has a final entry 2"):
            promises.check_final(other)
    for same in (hashes, [b"\3" * 32, hashes[1]], [*hashes, b"\4" * 32]):
        promises.check_final(same)


@pytest.mark.parametrize(
    "row", [("txs", b"\x70abc"), ("txs", b"\x01a"), ("key", b"short"), ("owner", b"short"), ("what", b"")]
)
def test_a_journal_with_rows_that_mean_nothing_is_refused(l2, row) -> None:
    journal = l2.sequencer._journal
    journal.append_durable(*row)
    with pytest.raises(JournalCorrupt, match="move the journal away"):
        again(l2)


def test_what_could_not_be_written_was_not_accepted(l2, pen, monkeypatch) -> None:
    l2.sequencer.submit(pen.pay(PAYER, 0))

    def full(journal: Journal) -> None:
        journal._drop_pending()
        raise JournalFull("no space", hint="free disk space")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "commit", full)
        with pytest.raises(JournalFull):
            l2.sequencer.accept([l2.sequencer.verify_batch([pen.pay(PAYER, 1).encode()])])
    assert l2.sequencer.waiting == 1
    assert l2.sequencer.next_nonce(PAYER) == 1
    l2.sequencer.submit(pen.pay(PAYER, 1))
    assert again(l2).waiting == 2


def test_a_sequencer_finds_its_own_account_for_fees_by_token(l2, people, pen) -> None:
    operator = l2.wallet(people.sequencer)
    operator.deposit("1 ether")
    l2.post()
    fee = 10**15
    account = operator.account()
    assert l2.sequencer.fees.accounts == {0: account}
    l2.sequencer.submit(pen.pay(PAYER, 0, fee=15 << 4 | 1))
    l2.post()
    assert operator.balance() == 10**18 + fee
