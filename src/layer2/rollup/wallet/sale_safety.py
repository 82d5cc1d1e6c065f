"""Safety of buying a withdrawal that is not final yet: the buyer's risk and its deadline.

A valid assertion can still fail to pay: after a freeze no assertion becomes final, and the seller escapes with the
balance from which the withdrawal was taken. A buyer therefore pays only under an assertion that becomes final, with a
safety margin, before the rollup can be frozen. Otherwise the buyer proposes or forces the queue, and checks again.
"""

from __future__ import annotations

from dataclasses import dataclass

from layer2.primitives.addresses import Address, to_address
from layer2.primitives.errors import InputError
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.errors import PurchaseUnsafe
from layer2.rollup.state.commitments import Assertion, Status
from layer2.rollup.wallet.l1_actions import Outgoing

__all__ = ["PURCHASE_MARGIN", "Purchase", "owner_of", "purchase_of", "withdrawal_at"]

_LEAST_NAME, _MOST_DIGITS = 8, 9

PURCHASE_MARGIN = 3_600
"""Seconds between the end of the last window and the earliest freeze, reserved for mining `finalize`."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """Verdict on buying a withdrawal; its truth value is `safe`.

    Attributes:
        safe: True if the withdrawal is safe to buy.
        why: reason against buying; empty if safe.
    """

    safe: bool
    why: str = ""

    def __bool__(self) -> bool:
        return self.safe

    def require(self) -> None:
        """Raise PurchaseUnsafe unless the purchase is safe."""
        if not self.safe:
            raise PurchaseUnsafe(f"not safe to buy: {self.why}", hint="do not pay for it now; check again later")


def withdrawal_at(replica: Replica, place: str) -> Outgoing:
    """Return the withdrawal of any owner at a position: 8 or more digits of an assertion's id, `:` and a number.

    Raises:
        InputError: the position does not exist.
        PurchaseUnsafe: the assertion is invalid, or this node cannot verify it.
    """
    name, _, number = place.lower().removeprefix("0x").partition(":")
    fitting = [one for one in replica.claims.values() if len(name) >= _LEAST_NAME and one.id.hex().startswith(name)]
    if len(fitting) != 1 or not (number.isascii() and number.isdecimal() and len(number) <= _MOST_DIGITS):
        raise InputError(
            f"withdrawal {place!r:.90}: {len(fitting)} assertions fit", hint="ask the seller: layer2 rollup withdrawals"
        )
    claim, index = fitting[0], int(number)
    if replica.verdict(claim) is not True:
        raise PurchaseUnsafe(
            f"claim {claim.id.hex()[:8]} is wrong, or was not verified by this node",
            hint="do not pay for it now; check again later",
        )
    state = replica.state_of(claim)
    if index >= len(state.withdrawals):
        raise InputError(
            f"withdrawal {place!r:.90}: the assertion holds {len(state.withdrawals)}", hint="ask the seller"
        )
    paid = state.earlier + index in replica.claimed
    return Outgoing(claim, index, state.withdrawals[index], replica.status(claim), paid)


def owner_of(replica: Replica, out: Outgoing) -> Address:
    """Return the current owner of a withdrawal: the last transferee, or else its target."""
    number = replica.state_of(out.claim).earlier + out.index
    return replica.transferred.get((number, out.withdrawal.leaf()), to_address(out.withdrawal.target))


def purchase_of(rollup: RollupContract, replica: Replica, out: Outgoing, margin: int = PURCHASE_MARGIN) -> Purchase:
    """Return the verdict on a withdrawal from the replica's state and the current L1 state; step the replica first."""
    claim = out.claim
    if replica.verdict(claim) is not True:
        return _no(f"claim {claim.id.hex()[:8]} is wrong, or was not verified by this node")
    state = replica.state_of(claim)
    if out.index >= len(state.withdrawals) or state.withdrawals[out.index] != out.withdrawal:
        return _no(f"withdrawal {out.place} is not in the state that this node has computed")
    if state.earlier + out.index in replica.claimed:
        return _no(f"withdrawal {out.place} is paid already")
    status = rollup.status(claim.id)[2]
    if status is Status.FINAL:
        return Purchase(True)
    if status is not Status.OPEN or replica.frozen:
        return _no(f"claim {claim.id.hex()[:8]} cannot become final any more")
    final_at, freezable = _final_at(rollup, replica, claim), _freezable_at(rollup, replica)
    if final_at + margin >= freezable:
        return _no(
            f"claim {claim.id.hex()[:8]} can become final at {final_at}, the rollup can be frozen at {freezable}: "
            f"{margin} s are needed in between; the seller would escape with the same money"
        )
    return Purchase(True)


def _no(why: str) -> Purchase:
    return Purchase(False, why)


def _final_at(rollup: RollupContract, replica: Replica, claim: Assertion) -> int:
    """Return the first second, from now on, at which an assertion and all its ancestors can be final."""
    window, latest = rollup.config().window, rollup.connection.timestamp()
    at: Assertion | None = claim
    while at is not None:
        _, created, status = rollup.status(at.id)
        if status is Status.FINAL:
            break
        latest = max(latest, created + window + 1)
        at = replica.claims.get(at.parent)
    return latest


def _freezable_at(rollup: RollupContract, replica: Replica) -> int:
    """Return the earliest second of a possible freeze if nothing advances and an item starts to wait now."""
    waiting = [rollup.connection.timestamp()]
    since, following = rollup.inbox()[4], replica.record(replica.final().inbox_end)
    if since:
        waiting.append(since)
    if following is not None:
        waiting.append(following.time)
    return min(waiting) + rollup.config().freeze_after + 1
