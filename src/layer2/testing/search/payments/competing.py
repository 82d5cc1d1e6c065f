"""An exiting honest payee against a thief with payments that no block includes, on the root chain's model.

The thief may sign and start anything with its one deposit: its exit, two competing payments that expire with the next
block, and contests, holds and claims of both; the operator may add a block without them. The payee has also signed a
swap that the thief has not signed.

Invariants: the payee is paid in the second in which its exit can be claimed; the thief never receives more than its
deposit; and the registered amount is at most the sum of distinct live outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

from layer2.plasma.payments.model import Config, ExitStatus, actions, exits, in_flight
from layer2.plasma.payments.model.actions import Action, Item, Proof, Spend
from layer2.plasma.payments.model.evidence import Spent, alive, signed_by
from layer2.plasma.payments.model.in_flight_fields import OUTPUT_BIT
from layer2.plasma.payments.model.state import FOREVER, NO_PLACE
from layer2.plasma.protocol.blocks import BlockTree
from layer2.plasma.protocol.transaction import payment
from layer2.primitives.hashing import keccak
from layer2.testing.search.engine import Act, Game
from layer2.testing.search.payments.world import (
    BEGUN,
    CONFIG,
    OPERATOR,
    PAYEE,
    PAYER,
    THIEF,
    Faults,
    RootTable,
    W,
    World,
    is_waiting,
    passes,
    signature,
)

__all__ = ["FAULTS", "LOOT", "MINE", "Table", "rivals"]

MINE, LOOT = 30, 20
"""Amounts of the payee and the thief. The payee's exit begins at `BEGUN` and matures at `BEGUN + 2 * W`."""


def _by_old_rule(act: Any, spend: Spend, position: int, owner: bytes) -> Spent:
    """Verify a spend by the signature of only one owner."""
    transaction = alive(act, spend.proof)
    at = 64 * transaction.inputs.index(position) if position in transaction.inputs else 0
    signed_by(act, transaction, owner, spend.signatures[at : at + 64])
    if spend.proof.position:
        return Spent(transaction.hash, spend.proof.position >> 8, FOREVER)
    return Spent(transaction.hash, NO_PLACE, transaction.expiry)


def _all_count(flight: Any, count: int) -> int:
    return 0xF0 if not flight.contested else 0x0F


FAULTS: Faults = {
    "a game of what was paid": (
        (in_flight, "gone", lambda act, output: None),
        (in_flight, "try_hold", lambda act, output: True),
    ),
    "rivals that each reserve one output": (
        (in_flight, "try_hold", lambda act, output: True),
        (in_flight, "counted", _all_count),
    ),
    "half of a swap": ((exits, "spent", _by_old_rule),),
}


