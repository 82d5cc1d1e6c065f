"""Two honest owners exit a chain whose operator withholds blocks with minted money, on the root chain's model.

Only the thief sees the transactions of blocks 3 and 4. It may exit its deposit, its payment to itself in block 3, the
mints of either block, and by an in-flight exit a payment that spends mint and deposit. It may claim everything for
anyone with any list of buckets, challenge its own exits, move the sum of newer buckets, and start an in-flight exit of
its deposit early and piggyback it late. Each honest owner has one output in an older block, and starts its exit within
W of block 3.

Invariants: both are paid in full in the second in which their exits can be claimed. If lists are limited to fewer
buckets than the thief can use, the payment may be a step later for each exit started and each move of the sum. The
contract's balance always covers them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, combinations
from typing import ClassVar

from layer2.plasma.payments.model import ExitStatus, actions
from layer2.plasma.payments.model.actions import Action, Item, Proof, Spend
from layer2.plasma.payments.model.in_flight_fields import OUTPUT_BIT
from layer2.plasma.payments.model.state import in_flight_id
from layer2.plasma.protocol.positions import block_of, encode_position
from layer2.plasma.protocol.transaction import Transaction, payment
from layer2.testing.search.engine import Act, Game
from layer2.testing.search.payments.honest_exit import Leaving, Owed
from layer2.testing.search.payments.world import (
    BEGUN,
    CONFIG,
    OPERATOR,
    PAYEE,
    PAYER,
    THIEF,
    Faults,
    RootTable,
    World,
    passes,
    proofs_of,
    signature,
    tree_of,
)

__all__ = ["HONEST", "LISTS", "Calls", "MintTable", "Powers"]

HONEST = (PAYER, PAYEE)
MINE, LOOT, MINTED = (30, 20), 10, (25, 15)
"""Amounts of the honest owners and the thief, and the amounts minted in blocks 3 and 4."""
_NOWHERE = 900 << 24
LISTS = (*chain.from_iterable(combinations(range(3), size) for size in (3, 2, 1, 0)), (1, 1), (2, 2))
"""Every list of the existing buckets, and two lists with a repeated bucket."""


Calls = tuple[str, Sequence[Action], int]
"""Description, calls to try, and the ether sent."""


@dataclass(frozen=True)
class Powers:
    """Exit period of a game, and the thief's powers besides exits and claims.

    Attributes:
        period: W, in steps.
        outputs: Outputs that it may exit: its deposit, two of block 3, two of block 4.
        flight: It may start the in-flight exit of the payment that spends a mint and its deposit.
        stops: It may challenge its own exits.
        waits: It may start the in-flight exit of another payment of its deposit, and piggyback it at any time.
        moves: Number of times that it may move the sum of newer buckets.
        late: Steps after the beginning in which block 3 may come; block 4 comes up to a step after it.
    """

    period: int
    outputs: tuple[int, ...] = (0, 1, 2, 3, 4)
    flight: bool = False
    stops: bool = False
    waits: bool = False
    moves: int = 0
    late: int = 0


class MintTable(RootTable):
    """Model data of the game. `slack` is the permitted delay of a payment in steps."""

    faults: ClassVar[Faults] = {}
    accounts: ClassVar[tuple[bytes, ...]] = HONEST
    bounties: ClassVar[int] = 1
    """Number of exiting parts per honest owner, each of which pays a bounty to its claimer."""

    def __init__(self, control: str, powers: Powers, leaving: Leaving, slack: int = 0) -> None:
        super().__init__(control, replace(CONFIG, exit_period=powers.period))
        self.powers, self.leaving = powers, leaving
        self.lasts = powers.period + leaving.waits + slack
        made = [self.deposit(one, amount) for one, amount in zip(HONEST, MINE, strict=True)]
        loot = self.deposit(THIEF, LOOT)
        self.at(BEGUN - 2 * powers.period)
        paid = [payment([one.position], [(one.owner, 0, one.amount)], 9) for one in made]
        self.mine = [self.block(one)[0] for one in paid]
        self.ids = [one.output_id(0) for one in paid]
        self.owed = [Owed(block_of(one.position), amount) for one, amount in zip(self.mine, MINE, strict=True)]
        self.at(BEGUN)
        self.loot = Proof(loot.position, loot.record)
        minted = [payment([_NOWHERE + at], [(THIEF, 0, amount)], 9) for at, amount in enumerate(MINTED)]
        self.moved = payment([loot.position], [(THIEF, 0, LOOT)], 9)
        self.kept = payment([loot.position], [(THIEF, 0, LOOT)], 8)
        self.joined = payment([encode_position(3, 0, 0), loot.position], [(THIEF, 0, MINTED[0] + LOOT)], 9)
        self.bodies: list[list[Transaction]] = [[minted[0], self.moved], [minted[1], self.joined]]
        self.loot_id = loot.output_id
        self.input_ids = (minted[0].output_id(0), self.loot_id)
        self.number = in_flight_id(self.joined.hash, self.input_ids)
        self.signed = signature(self.joined, THIEF)
        self.known = lru_cache(lambda blocks: list(self.calls(blocks)))

    # -------------------------------------------------------------------------------------------------- the adversary

    def attack(self, world: World) -> Iterator[tuple[str, World | None]]:
        """Yield all actions of operator and thief."""
        yield from self.blocks(world)
        for name, tries, value in self.known(world.blocks):
            yield name, self.first_of(world, tries, THIEF, value)
        for bucket in range(4 if world.spent < self.powers.moves else 0):
            after = self.do(world, actions.Track(0, bucket), THIEF)
            yield f"sum from {bucket} on", None if after is None else replace(after, spent=world.spent + 1)

    def blocks(self, world: World) -> Iterator[tuple[str, World | None]]:
        """Yield the submission of the next of the two blocks."""
        at = len(world.blocks)
        last = world.blocks[0] + 1 if at else BEGUN + self.powers.late
        if at < len(self.bodies) and world.time <= last:
            tree = tree_of(self.bodies[at])
            after = self.do(world, actions.SubmitBlock(at + 3, tree.root, tree.count), OPERATOR)
            yield f"block {at + 3}", None if after is None else replace(after, blocks=(*world.blocks, world.time))

    def calls(self, blocks: tuple[int, ...]) -> Iterator[Calls]:
        """Yield the thief's possible calls after its blocks came at these times."""
        made = [one for at, time in enumerate(blocks) for one in proofs_of(at + 3, time, self.bodies[at])]
        proofs = [self.loot, *made]
        own = [proofs[at] for at in self.powers.outputs if at < len(proofs)]
        for proof in own:
            yield f"exit of {_name(proof)}", [actions.StartExits((proof,))], CONFIG.exit_bond
        for proof in (*own, *self.mine):
            item = Item(proof.position, proof.data)
            yield f"claim of {_name(proof)}", [actions.ProcessExits((item,), one) for one in LISTS], 0
        if self.powers.stops and blocks:
            spend = Spend(Proof(0, self.joined.packed), self.signed * 2, (proofs[1], self.loot))
            for proof in proofs[:2]:
                yield f"stop of {_name(proof)}", [actions.ChallengeExit(proof, spend)], 0
        if self.powers.flight and blocks:
            yield from self.flies((proofs[1], self.loot))
        if self.powers.waits:
            yield from self.waits()

    def flies(self, inputs: tuple[Proof, Proof]) -> Iterator[Calls]:
        """Yield calls about the in-flight exit of the payment that spends mint and deposit, included or not."""
        made = tuple(one.data for one in inputs)
        packed, ids = self.joined.packed, self.input_ids
        for bits in (1 << OUTPUT_BIT, 0b11, 1 << OUTPUT_BIT | 0b11):
            bonds = CONFIG.in_flight_bond + bits.bit_count() * CONFIG.piggyback_bond
            begin = actions.StartInFlightExit(Proof(0, packed), inputs, self.signed * 2, bits)
            yield f"game with {bits:#x}", [begin], bonds
        yield "game settled", [actions.ProcessInFlightExit(packed, ids, made, newer) for newer in LISTS], 0
        rival = Spend(Proof(0, self.moved.packed), signature(self.moved, THIEF))
        yield "game contested", [actions.ChallengeNonCanonical(packed, ids, 1, made, rival)], 0
        yield "game holds", [actions.HoldInputs(packed, ids, made)], 0

    def waits(self) -> Iterator[Calls]:
        """Yield calls about the in-flight exit of an unspent payment of its deposit, which has the deposit's age."""
        packed, ids, made = self.kept.packed, (self.loot_id,), (self.loot.data,)
        begin = actions.StartInFlightExit(Proof(0, packed), (self.loot,), signature(self.kept, THIEF))
        yield "own game", [begin], CONFIG.in_flight_bond
        yield "own game joined", [actions.Piggyback(packed, ids, OUTPUT_BIT, made)], CONFIG.piggyback_bond
        yield "own game settled", [actions.ProcessInFlightExit(packed, ids, made, newer) for newer in LISTS], 0

    # ----------------------------------------------------------------------------------------------------- the honest

    def answer(self, saw: World) -> Iterator[Sequence[Act[World]]]:
        """Yield the exits and claims of the owners in either order."""
        mine, others = (list(self.leaves(saw, at)) for at in (0, 1))
        yield [*mine, *others]
        if mine and others:
            yield [*others, *mine]

    def starts(self, world: World, at: int) -> int:
        """Return the step in which an owner starts its exit."""
        return world.blocks[0] + self.leaving.starts[at]

    def leaves(self, saw: World, at: int) -> Iterator[Act[World]]:
        """Yield the actions of one owner."""
        found = saw.state.exit(self.ids[at])
        if saw.blocks and found.status == ExitStatus.NONE and saw.time >= self.starts(saw, at):
            yield self.act(f"owner {at} starts", actions.StartExits((self.mine[at],)), at, CONFIG.exit_bond)
        if found.status == ExitStatus.OPEN and saw.time >= found.time + self.leaving.waits:
            yield from self.claims(saw, at)

    def claims(self, saw: World, at: int) -> Iterator[Act[World]]:
        """Yield a claim based on the state the owner saw; after a move of the sum it reads the state again."""
        one, leaving = self.owed[at]._replace(priority=saw.state.exit(self.ids[at]).priority), self.leaving
        found = one.needed(saw.state)
        if found is None:
            return
        begins = one.moved(saw.state, found, leaving)
        if begins is None:
            list_ = one.listed(saw.state, found, leaving)
            yield Act(f"owner {at} claims", lambda world: self.do(world, self.claim(at, list_), HONEST[at]))
        elif leaving.moves:
            yield self.act(f"owner {at} moves the sum", actions.Track(0, begins), at)
            yield Act(f"owner {at} claims", lambda world: self.looks_again(world, at))

    def looks_again(self, world: World, at: int) -> World | None:
        """Claim with a list computed from the current state."""
        one = self.owed[at]._replace(priority=world.state.exit(self.ids[at]).priority)
        found = one.needed(world.state)
        if found is None or len(found) > self.leaving.listed:
            return None
        return self.do(world, self.claim(at, one.listed(world.state, found, self.leaving)), HONEST[at])

    def claim(self, at: int, newer: tuple[int, ...]) -> Action:
        """Return the call that pays one owner."""
        return actions.ProcessExits((Item(self.mine[at].position, self.mine[at].data),), newer)

    def act(self, name: str, action: Action, at: int, value: int = 0) -> Act[World]:
        """Return a call by one owner."""
        return Act(name, lambda world: self.do(world, action, HONEST[at], value))

    # ----------------------------------------------------------------------------------------------------- invariants

    def is_paid(self, world: World, at: int) -> bool:
        """Return True if an owner was paid."""
        return world.state.exit(self.ids[at]).status == ExitStatus.PAID

    def wrong(self, world: World) -> str:
        """Return the violated invariant, or ""."""
        waiting = [at for at in (0, 1) if not self.is_paid(world, at)]
        owed, there = sum(self.owed[at].amount for at in waiting), world.state.covers(0)
        if there < owed:
            return f"{there} is there, {owed} is owed to the honest"
        for at in waiting:
            if world.blocks and world.time > self.starts(world, at) + self.lasts:
                return f"owner {at} was due and is not paid"
        for at, one in enumerate(self.owed):
            if at not in waiting and world.got[at] < one.amount - self.bounties * CONFIG.bounty:
                return f"owner {at} has {world.got[at]} of {one.amount}"
        return ""

    def over(self, world: World) -> bool:
        """Return True if all owners are paid, or no block can come any more."""
        if not world.blocks:
            return world.time > BEGUN + self.powers.late
        return all(self.is_paid(world, at) for at in (0, 1))

    def game(self, name: str, control: str = "", most: int | None = 1) -> Game[World]:
        """Return the game for the engine."""
        limit = self.powers.late + max(self.leaving.starts) + self.lasts + 3
        over, wrong, within = self.over, self.wrong, self.within
        return Game(name, self.first, self.attack, self.answer, passes, over, wrong, limit, control, most, within)


def _name(proof: Proof) -> str:
    """Return a short description of an output."""
    number = block_of(proof.position)
    return f"{number}.{proof.position >> 8 & 0xFFFF}" if number else "the deposit"
