"""Exclusive use of a database file: one process at a time, by whatever name it reaches the file."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from layer2.store.errors import JournalError, JournalLocked
from layer2.store.private_files import make_folder

__all__ = ["Holder"]

_OWNER_ONLY = 0o600


class Holder:
    """Two locks on one database: a file beside it, and the database itself.

    The file beside it lies where the database really is, so that a symbolic link leads to the same one. The lock on
    the database itself serves where a hard link gives it a second folder. Both files are readable by their owner only.

    Raises:
        JournalError: the place cannot be used. JournalLocked: another process, or this one, holds the database.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self._kind = kind
        self._handles: list[int] = []
        try:
            make_folder(path.parent)
            self.path = path.resolve()
            """Where the database really is."""
            make_folder(self.path.parent)
            # First the one beside: closing a handle of the database would drop SQLite's own locks in this process.
            self._take(f"{self.path}.lock")
            self._take(str(self.path))
        except OSError as error:
            self.release()
            raise JournalError(f"cannot use {path}: {error.strerror}") from error
        except BaseException:
            self.release()
            raise

    def __repr__(self) -> str:
        return f"<Holder {self.path} held={len(self._handles) == 2}>"

    def release(self) -> None:
        """Let another take the database. SQLite must have closed it before."""
        for handle in reversed(self._handles):
            os.close(handle)
        self._handles.clear()

    def _take(self, name: str) -> None:
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _OWNER_ONLY)
        self._handles.append(handle)
        with contextlib.suppress(PermissionError):  # of another owner: as it was given to us
            os.fchmod(handle, _OWNER_ONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JournalLocked(
                f"the {self._kind} journal {name.removesuffix('.lock')} is held by another process",
                hint="stop that process first",
            ) from error
