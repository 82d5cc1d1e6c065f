"""What a sequencer takes in, at each of its limits, and that nothing it could not write stays in its memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from layer2.primitives.hashing import keccak
from layer2.rollup.derivation.snapshot import Snapshot
from layer2.rollup.protocol.compressed_amounts import fee_of, pack_fee
from layer2.rollup.protocol.errors import (
    AccountUnknown,
    BalanceTooLow,
    FeeTooLow,
    FeeUnwanted,
    MempoolFull,
    NonceWrong,
    SignatureWrong,
    TooLarge,
)
from layer2.rollup.protocol.messages import Transfer, Withdraw
from layer2.rollup.protocol.params import MAX_BALANCE, MAX_NONCE
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2.rollup.sequencer.frame_builder import pack
from layer2.rollup.sequencer.key_registrations import KeyPolicy, KeyRegistrations, Opening
from layer2.rollup.sequencer.mempool import Fees, Mempool, VerifiedBatch
from layer2.rollup.state.commitments import Assertion
from layer2.rollup.state.overlay import layer_over
from layer2.rollup.state.state import Account, State, owner_of_address
from layer2.store.blob_archive import Archive

PAYER, PAYEE, OPERATOR = 1, 2, 3
OWNERS = {at: owner_of_address(f"0x{at:040x}") for at in (PAYER, PAYEE, OPERATOR)}
RICH = 1_000


def state(*, nonce: int = 0, payee: int = 0) -> State:
    found = State()
    for at, owner in OWNERS.items():
        found.create(Account(owner, 0, nonce if at == PAYER else 0, {PAYER: RICH, PAYEE: payee, OPERATOR: 0}[at]))
    return found


def pool(head: State | None = None, *, most: int = 10, least: int = 0) -> Mempool:
    made = Mempool(most, head or state())
    made.fees = Fees(least, {}, {0: OPERATOR})
    return made


def record(
    nonce: int = 0, amount: int = 1, fee: int = 0, *, to: int = PAYEE, out: bool | int = False, token: int = 0
) -> bytes:
    """A transfer, or with `out` a withdrawal: to the address of that number, or to some address."""
    rest = (amount, token, pack_fee(fee))
    target = f"0x{9 if out is True else int(out):040x}"
    message = Withdraw(PAYER, nonce, target, *rest) if out else Transfer(PAYER, nonce, to, *rest)
    return SignedOp(message, bytes(64)).encode()


def taken(made: Mempool, *records: bytes, owner: bytes = OWNERS[PAYER]) -> list[type]:
    digests = [keccak(one) for one in records]
    batch = VerifiedBatch(list(records), digests, [owner] * len(records), made.prevalidate(records))
    return [type(one) for one in made.admit(batch, 0.0)]


GOOD = type(None)


@pytest.mark.parametrize("out", [False, True])
@pytest.mark.parametrize(
    ("amount", "fee", "answer"),
    [
        (RICH, 0, GOOD),
        (RICH + 1, 0, BalanceTooLow),
        (RICH - 10, 10, GOOD),
        (RICH - 9, 10, BalanceTooLow),
        (RICH, 1, BalanceTooLow),
        (1, 0, GOOD),
        (0, 0, BalanceTooLow),
    ],
)
def test_the_balance_covers_amount_and_fee_to_the_last_unit(amount: int, fee: int, answer: type, out: bool) -> None:
    made = pool()
    assert taken(made, record(0, amount, fee, out=out)) == [answer]
    left = made.account(PAYER)
    assert left is not None
    assert left.balance == (RICH - amount - fee if answer is GOOD else RICH)
    assert left.nonce == (answer is GOOD)


@pytest.mark.parametrize("sender_pays_itself", [False, True])
def test_single_operations_keep_the_same_limit(sender_pays_itself: bool) -> None:
    """The state's own rule, which the pool must never be laxer than."""
    to = PAYER if sender_pays_itself else PAYEE
    for amount, done in ((RICH - 10, True), (RICH - 9, False)):
        _, layer = layer_over(state())
        assert layer.operate(PAYER, to, amount, 0, 10) is done
        whole = state()
        assert whole.ledger.operate(PAYER, to, amount, 0, 10) is done
        assert whole.accounts[PAYER].balance == layer.row(PAYER).balance
        assert whole.accounts[PAYER].nonce == layer.row(PAYER).nonce == 1


