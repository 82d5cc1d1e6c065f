"""Where bodies of blocks come from: operators, mirrors, other watchers, folders. Nothing they give is believed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from layer2.plasma.protocol.params import MAX_INPUTS, MAX_TRANSACTIONS
from layer2.primitives.errors import InputError, Layer2Error

__all__ = ["MOST_BYTES", "BodySource", "FolderBodies", "LocalBodies", "Sources"]

T = TypeVar("T")

MOST_BYTES = MAX_TRANSACTIONS * (2 + 7 + 4 * 8 + 4 * 34 + 32 + 64 * MAX_INPUTS)
"""No body is longer."""
_BUDGET = 60.0
"""Seconds that a source may cost in one round without giving a body."""


class BodySource(Protocol):
    """Somebody who may have bodies. It may fail in any way."""

    def body(self, number: int) -> bytes | None:
        """The body of a block (`layer2.plasma.protocol.blocks.encode_body`); None if it is not to be had."""


class LocalBodies:
    """Files of an operator in this process: `path(number)` says where a body lies (`BlockStore`)."""

    def __init__(self, store: _HasPaths) -> None:
        self._store = store

    def __repr__(self) -> str:
        return f"<LocalBodies {self._store}>"

    def body(self, number: int) -> bytes | None:
        """Read the file."""
        if not 0 < number <= len(self._store):
            return None
        return self._store.path(number).read_bytes()


class FolderBodies:
    """A folder of bodies, as an operator keeps it (`Made.name`), or a copy: it may be in use by another process."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._turns: dict[int, int] = {}

    def __repr__(self) -> str:
        return f"<FolderBodies {self.folder}>"

    def body(self, number: int) -> bytes | None:
        """Read the file; of several for one number (a block that became another) each in its turn."""
        if not self.folder.is_dir():
            raise InputError(f"no folder of bodies at {self.folder}", hint="name a source: --operator URL or FOLDER")
        found = sorted(self.folder.glob(f"{number:012d}-*.body"))
        if not found:
            return None
        turn = self._turns[number] = self._turns.get(number, -1) + 1
        with found[turn % len(found)].open("rb") as file:
            return file.read(MOST_BYTES + 1)


class Sources:
    """Several sources, asked one after the other; none can hold up the others for long, or fill a log.

    Args:
        budget: seconds that each may cost in a round without giving a body; then it is left out until the next one.
    """

    def __init__(
        self,
        sources: Sequence[BodySource],
        *,
        budget: float = _BUDGET,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sources = list(sources)
        self.budget = budget
        self._clock = clock
        self._lost: dict[int, float] = {}
        self._said: dict[tuple[int, int], str] = {}

    def __repr__(self) -> str:
        return f"<Sources {self.sources}>"

    def begin(self) -> None:
        """A new round: all are asked again."""
        self._lost.clear()

    def ask(self, number: int, read: Callable[[bytes], T]) -> tuple[T | None, list[str]]:
        """What `read` makes of the first body of a block that it does not refuse by raising; None if nobody has one.

        With it what is wrong with sources and was not said before: each thing once, until the source is well again.
        """
        said: list[str] = []
        for at, source in enumerate(self.sources):
            if self._lost.get(at, 0.0) > self.budget:
                continue
            begun, key = self._clock(), (at, 0)
            try:
                body = source.body(number)
                self._said.pop(key, None)
                if body is not None:
                    key = at, number
                    found = read(bytes(body))
                    self._said.pop(key, None)
                    return found, said
            except Exception as failure:  # whatever a stranger's answer makes of itself
                what = str(failure) if isinstance(failure, Layer2Error) else repr(failure)
                text = f"{source!r:.80}: {what:.200}"
                if self._said.get(key) != text:
                    self._said[key] = text
                    said.append(text)
            self._lost[at] = self._lost.get(at, 0.0) + self._clock() - begun
        return None, said


class _HasPaths(Protocol):
    def __len__(self) -> int: ...

    def path(self, number: int) -> Path: ...
