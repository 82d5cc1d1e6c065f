"""The watcher's journal: events read, block verdicts, and the sync cursor, so that a restart restores the state."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from layer2.ethereum.contract import Contract
from layer2.ethereum.cursor import Cursor
from layer2.ethereum.records import Log
from layer2.primitives.addresses import to_address
from layer2.primitives.errors import Layer2Error
from layer2.primitives.hashing import keccak
from layer2.primitives.json_text import parse_json
from layer2.store.errors import JournalCorrupt
from layer2.store.journal import Journal, fault_point

__all__ = ["KIND", "WatcherStore"]

KIND = "plasma.watcher"
_RECOVERY = "move the journal away: the watcher reads all again from the chain"


class WatcherStore:
    """A journal with two kinds of rows, news and verdicts; without a file, nothing outlives the process.

    Raises:
        JournalMismatch: the journal belongs to another contract.
    """

    def __init__(self, journal: Journal | str | Path | None, identity: str) -> None:
        self._given = journal
        self.journal = None
        if journal is not None:
            self.journal = Journal.open(journal, kind=KIND, bound_to=identity, recovery=_RECOVERY)

    def __repr__(self) -> str:
        return f"<WatcherStore {self.journal}>"

    def close(self) -> None:
        """Close the journal, if it was opened here."""
        if self.journal is not None and self.journal is not self._given:
            self.journal.close()

    def cursor(self) -> Cursor | None:
        """Return the stored sync cursor; None if there is none."""
        raw = None if self.journal is None else self.journal.get_meta("cursor")
        return Cursor.from_bytes(raw) if raw else None

    def replay(self, news: Callable[[int, list[Log]], None], verdict: Callable[[int, bytes, str], None]) -> None:
        """Replay all rows in order.

        Args:
            news: called with the number of undone events and the new events.
            verdict: called with a block number, its header hash and its fault.
        """
        if self.journal is None:
            return
        for entry in self.journal.read():
            try:
                if entry.stream == "news":
                    removed, rows = parse_json(entry.payload)
                    logs = [_log_of(row) for row in rows]
                else:
                    number, header = int.from_bytes(entry.payload[:8], "big"), entry.payload[8:40]
                    wrong = entry.payload[40:].decode()
            except (ValueError, TypeError, KeyError, IndexError, Layer2Error) as fault:
                raise JournalCorrupt(
                    f"the {KIND} journal {self.journal.path} is damaged: row {entry.sequence} is not valid",
                    hint=_RECOVERY,
                ) from fault
            if entry.stream == "news":
                news(removed, logs)
            else:
                verdict(number, header, wrong)

    def note_news(self, removed: int, new: list[Log], cursor: Cursor) -> None:
        """Store events durably, with the sync cursor after them."""
        if self.journal is None:
            return
        fault_point("watcher.news.before")
        if removed or new:
            rows = [_row_of(log) for log in new]
            self.journal.append("news", json.dumps([removed, rows], separators=(",", ":")).encode())
        self.journal.put_meta("cursor", cursor.to_bytes())
        self.journal.commit()
        fault_point("watcher.news.durable")

    def note_verdict(self, number: int, header: bytes, fault: str) -> None:
        """Store a verdict durably; `fault` is empty for a valid block."""
        if self.journal is not None:
            fault_point("watcher.verdict.before")
            self.journal.append_durable("verdict", number.to_bytes(8, "big") + header + fault.encode())
            fault_point("watcher.verdict.durable")

    def start_over(self) -> None:
        """Discard all rows and the cursor, because L1 was reorganised too deeply."""
        if self.journal is not None:
            self.journal.put_meta("cursor", b"")
            self.journal.rewrite([])

    def is_changed(self, contract: Contract) -> bool:
        """Return True if code or parameters differ from those first seen; the contract has neither owner nor proxy."""
        seen = keccak(contract.connection.code(contract.address) + repr(contract.call("config")).encode())
        return seen != self.code(seen)

    def code(self, seen: bytes) -> bytes:
        """Return the fingerprint of the contract first seen; `seen` is stored if there is none."""
        if self.journal is None:
            return seen
        known = self.journal.get_meta("contract")
        if known is None:
            self.journal.put_meta("contract", seen)
            self.journal.commit()
        return known or seen


def _row_of(log: Log) -> list[Any]:
    topics = [topic.hex() for topic in log.topics]
    place = [log.block_number, log.block_hash.hex(), log.tx_hash.hex(), log.tx_index, log.log_index]
    return [log.address, topics, log.data.hex(), *place]


def _log_of(row: list[Any]) -> Log:
    address, topics, data, number, block_hash, tx_hash, tx_index, log_index = row
    return Log(
        to_address(address),
        tuple(bytes.fromhex(topic) for topic in topics),
        bytes.fromhex(data),
        number,
        bytes.fromhex(block_hash),
        bytes.fromhex(tx_hash),
        tx_index,
        log_index,
    )
