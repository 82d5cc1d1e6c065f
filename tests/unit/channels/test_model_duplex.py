"""The pure hub, two-way channels: each act, its effects, and its refusals in the contract's order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.channels.stage import (
    CONFIG,
    DELAY,
    DOMAIN,
    DUPLEX,
    NOW,
    OPEN_BEFORE,
    SIMPLEX,
    STRANGER,
    TOKEN,
    A,
    B,
    Stage,
    key,
    sign,
)
from tests.support.channels.strategies import ATTACKER, PAYEE, PAYER, SESSION

from layer2.channels.bindings import errors as err
from layer2.channels.bindings import events as ev
from layer2.channels.contract.channel_view import ChannelView
from layer2.channels.model import CLOSED, Action, Channel, Claim, Env, HubState, RawKey, Transferred, apply, payoff
from layer2.channels.model import actions as act
from layer2.channels.protocol.messages import (
    RIGHT_TO_CLOSE,
    RIGHT_TO_PAY,
    Close,
    Deposit,
    Move,
    Session,
    Voucher,
    Withdraw,
)
from layer2.channels.protocol.session_keys import SessionProof, encode_session
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.errors import RangeError

ID = DUPLEX.id


def voucher(amount: int, signer: PrivateKey = PAYER, channel_id: bytes = ID) -> bytes:
    return sign(Voucher(channel_id, amount), signer)


def refused(stage: Stage, action: Action, error: err.HubError, by: str = A) -> None:
    before = stage.state
    with pytest.raises(err.HubError) as caught:
        stage.do(action, by)  # type: ignore[arg-type]
    assert caught.value == error
    assert stage.state is before


def close(sent_a: int, sent_b: int) -> act.Close:
    message = Close(ID, sent_a, sent_b)
    return act.Close(DUPLEX, sent_a, sent_b, sign(message, PAYER), sign(message, PAYEE))


def withdraw(out_a: int, out_b: int, epoch: int = 0, until: int = NOW) -> act.Withdraw:
    message = Withdraw(ID, out_a, out_b, epoch, until)
    return act.Withdraw(DUPLEX, out_a, out_b, until, sign(message, PAYER), sign(message, PAYEE))


@given(*[st.integers(0, 1 << 110)] * 4)
def test_a_payoff_splits_the_total_and_never_pays_less_than_nothing(na: int, nb: int, sa: int, sb: int) -> None:
    pay_a, pay_b = payoff(na, nb, sa, sb)
    assert pay_a + pay_b == na + nb
    assert 0 <= pay_a <= na + nb
    if 0 <= na - sa + sb <= na + nb:
        assert pay_a == na - sa + sb


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_posting_less_than_the_newest_counter_never_helps_its_sender(
    net_a: int, net_b: int, newest_a: int, posted_a: int, sent_b: int
) -> None:
    newest_a, posted_a = max(newest_a, posted_a), min(newest_a, posted_a)
    assert payoff(net_a, net_b, newest_a, sent_b)[1] >= payoff(net_a, net_b, posted_a, sent_b)[1]


def test_deposits_add_up_and_emit_the_nets() -> None:
    stage = Stage()
    assert ev.Deposited(ID, 100, 0) in stage.do(act.DepositETH(ID, False, 100))
    assert ev.Deposited(ID, 110, 7) in stage.do(act.Deposit(DUPLEX, 10, 7, value=17), by=STRANGER)
    assert stage.state.channel(ID) == Channel(net_a=110, net_b=7)
    assert stage.state.balances[ZERO_ADDRESS] == 117


def test_token_deposits_count_what_arrived() -> None:
    one = key(token=TOKEN)
    stage = Stage()
    stage.fund(one, 30, 5)
    assert stage.state.balances == {TOKEN: 35}
    stage.env = {"pull": lambda token, source, amount: amount - 1}
    refused(stage, act.Deposit(one, 10, 0), err.InsufficientTransfer(TOKEN, 9, 10))
    refused(
        stage, act.DepositPulled(one, (act.Pull(act.Source.PERMIT2, False, 4),)), err.InsufficientTransfer(TOKEN, 3, 4)
    )
    stage.env = {"pull": lambda token, source, amount: -1}
    refused(stage, act.Deposit(one, 10, 0), err.InsufficientTransfer(TOKEN, (1 << 256) - 1, 10))


@pytest.mark.parametrize(
    ("action", "error"),
    [
        (act.Deposit(DUPLEX, 5, 5, value=9), err.IncorrectValue(9, 10)),
        (act.Deposit(key(token=TOKEN), 5, 5, value=9), err.IncorrectValue(9, 0)),
        (act.Deposit(DUPLEX, 0, 0), err.AmountOutOfRange(ID, 0, 1)),
        (act.Deposit(DUPLEX, 1 << 110, 0, 1 << 110), err.AmountOutOfRange(ID, (1 << 110) - 1, 1 << 110)),
        (act.DepositETH(key(token=TOKEN).id, False, 1), err.UnexpectedChannelMode(key(token=TOKEN).id)),
        (act.DepositETH(SIMPLEX.id, True, 1), err.UnexpectedChannelMode(SIMPLEX.id)),
        (act.Deposit(key(delay=59), 1, 0, 1), err.InvalidKey(key(delay=59).id)),
        (act.Deposit(key(delay=86_401), 1, 0, 1), err.InvalidKey(key(delay=86_401).id)),
        (act.Deposit(key(open_before=NOW - 1), 1, 0, 1), err.OpeningExpired(key(open_before=NOW - 1).id, NOW, NOW - 1)),
        (act.DepositPulled(DUPLEX, ()), err.AmountOutOfRange(ID, 0, 1)),
        (
            act.DepositPulled(DUPLEX, (act.Pull(act.Source.ALLOWANCE, False, 4),)),
            err.InsufficientTransfer(ZERO_ADDRESS, 0, 4),
        ),
    ],
)
def test_deposits_that_break_a_rule_are_refused(action: Action, error: err.HubError) -> None:
    refused(Stage(), action, error)


@pytest.mark.parametrize(
    "raw",
    [
        replace(RawKey.of(DUPLEX), b=A),
        replace(RawKey.of(DUPLEX), a=ZERO_ADDRESS),
        replace(RawKey.of(DUPLEX), b=ZERO_ADDRESS),
        replace(RawKey.of(DUPLEX), params=DUPLEX.params | 1 << 129),
        replace(RawKey.of(DUPLEX), params=DUPLEX.params | 1 << 255),
    ],
)
def test_an_unlawful_key_is_refused_where_a_lawful_one_is_taken(raw: RawKey) -> None:
    assert RawKey.of(DUPLEX).id == ID
    refused(Stage(), act.Deposit(raw, 5, 0, 5), err.InvalidKey(raw.id))


def permitted(
    one: act.Key, amount: int = 8, nonce: int = 0, until: int = NOW, signer: PrivateKey = PAYER, side_b: bool = False
) -> act.Pull:
    consent = sign(Deposit(one.id, amount, nonce, until), signer)
    return act.Pull(act.Source.PERMIT, side_b, amount, until, consent, nonce)


def test_a_permitted_deposit_counts_once_whatever_else_is_deposited() -> None:
    one = key(token=TOKEN)
    stage = Stage().fund(one, 30, 5)

    def pull(**changes: object) -> act.DepositPulled:
        return act.DepositPulled(one, (permitted(one, **changes),))  # type: ignore[arg-type]

    signed = pull()
    stage.fund(one, 1)
    stage.do(signed, by=STRANGER)
    assert stage.state.channel(one.id).net_a == 39
    refused(stage, signed, err.AmountOutOfRange(one.id, 0, 1))
    refused(stage, pull(nonce=1, signer=ATTACKER), err.InvalidSignature(A))
    refused(stage, pull(nonce=1, until=NOW - 1), err.ExpiredConsent(NOW, NOW - 1))
    stage.do(pull(nonce=(1 << 256) - 1))
    assert stage.state.deposit_nonces == {(A, 0), (A, (1 << 256) - 1)}


def test_an_authorisation_that_was_used_before_does_not_stop_the_other_side() -> None:
    one = key(token=TOKEN)
    stage = Stage()
    both = act.DepositPulled(one, (permitted(one), permitted(one, signer=PAYEE, side_b=True)))
    stage.do(act.DepositPulled(one, both.pulls[:1]), by=STRANGER)
    effects = stage.do(both, by=A)
    assert ev.Deposited(one.id, 8, 8) in effects
    # Likewise where the token remembers what was used: it moves nothing.
    used = {A}
    stage.env = {"pull": lambda token, source, amount: 0 if source in used else amount}
    authorised = tuple(act.Pull(act.Source.AUTHORIZATION, side, 5) for side in (False, True))
    assert ev.Deposited(one.id, 8, 13) in stage.do(act.DepositPulled(one, authorised))


def test_a_nonce_is_used_up_by_the_moneys_arrival_only() -> None:
    """Else a stranger could void a signed deposit that the owner has not covered yet."""
    one = key(token=TOKEN)
    stage = Stage()
    poor = {A}
    stage.env = {"pull": lambda token, source, amount: 0 if source in poor else amount}
    dust = act.Pull(act.Source.ALLOWANCE, True, 1)
    stage.do(act.DepositPulled(one, (permitted(one), dust)), by=STRANGER)
    assert stage.state.deposit_nonces == frozenset()
    poor.clear()
    assert ev.Deposited(one.id, 8, 1) in stage.do(act.DepositPulled(one, (permitted(one),)), by=STRANGER)


def test_a_cooperative_close_pays_by_the_signed_counters_and_ends_the_channel_for_good() -> None:
    stage = Stage().fund(a=100, b=50)
    effects = stage.do(close(30, 10), by=STRANGER)
    assert effects == (
        ev.Closed(ID, 80, 70),
        Transferred(ZERO_ADDRESS, A, 80),
        Transferred(ZERO_ADDRESS, B, 70),
    )
    assert stage.state.channel(ID) == Channel(deadline=CLOSED)
    refused(stage, close(30, 10), err.ChannelClosed(ID))
    refused(stage, act.DepositETH(ID, False, 1), err.ChannelClosed(ID))


def test_after_the_opening_time_a_zeroed_slot_is_as_final_as_a_tombstone() -> None:
    stage = Stage().fund(a=100, b=50)
    stage.now = OPEN_BEFORE + 1
    stage.do(close(30, 10))
    assert stage.state.channel(ID).words(False) == (0, 0, 0, 0, 0, 0)
    refused(stage, close(30, 10), err.ChannelNotOpen(ID))
    refused(stage, act.DepositETH(ID, False, 1), err.OpeningExpired(ID, OPEN_BEFORE + 1, OPEN_BEFORE))


def test_a_caller_consents_by_calling_and_the_other_must_sign() -> None:
    stage = Stage().fund(a=100, b=50)
    refused(stage, act.Close(DUPLEX, 3, 1, b"", close(3, 1).signature_b), err.InvalidSignature(A), by=STRANGER)
    refused(stage, act.Close(DUPLEX, 3, 1, b"", close(4, 1).signature_b), err.InvalidSignature(B), by=A)
    stage.do(act.Close(DUPLEX, 3, 1, b"", close(3, 1).signature_b), by=A)


def test_a_withdrawal_happens_once_and_within_its_time() -> None:
    stage = Stage().fund(a=100, b=50)
    refused(stage, withdraw(120, 0, until=NOW - 1), err.ExpiredConsent(NOW, NOW - 1))
    effects = stage.do(withdraw(120, 0))
    assert effects[0] == ev.Withdrawn(ID, -20, 50, 1)
    assert stage.state.channel(ID) == Channel(net_a=-20, net_b=50, epoch=1)
    refused(stage, withdraw(10, 0), err.InvalidSignature(A), by=STRANGER)
    stage.do(withdraw(0, 10, epoch=1))
    refused(stage, withdraw(21, 0, epoch=2), err.AmountOutOfRange(ID, 20, 21))
    refused(stage, withdraw(0, 0, epoch=2), err.AmountOutOfRange(ID, 0, 1))
    stage.do(withdraw(20, 0, epoch=2))
    assert stage.state.channel(ID) == Channel(net_a=-40, net_b=40, epoch=3)


def test_the_last_epoch_cannot_be_passed() -> None:
    stage = Stage().fund(a=100)
    last = (1 << 30) - 2
    channels = {ID: replace(stage.state.channel(ID), epoch=last)}
    stage.state = replace(stage.state, channels=channels)
    stage.do(withdraw(1, 0, epoch=last))
    refused(stage, withdraw(1, 0, epoch=last + 1), err.AmountOutOfRange(ID, last, last + 1))


def move(target: act.Key, amounts: tuple[int, int, int, int], epoch: int = 0) -> act.Move:
    message = Move(ID, target.id, *amounts, epoch, NOW)
    return act.Move(DUPLEX, target, amounts, NOW, sign(message, PAYER), sign(message, PAYEE))


def test_a_move_keeps_the_money_in_the_hub() -> None:
    stage = Stage().fund(a=100, b=50)
    other = key(2)
    assert stage.do(move(other, (10, 5, 0, 15)), by=STRANGER) == (
        ev.Withdrawn(ID, 90, 45, 1),
        ev.Deposited(other.id, 0, 15),
    )
    stage.do(move(SIMPLEX, (10, 0, 10, 0), epoch=1))
    assert stage.state.balances[ZERO_ADDRESS] == 150
    refused(stage, move(other, (10, 5, 0, 14), 2), err.AmountOutOfRange(ID, 15, 14))
    refused(stage, move(SIMPLEX, (10, 5, 0, 15), 2), err.UnexpectedChannelMode(SIMPLEX.id))
    token = key(token=TOKEN)
    refused(stage, move(token, (1, 0, 1, 0), 2), err.TokenMismatch(TOKEN, ZERO_ADDRESS))
    refused(stage, replace(move(other, (1, 0, 1, 0), 2), signature_b=b""), err.InvalidSignature(B), by=STRANGER)


def test_a_dispute_is_answered_within_its_window_and_settled_after_it() -> None:
    stage = Stage().fund(a=100, b=50)
    refused(stage, act.StartClose(DUPLEX), err.UnauthorizedCaller(STRANGER), by=STRANGER)
    effects = stage.do(act.StartClose(DUPLEX, 10, voucher(10)), by=B)
    deadline = NOW + DELAY
    assert effects == (ev.DisputeStarted(ID, deadline), ev.CounterPosted(ID, 10, 0))
    refused(stage, act.StartClose(DUPLEX), err.DisputeRunning(ID, deadline))
    refused(stage, withdraw(1, 0), err.DisputeRunning(ID, deadline))
    refused(stage, act.DepositETH(ID, False, 1), err.DisputeRunning(ID, deadline))
    refused(stage, act.Post(DUPLEX, False, 10, voucher(10)), err.StaleCounter(ID, 10, 10))
    refused(stage, act.Post(DUPLEX, True, 30, voucher(30)), err.InvalidSignature(B))
    refused(stage, act.Post(DUPLEX, False, 1 << 112, voucher(9)), err.AmountOutOfRange(ID, (1 << 112) - 1, 1 << 112))
    stage.now = deadline
    refused(stage, act.Settle(DUPLEX), err.DisputeNotOver(ID, deadline, deadline))
    stage.do(act.Post(DUPLEX, True, 30, voucher(30, PAYEE)), by=STRANGER)
    stage.now = deadline + 1
    refused(stage, act.Post(DUPLEX, False, 40, voucher(40)), err.DisputeNotOpen(ID, deadline + 1, deadline))
    assert ev.Closed(ID, 120, 30) in stage.do(act.Settle(DUPLEX), by=STRANGER)
    assert stage.state.channel(ID) == Channel(deadline=CLOSED)
    refused(stage, act.Settle(DUPLEX), err.ChannelClosed(ID))


def test_both_may_still_close_together_during_a_dispute() -> None:
    stage = Stage().fund(a=100, b=50)
    stage.do(act.StartClose(DUPLEX, 10, voucher(10)), by=B)
    assert ev.Closed(ID, 80, 70) in stage.do(close(20, 0))


@pytest.mark.parametrize("action", [act.Settle(DUPLEX), act.Post(DUPLEX, False, 1, b"")])
def test_an_open_channel_has_no_dispute_to_answer_or_settle(action: Action) -> None:
    refused(Stage().fund(), action, err.DisputeNotOpen(ID, NOW, 0))


@pytest.mark.parametrize("action", [act.StartClose(DUPLEX), close(0, 0), withdraw(1, 0)])
def test_an_unfunded_channel_is_not_open(action: Action) -> None:
    refused(Stage(), action, err.ChannelNotOpen(ID))


def test_a_delay_beyond_the_bounds_is_clamped_at_the_start() -> None:
    one = key(delay=10)
    stage = Stage()
    stage.do(act.DepositETH(one.id, False, 100))
    stage.do(act.StartClose(one))
    assert stage.state.channel(one.id).deadline == NOW + CONFIG.min_delay


def test_a_session_key_starts_a_close_with_the_right_to_do_so_only() -> None:
    def start(rights: int, owner: PrivateKey = PAYEE) -> act.StartCloseAs:
        session = Session(ID, SESSION.address, 0, NOW, rights)
        data = encode_session(session, sign(session, owner))
        return act.StartCloseAs(DUPLEX, True, data, 10, voucher(10))

    stage = Stage().fund(a=100, b=50)
    refused(stage, start(1), err.SessionExceeded(SESSION.address, 1, RIGHT_TO_CLOSE), by=SESSION.address)
    refused(stage, start(2, ATTACKER), err.InvalidSignature(B), by=SESSION.address)
    refused(stage, start(2), err.UnauthorizedCaller(STRANGER), by=STRANGER)
    stage.do(start(2), by=SESSION.address)
    assert stage.state.channel(ID).sent_a == 10


def test_a_contract_party_names_its_session_key_on_chain_and_cannot_take_it_back() -> None:
    session = Session(ID, SESSION.address, 50, NOW, RIGHT_TO_PAY)
    voucher = Voucher(ID, 50)
    proof = SessionProof.build(session, b"", sign(voucher, SESSION)).encode()
    stage = Stage().fund(a=100, b=50)
    stage.do(act.StartClose(DUPLEX), by=B)
    post = act.Post(DUPLEX, False, 50, proof)
    register = act.RegisterSession(ID, SESSION.address, 50, NOW, RIGHT_TO_PAY)
    refused(stage, post, err.InvalidSignature(A), by=B)
    stage.do(register, by=STRANGER)
    refused(stage, post, err.InvalidSignature(A), by=B)
    # An account that says yes to everything cannot sign a counter: only what is registered counts.
    stage.env = {"contract_signs": lambda digest, signer, signature: True}
    refused(stage, act.Post(DUPLEX, False, 50, b"yes"), err.InvalidSignature(A), by=B)
    refused(stage, post, err.InvalidSignature(A), by=B)
    grant = (A, ID, SESSION.address, 50, NOW, RIGHT_TO_PAY)
    assert stage.do(register, by=A) == (ev.SessionRegistered(*grant),)
    stage.do(post, by=B)
    assert stage.state.channel(ID).sent_a == 50


def test_a_failed_push_is_owed_and_swept_elsewhere() -> None:
    stage = Stage().fund(a=100, b=50)
    stage.failing = frozenset({B})
    assert ev.PayoutDeferred(B, ZERO_ADDRESS, 70) in stage.do(close(30, 10))
    assert stage.state.owed == {(B, ZERO_ADDRESS): 70}
    refused(stage, act.WithdrawPending(ZERO_ADDRESS, B), err.PaymentFailed(B, ZERO_ADDRESS), by=B)
    refused(stage, act.WithdrawPending(ZERO_ADDRESS, A), err.NothingPending(A, ZERO_ADDRESS), by=A)
    effects = stage.do(act.WithdrawPending(ZERO_ADDRESS, STRANGER), by=B)
    assert effects == (ev.PendingWithdrawn(B, ZERO_ADDRESS, STRANGER, 70), Transferred(ZERO_ADDRESS, STRANGER, 70))
    assert not stage.state.owed


@pytest.mark.parametrize(
    "action",
    [
        act.Close(SIMPLEX, 0, 0),
        act.Withdraw(SIMPLEX, 1, 0, NOW),
        act.StartClose(SIMPLEX),
        act.Post(SIMPLEX, False, 1, b""),
        act.Settle(SIMPLEX),
        act.PostLocks(SIMPLEX, False, act.LockProof(1, 1, 1, 1, bytes(32), b"")),
        act.Unlock(SIMPLEX, False, 1, b""),
    ],
)
def test_two_way_acts_on_a_one_way_channel_are_refused(action: Action) -> None:
    refused(Stage().fund(SIMPLEX), action, err.UnexpectedChannelMode(SIMPLEX.id))


def test_numbers_that_the_abi_cannot_carry_are_no_action() -> None:
    assert act.Deposit(DUPLEX, (1 << 112) - 1, 0)
    with pytest.raises(RangeError):
        act.Deposit(DUPLEX, 1 << 112, 0)
    with pytest.raises(RangeError):
        act.Move(DUPLEX, SIMPLEX, (0, 0, 0, -1), 0)


def test_the_state_before_is_never_changed() -> None:
    before = HubState(CONFIG)
    after, _ = apply(before, act.DepositETH(ID, False, 5), Env(NOW, A))
    assert before == HubState(CONFIG)
    assert after.channel(ID).net_a == 5
    assert after.config.domain is DOMAIN


int111 = st.integers(-(1 << 110) + 1, (1 << 110) - 1)
claims = st.none() | st.builds(
    Claim,
    st.integers(1, (1 << 48) - 1),
    st.integers(0, (1 << 208) - 1),
    st.integers(0, (1 << 112) - 1),
    st.integers(0, (1 << 32) - 1),
    st.integers(0, (1 << 112) - 1),
)


@given(int111, int111, st.integers(0, CLOSED), st.integers(0, (1 << 30) - 1), claims, claims)
def test_words_are_read_back_as_the_view_of_the_chain(
    net_a: int, net_b: int, deadline: int, epoch: int, claim_a: Claim | None, claim_b: Claim | None
) -> None:
    channel = Channel(net_a, net_b, deadline, 3, 4, epoch, claim_a, claim_b)
    view = ChannelView.decode(ID, channel.words(False), simplex=False)
    for name in ("net_a", "net_b", "deadline", "sent_a", "sent_b", "epoch"):
        assert getattr(view, name) == getattr(channel, name)
    for side, claim in (("A", claim_a), ("B", claim_b)):
        read = view.claim(side)
        assert (read is None) == (claim is None)
        if read and claim:
            assert {name: getattr(read, name) for name in claim.__slots__} == {
                name: getattr(claim, name) for name in claim.__slots__
            }
            assert all(read.is_resolved(index) == bool(claim.resolved >> index & 1) for index in range(112))
        assert view.paid(side) == channel.paid(side == "B")
    assert view.payoffs() == payoff(net_a, net_b, channel.paid(False), channel.paid(True))
