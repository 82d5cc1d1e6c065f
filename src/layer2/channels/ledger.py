"""The off-chain state of one party in one channel: a pure function of what it signed, received and saw on chain.

`available = net(mine) - sent(mine) - locked(mine) + sent(theirs) - reserved(mine)`: what the party may still sign away.
"""

from __future__ import annotations

from dataclasses import replace

from layer2.channels.events import (
    Adopted,
    ChainSeen,
    Claimable,
    CloseSigned,
    Event,
    LocksReceived,
    LocksSigned,
    Received,
    Signed,
    WithdrawSigned,
)
from layer2.channels.locks import Lock
from layer2.channels.refusals import (
    BalanceTooLow,
    ChannelNotActive,
    CounterNotNewer,
    EpochNotNext,
    LockRefused,
    LocksPending,
)
from layer2.channels.state import TOMBSTONE, Direction, PaidOut, Side, State

__all__ = ["TOMBSTONE", "Direction", "PaidOut", "Side", "State", "apply", "check_pay", "check_receive"]


def apply(state: State, event: Event) -> State:
    """The state after an event; raises a typed error, and changes nothing, if a rule forbids it."""
    match event:
        case Signed():
            return _signed(state, event)
        case Received():
            return _received(state, event)
        case LocksSigned():
            return _locks_signed(state, event)
        case LocksReceived():
            return _locks_received(state, event)
        case Claimable():
            kept = tuple(one for one in state.claims if one[0] != event.condition)
            return replace(state, claims=(*kept, (event.condition, event.value, event.resolution)))
        case CloseSigned():
            return _close_signed(state, event)
        case WithdrawSigned():
            return _withdraw_signed(state, event)
        case ChainSeen():
            return _chain_seen(state, event)
        case Adopted():
            return _adopted(state, event)


def check_pay(state: State, amount: int) -> None:
    """Raise unless this party may sign `amount` more away with a plain voucher."""
    _require_active(state, "pay")
    if state.key.simplex and state.side != "A":
        raise ChannelNotActive(f"{_name(state)}: only A pays in a simplex channel", hint="use a duplex channel")
    if state.mine.locks:
        raise LocksPending(
            f"{_name(state)}: {len(state.mine.locks)} locks are pending",
            hint="pay with a lock proof, or expire them",
        )
    if amount <= 0:
        raise CounterNotNewer(
            f"{_name(state)}: payment of {amount} given, at least 1 needed", hint="pay a positive amount"
        )
    if amount > state.available:
        raise BalanceTooLow(
            f"{_name(state)}: side {state.side} has {state.available} available, {amount} needed",
            hint="deposit more",
        )


def check_receive(state: State, amount: int) -> None:
    """Raise unless a voucher of cumulative `amount` from the peer is acceptable."""
    _require_active(state, "receive")
    if state.key.simplex and state.side != "B":
        raise ChannelNotActive(f"{_name(state)}: only B is paid in a simplex channel", hint="use a duplex channel")
    if state.theirs.locks:
        raise LocksPending(
            f"{_name(state)}: the peer's {len(state.theirs.locks)} locks are pending",
            hint="ask for a lock proof",
        )
    have = state.theirs.amount
    if amount <= have:
        raise CounterNotNewer(
            f"{_name(state)}: counter {amount} given, above {have} needed", hint="send the newest voucher"
        )
    if amount - have > state.peer_available:
        raise BalanceTooLow(
            f"{_name(state)}: the peer has {state.peer_available} available, {amount - have} needed",
            hint="the peer must deposit first, and the deposit must be confirmed",
        )


def _signed(state: State, event: Signed) -> State:
    check_pay(state, event.amount - state.mine.amount)
    count = state.mine.payments + event.payments
    return replace(state, mine=Direction(event.amount, state.mine.nonce, (), event.signature, count))


def _received(state: State, event: Received) -> State:
    check_receive(state, event.amount)
    count = state.theirs.payments + event.payments
    return replace(state, theirs=Direction(event.amount, state.theirs.nonce, (), event.signature, count))


def _locks_signed(state: State, event: LocksSigned) -> State:
    _require_duplex_active(state, "lock")
    old = state.mine
    grown = _check_proof(state, old, event)
    if grown + sum(lock.amount for lock in event.locks) > state.available + old.locked:
        raise BalanceTooLow(
            f"{_name(state)}: {state.available + old.locked} available, "
            f"{grown + sum(lock.amount for lock in event.locks)} needed",
            hint="deposit more or lock less",
        )
    return replace(state, mine=_proof_of(old, event))


