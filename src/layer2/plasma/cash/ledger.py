"""Whose each coin is, as its deposit on the chain and the operator's own blocks say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from layer2.plasma.cash.records import CoinRecord
from layer2.plasma.coins import CoinTransaction
from layer2.primitives.addresses import address_bytes

__all__ = ["CoinLedger", "Held"]


class Held(NamedTuple):
    """Whose a coin is (20 bytes), and the block of its last transfer, zero for the deposit."""

    owner: bytes
    last_block: int


class _Step(NamedTuple):
    """A transfer in a block; `signer`: of what spends a deposit, which may change under it, else empty."""

    number: int
    transaction: CoinTransaction
    signer: bytes


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

    def apply(self, number: int, batch: Sequence[CoinTransaction], signers: Sequence[bytes]) -> None:
        """A block is made. `signers`: by place, who signed what spends a deposit; nobody else is looked at."""
        for one, signer in zip(batch, signers, strict=True):
            step = _Step(number, one, b"" if one.prev_block else signer)
            self._steps.setdefault(one.coin, []).append(step)
            held = self._held.get(one.coin)
            self._put(one.coin, held and self._after(held, step, self._records[one.coin].birth))

    def undo(self, number: int, batch: Iterable[CoinTransaction]) -> None:
        """The last block is none."""
        for one in batch:
            steps = self._steps[one.coin]
            assert steps.pop().number == number
            if not steps:
                del self._steps[one.coin]
            self._settle(one.coin)

    def misfits(self, batch: Iterable[CoinTransaction]) -> tuple[list[int], list[int]]:
        """Of the coins that a block moves: those whose deposit is gone, and those whose deposit is another one now."""
        coins = [one.coin for one in batch if one.coin not in self._held]
        gone = [coin for coin in coins if coin not in self._records]
        return gone, [coin for coin in coins if coin in self._records]

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
        number, one, signer = step
        if number < birth:
            # What earlier blocks say about a coin means nothing.
            return held
        if one.prev_block != held.last_block or signer not in (b"", held.owner):
            return None
        return Held(one.new_owner, number)
