"""Batching of submissions: many are verified together and made durable with one commit.

Submissions are accepted in order of arrival, whichever is verified first, so an account's nonces keep their order.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from layer2.api.http.errors import Busy
from layer2.primitives.errors import Layer2Error

__all__ = ["Answer", "BatchingIntake", "Validator"]

_ROUND = 1_024
"""Maximum number of operations in a batch; a request is never split."""
_ABREAST = 4
"""Number of batches verified concurrently: enough to keep all workers busy."""
_MOST_WAITING = 65_536


class Validator(Protocol):
    """Component that verifies and accepts operations: a rollup sequencer or a plasma operator."""

    def verify_batch(self, records: Sequence[bytes]) -> Any:
        """Verify signatures without accepting anything; the batch has `digests`, the ids of the operations."""
        ...

    def accept(self, batches: Sequence[Any]) -> list[list[Layer2Error | None]]:
        """Accept several verified submissions, in order and with one commit; durable on return."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """Result of one request: the digest and an error or None for each operation."""

    digests: list[bytes]
    refusals: list[Layer2Error | None]


@dataclass(slots=True)
class _Request:
    records: Sequence[bytes]
    answer: asyncio.Future[Answer]


class BatchingIntake:
    """Batching intake of submissions, bound to one event loop; `close` completes pending requests."""

    def __init__(self, taker: Validator) -> None:
        self.taker = taker
        self._waiting: deque[_Request] = deque()
        self._rounds: asyncio.Queue[tuple[list[_Request], asyncio.Future[Any]] | None] = asyncio.Queue()
        self._judges = ThreadPoolExecutor(_ABREAST, "layer2-judge")
        self._clerk = ThreadPoolExecutor(1, "layer2-clerk")
        self._abreast = 0
        self._inside = 0
        self._closing = False
        self._task = asyncio.get_running_loop().create_task(self._write())

    def __repr__(self) -> str:
        return f"<BatchingIntake operations={self._inside}>"

    async def submit(self, records: Sequence[bytes]) -> Answer:
        """Accept all valid operations; they are durable on return.

        Raises:
            Busy: too many operations are waiting; nothing was accepted.
            Exception: any error of the journal; nothing was accepted.
        """
        if self._closing or self._inside + len(records) > _MOST_WAITING:
            raise Busy(f"{self._inside} operations wait for verification", hint="try again in a second")
        request = _Request(records, asyncio.get_running_loop().create_future())
        self._inside += len(records)
        self._waiting.append(request)
        self._begin()
        try:
            # A client that disconnects must not cancel the other requests of its batch.
            return await asyncio.shield(request.answer)
        finally:
            request.answer.add_done_callback(lambda _: self._leave(len(records)))

    async def close(self) -> None:
        """Reject new requests and complete the pending ones."""
        self._closing = True
        while self._inside:
            await asyncio.sleep(0.01)
        self._rounds.put_nowait(None)
        await self._task
        self._judges.shutdown()
        self._clerk.shutdown()

    # ---------------------------------------------------------------------------------------------------- internals

    def _leave(self, count: int) -> None:
        self._inside -= count

    def _begin(self) -> None:
        """Start verifying waiting requests in batches, as far as verification slots are free."""
        while self._waiting and self._abreast < _ABREAST:
            requests, count = [self._waiting.popleft()], 0
            count = len(requests[0].records)
            while self._waiting and count + len(self._waiting[0].records) <= _ROUND:
                requests.append(self._waiting.popleft())
                count += len(requests[-1].records)
            records = [record for one in requests for record in one.records]
            self._abreast += 1
            work = asyncio.get_running_loop().run_in_executor(self._judges, self.taker.verify_batch, records)
            work.add_done_callback(self._judged)
            self._rounds.put_nowait((requests, work))

    def _judged(self, _: asyncio.Future[Any]) -> None:
        self._abreast -= 1
        self._begin()

    async def _write(self) -> None:
        """Accept batches in order; consecutive verified batches share one commit."""
        loop, ended = asyncio.get_running_loop(), False
        while not ended:
            taken = await self._rounds.get()
            rounds = []
            while taken is not None:
                rounds.append(taken)
                await asyncio.wait([taken[1]])
                if self._rounds.empty():
                    break
                taken = self._rounds.get_nowait()
                if taken is not None and not taken[1].done():
                    await self._accept(loop, rounds)
                    rounds = []
            ended = taken is None
            await self._accept(loop, rounds)

    async def _accept(
        self, loop: asyncio.AbstractEventLoop, rounds: list[tuple[list[_Request], asyncio.Future[Any]]]
    ) -> None:
        good = []
        for requests, work in rounds:
            fault = work.exception()
            if fault is not None:
                _fail(requests, fault)
            else:
                good.append((requests, work.result()))
        if not good:
            return
        try:
            results = await loop.run_in_executor(self._clerk, self.taker.accept, [batch for _, batch in good])
        except Exception as fault:  # passed to each request, which raises it
            for requests, _ in good:
                _fail(requests, fault)
            return
        for (requests, batch), refusals in zip(good, results, strict=True):
            at = 0
            for one in requests:
                end = at + len(one.records)
                if not one.answer.done():
                    one.answer.set_result(Answer(batch.digests[at:end], refusals[at:end]))
                at = end


def _fail(requests: list[_Request], fault: BaseException) -> None:
    for one in requests:
        if not one.answer.done():
            one.answer.set_exception(fault)
