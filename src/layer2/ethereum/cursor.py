"""The position of a log follower, with enough history to undo a reorganisation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from layer2.ethereum.backend import Topics
from layer2.ethereum.records import Log
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.errors import Layer2Error, MalformedError
from layer2.primitives.hashing import keccak
from layer2.primitives.json_text import parse_json

__all__ = ["Cursor", "filter_id"]

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """A follower's position, to be stored together with the state derived from its logs.

    Attributes:
        next_block: the first block not yet scanned.
        ring: number and hash of the newest scanned blocks, oldest first.
        logs: the logs delivered from those blocks; needed because a node does not return the logs of a dropped block.
        filter_id: fingerprint of the addresses and topics it belongs to.
    """

    chain_id: int
    filter_id: bytes
    start_block: int
    next_block: int
    ring: tuple[tuple[int, bytes], ...] = ()
    logs: tuple[Log, ...] = ()

    @property
    def oldest(self) -> int:
        """First block that the follower can still undo."""
        return self.ring[0][0] if self.ring else self.next_block

    def to_bytes(self) -> bytes:
        """Serialise as versioned JSON, with a unique encoding per value."""
        raw = {
            "version": _VERSION,
            "chain_id": self.chain_id,
            "filter_id": self.filter_id.hex(),
            "start_block": self.start_block,
            "next_block": self.next_block,
            "ring": [[number, block_hash.hex()] for number, block_hash in self.ring],
            "logs": [_log_to_json(log) for log in self.logs],
        }
        return json.dumps(raw, separators=(",", ":"), sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Cursor:
        """Decode the output of `to_bytes`; raise `MalformedError`."""
        try:
            raw = parse_json(data, "cursor")
            if raw["version"] != _VERSION:
                raise MalformedError(
                    f"cursor: version {raw['version']!r} given, {_VERSION} needed",
                    hint="rescan from the start block",
                )
            cursor = cls(
                chain_id=int(raw["chain_id"]),
                filter_id=bytes.fromhex(raw["filter_id"]),
                start_block=int(raw["start_block"]),
                next_block=int(raw["next_block"]),
                ring=tuple((int(number), bytes.fromhex(block_hash)) for number, block_hash in raw["ring"]),
                logs=tuple(_log_from_json(log) for log in raw["logs"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError, Layer2Error) as failure:
            if isinstance(failure, MalformedError):
                raise
            raise MalformedError(f"cursor: {failure!r}", hint="rescan from the start block") from failure
        numbers = [number for number, _ in cursor.ring]
        if numbers != list(range(cursor.next_block - len(numbers), cursor.next_block)):
            raise MalformedError("cursor: its blocks are not consecutive", hint="rescan from the start block")
        return cursor


def filter_id(addresses: Sequence[Address], topics: Topics | None) -> bytes:
    """Return the fingerprint of a log filter. A cursor is valid only for its own filter."""
    shown: list[Any] | None = None
    if topics is not None:
        shown = [
            None if topic is None else [one.hex() for one in ([topic] if isinstance(topic, bytes) else topic)]
            for topic in topics
        ]
    return keccak(json.dumps([sorted(addresses), shown], separators=(",", ":")).encode())


def _log_to_json(log: Log) -> list[Any]:
    return [
        log.address, [topic.hex() for topic in log.topics], log.data.hex(), log.block_number,
        log.block_hash.hex(), log.tx_hash.hex(), log.tx_index, log.log_index,
    ]  # fmt: skip


def _log_from_json(raw: Sequence[Any]) -> Log:
    address, topics, data, number, block_hash, tx_hash, tx_index, log_index = raw
    return Log(
        to_address(address), tuple(bytes.fromhex(topic) for topic in topics), bytes.fromhex(data),
        int(number), bytes.fromhex(block_hash), bytes.fromhex(tx_hash), int(tx_index), int(log_index),
    )  # fmt: skip
