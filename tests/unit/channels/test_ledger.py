"""The rules of one party's ledger, each allowed act beside its refused twin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layer2.channels.party.errors import (
    AcceptMissing,
    BalanceTooLow,
    ChannelNotActive,
    CounterNotNewer,
    EpochNotNext,
    LockRefused,
    LocksPending,
)
from layer2.channels.party.event_codec import (
    decode_event,
    decode_join,
    decode_state,
    encode_event,
    encode_join,
    encode_state,
)
from layer2.channels.party.events import (
    Adopted,
    ChainSeen,
    Claimable,
    CloseSigned,
    LocksAccepted,
    LocksGivenUp,
    LocksReceived,
    LocksSigned,
    Received,
    Signed,
    WithdrawSigned,
)
from layer2.channels.party.transition import TOMBSTONE, State, apply
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.lock_tree import MAX_LOCKS
from layer2.channels.protocol.locks import Lock
from layer2.primitives.addresses import ZERO_ADDRESS, to_address
from layer2.primitives.errors import MalformedError

PAYER = to_address("0x" + "0a" * 20)
PAYEE = to_address("0x" + "0b" * 20)
KEY = ChannelKey(a=PAYER, b=PAYEE, token=ZERO_ADDRESS, delay=60, open_before=9_000, salt=1, simplex=False)
ONE_WAY = ChannelKey(a=PAYER, b=PAYEE, token=ZERO_ADDRESS, delay=60, open_before=9_000, salt=1, simplex=True)
SIG = b"s" * 65
NOW, HORIZON = 1_000, 500


def lock(amount: int, expiry: int = NOW + 100, tag: int = 1) -> Lock:
    return Lock(amount, expiry, 0, bytes([tag]) * 32)


def offered(state: State, amount: int, *locks: Lock) -> State:
    """This party signed a lock proof."""
    return apply(state, LocksSigned(amount, state.mine.used_nonce + 1, locks, SIG))


def accepted(state: State, amount: int, *locks: Lock) -> State:
    """This party signed a lock proof, and the peer accepted it."""
    after = offered(state, amount, *locks)
    return apply(after, LocksAccepted(after.mine.used_nonce, SIG))


def received(state: State, amount: int, *locks: Lock, now: int = NOW) -> State:
    """This party accepted a lock proof of the peer."""
    event = LocksReceived(amount, state.theirs.used_nonce + 1, locks, SIG, SIG, now, HORIZON)
    return apply(state, event)


def funded(side: str = "A", key: ChannelKey = KEY, a: int = 100, b: int = 50) -> State:
    return apply(State(key, side), ChainSeen(a, b, 0, 0, NOW))


def test_a_payment_moves_the_balance_and_one_wei_more_than_available_is_refused() -> None:
    state = apply(funded(), Signed(100, SIG))
    assert (state.balance, state.peer_balance, state.available) == (0, 150, 0)
    with pytest.raises(BalanceTooLow):
        apply(funded(), Signed(101, SIG))


@pytest.mark.parametrize("counter", [10, 9])
def test_a_payment_of_nothing_or_less_is_refused(counter: int) -> None:
    with pytest.raises(CounterNotNewer):
        apply(apply(funded(), Signed(10, SIG)), Signed(counter, SIG))


def test_what_was_received_can_be_paid_on() -> None:
    state = apply(funded(), Received(50, SIG))
    assert state.available == 150
    assert apply(state, Signed(150, SIG)).balance == 0


def test_a_received_counter_must_grow() -> None:
    state = apply(funded("B"), Received(10, SIG))
    assert apply(state, Received(11, SIG)).theirs.amount == 11
    for stale in (10, 9):
        with pytest.raises(CounterNotNewer):
            apply(state, Received(stale, SIG))


def test_the_peer_cannot_pay_more_than_it_has() -> None:
    assert apply(funded("B"), Received(100, SIG)).balance == 150
    with pytest.raises(BalanceTooLow):
        apply(funded("B"), Received(101, SIG))


def test_a_simplex_channel_is_paid_by_a_only() -> None:
    assert apply(funded("A", ONE_WAY, 100, 0), Signed(5, SIG)).mine.amount == 5
    with pytest.raises(ChannelNotActive):
        apply(funded("B", ONE_WAY, 100, 0), Signed(5, SIG))
    with pytest.raises(ChannelNotActive):
        apply(funded("A", ONE_WAY, 100, 0), Received(5, SIG))


def test_pending_locks_are_reserved_and_stop_plain_vouchers() -> None:
    state = accepted(funded(), 0, lock(60))
    assert (state.available, state.balance) == (40, 100)
    with pytest.raises(LocksPending):
        apply(state, Signed(1, SIG))
    paid = accepted(state, 60)
    assert paid.available == 40
    assert apply(paid, Signed(61, SIG)).mine.amount == 61


def test_a_voucher_of_the_peer_is_not_taken_over_its_pending_locks() -> None:
    held = received(funded("B"), 0, lock(60))
    with pytest.raises(LocksPending):
        apply(held, Received(1, SIG))
    assert apply(received(held, 60, now=NOW + 101), Received(61, SIG)).theirs.amount == 61


def test_a_dropped_lock_counts_until_the_proof_without_it_is_accepted() -> None:
    """The peer may still post the proof with the lock: nothing but its acceptance of a newer one ends that."""
    locked = accepted(funded(), 0, lock(60))
    dropped = offered(locked, 0)
    assert (locked.available, dropped.available) == (40, 40)
    with pytest.raises(AcceptMissing):
        apply(dropped, Signed(1, SIG))
    with pytest.raises(AcceptMissing):
        apply(offered(funded(), 5), CloseSigned(0, 0))
    assert apply(dropped, LocksAccepted(2, SIG)).available == 100


def test_an_unaccepted_proof_counts_beside_the_accepted_one() -> None:
    state = offered(accepted(funded(), 0, lock(60)), 30, lock(60))
    assert state.available == 10
    assert state.mine.amount == 0
    with pytest.raises(AcceptMissing):
        offered(state, 31, lock(60))


def test_what_the_peer_refuses_to_accept_is_retracted_and_counts_until_it_accepts_that() -> None:
    refused = offered(accepted(funded(), 10), 10, lock(60))
    retracted = offered(refused, 10)
    assert retracted.available == 30
    late = apply(retracted, LocksAccepted(2, SIG))
    assert (late.available, late.mine.locked) == (30, 60)
    settled = apply(retracted, LocksAccepted(3, SIG))
    assert (settled.available, settled.mine.offers) == (90, ())
    with pytest.raises(CounterNotNewer):
        apply(settled, LocksAccepted(2, SIG))


def test_the_voucher_that_follows_the_last_lock_pays_nothing_and_leaves_no_lock_proof_to_post() -> None:
    payer, payee = accepted(accepted(funded(), 0, lock(60)), 60), received(received(funded("B"), 0, lock(60)), 60)
    assert payer.mine.bearing
    payer, payee = apply(payer, Signed(60, SIG, 0)), apply(payee, Received(60, SIG))
    assert not payer.mine.bearing
    assert not payee.theirs.bearing
    assert (payer.mine.payments, payee.theirs.payments) == (1, 1)
    assert payer.counters == payee.counters == (60, 0)
    with pytest.raises(CounterNotNewer):
        apply(payee, Received(60, SIG))


def test_locking_more_than_available_is_refused_on_both_sides() -> None:
    with pytest.raises(BalanceTooLow):
        offered(funded(), 0, lock(101))
    with pytest.raises(BalanceTooLow):
        received(funded("B"), 1, lock(100))
    assert received(funded("B"), 0, lock(100)).theirs.locked == 100


@pytest.mark.parametrize("nonce", [-1, 0, 1, 1 << 48, 1 << 64])
def test_the_lock_nonce_must_grow_and_fit_its_bits(nonce: int) -> None:
    held = received(funded("B"), 0, lock(1))
    with pytest.raises(CounterNotNewer):
        apply(held, LocksReceived(0, nonce, (lock(1),), SIG, SIG, NOW, HORIZON))
    assert apply(held, LocksReceived(0, (1 << 48) - 1, (lock(1),), SIG, SIG, NOW, HORIZON)).theirs.locked == 1


def test_more_locks_than_the_hub_resolves_are_refused() -> None:
    many = tuple(lock(1, tag=number) for number in range(MAX_LOCKS))
    assert received(funded("B", a=1_000), 0, *many).theirs.locked == MAX_LOCKS
    with pytest.raises(LockRefused):
        received(funded("B", a=1_000), 0, *many, lock(1, tag=200))


@pytest.mark.parametrize("expiry", [NOW, NOW + HORIZON + 1])
def test_a_lock_that_is_expired_or_beyond_what_the_hub_takes_is_refused(expiry: int) -> None:
    with pytest.raises(LockRefused):
        received(funded("B"), 0, lock(1, expiry))


def test_a_lock_is_dropped_unpaid_only_after_its_expiry() -> None:
    held = received(funded("B"), 0, lock(10))
    for paid in (0, 9):
        with pytest.raises(LockRefused):
            received(held, paid, now=NOW + 100)
    assert received(held, 10, now=NOW + 100).theirs.amount == 10
    assert received(held, 0, now=NOW + 101).theirs.locks == ()


def test_a_lock_that_was_given_up_is_dropped_unpaid_before_its_expiry_and_only_that_one() -> None:
    held = received(funded("B"), 0, lock(10), lock(10), lock(5, tag=2))
    given = apply(held, LocksGivenUp(lock(10)))
    assert received(given, 0, lock(10), lock(5, tag=2)).theirs.locked == 15
    for kept in ((), (lock(10),), (lock(5, tag=2),)):
        with pytest.raises(LockRefused):
            received(given, 0, *kept)
    after = received(given, 0, lock(10), lock(5, tag=2))
    assert after.given_up == ()
    with pytest.raises(LockRefused):
        received(after, 0, lock(5, tag=2))
    with pytest.raises(CounterNotNewer):
        apply(after, LocksGivenUp(lock(9)))


def test_a_lock_whose_preimage_is_known_is_dropped_only_when_paid() -> None:
    held = received(funded("B"), 0, lock(10), lock(5, tag=2))
    held = apply(held, Claimable(lock(10), 10, b"p" * 32))
    with pytest.raises(LockRefused):
        received(held, 9, lock(5, tag=2))
    paid = received(held, 10, lock(5, tag=2))
    assert paid.theirs.amount == 10
    assert paid.claims == ()
    with pytest.raises(LockRefused):
        received(held, 0, lock(5, tag=2), now=NOW + 101)


def test_two_locks_under_one_hash_are_each_paid_for() -> None:
    """One wei and fifty under the same hash: both cannot be dropped for two wei."""
    small, large = lock(1), lock(50)
    held = received(funded("B"), 0, small, large)
    held = apply(apply(held, Claimable(small, 1, b"p" * 32)), Claimable(large, 50, b"p" * 32))
    for paid in (0, 1, 2, 50):
        with pytest.raises(LockRefused):
            received(held, paid)
    assert received(held, 51).theirs.amount == 51
    twice = received(funded("B"), 0, large, lock(20), lock(20))
    twice = apply(twice, Claimable(lock(20), 20, b"p" * 32))
    with pytest.raises(LockRefused):
        received(twice, 20, large)
    assert received(twice, 40, large).theirs.amount == 40


def test_after_signing_a_close_nothing_is_paid_or_accepted() -> None:
    closing = apply(funded(), CloseSigned(0, 0))
    for event in (Signed(1, SIG), Received(1, SIG), WithdrawSigned(1, 0, 0, NOW + 9)):
        with pytest.raises(ChannelNotActive):
            apply(closing, event)
    with pytest.raises(ChannelNotActive):
        apply(apply(funded(), CloseSigned(0, 0)), CloseSigned(1, 0))


def test_a_close_must_be_at_the_newest_counters_and_without_locks() -> None:
    paid = apply(funded(), Signed(10, SIG))
    assert apply(paid, CloseSigned(10, 0)).phase == "closing"
    with pytest.raises(CounterNotNewer):
        apply(paid, CloseSigned(9, 0))
    with pytest.raises(LocksPending):
        apply(accepted(funded(), 0, lock(1)), CloseSigned(0, 0))
    with pytest.raises(LocksPending):
        apply(received(funded("B"), 0, lock(1)), CloseSigned(0, 0))


def test_a_close_is_at_the_newest_counters_of_both_sides() -> None:
    both = apply(apply(funded(), Signed(10, SIG)), Received(5, SIG))
    assert apply(both, CloseSigned(10, 5)).phase == "closing"
    for sent in ((10, 4), (10, 6), (9, 5), (11, 5)):
        with pytest.raises(CounterNotNewer):
            apply(both, CloseSigned(*sent))


def test_a_second_withdrawal_waits_for_the_first_and_the_same_one_changes_nothing() -> None:
    pending = apply(funded(), WithdrawSigned(10, 0, 0, NOW + 60))
    assert apply(pending, WithdrawSigned(10, 0, 0, NOW + 60)) == pending
    with pytest.raises(ChannelNotActive):
        apply(pending, WithdrawSigned(11, 0, 0, NOW + 60))


def test_a_pending_withdrawal_reserves_until_it_lands_or_lapses() -> None:
    pending = apply(funded(), WithdrawSigned(70, 0, 0, NOW + 60))
    assert pending.available == 30
    with pytest.raises(BalanceTooLow):
        apply(pending, Signed(31, SIG))
    still = apply(pending, ChainSeen(100, 50, 0, 0, NOW + 60))
    assert still.available == 30
    assert apply(pending, ChainSeen(100, 50, 0, 0, NOW + 61)).available == 100
    assert apply(pending, ChainSeen(30, 50, 1, 0, NOW + 1)).available == 30


def test_a_withdrawal_that_is_taken_back_is_reserved_again_until_its_time_is_over() -> None:
    """Reorganised away it can land again, with all that was signed away meanwhile."""
    landed = apply(apply(funded(), WithdrawSigned(70, 0, 0, NOW + 60)), ChainSeen(30, 50, 1, 0, NOW + 1))
    taken_back = apply(landed, ChainSeen(100, 50, 0, 0, NOW + 2))
    assert taken_back.available == 30
    with pytest.raises(BalanceTooLow):
        apply(taken_back, Signed(31, SIG))
    again = apply(taken_back, ChainSeen(30, 50, 1, 0, NOW + 3))
    assert again.available == 30
    assert apply(taken_back, ChainSeen(100, 50, 0, 0, NOW + 61)).available == 100


def test_two_withdrawals_that_are_taken_back_together_are_both_reserved() -> None:
    landed = apply(apply(funded(), WithdrawSigned(40, 0, 0, NOW + 60)), ChainSeen(60, 50, 1, 0, NOW + 1))
    landed = apply(apply(landed, WithdrawSigned(20, 0, 1, NOW + 60)), ChainSeen(40, 50, 2, 0, NOW + 2))
    assert landed.available == 40
    assert apply(landed, ChainSeen(100, 50, 0, 0, NOW + 3)).available == 40
    assert apply(landed, ChainSeen(60, 50, 1, 0, NOW + 3)).available == 40


def test_a_withdrawal_that_is_deep_enough_is_forgotten() -> None:
    pending = apply(funded(), WithdrawSigned(70, 0, 0, NOW + 60))
    final = apply(pending, ChainSeen(30, 50, 1, 0, NOW + 1, final_epoch=1))
    assert final.withdrawals == ()
    assert apply(pending, ChainSeen(100, 50, 0, 0, NOW + 1, final_epoch=0)).withdrawals != ()


def test_a_withdrawal_is_of_the_next_epoch_and_within_the_balance() -> None:
    with pytest.raises(EpochNotNext):
        apply(funded(), WithdrawSigned(1, 0, 1, NOW + 60))
    with pytest.raises(BalanceTooLow):
        apply(funded(), WithdrawSigned(101, 0, 0, NOW + 60))


def test_a_disputed_or_closed_channel_takes_no_payment() -> None:
    for deadline in (NOW + 5, TOMBSTONE):
        state = apply(funded(), ChainSeen(100, 50, 0, deadline, NOW))
        with pytest.raises(ChannelNotActive):
            apply(state, Signed(1, SIG))


def test_an_adopted_copy_only_raises_counters() -> None:
    state = apply(funded(), Signed(10, SIG))
    assert apply(state, Adopted(30, SIG)).mine.amount == 30
    assert apply(state, Adopted(9, SIG)) == state
    locked = apply(state, Adopted(0, b"", 20, 7, (lock(3),), SIG, SIG, 50))
    assert (locked.mine.amount, locked.mine.limit, locked.mine.nonce) == (20, 23, 7)
    assert offered(locked, 20).mine.offers[0].nonce == 51


def test_a_copy_of_a_higher_nonce_and_a_lower_counter_is_not_adopted() -> None:
    locked = accepted(funded(), 20, lock(3))
    higher = locked.mine.used_nonce + 1
    assert apply(locked, Adopted(0, b"", 20, higher, (), SIG, SIG, higher)).mine.amount == 20
    with pytest.raises(CounterNotNewer):
        apply(locked, Adopted(0, b"", 19, higher, (), SIG, SIG, higher))


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=30),
)
def test_both_ledgers_agree_and_conserve_whatever_is_paid(steps: list[tuple[bool, int]]) -> None:
    payer, payee = funded("A"), funded("B")
    for by_payer, amount in steps:
        sender, receiver = (payer, payee) if by_payer else (payee, payer)
        counter = sender.mine.amount + amount
        if amount > sender.available:
            with pytest.raises(BalanceTooLow):
                apply(sender, Signed(counter, SIG))
            with pytest.raises(BalanceTooLow):
                apply(receiver, Received(counter, SIG))
            continue
        sender, receiver = apply(sender, Signed(counter, SIG)), apply(receiver, Received(counter, SIG))
        payer, payee = (sender, receiver) if by_payer else (receiver, sender)
        assert payer.balance + payee.balance == 150
        assert payer.peer_balance == payee.balance


EVENTS = [
    Signed(5, SIG, 3),
    Received(2**100, b"x" * 200),
    LocksSigned(7, 2, (lock(1), lock(2, tag=9)), SIG),
    LocksAccepted(2, SIG),
    LocksReceived(7, 2, (lock(1),), SIG, b"a" * 200, NOW, HORIZON, True),
    Claimable(lock(9), 9, b"anything"),
    LocksGivenUp(lock(9)),
    CloseSigned(1, 2, SIG),
    WithdrawSigned(1, 2, 3, 4, SIG),
    ChainSeen(-5, 2**110, 3, TOMBSTONE, NOW, 2),
    Adopted(1, SIG, 2, 3, (lock(3),), SIG, SIG, 9),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_survives_the_journal(event: object) -> None:
    assert decode_event(encode_event(event)) == event


@pytest.mark.parametrize(
    "event", [Signed(1 << 128, SIG), LocksAccepted(1 << 64, SIG), LocksSigned(0, 1, (lock(1),) * 65_536, SIG)]
)
def test_a_number_that_no_message_can_carry_is_refused_with_a_typed_error(event: object) -> None:
    with pytest.raises(MalformedError):
        encode_event(event)


def test_a_whole_state_survives_the_journal() -> None:
    state = received(offered(accepted(funded(), 5, lock(9)), 5, lock(9)), 0, lock(4), lock(4), lock(3))
    state = apply(state, Claimable(lock(4), 4, b"p" * 32))
    state = apply(state, WithdrawSigned(1, 2, 0, NOW + 9, SIG))
    state = apply(state, LocksGivenUp(lock(3)))
    closing = apply(apply(funded("B"), Received(7, SIG)), CloseSigned(7, 0, SIG))
    for one in (state, closing, State(ONE_WAY, "A")):
        for frozen in (False, True):
            assert decode_state(encode_state(one, frozen)) == (one, frozen)


def test_a_key_survives_the_journal() -> None:
    assert decode_join(encode_join(ONE_WAY, "B", True)) == (ONE_WAY, "B", True)


@pytest.mark.parametrize(
    "record",
    [b"", b"\xff123", encode_event(EVENTS[0])[:-1], encode_event(EVENTS[2])[:20], encode_event(EVENTS[0]) + b"x"],
)
def test_a_damaged_record_is_refused(record: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_event(record)
