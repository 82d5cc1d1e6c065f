"""Two honest owners exit a payment that both have signed, without knowledge of its inclusion.

As in `minted`, but the outputs of both were spent by a swap between them, which the operator includes in block 3. One
owner starts its in-flight exit with its own input and output; the other piggybacks its own a step later.

Invariants: each is paid its output of the swap in the second in which the in-flight exit can be claimed; until then the
contract's balance covers them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from layer2.plasma.payments.model import InFlightStatus, actions
from layer2.plasma.payments.model.actions import Action, Proof
from layer2.plasma.payments.model.in_flight_fields import OUTPUT_BIT
from layer2.plasma.payments.model.state import in_flight_id
from layer2.plasma.protocol.positions import block_of
from layer2.plasma.protocol.transaction import payment
from layer2.testing.search.engine import Act, Game
from layer2.testing.search.payments.exit_order import FAULTS
from layer2.testing.search.payments.honest_exit import Leaving, Owed
from layer2.testing.search.payments.minted import HONEST, LISTS, Calls, MintTable, Powers
from layer2.testing.search.payments.world import CONFIG, Faults, World, is_open, proofs_of, signature

__all__ = ["JointTable", "joint"]

GIVEN = (15, 35)
"""Amounts that the swap gives to the owners, who had 30 and 20."""


class JointTable(MintTable):
    """Model data of the game."""

    faults: ClassVar[Faults] = FAULTS
    bounties: ClassVar[int] = 2

    def __init__(self, control: str, powers: Powers, leaving: Leaving) -> None:
        super().__init__(control, powers, leaving)
        outputs = [(one, 0, amount) for one, amount in zip(HONEST, GIVEN, strict=True)]
        self.swap = payment([one.position for one in self.mine], outputs, 9)
        self.bodies[0].append(self.swap)
        self.sources, self.made = tuple(self.ids), tuple(one.data for one in self.mine)
        self.joint = in_flight_id(self.swap.hash, self.sources)
        self.ids = [self.swap.output_id(at) for at in (0, 1)]
        # Both are registered under the youngest input.
        self.owed = [Owed(block_of(self.mine[1].position), amount) for amount in GIVEN]

    def calls(self, blocks: tuple[int, ...]) -> Iterator[Calls]:
        """Yield the thief's calls, including those about the swap."""
        yield from super().calls(blocks)
        packed = self.swap.packed
        yield "swap settled", [self.claim(0, newer) for newer in LISTS], 0
        yield "swap holds", [actions.HoldInputs(packed, self.sources, self.made)], 0
        yield "swap dropped", [actions.DeleteNonPiggybacked(packed, self.sources)], 0
        if blocks:
            shown = proofs_of(3, blocks[0], self.bodies[0])[2]
            yield "swap answered", [actions.RespondNonCanonical(shown, self.sources, self.made)], 0

    def leaves(self, saw: World, at: int) -> Iterator[Act[World]]:
        """Yield the start and piggybacks of one owner, the piggybacks of the other, and the claims of both."""
        flight = saw.state.flight(self.joint)
        packed, ids, bits = self.swap.packed, self.sources, (at, OUTPUT_BIT + at)
        if flight.status == InFlightStatus.NONE:
            if at == 0 and saw.blocks and saw.time >= self.starts(saw, at):
                signatures = b"".join(signature(self.swap, one) for one in HONEST)
                bonds = CONFIG.in_flight_bond + 2 * CONFIG.piggyback_bond
                joined = sum(1 << bit for bit in bits)
                begin = actions.StartInFlightExit(Proof(0, packed), tuple(self.mine), signatures, joined)
                yield self.act("owner 0 starts the game", begin, 0, bonds)
            return
        for bit in bits if at == 1 and is_open(saw.state, self.joint) else ():
            if not flight.piggybacked >> bit & 1:
                join = actions.Piggyback(packed, ids, bit, self.made)
                yield self.act(f"owner 1 joins with {bit}", join, 1, CONFIG.piggyback_bond)
        if saw.time >= flight.exitable_at + self.leaving.waits and not self.is_paid(saw, at):
            yield from self.claims(saw, at)

    def claim(self, at: int, newer: tuple[int, ...]) -> Action:
        """Return the call that pays both."""
        return actions.ProcessInFlightExit(self.swap.packed, self.sources, self.made, newer)


_NAME = "two owners leave with a swap of theirs"
_LATE = Powers(4, outputs=(1, 3, 4), flight=True)


def joint(bound: str) -> Iterator[Game[World]]:
    """Yield the games of a bound, and controls of the payout order."""
    soon, later = Leaving((1, 1)), Leaving((1, 1), waits=4)
    if bound == "large":
        yield JointTable("", Powers(4, flight=True, stops=True, late=1), soon).game(f"{_NAME}, late", most=2)
        yield JointTable("", _LATE, later).game(f"{_NAME}, claimed late", most=2)
        yield JointTable("", Powers(4), later).game(f"{_NAME}, claimed late, and a deposit")
    else:
        yield JointTable("", Powers(4), soon).game(_NAME, most=None)
    for control in ("what is older left covered", "the greatest of a game's inputs as its age"):
        yield JointTable(control, _LATE, later).game(_NAME, control)
    unaware = Leaving((1, 1), widens=False)
    yield JointTable("", Powers(4), unaware).game(_NAME, "lists that name what may begin")
