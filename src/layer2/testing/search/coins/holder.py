"""A coin's exiting holder against its earlier owner, who is the operator, on the coin chain's model.

The thief deposited the coin, moved it to another of its keys and then to the holder. From then on blocks are withheld:
each may include a transfer of the coin that spends any earlier block, signed by the thief. The thief exits the output
of any block, cancels, challenges every exit, answers every challenge with every transfer, refutes, claims and collects
bonds, up to a maximum number of bonds. The holder, who has signed nothing, acts by its wallet's functions one step
after it sees an event.

Invariants: the coin is paid to the holder within W after the start of its exit, plus W for each bond of the thief; and
the contract's balance equals its liabilities.
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
    """Limits of the thief: number of blocks, step of the last block, and number of bonds."""

    blocks: int = 2
    until: int = 1
    bonds: int = 2


@dataclass(frozen=True)
class Holding:
    """Program of the holder; each part can be disabled. `leaves` is the step in which it starts its exit."""

    leaves: int = 1
    contradicts: bool = True
    answers: bool = True


class HolderTable(CoinTable):
    """Model data of the game. `scheduler` is the number of transfers among the thief's keys before the holder's."""

    honest: ClassVar[tuple[bytes, ...]] = (HOLDER,)

    def __init__(self, control: str, reach: Reach, holding: Holding, scheduler: int = 1) -> None:
        super().__init__(control, CoinProfile(W, W, 5, 8, 1), THIEF, VALUE)
        self.reach, self.holding = reach, holding
        owners = [*[THIEF] * scheduler, HOLDER]
        moves = [self.move(at, BEGUN, at - 1, owner, THIEF) for at, owner in enumerate(owners, 1)]
        for one in moves:
            self.must(self.submit(one), OPERATOR)
        self.standing = Standing(self.coin, self.record, len(owners) + 1, tuple(moves))
        self.own = len(owners)
        self.last = BEGUN + holding.leaves + W * (1 + reach.bonds) + 1
        self.transfers = lru_cache(self.transfers_at)
        self.known = lru_cache(lambda blocks: list(self.calls(blocks)))

    def transfers_at(self, blocks: tuple[Block, ...]) -> dict[int, Shown]:
        """Return all transfers by block."""
        own = {move.number: shown(move) for move in self.standing.moves}
        return own | {number: shown(self.carried(number, *one)) for number, one in enumerate(blocks, self.own + 1)}

    def carried(self, number: int, time: int, prev: int) -> Move:
        """Return the transfer in a block of the adversary."""
        return self.move(number, time, prev, THIEF, THIEF)

    # -------------------------------------------------------------------------------------------------- the adversary

    def attack(self, world: CoinWorld) -> Iterator[tuple[str, CoinWorld | None]]:
        """Yield all actions of operator and thief."""
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
        """Yield the thief's possible calls after these blocks, except those about challenges."""
        transfers, coin, profile = self.transfers(blocks), self.coin, self.profile
        yield "exit of the deposit", actions.ExitDeposit(coin, self.record), profile.exit_bond
        for number, one in transfers.items():
            prev = transfers.get(one.prev_block, NOTHING)
            begin = actions.ExitTransfer(coin, self.record, prev, one)
            yield f"exit of {number}", begin, profile.exit_bond
        for number in (0, *transfers):
            yield f"exit of {number} is taken back", actions.CancelExit(coin, number), 0
            yield f"claim of {number}", actions.FinalizeExits((actions.ExitClaim(coin, number, self.record),)), 0
            doubt: Action = actions.ChallengeBeforeByDeposit(coin, number, self.record)
            yield f"doubt of {number} by the deposit", doubt, profile.challenge_bond
            for at, one in transfers.items():
                doubt = actions.ChallengeBefore(coin, number, one)
                yield f"doubt of {number} by {at}", doubt, profile.challenge_bond
                yield f"{number} is refuted by {at}, after it", actions.ChallengeAfter(coin, number, one), 0
                yield f"{number} is refuted by {at}, before it", actions.ChallengeBetween(coin, number, one), 0

    def about_challenges(self, world: CoinWorld) -> Iterator[tuple[str, CoinWorld | None]]:
        """Yield answers, refutations and bond refunds of open challenges."""
        for number, nonce, doubt in self.open(world):
            named = f"doubt of {number} by {doubt.number}"
            for at, one in self.transfers(world.blocks).items():
                answered = actions.RespondChallengeBefore(self.coin, number, doubt, one)
                yield f"{named} answered by {at}", self.do(world, answered, THIEF)
            yield f"{named} wins", self.do(world, actions.RefuteChallengeResponse(self.coin, number, doubt), THIEF)
            yield f"{named} is void", self.do(world, actions.VoidChallenge(self.coin, number, nonce, doubt), THIEF)

    def open(self, world: CoinWorld, number: int = -1) -> Iterator[tuple[int, int, Challenge]]:
        """Yield open challenges with the starts that they are made against, of one exit or of all."""
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
        """Yield the holder's actions based on the state it saw."""
        yield list(self.deeds(saw))

    def deeds(self, saw: CoinWorld) -> Iterator[Act[CoinWorld]]:
        """Yield the holder's exit and claim, and its challenges of other exits."""
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
        """Return the call by which the owner of a coin in this state starts its exit."""
        last = standing.moves[-1]
        before = standing.move_at(last.transaction.prev_block)
        return actions.ExitTransfer(self.coin, self.record, shown(before) if before else NOTHING, shown(last))

    def defends(self, saw: CoinWorld, standing: Standing, by: bytes = HOLDER) -> Iterator[Act[CoinWorld]]:
        """Answer challenges of the own exit; claim it when none is open."""
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
            yield self.act(
                "the owner claims", actions.FinalizeExits((actions.ExitClaim(self.coin, number, self.record),)), by=by
            )

    def against(self, saw: CoinWorld, number: int, call: Call | None, by: bytes = HOLDER) -> Iterator[Act[CoinWorld]]:
        """Challenge an exit by others, and refute it after an unanswered challenge."""
        nonce = saw.state.exits[self.coin, number].nonce
        mine = [doubt for _, at, doubt in self.open(saw, number) if doubt.challenger == by and at == nonce]
        for doubt in mine:
            until = saw.state.challenges[challenge_id(self.coin, number, nonce, doubt)]
            if saw.time > until:
                yield self.act(
                    f"the doubt of {number} wins", actions.RefuteChallengeResponse(self.coin, number, doubt), by=by
                )
                return
        # An answered challenge is not repeated, because it would be answered again.
        if call is None or (call.bond and (mine or any(one.prev_block == _earlier(call) for one in saw.told))):
            return
        bond = self.profile.challenge_bond if call.bond else 0
        yield self.act(f"{number} is contradicted", action_of(call, self.record), bond, by)

    def act(self, name: str, action: Action, value: int = 0, by: bytes = HOLDER) -> Act[CoinWorld]:
        """Return a call by one of the honest owners."""
        return Act(name, lambda world: self.do(world, action, by, value))

    # ----------------------------------------------------------------------------------------------------- invariants

    def wrong(self, world: CoinWorld) -> str:
        """Return the violated invariant, or ""."""
        if world.paid and world.paid not in self.honest:
            return "the coin was paid to the thief, or twice"
        there, due = world.state.balance[0], world.state.due(0)
        if there != due:
            return f"{there} is there, {due} is owed"
        return self.late(world)

    def late(self, world: CoinWorld) -> str:
        """Return the violation of the payment deadline, or ""."""
        return "the holder is not paid" if world.time > self.last and not world.paid else ""

    def over(self, world: CoinWorld) -> bool:
        """Return True if the coin was paid."""
        return bool(world.paid)

    def game(self, name: str, control: str = "", most: int | None = 1) -> Game[CoinWorld]:
        """Return the game for the engine."""
        limit = self.last - BEGUN + 2
        over, wrong, within = self.over, self.wrong, self.within
        return Game(name, self.first, self.attack, self.answer, later, over, wrong, limit, control, most, within)


def _earlier(call: Call) -> int:
    """Return the block of the transfer in a history challenge, zero for the deposit."""
    return 0 if call.name == "challengeBeforeByDeposit" else int(call.args[2][0])
