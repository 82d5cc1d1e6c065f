"""What the machines of the root chain share: its world, what has happened so far, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition
from tests.support.chains import new_chain
from tests.support.payments.lockstep import PEOPLE, Counts, Twin, W, World

from layer2.plasma.payments.bindings.errors import RootError
from layer2.plasma.payments.model import ExitStatus, InFlight, InFlightStatus
from layer2.plasma.protocol.positions import encode_position
from layer2.plasma.protocol.transaction import Transaction, payment

USERS = ("payer", "payee", "other", "closed", "thief")
users, anybody = st.sampled_from(USERS), st.sampled_from(PEOPLE)
tokens = st.sampled_from((0, 0, 1))
amounts = st.integers(1, 200)
seldom = st.sampled_from((False,) * 7 + (True,))
mostly = st.sampled_from((True, True, False))
edges = st.sampled_from((0, 0, 0, 0, 1, -1))
numbers = st.integers(0, 2**32)
# For how many blocks a transaction may still come in.
lives = st.sampled_from((0, 2, 50, 50, 50))
kinds = st.sampled_from(("pay", "pay", "known", "known", "mint", "fee", "late"))
questions = st.sampled_from(("ask", "ask", "show", "show", "freeze"))

_worlds: list[World] = []


def often(every: int) -> Callable[[Any], Any]:
    """A rule that must not crowd out the games: once in so many calls."""
    return precondition(lambda self: self.twin.calls % every == 0)


def world() -> World:
    """The chain, made at first use."""
    if not _worlds:
        _worlds.append(World(new_chain()))
    return _worlds[0]


class Play(RuleBasedStateMachine):
    """One run on both sides, begun with four deposits and a block."""

    counts: ClassVar[Counts] = Counts()

    @initialize(amounts=st.tuples(amounts, amounts, amounts, amounts))
    def begin(self, amounts: tuple[int, ...]) -> None:
        self.world = world()
        self.twin = Twin(self.world, self.counts)
        self.address = self.world.address
        self.made: list[Transaction] = []
        self.places: dict[bytes, list[int]] = {}
        # The first run of all is one of them.
        self.with_stories = amounts[0] % 4 == 1
        deposits = [
            self.twin.deposit(self.address[name], 20 + amount, token)
            for name, amount, token in zip(("payer", "payee", "closed", "thief"), amounts, (0, 1, 0, 0), strict=True)
        ]
        for pick, inputs in enumerate((deposits[:1], deposits[1:3], deposits[3:], deposits[:2])):
            self.draft(inputs, 37 * amounts[pick])
        self.include([self.made[amounts[0] % 2], self.made[2]])

    def tries(self, call: Callable[[], object]) -> bool:
        """Make a call; whether both accepted it."""
        try:
            call()
        except RootError:
            return False
        return True

    def positions(self) -> list[int]:
        """Of every output there is, the youngest first."""
        found = [record.position for record in self.twin.records.values()]
        for number, (_, transactions, _) in self.twin.blocks.items():
            for index, one in enumerate(transactions):
                found += [encode_position(number, index, output) for output in range(len(one.outputs))]
        return found[::-1]

    def with_status(self, *statuses: ExitStatus) -> list[int]:
        return [one for one in self.positions() if self.twin.status(one) in statuses]

    def names(self, wanted: bytes) -> list[int]:
        """Where an output lies: more than one place if it was included twice."""
        return [one for one in self.positions() if self.twin.id(one) == wanted]

    def spenders(self, position: int) -> list[Transaction]:
        return [one for one in self.made if position in one.inputs]

    def rivals(self, one: Transaction) -> list[tuple[int, Transaction]]:
        """Input by input who spends it too."""
        return [(at, other) for at in one.inputs for other in self.spenders(at) if other.hash != one.hash]

    def place(self, one: Transaction, pick: int, skip: bool) -> int:
        """One of the places where it was included; 0 if nowhere, or if none is to be shown."""
        places = self.places.get(one.hash, [])
        return places[pick % len(places)] if places and not skip else 0

    def flights(self, *statuses: InFlightStatus, joined: int = 0xFF) -> list[tuple[Transaction, InFlight]]:
        """In-flight exits in one of these states with one of these bits."""
        known = ((one, self.twin.state.flight(self.twin.flight_id(one))) for one in self.made)
        return [pair for pair in known if pair[1].status in statuses and (joined == 0 or pair[1].piggybacked & joined)]

    def young(self) -> list[tuple[Transaction, InFlight]]:
        """In-flight exits in their first half, or, once in a while, any that run; those that were included first."""
        running = self.flights(InFlightStatus.OPEN, joined=0)
        found = [pair for pair in running if self.half(pair[1]) > self.twin.now + 1 or self.twin.calls % 7 == 0]
        return sorted(found, key=lambda pair: pair[0].hash not in self.places)

    def half(self, flight: InFlight) -> int:
        return flight.started_at + W // 2

    def lists(self, token: int, block: int, how: int) -> tuple[int, ...]:
        """Buckets to leave out: none, the best list, a part of it, one that is not sorted."""
        best = self.twin.state.reserve.buckets(token, block)
        return ((), (), tuple(best), tuple(best[::2]), (*best, 0))[how % 5]

    def draft(self, inputs: Sequence[int], pick: int, more: int = 0, late: int = 50) -> Transaction:
        """A payment to some users of what the inputs hold, less a fee, or with so much more."""
        twin = self.twin
        have: dict[int, int] = {}
        for position in set(inputs):
            _, token, amount = twin.output(position)
            have[token] = have.get(token, 0) + amount
        outputs: list[tuple[bytes, int, int]] = []
        for token, amount in have.items():
            fee = pick % 3 if amount > 3 else 0
            whole = amount - fee + more
            part = 1 + pick % whole
            owners = [self.address[USERS[(pick >> shift) % len(USERS)]] for shift in (3, 7)]
            shares = (part, whole - part)
            outputs += [(owner, token, share) for owner, share in zip(owners, shares, strict=True) if share]
        expiry = max(1, twin.state.next_block - 1 + late)
        memo = (pick + 1).to_bytes(32, "big") if pick % 5 == 0 else b""
        made = payment(sorted(set(inputs)), outputs[:4], expiry, memo)
        if all(made.hash != one.hash for one in self.made):
            self.made.append(made)
        return made

    def include(self, transactions: list[Transaction]) -> bool:
        positions: list[int] = []
        if not self.tries(lambda: positions.extend(self.twin.block(*transactions))):
            return False
        for one, position in zip(transactions, positions, strict=True):
            self.places.setdefault(one.hash, []).append(position)
        return True
