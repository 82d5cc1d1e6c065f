"""The corners of section 4.1 that a page alone leaves open: node, reference and judge say the same, and what it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from coincurve import PublicKey
from tests.support.rollup.corner import BY_KEY, ETHER, FULL, KEY, LAST, PAYEE, PAYER, SPENT, Corner, gained
from tests.support.rollup.reference import empty, h, tree

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.contract import Contract
from layer2.primitives.bls import BlsKey
from layer2.primitives.hashing import keccak
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.protocol.frames import Frame, FrameType, Op, encode_frame
from layer2.rollup.protocol.messages import Transfer
from layer2.rollup.protocol.params import MAX_ACCOUNTS, MAX_NONCE
from layer2.rollup.state.commitments import GENESIS
from layer2.rollup.state.forced_queue import Scheme
from layer2.rollup.state.state import Account, State, owner_of_address, owner_of_key
from layer2.rollup.validator.challenger import STATE_JUDGE
from layer2.rollup.validator.witness import state_proof


@pytest.fixture
def corner(fresh, people, tmp_path: Path) -> Corner:
    return Corner(fresh, people, tmp_path / "corner")


def test_a_deposit_to_nobody_goes_back(corner: Corner, people) -> None:
    """To account 0 for the owner zero."""
    corner.deposit(bytes(32), 0)
    after = corner.run()
    assert gained(corner, after) == {}
    assert after.next_account == corner.before.next_account
    assert [(one.target, one.amount) for one in after.withdrawals] == [(people.payee.address, 9)]


def test_a_deposit_whose_owner_is_no_address_goes_back(corner: Corner, people) -> None:
    """A new account of a BLS key is opened by a frame, which publishes the key."""
    corner.deposit(owner_of_key(KEY.public), 0)
    corner.deposit(b"\1" + bytes(31), 0)
    after = corner.run()
    assert after.next_account == corner.before.next_account
    assert [one.target for one in after.withdrawals] == [people.payee.address] * 2


def test_a_deposit_that_would_overflow_goes_back(corner: Corner, people) -> None:
    owner = corner.before.accounts[FULL].owner
    corner.deposit(owner, FULL, 6)
    corner.deposit(owner, FULL, 5)
    corner.deposit(owner, FULL, 1)
    after = corner.run()
    assert gained(corner, after) == {FULL: (5, 0)}
    assert [one.amount for one in after.withdrawals] == [6, 1]


def test_a_deposit_for_which_there_is_no_number_left_goes_back(fresh, people, tmp_path: Path) -> None:
    """Account 2^32 - 1 is never opened."""

    def nearly(state: State) -> None:
        state.next_account = MAX_ACCOUNTS

    corner = Corner(fresh, people, tmp_path / "corner", nearly)
    corner.deposit(owner_of_address(people.payee.address), 0)
    # The reference computes a root over the accounts there are; numbers above them are empty.
    after = corner.run()
    assert after.next_account == MAX_ACCOUNTS
    assert [one.amount for one in after.withdrawals] == [9]


def test_a_forced_operation_of_another_token_leaves_the_nonce(corner: Corner) -> None:
    corner.rollup.force(corner.payer, PAYER, 1, 5, PAYEE)
    corner.rollup.force(corner.payer, PAYER, 1, 5, corner.people.payer.address)
    assert gained(corner, corner.run()) == {}


def test_a_forced_transfer_to_a_number_that_is_none_leaves_the_nonce(corner: Corner) -> None:
    """At 2^32 and above nothing happens; below it a number that nobody has costs the nonce, like any failed payment."""
    for to in (1 << 32, 1 << 40, (1 << 160) - 1):
        corner.rollup.force(corner.payer, PAYER, 0, 5, to)
    corner.rollup.force(corner.payer, PAYER, 0, 5, (1 << 32) - 1)
    assert gained(corner, corner.run()) == {PAYER: (0, 1)}


def test_new_accounts_are_opened_whatever_the_fee_says(corner: Corner) -> None:
    """A frame of type 8 pays no fee: fee and receiver are not looked at."""
    new = BlsKey.derive(keccak(b"new")).public
    data = encode_frame(Frame(FrameType.ACCOUNTS, 0, 0x2C, 999, b"", (Op(key=new),)))
    after = corner.run(data)
    assert after.next_account == corner.before.next_account + 1
    assert after.accounts[corner.before.next_account].owner == owner_of_key(new)


def test_tokens_begin_at_one(corner: Corner) -> None:
    """Ether is token 0 and always there: `tokens` of the first state is 1, and a frame of token 1 is skipped."""
    assert corner.before.tokens == 1
    assert gained(corner, corner.run(corner.frame(token=1))) == {}


def test_the_empty_subtree_is_zero_at_the_bottom_and_hashed_from_there(fresh, people, tmp_path: Path) -> None:
    """An empty leaf is 32 zero bytes, an empty node the hash of two empty children; no level is an exception."""
    nothing = h(
        empty(32) + h(empty(17) + (1).to_bytes(8, "big") + bytes(8) + (1).to_bytes(4, "big") + bytes(12) + bytes(32))
    )
    assert tree([], 32) == empty(32)
    assert b"\0" + nothing[1:] == GENESIS
    made = LocalRollup(fresh, people.sequencer, folder=tmp_path / "empty", data="calldata")
    made.wallet(people.payer).deposit("1 ether")
    made.post()
    claim = made.propose()
    replica = made.challenger.replica
    judge = Contract(fresh, made.rollup.contract.call("judges", STATE_JUDGE), load_artifact("StateVerifier").abi)
    row = (claim.as_tuple(), replica.claims[claim.parent].as_tuple(), state_proof(replica, claim, 0))
    assert judge.call("isFraudulent", *row, sender=made.rollup.address) is False


def test_the_highest_nonce_is_never_used(corner: Corner) -> None:
    """2^32 - 1: an operation at the one before it is the account's last; forced, by ECDSA, in a BLS frame."""
    for account in (SPENT, LAST):
        corner.rollup.force(corner.payer, account, 0, 5, PAYEE)
    spent = corner.frame(sender=SPENT)
    after = corner.run(spent)
    assert gained(corner, after) == {LAST: (-5, 1), PAYEE: (5, 0)}
    assert after.accounts[LAST].nonce == MAX_NONCE


