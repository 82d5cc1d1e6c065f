"""A ledger that was kept for the next start: it is what a replay of all blocks gives, or it is put away."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layer2.plasma.common.errors import BlockLost
from layer2.plasma.payments.chain.events import (
    ExitEnded,
    ExitPaid,
    ExitStarted,
    InFlightExitProcessed,
    InFlightExitStarted,
)
from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.payments.utxo.checkpoint import _MAGIC, Checkpoint, CheckpointStore
from layer2.plasma.payments.utxo.utxo_set import UtxoSet
from layer2.plasma.protocol.packed import packed_of
from layer2.plasma.protocol.positions import encode_position
from layer2.plasma.protocol.transaction import Deposit, deposit_output_id, output_id, transaction_hash
from layer2.primitives.errors import MalformedError
from layer2.primitives.hashing import keccak
from layer2.store.errors import JournalCorrupt

from .conftest import KEYS, OPERATOR, PAYEE, PAYER, Ground, outputs_of, pay, raw

IDENTITY = f"{Ground.address} on chain {Ground.chain_id}"


class Home:
    """An operator's folder, and its chain: started, stopped, and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ground = folder, Ground()
        self._open: list[Operator] = []

    @property
    def copy(self) -> Path:
        return self.folder / "ledger" / "ledger"

    def start(self, folder: Path | None = None, *, margin: int = 0, after: int = 1) -> Operator:
        """Who has seen nothing of the chain, and keeps a copy after so many transactions."""
        one = Operator(self.ground.again(), folder or self.folder, fee_owner=OPERATOR.address, margin=margin)
        one.checkpoints.after = after
        self._open.append(one)
        return one

    def close(self) -> None:
        for one in self._open:
            one.close()
        self._open.clear()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    one = Home(tmp_path / "operator")
    yield one
    one.close()


def seen(one: Operator) -> object:
    """All that an operator tells of outputs and payments."""
    found = {}
    for number in range(1, one.ledger.head + 1):
        for index in range(one.store.block(number).count):
            for output in range(4):
                position = encode_position(number, index, output)
                found[position] = one.ledger.find(position)
    for number in range(1, one.ledger.deposits + 1):
        found[1 << 63 | number << 24] = one.ledger.find(1 << 63 | number << 24)
    owners = {owner: sorted(one.ledger.owned(owner), key=lambda row: row[0]) for owner in KEYS}
    past = dict(one._tx_statuses._past)
    return found, owners, one.ledger.totals(), one.ledger.undoable, past, list(one._pool.pending)


def id_of(one: Operator, position: int) -> bytes:
    if position >> 63:
        return deposit_output_id(position >> 24 & 0xFFFF)
    packed = packed_of(one.store.records(position >> 24)[position >> 8 & 0xFFFF])
    return output_id(transaction_hash(packed), position & 0xFF)


def blocks(home: Home, count: int, after: int = 1) -> Operator:
    """An operator with so many blocks of one payment."""
    operator = home.start(after=after)
    for _ in range(count):
        home.ground.deposit(PAYER)
        operator.follow()
        operator.submit(pay(1 << 63 | operator.ledger.deposits << 24))
        operator.step()
    return operator


