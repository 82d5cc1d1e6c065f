"""Due contract calls, their cost limits, and the turns of several watchers."""

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
    "challengeNonCanonical": 150_000,
    "respondNonCanonical": 110_000,
    "challengeInputSpent": 140_000,
    "challengeOutputSpent": 140_000,
    "challengeData": 80_000,
    "showData": 110_000,
    "freeze": 60_000,
    "holdInputs": 230_000,
    "processExits": 150_000,
    "finalizeExits": 150_000,
    "processInFlightExit": 400_000,
}
"""Maximum gas of each call with proofs of a full block; a test compares it with measured gas."""

ANSWER_MORE = 45_000
"""Gas for each token beyond the first whose reserve is updated by a call."""

SPEND_MORE = 40_000
"""Gas for each output proven by a spend in a full block, including its owner's signature."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A planned call of the contract.

    Attributes:
        subject: id of the object of the call; plans with the same `key` are the same.
        reward: wei that the call earns.
        deadline: Unix time until which the call can be made.
        value: wei to send with the call.
        duty: True if somebody loses money when the call is omitted.
        gas: maximum gas; 0 for the value in `GAS`.
        asks: tokens whose code the call executes.
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
        """Maximum gas of the call."""
        return self.gas or GAS[self.name]

    @property
    def key(self) -> bytes:
        """Name and subject of the call."""
        return self.name.encode() + b"/" + self.subject


@dataclass(frozen=True, slots=True)
class WatchPolicy:
    """Timing and cost limits of a watcher's transactions.

    Args:
        cap, tip: wei per gas: maximum fee and priority fee.
        loss: wei that a duty may cost beyond its reward in the last `urgent` seconds.
        urgent: seconds before a deadline from which on a duty is done at a loss.
        turns, turn: number of turns among watchers, and seconds of each; a watcher draws one for each call.
        patience: seconds without a body after which a block counts as withheld.
        question: seconds without a body before a data challenge, which costs a bond; None for never.
        stands: seconds that an invalid exit may stay open before it is reported as unchallenged.
        claims: maximum number of claims in one transaction, for the bounty; 0 for none.
        listed: maximum number of buckets listed in a claim; the tracked sum is moved first if a claim would need more.
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
        """Return the time from which on this watcher makes a call that is due since `since`.

        All turns begin well before the deadline.
        """
        if self.turns == 1:
            return since
        turn = int.from_bytes(keccak(watcher + plan.key)[:8], "big") % self.turns
        room = max(0, plan.deadline - since) // (2 * self.turns)
        return since + turn * min(self.turn, room)

    def price(self, plan: Plan, base_fee: int, now: int) -> int:
        """Return the maximum wei per gas to offer; 0 if the call does not pay, or not yet."""
        reward, urgent = plan.reward, plan.deadline - now <= self.urgent
        if plan.duty and urgent:
            reward += self.loss
        offer = min(self.cap, reward // plan.cost)
        return offer if offer >= base_fee + self.tip else 0
