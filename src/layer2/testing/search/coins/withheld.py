"""A coin that was signed over into a block that nobody shows, and which is invented on: payer and payee both look.

As in `coinholder`, but the holder has signed the coin over to a payee until the next block, and leaves itself no more.
The operator takes that transfer into the next block or does not; nobody is shown any. The payer doubts an exit by
others at the risk of its bond; what an answer shows is the first that the payee hears of its transfer, with which it
contradicts, and leaves. Promises: the coin is never paid to the thief; whoever was shown a transfer to it is paid.
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
"""In the place of what a block's transfer spends: it is the holder's."""


@dataclass(frozen=True)
class Looking:
    """Who of the two looks after the coin."""

    payer: bool = True
    payee: bool = True


class DarkTable(HolderTable):
    """What everybody knows. `last`: the step in which it ends; `hidden`: the transfer is in the next block already."""

    honest: ClassVar[tuple[bytes, ...]] = (HOLDER, PAYEE)

    def __init__(self, control: str, reach: Reach, looking: Looking, last: int, *, hidden: bool = False) -> None:
        super().__init__(control, reach, Holding())
        self.looking, self.last = looking, BEGUN + last
        if hidden:
            self.must(self.submit(self.true(self.own + 1, BEGUN)), OPERATOR)
            self.first = replace(self.first, blocks=((BEGUN, TRUE),))

    def true(self, number: int, time: int) -> Move:
        """The transfer that the holder has signed, in a block."""
        return self.move(number, time, self.own, PAYEE, HOLDER, self.own + 1)

    def carried(self, number: int, time: int, prev: int) -> Move:
        """The holder's may be among them."""
        return self.true(number, time) if prev == TRUE else super().carried(number, time, prev)

    def attack(self, world: CoinWorld) -> Iterator[tuple[str, CoinWorld | None]]:
        """All as before, and the holder's transfer, in the next block."""
        number = world.state.next_block
        if number == self.own + 1 and world.time <= BEGUN + self.reach.until:
            after = self.do(world, self.submit(self.true(number, world.time)), OPERATOR)
            name = f"block {number} with the holder's transfer"
            yield name, after and replace(after, blocks=((world.time, TRUE),))
        yield from super().attack(world)

    # ----------------------------------------------------------------------------------------------------- the honest

    def answer(self, saw: CoinWorld) -> Iterator[Sequence[Act[CoinWorld]]]:
        """In either order."""
        payer = list(self.doubts(saw)) if self.looking.payer else []
        payee = list(self.takes(saw)) if self.looking.payee else []
        yield [*payer, *payee]
        if payer and payee:
            yield [*payee, *payer]

    def told(self, world: CoinWorld) -> Move | None:
        """The payee's transfer, if an answer has shown it."""
        is_mine = any(one.new_owner == PAYEE for one in world.told)
        return self.true(self.own + 1, world.blocks[0][0]) if is_mine else None

    def doubts(self, saw: CoinWorld) -> Iterator[Act[CoinWorld]]:
        """The payer, at the risk of its bond."""
        for (_, number), running in sorted(saw.state.running().items()):
            if running.owner == THIEF:
                call = contradiction(self.standing, ExitView(number, running.prev_block))
                yield from self.against(saw, number, call)

    def takes(self, saw: CoinWorld) -> Iterator[Act[CoinWorld]]:
        """The payee, from when it hears of its transfer on."""
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
        """Who was told in time is paid."""
        due = self.over(world) and not world.paid and self.told(world) is not None
        return "the payee knows of its coin and is not paid" if due and self.was_told_in_time(world) else ""

    def was_told_in_time(self, world: CoinWorld) -> bool:
        """Whether its exit could be due by now."""
        running = world.state.running().get((self.coin, self.own + 1))
        return running is not None and world.time > running.exitable_at + W

    def over(self, world: CoinWorld) -> bool:
        """When the coin was paid, or it is late."""
        return bool(world.paid) or world.time >= self.last
