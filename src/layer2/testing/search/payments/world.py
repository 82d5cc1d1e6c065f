"""Common parts of games on the root chain's model: a chain on which calls are made, and faults of the controls."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, ClassVar

from layer2.plasma.payments.bindings.errors import NotCovered, NothingToPay, RootError, UnsortedBuckets
from layer2.plasma.payments.model import (
    Config,
    Env,
    ExitStatus,
    InFlightStatus,
    Paid,
    State,
    actions,
    apply,
    evidence,
    in_flight_fields,
)
from layer2.plasma.payments.model.actions import Action, Proof
from layer2.plasma.protocol.blocks import BlockTree, inclusion_root
from layer2.plasma.protocol.positions import encode_position
from layer2.plasma.protocol.signing import digest, plasma_domain
from layer2.plasma.protocol.transaction import Deposit, Transaction, decode_deposit, decode_transaction
from layer2.primitives.hashing import keccak

__all__ = [
    "BEGUN",
    "CONFIG",
    "OPERATOR",
    "PAYEE",
    "PAYER",
    "THIEF",
    "Faults",
    "RootTable",
    "World",
    "passes",
    "put_back",
    "recover",
    "signature",
]

W = 2
CONFIG = Config(
    exit_period=W, rotation_delay=W, data_delay=W, exit_bond=3, in_flight_bond=3, piggyback_bond=3, bounty=1
)
DOMAIN = plasma_domain(1, "0x" + "ab" * 20)
OPERATOR, PAYER, PAYEE, THIEF = (bytes([number]) * 20 for number in range(1, 5))
BEGUN = 1_000
"""Time at which games, or exits in them, begin."""


def signature(transaction: Transaction, owner: bytes) -> bytes:
    """Return a placeholder signature that contains the digest and the signer."""
    return digest(transaction, DOMAIN) + owner + bytes(12)


def recover(message: bytes, signed: bytes) -> bytes:
    """Return the signer of a placeholder signature, or empty bytes."""
    return signed[32:52] if len(signed) == 64 and signed[:32] == message else b""


Changes = tuple[tuple[Any, str, object], ...]
"""Temporary replacements: module or class, attribute name, and value."""
Faults = dict[str, Changes]
"""Replacements of each fault."""

_DECODE = lru_cache(decode_transaction)
REMEMBERED: Changes = (
    (evidence, "decode_transaction", _DECODE),
    (in_flight_fields, "decode_transaction", _DECODE),
    (evidence, "decode_deposit", lru_cache(decode_deposit)),
    (evidence, "digest", lru_cache(digest)),
    (evidence, "inclusion_root", lru_cache(inclusion_root)),
)
"""Pure functions that calls evaluate repeatedly with the same arguments."""


@contextmanager
def put_back(changes: Changes) -> Iterator[None]:
    """Apply replacements for the duration of the context."""
    kept = [(where, name, getattr(where, name)) for where, name, _ in changes]
    for where, name, value in changes:
        setattr(where, name, value)
    try:
        yield
    finally:
        for where, name, value in kept:
            setattr(where, name, value)


@dataclass(frozen=True)
class World:
    """A state of the root chain with its time.

    Attributes:
        key: Identity of the state for memoisation.
        got: Payments to each of the counted accounts so far, less its bonds.
        blocks: Times of the adversary's blocks.
        spent: Number of uses of a limited action by the adversary.
    """

    key: tuple[Hashable, ...]
    state: State = field(compare=False, hash=False, repr=False)
    time: int
    got: tuple[int, ...] = ()
    blocks: tuple[int, ...] = ()
    spent: int = 0


def key_of(state: State, time: int) -> tuple[Hashable, ...]:
    """Return the identity of a state, in which all past times are equal."""
    half = state.config.exit_period // 2
    return (
        state.next_block,
        state.frozen,
        tuple(sorted(state.blocks.items())),
        tuple(sorted((one, *_exit_key(found, time)) for one, found in state.exits.items())),
        tuple(
            sorted(
                (
                    one,
                    replace(
                        flight,
                        started_at=max(0, flight.started_at + half - time),
                        exitable_at=max(0, flight.exitable_at - time),
                    ),
                )
                for one, flight in state.in_flight.items()
            )
        ),
        tuple(sorted(state.holds)),
        tuple(sorted(state.reserve.under.items())),
        tuple(sorted(state.balance.items())),
        tuple(sorted(state.held.items())),
        tuple(sorted(state.reserve.tracked.items())),
        state.reserve.passed,
    )


def _exit_key(found: Any, time: int) -> tuple[int, int, int, int]:
    """Return the identity of an exit; its time field is a block if it was challenged, and a time if it is open."""
    waits = found.status == ExitStatus.OPEN
    return (found.status, max(0, found.time - time) if waits else found.time, found.position, found.priority)


def passes(world: World) -> World:
    """Advance time."""
    time = world.time + 1
    return replace(world, key=key_of(world.state, time), time=time)


class RootTable:
    """A root chain model and the public data of a game."""

    faults: ClassVar[Faults] = {}
    accounts: ClassVar[tuple[bytes, ...]] = (THIEF,)
    """Accounts whose payments are counted."""

    def __init__(self, control: str, config: Config = CONFIG) -> None:
        self.changes = (*REMEMBERED, *self.faults.get(control, ()))
        self.config = config
        state = State(DOMAIN, config, OPERATOR)
        state.balance[0] = 0
        self.first = self.world(state, BEGUN - 2)

    def world(self, state: State, time: int) -> World:
        """Return a world without any payments so far."""
        return World(key_of(state, time), state, time, (0,) * len(self.accounts))

    def within(self) -> AbstractContextManager[None]:
        """Return the context of a game, with its changes to the model."""
        return put_back(self.changes)

    def at(self, time: int) -> None:
        """Advance the time at which the game begins."""
        self.first = self.world(self.first.state, time)

    def do(self, world: World, action: Action, by: bytes, value: int = 0) -> World | None:
        """Return the world after a call, or None if it is rejected."""
        try:
            return self.call(world, action, by, value)
        except RootError:
            return None

    def first_of(self, world: World, tries: Iterable[Action], by: bytes, value: int = 0) -> World | None:
        """Return the world after the first accepted call; only a wrong list lets the next call be tried."""
        for action in tries:
            try:
                return self.call(world, action, by, value)
            except (NotCovered, NothingToPay, UnsortedBuckets):
                continue
            except RootError:
                return None
        return None

    def call(self, world: World, action: Action, by: bytes, value: int = 0) -> World:
        """Return the world after a call; raise the error of a rejection."""
        state, effects = apply(world.state, action, Env(by, world.time, value, recover=recover))
        got = [amount - (value if by == one else 0) for one, amount in zip(self.accounts, world.got, strict=True)]
        for effect in effects:
            if isinstance(effect, Paid) and effect.to in self.accounts:
                got[self.accounts.index(effect.to)] += effect.amount
        return replace(world, key=key_of(state, world.time), state=state, got=tuple(got))

    def must(self, action: Action, by: bytes, value: int = 0) -> None:
        """Execute a call before the game begins; raise AssertionError if it is rejected."""
        after = self.do(self.first, action, by, value)
        if after is None:
            raise AssertionError(f"{action} was refused")
        self.first = self.world(after.state, after.time)

    def deposit(self, owner: bytes, amount: int) -> Deposit:
        """Make a deposit before the game begins."""
        one = Deposit(self.first.state.next_deposit, owner, 0, amount, self.first.time)
        self.must(actions.Deposit(0, 0, owner), owner, amount)
        return one

    def block(self, *transactions: Transaction) -> list[Proof]:
        """Submit a block before the game begins; return the proofs of the transactions' first outputs."""
        number, tree = self.first.state.next_block, tree_of(transactions)
        self.must(actions.SubmitBlock(number, tree.root, tree.count), OPERATOR)
        return proofs_of(number, self.first.time, transactions)


def tree_of(transactions: Sequence[Transaction]) -> BlockTree:
    """Return the tree of a block."""
    return BlockTree([one.packed for one in transactions], keccak(b"signatures"))


def proofs_of(number: int, time: int, transactions: Sequence[Transaction]) -> list[Proof]:
    """Return the proofs of the first outputs of a block's transactions."""
    tree = tree_of(transactions)
    word = time << 32 | tree.count
    return [
        Proof(encode_position(number, at, 0), one.packed, word, tree.proof(at)) for at, one in enumerate(transactions)
    ]


def is_waiting(state: State, output: bytes) -> bool:
    """Return True if an exit of an output is open."""
    return state.exit(output).status == ExitStatus.OPEN


def is_open(state: State, number: bytes) -> bool:
    """Return True if an in-flight exit is open."""
    return state.flight(number).status == InFlightStatus.OPEN
