"""Transfers as nodes write and send them: records of 103 bytes, `packed(39) | signature(64)`, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from layer2.plasma.coins.protocol.sparse_merkle import SparseTree
from layer2.plasma.coins.protocol.transfer import (
    COIN_BYTES,
    COIN_RECORD,
    SignedCoin,
    coin_signers,
    coin_tree,
    decode_coin,
)
from layer2.plasma.common.operator_journal import Runs
from layer2.plasma.protocol.malformed import BodyMalformed, CoinMalformed
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain
from layer2.primitives.worker_pool import Workers

__all__ = [
    "TRANSFERS",
    "UNKNOWN",
    "hash_of",
    "join_body",
    "judged",
    "plant",
    "read_record",
    "record_of",
    "signers_of",
    "split_run",
    "unjudged",
]

UNKNOWN = bytes(32)
"""The basis of a transfer of which nobody knows what it was judged by."""
_ROW = COIN_RECORD + 32


def record_of(one: SignedCoin) -> bytes:
    """A transfer with its signature as one piece."""
    return one.transaction.packed + one.signature


def read_record(record: bytes) -> SignedCoin:
    """The transfer in a record; raises CoinMalformed."""
    if len(record) != COIN_RECORD:
        raise CoinMalformed(f"a signed transfer has {COIN_RECORD} bytes, {len(record)} were given")
    return SignedCoin(decode_coin(record[:COIN_BYTES]), record[COIN_BYTES:])


def hash_of(record: bytes) -> bytes:
    """The hash of a record's transfer."""
    return keccak(b"\x02" + record[:COIN_BYTES])


def split_run(run: bytes) -> list[bytes]:
    """The records of a run, not necessarily transfers; raises BodyMalformed."""
    if len(run) % COIN_RECORD:
        raise BodyMalformed(f"{len(run)} bytes are no transfers of {COIN_RECORD} bytes each")
    return [run[at : at + COIN_RECORD] for at in range(0, len(run), COIN_RECORD)]


def join_body(records: Sequence[bytes]) -> bytes:
    """The body of a block of these records: what `encode_coin_body` makes of the same."""
    rising = sorted(records, key=_coin)
    return b"".join(rising)


def plant(records: Sequence[bytes]) -> SparseTree:
    """The tree of a block of these records; raises TreeMalformed if a coin moves twice."""
    return coin_tree(read_record(one) for one in records)


def judged(record: bytes, basis: bytes) -> bytes:
    """An accepted transfer as the journal keeps it: its record, and what it was judged by (`CoinRecord.basis`)."""
    return record + basis


def unjudged(row: bytes) -> tuple[bytes, bytes]:
    """Record and basis of what `judged` made."""
    return row[:COIN_RECORD], row[COIN_RECORD:]


def _split_rows(run: bytes) -> list[bytes]:
    if len(run) % _ROW:
        raise BodyMalformed(f"{len(run)} bytes are no accepted transfers of {_ROW} bytes each")
    return [run[at : at + _ROW] for at in range(0, len(run), _ROW)]


TRANSFERS = Runs(b"".join, _split_rows, hash_of)
"""Rows of `judged`, as an operator's journal keeps them."""


def signers_of(workers: Workers, domain: Domain, batch: Sequence[SignedCoin]) -> list[bytes]:
    """Who signed each, 20 bytes, by workers; empty where a signature is nobody's."""
    step = workers.part(len(batch))
    parts = [(batch[at : at + step], domain) for at in range(0, len(batch), step)]
    return [one for part in workers.run(coin_signers, parts) for one in part]


def _coin(record: bytes) -> bytes:
    return record[1:9]
