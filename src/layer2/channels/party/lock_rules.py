"""The rules for lock proofs in a party's ledger: which may be signed, accepted, dropped and given up."""

from __future__ import annotations

from dataclasses import replace

from layer2.channels.party.errors import (
    AcceptMissing,
    BalanceTooLow,
    ChannelNotActive,
    CounterNotNewer,
    LockRefused,
)
from layer2.channels.party.events import LocksAccepted, LocksGivenUp, LocksReceived, LocksSigned
from layer2.channels.party.state import Direction, Proof, State
from layer2.channels.protocol.lock_tree import MAX_LOCKS
from layer2.channels.protocol.locks import Lock
from layer2.primitives.display import format_units

__all__ = ["given_up", "locks_accepted", "locks_received", "locks_signed", "name", "require_active"]

_NONCES = 1 << 48


def locks_signed(state: State, event: LocksSigned) -> State:
    """Return the state after this party signed a lock proof.

    At most one proof may be unaccepted. The exception is a retraction: the accepted proof again, under a higher nonce.
    """
    require_active(state, "lock", duplex=True)
    old = state.mine
    retreats = (event.amount, event.locks) == (old.amount, old.locks)
    if old.offers and not retreats:
        raise AcceptMissing(
            f"{name(state)}: lock proof {old.offers[-1].nonce} is not accepted yet",
            hint="send it again; if the peer refuses it, retract it",
        )
    if event.nonce != old.used_nonce + 1:
        raise CounterNotNewer(f"{name(state)}: lock nonce {event.nonce} given, {old.used_nonce + 1} needed")
    _check_shape(state, old, event)
    offer = Proof(event.amount, event.nonce, event.locks, event.signature)
    if offer.limit > state.capacity:
        have = state.capacity - old.amount
        raise BalanceTooLow(
            f"{name(state)}: {units(state, have)} available, {units(state, offer.limit - old.amount)} needed",
            hint="deposit more or lock less",
        )
    return replace(state, mine=replace(old, offers=(*old.offers, offer), used_nonce=event.nonce))


def locks_accepted(state: State, event: LocksAccepted) -> State:
    """Return the state after the peer's `Accept` of one of this party's unaccepted proofs."""
    old = state.mine
    offer = next((one for one in old.offers if one.nonce == event.nonce), None)
    if offer is None:
        raise CounterNotNewer(
            f"{name(state)}: no unaccepted lock proof has the nonce {event.nonce}", hint="call resync()"
        )
    later = tuple(one for one in old.offers if one.nonce > event.nonce)
    paid = 1 if offer.amount > old.amount else 0
    accepted = replace(offer, accept=event.signature)
    return replace(state, mine=replace(old, proof=accepted, offers=later, payments=old.payments + paid))


def locks_received(state: State, event: LocksReceived) -> State:
    """Return the state after this party accepted the peer's lock proof."""
    require_active(state, "accept locks", duplex=True)
    old = state.theirs
    if event.nonce <= old.used_nonce:
        raise CounterNotNewer(f"{name(state)}: lock nonce {event.nonce} given, above {old.used_nonce} needed")
    _check_shape(state, old, event)
    proof = Proof(event.amount, event.nonce, event.locks, event.signature, event.accept)
    if proof.limit > state.peer_capacity:
        have = state.peer_capacity - old.amount
        raise BalanceTooLow(
            f"{name(state)}: the peer has {units(state, have)} available, "
            f"{units(state, proof.limit - old.amount)} needed",
            hint="the peer must deposit first",
        )
    latest = event.now + event.horizon
    for lock in _less(event.locks, old.locks):
        if not event.now < lock.expiry <= latest and not event.resync:
            raise LockRefused(
                f"{name(state)}: a new lock expires at {lock.expiry}, after {event.now} and by {latest} needed",
                hint="use an earlier expiry",
            )
    owed, free = _owed(state, event)
    if event.amount - old.amount < owed:
        raise LockRefused(
            f"{name(state)}: dropped locks pay {event.amount - old.amount}, {owed} needed",
            hint="pay what was fulfilled",
        )
    paid = 1 if event.amount > old.amount else 0
    theirs = replace(old, proof=proof, used_nonce=event.nonce, payments=old.payments + paid)
    kept = tuple(one for one in state.claims if one[0] in event.locks)
    return replace(state, theirs=theirs, claims=kept, given_up=free)


def given_up(state: State, event: LocksGivenUp) -> State:
    """Return the state after this party gave up an incoming lock, whose value no longer counts."""
    left = _less(state.theirs.locks, state.given_up)
    if event.lock not in left:
        raise CounterNotNewer(f"{name(state)}: no pending lock is this one", hint="list state().theirs.locks")
    return replace(state, given_up=(*state.given_up, event.lock))


def require_active(state: State, what: str, *, duplex: bool = False) -> None:
    """Raise if the channel is closing, disputed or closed (or, with `duplex`, if it is simplex)."""
    if state.closing is not None or state.deadline:
        raise ChannelNotActive(
            f"{name(state)}: cannot {what}, the channel is {state.phase}", hint="open another channel"
        )
    if duplex and state.key.simplex:
        raise ChannelNotActive(f"{name(state)}: cannot {what} in a simplex channel", hint="use a duplex channel")


def name(state: State) -> str:
    """Return the channel's name for messages."""
    return f"channel {state.key.id.hex()[:8]}"


def _check_shape(state: State, old: Direction, event: LocksSigned | LocksReceived) -> None:
    if not 0 < event.nonce < _NONCES:
        raise CounterNotNewer(f"{name(state)}: lock nonce {event.nonce} given, below {_NONCES} needed")
    resync = isinstance(event, LocksReceived) and event.resync  # vouchers may have passed its counter
    if event.amount < old.amount and not resync:
        raise CounterNotNewer(
            f"{name(state)}: counter {event.amount} given, at least {old.amount} needed", hint="call resync()"
        )
    if len(event.locks) > MAX_LOCKS:
        raise LockRefused(
            f"{name(state)}: {len(event.locks)} locks given, at most {MAX_LOCKS} can be resolved",
            hint="resolve some locks first",
        )


def _owed(state: State, event: LocksReceived) -> tuple[int, tuple[Lock, ...]]:
    """Return the token units that the dropped locks of a proof must pay, and the locks still given up after it."""
    owed, free = 0, list(state.given_up)
    for lock in _less(state.theirs.locks, event.locks):
        claim = state.claim_of(lock)
        if lock in free:
            free.remove(lock)
        elif claim is not None:
            owed += claim[0]
        elif event.now <= lock.expiry:
            owed += lock.amount  # it may still be taken, so it must be paid in full
    return owed, tuple(lock for lock in free if lock in event.locks)


def _less(locks: tuple[Lock, ...], without: tuple[Lock, ...]) -> list[Lock]:
    """Return the locks without those of another list, as multisets."""
    rest = list(without)
    left = []
    for lock in locks:
        if lock in rest:
            rest.remove(lock)
        else:
            left.append(lock)
    return left


def units(state: State, amount: int) -> str:
    """Return an amount of the channel's token for messages."""
    return format_units(amount, state.key.token)
