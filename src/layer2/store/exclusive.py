"""Exclusive use of a database file by one process at a time, for all paths that lead to the file."""

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
    """Two locks on one database: one on a file next to it, and one on the database itself.

    The lock file is next to the resolved path of the database, so that symbolic links share it. The lock on the
    database itself covers hard links in other folders. Both files are readable by their owner only.

    Raises:
        JournalError: the path cannot be used.
        JournalLocked: another process, or this one, holds the database.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self._kind = kind
        self._handles: list[int] = []
        try:
            make_folder(path.parent)
            self.path = path.resolve()
            """Resolved path of the database."""
            make_folder(self.path.parent)
            # The lock file comes first: closing a handle of the database would drop SQLite's own locks in this process.
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
        """Release both locks. SQLite must have closed the database before."""
        for handle in reversed(self._handles):
            os.close(handle)
        self._handles.clear()

    def _take(self, name: str) -> None:
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _OWNER_ONLY)
        self._handles.append(handle)
        with contextlib.suppress(PermissionError):  # the file has another owner: keep its mode
            os.fchmod(handle, _OWNER_ONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JournalLocked(
                f"the {self._kind} journal {name.removesuffix('.lock')} is held by another process",
                hint="stop that process first",
            ) from error
