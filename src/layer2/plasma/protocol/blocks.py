"""Blocks: the tree over their transactions, the header on L1, and the served body.

The tree has the minimal depth for its number of leaves and is padded on the right with 32 zero bytes. One level above,
its root is joined with the hash of all signatures. The block root therefore commits to every byte of the body. A proof
holds exactly the siblings and that hash, for an index below the count, so that a transaction has one place and one
proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sha3 import keccak_256

from layer2.plasma.protocol.malformed import BodyMalformed, HeaderMalformed, TransactionMalformed, TreeMalformed
from layer2.plasma.protocol.packed import packed_of
from layer2.plasma.protocol.params import MAX_EXPIRY, MAX_TRANSACTIONS
from layer2.plasma.protocol.signing import Signed
from layer2.plasma.protocol.transaction import decode_transaction
from layer2.primitives.hashing import keccak

__all__ = [
    "EMPTY",
    "BlockTree",
    "Header",
    "decode_body",
    "decode_header",
    "depth_of",
    "encode_body",
    "inclusion_root",
    "leaf_of",
    "signatures_hash",
    "verify_inclusion",
]

EMPTY = bytes(32)
"""The leaf that pads a tree."""

SIGNATURE_BYTES = 64
_ZEROS = [EMPTY]
for _ in range(16):
    _ZEROS.append(keccak(b"\x01" + _ZEROS[-1] * 2))


def leaf_of(packed: bytes) -> bytes:
    """Return the leaf of a packed transaction."""
    return keccak(b"\0" + packed)


def depth_of(count: int) -> int:
    """Return the depth of a tree of `count` leaves, which is the number of siblings in its proofs."""
    return (count - 1).bit_length()


def signatures_hash(records: Iterable[bytes]) -> bytes:
    """Return the hash of the concatenated signatures of a block's records (`packed | signatures`)."""
    return keccak(b"".join([one[max(0, len(one) - SIGNATURE_BYTES * (one[1] >> 4)) :] for one in records]))