def spoil(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


# ------------------------------------------------------------------------------------------------------ starting again


def test_a_start_reads_no_block_of_the_copy(home: Home) -> None:
    before = seen(blocks(home, 3))
    home.close()
    again = home.start()
    assert seen(again) == before
    assert again.checkpoints.number == 3
    assert again.ledger.undoable == 3
    place = encode_position(3, 0, 0)
    again.submit(pay(place, PAYER, 60, by=PAYEE, change=0))
    assert again.step().number == 4


def test_blocks_behind_the_copy_are_replayed_and_what_is_pending_still_is(home: Home) -> None:
    operator = blocks(home, 2)
    operator.checkpoints.after = 1 << 20
    operator.submit(pay(encode_position(1, 0, 0), PAYER, 60, by=PAYEE, change=0))
    operator.step()
    operator.submit(pay(encode_position(2, 0, 0), PAYER, 60, by=PAYEE, change=0))
    before = seen(operator)
    home.close()
    again = home.start()
    assert (again.checkpoints.number, again.ledger.head, again.waiting) == (2, 3, 1)
    assert seen(again) == before


def test_a_body_of_the_copy_that_is_gone_is_missed_at_the_start_as_ever(home: Home) -> None:
    operator = blocks(home, 2)
    path = operator.store.path(1)
    home.close()
    path.unlink()
    with pytest.raises(JournalCorrupt, match="body of block 1 is missing"):
        home.start()


@settings(max_examples=12, deadline=None)
@given(st.randoms(use_true_random=False))
def test_whatever_happened_the_copy_gives_what_a_replay_gives(tmp_path_factory, dice) -> None:
    home = Home(tmp_path_factory.mktemp("frozen") / "operator")
    operator = home.start(after=1 << 20)
    # The chain below is his who stands on it: takes back are told to him.
    ground = operator.chain
    games = []
    for _ in range(25):
        what = dice.randrange(9)
        free = [(place, one) for place, one in operator.ledger.unspent() if place not in operator._pool.claimed]
        if what <= 1 or not free:
            ground.deposit(dice.choice((PAYER, PAYEE)))
            operator.follow()
            continue
        place, one = dice.choice(free)
        key = KEYS[one.owner]
        exit_of = id_of(operator, place)
        flying = pay(place, by=key, amount=max(1, one.amount // 2), change=one.amount // 3)
        if what <= 4:
            operator.submit_many([flying])
        elif what == 5:
            ground.add(dice.choice((ExitStarted(exit_of, place), ExitEnded(exit_of), ExitPaid(exit_of))))
        elif what == 6:
            ground.add(InFlightExitStarted(keccak(flying.transaction.hash), flying.transaction.packed, (exit_of,)))
            games.append(flying.transaction.hash)
        elif games:
            hashed = dice.choice(games)
            ground.add(dice.choice((InFlightExitProcessed(keccak(hashed)), ExitPaid(output_id(hashed, 0)))))
        if dice.random() < 0.5:
            operator.checkpoints.after = dice.choice((1, 1 << 20))
            operator.step()
    home.ground = ground
    home.close()
    plain = home.folder.with_name("plain")
    shutil.copytree(home.folder, plain)
    shutil.rmtree(plain / "ledger")
    kept, replayed = home.start(), home.start(plain)
    assert kept.checkpoints.fault == replayed.checkpoints.fault == ""
    assert (kept.checkpoints.number > 0) is home.copy.exists()
    assert seen(kept) == seen(replayed)
    home.close()


# ------------------------------------------------------------------------------------------------- what is not believed


@pytest.mark.parametrize(
    "harm",
    [
        spoil,
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes() + b"\0"),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes().replace(b"ledger 1", b"ledger 9", 1)),
    ],
    ids=["bit", "short", "long", "empty", "format"],
)
def test_a_copy_that_is_torn_or_damaged_is_put_away_and_said(home: Home, caplog, harm) -> None:
    before = seen(blocks(home, 3))
    home.close()
    harm(home.copy)
    again = home.start()
    assert seen(again) == before
    assert "truncated, damaged" in again.checkpoints.fault
    assert "all blocks are replayed" in caplog.text
    assert not home.copy.exists()
    # The next step keeps another one.
    again.step()
    assert home.copy.exists()


def test_what_was_never_written_is_refused_though_its_checksum_is_right() -> None:
    for rest in (b"", b"\1" * 8, (1 << 60).to_bytes(8, "little"), bytes(8 * 3)):
        with pytest.raises(MalformedError):
            Checkpoint.decode(_MAGIC + sha256(rest).digest() + rest, IDENTITY)


def test_a_copy_of_another_contract_is_put_away(home: Home) -> None:
    operator = blocks(home, 2)
    before = seen(operator)
    frozen = operator.books.freeze(bytes(32))
    home.close()
    home.copy.write_bytes(frozen.encode("0x" + "22" * 20 + " on chain 1"))
    again = home.start()
    assert "22 on chain 1" in again.checkpoints.fault
    assert seen(again) == before


def test_a_copy_of_blocks_that_the_journal_does_not_have_is_put_away(home: Home) -> None:
    operator = blocks(home, 1)
    old = home.folder.with_name("backup")
    home.close()
    shutil.copytree(home.folder, old)
    operator = blocks(home, 1)
    assert operator.checkpoints.number == 2
    home.close()
    # The journal comes from a backup, the copy does not.
    shutil.copytree(home.folder / "ledger", old / "ledger", dirs_exist_ok=True)
    home.ground.take_back(1)
    again = home.start(old)
    assert "does not stand for" in again.checkpoints.fault
    assert again.ledger.head == 1


def test_a_copy_on_deposits_that_the_chain_took_back_is_put_away(home: Home) -> None:
    operator = blocks(home, 1)
    home.ground.deposit(PAYER, 500)
    operator.follow()
    operator.checkpoints.number = 0
    operator.step()
    home.close()
    home.ground.take_back(1)
    # One that no block spends may be another by now: the copy has the old one.
    home.ground.deposit(PAYEE, 70)
    again = home.start()
    assert "deposits that the chain does not have" in again.checkpoints.fault
    assert sorted(one.amount for one in outputs_of(again, PAYEE).values()) == [60, 70]
    assert 500 not in {one.amount for one in outputs_of(again, PAYER).values()}


def test_a_deposit_of_the_copy_that_nobody_spends_and_is_gone_does_not_count(home: Home) -> None:
    operator = blocks(home, 1)
    home.ground.deposit(PAYER, 500)
    operator.follow()
    operator.checkpoints.number = 0
    operator.step()
    home.close()
    home.ground.take_back(1)
    again = home.start()
    assert (again.checkpoints.fault, again.checkpoints.number) == ("", 1)
    assert again.ledger.deposits == 1
    # It comes again, and is given to its owner once.
    again.chain.deposit(PAYER, 500)
    again.follow()
    assert [one.amount for one in outputs_of(again, PAYER).values()] == [40, 500]


def test_a_copy_makes_no_deposit_count_before_its_time(home: Home) -> None:
    operator = blocks(home, 1)
    home.ground.deposit(PAYER, 500)
    operator.follow()
    operator.checkpoints.number = 0
    operator.step()
    home.close()
    deep = home.start(margin=5)
    assert deep.checkpoints.number == 1
    assert deep.ledger.deposits == 1, "only the one that a block spends"


def test_a_spent_deposit_that_is_gone_stops_the_start_as_ever(home: Home) -> None:
    blocks(home, 1)
    home.close()
    home.ground.take_back(2)
    with pytest.raises(BlockLost, match="spends deposit 1"):
        home.start()
    assert not home.copy.exists()


def test_a_disk_that_refuses_the_copy_stops_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    operator = blocks(home, 1, after=1 << 20)
    operator.checkpoints.after = 1

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        operator.step()
    assert "no space" in operator.checkpoints.fault
    assert not home.copy.exists()
    home.close()
    assert home.start().ledger.head == 1


# ------------------------------------------------------------------------------------------------------- the ledger


def ledger_of(*owners: bytes, kept: bool = True) -> UtxoSet:
    ledger = UtxoSet(owners=kept)
    for number, owner in enumerate(owners, 1):
        ledger.deposit(Deposit(number, owner, 0, 5, 1))
    return ledger


def test_a_ledger_takes_no_place_of_one_on_other_deposits() -> None:
    first = ledger_of(raw(PAYER), raw(PAYEE))
    for other in (ledger_of(raw(PAYEE), raw(PAYEE)), ledger_of(raw(PAYER), raw(PAYER))):
        before = other.pack()
        assert not other.unpack(first.pack())
        assert other.pack() == before
    assert ledger_of(raw(PAYER)).unpack(first.pack())
    assert ledger_of(raw(PAYER), raw(PAYEE), raw(PAYEE)).unpack(first.pack())


@pytest.mark.parametrize("cut", range(6))
def test_pieces_that_are_no_ledger_change_nothing(cut: int) -> None:
    pieces = ledger_of(raw(PAYER)).pack()
    ledger = ledger_of(raw(PAYER))
    before = ledger.pack()
    for wrong in (pieces[:cut], [*pieces[:cut], b"\1\2\3", *pieces[cut + 1 :]]):
        with pytest.raises(MalformedError):
            ledger.unpack(wrong)
    assert ledger.pack() == before


def test_a_ledger_with_owners_is_none_without() -> None:
    with pytest.raises(MalformedError, match="another kind"):
        ledger_of(raw(PAYER), kept=False).unpack(ledger_of(raw(PAYER)).pack())


def test_nothing_is_kept_without_a_folder() -> None:
    checkpoints = CheckpointStore(None, IDENTITY, "watcher")
    assert not checkpoints.due(1 << 40)
    checkpoints.save(Checkpoint(1, bytes(32), {}, ledger_of().pack()))
    assert checkpoints.load() is None
