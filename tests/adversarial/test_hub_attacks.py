"""Attacks on the hub by name. The payer and the payee each hold one ether, or 1,000 tokens, in the channel."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode

from layer2.channels.key import ChannelKey
from layer2.channels.locks import HASH_LOCK, Lock, encode_locks, locks_hash
from layer2.channels.messages import RIGHT_TO_PAY, Close, LockVoucher, Move, Session, Voucher, Watch, Withdraw
from layer2.primitives.addresses import address_bytes
from layer2.primitives.ecdsa import ORDER, PrivateKey, from_compact
from layer2.primitives.hashing import keccak, sha256
from layer2.testing.bench.world import DELAY, ETHER, UNIT, GasWorld, Player
from layer2.testing.reverts import reverts

NOBODY = ("0x" + "00" * 20, 0, b"")
LATER = 2**47


def funded(world: GasWorld, *, token: bool = False, simplex: bool = False) -> ChannelKey:
    key = world.make_key(token=token, simplex=simplex)
    world.fund(key, both=not simplex)
    return key


def voucher(world: GasWorld, signer: Player, key: ChannelKey, amount: int) -> bytes:
    return world.sign(signer, Voucher(key.id, amount))


def closed(world: GasWorld, key: ChannelKey, sent_a: int, sent_b: int) -> tuple[bytes, bytes]:
    message = Close(key.id, sent_a, sent_b)
    return world.sign(world.payer, message), world.sign(world.payee, message)


def dispute(world: GasWorld, by: Player, key: ChannelKey, amount: int = 0) -> None:
    sender = world.payee if by is world.payer else world.payer
    signature = voucher(world, sender, key, amount) if amount else b""
    world.act(by, "startClose", key.as_tuple(), amount, signature)


def paid(world: GasWorld, key: ChannelKey) -> tuple[int, int]:
    """Settle by a stranger; what payer and payee get."""
    before = [world.connection.balance(one.address) for one in (world.payer, world.payee)]
    world.connection.advance(DELAY + 1)
    world.act(world.relayer, "settle", key.as_tuple())
    after = [world.connection.balance(one.address) for one in (world.payer, world.payee)]
    return after[0] - before[0], after[1] - before[1]


def locked(world: GasWorld, key: ChannelKey, nonce: int, amount: int, locks: list[Lock]) -> tuple[object, ...]:
    """A lock-bearing proof by the payer, in ABI form."""
    last = max((lock.expiry for lock in locks), default=0)
    total = sum(lock.amount for lock in locks)
    message = LockVoucher(key.id, amount, nonce, total, last, locks_hash(locks))
    return (amount, nonce, total, last, message.locks_hash, world.sign(world.payer, message))


def hash_lock(world: GasWorld, preimage: bytes, amount: int = ETHER // 10, lasts: int = 600) -> Lock:
    return Lock(amount, world.connection.timestamp() + lasts, HASH_LOCK, sha256(preimage))


# ------------------------------------------------------------------------------------------------------- counters


def test_a_stale_counter_is_answered_by_a_stranger(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payer, key, ETHER // 100)
    newest = voucher(world, world.payer, key, ETHER // 2)
    world.act(world.relayer, "post", key.as_tuple(), False, ETHER // 2, newest)
    assert paid(world, key) == (ETHER // 2 + ETHER // 100, 3 * ETHER // 2 - ETHER // 100)


def test_a_stale_counter_cannot_replace_a_newer_one(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payer, key)
    for amount in (ETHER // 2, ETHER // 4, ETHER // 2):
        signature = voucher(world, world.payer, key, amount)
        if amount == ETHER // 2 and world.hub.call("channel", key.id)[1] == 0:
            world.act(world.relayer, "post", key.as_tuple(), False, amount, signature)
            continue
        with reverts("CounterStale", channelId=key.id, have=ETHER // 2, given=amount):
            world.act(world.relayer, "post", key.as_tuple(), False, amount, signature)


def test_without_any_proof_everybody_gets_the_deposit_back(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payee, key)
    assert paid(world, key) == (ETHER, ETHER)


def test_a_promise_above_the_deposits_is_cut_to_them(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payee, key, 50 * ETHER)
    assert paid(world, key) == (0, 2 * ETHER)


def test_a_counter_above_its_range_is_refused(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payee, key)
    huge = 1 << 112
    with reverts("AmountOutOfRange", channelId=key.id, have=huge - 1, need=huge):
        world.act(world.relayer, "post", key.as_tuple(), False, huge, voucher(world, world.payer, key, huge))


def test_the_window_is_open_at_its_last_second_and_shut_after_it(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payer, key)
    deadline = world.hub.call("channel", key.id)[0] >> 224
    chain = world.connection
    before = chain.snapshot()
    chain.set_next_timestamp(deadline)
    with reverts("DisputeNotOver", channelId=key.id, timestamp=deadline, deadline=deadline):
        world.act(world.relayer, "settle", key.as_tuple())
    chain.revert(before)
    chain.set_next_timestamp(deadline)
    world.act(world.relayer, "post", key.as_tuple(), False, 5, voucher(world, world.payer, key, 5))
    chain.revert(before)
    chain.set_next_timestamp(deadline + 1)
    with reverts("DisputeNotOpen", channelId=key.id, timestamp=deadline + 1, deadline=deadline):
        world.act(world.relayer, "post", key.as_tuple(), False, 5, voucher(world, world.payer, key, 5))


def test_a_stranger_cannot_start_a_close(world: GasWorld) -> None:
    key = funded(world)
    with reverts("CallerUnauthorized", caller=world.relayer.address):
        world.act(world.relayer, "startClose", key.as_tuple(), 0, b"")


# ------------------------------------------------------------------------------------------------------ signatures


def test_a_voucher_of_somebody_else_is_refused(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payee, key)
    with reverts("SignatureInvalid", signer=world.payer.address):
        world.act(world.relayer, "post", key.as_tuple(), False, 5, voucher(world, world.relayer, key, 5))


def test_a_voucher_of_another_channel_is_refused(world: GasWorld) -> None:
    key, other = funded(world), funded(world)
    dispute(world, world.payee, key)
    with reverts("SignatureInvalid", signer=world.payer.address):
        world.act(world.relayer, "post", key.as_tuple(), False, 5, voucher(world, world.payer, other, 5))


def test_a_mirrored_signature_is_refused_and_both_forms_of_the_real_one_taken(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payee, key)
    for step, form in enumerate((lambda s: s, from_compact), 1):
        world.act(world.relayer, "post", key.as_tuple(), False, step, form(voucher(world, world.payer, key, step)))
    full = from_compact(voucher(world, world.payer, key, 9))
    mirrored = full[:32] + (ORDER - int.from_bytes(full[32:64], "big")).to_bytes(32, "big") + bytes((55 - full[64],))
    for wrong in (mirrored, full[:64] + b"\x00", full[:64] + bytes((55 - full[64],)), b"", bytes(65), full + b"\x00"):
        with reverts("SignatureInvalid", signer=world.payer.address):
            world.act(world.relayer, "post", key.as_tuple(), False, 9, wrong)


def test_a_close_signature_is_no_voucher(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payee, key)
    with reverts("SignatureInvalid", signer=world.payer.address):
        world.act(world.relayer, "post", key.as_tuple(), False, 5, closed(world, key, 5, 0)[0])


# ------------------------------------------------------------------------------------------------------ cooperation


def test_a_close_cannot_be_spoiled_by_a_dust_deposit(world: GasWorld) -> None:
    key = funded(world)
    signed = closed(world, key, ETHER // 2, 0)
    world.act(world.relayer, "depositETH", key.id, False, value=1)
    before = world.connection.balance(world.payer.address)
    world.act(world.relayer, "close", key.as_tuple(), ETHER // 2, 0, *signed)
    assert world.connection.balance(world.payer.address) - before == ETHER // 2 + 1


def test_a_closed_channel_cannot_be_closed_or_opened_again(world: GasWorld) -> None:
    key = funded(world)
    signed = closed(world, key, 0, 0)
    world.act(world.relayer, "close", key.as_tuple(), 0, 0, *signed)
    with reverts("ChannelClosed", channelId=key.id):
        world.act(world.relayer, "close", key.as_tuple(), 0, 0, *signed)
    with reverts("ChannelClosed", channelId=key.id):
        world.act(world.relayer, "depositETH", key.id, False, value=1)


def test_a_freed_slot_cannot_be_opened_again(world: GasWorld) -> None:
    key = funded(world)
    world.past_opening()
    world.act(world.relayer, "close", key.as_tuple(), 0, 0, *closed(world, key, 0, 0))
    assert world.hub.call("channel", key.id)[0] == 0
    now = world.connection.timestamp() + 5
    world.connection.set_next_timestamp(now)
    with reverts("OpeningExpired", channelId=key.id, timestamp=now, openBefore=key.open_before):
        world.act(world.relayer, "depositETH", key.id, False, value=1)


def test_a_withdrawal_counts_once(world: GasWorld) -> None:
    key = funded(world)
    message = Withdraw(key.id, ETHER // 2, 0, 0, LATER)
    signed = (world.sign(world.payer, message), world.sign(world.payee, message))
    world.act(world.relayer, "withdraw", key.as_tuple(), ETHER // 2, 0, LATER, *signed)
    with reverts("SignatureInvalid", signer=world.payer.address):
        world.act(world.relayer, "withdraw", key.as_tuple(), ETHER // 2, 0, LATER, *signed)


def test_a_withdrawal_cannot_race_a_dispute(world: GasWorld) -> None:
    key = funded(world)
    message = Withdraw(key.id, ETHER // 2, 0, 0, LATER)
    signed = (world.sign(world.payer, message), world.sign(world.payee, message))
    dispute(world, world.payee, key)
    deadline = world.hub.call("channel", key.id)[0] >> 224
    with reverts("DisputeRunning", channelId=key.id, deadline=deadline):
        world.act(world.relayer, "withdraw", key.as_tuple(), ETHER // 2, 0, LATER, *signed)


def test_what_a_peer_won_can_be_withdrawn_above_its_own_deposit(world: GasWorld) -> None:
    key = funded(world)
    message = Withdraw(key.id, 0, 3 * ETHER // 2, 0, LATER)
    signed = (world.sign(world.payer, message), world.sign(world.payee, message))
    world.act(world.relayer, "withdraw", key.as_tuple(), 0, 3 * ETHER // 2, LATER, *signed)
    dispute(world, world.payee, key, 3 * ETHER // 4)
    assert paid(world, key) == (ETHER // 4, ETHER // 4)


def test_a_move_takes_no_more_than_it_brings(world: GasWorld) -> None:
    key, other = funded(world), funded(world)
    fair = Move(key.id, other.id, ETHER, 0, 0, ETHER, 0, LATER)
    greedy = Move(key.id, other.id, ETHER, 0, 0, 2 * ETHER, 0, LATER)
    signed = [(world.sign(world.payer, m), world.sign(world.payee, m)) for m in (fair, greedy)]
    with reverts("AmountOutOfRange", channelId=key.id, have=ETHER, need=2 * ETHER):
        row = (key.as_tuple(), other.as_tuple(), [ETHER, 0, 0, 2 * ETHER], LATER, *signed[1])
        world.act(world.relayer, "move", *row)
    world.act(world.relayer, "move", key.as_tuple(), other.as_tuple(), [ETHER, 0, 0, ETHER], LATER, *signed[0])
    dispute(world, world.payee, other)
    assert paid(world, other) == (ETHER, 2 * ETHER)


# ------------------------------------------------------------------------------------------------------------ locks


def test_a_hash_lock_pays_for_its_preimage_once(world: GasWorld) -> None:
    key, preimage = funded(world), keccak(b"secret")
    lock = hash_lock(world, preimage)
    world.act(world.payee, "postLocks", key.as_tuple(), False, locked(world, key, 1, 7, [lock]), NOBODY)
    row = (key.as_tuple(), False, lock.amount, lock.expiry, encode_locks([lock]), [preimage], NOBODY)
    world.act(world.relayer, "unlock", *row)
    with reverts("LocksMismatch", channelId=key.id):
        world.act(world.relayer, "unlock", *row)
    assert paid(world, key) == (ETHER - 7 - lock.amount, ETHER + 7 + lock.amount)


def test_a_wrong_preimage_unlocks_nothing(world: GasWorld) -> None:
    key, preimage = funded(world), keccak(b"secret")
    lock = hash_lock(world, preimage)
    world.act(world.payee, "postLocks", key.as_tuple(), False, locked(world, key, 1, 7, [lock]), NOBODY)
    row = (key.as_tuple(), False, lock.amount, lock.expiry, encode_locks([lock]), [keccak(preimage)], NOBODY)
    with reverts("NothingUnlocked", channelId=key.id):
        world.act(world.relayer, "unlock", *row)


def test_a_preimage_counts_at_the_expiry_and_not_after_it(world: GasWorld) -> None:
    key, preimage = funded(world), keccak(b"secret")
    lock = hash_lock(world, preimage)
    world.act(world.payee, "postLocks", key.as_tuple(), False, locked(world, key, 1, 7, [lock]), NOBODY)
    row = (key.as_tuple(), False, lock.amount, lock.expiry, encode_locks([lock]), [preimage], NOBODY)
    before = world.connection.snapshot()
    world.connection.set_next_timestamp(lock.expiry + 1)
    with reverts("NothingUnlocked", channelId=key.id):
        world.act(world.relayer, "unlock", *row)
    world.connection.revert(before)
    world.connection.set_next_timestamp(lock.expiry)
    world.act(world.relayer, "unlock", *row)


def test_a_sender_cannot_post_its_own_locks_or_drop_them(world: GasWorld) -> None:
    key = funded(world)
    lock = hash_lock(world, keccak(b"secret"))
    world.act(world.payee, "postLocks", key.as_tuple(), False, locked(world, key, 1, 7, [lock]), NOBODY)
    with reverts("SignatureInvalid", signer=world.payee.address):
        consent = ("0x" + "00" * 20, LATER, bytes(64))
        world.act(world.payer, "postLocks", key.as_tuple(), False, locked(world, key, 2, 8, []), consent)
    with reverts("LocksStanding", channelId=key.id):
        world.act(world.payer, "post", key.as_tuple(), False, 8, voucher(world, world.payer, key, 8))
    world.act(world.payee, "post", key.as_tuple(), False, 8, voucher(world, world.payer, key, 8))


def test_an_old_proof_with_more_locked_cannot_follow_a_newer_voucher(world: GasWorld) -> None:
    key = funded(world)
    old = locked(world, key, 1, 7, [hash_lock(world, keccak(b"secret"))])
    dispute(world, world.payee, key, 8)
    with reverts("CounterStale", channelId=key.id, have=8, given=7):
        world.act(world.payee, "postLocks", key.as_tuple(), False, old, NOBODY)


def test_a_newer_proof_replaces_an_older_one_whole(world: GasWorld) -> None:
    key, preimage = funded(world), keccak(b"secret")
    lock = hash_lock(world, preimage)
    world.act(world.payee, "postLocks", key.as_tuple(), False, locked(world, key, 1, 7, [lock]), NOBODY)
    row = (key.as_tuple(), False, lock.amount, lock.expiry, encode_locks([lock]), [preimage], NOBODY)
    world.act(world.payee, "unlock", *row)
    world.act(world.payee, "postLocks", key.as_tuple(), False, locked(world, key, 2, 9, [lock]), NOBODY)
    with reverts("NonceStale", channelId=key.id, have=2, given=1):
        world.act(world.payee, "postLocks", key.as_tuple(), False, locked(world, key, 1, 7, [lock]), NOBODY)
    assert paid(world, key) == (ETHER - 9, ETHER + 9)


def test_locks_outlive_the_window_but_not_for_ever(world: GasWorld) -> None:
    key = funded(world)
    lock = hash_lock(world, keccak(b"secret"), lasts=DELAY + 900)
    world.act(world.payee, "postLocks", key.as_tuple(), False, locked(world, key, 1, 7, [lock]), NOBODY)
    assert world.hub.call("channel", key.id)[0] >> 224 == lock.expiry
    endless = hash_lock(world, keccak(b"secret"), lasts=604_800 + 900)
    with reverts("LockExpiryTooFar", lastExpiry=endless.expiry, latest=world.connection.timestamp() + 604_801):
        world.connection.set_next_timestamp(world.connection.timestamp() + 1)
        world.act(world.payee, "postLocks", key.as_tuple(), False, locked(world, key, 2, 7, [endless]), NOBODY)


def test_a_tower_posts_the_one_proof_it_was_given(world: GasWorld) -> None:
    key = funded(world)
    lock = hash_lock(world, keccak(b"secret"))
    dispute(world, world.payer, key)
    proof = locked(world, key, 1, 7, [lock])
    act = LockVoucher(key.id, 7, 1, lock.amount, lock.expiry, locks_hash([lock])).struct_hash()
    tower = world.relayer.address
    consent = (tower, LATER, world.sign(world.payee, Watch(key.id, tower, act, LATER)))
    with reverts("CallerUnauthorized", caller=world.payer.address):
        world.act(world.payer, "postLocks", key.as_tuple(), False, proof, consent)
    with reverts("SignatureInvalid", signer=world.payee.address):
        world.act(world.relayer, "postLocks", key.as_tuple(), False, locked(world, key, 1, 7, []), consent)
    world.act(world.relayer, "postLocks", key.as_tuple(), False, proof, consent)


# --------------------------------------------------------------------------------------------------------- sessions


@pytest.mark.parametrize(
    ("cap", "until", "rights", "error"),
    [
        (100, LATER, RIGHT_TO_PAY, None),
        (99, LATER, RIGHT_TO_PAY, "SessionExceeded"),
        (100, 1, RIGHT_TO_PAY, "ConsentExpired"),
        (100, LATER, 2, "SessionExceeded"),
    ],
)
def test_a_session_key_pays_within_its_limits_only(
    world: GasWorld, cap: int, until: int, rights: int, error: str | None
) -> None:
    key = funded(world)
    dispute(world, world.payee, key)
    hot = PrivateKey(keccak(b"hot key"))
    grant = world.sign(world.payer, Session(key.id, hot.address, cap, until, rights))
    head = address_bytes(hot.address) + cap.to_bytes(16, "big") + until.to_bytes(6, "big") + bytes((rights,))
    signature = hot.sign_compact(Voucher(key.id, 100).digest(world.domain))
    proof = signature + head + grant + keccak(b"layer2.session")
    if error is None:
        world.act(world.relayer, "post", key.as_tuple(), False, 100, proof)
        assert world.hub.call("channel", key.id)[1] & (1 << 112) - 1 == 100
    else:
        with pytest.raises(Exception, match=error):
            world.act(world.relayer, "post", key.as_tuple(), False, 100, proof)


# ---------------------------------------------------------------------------------------------------------- simplex


def row_of(key: ChannelKey, amount: int, signature: bytes) -> bytes:
    head = address_bytes(key.a) + (key.params & (1 << 128) - 1).to_bytes(16, "big")
    return head + amount.to_bytes(16, "big") + signature


def test_bad_rows_are_skipped_and_the_good_ones_paid(world: GasWorld) -> None:
    good, unfunded, over = funded(world, simplex=True), world.make_key(simplex=True), funded(world, simplex=True)
    duplex = funded(world)
    rows = row_of(good, 5, voucher(world, world.payer, good, 5)) * 2
    rows += row_of(good, 6, voucher(world, world.payee, good, 6))
    rows += row_of(unfunded, 5, voucher(world, world.payer, unfunded, 5))
    rows += row_of(duplex, 5, voucher(world, world.payer, duplex, 5))
    rows += row_of(over, 9 * ETHER, voucher(world, world.payer, over, 9 * ETHER))
    before = world.connection.balance(world.payee.address)
    world.act(world.relayer, "claim", world.payee.address, good.token, rows)
    assert world.connection.balance(world.payee.address) - before == 5 + ETHER


def test_a_batch_of_bad_rows_pays_nothing(world: GasWorld) -> None:
    key = funded(world, simplex=True)
    row = row_of(key, 5, voucher(world, world.payer, key, 5))
    with reverts("NothingClaimed"):
        world.act(world.relayer, "claim", world.relayer.address, key.token, row)
    with reverts("RowsMalformed", length=len(row) - 1):
        world.act(world.relayer, "claim", world.payee.address, key.token, row[1:])


def test_a_claim_still_counts_while_the_payer_exits(world: GasWorld) -> None:
    key = funded(world, simplex=True)
    world.act(world.payer, "requestExit", key.as_tuple())
    row = row_of(key, 5, voucher(world, world.payer, key, 5))
    world.connection.advance(DELAY + 100)
    world.act(world.relayer, "claim", world.payee.address, key.token, row)
    before = world.connection.balance(world.payer.address)
    world.act(world.relayer, "exit", key.as_tuple())
    assert world.connection.balance(world.payer.address) - before == ETHER - 5
    with reverts("NothingClaimed"):
        late = row_of(key, 6, voucher(world, world.payer, key, 6))
        world.act(world.relayer, "claim", world.payee.address, key.token, late)


def test_a_payer_cannot_exit_early_or_for_somebody_else(world: GasWorld) -> None:
    key = funded(world, simplex=True)
    with reverts("CallerUnauthorized", caller=world.relayer.address):
        world.act(world.relayer, "requestExit", key.as_tuple())
    world.act(world.payer, "requestExit", key.as_tuple())
    deadline = world.hub.call("channel", key.id)[0] >> 224
    world.connection.set_next_timestamp(deadline)
    with reverts("DisputeNotOver", channelId=key.id, timestamp=deadline, deadline=deadline):
        world.act(world.payer, "exit", key.as_tuple())


# --------------------------------------------------------------------------------------------------------- deposits


def test_a_standing_approval_cannot_be_pulled_without_consent(world: GasWorld) -> None:
    key = world.make_key(token=True)
    data = encode(["uint256", "uint256", "bytes", "uint48", "bytes"], [0, 0, b"", LATER, bytes(64)])
    with reverts("SignatureInvalid", signer=world.payer.address):
        world.act(world.relayer, "depositPulled", key.as_tuple(), [(2, False, UNIT, data)])


def test_one_consent_cannot_be_used_twice(world: GasWorld) -> None:
    key = world.make_key(token=True)
    pull = world.consented(world.payer, key, UNIT, side_b=False)
    with reverts("SignatureInvalid", signer=world.payer.address):
        world.act(world.relayer, "depositPulled", key.as_tuple(), [pull, pull])
    world.act(world.relayer, "depositPulled", key.as_tuple(), [pull])
    with reverts("SignatureInvalid", signer=world.payer.address):
        world.act(world.relayer, "depositPulled", key.as_tuple(), [pull])


def test_an_authorisation_for_one_channel_cannot_fund_another(world: GasWorld) -> None:
    key, other = world.make_key(token=True), world.make_key(token=True)
    pull = world.authorization(world.payer, key, UNIT, side_b=False)
    with reverts("TransferShort", token=world.token.address, have=0, need=UNIT):
        world.act(world.relayer, "depositPulled", other.as_tuple(), [pull])
    world.act(world.relayer, "depositPulled", key.as_tuple(), [pull])


def test_ether_cannot_be_put_into_a_token_channel_by_id(world: GasWorld) -> None:
    key = world.make_key(token=True)
    with reverts("ChannelModeWrong", channelId=key.id):
        world.act(world.payer, "depositETH", key.id, False, value=ETHER)


def test_a_channel_opens_until_its_last_second(world: GasWorld) -> None:
    key, late = world.make_key(), world.make_key()
    world.connection.set_next_timestamp(key.open_before)
    world.act(world.payer, "depositETH", key.id, False, value=ETHER)
    world.connection.set_next_timestamp(late.open_before + 1)
    with reverts("OpeningExpired", channelId=late.id, timestamp=late.open_before + 1, openBefore=late.open_before):
        world.act(world.payer, "depositETH", late.id, False, value=ETHER)
