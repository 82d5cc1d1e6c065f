"""Acts that are due, what each may cost, and when a watcher among several takes its turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from layer2.plasma.protocol.params import LISTED_MOST
from layer2.primitives.errors import RangeError
from layer2.primitives.hashing import keccak

__all__ = ["ANSWER_MORE", "GAS", "SPEND_MORE", "Plan", "WatchPolicy"]

_GWEI = 10**9

GAS = {
    "challengeExit": 110_000,
    "challengeCanonical": 150_000,
    "answerCanonical": 110_000,
    "challengeInput": 140_000,
    "challengeOutput": 140_000,
    "challengeData": 80_000,
    "showData": 110_000,
    "freeze": 60_000,
    "holdInputs": 230_000,
    "claim": 150_000,
    "claimInFlight": 400_000,
}
"""What acts cost at most in gas, with proofs of a full block; a test compares them with what was spent."""

ANSWER_MORE = 45_000
"""Gas for each token beyond the first of which a call registers anew what has joined."""

SPEND_MORE = 40_000
"""Gas for each output that a spend of several proves, in a full block, and for its owner's signature."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One call of the contract: what it earns (wei), and until when it can be made, seconds.

    `value`: wei to send along. `duty`: somebody loses money if nobody does it. `subject`: what it is about; two plans
    with the same `key` are the same. `gas`: what it costs at most. `asks`: tokens whose code it runs.
    """

    name: str
    subject: bytes
    arguments: tuple[Any, ...]
    reward: int
    deadline: int
    value: int = 0
    duty: bool = True
    gas: int = 0
    asks: frozenset[int] = frozenset()

    @property
    def cost(self) -> int:
        """Gas, at most."""
        return self.gas or GAS[self.name]

    @property
    def key(self) -> bytes:
        """Its name and subject."""
        return self.name.encode() + b"/" + self.subject


@dataclass(frozen=True, slots=True)
class WatchPolicy:
    """When to act, and what it may cost.

    Args:
        cap, tip: wei per gas, at most and on top.
        loss: wei that a duty may cost beyond what it earns, in the last `urgent` seconds.
        urgent: seconds before a deadline from which on a duty is done though it does not pay.
        turns, turn: watchers draw one of so many turns, of so many seconds, for each act.
        patience: seconds without a body until a block counts as withheld.
        question: seconds without a body until the chain is asked to have it shown; None: never. Costs a bond.
        stands: seconds that a wrong exit may stand before it is called unchallenged.
        claims: whether to claim what is due, for the bounty; most claims in one transaction.
        listed: most buckets that a claim lists; before one that needs more, the sum of newer ones is moved.
    """

    cap: int = 500 * _GWEI
    tip: int = 1 * _GWEI
    loss: int = 10**17
    urgent: int = 6 * 3600
    turns: int = 1
    turn: int = 60
    patience: int = 600
    question: int | None = 3600
    stands: int = 6 * 3600
    claims: int = 16
    listed: int = LISTED_MOST

    def __post_init__(self) -> None:
        if self.turns < 1 or self.turn < 0 or self.patience < 0 or self.claims < 0 or self.listed < 1:
            raise RangeError(f"watch policy out of range: {self}", hint="turns and listed from 1, the others from 0")
        if not 0 <= self.tip <= self.cap:
            raise RangeError(f"watch policy: tip {self.tip} is not within the cap {self.cap}", hint="raise the cap")

    def wait(self, watcher: bytes, plan: Plan, since: int) -> int:
        """From when on this watcher makes a plan that it has seen since then; turns end well before the deadline."""
        if self.turns == 1:
            return since
        turn = int.from_bytes(keccak(watcher + plan.key)[:8], "big") % self.turns
        room = max(0, plan.deadline - since) // (2 * self.turns)
        return since + turn * min(self.turn, room)

    def price(self, plan: Plan, base_fee: int, now: int) -> int:
        """Wei per gas to offer at most; 0 when the plan is not worth it, or not yet."""
        reward, urgent = plan.reward, plan.deadline - now <= self.urgent
        if plan.duty and urgent:
            reward += self.loss
        offer = min(self.cap, reward // plan.cost)
        return offer if offer >= base_fee + self.tip else 0
