"""The event log: bound to one contract, replayed in order, and refused if a row means nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from layer2.node.event_log import EventLog
from layer2.primitives.rejections import JournalMismatch
from layer2.store.errors import JournalCorrupt, JournalLocked
from layer2.store.journal import Journal

KIND = "node"


class Numbers:
    """Numbers as rows."""

    def encode(self, event: int) -> tuple[str, bytes]:
        return "number", b"%d" % event

    def decode(self, stream: str, payload: bytes) -> int:
        if stream != "number":
            raise KeyError(stream)
        return int(payload)


def opened(source: Path | Journal, bound_to: str = "here") -> EventLog[int]:
    return EventLog(source, Numbers(), kind=KIND, bound_to=bound_to, recovery="start again", size_of=abs)


def numbers(log: EventLog[int]) -> list[int]:
    found: list[int] = []
    log.replay(found.append)
    return found


def test_events_are_replayed_in_order_and_measured(tmp_path: Path) -> None:
    log = opened(tmp_path / "log")
    log.append(3, 4)
    log.commit()
    log.append(5)
    log.discard()
    log.close()
    again = opened(tmp_path / "log")
    assert again.size == 0
    assert numbers(again) == [3, 4]
    assert again.size == 7
    again.rewrite([9])
    assert (numbers(again), again.size) == ([9], 9)
    again.close()


@pytest.mark.parametrize(("stream", "payload"), [("number", b"one"), ("what", b"1")])
def test_a_row_that_means_nothing_is_refused(tmp_path: Path, stream: str, payload: bytes) -> None:
    log = opened(tmp_path / "log")
    log.append(1)
    log.commit()
    log.journal.append_durable(stream, payload)
    with pytest.raises(JournalCorrupt, match="row 2") as raised:
        numbers(log)
    assert raised.value.hint == "start again"
    log.close()


def test_an_event_that_cannot_be_applied_is_refused(tmp_path: Path) -> None:
    log = opened(tmp_path / "log")
    log.append(1)
    log.commit()
    with pytest.raises(JournalCorrupt, match="row 1"):
        log.replay({}.__getitem__)
    log.close()


def test_a_log_of_another_contract_is_refused_and_let_go(tmp_path: Path) -> None:
    opened(tmp_path / "log").close()
    with pytest.raises(JournalMismatch, match="is of here, this is there"):
        opened(tmp_path / "log", "there")
    opened(tmp_path / "log").close()


def test_only_a_journal_that_it_opened_is_closed(tmp_path: Path) -> None:
    with Journal(tmp_path / "log", kind=KIND) as journal:
        opened(journal).close()
        log = opened(journal)
        with pytest.raises(JournalMismatch):
            opened(journal, "there")
        log.append(1)
        log.commit()
        with pytest.raises(JournalLocked):
            opened(tmp_path / "log")
    log = opened(tmp_path / "log")
    assert numbers(log) == [1]
    log.close()
    opened(tmp_path / "log").close()
