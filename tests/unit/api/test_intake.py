"""Requests that wait to be judged are bounded, and nobody is told of anything before it is written."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from layer2.api.http import batching as intake
from layer2.api.http.batching import Answer, BatchingIntake
from layer2.api.http.errors import Busy
from layer2.primitives.errors import Layer2Error


class Slow:
    """Judges, and writes, when it is let."""

    def __init__(self) -> None:
        self.judging, self.writing = threading.Event(), threading.Event()
        self.judging.set()
        self.writing.set()
        self.written: list[bytes] = []

    def verify_batch(self, records: Sequence[bytes]) -> Any:
        assert self.judging.wait(5)
        return SimpleNamespace(records=list(records), digests=list(records))

    def accept(self, batches: Sequence[Any]) -> list[list[Layer2Error | None]]:
        assert self.writing.wait(5)
        self.written += [record for one in batches for record in one.records]
        return [[None] * len(one.records) for one in batches]


def test_so_many_operations_wait_and_one_more_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "_MOST_WAITING", 5)

    async def run() -> None:
        taker = Slow()
        taker.judging.clear()
        taking = BatchingIntake(taker)
        first = asyncio.ensure_future(taking.submit([b"1", b"2", b"3"]))
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="3 operations wait for verification"):
            await taking.submit([b"4", b"5", b"6"])
        second = asyncio.ensure_future(taking.submit([b"4", b"5"]))
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="5 operations wait"):
            await taking.submit([b"6"])
        taker.judging.set()
        assert [one.digests for one in await asyncio.gather(first, second)] == [[b"1", b"2", b"3"], [b"4", b"5"]]
        await asyncio.sleep(0)
        # There is room again.
        assert (await taking.submit([b"6"])).refusals == [None]
        await taking.close()
        assert taker.written == [b"1", b"2", b"3", b"4", b"5", b"6"]

    asyncio.run(run())


def test_nobody_is_answered_before_its_operations_are_written() -> None:
    async def run() -> None:
        taker = Slow()
        taker.writing.clear()
        taking = BatchingIntake(taker)
        asked = asyncio.ensure_future(taking.submit([b"1"]))
        await asyncio.sleep(0.2)
        assert (asked.done(), taker.written) == (False, [])
        taker.writing.set()
        assert await asked == Answer([b"1"], [None])
        assert taker.written == [b"1"]
        await taking.close()

    asyncio.run(run())


def test_what_could_not_be_written_is_told_to_all_who_wait_for_it() -> None:
    class Full(Slow):
        def accept(self, batches: Sequence[Any]) -> list[list[Layer2Error | None]]:
            raise OSError("disk full")

    async def run() -> None:
        taking = BatchingIntake(Full())
        asked = [asyncio.ensure_future(taking.submit([bytes((at,))])) for at in range(3)]
        for one in asked:
            with pytest.raises(OSError, match="disk full"):
                await one
        await taking.close()

    asyncio.run(run())


def test_who_comes_as_it_closes_is_turned_away() -> None:
    async def run() -> None:
        taking = BatchingIntake(Slow())
        await taking.close()
        with pytest.raises(Busy):
            await taking.submit([b"1"])

    asyncio.run(run())