class Table(RootTable):
    """Model data of the game: the honest payment in block 1, the thief's deposit and payments, and a swap."""

    faults: ClassVar[Faults] = FAULTS

    def __init__(self, control: str, rivals: int, until: int = 2, config: Config = CONFIG) -> None:
        super().__init__(control, config)
        mine, self.loot = self.deposit(PAYER, MINE), self.deposit(THIEF, LOOT)
        paid = payment([mine.position], [(PAYEE, 0, MINE)], 9)
        self.at(BEGUN)
        (self.mine,) = self.block(paid)
        self.mine_id = paid.output_id(0)
        self.must(actions.StartExits((self.mine,)), PAYEE, config.exit_bond)
        self.deposited = Proof(self.loot.position, self.loot.record)
        self.ids = (self.loot.output_id,)
        self.rivals = [
            payment([self.loot.position], [(THIEF, 0, LOOT)], until, memo=bytes([at + 1]) * 32) for at in range(rivals)
        ]
        swap = payment([self.mine.position, self.loot.position], [(THIEF, 0, MINE), (PAYEE, 0, LOOT)], 9)
        half = signature(swap, PAYEE) + signature(swap, PAYEE)
        self.half = actions.ChallengeExit(self.mine, Spend(Proof(0, swap.packed), half, (self.mine, self.deposited)))
        self.every = list(self.calls())

    def calls(self) -> Iterator[tuple[str, Action, bytes, int]]:
        """Yield all calls of the thief."""
        items = (Item(self.loot.position, self.loot.record),)
        yield "exit of the loot", actions.StartExits((self.deposited,)), THIEF, CONFIG.exit_bond
        yield "claim of the loot", actions.ProcessExits(items), THIEF, 0
        yield "half of the swap", self.half, THIEF, 0
        made = (self.loot.record,)
        for at, one in enumerate(self.rivals, 1):
            bits = 1 << OUTPUT_BIT | 1
            bonds = CONFIG.in_flight_bond + 2 * CONFIG.piggyback_bond
            shown, signed = Proof(0, one.packed), signature(one, THIEF)
            yield f"game {at}", actions.StartInFlightExit(shown, (self.deposited,), signed, bits), THIEF, bonds
            yield f"game {at} settled", actions.ProcessInFlightExit(one.packed, self.ids, made), THIEF, 0
            yield f"game {at} holds", actions.HoldInputs(one.packed, self.ids, made), THIEF, 0
            yield f"exit stopped by {at}", actions.ChallengeExit(self.deposited, Spend(shown, signed)), THIEF, 0
            other = self.rivals[at % len(self.rivals)]
            if other is not one:
                spend = Spend(Proof(0, other.packed), signature(other, THIEF))
                contest = actions.ChallengeNonCanonical(one.packed, self.ids, 0, made, spend)
                yield f"game {at} contested", contest, THIEF, 0

    def attack(self, world: World) -> Iterable[tuple[str, World | None]]:
        """Yield the actions of thief and operator."""
        for name, action, by, value in self.every:
            yield name, self.do(world, action, by, value)
        number = world.state.next_block
        if number <= 2:
            tree = BlockTree([b"nothing of theirs"], keccak(b""))
            yield "a block", self.do(world, actions.SubmitBlock(number, tree.root, 1), OPERATOR)

    def answer(self, saw: World) -> Iterable[Sequence[Act[World]]]:
        """Yield the payee's claim when it is possible."""
        claim = actions.ProcessExits((Item(self.mine.position, self.mine.data),))
        due = saw.time >= BEGUN + 2 * W and is_waiting(saw.state, self.mine_id)
        yield [Act("the payee claims", lambda world: self.do(world, claim, PAYEE))] if due else []

    def wrong(self, world: World) -> str:
        """Return the violated invariant, or ""."""
        state = world.state
        late = world.time > BEGUN + 2 * W or self.over(world)
        if late and state.exit(self.mine_id).status != ExitStatus.PAID:
            return "the payee's exit was due and is not paid"
        if world.got[0] > LOOT:
            return f"the thief has {world.got[0]} of its {LOOT}"
        loot = 0 if state.exit(self.ids[0]).status in (ExitStatus.PAID, ExitStatus.SPENT) else LOOT
        mine = 0 if state.exit(self.mine_id).status == ExitStatus.PAID else MINE
        # The output of a settled in-flight exit replaces its input until it is paid.
        waiting = sum(
            LOOT for flight in state.in_flight.values() if flight.status == 2 and flight.piggybacked >> OUTPUT_BIT & 1
        )
        if state.reserve.total.get(0, 0) > loot + mine + min(LOOT, waiting):
            return f"{state.reserve.total[0]} is registered, {loot + mine} is there"
        return ""

    def over(self, world: World) -> bool:
        """Return True after the second in which the exit was due."""
        return world.time > BEGUN + 2 * W + 1


def _game(name: str, control: str, most: int | None) -> Game[World]:
    table = Table(control, rivals=2)
    limit, within = 2 * W + 3, table.within
    return Game(
        name, table.first, table.attack, table.answer, passes, table.over, table.wrong, limit, control, most, within
    )


def rivals(bound: str) -> Iterable[Game[World]]:
    """Yield the sound game, and one for each fault."""
    most = 1 if bound == "small" else None
    for control in ("", *FAULTS):
        yield _game("a payee leaves, a thief starts what it can", control, most)
