"""A disk that loses what was not synchronised when the power fails: names with their folder, and bytes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

__all__ = ["Disk"]


class Disk:
    """Watches what is synchronised: `survives` says what a file would hold after the power has failed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._bytes: dict[int, bytes] = {}
        self._names: dict[tuple[int, str], int] = {}
        self._fsync = os.fsync
        monkeypatch.setattr(os, "fsync", self.sync)

    def sync(self, handle: int) -> None:
        """What `os.fsync` does, and notes."""
        self._fsync(handle)
        what = os.fstat(handle)
        if not stat.S_ISDIR(what.st_mode):
            self._bytes[what.st_ino] = Path(f"/proc/self/fd/{handle}").read_bytes()
            return
        for known in [one for one in self._names if one[0] == what.st_ino]:
            del self._names[known]
        with os.scandir(handle) as entries:
            for one in entries:
                self._names[what.st_ino, one.name] = one.inode()

    def survives(self, path: Path) -> bytes | None:
        """The bytes of a file; None where its name, or that of its folder, would be lost."""
        if not self.keeps(path):
            return None
        return self._bytes.get(self._names[path.parent.stat().st_ino, path.name])

    def keeps(self, path: Path) -> bool:
        """Whether a name would be there."""
        return (path.parent.stat().st_ino, path.name) in self._names
