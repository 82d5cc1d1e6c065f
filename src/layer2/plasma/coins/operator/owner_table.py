"""Owners of all coins, derived from the deposits on chain and the operator's own blocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from layer2.plasma.coins.protocol.records import CoinRecord
from layer2.plasma.coins.protocol.transfer import CoinTransaction
from layer2.primitives.addresses import address_bytes
from layer2.primitives.hashing import sha256

__all__ = ["CoinLedger", "Held"]


class Held(NamedTuple):
    """Owner of a coin (20 bytes), and the block of its last transfer, zero for the deposit."""

    owner: bytes
    last_block: int


class _Step(NamedTuple):
    """A transfer in a block.

    `signer` and `basis` are set only if the transfer spends the deposit, because a reorganisation may replace that;
    otherwise both are empty.
    """

    number: int
    transaction: CoinTransaction
    signer: bytes
    basis: bytes


class CoinLedger:
    """Coins and their transfers. Deposits may be reverted or replaced by the chain, and blocks may be undone."""

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
        """Return the owner of a coin, or None if it was not deposited or its transfers do not match its deposit."""
        return self._held.get(coin)

    def basis(self, coin: int) -> bytes:
        """Return the current basis of a coin's transfers (`CoinRecord.basis`); empty if the coin was not deposited."""
        record = self._records.get(coin)
        return b"" if record is None else record.basis

    def rests(self, batch: Iterable[CoinTransaction]) -> bytes:
        """Return the SHA-256 of the bases of the coins whose deposits a block spends, in order of coins."""
        return sha256(b"".join([self.basis(one.coin) for one in batch if not one.prev_block]))

    def coins_of(self, owner: bytes) -> Iterable[int]:
        """Return the coins of an owner in order of receipt."""
        return self._of.get(owner, ())

    def holds(self, one: CoinTransaction) -> bool:
        """Return True if a block since the coin's birth includes exactly this transfer."""
        record = self._records.get(one.coin)
        if record is None:
            return False
        return any(step.transaction == one and step.number >= record.birth for step in self._steps.get(one.coin, ()))

    def moves(self, coin: int, number: int) -> bool:
        """Return True if a block includes a transfer of a coin, even before the coin's birth."""
        return any(step.number == number for step in self._steps.get(coin, ()))

    def made(self, coin: int, record: CoinRecord) -> None:
        """Add a deposit."""
        self._records[coin] = record
        self._settle(coin)

    def unmade(self, coin: int) -> None:
        """Remove a reverted deposit."""
        self._records.pop(coin, None)
        self._settle(coin)

    def apply(
        self, number: int, batch: Sequence[CoinTransaction], signers: Sequence[bytes], bases: Sequence[bytes]
    ) -> None:
        """Apply a block; `signers` and `bases` are used only for transfers that spend a deposit."""
        for one, signer, basis in zip(batch, signers, bases, strict=True):
            step = _Step(number, one, b"" if one.prev_block else signer, b"" if one.prev_block else basis)
            self._steps.setdefault(one.coin, []).append(step)
            held = self._held.get(one.coin)
            self._put(one.coin, held and self._after(held, step, self._records[one.coin].birth))

    def judged_by(self, one: CoinTransaction, number: int) -> bytes:
        """Return the basis by which a transfer in a block was accepted; the current basis if none is stored."""
        known = next((step.basis for step in self._steps.get(one.coin, ()) if step.number == number), b"")
        return known or self.basis(one.coin)

    def undo(self, number: int, batch: Iterable[CoinTransaction]) -> None:
        """Undo the last block."""
        for one in batch:
            steps = self._steps[one.coin]
            assert steps.pop().number == number
            if not steps:
                del self._steps[one.coin]
            self._settle(one.coin)

    def misfits(self, number: int, batch: Sequence[CoinTransaction]) -> tuple[list[int], list[int]]:
        """Return the coins in a block whose deposit is missing, and those whose deposit has changed.

        A replacement by the same owner counts as changed: a transfer of a coin is not valid for its replacement.
        """
        gone = [one.coin for one in batch if one.coin not in self._records]
        known = [one.coin for one in batch if one.coin in self._records]
        return gone, [coin for coin in known if coin not in self._held or not self._fits(coin, number)]

    def _fits(self, coin: int, number: int) -> bool:
        """Return True if the current deposit is the one by which the transfer in a block was accepted."""
        steps = (step for step in self._steps.get(coin, ()) if step.number == number)
        return all(step.basis in (b"", self.basis(coin)) for step in steps)

    def _settle(self, coin: int) -> None:
        """Apply all transfers of a coin again."""
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
            # Blocks before a coin's birth have no effect on it.
            return held
        if one.prev_block != held.last_block or signer not in (b"", held.owner):
            return None
        return Held(one.new_owner, number)
