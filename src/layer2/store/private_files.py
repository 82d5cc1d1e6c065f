"""Files and folders that only their owner can read: what a node keeps says who pays whom, and what it would sign."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

__all__ = ["make_folder", "open_private", "private_database"]

_FOLDER, _FILE = 0o700, 0o600


def make_folder(path: str | Path) -> Path:
    """Make a folder and those above it that are missing, each for its owner alone; one that is there stays as it is."""
    folder = Path(path)
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=_FOLDER, exist_ok=True)
    if not folder.is_dir():
        raise NotADirectoryError(20, "Not a directory", str(folder))
    return folder


def open_private(path: str | Path) -> BinaryIO:
    """Open a file to be written anew, readable by its owner alone from the first byte on."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _FILE)
    try:
        os.fchmod(handle, _FILE)
        return os.fdopen(handle, "wb")
    except BaseException:
        os.close(handle)
        raise


def private_database(path: str | Path) -> None:
    """Make the file of a database, and its folder, before SQLite does, which gives the files beside it the same rights.

    One that is there is not opened: to close it again would drop the locks that this process holds on it.
    """
    make_folder(Path(path).parent)
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE))
    except FileExistsError:
        with contextlib.suppress(PermissionError):  # of another owner: as it was given to us
            os.chmod(path, _FILE)
