"""Errors of the store."""

from __future__ import annotations

from layer2.primitives.errors import FatalError, RecoverableError


class JournalError(FatalError):
    """The journal cannot be used."""


class JournalCorrupt(JournalError):
    """The journal does not hold what was once written."""


class JournalVersion(JournalError):
    """The journal is of another kind or of a newer schema."""


class JournalLocked(JournalError):
    """Another process holds the journal."""


class JournalMissing(JournalError):
    """There should be a journal and there is none."""


class JournalFull(RecoverableError):
    """There is no room to write; nothing of the last group was kept."""