def test_a_frame_with_a_sender_at_the_highest_nonce_is_skipped(fresh, people, tmp_path: Path) -> None:
    def spent(state: State) -> None:
        state.put(BY_KEY, Account(owner_of_key(KEY.public), 0, MAX_NONCE - 1, ETHER))

    corner = Corner(fresh, people, tmp_path / "corner", spent)
    domain = corner.rollup.domain
    signed = [KEY.sign(Transfer(BY_KEY, MAX_NONCE - 1, PAYEE, 7, 0, 0).digest(domain))]
    op = Op(BY_KEY, PAYEE, 7, packed=7)
    frame = encode_frame(Frame(FrameType.TRANSFERS, 0, 0, 0, signed[0], (op,)))
    two = encode_frame(Frame(FrameType.TRANSFERS, 0, 0, 0, signed[0], (op, op)))
    # Two operations would need the nonce that is never used; one does not.
    after = corner.run(two, frame)
    assert gained(corner, after) == {BY_KEY: (-7, 1), PAYEE: (7, 0)}


def test_fees_that_do_not_fit_are_not_credited(corner: Corner) -> None:
    """They stay in the vault; the payment counts."""
    after = corner.run(corner.frame(fee=0x06, receiver=FULL))
    assert gained(corner, after) == {PAYER: (-1_006, 1), PAYEE: (1_000, 0)}


def test_a_fee_is_what_its_value_is(corner: Corner) -> None:
    """Class 0x30 is 0 times 1,000: no fee, so that nobody has to be there to take it."""
    after = corner.run(corner.frame(fee=0x30, receiver=999))
    assert gained(corner, after) == {PAYER: (-1_000, 1), PAYEE: (1_000, 0)}


def test_a_fee_of_some_value_needs_its_receiver(corner: Corner) -> None:
    assert gained(corner, corner.run(corner.frame(fee=0x31, receiver=999))) == {}


def test_a_signature_with_s_above_half_the_order_is_none(fresh, people, tmp_path: Path) -> None:
    """The account's owner is whom such a signature recovers to: it is not its signature all the same."""
    before = fresh.snapshot()
    domain = Corner(fresh, people, tmp_path / "first").rollup.domain
    fresh.revert(before)
    half = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
    r = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798

    def owned(s: int) -> tuple[bytes, int]:
        digest = Transfer(PAYER, 7, PAYEE, 1_000, 0, 0).digest(domain)
        key = PublicKey.from_signature_and_message(
            r.to_bytes(32, "big") + s.to_bytes(32, "big") + b"\0", digest, hasher=None
        )
        return bytes(12) + keccak(key.format(compressed=False)[1:])[12:], r << 256 | s

    for s, counts in ((half + 1, False), (half, True)):
        owner, vs = owned(s)

        def change(state: State, owner: bytes = owner) -> None:
            state.put(PAYER, Account(owner, 0, 7, 5 * ETHER))

        corner = Corner(fresh, people, tmp_path / f"{counts}", change)
        assert corner.rollup.domain == domain
        after = corner.run(corner.frame(vs=vs))
        assert bool(gained(corner, after)) is counts
        fresh.revert(before)


def test_schemes_that_are_none_do_nothing(corner: Corner) -> None:
    for scheme in (3, 255):
        corner.rollup.force(corner.payer, PAYER, 0, 5, PAYEE, scheme)
    corner.rollup.force(corner.payer, BY_KEY, 0, 5, PAYEE, Scheme.SENDER)
    assert gained(corner, corner.run()) == {}
