"""Errors of the store."""

from __future__ import annotations

from layer2.primitives.errors import FatalError, RecoverableError


class JournalError(FatalError):
    """The journal cannot be used."""


class JournalCorrupt(JournalError):
    """The journal's content differs from the data once written."""


class JournalVersion(JournalError):
    """The journal is of another kind or of a newer schema."""


class JournalLocked(JournalError):
    """Another process holds the journal."""


class JournalMissing(JournalError):
    """A required journal does not exist."""


class JournalFull(RecoverableError):
    """The disk is full; the last group of writes was discarded."""