def _locks_received(state: State, event: LocksReceived) -> State:
    _require_duplex_active(state, "accept locks")
    old = state.theirs
    grown = _check_proof(state, old, event)
    need = grown + sum(lock.amount for lock in event.locks)
    if need > state.peer_available + old.locked:
        raise BalanceTooLow(
            f"{_name(state)}: the peer has {state.peer_available + old.locked} available, {need} needed",
            hint="the peer must deposit first",
        )
    latest = event.now + event.horizon
    for lock in event.locks:
        if lock not in old.locks and not event.now < lock.expiry <= latest:
            raise LockRefused(
                f"{_name(state)}: a new lock expires at {lock.expiry}, after {event.now} and by {latest} needed",
                hint="use an expiry the hub would still take",
            )
    owed = 0
    for lock in _dropped(old.locks, event.locks):
        claim = state.claim_of(lock)
        if claim is not None:
            owed += claim[0]
        elif event.now <= lock.expiry:
            raise LockRefused(
                f"{_name(state)}: a lock of {lock.amount} was dropped at {event.now}, before its expiry {lock.expiry}",
                hint="keep it until it is fulfilled or expired",
            )
    if grown < owed:
        raise LockRefused(f"{_name(state)}: dropped locks pay {grown}, {owed} needed", hint="pay what was fulfilled")
    kept = tuple(one for one in state.claims if any(lock.condition == one[0] for lock in event.locks))
    return replace(state, theirs=_proof_of(old, event), claims=kept)


def _check_proof(state: State, old: Direction, event: LocksSigned | LocksReceived) -> int:
    skips = isinstance(event, LocksReceived) and event.resync and event.nonce > old.nonce
    if event.nonce != old.nonce + 1 and not skips:
        raise CounterNotNewer(f"{_name(state)}: lock nonce {event.nonce} given, {old.nonce + 1} needed", hint="resync")
    if event.amount < old.amount:
        raise CounterNotNewer(
            f"{_name(state)}: counter {event.amount} given, at least {old.amount} needed", hint="resync"
        )
    return event.amount - old.amount


def _proof_of(old: Direction, event: LocksSigned | LocksReceived) -> Direction:
    paid = 1 if event.amount > old.amount else 0
    return Direction(event.amount, event.nonce, event.locks, event.signature, old.payments + paid, True)


def _dropped(old: tuple[Lock, ...], new: tuple[Lock, ...]) -> list[Lock]:
    rest = list(new)
    gone = []
    for lock in old:
        if lock in rest:
            rest.remove(lock)
        else:
            gone.append(lock)
    return gone


def _close_signed(state: State, event: CloseSigned) -> State:
    if state.closing is not None and (state.closing.sent_a, state.closing.sent_b) != (
        event.sent_a,
        event.sent_b,
    ):
        raise ChannelNotActive(f"{_name(state)}: another close is already signed", hint="submit that one, or dispute")
    if state.mine.locks or state.theirs.locks:
        raise LocksPending(f"{_name(state)}: locks are pending", hint="fulfil or expire them before the close")
    if (event.sent_a, event.sent_b) != state.counters:
        raise CounterNotNewer(
            f"{_name(state)}: close at {(event.sent_a, event.sent_b)} given, {state.counters} needed",
            hint="resync",
        )
    return replace(state, closing=event)


def _withdraw_signed(state: State, event: WithdrawSigned) -> State:
    _require_duplex_active(state, "withdraw")
    if event.epoch != state.epoch:
        raise EpochNotNext(
            f"{_name(state)}: epoch {event.epoch} given, {state.epoch} needed", hint="refresh, then ask again"
        )
    asked = PaidOut(event.out_a, event.out_b, event.epoch, event.valid_until)
    if state.withdraw == asked:
        return state
    if state.withdraw is not None:
        raise ChannelNotActive(
            f"{_name(state)}: a withdrawal is pending until {state.withdraw.valid_until}",
            hint="send it or wait",
        )
    for side, out in (("A", event.out_a), ("B", event.out_b)):
        have = state.available if side == state.side else state.peer_available
        if out > have:
            raise BalanceTooLow(f"{_name(state)}: side {side} has {have} available, {out} needed", hint="take less")
    return replace(state, withdraw=asked)


def _chain_seen(state: State, event: ChainSeen) -> State:
    pending = state.withdraw
    if pending is not None and (event.epoch > pending.epoch or event.now > pending.valid_until):
        pending = None
    return replace(
        state,
        net_a=event.net_a,
        net_b=event.net_b,
        epoch=event.epoch,
        deadline=event.deadline,
        withdraw=pending,
    )


def _adopted(state: State, event: Adopted) -> State:
    old = state.mine
    if (event.amount, event.nonce) <= (old.amount, old.nonce):
        return state
    if event.amount < old.amount or event.nonce < old.nonce:
        raise CounterNotNewer(
            f"{_name(state)}: copy at ({event.amount}, {event.nonce}), mine at ({old.amount}, {old.nonce})",
            hint="ask the peer for its newest copy",
        )
    return replace(
        state,
        mine=Direction(event.amount, event.nonce, event.locks, event.signature, max(old.payments, 1), event.bearing),
    )


def _require_active(state: State, what: str) -> None:
    if state.closing is not None or state.deadline:
        raise ChannelNotActive(
            f"{_name(state)}: cannot {what}, the channel is {state.phase}", hint="open another channel"
        )


def _require_duplex_active(state: State, what: str) -> None:
    _require_active(state, what)
    if state.key.simplex:
        raise ChannelNotActive(f"{_name(state)}: cannot {what} in a simplex channel", hint="use a duplex channel")


def _name(state: State) -> str:
    return f"channel {state.key.id.hex()[:8]}"
