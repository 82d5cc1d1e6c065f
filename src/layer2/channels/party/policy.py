"""Policies of a node: the gas price of challenges as a deadline approaches, accepted locks, deposit confirmations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from layer2.channels.party.errors import LockRefused
from layer2.channels.protocol.lock_tree import MAX_LOCKS
from layer2.channels.protocol.locks import Lock
from layer2.ethereum.connection import Connection
from layer2.ethereum.fees import GasPolicy
from layer2.primitives.addresses import ZERO_ADDRESS, Address
from layer2.primitives.errors import RangeError

__all__ = ["CONFIRMATIONS", "UNTIL_THE_CAP", "ChallengePolicy", "Decision", "LockPolicy", "confirmations_for"]

_GWEI = 10**9
UNTIL_THE_CAP = 10_000
"""Maximum replacements of an answer; effectively unlimited, because the fee cap ends them."""

CONFIRMATIONS = 12
"""Blocks required above a block of a public chain before its money counts. Development chains need none."""


def confirmations_for(connection: Connection, asked: int | None = None) -> int:
    """Return the number of confirmations to require on a chain: `asked`, or the chain's default."""
    if asked is None:
        return 0 if connection.is_dev else CONFIRMATIONS
    if asked < 0:
        raise RangeError(f"confirmations: {asked} given, at least 0 needed", hint="pass zero or a positive number")
    return asked


@dataclass(frozen=True, slots=True)
class LockPolicy:
    """Limits on the locks that a node signs and accepts.

    Attributes:
        most: maximum number of pending locks per direction.
        unlock_gas: maximum gas for resolving one more of them on chain.
        prices: wei (times 10^18) per smallest token unit, for tokens. A lock worth less than its unlock at the newest
            base fee is refused, because its receiver could not afford to take it. Locks of a token without a price are
            not checked.
    """

    most: int = 64
    unlock_gas: int = 30_000
    prices: dict[Address, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < self.most <= MAX_LOCKS:
            raise RangeError(f"lock policy: {self.most} locks given, 1 to {MAX_LOCKS} needed", hint="use the default")

    def check(self, channel: str, locks: Sequence[Lock], old: Sequence[Lock], token: Address, base_fee: int) -> None:
        """Raise `LockRefused` if there are too many locks, or if a new lock is worth less than its unlock."""
        if len(locks) > max(self.most, len(old)):
            raise LockRefused(
                f"channel {channel}: {len(locks)} locks given, at most {self.most} are accepted",
                hint="fulfil, drop or expire some first",
            )
        need = self.unlock_gas * base_fee
        price = 10**18 if token == ZERO_ADDRESS else self.prices.get(token)
        if price is None:
            return
        for lock in locks:
            if lock not in old and lock.amount * price // 10**18 < need:
                raise LockRefused(
                    f"channel {channel}: a lock of {lock.amount} is worth less than the gas of its unlock, "
                    f"{need} wei needed",
                    hint="lock more at once, or pay with a voucher",
                )


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision to act now or to wait, with the prices (wei per gas) and the reason."""

    act: bool
    max_fee: int
    priority_fee: int
    reason: str

    def gas_policy(self, base: GasPolicy) -> GasPolicy:
        """Return `base` with this decision's prices, for the sender of the answer."""
        return GasPolicy(
            max_fee_per_gas=max(self.max_fee, self.priority_fee),
            priority_fee=self.priority_fee,
            base_fee_multiple=base.base_fee_multiple,
            bump=base.bump,
            wait=base.wait,
            max_replacements=UNTIL_THE_CAP,
            gas_margin=base.gas_margin,
        )


@dataclass(frozen=True, slots=True)
class ChallengePolicy:
    """Gas policy for challenges.

    Attributes:
        share_percent: maximum share of the value at stake that an answer may cost (100 = all of it).
        calm_fee: maximum fee, wei per gas, when there is plenty of time.
        cap: maximum fee, wei per gas, when time is short.
        tip: maximum priority fee, wei per gas, when there is plenty of time.
        tip_cap: maximum priority fee, wei per gas, when time is short.
        calm_until: seconds before the deadline at which the offer starts to rise linearly, until `urgent_at`.
        urgent_at: seconds before the deadline from which the whole share of the stake is offered, even above `cap`.
        prices: wei (times 10^18) per smallest token unit, for tokens. A token without a price is always defended,
            because the watchtower cannot know that it is worthless.
    """

    share_percent: int = 100
    calm_fee: int = 50 * _GWEI
    cap: int = 500 * _GWEI
    tip: int = 1 * _GWEI
    tip_cap: int = 20 * _GWEI
    calm_until: int = 6 * 3600
    urgent_at: int = 3600
    prices: dict[Address, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < self.share_percent <= 100:
            raise RangeError(f"challenge policy: share {self.share_percent} % given, 1 to 100 needed", hint="use 100")
        if not 0 < self.calm_fee <= self.cap or not 0 <= self.tip <= self.tip_cap <= self.cap:
            raise RangeError(
                f"challenge policy: fees {self.calm_fee} <= {self.cap} and tips {self.tip} <= {self.tip_cap} needed",
                hint="raise the caps",
            )
        if not 0 <= self.urgent_at <= self.calm_until:
            raise RangeError(
                f"challenge policy: urgent_at {self.urgent_at} must not exceed calm_until {self.calm_until}",
                hint="both are seconds before the deadline",
            )

    def offer(self, left: int) -> tuple[int, int]:
        """Return the highest fee and tip (wei per gas) to offer with `left` seconds to the deadline."""
        if left >= self.calm_until:
            return self.calm_fee, self.tip
        if left <= self.urgent_at:
            return self.cap, self.tip_cap
        span = self.calm_until - self.urgent_at
        gone = self.calm_until - left
        fee = self.calm_fee + (self.cap - self.calm_fee) * gone // span
        return fee, self.tip + (self.tip_cap - self.tip) * gone // span

    def value(self, token: Address, amount: int) -> int | None:
        """Return the value of `amount` token units in wei; `None` if no price is configured."""
        if token == ZERO_ADDRESS:
            return amount
        price = self.prices.get(token)
        return None if price is None else amount * price // 10**18

    def decide(self, *, token: Address, stake: int, gas: int, base_fee: int, now: int, deadline: int) -> Decision:
        """Decide on an answer that saves `stake` token units and costs `gas`, at a `base_fee` in wei per gas.

        Acts while the whole cost is within the stake's share and the base fee is below the offer. Waits while the
        network is more expensive than the current offer; the next step decides again.
        """
        fee, tip = self.offer(deadline - now)
        if now > deadline:
            return Decision(False, fee, tip, f"the deadline {deadline} has passed at {now}")
        if stake <= 0:
            return Decision(False, fee, tip, "nothing is at stake")
        worth = self.value(token, stake)
        if worth is not None:
            affordable = worth * self.share_percent // 100 // max(gas, 1)
            if affordable < base_fee + 1:
                return Decision(
                    False, fee, tip, f"{gas} gas at {base_fee} wei costs more than the {worth} wei at stake"
                )
            # At the deadline any fee is acceptable that saves more than it costs.
            fee = affordable if deadline - now <= self.urgent_at else min(fee, affordable)
            tip = min(tip, max(fee - base_fee, 0))
        if base_fee >= fee:
            return Decision(False, fee, tip, f"base fee {base_fee} is above the offer of {fee} for now")
        return Decision(True, fee, min(tip, fee - base_fee), "worth it")
