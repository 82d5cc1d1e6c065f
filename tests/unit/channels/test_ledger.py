"""The rules of one party's ledger, each allowed act beside its refused twin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layer2.channels.events import (
    Adopted,
    ChainSeen,
    Claimable,
    CloseSigned,
    LocksReceived,
    LocksSigned,
    Received,
    Signed,
    WithdrawSigned,
)
from layer2.channels.key import ChannelKey
from layer2.channels.ledger import TOMBSTONE, State, apply
from layer2.channels.locks import Lock
from layer2.channels.records import decode_event, decode_join, encode_event, encode_join, pack_vouchers
from layer2.channels.refusals import (
    BalanceTooLow,
    ChannelNotActive,
    CounterNotNewer,
    EpochNotNext,
    LockRefused,
    LocksPending,
)
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


def funded(side: str = "A", key: ChannelKey = KEY, a: int = 100, b: int = 50) -> State:
    return apply(State(key, side), ChainSeen(a, b, 0, 0, NOW))


def test_a_payment_moves_the_balance_and_one_wei_more_than_available_is_refused() -> None:
    state = apply(funded(), Signed(100, SIG))
    assert (state.balance, state.peer_balance, state.available) == (0, 150, 0)
    with pytest.raises(BalanceTooLow):
        apply(funded(), Signed(101, SIG))


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
    state = apply(funded(), LocksSigned(0, 1, (lock(60),), SIG, NOW))
    assert (state.available, state.balance) == (40, 100)
    with pytest.raises(LocksPending):
        apply(state, Signed(1, SIG))
    paid = apply(state, LocksSigned(60, 2, (), SIG, NOW))
    assert paid.available == 40
    assert apply(paid, Signed(61, SIG)).mine.amount == 61


def test_locking_more_than_available_is_refused_on_both_sides() -> None:
    with pytest.raises(BalanceTooLow):
        apply(funded(), LocksSigned(0, 1, (lock(101),), SIG, NOW))
    with pytest.raises(BalanceTooLow):
        apply(funded("B"), LocksReceived(1, 1, (lock(100),), SIG, NOW, HORIZON))
    assert apply(funded("B"), LocksReceived(0, 1, (lock(100),), SIG, NOW, HORIZON)).theirs.locked == 100


@pytest.mark.parametrize("nonce", [0, 2])
def test_the_lock_nonce_must_be_the_next(nonce: int) -> None:
    with pytest.raises(CounterNotNewer):
        apply(funded("B"), LocksReceived(0, nonce, (lock(1),), SIG, NOW, HORIZON))


@pytest.mark.parametrize("expiry", [NOW, NOW + HORIZON + 1])
def test_a_lock_that_is_expired_or_beyond_what_the_hub_takes_is_refused(expiry: int) -> None:
    with pytest.raises(LockRefused):
        apply(funded("B"), LocksReceived(0, 1, (lock(1, expiry),), SIG, NOW, HORIZON))


def test_a_lock_is_dropped_unpaid_only_after_its_expiry() -> None:
    held = apply(funded("B"), LocksReceived(0, 1, (lock(10),), SIG, NOW, HORIZON))
    with pytest.raises(LockRefused):
        apply(held, LocksReceived(0, 2, (), SIG, NOW + 100, HORIZON))
    assert apply(held, LocksReceived(0, 2, (), SIG, NOW + 101, HORIZON)).theirs.locks == ()


def test_a_lock_whose_preimage_is_known_is_dropped_only_when_paid() -> None:
    held = apply(funded("B"), LocksReceived(0, 1, (lock(10), lock(5, tag=2)), SIG, NOW, HORIZON))
    held = apply(held, Claimable(lock(10).condition, 10, b"p" * 32))
    with pytest.raises(LockRefused):
        apply(held, LocksReceived(9, 2, (lock(5, tag=2),), SIG, NOW, HORIZON))
    paid = apply(held, LocksReceived(10, 2, (lock(5, tag=2),), SIG, NOW, HORIZON))
    assert paid.theirs.amount == 10
    assert paid.claims == ()
    with pytest.raises(LockRefused):
        apply(held, LocksReceived(0, 2, (lock(5, tag=2),), SIG, NOW + 101, HORIZON))


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
        apply(apply(funded(), LocksSigned(0, 1, (lock(1),), SIG, NOW)), CloseSigned(0, 0))


def test_a_pending_withdrawal_reserves_until_it_lands_or_lapses() -> None:
    pending = apply(funded(), WithdrawSigned(70, 0, 0, NOW + 60))
    assert pending.available == 30
    with pytest.raises(BalanceTooLow):
        apply(pending, Signed(31, SIG))
    still = apply(pending, ChainSeen(100, 50, 0, 0, NOW + 60))
    assert still.available == 30
    assert apply(pending, ChainSeen(100, 50, 0, 0, NOW + 61)).available == 100
    assert apply(pending, ChainSeen(30, 50, 1, 0, NOW + 1)).available == 30


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
    assert apply(state, Adopted(30, 0, (), False, SIG)).mine.amount == 30
    assert apply(state, Adopted(9, 0, (), False, SIG)) == state


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
    LocksSigned(7, 2, (lock(1), lock(2, tag=9)), SIG, NOW),
    LocksReceived(7, 2, (lock(1),), SIG, NOW, HORIZON, True),
    Claimable(b"c" * 32, 9, b"anything"),
    CloseSigned(1, 2, SIG),
    WithdrawSigned(1, 2, 3, 4, SIG),
    ChainSeen(-5, 2**110, 3, TOMBSTONE, NOW),
    Adopted(1, 2, (lock(3),), True, SIG),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_survives_the_journal(event: object) -> None:
    assert decode_event(encode_event(event)) == event


def test_a_batch_record_keeps_every_voucher_and_restores_the_newest() -> None:
    record = pack_vouchers(True, [(b"", 1, b"a" * 65), (b"", 2, b"b" * 65)], 2)
    assert b"a" * 65 in record
    assert decode_event(record) == Signed(2, b"b" * 65, 2)


def test_a_key_survives_the_journal() -> None:
    assert decode_join(encode_join(ONE_WAY, "B", True)) == (ONE_WAY, "B", True)


@pytest.mark.parametrize("record", [b"", b"\xff123", encode_event(EVENTS[0])[:-1], encode_event(EVENTS[2])[:20]])
def test_a_damaged_record_is_refused(record: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_event(record)
