"""The off-chain state of one party in one channel: a pure function of its signed, received and on-chain events.

`available = net(mine) + sent(theirs) - limit(mine) - reserved(mine)` is the amount that the party may still sign away.
The limit counts every proof that the peer may still use.
"""

from __future__ import annotations

from dataclasses import replace

from layer2.channels.party.errors import (
    AcceptMissing,
    BalanceTooLow,
    ChannelNotActive,
    CounterNotNewer,
    EpochNotNext,
    LocksPending,
)
from layer2.channels.party.events import (
    Adopted,
    ChainSeen,
    Claimable,
    CloseSigned,
    Event,
    LocksAccepted,
    LocksGivenUp,
    LocksReceived,
    LocksSigned,
    Received,
    Signed,
    WithdrawSigned,
)
from layer2.channels.party.lock_rules import (
    given_up,
    locks_accepted,
    locks_received,
    locks_signed,
    name,
    require_active,
    units,
)
from layer2.channels.party.state import TOMBSTONE, Direction, PaidOut, Proof, Side, State

__all__ = ["TOMBSTONE", "Direction", "PaidOut", "Side", "State", "apply", "check_pay", "check_receive"]


def apply(state: State, event: Event) -> State:
    """Return the state after an event; raise a typed error if a rule forbids it."""
    match event:
        case Signed():
            return _signed(state, event)
        case Received():
            return _received(state, event)
        case LocksSigned():
            return locks_signed(state, event)
        case LocksAccepted():
            return locks_accepted(state, event)
        case LocksReceived():
            return locks_received(state, event)
        case Claimable():
            kept = tuple(one for one in state.claims if one[0] != event.lock)
            return replace(state, claims=(*kept, (event.lock, event.value, event.resolution)))
        case LocksGivenUp():
            return given_up(state, event)
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
    require_active(state, "pay")
    if state.key.simplex and state.side != "A":
        raise ChannelNotActive(f"{name(state)}: only side A can pay in a simplex channel", hint="use a duplex channel")
    if state.mine.offers:
        raise AcceptMissing(
            f"{name(state)}: lock proof {state.mine.offers[-1].nonce} is not accepted yet",
            hint="send it again, and pay after its acceptance",
        )
    if state.mine.locks:
        raise LocksPending(
            f"{name(state)}: {len(state.mine.locks)} locks are pending",
            hint="pay with a lock proof, or expire them",
        )
    if amount <= 0:
        raise CounterNotNewer(
            f"{name(state)}: payment of {amount} given, at least 1 needed", hint="pay a positive amount"
        )
    if amount > state.available:
        raise BalanceTooLow(
            f"{name(state)}: side {state.side} has {units(state, state.available)} available, "
            f"{units(state, amount)} needed",
            hint="deposit more",
        )


def check_receive(state: State, amount: int) -> None:
    """Raise unless a voucher of cumulative `amount` from the peer is acceptable."""
    require_active(state, "receive")
    if state.key.simplex and state.side != "B":
        raise ChannelNotActive(
            f"{name(state)}: only side B can be paid in a simplex channel", hint="use a duplex channel"
        )
    if state.theirs.locks:
        raise LocksPending(
            f"{name(state)}: the peer's {len(state.theirs.locks)} locks are pending",
            hint="ask for a lock proof",
        )
    have = state.theirs.amount
    if amount <= state.theirs.plain or amount < have:
        raise CounterNotNewer(
            f"{name(state)}: counter {amount} given, above {have} needed", hint="send the newest voucher"
        )
    if amount - have > state.peer_available:
        raise BalanceTooLow(
            f"{name(state)}: the peer has {units(state, state.peer_available)} available, "
            f"{units(state, amount - have)} needed",
            hint="the peer must deposit first, and the deposit must be confirmed",
        )


