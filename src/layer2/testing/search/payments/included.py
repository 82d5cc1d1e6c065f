"""An exiting honest payee against a thief with a payment that a block includes, on the root chain's model.

The thief has paid itself in a newer block. It may exit the payment's output, its spent input, or both by the in-flight
exit of that payment or of a competing one, piggybacked immediately or later, and claim, hold and settle each. A watcher
challenges invalid exits in the order of their start.

Invariants: the payee is paid once all older invalid exits are challenged, one step for each; the thief never receives
more than its deposit; and no output is registered by two exits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from layer2.plasma.payments.bindings.errors import UnauthorizedCaller
from layer2.plasma.payments.model import ExitStatus, actions, in_flight
from layer2.plasma.payments.model.actions import Action, Item, Proof, Spend
from layer2.plasma.payments.model.environment import Act as Call
from layer2.plasma.payments.model.evidence import Claimed
from layer2.plasma.payments.model.in_flight import counted, gone
from layer2.plasma.payments.model.in_flight_fields import OUTPUT_BIT
from layer2.plasma.payments.model.state import in_flight_id
from layer2.testing.search.engine import Act, Game
from layer2.testing.search.payments.competing import LOOT, MINE, Table
from layer2.testing.search.payments.world import (
    BEGUN,
    CONFIG,
    PAYEE,
    PAYER,
    THIEF,
    Faults,
    World,
    is_open,
    is_waiting,
    passes,
    signature,
)

__all__ = ["included"]

W = 4
"""Two steps in the first half of an in-flight exit, so that one started in the first can be contested in the second."""
DUE = BEGUN + 2 * W
"""Time at which the payee's exit can be claimed."""
FALSE = 3
"""Number of invalid exits that the thief can start, once each.

They are the exits of its spent input, of the competing payment, and of that payment's input.
"""


def _join_beside(one: Call, found: Claimed, bit: int) -> None:
    """Piggyback an output without ending its standard exit."""
    if found.output.owner != one.env.sender:
        raise UnauthorizedCaller(one.env.sender, found.output.owner)
    gone(one, found.id)


FAULTS: Faults = {"one way out for each output": ((in_flight, "_join", _join_beside),)}


