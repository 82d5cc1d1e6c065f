"""Canonical binary encoding of coin histories.

`coin(8) | owner(20) kind(1) token(20) value(32) birth(5) | evidence ...`, with one evidence for each block: `kind(1) |
depth(1) | mask of non-empty siblings(8) | those siblings(32 each) | rest`. The kind is 0 for a path that ends in an
empty subtree; 1 for the leaf of another key, with the rest `key(8) value(32)`; and 2 for a transfer, with the rest
`prevBlock(5) newOwner(20) expiry(5) signature(64)`. Empty siblings, which are frequent in sparse blocks, cost one bit.
"""

from __future__ import annotations

from layer2.plasma.coins.protocol.coin_history import Evidence, History, Moved
from layer2.plasma.coins.protocol.errors import EvidenceMalformed
from layer2.plasma.coins.protocol.records import CoinRecord, Kind
from layer2.plasma.coins.protocol.sparse_merkle import EMPTY, SparseProof
from layer2.plasma.coins.protocol.transfer import CoinTransaction, SignedCoin
from layer2.plasma.protocol.params import COIN_LEVELS
from layer2.primitives.addresses import address_bytes, to_address
from layer2.primitives.errors import InputError

__all__ = ["decode_evidence", "decode_history", "encode_evidence", "encode_history"]

_NOTHING, _OTHER, _MOVED = range(3)
_RECORD = 8 + 20 + 1 + 20 + 32 + 5


def encode_history(history: History) -> bytes:
    """Return the encoding of a history."""
    record = history.record
    numbers = (record.value.to_bytes(32, "big"), record.birth.to_bytes(5, "big"))
    head = history.coin.to_bytes(8, "big") + address_bytes(record.owner) + bytes((record.kind,))
    return b"".join((head, address_bytes(record.token), *numbers, *map(encode_evidence, history.evidence)))


def encode_evidence(evidence: Evidence) -> bytes:
    """Return the encoding of one block's evidence."""
    mask = sum(1 << at for at, sibling in enumerate(evidence.siblings) if sibling != EMPTY)
    path = b"".join(sibling for sibling in evidence.siblings if sibling != EMPTY)
    if isinstance(evidence, Moved):
        one, signature = evidence.signed
        kind, rest = _MOVED, one.packed[9:] + signature
    elif evidence.other is None:
        kind, rest = _NOTHING, b""
    else:
        kind, rest = _OTHER, evidence.other[0].to_bytes(8, "big") + evidence.other[1]
    return bytes((kind, len(evidence.siblings))) + mask.to_bytes(8, "big") + path + rest


def decode_history(raw: bytes) -> History:
    """Return the decoded history; raise `EvidenceMalformed`."""
    if len(raw) < _RECORD:
        raise EvidenceMalformed(f"a history begins with {_RECORD} bytes, {len(raw)} were given")
    coin = int.from_bytes(raw[:8], "big")
    owner, token = to_address(raw[8:28]), to_address(raw[29:49])
    try:
        record = CoinRecord(
            owner, Kind(raw[28]), token, int.from_bytes(raw[49:81], "big"), int.from_bytes(raw[81:86], "big")
        )
    except (InputError, ValueError) as failure:
        raise EvidenceMalformed(f"the record of coin {coin:#x} cannot be decoded: {failure}") from None
    found: list[Evidence] = []
    at = _RECORD
    while at < len(raw):
        evidence, at = decode_evidence(raw, coin, at)
        found.append(evidence)
    return History(coin, record, tuple(found))


def decode_evidence(raw: bytes, coin: int, at: int = 0) -> tuple[Evidence, int]:
    """Return the evidence of a coin that begins at byte `at`, and its end; raise `EvidenceMalformed`."""
    head = _take(raw, at, 10)
    kind, depth, mask = head[0], head[1], int.from_bytes(head[2:], "big")
    if kind > _MOVED or depth > COIN_LEVELS or mask >> depth:
        raise EvidenceMalformed(f"byte {at}: unknown evidence of kind {kind}, depth {depth} and siblings {mask:#x}")
    at += 10
    siblings = []
    for level in range(depth):
        sibling = EMPTY
        if mask >> level & 1:
            sibling = _take(raw, at, 32)
            at += 32
            if sibling == EMPTY:
                raise EvidenceMalformed(f"byte {at - 32}: an empty sibling must be omitted")
        siblings.append(sibling)
    if kind == _NOTHING:
        return SparseProof(tuple(siblings)), at
    if kind == _OTHER:
        rest = _take(raw, at, 40)
        return SparseProof(tuple(siblings), (int.from_bytes(rest[:8], "big"), rest[8:])), at + 40
    rest = _take(raw, at, 94)
    numbers = int.from_bytes(rest[:5], "big"), int.from_bytes(rest[25:30], "big")
    try:
        one = CoinTransaction(coin, numbers[0], rest[5:25], numbers[1])
    except InputError as failure:
        raise EvidenceMalformed(f"byte {at}: {failure}") from None
    return Moved(SignedCoin(one, rest[30:]), tuple(siblings)), at + 94


def _take(raw: bytes, at: int, count: int) -> bytes:
    part = raw[at : at + count]
    if len(part) != count:
        raise EvidenceMalformed(f"byte {at}: {count} bytes needed, {len(part)} left")
    return part