def _signed(state: State, event: Signed) -> State:
    mine = state.mine
    levels = event.amount == mine.amount > mine.plain and not mine.locks and not mine.offers
    if not levels:
        check_pay(state, event.amount - mine.amount)
    count = mine.payments + (0 if levels else event.payments)
    return replace(state, mine=replace(mine, plain=event.amount, voucher=event.signature, payments=count))


def _received(state: State, event: Received) -> State:
    check_receive(state, event.amount)
    theirs = state.theirs
    count = theirs.payments + (event.payments if event.amount > theirs.amount else 0)
    return replace(state, theirs=replace(theirs, plain=event.amount, voucher=event.signature, payments=count))


def _close_signed(state: State, event: CloseSigned) -> State:
    if state.closing is not None and (state.closing.sent_a, state.closing.sent_b) != (
        event.sent_a,
        event.sent_b,
    ):
        raise ChannelNotActive(f"{name(state)}: another close is already signed", hint="submit that one, or dispute")
    if state.mine.locks or state.theirs.locks:
        raise LocksPending(f"{name(state)}: locks are pending", hint="fulfil or expire them before the close")
    if state.mine.offers:
        raise AcceptMissing(
            f"{name(state)}: lock proof {state.mine.offers[-1].nonce} is not accepted yet",
            hint="send it again, and close after its acceptance",
        )
    if (event.sent_a, event.sent_b) != state.counters:
        raise CounterNotNewer(
            f"{name(state)}: close at {(event.sent_a, event.sent_b)} given, {state.counters} needed",
            hint="call resync()",
        )
    return replace(state, closing=event)


def _withdraw_signed(state: State, event: WithdrawSigned) -> State:
    require_active(state, "withdraw", duplex=True)
    if event.epoch != state.epoch:
        raise EpochNotNext(
            f"{name(state)}: epoch {event.epoch} given, {state.epoch} needed", hint="refresh, then ask again"
        )
    asked = PaidOut(event.out_a, event.out_b, event.epoch, event.valid_until)
    if asked in state.withdrawals:
        return state
    if state.withdraw is not None:
        raise ChannelNotActive(
            f"{name(state)}: a withdrawal is pending until {state.withdraw.valid_until}",
            hint="send it or wait",
        )
    for side, out in (("A", event.out_a), ("B", event.out_b)):
        have = state.available if side == state.side else state.peer_available
        if out > have:
            raise BalanceTooLow(
                f"{name(state)}: side {side} has {units(state, have)} available, {units(state, out)} needed",
                hint="take less",
            )
    return replace(state, withdrawals=(*state.withdrawals, asked))


def _chain_seen(state: State, event: ChainSeen) -> State:
    # A mined withdrawal stays known until it is final or has expired: if it is reverted, it can be mined again.
    kept = tuple(one for one in state.withdrawals if one.epoch >= event.final_epoch and event.now <= one.valid_until)
    return replace(
        state,
        net_a=event.net_a,
        net_b=event.net_b,
        epoch=event.epoch,
        deadline=event.deadline,
        withdrawals=kept,
    )


def _adopted(state: State, event: Adopted) -> State:
    old = state.mine
    proof = old.proof
    if event.nonce > proof.nonce:
        proof = Proof(event.amount, event.nonce, event.locks, event.signature, event.accept)
    plain, voucher = (event.plain, event.voucher) if event.plain > old.plain else (old.plain, old.voucher)
    offers = tuple(one for one in old.offers if one.nonce > proof.nonce)
    used = max(old.used_nonce, event.nonce, event.used_nonce)
    adopted = Direction(plain, voucher, proof, offers, used, old.payments)
    if adopted.amount < old.amount:
        raise CounterNotNewer(
            f"{name(state)}: copy at ({event.plain}, {event.amount}, {event.nonce}), mine at {old.amount}",
            hint="ask the peer for its newest copy",
        )
    if adopted.amount > old.amount:
        adopted = replace(adopted, payments=max(old.payments, 1))
    return replace(state, mine=adopted)
