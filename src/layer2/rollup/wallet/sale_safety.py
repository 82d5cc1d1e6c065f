"""Whether a withdrawal that is not final yet may be paid for: what its buyer can lose it to, and until when.

A right claim can still come to nothing: once the rollup is frozen nothing becomes final any more, and the seller
escapes with the balance that the withdrawal was taken from. So a buyer pays only under a claim that becomes final
before anybody could freeze, with time to spare; else it proposes, or has what waits carried on, and looks again.
"""

from __future__ import annotations

from dataclasses import dataclass

from layer2.primitives.addresses import Address, to_address
from layer2.primitives.errors import InputError
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.errors import PurchaseUnsafe
from layer2.rollup.state.commitments import Claim, Status
from layer2.rollup.wallet.l1_actions import Outgoing

__all__ = ["PURCHASE_MARGIN", "Purchase", "owner_of", "purchase_of", "withdrawal_at"]

_LEAST_NAME, _MOST_DIGITS = 8, 9

PURCHASE_MARGIN = 3_600
"""Seconds between the end of the last window and the first moment of a freeze: for having `finalize` mined."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """Whether a withdrawal is safe to pay for; true or false by itself. `why`: what is against it."""

    safe: bool
    why: str = ""

    def __bool__(self) -> bool:
        return self.safe

    def require(self) -> None:
        """Raise PurchaseUnsafe unless it is safe."""
        if not self.safe:
            raise PurchaseUnsafe(f"not safe to buy: {self.why}", hint="do not pay for it; look again later")


def withdrawal_at(replica: Replica, place: str) -> Outgoing:
    """Anybody's withdrawal by its place, the beginning of an assertion's id (8 digits or more) and `:` and a number.

    Raises:
        InputError: no such place. PurchaseUnsafe: the assertion is wrong, or this node cannot tell.
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
            f"claim {claim.id.hex()[:8]} is wrong, or this node cannot tell", hint="do not pay for it; look again later"
        )
    state = replica.state_of(claim)
    if index >= len(state.withdrawals):
        raise InputError(
            f"withdrawal {place!r:.90}: the assertion holds {len(state.withdrawals)}", hint="ask the seller"
        )
    paid = state.earlier + index in replica.claimed
    return Outgoing(claim, index, state.withdrawals[index], replica.status(claim), paid)


def owner_of(replica: Replica, out: Outgoing) -> Address:
    """Whose a withdrawal is now: its target's, or whom it was given to last."""
    number = replica.state_of(out.claim).earlier + out.index
    return replica.transferred.get((number, out.withdrawal.leaf()), to_address(out.withdrawal.target))


def purchase_of(rollup: RollupContract, replica: Replica, out: Outgoing, margin: int = PURCHASE_MARGIN) -> Purchase:
    """Judge a withdrawal by what the replica has computed and the chain says now; the replica has just been stepped."""
    claim = out.claim
    if replica.verdict(claim) is not True:
        return _no(f"claim {claim.id.hex()[:8]} is wrong, or this node cannot tell")
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


def _final_at(rollup: RollupContract, replica: Replica, claim: Claim) -> int:
    """The first second, from now on, at which a claim and all that it rests on can be final."""
    window, latest = rollup.config().window, rollup.connection.timestamp()
    at: Claim | None = claim
    while at is not None:
        _, created, status = rollup.status(at.id)
        if status is Status.FINAL:
            break
        latest = max(latest, created + window + 1)
        at = replica.claims.get(at.parent)
    return latest


def _freezable_at(rollup: RollupContract, replica: Replica) -> int:
    """The first second at which anybody could freeze, if nothing moved on: as if something began to wait now."""
    waiting = [rollup.connection.timestamp()]
    since, following = rollup.inbox()[4], replica.record(replica.final().inbox_end)
    if since:
        waiting.append(since)
    if following is not None:
        waiting.append(following.time)
    return min(waiting) + rollup.config().freeze_after + 1
