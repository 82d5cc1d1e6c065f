"""Coin histories and their verification: one proof for each block since the coin's birth.

In each block the coin either rested, which an exclusion proof shows, or moved, which an inclusion proof and the owner's
signature show. A verifier that has checked all blocks up to a number knows the owner as of that block, and needs only
the proofs of the next blocks to continue. Neither the operator nor the payer is trusted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from layer2.plasma.coins.protocol.errors import HistoryBroken
from layer2.plasma.coins.protocol.records import CoinHeader, CoinRecord
from layer2.plasma.coins.protocol.sparse_merkle import SparseProof, verify_absence, verify_presence
from layer2.plasma.coins.protocol.transfer import CoinTransaction, SignedCoin, coin_signer
from layer2.primitives.addresses import Address, address_bytes, to_address
from layer2.primitives.display import Readable
from layer2.primitives.errors import SignatureError
from layer2.primitives.typed_data import Domain

__all__ = ["Evidence", "History", "Move", "Moved", "Standing", "check_history"]


class Moved(NamedTuple):
    """Proof that a coin moved: the signed transaction, and its siblings from the root down."""

    signed: SignedCoin
    siblings: tuple[bytes, ...]


Evidence = Moved | SparseProof


@dataclass(frozen=True, slots=True)
class History:
    """Data that a payer passes to a payee: the coin, its deposit, and the proofs of all blocks since its birth."""

    coin: int
    record: CoinRecord
    evidence: tuple[Evidence, ...]

    def extended(self, evidence: Evidence) -> History:
        """Return the history extended by the proof of the next block."""
        return replace(self, evidence=(*self.evidence, evidence))


@dataclass(frozen=True, slots=True)
class Move:
    """A verified transfer with the header of its block, as used by exits, challenges and responses."""

    header: CoinHeader
    transaction: CoinTransaction
    signature: bytes
    siblings: tuple[bytes, ...]

    @property
    def number(self) -> int:
        """Number of the transfer's block."""
        return self.header.number

    def as_tuple(self) -> tuple[int, int, Address, int, int, bytes, bytes, list[bytes]]:
        """Return the transfer as a tuple of contract arguments (`ICoinChain.Shown`)."""
        one, header = self.transaction, self.header
        said = (header.number, one.prev_block, to_address(one.new_owner), one.expiry, header.time)
        return (*said, self.signature[:32], self.signature[32:], list(self.siblings))


@dataclass(frozen=True, slots=True, repr=False)
class Standing(Readable):
    """Proven state of a coin after the last verified block.

    Attributes:
        next_block: First block that is not verified.
        moves: All transfers of the coin in order.
    """

    coin: int
    record: CoinRecord
    next_block: int = field(default=0)
    moves: tuple[Move, ...] = ()

    def __post_init__(self) -> None:
        if not self.next_block:
            object.__setattr__(self, "next_block", self.record.birth)

    @property
    def owner(self) -> Address:
        """Owner of the coin."""
        return to_address(self.moves[-1].transaction.new_owner) if self.moves else self.record.owner

    @property
    def last_block(self) -> int:
        """Block of the last transfer, zero for the deposit; the next transfer must reference it."""
        return self.moves[-1].number if self.moves else 0

    def owner_at(self, number: int) -> Address | None:
        """Return the recipient of the transfer in block `number` (zero: the depositor), or None."""
        if number == 0:
            return self.record.owner
        move = self.move_at(number)
        return to_address(move.transaction.new_owner) if move else None

    def move_at(self, number: int) -> Move | None:
        """Return the transfer in a block, or None."""
        return next((move for move in self.moves if move.number == number), None)

    def spend_of(self, number: int) -> Move | None:
        """Return the transfer that spends the one in block `number`, or the deposit for zero; None if there is none."""
        return next((move for move in self.moves if move.transaction.prev_block == number), None)

    def after(self, header: CoinHeader, evidence: Evidence, domain: Domain) -> Standing:
        """Return the state after the next block.

        Raises:
            HistoryBroken: The header is not the next one, the proof is invalid, or the transfer spends another one, has
                expired, or is not signed by the owner.
        """
        number = header.number
        if number != self.next_block:
            raise HistoryBroken(self.coin, number, f"block {self.next_block} has to be checked first")
        if isinstance(evidence, SparseProof):
            if not verify_absence(header.root, self.coin, evidence):
                raise HistoryBroken(self.coin, number, "it is not shown that the coin rested")
            return replace(self, next_block=number + 1)
        move = self._moved(header, evidence, domain)
        return replace(self, next_block=number + 1, moves=(*self.moves, move))

    def _moved(self, header: CoinHeader, evidence: Moved, domain: Domain) -> Move:
        number, one = header.number, evidence.signed.transaction
        in_block = verify_presence(header.root, self.coin, evidence.signed.value, evidence.siblings)
        if one.coin != self.coin or not in_block:
            raise HistoryBroken(self.coin, number, "it is not shown that the block holds this transfer")
        why = self._fault(number, one) or self._not_signed(one, evidence.signed.signature, domain)
        if why:
            raise HistoryBroken(self.coin, number, why, proven=True)
        return Move(header, one, evidence.signed.signature, evidence.siblings)

    def _fault(self, number: int, one: CoinTransaction) -> str:
        """Return the reason why an included transfer is invalid regardless of its signature, or an empty string."""
        if one.prev_block != self.last_block:
            return f"it spends block {one.prev_block}, not {self.last_block}"
        if number > one.expiry:
            return f"the transfer had expired with block {one.expiry}"
        return ""

    def _not_signed(self, one: CoinTransaction, signature: bytes, domain: Domain) -> str:
        """Return the reason why a signature is not the owner's, or an empty string."""
        try:
            signer = coin_signer(one, domain, signature)
        except SignatureError as failure:
            return f"the signature is none: {failure.args[0]}"
        return "" if signer == address_bytes(self.owner) else f"it is signed by 0x{signer.hex()}, not by {self.owner}"


def check_history(history: History, headers: Iterable[CoinHeader], domain: Domain) -> Standing:
    """Verify a whole history against the headers from the coin's birth to now, which the caller read from the chain.

    Raises:
        HistoryBroken: A block contradicts the history, or the numbers of blocks and proofs differ.
    """
    standing = Standing(history.coin, history.record)
    blocks = list(headers)
    if len(blocks) != len(history.evidence):
        why = f"there is evidence for {len(history.evidence)} blocks of {len(blocks)}"
        raise HistoryBroken(history.coin, standing.next_block, why)
    for header, evidence in zip(blocks, history.evidence, strict=True):
        standing = standing.after(header, evidence, domain)
    return standing
