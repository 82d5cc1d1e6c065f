"""Whose each coin is, as its deposit on the chain and the operator's own blocks say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from layer2.plasma.coins.protocol.records import CoinRecord
from layer2.plasma.coins.protocol.transfer import CoinTransaction
from layer2.primitives.addresses import address_bytes
from layer2.primitives.hashing import sha256

__all__ = ["CoinLedger", "Held"]


class Held(NamedTuple):
    """Whose a coin is (20 bytes), and the block of its last transfer, zero for the deposit."""

    owner: bytes
    last_block: int


class _Step(NamedTuple):
    """A transfer in a block. Of what spends a deposit, which may change under it, `signer`, and the `basis` of the coin
    that it was judged by; both are empty for others."""

    number: int
    transaction: CoinTransaction
    signer: bytes
    basis: bytes


class CoinLedger:
    """Coins and their transfers. The chain may take a deposit back, or make it another one; blocks may be undone."""

    def __init__(self) -> None:
        self._records: dict[int, CoinRecord] = {}
        self._steps: dict[int, list[_Step]] = {}
        self._held: dict[int, Held] = {}
        self._of: dict[bytes, dict[int, None]] = {}

    def __repr__(self) -> str:
        return f"<CoinLedger coins={len(self._held)}>"

    def __len__(self) -> int:
        return len(self._held)

    def get(self, coin: int) -> Held | None:
        """How a coin stands; None if it was not made, or its transfers do not fit to its deposit."""
        return self._held.get(coin)

    def basis(self, coin: int) -> bytes:
        """What transfers of a coin are judged by now (`CoinRecord.basis`); empty for one that was not made."""
        record = self._records.get(coin)
        return b"" if record is None else record.basis

    def rests(self, batch: Iterable[CoinTransaction]) -> bytes:
        """What a block rests on: the SHA-256 of the bases of the coins whose deposits it spends, by rising coin."""
        return sha256(b"".join([self.basis(one.coin) for one in batch if not one.prev_block]))

    def coins_of(self, owner: bytes) -> Iterable[int]:
        """Somebody's coins, in the order in which they came."""
        return self._of.get(owner, ())

    def holds(self, one: CoinTransaction) -> bool:
        """Whether this very transfer is in a block, since the coin's birth."""
        record = self._records.get(one.coin)
        if record is None:
            return False
        return any(step.transaction == one and step.number >= record.birth for step in self._steps.get(one.coin, ()))

    def moves(self, coin: int, number: int) -> bool:
        """Whether a block moves a coin, also if that is before its birth."""
        return any(step.number == number for step in self._steps.get(coin, ()))

    def made(self, coin: int, record: CoinRecord) -> None:
        """The chain has a deposit."""
        self._records[coin] = record
        self._settle(coin)

    def unmade(self, coin: int) -> None:
        """It has it no more."""
        self._records.pop(coin, None)
        self._settle(coin)

    def apply(
        self, number: int, batch: Sequence[CoinTransaction], signers: Sequence[bytes], bases: Sequence[bytes]
    ) -> None:
        """A block is made. By place, of what spends a deposit: who signed it, and what it was judged by."""
        for one, signer, basis in zip(batch, signers, bases, strict=True):
            step = _Step(number, one, b"" if one.prev_block else signer, b"" if one.prev_block else basis)
            self._steps.setdefault(one.coin, []).append(step)
            held = self._held.get(one.coin)
            self._put(one.coin, held and self._after(held, step, self._records[one.coin].birth))

    def judged_by(self, one: CoinTransaction, number: int) -> bytes:
        """What the transfer of a coin in a block was judged by; as the coin is now, unless it spends the deposit."""
        known = next((step.basis for step in self._steps.get(one.coin, ()) if step.number == number), b"")
        return known or self.basis(one.coin)

    def undo(self, number: int, batch: Iterable[CoinTransaction]) -> None:
        """The last block is none."""
        for one in batch:
            steps = self._steps[one.coin]
            assert steps.pop().number == number
            if not steps:
                del self._steps[one.coin]
            self._settle(one.coin)

    def misfits(self, number: int, batch: Sequence[CoinTransaction]) -> tuple[list[int], list[int]]:
        """Of the coins that a block moves: those whose deposit is gone, and those whose deposit is another one now.

        Another one of the same owner, too: a transfer of a coin is none of what was put in its place.
        """
        gone = [one.coin for one in batch if one.coin not in self._records]
        known = [one.coin for one in batch if one.coin in self._records]
        return gone, [coin for coin in known if coin not in self._held or not self._fits(coin, number)]

    def _fits(self, coin: int, number: int) -> bool:
        """Whether what the coin's deposit is now is what the transfer in a block was judged by."""
        steps = (step for step in self._steps.get(coin, ()) if step.number == number)
        return all(step.basis in (b"", self.basis(coin)) for step in steps)

    def _settle(self, coin: int) -> None:
        """Judge all transfers of a coin again."""
        record, held = self._records.get(coin), None
        if record is not None:
            held = Held(address_bytes(record.owner), 0)
            for step in self._steps.get(coin, ()):
                held = held and self._after(held, step, record.birth)
        self._put(coin, held)

    def _put(self, coin: int, now: Held | None) -> None:
        before = self._held.pop(coin, None)
        if now is not None:
            self._held[coin] = now
        if before is not None and (now is None or before.owner != now.owner):
            mine = self._of[before.owner]
            del mine[coin]
            if not mine:
                del self._of[before.owner]
        if now is not None:
            self._of.setdefault(now.owner, {})[coin] = None

    @staticmethod
    def _after(held: Held, step: _Step, birth: int) -> Held | None:
        number, one, signer, _ = step
        if number < birth:
            # What earlier blocks say about a coin means nothing.
            return held
        if one.prev_block != held.last_block or signer not in (b"", held.owner):
            return None
        return Held(one.new_owner, number)