class IncludedTable(Table):
    """Model data of the game of competing payments, with the thief's first payment in block 2."""

    faults: ClassVar[Faults] = FAULTS

    def __init__(self, control: str, begins: int) -> None:
        super().__init__(control, rivals=2, until=9, config=replace(CONFIG, exit_period=W))
        self.made, self.rival = self.rivals
        (self.proof,) = self.block(self.made)
        self.at(begins)
        self.made_id = self.made.output_id(0)
        self.numbers = [in_flight_id(one.hash, self.ids) for one in self.rivals]
        self.spend = Spend(self.proof, signature(self.made, THIEF))
        self.every = list(self.own())

    def own(self) -> Iterator[tuple[str, Action, bytes, int]]:
        """Yield all calls of the thief in this game."""
        source = (self.loot.record,)
        yield "exit of what it spent", actions.StartExits((self.deposited,)), THIEF, CONFIG.exit_bond
        yield "exit of what it paid", actions.StartExits((self.proof,)), THIEF, CONFIG.exit_bond
        for name, item in (
            ("spent", Item(self.loot.position, self.loot.record)),
            ("paid", Item(self.proof.position, self.made.packed)),
        ):
            yield f"claim of what it {name}", actions.ProcessExits((item,)), THIEF, 0
        for name, one, shown in (("game", self.made, self.proof), ("rival", self.rival, Proof(0, self.rival.packed))):
            for bits in (1 << OUTPUT_BIT, 0):
                bonds = CONFIG.in_flight_bond + bits.bit_count() * CONFIG.piggyback_bond
                begin = actions.StartInFlightExit(shown, (self.deposited,), signature(one, THIEF), bits)
                yield f"{name} with {bits:#x}", begin, THIEF, bonds
            for bit in (OUTPUT_BIT, 0):
                join = actions.Piggyback(one.packed, self.ids, bit, source)
                yield f"{name} joined by {bit}", join, THIEF, CONFIG.piggyback_bond
            yield f"{name} settled", actions.ProcessInFlightExit(one.packed, self.ids, source), THIEF, 0
            yield f"{name} holds", actions.HoldInputs(one.packed, self.ids, source), THIEF, 0

    def attack(self, world: World) -> Iterable[tuple[str, World | None]]:
        """Yield the actions of the thief."""
        for name, action, by, value in self.every:
            yield name, self.do(world, action, by, value)

    def answer(self, saw: World) -> Iterable[Sequence[Act[World]]]:
        """Yield the watcher's challenges of invalid exits, and the payee's claim when it is possible."""
        acts = []
        state, source = saw.state, (self.loot.record,)
        if is_waiting(state, self.ids[0]):
            acts.append(self.act("stop the exit", actions.ChallengeExit(self.deposited, self.spend)))
        flight = state.flight(self.numbers[1])
        if is_open(state, self.numbers[1]) and not flight.contested and saw.time < flight.started_at + W // 2:
            contest = actions.ChallengeNonCanonical(self.rival.packed, self.ids, 0, source, self.spend)
            acts.append(self.act("contest the rival", contest))
        if is_open(state, self.numbers[1]) and flight.piggybacked & 1:
            stop = actions.ChallengeInputSpent(self.rival.packed, self.ids, 0, source[0], self.spend)
            acts.append(self.act("stop the rival's input", stop))
        if saw.time >= DUE and is_waiting(state, self.mine_id):
            claim = actions.ProcessExits((Item(self.mine.position, self.mine.data),))
            acts.append(self.act("the payee claims", claim, PAYEE))
        yield acts

    def act(self, name: str, action: Action, by: bytes = PAYER) -> Act[World]:
        """Return a call by one of the honest parties."""
        return Act(name, lambda world: self.do(world, action, by))

    def wrong(self, world: World) -> str:
        """Return the violated invariant, or ""."""
        state = world.state
        late = world.time > DUE + FALSE or self.over(world)
        if late and state.exit(self.mine_id).status != ExitStatus.PAID:
            return "the payee's exit was due and is not paid"
        if world.got[0] > LOOT:
            return f"the thief has {world.got[0]} of its {LOOT}"
        ways = {self.ids[0]: 0, self.made_id: 0, self.rival.output_id(0): 0}
        for output in ways:
            ways[output] += state.exit(output).status == ExitStatus.OPEN
        for number, one in zip(self.numbers, self.rivals, strict=True):
            flight = state.flight(number)
            counts = flight.piggybacked & counted(flight, 1)
            ways[self.ids[0]] += counts & 1
            ways[one.output_id(0)] += counts >> OUTPUT_BIT & 1
        mine = 0 if state.exit(self.mine_id).status == ExitStatus.PAID else MINE
        if max(ways.values()) > 1:
            return "an output is registered by two ways out"
        if state.reserve.total.get(0, 0) != mine + LOOT * sum(ways.values()):
            return f"{state.reserve.total[0]} is registered, {mine + LOOT * sum(ways.values())} should be"
        return ""

    def over(self, world: World) -> bool:
        """Return True when all invalid exits must have been challenged."""
        return world.time > DUE + FALSE


def _game(name: str, control: str, bound: str) -> Game[World]:
    begins, most = (DUE - 1, 1) if bound == "small" else (DUE - 2, 2)
    table = IncludedTable(control, begins)
    limit = DUE + FALSE - begins + 2
    within = table.within
    return Game(
        name, table.first, table.attack, table.answer, passes, table.over, table.wrong, limit, control, most, within
    )


def included(bound: str) -> Iterable[Game[World]]:
    """Yield the sound game, and one for each fault."""
    for control in ("", *FAULTS):
        yield _game("a payee leaves, a thief leaves with what it paid", control, bound)
