"""A disk that is full for one journal, and has room again."""

from __future__ import annotations

import pytest

from layer2.store.errors import JournalFull
from layer2.store.journal import Journal


def fill(journal: Journal) -> None:
    """Leave no room for anything more."""
    (pages,) = journal._database.execute("PRAGMA page_count").fetchone()
    journal._database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalFull):
        for _ in range(1_000):
            journal.append_durable("drop", bytes(64))  # a transaction that was never accepted


def make_room(journal: Journal) -> None:
    """The disk has room again."""
    journal._database.execute("PRAGMA max_page_count = 1000000")
