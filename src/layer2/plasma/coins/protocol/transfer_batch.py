"""Wire format of transfers: concatenated records of 103 bytes, `packed(39) | signature(64)`."""

from __future__ import annotations

from collections.abc import Sequence

from layer2.node.intake import RecordCodec
from layer2.plasma.coins.protocol.sparse_merkle import SparseTree
from layer2.plasma.coins.protocol.transfer import (
    COIN_BYTES,
    COIN_RECORD,
    SignedCoin,
    coin_signers,
    coin_tree,
    decode_coin,
)
from layer2.plasma.protocol.malformed import BodyMalformed, CoinMalformed
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain
from layer2.primitives.worker_pool import WorkerPool

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
"""Placeholder for an unknown basis of a transfer."""
_ROW = COIN_RECORD + 32


def record_of(one: SignedCoin) -> bytes:
    """Return the record of a signed transfer."""
    return one.transaction.packed + one.signature


def read_record(record: bytes) -> SignedCoin:
    """Return the transfer in a record; raise CoinMalformed."""
    if len(record) != COIN_RECORD:
        raise CoinMalformed(f"a signed transfer has {COIN_RECORD} bytes, {len(record)} were given")
    return SignedCoin(decode_coin(record[:COIN_BYTES]), record[COIN_BYTES:])


def hash_of(record: bytes) -> bytes:
    """Return the transaction hash of a record."""
    return keccak(b"\x02" + record[:COIN_BYTES])


def split_run(run: bytes) -> list[bytes]:
    """Split a batch into records without decoding them; raise BodyMalformed."""
    if len(run) % COIN_RECORD:
        raise BodyMalformed(f"{len(run)} bytes are not transfers of {COIN_RECORD} bytes each")
    return [run[at : at + COIN_RECORD] for at in range(0, len(run), COIN_RECORD)]


def join_body(records: Sequence[bytes]) -> bytes:
    """Return the block data of these records, equal to the result of `encode_coin_body`."""
    rising = sorted(records, key=_coin)
    return b"".join(rising)


def plant(records: Sequence[bytes]) -> SparseTree:
    """Return the tree of a block of these records; raise TreeMalformed if a coin moves twice."""
    return coin_tree(read_record(one) for one in records)


def judged(record: bytes, basis: bytes) -> bytes:
    """Return the journal row of an accepted transfer: its record and its basis (`CoinRecord.basis`)."""
    return record + basis


def unjudged(row: bytes) -> tuple[bytes, bytes]:
    """Split a journal row of `judged` into record and basis."""
    return row[:COIN_RECORD], row[COIN_RECORD:]


def _split_rows(run: bytes) -> list[bytes]:
    if len(run) % _ROW:
        raise BodyMalformed(f"{len(run)} bytes are not accepted transfers of {_ROW} bytes each")
    return [run[at : at + _ROW] for at in range(0, len(run), _ROW)]


TRANSFERS = RecordCodec(b"".join, _split_rows, lambda rows: [hash_of(row) for row in rows])
"""Codec of the operator journal's rows, as made by `judged`."""


def signers_of(workers: WorkerPool, domain: Domain, batch: Sequence[SignedCoin]) -> list[bytes]:
    """Recover the signers of a batch in worker processes, 20 bytes each; empty for an invalid signature."""
    step = workers.part(len(batch))
    parts = [(batch[at : at + step], domain) for at in range(0, len(batch), step)]
    return [one for part in workers.run(coin_signers, parts) for one in part]


def _coin(record: bytes) -> bytes:
    return record[1:9]