def test_what_is_pending_counts_against_the_balance() -> None:
    made = pool()
    assert taken(made, record(0, 600), record(1, 400), record(2, 1)) == [GOOD, GOOD, BalanceTooLow]
    assert taken(made, record(2, 1)) == [BalanceTooLow]


def test_a_receivers_balance_holds_what_fits_and_one_more_is_too_large() -> None:
    assert taken(pool(state(payee=MAX_BALANCE - 5)), record(0, 5)) == [GOOD]
    assert taken(pool(state(payee=MAX_BALANCE - 5)), record(0, 6)) == [TooLarge]


@pytest.mark.parametrize(("fee", "answer"), [(7, GOOD), (6, FeeTooLow), (8, GOOD), (0, FeeTooLow)])
def test_the_least_fee_and_one_less(fee: int, answer: type) -> None:
    made = pool(least=7)
    assert made.prevalidate([record(fee=fee)]).keys() == ({0} if answer is FeeTooLow else set())
    assert taken(made, record(fee=fee)) == [answer]
    # Judged without the screen: as what was accepted before the policy changed is not, and what comes now is.
    batch = VerifiedBatch([record(fee=fee)], [b"d"], [OWNERS[PAYER]], {})
    expected = NonceWrong if answer is GOOD else FeeTooLow
    assert type(made.admit(batch, 0.0)[0]) is expected


def test_what_was_accepted_under_another_fee_stays_accepted() -> None:
    made = pool()
    assert taken(made, record(fee=1)) == [GOOD]
    made.fees = Fees(7, {}, {0: OPERATOR})
    assert made.reset(state(), (), None) == ([], {})
    assert len(made.pending) == 1


def test_a_fee_in_a_token_without_an_account_to_take_it_is_refused_and_none_is_not() -> None:
    made = pool()
    made.fees = Fees(0, {}, {})
    assert taken(made, record(0, 1, 1), record(0, 1, 0)) == [FeeUnwanted, GOOD]


def test_fee_classes_at_their_ends() -> None:
    assert [fee_of(one) for one in (0, 15, 16, 31, 255)] == [0, 15, 0, 150, 15 * 10**15]
    assert [pack_fee(one) for one in (0, 15, 20, 150, 15 * 10**15)] == [0, 15, 0x12, 0x1F, 255]


@pytest.mark.parametrize(("nonce", "answer"), [(MAX_NONCE - 1, GOOD), (MAX_NONCE, NonceWrong)])
def test_the_last_nonce_is_never_used(nonce: int, answer: type) -> None:
    assert taken(pool(state(nonce=nonce)), record(nonce)) == [answer]


def test_the_next_nonce_and_its_neighbours() -> None:
    made = pool(state(nonce=5))
    assert taken(made, record(4), record(6), record(5), record(5)) == [NonceWrong, NonceWrong, GOOD, NonceWrong]


def test_so_many_are_kept_and_one_more_is_refused() -> None:
    made = pool(most=2)
    assert taken(made, record(0), record(1), record(2)) == [GOOD, GOOD, MempoolFull]
    assert len(made.pending) == 2


def test_who_did_not_sign_and_whom_nobody_knows() -> None:
    assert taken(pool(), record(0), owner=OWNERS[PAYEE]) == [SignatureWrong]
    assert taken(pool(), record(0), owner=b"") == [SignatureWrong]
    assert taken(pool(), record(0, to=9)) == [AccountUnknown]
    assert taken(pool(), record(0, token=1)) == [AccountUnknown]


