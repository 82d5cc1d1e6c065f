"""A coin transferred in a withheld block and spent by invented transfers, with payer and payee both watching.

As in `holder`, but the holder has signed a transfer to a payee for the next block, and does not exit itself. The
operator includes that transfer in the next block or not; all blocks are withheld. The payer challenges exits by others
at the risk of its bond. A response reveals the transfer to the payee for the first time, who then challenges and exits.

Invariants: the coin is never paid to the thief; a payee to which a response revealed its transfer is paid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from layer2.plasma.coins.chain.exit_proofs import ExitView, contradiction, contradiction_by
from layer2.plasma.coins.protocol.coin_history import Move, Standing
from layer2.testing.search.coins.holder import HOLDER, HolderTable, Holding, Reach, W
from layer2.testing.search.coins.world import CoinWorld
from layer2.testing.search.engine import Act
from layer2.testing.search.payments.world import BEGUN, OPERATOR, PAYEE, THIEF

__all__ = ["DarkTable", "Looking"]

TRUE = -1
"""Placeholder for the spent block: the block's transfer is the holder's."""


@dataclass(frozen=True)
class Looking:
    """Flags of the owners that watch the coin."""

    payer: bool = True
    payee: bool = True


class DarkTable(HolderTable):
    """Model data of the game. `last` is its final step; `hidden` means that the next block includes the transfer."""

    honest: ClassVar[tuple[bytes, ...]] = (HOLDER, PAYEE)

    def __init__(self, control: str, reach: Reach, looking: Looking, last: int, *, hidden: bool = False) -> None:
        super().__init__(control, reach, Holding())
        self.looking, self.last = looking, BEGUN + last
        if hidden:
            self.must(self.submit(self.true(self.own + 1, BEGUN)), OPERATOR)
            self.first = replace(self.first, blocks=((BEGUN, TRUE),))

    def true(self, number: int, time: int) -> Move:
        """Return the transfer that the holder has signed, in a block."""
        return self.move(number, time, self.own, PAYEE, HOLDER, self.own + 1)

    def carried(self, number: int, time: int, prev: int) -> Move:
        """Return the transfer in a block, which may be the holder's."""
        return self.true(number, time) if prev == TRUE else super().carried(number, time, prev)

    def attack(self, world: CoinWorld) -> Iterator[tuple[str, CoinWorld | None]]:
        """Yield all actions of the holder's game, and the holder's transfer in the next block."""
        number = world.state.next_block
        if number == self.own + 1 and world.time <= BEGUN + self.reach.until:
            after = self.do(world, self.submit(self.true(number, world.time)), OPERATOR)
            name = f"block {number} with the holder's transfer"
            yield name, after and replace(after, blocks=((world.time, TRUE),))
        yield from super().attack(world)

    # ----------------------------------------------------------------------------------------------------- the honest

    def answer(self, saw: CoinWorld) -> Iterator[Sequence[Act[CoinWorld]]]:
        """Yield the actions of payer and payee in either order."""
        payer = list(self.doubts(saw)) if self.looking.payer else []
        payee = list(self.takes(saw)) if self.looking.payee else []
        yield [*payer, *payee]
        if payer and payee:
            yield [*payee, *payer]

    def told(self, world: CoinWorld) -> Move | None:
        """Return the payee's transfer if a response has shown it, or None."""
        is_mine = any(one.new_owner == PAYEE for one in world.told)
        return self.true(self.own + 1, world.blocks[0][0]) if is_mine else None

    def doubts(self, saw: CoinWorld) -> Iterator[Act[CoinWorld]]:
        """Yield the payer's challenges, at the risk of its bond."""
        for (_, number), running in sorted(saw.state.running().items()):
            if running.owner == THIEF:
                call = contradiction(self.standing, ExitView(number, running.prev_block))
                yield from self.against(saw, number, call)

    def takes(self, saw: CoinWorld) -> Iterator[Act[CoinWorld]]:
        """Yield the payee's actions after its transfer was revealed."""
        told = self.told(saw)
        if told is None:
            return
        standing = Standing(self.coin, self.record, told.number + 1, (*self.standing.moves, told))
        running = saw.state.running()
        if (self.coin, told.number) not in running:
            yield self.act("the payee leaves", self.kit(standing), self.profile.exit_bond, PAYEE)
        else:
            yield from self.defends(saw, standing, PAYEE)
        for (_, number), one in sorted(running.items()):
            if number != told.number:
                yield from self.against(saw, number, contradiction_by(told, ExitView(number, one.prev_block)), PAYEE)

    def late(self, world: CoinWorld) -> str:
        """Return the violation if the payee's transfer was revealed in time and is not paid, or ""."""
        due = self.over(world) and not world.paid and self.told(world) is not None
        return "the payee knows of its coin and is not paid" if due and self.was_told_in_time(world) else ""

    def was_told_in_time(self, world: CoinWorld) -> bool:
        """Return True if the payee's exit could be due by now."""
        running = world.state.running().get((self.coin, self.own + 1))
        return running is not None and world.time > running.exitable_at + W

    def over(self, world: CoinWorld) -> bool:
        """Return True if the coin was paid or the final step was reached."""
        return bool(world.paid) or world.time >= self.last
