"""A coin whose holder leaves, against who had it before and is the operator; on the coin chain's pure twin.

The coin was deposited by the thief, moved to another key of the thief's and then to the holder. From then on no block
is shown: each may hold a transfer of it that names any block before, signed by the thief. The thief takes out whatever
any block gives it, takes that back, doubts every exit, answers every doubt with every transfer, refutes, claims and
collects bonds; it puts up so many bonds and no more. The holder, who has signed nothing, does what its wallet's
functions say, a step after it sees something. Promises: the coin is paid to the holder, W after it began to leave and W
later for each bond that the thief put up; and what the contract holds is what it owes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, NamedTuple

from layer2.plasma.coins.chain.exit_proofs import Call, ChallengeView, ExitView, answer, contradiction
from layer2.plasma.coins.model import Shown, actions, challenge_id
from layer2.plasma.coins.model.actions import NOTHING, Action, Challenge
from layer2.plasma.coins.protocol.coin_history import Move, Standing
from layer2.plasma.coins.protocol.config import CoinProfile
from layer2.plasma.coins.protocol.errors import NotAnswerable
from layer2.primitives.addresses import to_address
from layer2.testing.search.coins.world import Block, CoinTable, CoinWorld, action_of, later, shown
from layer2.testing.search.engine import Act, Game
from layer2.testing.search.payments.world import BEGUN, OPERATOR, PAYER, THIEF

__all__ = ["HOLDER", "HolderTable", "Holding", "Reach"]

HOLDER = PAYER
W, VALUE = 4, 100


class Reach(NamedTuple):
    """How far the thief goes: blocks that it adds, by which step the last comes, bonds that it puts up."""

    blocks: int = 2
    until: int = 1
    bonds: int = 2


@dataclass(frozen=True)
class Holding:
    """The program of the holder; each part can be taken out. `leaves`: the step in which it starts its exit."""

    leaves: int = 1
    contradicts: bool = True
    answers: bool = True


class HolderTable(CoinTable):
    """What everybody knows. `hands`: transfers among the thief's keys before the holder got it."""

    honest: ClassVar[tuple[bytes, ...]] = (HOLDER,)

    def __init__(self, control: str, reach: Reach, holding: Holding, hands: int = 1) -> None:
        super().__init__(control, CoinProfile(W, W, 5, 8, 1), THIEF, VALUE)
        self.reach, self.holding = reach, holding
        owners = [*[THIEF] * hands, HOLDER]
        moves = [self.move(at, BEGUN, at - 1, owner, THIEF) for at, owner in enumerate(owners, 1)]
        for one in moves:
            self.must(self.submit(one), OPERATOR)
        self.standing = Standing(self.coin, self.record, len(owners) + 1, tuple(moves))
        self.own = len(owners)
        self.last = BEGUN + holding.leaves + W * (1 + reach.bonds) + 1
        self.transfers = lru_cache(self.transfers_at)
        self.known = lru_cache(lambda blocks: list(self.calls(blocks)))

    def transfers_at(self, blocks: tuple[Block, ...]) -> dict[int, Shown]:
        """Every transfer that there is, by its block."""
        own = {move.number: shown(move) for move in self.standing.moves}
        return own | {number: shown(self.carried(number, *one)) for number, one in enumerate(blocks, self.own + 1)}

    def carried(self, number: int, time: int, prev: int) -> Move:
        """The transfer in a block of the adversary's."""
        return self.move(number, time, prev, THIEF, THIEF)

    # -------------------------------------------------------------------------------------------------- the adversary

    def attack(self, world: CoinWorld) -> Iterator[tuple[str, CoinWorld | None]]:
        """All that operator and thief may do."""
        number = world.state.next_block
        if len(world.blocks) < self.reach.blocks and world.time <= BEGUN + self.reach.until:
            for prev in range(number):
                after = self.do(world, self.submit(self.carried(number, world.time, prev)), OPERATOR)
                name = f"block {number} with a transfer of {prev}"
                yield name, after and replace(after, blocks=(*world.blocks, (world.time, prev)))
        for name, action, bond in self.known(world.blocks):
            if world.bonds + bool(bond) <= self.reach.bonds:
                after = self.do(world, action, THIEF, bond)
                yield name, after and replace(after, bonds=world.bonds + bool(bond))
        yield from self.about_challenges(world)

    def calls(self, blocks: tuple[Block, ...]) -> Iterator[tuple[str, Action, int]]:
        """What the thief may call once its blocks came like this, but for what is about challenges."""
        transfers, coin, profile = self.transfers(blocks), self.coin, self.profile
        yield "exit of the deposit", actions.ExitDeposit(coin, self.record), profile.exit_bond
        for number, one in transfers.items():
            prev = transfers.get(one.prev_block, NOTHING)
            begin = actions.ExitTransfer(coin, self.record, prev, one)
            yield f"exit of {number}", begin, profile.exit_bond
        for number in (0, *transfers):
            yield f"exit of {number} is taken back", actions.CancelExit(coin, number), 0
            yield f"claim of {number}", actions.Claim((actions.Due(coin, number, self.record),)), 0
            doubt: Action = actions.ChallengeHistoryByDeposit(coin, number, self.record)
            yield f"doubt of {number} by the deposit", doubt, profile.challenge_bond
            for at, one in transfers.items():
                doubt = actions.ChallengeHistory(coin, number, one)
                yield f"doubt of {number} by {at}", doubt, profile.challenge_bond
                yield f"{number} is refuted by {at}, after it", actions.ChallengeSpent(coin, number, one), 0
                yield f"{number} is refuted by {at}, before it", actions.ChallengeDoubleSpent(coin, number, one), 0

    def about_challenges(self, world: CoinWorld) -> Iterator[tuple[str, CoinWorld | None]]:
        """Answers, refutations and bonds of challenges that are open."""
        for number, nonce, doubt in self.open(world):
            named = f"doubt of {number} by {doubt.number}"
            for at, one in self.transfers(world.blocks).items():
                answered = actions.AnswerHistory(self.coin, number, doubt, one)
                yield f"{named} answered by {at}", self.do(world, answered, THIEF)
            yield f"{named} wins", self.do(world, actions.RefuteHistory(self.coin, number, doubt), THIEF)
            yield f"{named} is void", self.do(world, actions.VoidChallenge(self.coin, number, nonce, doubt), THIEF)

    def open(self, world: CoinWorld, number: int = -1) -> Iterator[tuple[int, int, Challenge]]:
        """Open challenges with the starts that they are made against; of one exit, or of all."""
        if not world.state.challenges:
            return
        owners = {0: THIEF} | {at: one.new_owner for at, one in self.transfers(world.blocks).items()}
        for (_, at), one in world.state.exits.items():
            for nonce in range(one.nonce + 1 if number in (-1, at) else 0):
                for earlier, owner in owners.items():
                    for who in (THIEF, *self.honest):
                        doubt = Challenge(who, earlier, owner)
                        if challenge_id(self.coin, at, nonce, doubt) in world.state.challenges:
                            yield at, nonce, doubt

    # ----------------------------------------------------------------------------------------------------- the honest

    def answer(self, saw: CoinWorld) -> Iterator[Sequence[Act[CoinWorld]]]:
        """What the holder does, on what it saw."""
        yield list(self.deeds(saw))

    def deeds(self, saw: CoinWorld) -> Iterator[Act[CoinWorld]]:
        """Leave, be paid, and say against the exits of others what the wallet says."""
        state = saw.state
        if saw.time >= BEGUN + self.holding.leaves and (self.coin, self.own) not in state.running():
            yield self.act("the owner leaves", self.kit(self.standing), self.profile.exit_bond)
        for (_, number), running in sorted(state.running().items()):
            if number == self.own:
                yield from self.defends(saw, self.standing)
            elif self.holding.contradicts:
                view = ExitView(number, running.prev_block)
                yield from self.against(saw, number, contradiction(self.standing, view))

    def kit(self, standing: Standing) -> Action:
        """How the owner of a coin that stands like this begins to take it out."""
        last = standing.moves[-1]
        before = standing.move_at(last.transaction.prev_block)
        return actions.ExitTransfer(self.coin, self.record, shown(before) if before else NOTHING, shown(last))

    def defends(self, saw: CoinWorld, standing: Standing, by: bytes = HOLDER) -> Iterator[Act[CoinWorld]]:
        """Answer what is doubted about the own exit; claim when nothing is."""
        number = standing.last_block
        running = saw.state.exits[self.coin, number]
        for _, _, doubt in self.open(saw, number) if self.holding.answers else ():
            asked = ChallengeView(to_address(doubt.challenger), doubt.number, to_address(doubt.owner))
            try:
                call = answer(standing, ExitView(number, running.prev_block), asked)
            except NotAnswerable:
                continue
            yield self.act(f"the owner answers {doubt.number}", action_of(call, self.record), by=by)
        if saw.time > running.exitable_at and not running.challenges:
            yield self.act("the owner claims", actions.Claim((actions.Due(self.coin, number, self.record),)), by=by)

    def against(self, saw: CoinWorld, number: int, call: Call | None, by: bytes = HOLDER) -> Iterator[Act[CoinWorld]]:
        """Contradict an exit by others; have it refuted when nobody has answered."""
        nonce = saw.state.exits[self.coin, number].nonce
        mine = [doubt for _, at, doubt in self.open(saw, number) if doubt.challenger == by and at == nonce]
        for doubt in mine:
            until = saw.state.challenges[challenge_id(self.coin, number, nonce, doubt)]
            if saw.time > until:
                yield self.act(f"the doubt of {number} wins", actions.RefuteHistory(self.coin, number, doubt), by=by)
                return
        # A doubt that was answered is not raised again: it would be answered again.
        if call is None or (call.bond and (mine or any(one.prev_block == _earlier(call) for one in saw.told))):
            return
        bond = self.profile.challenge_bond if call.bond else 0
        yield self.act(f"{number} is contradicted", action_of(call, self.record), bond, by)

    def act(self, name: str, action: Action, value: int = 0, by: bytes = HOLDER) -> Act[CoinWorld]:
        """A call by one of the honest."""
        return Act(name, lambda world: self.do(world, action, by, value))

    # ------------------------------------------------------------------------------------------------------- promises

    def wrong(self, world: CoinWorld) -> str:
        """The promises."""
        if world.paid and world.paid not in self.honest:
            return "the coin was paid to the thief, or twice"
        there, due = world.state.balance[0], world.state.due(0)
        if there != due:
            return f"{there} is there, {due} is owed"
        return self.late(world)

    def late(self, world: CoinWorld) -> str:
        """What must be when its time has come."""
        return "the holder is not paid" if world.time > self.last and not world.paid else ""

    def over(self, world: CoinWorld) -> bool:
        """When the coin was paid."""
        return bool(world.paid)

    def game(self, name: str, control: str = "", most: int | None = 1) -> Game[CoinWorld]:
        """As a game of the engine."""
        limit = self.last - BEGUN + 2
        over, wrong, within = self.over, self.wrong, self.within
        return Game(name, self.first, self.attack, self.answer, later, over, wrong, limit, control, most, within)


def _earlier(call: Call) -> int:
    """The block whose transfer a doubt shows, zero for the deposit."""
    return 0 if call.name == "challengeHistoryByDeposit" else int(call.args[2][0])
