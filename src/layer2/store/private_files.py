"""Files and folders that only their owner can read, because a node's data reveals payments and future signatures."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

__all__ = ["make_folder", "open_private", "private_database"]

_FOLDER, _FILE = 0o700, 0o600


def make_folder(path: str | Path) -> Path:
    """Create a folder and its missing parents, each accessible to its owner only; an existing folder is unchanged."""
    folder = Path(path)
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=_FOLDER, exist_ok=True)
    if not folder.is_dir():
        raise NotADirectoryError(20, "Not a directory", str(folder))
    return folder


def open_private(path: str | Path) -> BinaryIO:
    """Create or truncate a file for writing, readable by its owner only from the first byte on."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _FILE)
    try:
        os.fchmod(handle, _FILE)
        return os.fdopen(handle, "wb")
    except BaseException:
        os.close(handle)
        raise


def private_database(path: str | Path) -> None:
    """Create the file of a database, and its folder, before SQLite does, because its other files inherit the mode.

    An existing file is not opened, because closing it again would drop the locks that this process holds on it.
    """
    make_folder(Path(path).parent)
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE))
    except FileExistsError:
        with contextlib.suppress(PermissionError):  # the file has another owner: keep its mode
            os.chmod(path, _FILE)
