"""The pure hub, one-way channels: claims, closing by the payee, the payer's exit."""

from __future__ import annotations

import pytest
from tests.support.channels.stage import DELAY, DUPLEX, NOW, OPEN_BEFORE, SIMPLEX, STRANGER, A, B, Stage, key, sign
from tests.support.channels.strategies import ATTACKER, PAYEE, PAYER, SESSION
from tests.unit.channels.test_model_duplex import refused

from layer2.channels.bindings import errors as err
from layer2.channels.bindings import events as ev
from layer2.channels.model import CLOSED, Action, Channel, Transferred
from layer2.channels.model import actions as act
from layer2.channels.model.simplex import ROW_BYTES, SESSION_ROW_BYTES
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.messages import RIGHT_TO_CLOSE, RIGHT_TO_PAY, Close, Session, Voucher
from layer2.channels.protocol.proofs import Payment, claim_row, claim_rows
from layer2.channels.protocol.session_keys import SessionProof
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.ecdsa import PrivateKey

ID = SIMPLEX.id
OTHER = key(2, simplex=True)


def voucher(amount: int, signer: PrivateKey = PAYER, one: ChannelKey = SIMPLEX) -> bytes:
    return sign(Voucher(one.id, amount), signer)


def row(amount: int, signer: PrivateKey = PAYER, one: ChannelKey = SIMPLEX) -> bytes:
    return claim_row(one, Payment(one.id, amount, voucher(amount, signer, one)))


def session_row(
    amount: int, *, registered: bool = False, owner: PrivateKey = PAYER, hot: PrivateKey = SESSION, **changes: int
) -> bytes:
    fields = {"cap": 20, "valid_until": NOW, "rights": RIGHT_TO_PAY, **changes}
    session = Session(ID, SESSION.address, **fields)
    named = b"" if registered else sign(session, owner)
    proof = SessionProof.build(session, named, sign(Voucher(ID, amount), hot)).encode()
    return claim_row(SIMPLEX, Payment(ID, amount, proof))


def test_a_claim_pays_the_difference_and_never_more_than_the_deposit() -> None:
    stage = Stage().fund(SIMPLEX, 100)
    claim = act.ClaimVoucher(SIMPLEX, 30, voucher(30))
    assert stage.do(claim, by=STRANGER) == (ev.Claimed(ID, 30), Transferred(ZERO_ADDRESS, B, 30))
    refused(stage, claim, err.StaleCounter(ID, 30, 30))
    refused(stage, act.ClaimVoucher(SIMPLEX, 31, voucher(31, ATTACKER)), err.InvalidSignature(A))
    assert ev.Claimed(ID, 100) in stage.do(act.ClaimVoucher(SIMPLEX, 130, voucher(130)))
    refused(stage, act.ClaimVoucher(SIMPLEX, 140, voucher(140)), err.StaleCounter(ID, 100, 140))
    assert stage.paid == {B: 100}


def test_a_top_up_makes_the_rest_of_a_voucher_claimable() -> None:
    stage = Stage().fund(SIMPLEX, 100)
    stage.do(act.ClaimVoucher(SIMPLEX, 130, voucher(130)))
    assert ev.Deposited(ID, 120, 100) in stage.do(act.DepositETH(ID, False, 20))
    stage.do(act.ClaimVoucher(SIMPLEX, 130, voucher(130)))
    assert stage.paid == {B: 120}


def test_a_batch_pays_good_rows_once_and_skips_the_others() -> None:
    stage = Stage().fund(SIMPLEX, 100).fund(OTHER, 50)
    rows = [
        row(10),
        row(10),
        row(11, ATTACKER),
        row(20, one=OTHER),
        row(20, one=key(3, simplex=True)),
        row(15),
    ]
    effects = stage.do(act.ClaimVouchers(B, ZERO_ADDRESS, b"".join(rows)), by=STRANGER)
    assert effects == (
        ev.Claimed(ID, 10),
        ev.Claimed(OTHER.id, 20),
        ev.Claimed(ID, 15),
        Transferred(ZERO_ADDRESS, B, 35),
    )
    refused(stage, act.ClaimVouchers(B, ZERO_ADDRESS, b"".join(rows)), err.NothingClaimed())


