"""Sources of bodies: each is asked in its turn, and none can hold up the others, or fill a log."""

from __future__ import annotations

from pathlib import Path

import pytest

from layer2.plasma.common.watcher import block_sources as watchsource
from layer2.plasma.common.watcher.block_sources import FolderBodies, Sources
from layer2.primitives.errors import InputError


class Source:
    """Answers as it is told, and takes its time by the clock of the test."""

    def __init__(self, clock: Clock, answer: bytes | Exception | None, seconds: float = 0.0) -> None:
        self.clock, self.answer, self.seconds, self.asked = clock, answer, seconds, 0

    def __repr__(self) -> str:
        return "<Source>"

    def body(self, number: int) -> bytes | None:
        self.asked += 1
        self.clock.time += self.seconds
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Clock:
    time = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


def good(body: bytes) -> bytes:
    if body != b"good":
        raise ValueError("none of it")
    return body


def test_the_first_that_has_it_gives_it(clock: Clock) -> None:
    none, has, other = Source(clock, None), Source(clock, b"good"), Source(clock, b"good")
    assert Sources([none, has, other]).ask(1, good) == (b"good", [])
    assert (none.asked, has.asked, other.asked) == (1, 1, 0)
    assert Sources([none]).ask(1, good) == (None, [])
    assert Sources([]).ask(1, good) == (None, [])


@pytest.mark.parametrize("answer", [b"bad", OSError("gone"), RecursionError(), InputError("what")])
def test_what_is_wrong_is_said_once_and_the_next_one_is_asked(clock: Clock, answer: bytes | Exception) -> None:
    liar, has = Source(clock, answer), Source(clock, b"good")
    sources = Sources([liar, has])
    found, said = sources.ask(1, good)
    assert (found, len(said)) == (b"good", 1)
    assert sources.ask(1, good) == (b"good", [])
    # Well again, and ill again: that is news.
    liar.answer = b"good"
    assert sources.ask(1, good) == (b"good", [])
    liar.answer = answer
    assert len(sources.ask(1, good)[1]) == 1


def test_a_source_that_is_away_is_named_once_for_all_blocks(clock: Clock) -> None:
    sources = Sources([Source(clock, OSError("gone"))])
    assert [len(sources.ask(number, good)[1]) for number in range(1, 100)] == [1] + [0] * 98


def test_who_takes_long_to_give_nothing_waits_for_the_next_round(clock: Clock) -> None:
    slow, has = Source(clock, OSError("late"), seconds=30), Source(clock, b"good", seconds=30)
    sources = Sources([slow, has], budget=60, clock=clock)
    for number in range(10):
        assert sources.ask(number, good)[0] == b"good"
    # What brings a body may take its time.
    assert (slow.asked, has.asked) == (3, 10)
    sources.begin()
    sources.ask(11, good)
    assert slow.asked == 4


def test_a_folder_has_what_lies_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no folder of block data"):
        FolderBodies(tmp_path / "none").body(1)
    source = FolderBodies(tmp_path)
    assert source.body(1) is None
    (tmp_path / "000000000001-00ff.body").write_bytes(b"one")
    (tmp_path / "000000000002-00ff.body.part").write_bytes(b"half")
    assert (source.body(1), source.body(2), source.body(-1)) == (b"one", None, None)
    monkeypatch.setattr(watchsource, "MOST_BYTES", 2)
    assert source.body(1) == b"one", "one byte more than there may be: it is found to be too long, and not read on"


def test_a_block_that_became_another_is_found_among_both(tmp_path: Path) -> None:
    (tmp_path / "000000000001-aaaa.body").write_bytes(b"bad")
    (tmp_path / "000000000001-bbbb.body").write_bytes(b"good")
    sources = Sources([FolderBodies(tmp_path)])
    assert b"good" in [sources.ask(1, good)[0] for _ in range(2)]
