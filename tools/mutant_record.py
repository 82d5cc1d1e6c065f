"""The record of judged mutations: which verdict was found, and for which code.

`mutants/verdicts.json` holds one line per mutation that was killed or is equivalent: the verdict, and a checksum of the
mutated file, of the mutation and of the named tests as they were then. A verdict is current while that checksum is.
What lies below both is not in it, so a full run judges everything; `--stale` judges only what has no current verdict,
which is how a campaign of hours is continued.
"""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path
from typing import Protocol


class Listed(Protocol):
    """What the record needs of a mutation."""

    @property
    def id(self) -> str:
        """Its name in the list."""

    @property
    def file(self) -> str:
        """The file it stands in, below the project."""

    @property
    def old(self) -> str:
        """What stands there."""

    @property
    def new(self) -> str:
        """What stands there with it."""

    @property
    def tests(self) -> tuple[str, ...]:
        """Test files, folders, or `file::function`."""


def checksum(root: Path, mutant: Listed) -> str:
    """The first 16 hex digits of the SHA-256 of a mutation with its file and its tests."""
    digest = hashlib.sha256(json.dumps([mutant.file, mutant.old, mutant.new, *mutant.tests]).encode())
    paths = [root / mutant.file]
    for test in mutant.tests:
        path = root / test.partition("::")[0]
        paths += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


class Record:
    """The verdicts on file. Thread-safe; every verdict is written at once."""

    def __init__(self, path: Path, root: Path) -> None:
        self._path, self._root = path, root
        self._lock = threading.Lock()
        self._rows: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def is_current(self, mutant: Listed) -> bool:
        """Whether its verdict was found for the code and the tests as they are."""
        return self._rows.get(mutant.id, ["", ""])[1] == checksum(self._root, mutant)

    def keep(self, mutant: Listed, word: str) -> None:
        """Write a verdict down, in place of any other; "" takes it out."""
        with self._lock:
            if word:
                self._rows[mutant.id] = [word, checksum(self._root, mutant)]
            else:
                self._rows.pop(mutant.id, None)
            self._write()

    def forget(self, known: set[str]) -> None:
        """Take out what is no longer listed."""
        with self._lock:
            if set(self._rows) - known:
                self._rows = {name: row for name, row in self._rows.items() if name in known}
                self._write()

    def _write(self) -> None:
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in sorted(self._rows.items()))
        self._path.write_text("{\n" + lines + "\n}\n", encoding="utf-8")
