"""The intake: everything of a commit is pending and durable, or nothing of it is."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from tests.support.full_disk import fill, make_room

from layer2.node.event_log import EventLog
from layer2.node.intake import Accepted, Dropped, Intake, RecordCodec, accepted, records_in
from layer2.node.tx_status import TxStatus, TxStatusIndex
from layer2.primitives.errors import InputError, Layer2Error
from layer2.primitives.rejections import Rejected
from layer2.store.errors import JournalFull
from layer2.store.journal import Journal

KIND = "node"


def hashed(record: bytes) -> bytes:
    return sha256(record).digest()


def split(row: bytes) -> list[bytes]:
    if len(row) % 4:
        raise InputError(f"{len(row)} bytes are no records")
    return [row[at : at + 4] for at in range(0, len(row), 4)]


CODEC = RecordCodec(b"".join, split, lambda records: [hashed(one) for one in records])


class Pool:
    """Takes every record once, but none that begins with 'x'; 'stop' interrupts."""

    def __init__(self) -> None:
        self.most = 10
        self.pending: dict[bytes, bytes] = {}

    def admit(self, batch: list[bytes]) -> list[Layer2Error | None]:
        results: list[Layer2Error | None] = []
        for record in batch:
            if record == b"stop":
                raise KeyboardInterrupt
            results.append(Rejected("no") if record.startswith(b"x") else None)
            if results[-1] is None:
                self.pending.setdefault(hashed(record), record)
        return results

    def remove(self, key: bytes) -> None:
        self.pending.pop(key, None)


class Node:
    """An intake with its parts, on the journal at a path."""

    def __init__(self, path: Path) -> None:
        self.log: EventLog[Accepted | Dropped] = EventLog(
            path, CODEC, kind=KIND, bound_to="here", recovery="none", size_of=records_in
        )
        self.pool = Pool()
        self.rolled_back = 0
        self.intake: Intake[list[bytes], bytes] = Intake(
            self.log, self.pool, TxStatusIndex(), self.pool.admit, bytes, "node", rolled_back=self.roll_back
        )

    def roll_back(self) -> None:
        self.rolled_back += 1

    def stored(self) -> list[object]:
        found: list[object] = []
        self.log.replay(found.append)
        return found


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    one = Node(tmp_path / "journal")
    yield one
    one.log.close()


def test_valid_records_are_pending_and_durable_and_invalid_ones_are_neither(node: Node) -> None:
    results = node.intake.accept([[b"aaaa", b"xxxx"], [b"bbbb", b"aaaa"]])
    assert [[one is None for one in batch] for batch in results] == [[True, False], [True, True]]
    assert list(node.pool.pending.values()) == node.intake.rows() == [b"aaaa", b"bbbb"]
    assert node.stored() == [Accepted([b"aaaa", b"bbbb"])]
    assert node.log.size == 2
    assert node.intake.tx_status(hashed(b"aaaa")) == TxStatus("pending")
    assert node.intake.tx_status(hashed(b"xxxx")) is None


def test_nothing_is_written_if_nothing_is_accepted(node: Node) -> None:
    node.intake.accept([[b"xxxx"]])
    assert node.stored() == []


def test_on_a_full_disk_nothing_is_pending_and_older_records_stay(node: Node) -> None:
    node.intake.accept([[b"aaaa"]])
    fill(node.log.journal)
    with pytest.raises(JournalFull):
        node.intake.accept([[b"bbbb"], [b"%04d" % number for number in range(2_000)]])
    assert (node.intake.rows(), node.rolled_back) == ([b"aaaa"], 1)
    make_room(node.log.journal)
    node.intake.accept([[b"bbbb"]])
    assert (node.intake.rows(), node.rolled_back) == ([b"aaaa", b"bbbb"], 1)
    rows = [one for one in node.stored() if isinstance(one, Accepted)]
    assert rows == [Accepted([b"aaaa"]), Accepted([b"bbbb"])]


def test_an_interrupted_commit_leaves_nothing_behind_for_the_next_one(node: Node) -> None:
    def more(_: object) -> Iterator[object]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        node.intake.accept([[b"aaaa"], [b"bbbb", b"stop"]])
    with pytest.raises(KeyboardInterrupt):
        node.intake.accept([[b"aaaa"]], more)
    node.log.append(Accepted([b"cccc"]))
    with pytest.raises(KeyboardInterrupt):
        node.intake.accept([[b"aaaa"]], more)
    assert node.intake.rows() == []
    node.intake.accept([[b"dddd"]])
    assert node.stored() == [Accepted([b"dddd"])]


def test_further_events_share_the_commit(node: Node) -> None:
    more = Dropped(bytes(32), "why")
    node.intake.accept([[b"aaaa"]], lambda results: [more] if results == [[None]] else [])
    node.intake.accept([[b"xxxx"]], lambda results: [more] if results == [[None]] else [])
    assert node.stored() == [Accepted([b"aaaa"]), more]


def test_a_halted_intake_accepts_nothing(node: Node) -> None:
    node.intake.halted = Rejected("halted")
    with pytest.raises(Rejected, match="halted"):
        node.intake.accept([[b"aaaa"]])
    assert (node.intake.rows(), node.stored()) == ([], [])


def test_a_dropped_transaction_is_durable_says_why_and_may_be_accepted_again(node: Node) -> None:
    node.intake.accept([[b"aaaa", b"bbbb"]])
    node.intake.drop({hashed(b"aaaa"): Rejected("spent")}, 3)
    node.intake.drop({})
    assert node.intake.tx_status(hashed(b"aaaa")) == TxStatus("dropped", 3, reason="spent")
    assert node.intake.rows() == [b"bbbb"]
    assert node.stored()[1:] == [Dropped(hashed(b"aaaa"), "spent")]
    node.intake.accept([[b"aaaa"]])
    assert node.intake.tx_status(hashed(b"aaaa")) == TxStatus("pending")
    node.pool.remove(hashed(b"aaaa"))
    assert node.intake.tx_status(hashed(b"aaaa")) is None


def test_what_cannot_be_dropped_durably_stays_pending(node: Node) -> None:
    node.intake.accept([[b"aaaa"]])
    fill(node.log.journal)
    with pytest.raises(JournalFull):
        node.intake.drop({hashed(b"aaaa"): "spent"})
    assert node.intake.tx_status(hashed(b"aaaa")) == TxStatus("pending")


def test_many_records_are_split_into_rows(tmp_path: Path) -> None:
    records = [b"%04d" % number for number in range(2049)]
    assert [len(one.records) for one in accepted(records)] == [1024, 1024, 1]
    assert accepted([]) == []


def test_another_holder_sees_what_was_accepted_before_the_answer(node: Node, tmp_path: Path) -> None:
    node.intake.accept([[b"aaaa"]])
    node.log.close()
    assert Node(tmp_path / "journal").stored() == [Accepted([b"aaaa"])]
    with Journal(tmp_path / "other", kind=KIND) as journal:
        assert list(journal.read()) == []
