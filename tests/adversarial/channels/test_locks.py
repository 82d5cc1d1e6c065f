"""Conditional payments against the sender, the receiver, strangers and the clock."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.lock_tree import MAX_LOCKS
from layer2.channels.protocol.locks import Lock
from layer2.channels.protocol.messages import LockVoucher
from layer2.ethereum.errors import ContractReverted
from layer2.primitives.hashing import keccak
from layer2.testing.adversaries.channels.steps import (
    accepted,
    closed,
    dispute,
    funded,
    hash_lock,
    lock_message,
    locked,
    paid,
    unlocking,
    voucher,
)
from layer2.testing.adversaries.channels.world import DELAY, ETHER, GasWorld, Player
from layer2.testing.revert_checks.reverts import reverts

MAX_LOCK_DURATION = 604_800
LATEST = 2 * DELAY + MAX_LOCK_DURATION
"""How far behind its first proof a direction can move the deadline."""
PREIMAGE = keccak(b"secret")


def post(world: GasWorld, by: Player, key: ChannelKey, nonce: int, amount: int, locks: list[Lock], **of: bytes) -> None:
    accept = of.get("accept", b"")
    world.act(by, "postLocks", key.as_tuple(), False, locked(world, key, nonce, amount, locks), accept)


def deadline(world: GasWorld, key: ChannelKey) -> int:
    return int(world.hub.call("channel", key.id)[0] >> 224)


def claim_word(world: GasWorld, key: ChannelKey) -> int:
    return int(world.hub.call("channel", key.id)[3])


def test_a_hash_lock_pays_for_its_preimage_once(world: GasWorld) -> None:
    key, lock = funded(world), hash_lock(world, PREIMAGE)
    post(world, world.payee, key, 1, 7, [lock])
    row = unlocking(key, 7, [lock], {0: PREIMAGE})
    world.act(world.relayer, "unlock", *row)
    with reverts("NothingUnlocked", channelId=key.id):
        world.act(world.relayer, "unlock", *row)
    assert paid(world, key) == (ETHER - 7 - lock.amount, ETHER + 7 + lock.amount)


def test_a_wrong_preimage_unlocks_nothing(world: GasWorld) -> None:
    key, lock = funded(world), hash_lock(world, PREIMAGE)
    post(world, world.payee, key, 1, 7, [lock])
    for wrong in (keccak(PREIMAGE), PREIMAGE[:31], PREIMAGE + b"\0"):
        with reverts("NothingUnlocked", channelId=key.id):
            world.act(world.relayer, "unlock", *unlocking(key, 7, [lock], {0: wrong}))


def test_a_preimage_counts_at_the_expiry_and_not_after_it(world: GasWorld) -> None:
    key, lock = funded(world), hash_lock(world, PREIMAGE)
    post(world, world.payee, key, 1, 7, [lock])
    row = unlocking(key, 7, [lock], {0: PREIMAGE})
    before = world.connection.snapshot()
    world.connection.set_next_timestamp(lock.expiry + 1)
    with reverts("NothingUnlocked", channelId=key.id):
        world.act(world.relayer, "unlock", *row)
    world.connection.revert(before)
    world.connection.set_next_timestamp(lock.expiry)
    world.act(world.relayer, "unlock", *row)


def test_locks_are_resolved_until_the_last_second_of_the_dispute_and_not_after_it(world: GasWorld) -> None:
    key, lock = funded(world), hash_lock(world, PREIMAGE, lasts=DELAY + 900)
    post(world, world.payee, key, 1, 7, [lock])
    row, last = unlocking(key, 7, [lock], {0: PREIMAGE}), deadline(world, key)
    before = world.connection.snapshot()
    world.connection.set_next_timestamp(last + 1)
    with reverts("DisputeNotOpen", channelId=key.id, timestamp=last + 1, deadline=last):
        world.act(world.relayer, "unlock", *row)
    world.connection.revert(before)
    world.connection.set_next_timestamp(last)
    world.act(world.relayer, "unlock", *row)


@pytest.mark.parametrize("count", [1, 2])
def test_one_lock_is_opened_once_in_a_call(world: GasWorld, count: int) -> None:
    key = funded(world)
    locks = [hash_lock(world, PREIMAGE) for _ in range(count)]
    post(world, world.payee, key, 1, 7, locks)
    *head, opening, siblings = unlocking(key, 7, locks, {0: PREIMAGE})
    for more in ([], siblings):
        with reverts("LocksMismatch", channelId=key.id):
            world.act(world.relayer, "unlock", *head, opening * 2, [*siblings, *more])
    world.act(world.relayer, "unlock", *head, opening, siblings)


def test_a_sender_neither_posts_its_own_locks_nor_drops_them(world: GasWorld) -> None:
    key, lock = funded(world), hash_lock(world, PREIMAGE)
    post(world, world.payee, key, 1, 7, [lock])
    with reverts("InvalidSignature", signer=world.payee.address):
        post(world, world.payer, key, 2, 8, [], accept=bytes(64))
    world.act(world.payer, "post", key.as_tuple(), False, 8, voucher(world, world.payer, key, 8))
    world.act(world.payee, "unlock", *unlocking(key, 7, [lock], {0: PREIMAGE}))
    assert paid(world, key) == (ETHER - 7 - lock.amount, ETHER + 7 + lock.amount)


def test_only_the_receiver_starts_a_dispute_with_a_proof(world: GasWorld) -> None:
    key = funded(world)
    consent = accepted(world, key, 1, 7, [])
    for other in (world.payer, world.relayer):
        with reverts("UnauthorizedCaller(address caller)", caller=other.address):
            post(world, other, key, 1, 7, [], accept=consent)
    post(world, world.payee, key, 1, 7, [])
    assert deadline(world, key) == world.connection.timestamp() + DELAY


def test_nobody_posts_a_proof_that_the_sender_did_not_sign(world: GasWorld) -> None:
    key = funded(world)
    forged = locked(world, key, 1, ETHER, [], by=world.payee)
    with reverts("InvalidSignature", signer=world.payer.address):
        world.act(world.payee, "postLocks", key.as_tuple(), False, forged, b"")


def test_a_newer_proof_replaces_an_older_one_whole(world: GasWorld) -> None:
    key, lock = funded(world), hash_lock(world, PREIMAGE)
    post(world, world.payee, key, 1, 7, [lock])
    world.act(world.payee, "unlock", *unlocking(key, 7, [lock], {0: PREIMAGE}))
    post(world, world.payee, key, 2, 9, [lock])
    for nonce in (1, 2):
        with reverts("StaleNonce", channelId=key.id, have=2, given=nonce):
            post(world, world.payee, key, nonce, 7, [lock])
    assert claim_word(world, key) & (1 << 224) - 1 == 9
    assert paid(world, key) == (ETHER - 9, ETHER + 9)


def test_the_greater_of_voucher_and_claim_is_paid(world: GasWorld) -> None:
    for plain, claimed in ((5, 9), (9, 5)):
        key = funded(world)
        post(world, world.payee, key, 1, claimed, [])
        world.act(world.relayer, "post", key.as_tuple(), False, plain, voucher(world, world.payer, key, plain))
        assert paid(world, key) == (ETHER - 9, ETHER + 9)


def test_both_directions_have_claims_of_their_own(world: GasWorld) -> None:
    key, lock = funded(world), hash_lock(world, PREIMAGE)
    post(world, world.payee, key, 1, 7, [lock])
    back = locked(world, key, 1, 30, [lock], by=world.payee)
    world.act(world.payer, "postLocks", key.as_tuple(), True, back, b"")
    row = unlocking(key, 30, [lock], {0: PREIMAGE})
    with reverts("LocksMismatch", channelId=key.id):
        world.act(world.payer, "unlock", *row)
    world.act(world.payer, "unlock", row[0], True, *row[2:])
    assert paid(world, key) == (ETHER - 7 + 30 + lock.amount, ETHER + 7 - 30 - lock.amount)
    assert world.hub.call("channel", key.id)[1:] == (0, 0, 0, 0, 0)


def test_a_close_by_both_frees_what_claims_had_written(world: GasWorld) -> None:
    key = funded(world)
    post(world, world.payee, key, 1, 7, [])
    world.act(world.relayer, "close", key.as_tuple(), 9, 0, *closed(world, key, 9, 0))
    assert world.hub.call("channel", key.id)[1:] == (0, 0, 0, 0, 0)


def test_locks_outlive_the_window_but_not_for_ever(world: GasWorld) -> None:
    key = funded(world)
    lock = hash_lock(world, PREIMAGE, lasts=DELAY + 900)
    post(world, world.payee, key, 1, 7, [lock])
    assert deadline(world, key) == lock.expiry
    latest = world.connection.timestamp() + 9 + MAX_LOCK_DURATION
    endless = replace(lock, expiry=latest + 1)
    world.connection.set_next_timestamp(latest - MAX_LOCK_DURATION)
    with reverts("LockExpiryTooFar", lastExpiry=endless.expiry, latest=latest):
        post(world, world.payee, key, 2, 7, [endless])
    world.connection.set_next_timestamp(latest - MAX_LOCK_DURATION + 1)
    post(world, world.payee, key, 2, 7, [endless])
    assert deadline(world, key) == endless.expiry


def test_a_direction_moves_the_deadline_by_so_much_in_all(world: GasWorld) -> None:
    key = funded(world)
    post(world, world.payee, key, 1, 7, [])
    first = world.connection.timestamp()
    latest = claim_word(world, key) >> 224
    assert latest == first + LATEST
    nonce = 1
    while deadline(world, key) + DELAY <= latest:
        nonce += 1
        world.connection.set_next_timestamp(deadline(world, key))
        post(world, world.payee, key, nonce, 7, [])
    now, before = deadline(world, key), world.connection.snapshot()
    world.connection.set_next_timestamp(now)
    with reverts("WindowExhausted", channelId=key.id, deadline=now + DELAY, latest=latest):
        post(world, world.payee, key, nonce + 1, 7, [])
    # The payer needs no time to answer itself.
    world.connection.revert(before)
    world.connection.set_next_timestamp(now)
    post(world, world.payer, key, nonce + 1, 7, [], accept=accepted(world, key, nonce + 1, 7, []))
    assert deadline(world, key) == now
    assert claim_word(world, key) >> 224 == latest


@pytest.mark.parametrize("self_accepted", [False, True])
def test_a_replaced_proof_in_the_last_second_leaves_a_whole_delay_to_answer(
    world: GasWorld, self_accepted: bool
) -> None:
    key = funded(world)
    dispute(world, world.payer, key)
    last = deadline(world, key)
    world.connection.set_next_timestamp(last)
    consent = accepted(world, key, 1, 900, []) if self_accepted else b""
    post(world, world.relayer if self_accepted else world.payee, key, 1, 900, [], accept=consent)
    assert deadline(world, key) == last + DELAY
    world.connection.set_next_timestamp(last + DELAY)
    post(world, world.payer, key, 2, 40, [], accept=accepted(world, key, 2, 40, []))
    assert paid(world, key) == (ETHER - 40, ETHER + 40)


def test_an_acceptance_is_for_one_proof_channel_and_direction(world: GasWorld) -> None:
    key, other, lock = funded(world), funded(world), hash_lock(world, PREIMAGE)
    dispute(world, world.payer, key)
    for wrong in (
        accepted(world, key, 1, 7, []),
        accepted(world, key, 2, 7, [lock]),
        accepted(world, key, 1, 8, [lock]),
        accepted(world, other, 1, 7, [lock]),
        b"",
    ):
        with reverts("InvalidSignature", signer=world.payee.address):
            post(world, world.relayer, key, 1, 7, [lock], accept=wrong)
    post(world, world.relayer, key, 1, 7, [lock], accept=accepted(world, key, 1, 7, [lock]))


def test_a_proof_comes_in_the_last_second_of_the_window_and_not_after_it(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payer, key)
    before, last = world.connection.snapshot(), deadline(world, key)
    world.connection.set_next_timestamp(last + 1)
    with reverts("DisputeNotOpen", channelId=key.id, timestamp=last + 1, deadline=last):
        post(world, world.payee, key, 1, 7, [])
    world.connection.revert(before)
    world.connection.set_next_timestamp(last)
    post(world, world.payee, key, 1, 7, [])


def test_leaves_beyond_the_signed_sum_pay_no_more_than_it(world: GasWorld) -> None:
    """A session key must not reach beyond its cap by signing a sum below its leaves."""
    key, locks = funded(world), [hash_lock(world, PREIMAGE, 60), hash_lock(world, PREIMAGE, 70)]
    honest = lock_message(key, 1, 7, locks)
    message = LockVoucher(key.id, 7, 1, 100, honest.last_expiry, honest.locks_root)
    proof = (7, 1, 100, message.last_expiry, message.locks_root, world.sign(world.payer, message))
    world.act(world.payee, "postLocks", key.as_tuple(), False, proof, b"")
    row = unlocking(key, 7, locks, {0: PREIMAGE, 1: PREIMAGE})
    with reverts("LocksMismatch", channelId=key.id):
        world.act(world.payee, "unlock", *row)
    world.act(world.payee, "unlock", *row[:2], 107, *row[3:])
    assert paid(world, key) == (ETHER - 107, ETHER + 107)


def test_as_many_locks_as_there_are_bits_can_be_resolved(world: GasWorld) -> None:
    key = funded(world)
    locks = [hash_lock(world, keccak(bytes((number,))), 1) for number in range(MAX_LOCKS)]
    post(world, world.payee, key, 1, 0, locks)
    last = unlocking(key, 0, locks, {MAX_LOCKS - 1: keccak(bytes((MAX_LOCKS - 1,)))})
    world.act(world.relayer, "unlock", *last)
    world.act(world.relayer, "unlock", *unlocking(key, 0, locks, {0: keccak(b"\0"), 77: keccak(bytes((77,)))}))
    resolved = claim_word(world, key) >> 112 & (1 << MAX_LOCKS) - 1
    assert resolved == 1 | 1 << 77 | 1 << 111
    assert paid(world, key) == (ETHER - 3, ETHER + 3)


def test_numbers_of_a_proof_that_are_wider_than_their_places_are_refused(world: GasWorld) -> None:
    """A nonce above 48 bits would lose its upper part on chain and let older proofs come back."""
    key = funded(world)
    amount, nonce, locked_sum, last, root, signature = locked(world, key, 1, 7, [])
    top, wide = (1 << 112) - 1, 1 << 112
    for row, have, need in (
        ((wide, nonce, locked_sum, last, root, signature), top, wide),
        ((amount, nonce, wide, last, root, signature), top, wide | 7),
        ((top, nonce, 1, last, root, signature), top, wide),
        ((amount, 1 << 48, locked_sum, last, root, signature), (1 << 48) - 1, 1 << 48),
        ((amount, 1 << 208, locked_sum, last, root, signature), (1 << 48) - 1, 1 << 208),
    ):
        with reverts("AmountOutOfRange", channelId=key.id, have=have, need=need):
            world.act(world.payee, "postLocks", key.as_tuple(), False, row, b"")


def test_damaged_openings_never_pay_more_than_honest_ones(world: GasWorld) -> None:
    """Every byte of an opening changed, and every member cut or lengthened: refused, or the same lock paid once."""
    key, locks = funded(world), [hash_lock(world, PREIMAGE, 5), hash_lock(world, keccak(b"other"), 90)]
    post(world, world.payee, key, 1, 7, locks)
    head, side, limit, rows, siblings = unlocking(key, 7, locks, {0: PREIMAGE})
    honest = (rows, siblings, limit)
    damaged = [(rows[:at] + bytes((rows[at] ^ 1,)) + rows[at + 1 :], siblings, limit) for at in range(0, len(rows), 3)]
    damaged += [(rows[:-1], siblings, limit), (rows + b"\0", siblings, limit), (rows * 2, siblings, limit)]
    damaged += [(b"", siblings, limit), (rows, [], limit), (rows, siblings * 2, limit), (rows, [bytes(32)], limit)]
    damaged += [(rows, siblings, limit + 1), (rows, siblings, limit - 1), (rows, siblings, (1 << 256) - 1)]
    refused: Counter[str] = Counter()
    for openings, others, most in damaged:
        with pytest.raises(ContractReverted) as refusal:
            world.hub.call("unlock", head, side, most, openings, list(others), sender=world.relayer.address)
        refused[refusal.value.name] += 1
    # Rows that are none, locks or a limit that nobody signed, secrets that open nothing: each for what it is.
    assert refused.keys() == {"LocksMismatch", "NothingUnlocked", "MalformedRows", "InvalidSignature"}
    assert min(refused["LocksMismatch"], refused["NothingUnlocked"]) > 10
    world.act(world.relayer, "unlock", head, side, honest[2], honest[0], list(honest[1]))
    assert claim_word(world, key) & (1 << 112) - 1 == 12
