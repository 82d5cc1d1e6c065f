"""Conditional payments against the sender, the receiver, strangers and the clock."""

from __future__ import annotations

from layer2.channels.locks import encode_locks, locks_hash
from layer2.channels.messages import LockVoucher, Watch
from layer2.primitives.hashing import keccak
from layer2.testing.bench.world import DELAY, ETHER, GasWorld
from layer2.testing.hubsteps import LATER, NOBODY, dispute, funded, hash_lock, locked, paid, voucher
from layer2.testing.reverts import reverts


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
    with reverts("CallerUnauthorized(address caller)", caller=world.payer.address):
        world.act(world.payer, "postLocks", key.as_tuple(), False, proof, consent)
    with reverts("SignatureInvalid", signer=world.payee.address):
        world.act(world.relayer, "postLocks", key.as_tuple(), False, locked(world, key, 1, 7, []), consent)
    world.act(world.relayer, "postLocks", key.as_tuple(), False, proof, consent)