@pytest.mark.parametrize("rows", [b"", row(5, ATTACKER), bytes(ROW_BYTES), row(5, one=OTHER)])
def test_a_batch_without_a_payable_row_is_refused(rows: bytes) -> None:
    refused(Stage().fund(SIMPLEX, 100), act.ClaimVouchers(B, ZERO_ADDRESS, rows), err.NothingClaimed())


def test_a_batch_is_refused_for_another_payee_token_or_length() -> None:
    stage = Stage().fund(SIMPLEX, 100)
    refused(stage, act.ClaimVouchers(STRANGER, ZERO_ADDRESS, row(5)), err.NothingClaimed(), by=STRANGER)
    refused(stage, act.ClaimVouchers(B, B, row(5)), err.NothingClaimed())
    refused(stage, act.ClaimVouchers(B, ZERO_ADDRESS, row(5)[:-1]), err.MalformedRows(ROW_BYTES - 1))
    stage.do(act.ClaimVouchers(B, ZERO_ADDRESS, row(5)))


def test_a_batch_pays_rows_of_session_keys_beside_those_of_owners() -> None:
    stage = Stage().fund(SIMPLEX, 100).fund(OTHER, 50)
    session = Session(ID, SESSION.address, 20, NOW, RIGHT_TO_PAY)
    proof = SessionProof.build(session, sign(session, PAYER), sign(Voucher(ID, 20), SESSION)).encode()
    vouchers = [(SIMPLEX, Payment(ID, 20, proof)), (OTHER, Payment(OTHER.id, 7, voucher(7, one=OTHER)))]
    rows, session_rows = claim_rows(vouchers)
    assert (len(rows), len(session_rows)) == (ROW_BYTES, SESSION_ROW_BYTES)
    effects = stage.do(act.ClaimVouchers(B, ZERO_ADDRESS, rows, session_rows), by=STRANGER)
    assert effects == (ev.Claimed(OTHER.id, 7), ev.Claimed(ID, 20), Transferred(ZERO_ADDRESS, B, 27))


@pytest.mark.parametrize(
    "bad",
    [
        session_row(21),
        session_row(20, valid_until=NOW - 1),
        session_row(20, rights=RIGHT_TO_CLOSE),
        session_row(20, owner=ATTACKER),
        session_row(20, hot=ATTACKER),
        session_row(20, registered=True),
    ],
    ids=["over its cap", "too late", "without the right", "of a stranger", "by another key", "not registered"],
)
def test_a_session_row_that_may_not_pay_is_skipped(bad: bytes) -> None:
    stage = Stage().fund(SIMPLEX, 100)
    refused(stage, act.ClaimVouchers(B, ZERO_ADDRESS, b"", bad), err.NothingClaimed())
    refused(
        stage, act.ClaimVouchers(B, ZERO_ADDRESS, b"", session_row(20)[:-1]), err.MalformedRows(SESSION_ROW_BYTES - 1)
    )
    stage.do(act.ClaimVouchers(B, ZERO_ADDRESS, b"", bad + session_row(20)))
    assert stage.paid == {B: 20}


def test_rows_of_registered_sessions_are_paid() -> None:
    stage = Stage().fund(SIMPLEX, 100)
    stage.do(act.RegisterSession(ID, SESSION.address, 20, NOW, RIGHT_TO_PAY), by=A)
    stage.do(act.ClaimVouchers(B, ZERO_ADDRESS, b"", session_row(20, registered=True)))
    assert stage.paid == {B: 20}


