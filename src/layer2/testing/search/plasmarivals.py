"""An honest payee leaves, and a thief starts what it can of payments that are in no block; on the root chain's twin.

The thief may sign and start anything over its one deposit: its exit, two payments that rival each other and expire with
the next block, contests, holds and claims of both; the operator may add a block without them. The payee has also signed
a swap that the thief has not. Promises: the payee is paid in the second in which its exit can be claimed, the thief
never gets more than it had, and what is registered is at most the sum of distinct live outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from layer2.plasma.blocks import BlockTree
from layer2.plasma.game import Config, Env, ExitStatus, Paid, State, actions, apply, exits, inflight
from layer2.plasma.game.actions import Action, Item, Proof, Spend
from layer2.plasma.game.errors import RootError
from layer2.plasma.game.evidence import Spent, alive, signed_by
from layer2.plasma.game.parts import OUTPUT_BIT
from layer2.plasma.game.state import FOREVER, NO_PLACE
from layer2.plasma.messages import digest, plasma_domain
from layer2.plasma.positions import encode_position
from layer2.plasma.transaction import Deposit, Transaction, payment
from layer2.primitives.hashing import keccak
from layer2.testing.search.engine import Act, Game

__all__ = [
    "BEGUN",
    "CONFIG",
    "FAULTS",
    "LOOT",
    "MINE",
    "OPERATOR",
    "PAYEE",
    "PAYER",
    "THIEF",
    "Faults",
    "Table",
    "World",
    "key_of",
    "passes",
    "rivals",
    "signature",
]

W = 2
CONFIG = Config(
    exit_period=W, rotation_delay=W, data_delay=W, exit_bond=3, in_flight_bond=3, piggyback_bond=3, bounty=1
)
DOMAIN = plasma_domain(1, "0x" + "ab" * 20)
OPERATOR, PAYER, PAYEE, THIEF = (bytes([number]) * 20 for number in range(1, 5))
MINE, LOOT = 30, 20
"""What the payee and the thief have."""
BEGUN = 1_000
"""When the payee's exit begins; it can be claimed at `BEGUN + 2 * W`."""


def signature(transaction: Transaction, owner: bytes) -> bytes:
    """A stand-in: what it is about, and by whom."""
    return digest(transaction, DOMAIN) + owner + bytes(12)


def _recover(message: bytes, signature: bytes) -> bytes:
    return signature[32:52] if len(signature) == 64 and signature[:32] == message else b""


@dataclass(frozen=True)
class World:
    """A state of the root chain with its time, who was paid how much so far, and what makes it one of its kind."""

    key: tuple[Any, ...]
    state: State = field(compare=False, hash=False, repr=False)
    time: int
    thief: int = 0
    payee: int = 0


def key_of(state: State) -> tuple[Any, ...]:
    """What makes a state one of its kind."""
    return (
        state.next_block,
        tuple(sorted(state.blocks.items())),
        tuple(sorted((one, exit_.status, exit_.time) for one, exit_ in state.exits.items())),
        tuple(sorted((one, flight) for one, flight in state.in_flight.items())),
        tuple(sorted(state.holds)),
        tuple(sorted(state.reserve.under.items())),
        tuple(sorted(state.balance.items())),
        tuple(sorted(state.held.items())),
        tuple(sorted(state.reserve.tracked.items())),
    )


def _by_old_rule(act: Any, spend: Spend, position: int, owner: bytes) -> Spent:
    """A spend by the signature of one owner alone."""
    transaction = alive(act, spend.proof)
    at = 64 * transaction.inputs.index(position) if position in transaction.inputs else 0
    signed_by(act, transaction, owner, spend.signatures[at : at + 64])
    if spend.proof.position:
        return Spent(transaction.hash, spend.proof.position >> 8, FOREVER)
    return Spent(transaction.hash, NO_PLACE, transaction.expiry)


def _all_count(flight: Any, count: int) -> int:
    return 0xF0 if not flight.contested else 0x0F


