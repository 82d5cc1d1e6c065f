"""Sources of block bodies: operators, mirrors, other watchers, folders. Every body is verified by the caller."""

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
"""Maximum length of a body in bytes."""
_BUDGET = 60.0
"""Seconds that a source may use in one round without returning a body."""


class BodySource(Protocol):
    """A source that may have block bodies; it may fail in any way."""

    def body(self, number: int) -> bytes | None:
        """Return the body of a block (`layer2.plasma.protocol.blocks.encode_body`); None if it is not available."""


class LocalBodies:
    """The files of an operator in this process; `path(number)` returns a body's path (`BlockStore`)."""

    def __init__(self, store: _HasPaths) -> None:
        self._store = store

    def __repr__(self) -> str:
        return f"<LocalBodies {self._store}>"

    def body(self, number: int) -> bytes | None:
        """Return the contents of the block's file; None if the operator has not made the block."""
        if not 0 < number <= len(self._store):
            return None
        return self._store.path(number).read_bytes()


class FolderBodies:
    """A folder of bodies as an operator stores them (`Made.name`), or a copy; another process may use it."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._turns: dict[int, int] = {}

    def __repr__(self) -> str:
        return f"<FolderBodies {self.folder}>"

    def body(self, number: int) -> bytes | None:
        """Return the contents of the block's file; several versions of a remade block are returned in turn."""
        if not self.folder.is_dir():
            raise InputError(
                f"no folder of block data at {self.folder}", hint="name a source: --operator URL or FOLDER"
            )
        found = sorted(self.folder.glob(f"{number:012d}-*.body"))
        if not found:
            return None
        turn = self._turns[number] = self._turns.get(number, -1) + 1
        with found[turn % len(found)].open("rb") as file:
            return file.read(MOST_BYTES + 1)


class Sources:
    """Several sources, queried in order; none can block the others for long or flood a log.

    Args:
        budget: seconds that a source may use in a round without returning a body, before it is skipped for that round.
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
        """Start a new round, in which all sources are queried again."""
        self._lost.clear()

    def ask(self, number: int, read: Callable[[bytes], T]) -> tuple[T | None, list[str]]:
        """Return the result of `read` for the first body that it accepts, and new errors of the sources.

        Args:
            read: decodes a body, or raises an exception to reject it.

        Returns:
            The result, or None if no source has an acceptable body; and the errors, each reported once until its source
                recovers.
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
            except Exception as failure:  # an untrusted source may cause any exception
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