class BlockTree:
    """The tree over a block's packed transactions, joined with the hash of their signatures.

    Args:
        signatures: hash of the signatures (`signatures_hash`).

    Raises (at construction):
        TreeMalformed: the number of transactions is out of range, or the hash is not 32 bytes.
    """

    __slots__ = ("_levels", "count", "root", "signatures")

    def __init__(self, packed: Iterable[bytes], signatures: bytes) -> None:
        # The library is called directly instead of through `keccak`, which saves a call for each of 131,072 hashes.
        hashed = keccak_256
        leaves: list[bytes] = [hashed(b"\0" + one).digest() for one in packed]
        self._build(leaves, signatures)

    @classmethod
    def of_leaves(cls, leaves: Sequence[bytes], signatures: bytes) -> BlockTree:
        """Return the tree over leaves that are already hashed."""
        tree = cls.__new__(cls)
        tree._build(list(leaves), signatures)
        return tree

    @classmethod
    def of_records(cls, records: Sequence[bytes]) -> BlockTree:
        """Return the tree over a block's records, `packed | signatures(64 each)`."""
        return cls([packed_of(one) for one in records], signatures_hash(records))

    def _build(self, level: list[bytes], signatures: bytes) -> None:
        self.count = len(level)
        if not 1 <= self.count <= MAX_TRANSACTIONS:
            raise TreeMalformed(f"a block has 1 to {MAX_TRANSACTIONS:,} transactions, {self.count:,} were given")
        if len(signatures) != 32:
            raise TreeMalformed(f"the hash of signatures has 32 bytes, {len(signatures)} were given")
        self._levels = [level]
        hashed = keccak_256
        for height in range(depth_of(self.count)):
            if len(level) & 1:
                level.append(_ZEROS[height])
            pairs = iter(level)
            level = [hashed(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
            self._levels.append(level)
        self.signatures = signatures
        self.root = keccak(b"\x01" + level[0] + signatures)

    def proof(self, index: int) -> tuple[bytes, ...]:
        """Return the siblings of a leaf from the bottom up, followed by the hash of the signatures.

        Raises:
            TreeMalformed: the index is out of range.
        """
        if not 0 <= index < self.count:
            raise TreeMalformed(f"transaction {index} of {self.count}: no such item")
        siblings = [level[index >> height ^ 1] for height, level in enumerate(self._levels[:-1])]
        return (*siblings, self.signatures)


def inclusion_root(count: int, index: int, packed: bytes, proof: Sequence[bytes]) -> bytes | None:
    """Return the root computed from a proof of transaction `index` of `count`; None if its shape is not valid."""
    if not (1 <= count <= MAX_TRANSACTIONS and 0 <= index < count and len(proof) == depth_of(count) + 1):
        return None
    node = leaf_of(packed)
    for sibling in proof:
        if len(sibling) != 32:
            return None
        node = keccak(b"\x01" + sibling + node) if index & 1 else keccak(b"\x01" + node + sibling)
        index >>= 1
    return node


def verify_inclusion(root: bytes, count: int, index: int, packed: bytes, proof: Sequence[bytes]) -> bool:
    """Return True if `packed` is transaction `index` of the block of `count` transactions under `root`."""
    return inclusion_root(count, index, packed, proof) == root


@dataclass(frozen=True, slots=True)
class Header:
    """The commitment to a block on L1: its root, its time in Unix seconds, and its number of transactions.

    Raises (at construction):
        HeaderMalformed: a number is out of range, or the root is not 32 bytes.
    """

    root: bytes
    time: int
    count: int

    def __post_init__(self) -> None:
        if len(self.root) != 32:
            raise HeaderMalformed(f"a root has 32 bytes, {len(self.root)} were given")
        if not (0 <= self.time <= MAX_EXPIRY and 1 <= self.count <= MAX_TRANSACTIONS):
            raise HeaderMalformed(f"time {self.time} and count {self.count} are not those of a block")

    @property
    def encoded(self) -> bytes:
        """The 64 bytes `root(32) | word(32)`; the word is time << 32 | count."""
        return self.root + (self.time << 32 | self.count).to_bytes(32, "big")

    @property
    def hash(self) -> bytes:
        """Hash of the header, which the contract stores."""
        return keccak(self.encoded)

    def includes(self, index: int, packed: bytes, proof: Sequence[bytes]) -> bool:
        """Return True if `packed` is transaction `index` of this block."""
        return verify_inclusion(self.root, self.count, index, packed, proof)


def decode_header(encoded: bytes) -> Header:
    """Decode a 64-byte header; raise `HeaderMalformed` if it is not valid."""
    if len(encoded) != 64:
        raise HeaderMalformed(f"a header has 64 bytes, {len(encoded)} were given")
    word = int.from_bytes(encoded[32:], "big")
    return Header(encoded[:32], word >> 32, word & 0xFFFFFFFF)


def encode_body(batch: Iterable[Signed]) -> bytes:
    """Return the body of a block: for each transaction `length(2) | packed | signatures(64 each)`.

    Raises:
        BodyMalformed: the number of transactions is out of range, or one lacks exactly one 64-byte signature per input.
    """
    parts: list[bytes] = []
    count = 0
    for transaction, signatures in batch:
        if len(signatures) != len(transaction.inputs) or any(len(one) != SIGNATURE_BYTES for one in signatures):
            raise BodyMalformed(f"transaction {count} needs one signature of 64 bytes for each of its inputs")
        packed = transaction.packed
        parts += (len(packed).to_bytes(2, "big"), packed, *signatures)
        count += 1
    if not 1 <= count <= MAX_TRANSACTIONS:
        raise BodyMalformed(f"a block has 1 to {MAX_TRANSACTIONS:,} transactions, {count:,} were given")
    return b"".join(parts)


def decode_body(body: bytes) -> list[Signed]:
    """Decode the transactions of a body; raise `BodyMalformed` unless `encode_body` returns the same bytes."""
    found: list[Signed] = []
    at, size = 0, len(body)
    while at < size:
        if len(found) == MAX_TRANSACTIONS:
            raise BodyMalformed(f"a block has at most {MAX_TRANSACTIONS:,} transactions, there are more")
        end = at + 2 + int.from_bytes(body[at : at + 2], "big")
        if at + 2 > size or end > size:
            raise BodyMalformed(f"the body ends within transaction {len(found)}")
        try:
            transaction = decode_transaction(body[at + 2 : end])
        except TransactionMalformed as failure:
            raise BodyMalformed(f"transaction {len(found)}: {failure}") from None
        at = end + SIGNATURE_BYTES * len(transaction.inputs)
        if at > size:
            raise BodyMalformed(f"the body ends within the signatures of transaction {len(found)}")
        given = tuple([body[one : one + SIGNATURE_BYTES] for one in range(end, at, SIGNATURE_BYTES)])
        found.append(Signed(transaction, given))
    if not found:
        raise BodyMalformed("a block has at least one transaction")
    return found