@pytest.mark.parametrize(("since", "first"), [(10.0, True), (10.1, False)])
def test_what_has_waited_long_enough_to_the_moment_goes_before_what_pays(since: float, first: bool) -> None:
    """`overdue`: the time up to which an operation counts as late, that very moment among them."""
    head = state()
    head.create(Account(owner_of_address(f"0x{4:040x}"), 0, 0, RICH))
    _, base = layer_over(head)
    late = SignedOp(Transfer(4, 0, PAYEE, 1, 0, 0), bytes(64)).encode()
    paying = [record(at, 1, 1) for at in range(3)]
    drafts = pack([(late, since), *((one, 20.0) for one in paying)], base, 1, 10.0)
    assert (drafts[0].records == [late]) is first


# ------------------------------------------------------------------------------------------------------------- keys


@pytest.mark.parametrize(("paid", "waiting", "answer"), [(20, 3, None), (19, 3, FeeTooLow), (20, 4, MempoolFull)])
def test_the_price_of_keys_and_their_number_at_the_limit(paid: int, waiting: int, answer: type | None) -> None:
    policy, payment = KeyPolicy(10, 5), record(0, paid, to=OPERATOR)
    if answer is None:
        policy.check(2, waiting, payment, OPERATOR)
        return
    with pytest.raises(answer):
        policy.check(2, waiting, payment, OPERATOR)


@pytest.mark.parametrize(
    "payment",
    [
        b"",
        record(0, 50, to=PAYEE),
        record(0, 50, out=True),
        record(0, 50, out=OPERATOR),
        record(0, 50, to=OPERATOR, token=1),
    ],
)
def test_what_is_no_transfer_of_ether_to_the_operator_pays_for_no_key(payment: bytes) -> None:
    with pytest.raises(FeeTooLow):
        KeyPolicy(10).check(1, 0, payment, OPERATOR)
    with pytest.raises(FeeTooLow):
        KeyPolicy(10).check(1, 0, record(0, 50, to=OPERATOR), None)
    KeyPolicy().check(1, 0, payment, OPERATOR)


def test_a_key_is_ready_when_its_payment_is_no_longer_pending() -> None:
    rows = KeyRegistrations([Opening(b"a", 0), Opening(b"b", 0, b"paid"), Opening(b"c", 0, b"dropped")])
    assert rows.ready(lambda one: True) == [(b"a", 0)]
    assert rows.ready(lambda one: one == b"dropped") == [(b"a", 0), (b"b", 0)]
    rows.settle(lambda one: one.key == b"a", lambda one: one == b"dropped", 7)
    assert (list(rows.waiting), rows.opened) == ([(b"b", 0)], {(b"a", 0): 7})


# ------------------------------------------------------------------------------------------------------------- disk


def snapshot() -> Snapshot:
    head = state()
    return Snapshot(Assertion(bytes(32), 1, 2, head.root, bytes(32), False), bytes(32), head)


def test_a_kept_state_is_on_disk_before_it_takes_the_place_of_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, move = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        name = os.readlink(f"/proc/self/fd/{handle}")
        done.append(f"sync {Path(name).name}" if Path(name) != tmp_path else "sync folder")
        if name.endswith(".part"):
            assert Path(name).stat().st_size > 100  # written out, not in a buffer
        sync(handle)

    def replace(part: Path, target: Path) -> Path:
        done.append("replace")
        return move(part, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    snapshot().save(tmp_path / "state")
    assert done == ["sync state.part", "replace", "sync folder"]
    assert Snapshot.load(tmp_path / "state").state.root == state().root


def test_a_full_disk_leaves_the_last_kept_state_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot().save(tmp_path / "state")
    before = (tmp_path / "state").read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        snapshot().save(tmp_path / "state")
    assert [one.name for one in tmp_path.iterdir()] == ["state"]
    assert (tmp_path / "state").read_bytes() == before


def test_what_the_archive_has_taken_is_on_disk(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    (row,) = archive._run("PRAGMA synchronous")
    assert row[0] == 2  # FULL
    archive.close()
