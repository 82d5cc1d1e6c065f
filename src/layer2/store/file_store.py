"""Large items as files of a folder, written atomically, durable when `put` returns, verified when read."""

from __future__ import annotations

import os
import re
from hashlib import sha256
from pathlib import Path

from layer2.store.errors import JournalCorrupt, JournalError, JournalFull
from layer2.store.fault_points import fault_point
from layer2.store.private_files import make_folder, open_private

__all__ = ["FileStore"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
_NO_ROOM = (28, 122)
"""Error numbers of a full disk: ENOSPC, EDQUOT."""


class FileStore:
    """Items by name in a dedicated folder. Safe to use from several threads that write different items.

    Raises:
        JournalError: the folder cannot be used.
        JournalFull: the disk is full; the item is not stored.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        try:
            self._make_folder()
            for left in self.folder.glob("*.part"):
                # Left by an interrupted write that was never acknowledged.
                left.unlink()
        except OSError as failure:
            raise self._refused(failure) from failure

    def __repr__(self) -> str:
        return f"<FileStore {self.folder}>"

    def path(self, name: str) -> Path:
        """Return the path of an item, which need not exist; raise JournalError for an invalid name."""
        if not _NAME.fullmatch(name) or name.endswith(".part"):
            raise JournalError(f"{name!r:.60} is not a valid name", hint="use letters, digits, dots and dashes")
        return self.folder / name

    def put(self, name: str, data: bytes) -> bytes:
        """Store an item, replacing one of the same name, and return its SHA-256. Durable on return."""
        target = self.path(name)
        part = target.with_name(f"{name}.part")
        try:
            with open_private(part) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            fault_point("files.before-rename")
            part.replace(target)
            _sync(self.folder)
        except OSError as failure:
            part.unlink(missing_ok=True)
            raise self._refused(failure) from failure
        return sha256(data).digest()

    def get(self, name: str, checksum: bytes) -> bytes | None:
        """Return an item, or None if it does not exist; raise JournalCorrupt if its checksum differs."""
        path = self.path(name)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as failure:
            raise self._refused(failure) from failure
        if sha256(data).digest() != checksum:
            raise JournalCorrupt(f"{path} does not match its checksum", hint="restore it from a backup or a copy")
        return data

    def __contains__(self, name: str) -> bool:
        return self.path(name).exists()

    def drop(self, name: str) -> None:
        """Delete an item, if it exists."""
        self.path(name).unlink(missing_ok=True)

    def _make_folder(self) -> None:
        """Create the folder and its missing parents; durable on return."""
        missing = [one for one in (self.folder, *self.folder.parents) if not one.exists()]
        make_folder(self.folder)
        for one in missing:
            _sync(one.parent)

    def _refused(self, failure: OSError) -> Exception:
        if failure.errno in _NO_ROOM:
            return JournalFull(f"no space to write to {self.folder}", hint="free disk space and try again")
        return JournalError(f"cannot use {self.folder}: {failure.strerror or failure}", hint="use another folder")


def _sync(folder: Path) -> None:
    """Make the names in a folder durable, because a file is found only by its name."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