def test_the_payee_closes_at_once_and_others_need_its_signature() -> None:
    stage = Stage().fund(SIMPLEX, 100)
    stage.do(act.ClaimVoucher(SIMPLEX, 30, voucher(30)))
    refused(stage, act.CloseSimplex(SIMPLEX, 40, voucher(40)), err.InvalidSignature(B), by=A)
    refused(stage, act.CloseSimplex(SIMPLEX, 40, voucher(40, ATTACKER)), err.InvalidSignature(A), by=B)
    consent = sign(Close(ID, 40, 0), PAYEE)
    assert stage.do(act.CloseSimplex(SIMPLEX, 40, voucher(40), consent), by=STRANGER) == (
        ev.Claimed(ID, 40),
        ev.Closed(ID, 60, 10),
        Transferred(ZERO_ADDRESS, A, 60),
        Transferred(ZERO_ADDRESS, B, 10),
    )
    assert stage.state.channel(ID) == Channel(deadline=CLOSED)
    refused(stage, act.CloseSimplex(SIMPLEX), err.ChannelClosed(ID), by=B)
    refused(stage, act.ClaimVouchers(B, ZERO_ADDRESS, row(90)), err.NothingClaimed())


def test_a_close_without_a_newer_voucher_returns_the_rest() -> None:
    stage = Stage().fund(SIMPLEX, 100)
    stage.do(act.ClaimVoucher(SIMPLEX, 30, voucher(30)))
    assert stage.do(act.CloseSimplex(SIMPLEX), by=B)[0] == ev.Closed(ID, 70, 0)


def test_the_payer_exits_after_its_delay_and_the_payee_claims_until_then() -> None:
    stage = Stage().fund(SIMPLEX, 100)
    refused(stage, act.Exit(SIMPLEX), err.DisputeNotOpen(ID, NOW, 0))
    refused(stage, act.RequestExit(SIMPLEX), err.UnauthorizedCaller(B), by=B)
    assert stage.do(act.RequestExit(SIMPLEX)) == (ev.DisputeStarted(ID, NOW + DELAY),)
    refused(stage, act.RequestExit(SIMPLEX), err.DisputeRunning(ID, NOW + DELAY))
    refused(stage, act.DepositETH(ID, False, 1), err.DisputeRunning(ID, NOW + DELAY))
    stage.now = NOW + DELAY
    refused(stage, act.Exit(SIMPLEX), err.DisputeNotOver(ID, NOW + DELAY, NOW + DELAY))
    stage.do(act.ClaimVoucher(SIMPLEX, 30, voucher(30)))
    stage.now += 1
    stage.do(act.ClaimVoucher(SIMPLEX, 40, voucher(40)))
    assert ev.Closed(ID, 60, 0) in stage.do(act.Exit(SIMPLEX), by=STRANGER)
    refused(stage, act.ClaimVoucher(SIMPLEX, 50, voucher(50)), err.ChannelClosed(ID))


def test_an_exit_after_the_opening_time_leaves_nothing() -> None:
    stage = Stage().fund(SIMPLEX, 100)
    stage.do(act.ClaimVoucher(SIMPLEX, 30, voucher(30)))
    stage.do(act.RequestExit(SIMPLEX))
    stage.now = OPEN_BEFORE + 1
    stage.do(act.Exit(SIMPLEX))
    assert stage.state.channel(ID).words(True) == (0, 0, 0, 0, 0, 0)
    refused(stage, act.Exit(SIMPLEX), err.DisputeNotOpen(ID, OPEN_BEFORE + 1, 0))


@pytest.mark.parametrize(
    "action",
    [
        act.ClaimVoucher(DUPLEX, 1, b""),
        act.CloseSimplex(DUPLEX),
        act.RequestExit(DUPLEX),
        act.Exit(DUPLEX),
    ],
)
def test_one_way_acts_on_a_two_way_channel_are_refused(action: Action) -> None:
    refused(Stage().fund(DUPLEX), action, err.UnexpectedChannelMode(DUPLEX.id))


def test_a_payee_that_cannot_be_paid_is_owed() -> None:
    stage = Stage().fund(SIMPLEX, 100)
    stage.failing = frozenset({B})
    assert ev.PayoutDeferred(B, ZERO_ADDRESS, 30) in stage.do(act.ClaimVoucher(SIMPLEX, 30, voucher(30)))
    stage.do(act.ClaimVoucher(SIMPLEX, 45, voucher(45)))
    assert stage.state.owed == {(B, ZERO_ADDRESS): 45}
    assert stage.state.channel(ID).sent_a == 45
