"""Record of mutation verdicts, and of the code for which each was found.

`mutants/verdicts.json` holds one line per mutation that was killed or is equivalent: the verdict, and a checksum of the
mutated file, the mutation and the named tests at that time. A verdict is current as long as the checksum matches. Code
that both depend on is not included, so that a full run judges every mutation. `--stale` judges only mutations without a
current verdict, which continues an interrupted campaign.
"""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path
from typing import Protocol


class Listed(Protocol):
    """Properties of a mutation that the record uses."""

    @property
    def id(self) -> str:
        """Name of the mutation in the list."""

    @property
    def file(self) -> str:
        """Path of the mutated file, relative to the project."""

    @property
    def old(self) -> str:
        """Text that the mutation replaces."""

    @property
    def new(self) -> str:
        """Replacement text."""

    @property
    def tests(self) -> tuple[str, ...]:
        """Test files, folders, or `file::function`."""


def checksum(root: Path, mutant: Listed) -> str:
    """Return the first 16 hex digits of the SHA-256 of a mutation with its file and its tests."""
    digest = hashlib.sha256(json.dumps([mutant.file, mutant.old, mutant.new, *mutant.tests]).encode())
    paths = [root / mutant.file]
    for test in mutant.tests:
        path = root / test.partition("::")[0]
        paths += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


class Record:
    """The stored verdicts. Thread-safe; every verdict is written immediately."""

    def __init__(self, path: Path, root: Path) -> None:
        self._path, self._root = path, root
        self._lock = threading.Lock()
        self._rows: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def is_current(self, mutant: Listed) -> bool:
        """Return True if the verdict was found for the current code and tests."""
        return self._rows.get(mutant.id, ["", ""])[1] == checksum(self._root, mutant)

    def keep(self, mutant: Listed, word: str) -> None:
        """Store a verdict, replacing an earlier one; "" removes it."""
        with self._lock:
            if word:
                self._rows[mutant.id] = [word, checksum(self._root, mutant)]
            else:
                self._rows.pop(mutant.id, None)
            self._write()

    def forget(self, known: set[str]) -> None:
        """Remove the verdicts of mutations that are no longer listed."""
        with self._lock:
            if set(self._rows) - known:
                self._rows = {name: row for name, row in self._rows.items() if name in known}
                self._write()

    def _write(self) -> None:
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in sorted(self._rows.items()))
        self._path.write_text("{\n" + lines + "\n}\n", encoding="utf-8")
