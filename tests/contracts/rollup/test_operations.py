"""What operations do at their edges: node, reference and judge say the same below, at and above each bound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.rollup.corner import (
    ACQUITS,
    BY_KEY,
    ETHER,
    FULL,
    KEY,
    LAST,
    PAYEE,
    PAYER,
    SPENT,
    Corner,
    gained,
)
from tests.support.rollup.odd_keys import NO_KEYS
from tests.support.rollup.proof_parts import changed, part

from layer2.primitives.addresses import Address
from layer2.primitives.bls import BlsKey
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.hashing import keccak
from layer2.rollup.protocol.frames import LIMITS, Frame, FrameType, Op, decode_frame, encode_frame
from layer2.rollup.protocol.messages import Transfer, Withdraw
from layer2.rollup.protocol.params import MAX_ACCOUNTS
from layer2.rollup.state.forced_queue import Scheme
from layer2.rollup.state.state import Account, State, owner_of_address
from layer2.rollup.validator.challenger import STATE_JUDGE
from layer2.rollup.validator.witness import state_proof
from layer2.testing.adversaries.rollup.fraud_corpus import claim_of, right_roots

DOLLARS = 7
"""An account of the payer in another token."""
NEW = [BlsKey.derive(keccak(b"new account %d" % n)).public for n in range(2)]
FEE = 0x02
"""Two: the fee of a frame that has one."""


@pytest.fixture
def corner(fresh, people, tmp_path: Path) -> Corner:
    def with_dollars(state: State) -> None:
        state.create(Account(owner_of_address(people.payer.address), 1, 0, ETHER))

    return Corner(fresh, people, tmp_path / "corner", with_dollars)


def exact(
    corner: Corner,
    *rows: tuple[int | Address, int],
    sender: int = PAYER,
    fee: int = 0,
    receiver: int = 0,
    nonce: int = 7,
) -> bytes:
    """Operations of one sender, of exact amounts: payments to accounts, or else withdrawals to addresses."""
    ops, domain = [], corner.rollup.domain
    for at, (to, amount) in enumerate(rows):
        if isinstance(to, str):
            digest = Withdraw(sender, nonce + at, to, amount, 0, fee).digest(domain)
            op = Op(sender, 0, amount, to)
        else:
            digest = Transfer(sender, nonce + at, to, amount, 0, fee).digest(domain)
            op = Op(sender, to, amount)
        ops.append(replace(op, signature=to_compact(corner.people.payer.sign_digest(digest))))
    kind = FrameType.ECDSA_WITHDRAWALS if isinstance(rows[0][0], str) else FrameType.ECDSA_EXACT_TRANSFERS
    return encode_frame(Frame(kind, 0, fee, receiver, b"", tuple(ops)))


# -------------------------------------------------------------------------------------------------------- operations


def test_a_payment_takes_amount_and_fee_of_what_is_there(corner: Corner) -> None:
    """All of it, and not one unit more; a payment that fails costs its nonce and pays no fee."""
    have = 5 * ETHER
    rows = [(PAYEE, have - 1), (PAYEE, 0), (999, 1), (DOLLARS, 1), (PAYEE, have - 2)]
    after = corner.run(exact(corner, *rows, fee=FEE, receiver=LAST))
    assert gained(corner, after) == {PAYER: (-have, 5), PAYEE: (have - 2, 0), LAST: (2, 0)}


def test_a_receiver_is_filled_to_the_brim(corner: Corner) -> None:
    after = corner.run(exact(corner, (FULL, 6), (FULL, 5), (FULL, 1)))
    assert gained(corner, after) == {PAYER: (-5, 3), FULL: (5, 0)}


def test_who_pays_itself_pays_the_fee_alone(corner: Corner) -> None:
    """It may name all that is left."""
    after = corner.run(exact(corner, (PAYER, 5 * ETHER - 2), (PAYER, ETHER), fee=FEE, receiver=LAST))
    assert gained(corner, after) == {PAYER: (-4, 2), LAST: (4, 0)}


def test_a_full_account_pays_itself(fresh, people, tmp_path: Path) -> None:
    """Though the amount would not fit beside what is there already."""

    def owned(state: State) -> None:
        state.put(FULL, Account(owner_of_address(people.payer.address), 0, 0, state.accounts[FULL].balance))

    corner = Corner(fresh, people, tmp_path / "corner", owned)
    # The fee shows that the payment took place.
    after = corner.run(exact(corner, (FULL, ETHER), sender=FULL, nonce=0, fee=FEE, receiver=LAST))
    assert gained(corner, after) == {FULL: (-2, 1), LAST: (2, 0)}


def test_a_withdrawal_takes_amount_and_fee_of_what_is_there(corner: Corner, people) -> None:
    have, to = 5 * ETHER, people.buyer.address
    after = corner.run(exact(corner, (to, have - 1), (to, 0), (to, have - 2), fee=FEE, receiver=LAST))
    assert gained(corner, after) == {PAYER: (-have, 3), LAST: (2, 0)}
    assert [(one.target, one.amount) for one in after.withdrawals] == [(to, have - 2)]


def test_an_account_of_another_token_moves_nothing(corner: Corner, people) -> None:
    """Neither its own in a frame of ether, nor ether to it; each costs a nonce."""
    frames = [exact(corner, (to, 5), sender=DOLLARS, nonce=at) for at, to in enumerate((PAYEE, people.buyer.address))]
    after = corner.run(*frames)
    assert gained(corner, after) == {DOLLARS: (0, 2)}
    assert after.withdrawals == []


def test_fees_go_to_an_account_of_the_frames_token_or_nothing_happens(corner: Corner) -> None:
    frames = [exact(corner, (PAYEE, 5), fee=FEE, receiver=one) for one in (DOLLARS, 999, SPENT)]
    assert gained(corner, corner.run(*frames)) == {PAYER: (-7, 1), PAYEE: (5, 0), SPENT: (2, 0)}


def test_for_an_account_that_nobody_has_nobody_signs(corner: Corner) -> None:
    """Nobody is whom a signature of zeros recovers to, and whose account 999 is."""
    ops = tuple(Op(999, to, 5, packed=5, signature=bytes(64)) for to in (PAYEE, 999))
    assert gained(corner, corner.run(encode_frame(Frame(FrameType.ECDSA_TRANSFERS, ops=ops)))) == {}


# ------------------------------------------------------------------------------------------------------------ frames


def test_a_frame_of_a_type_that_is_none_does_nothing(corner: Corner) -> None:
    """Type 9 with operations as wide as a key and signed like those of type 5."""
    digest = Transfer(PAYER, 7, PAYEE, 1_000, 0, 0).digest(corner.rollup.domain)
    op = PAYER.to_bytes(4, "big") + PAYEE.to_bytes(4, "big") + (1_000).to_bytes(2, "big") + bytes(22)
    signed = op + to_compact(corner.people.payer.sign_digest(digest))
    assert len(signed) == 96
    frames = [(bytes((kind,)) + bytes(7) + b"\1" + signed).ljust(496, b"\0") for kind in (0, 9, 255)]
    assert gained(corner, corner.run(*frames)) == {}


def test_a_frame_of_more_operations_than_it_holds_does_nothing(corner: Corner) -> None:
    """At its limit it is read; one more reaches over its end."""
    domain = corner.rollup.domain
    digest = Transfer(PAYER, 7, PAYEE, 1_000, 0, 0).digest(domain)
    paid = Op(PAYER, PAYEE, 1_000, packed=1_000, signature=to_compact(corner.people.payer.sign_digest(digest)))
    nothing = Op(PAYER, PAYEE, 1_000, packed=1_000, signature=bytes(64))
    limit = LIMITS[FrameType.ECDSA_TRANSFERS]
    whole = encode_frame(Frame(FrameType.ECDSA_TRANSFERS, ops=(paid, *[nothing] * (limit - 1))))
    over = whole[:8] + bytes((limit + 1,)) + whole[9:]
    assert (decode_frame(whole).kind, decode_frame(over).kind) == (FrameType.ECDSA_TRANSFERS, FrameType.SKIP)
    assert gained(corner, corner.run(over, whole)) == {PAYER: (-1_000, 1), PAYEE: (1_000, 0)}


def test_a_frame_by_keys_of_more_operations_than_it_holds_does_nothing(corner: Corner) -> None:
    limit = LIMITS[FrameType.TRANSFERS]
    whole = corner.by_key(*[(PAYEE, 1)] * limit)
    over = whole[:56] + bytes((limit + 1,)) + whole[57:]
    assert gained(corner, corner.run(over, whole)) == {BY_KEY: (-limit, limit), PAYEE: (limit, 0)}


# ------------------------------------------------------------------------------------------------------ new accounts


def opening(*keys: bytes, token: int = 0) -> bytes:
    return encode_frame(Frame(FrameType.ACCOUNTS, token, ops=tuple(Op(key=one) for one in keys)))


@pytest.mark.parametrize("name", sorted(NO_KEYS))
def test_only_for_a_key_an_account_is_opened(corner: Corner, name: str) -> None:
    after = corner.run(opening(NEW[0], NO_KEYS[name], NEW[1]))
    assert after.next_account == corner.before.next_account + 2


def test_accounts_are_opened_in_a_token_that_there_is(corner: Corner) -> None:
    assert corner.before.tokens == 1
    after = corner.run(opening(NEW[0], token=1), opening(NEW[1], token=0))
    assert after.next_account == corner.before.next_account + 1


def test_the_last_account_is_opened_for_a_key_and_none_after_it(fresh, people, tmp_path: Path) -> None:
    def nearly(state: State) -> None:
        state.next_account = MAX_ACCOUNTS

    corner = Corner(fresh, people, tmp_path / "corner", nearly)
    assert corner.run(opening(NEW[0])).next_account == MAX_ACCOUNTS


def test_no_hint_says_that_a_key_is_none(corner: Corner) -> None:
    """Of an x on the curve nobody can say otherwise, nor name another y; and a point is checked to lie there."""
    corner.post(opening(NEW[0]), opening(NO_KEYS["off the curve"]))
    replica = corner.replica
    claim = claim_of(replica, replica.final(), 1, right_roots(replica, replica.final(), 1))
    key, none = (state_proof(replica, claim, segment) for segment in (0, 2))
    (right,), (off,) = part(key, "hints"), part(none, "hints")
    field = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
    y0, y1 = (int.from_bytes(right[at : at + 64], "big") for at in (32, 96))
    beside = right[:32] + (field - y0).to_bytes(64, "big") + (field - y1).to_bytes(64, "big")
    for proof, hint, told in (
        (key, off, "KeyHintNotARoot()"),
        (key, bytes(160), "KeyHintNotARoot()"),
        (key, beside, "KeyHintOfOtherSign()"),
        (key, right[:32] + (field + y0).to_bytes(64, "big") + right[96:], "NonCanonicalKeyHint()"),
        (key, right[:32] + (y0 ^ 1).to_bytes(64, "big") + right[96:], "KeyNotOnCurve()"),
        (none, min(right, beside, key=lambda one: one[96:]), "KeyNotOnCurve()"),
        (key, right, ACQUITS),
        (none, off, ACQUITS),
    ):
        assert corner.verdict(STATE_JUDGE, claim, changed(proof, hints=[hint])) == told
    assert corner.verdict(STATE_JUDGE, claim, changed(key, hints=[])) == "InvalidHintCount()"
    assert corner.verdict(STATE_JUDGE, claim, changed(key, hints=[right, right])) == "InvalidHintCount()"


# ------------------------------------------------------------------------------------------------------------- queue


def test_a_deposit_to_an_account_of_somebody_else_or_of_another_token_goes_back(corner: Corner, people) -> None:
    mine, other = owner_of_address(people.payer.address), owner_of_address(people.payee.address)
    for owner, to in ((other, PAYER), (mine, DOLLARS), (mine, 999), (bytes(32), 999), (mine, PAYER)):
        corner.deposit(owner, to)
    after = corner.run()
    assert gained(corner, after) == {PAYER: (9, 0)}
    assert [one.target for one in after.withdrawals] == [people.payee.address] * 4


def test_a_forced_operation_has_a_signature_of_its_length(corner: Corner, people) -> None:
    """One that ends in a zero is not the shorter one behind which a reader finds a zero."""
    domain, amount = corner.rollup.domain, 0
    signed = b"\1"
    while signed[-1]:
        amount += 1
        signed = to_compact(people.payer.sign_digest(Transfer(PAYER, 7, PAYEE, amount, 0, 0).digest(domain)))
    corner.rollup.force(corner.payee, PAYER, 0, amount, PAYEE, Scheme.ECDSA, signed[:-1])
    # Another amount under the same nonce: which of the two took place shows.
    amount += 1_000
    signed = to_compact(people.payer.sign_digest(Transfer(PAYER, 7, PAYEE, amount, 0, 0).digest(domain)))
    corner.rollup.force(corner.payee, PAYER, 0, amount, PAYEE, Scheme.ECDSA, signed)
    by_key = KEY.sign(Transfer(BY_KEY, 0, PAYEE, 5, 0, 0).digest(domain))
    for one in (by_key + b"\0", by_key[:-1], by_key):
        corner.rollup.force(corner.payee, BY_KEY, 0, 5, PAYEE, Scheme.BLS, one)
    after = corner.run()
    assert gained(corner, after) == {PAYER: (-amount, 1), PAYEE: (amount + 5, 0), BY_KEY: (-5, 1)}


def test_nobody_forces_what_is_not_its_own(corner: Corner, people) -> None:
    """By being the sender, by a signature of its own, by a key for an address's account or the other way round."""
    domain = corner.rollup.domain
    thief, key = people.attacker, BlsKey.derive(keccak(b"thief"))
    digest, other = (
        Transfer(account, 7 * (account == PAYER), PAYEE, 5, 0, 0).digest(domain) for account in (PAYER, BY_KEY)
    )
    for account, scheme, signature in (
        (PAYER, Scheme.SENDER, b""),
        (PAYER, Scheme.ECDSA, to_compact(thief.sign_digest(digest))),
        (PAYER, Scheme.ECDSA, bytes(64)),
        (PAYER, 3, to_compact(people.payer.sign_digest(digest))),
        (PAYER, Scheme.BLS, key.sign(digest)),
        (BY_KEY, Scheme.SENDER, b""),
        (BY_KEY, Scheme.ECDSA, to_compact(thief.sign_digest(other))),
        (BY_KEY, Scheme.BLS, key.sign(other)),
        (999, Scheme.ECDSA, bytes(64)),
    ):
        corner.rollup.force(corner.payee, account, 0, 5, PAYEE, scheme, signature)
    assert gained(corner, corner.run()) == {}