Faults = dict[str, tuple[tuple[Any, str, object], ...]]
"""What each fault changes: of which module, which name, and what it is then."""

FAULTS: Faults = {
    "a game of what was paid": (
        (inflight, "gone", lambda act, output: None),
        (inflight, "try_hold", lambda act, output: True),
    ),
    "rivals that each reserve one output": (
        (inflight, "try_hold", lambda act, output: True),
        (inflight, "counted", _all_count),
    ),
    "half of a swap": ((exits, "spent", _by_old_rule),),
}


@contextmanager
def _with(faults: Faults, control: str) -> Iterator[None]:
    changes = faults.get(control, ())
    kept = [(where, name, getattr(where, name)) for where, name, _ in changes]
    for where, name, value in changes:
        setattr(where, name, value)
    try:
        yield
    finally:
        for where, name, value in kept:
            setattr(where, name, value)


class Table:
    """What everybody knows: the honest payment in block 1, the thief's deposit and its rivals, the swap half signed."""

    faults: ClassVar[Faults] = FAULTS

    def __init__(self, control: str, rivals: int, until: int = 2, config: Config = CONFIG) -> None:
        self.control = control
        state = State(DOMAIN, config, OPERATOR)
        state.balance[0] = 0
        first = World((), state, BEGUN - 2)
        deposits = [
            Deposit(at, owner, 0, amount, BEGUN - 2) for at, owner, amount in ((1, PAYER, MINE), (2, THIEF, LOOT))
        ]
        for one in deposits:
            first = self.must(first, actions.Deposit(0, 0, one.owner), one.owner, one.amount)
        self.loot = deposits[1]
        paid = payment([deposits[0].position], [(PAYEE, 0, MINE)], 9)
        self.tree = BlockTree([paid.packed], keccak(b"signatures"))
        first = World((), first.state, BEGUN)
        first = self.must(first, actions.SubmitBlock(1, self.tree.root, 1), OPERATOR)
        self.mine = Proof(encode_position(1, 0, 0), paid.packed, BEGUN << 32 | 1, self.tree.proof(0))
        self.mine_id = paid.output_id(0)
        first = self.must(first, actions.StartExits((self.mine,)), PAYEE, CONFIG.exit_bond)
        self.first = World(key_of(first.state), first.state, BEGUN)
        self.deposit = Proof(self.loot.position, self.loot.record)
        self.ids = (self.loot.output_id,)
        self.rivals = [
            payment([self.loot.position], [(THIEF, 0, LOOT)], until, memo=bytes([at + 1]) * 32) for at in range(rivals)
        ]
        swap = payment([self.mine.position, self.loot.position], [(THIEF, 0, MINE), (PAYEE, 0, LOOT)], 9)
        half = signature(swap, PAYEE) + signature(swap, PAYEE)
        self.half = actions.ChallengeExit(self.mine, Spend(Proof(0, swap.packed), half, (self.mine, self.deposit)))
        self.swap = swap

    def do(self, world: World, action: Action, by: bytes, value: int = 0) -> World | None:
        """The world after a call; None if it is refused."""
        try:
            with _with(self.faults, self.control):
                state, effects = apply(world.state, action, Env(by, world.time, value, recover=_recover))
        except RootError:
            return None
        got = {THIEF: world.thief - (value if by == THIEF else 0), PAYEE: world.payee - (value if by == PAYEE else 0)}
        for one in effects:
            if isinstance(one, Paid) and one.to in got:
                got[one.to] += one.amount
        return World(key_of(state), state, world.time, got[THIEF], got[PAYEE])

    def must(self, world: World, action: Action, by: bytes, value: int = 0) -> World:
        """The same where a refusal is a mistake of this table."""
        after = self.do(world, action, by, value)
        if after is None:
            raise AssertionError(f"{action} was refused")
        return World(after.key, after.state, after.time)

    def _calls(self) -> Iterator[tuple[str, Action, bytes, int]]:
        items = (Item(self.loot.position, self.loot.record),)
        yield "exit of the loot", actions.StartExits((self.deposit,)), THIEF, CONFIG.exit_bond
        yield "claim of the loot", actions.Claim(items), THIEF, 0
        yield "half of the swap", self.half, THIEF, 0
        made = (self.loot.record,)
        for at, one in enumerate(self.rivals, 1):
            bits = 1 << OUTPUT_BIT | 1
            bonds = CONFIG.in_flight_bond + 2 * CONFIG.piggyback_bond
            shown, signed = Proof(0, one.packed), signature(one, THIEF)
            yield f"game {at}", actions.StartInFlight(shown, (self.deposit,), signed, bits), THIEF, bonds
            yield f"game {at} settled", actions.ClaimInFlight(one.packed, self.ids, made), THIEF, 0
            yield f"game {at} holds", actions.HoldInputs(one.packed, self.ids, made), THIEF, 0
            yield f"exit stopped by {at}", actions.ChallengeExit(self.deposit, Spend(shown, signed)), THIEF, 0
            other = self.rivals[at % len(self.rivals)]
            if other is not one:
                spend = Spend(Proof(0, other.packed), signature(other, THIEF))
                contest = actions.ChallengeCanonical(one.packed, self.ids, 0, made, spend)
                yield f"game {at} contested", contest, THIEF, 0

    def attack(self, world: World) -> Iterable[tuple[str, World | None]]:
        """What thief and operator may do."""
        for name, action, by, value in self._calls():
            yield name, self.do(world, action, by, value)
        number = world.state.next_block
        if number <= 2:
            tree = BlockTree([b"nothing of theirs"], keccak(b""))
            yield "a block", self.do(world, actions.SubmitBlock(number, tree.root, 1), OPERATOR)

    def answer(self, saw: World) -> Iterable[Sequence[Act[World]]]:
        """The payee claims when it may."""
        claim = actions.Claim((Item(self.mine.position, self.mine.data),))
        due = saw.time >= BEGUN + 2 * W and saw.state.exit(self.mine_id).status == ExitStatus.OPEN
        yield [Act("the payee claims", lambda world: self.do(world, claim, PAYEE))] if due else []

    def wrong(self, world: World) -> str:
        """What must never be, and what must be when the payee's exit was due."""
        state = world.state
        late = world.time > BEGUN + 2 * W or self.over(world)
        if late and state.exit(self.mine_id).status != ExitStatus.PAID:
            return "the payee's exit was due and is not paid"
        if world.thief > LOOT:
            return f"the thief has {world.thief} of its {LOOT}"
        loot = 0 if state.exit(self.ids[0]).status in (ExitStatus.PAID, ExitStatus.SPENT) else LOOT
        mine = 0 if state.exit(self.mine_id).status == ExitStatus.PAID else MINE
        # A settled game's output takes the place of its input until it is paid.
        waiting = sum(
            LOOT for flight in state.in_flight.values() if flight.status == 2 and flight.piggybacked >> OUTPUT_BIT & 1
        )
        if state.reserve.total.get(0, 0) > loot + mine + min(LOOT, waiting):
            return f"{state.reserve.total[0]} is registered, {loot + mine} is there"
        return ""

    def over(self, world: World) -> bool:
        """Past the second in which the exit was due."""
        return world.time > BEGUN + 2 * W + 1


def passes(world: World) -> World:
    """Time passes."""
    return World(world.key, world.state, world.time + 1, world.thief, world.payee)


def _game(name: str, control: str, most: int) -> Game[World]:
    table = Table(control, rivals=2)
    return Game(
        name, table.first, table.attack, table.answer, passes, table.over, table.wrong, 2 * W + 3, control, most
    )


def rivals(bound: str) -> Iterable[Game[World]]:
    """The sound game, and one for each fault that is put back."""
    most = 1 if bound == "small" else 2
    yield _game("a payee leaves, a thief starts what it can", "", most)
    for control in FAULTS:
        yield _game(f"a payee leaves ({control})", control, most)
