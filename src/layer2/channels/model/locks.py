"""Conditional payments in a dispute. Twin of `Locks.sol`."""

from __future__ import annotations

from layer2.channels.errors import (
    CallerUnauthorized,
    CounterStale,
    LockExpiryTooFar,
    LocksMismatch,
    NonceStale,
    NothingUnlocked,
)
from layer2.channels.hubevents import DisputeStarted, LocksPosted, PreimageRevealed, Unlocked
from layer2.channels.locks import CONTRACT_LOCK, HASH_LOCK, LEAF_BYTES, VOUCHER_LOCK, fingerprint, unlock_act
from layer2.channels.messages import LockVoucher, Voucher, Watch
from layer2.channels.model.actions import Delegation, LockProof, PostLocks, Unlock
from layer2.channels.model.base import Call
from layer2.channels.model.disputes import open_dispute, store_sent
from layer2.channels.model.state import MASK112, Channel
from layer2.primitives.addresses import ZERO_ADDRESS, Address, to_address
from layer2.primitives.hashing import keccak, sha256

_VIRTUAL_TAG = keccak(b"layer2.virtual")


def post_locks(call: Call, action: PostLocks) -> None:
    """`postLocks`."""
    key, proof, from_b = action.key, action.proof, action.from_b
    channel_id, before = call.load(key, simplex=False)
    struct_hash = LockVoucher(
        channel_id, proof.amount, proof.nonce, proof.locked, proof.last_expiry, proof.locks_hash
    ).struct_hash()
    exposure = proof.amount + proof.locked
    _store_proof(call, channel_id, before, from_b, proof, exposure)
    sender, receiver = (key.b, key.a) if from_b else (key.a, key.b)
    deadline = before.deadline
    if not deadline:
        call.require_alive(channel_id, before)
        if call.env.caller != receiver:
            raise CallerUnauthorized(call.env.caller)
        deadline = open_dispute(call, key, channel_id).deadline
    else:
        call.require_dispute_open(channel_id, before)
        if call.env.caller != receiver:
            _require_delegated(call, channel_id, receiver, struct_hash, action.consent)
    call.require_counter_signed(channel_id, sender, struct_hash, exposure, proof.signature)
    if proof.last_expiry > deadline:
        # Locks must be resolvable, by their expiry, before anybody can settle.
        call.store(channel_id, call.channel(channel_id), deadline=proof.last_expiry)
        call.emit(DisputeStarted(channel_id, proof.last_expiry))


def unlock(call: Call, action: Unlock) -> None:
    """`unlock`."""
    key, from_b, packed = action.key, action.from_b, action.locks
    channel_id, channel = call.load(key, simplex=False)
    call.require_dispute_open(channel_id, channel)
    hashed = keccak(packed)
    if (
        not channel.locks(from_b)
        or channel.fingerprint(from_b) != fingerprint(action.locked, action.last_expiry, hashed)
        or len(packed) != len(action.resolutions) * LEAF_BYTES
    ):
        raise LocksMismatch(channel_id)
    receiver = key.a if from_b else key.b
    trusted = call.env.caller == receiver
    if not trusted and action.consent.signature:
        _require_delegated(call, channel_id, receiver, unlock_act(packed, action.resolutions), action.consent)
        trusted = True
    resolved, released, rest = _resolve_all(call, channel_id, packed, action.resolutions, trusted)
    if not released:
        raise NothingUnlocked(channel_id)
    # A sender may have signed a `locked` below the sum of its leaves.
    call.require_at_most(channel_id, action.locked, released)
    hashed = keccak(rest)
    left = fingerprint(action.locked - released, action.last_expiry, hashed)
    channel = call.store(channel_id, channel, **{"fingerprint_b" if from_b else "fingerprint_a": left})
    call.emit(Unlocked(channel_id, from_b, resolved, hashed))
    store_sent(call, channel_id, channel, from_b, channel.sent(from_b) + resolved)


def _store_proof(
    call: Call, channel_id: bytes, channel: Channel, from_b: bool, proof: LockProof, exposure: int
) -> None:
    latest = call.now + call.config.max_lock_duration
    if proof.last_expiry > latest:
        raise LockExpiryTooFar(proof.last_expiry, latest)
    call.require_at_most(channel_id, MASK112, exposure)
    if proof.nonce <= channel.nonce(from_b):
        raise NonceStale(channel_id, channel.nonce(from_b), proof.nonce)
    # Over a plain counter an older proof must not come back; over an older proof the nonce decides.
    if not channel.locks(from_b) and proof.amount < channel.sent(from_b):
        raise CounterStale(channel_id, channel.sent(from_b), proof.amount)
    side = "b" if from_b else "a"
    changes = {
        f"nonce_{side}": proof.nonce,
        f"fingerprint_{side}": fingerprint(proof.locked, proof.last_expiry, proof.locks_hash),
        f"locks_{side}": True,
    }
    channel = call.store(channel_id, channel, **changes)
    call.emit(LocksPosted(channel_id, from_b, proof.nonce, proof.locks_hash))
    store_sent(call, channel_id, channel, from_b, proof.amount)


def _require_delegated(call: Call, channel_id: bytes, receiver: Address, act: bytes, consent: Delegation) -> None:
    if consent.tower not in (ZERO_ADDRESS, call.env.caller):
        raise CallerUnauthorized(call.env.caller)
    call.require_not_expired(consent.valid_until)
    message = Watch(channel_id, consent.tower, act, consent.valid_until)
    call.require_signed(message.struct_hash(), receiver, consent.signature)


def _resolve_all(
    call: Call, channel_id: bytes, packed: bytes, resolutions: tuple[bytes, ...], trusted: bool
) -> tuple[int, int, bytes]:
    """What the locks pay, what they release, and the leaves that stay."""
    resolved = released = 0
    rest = []
    for index, resolution in enumerate(resolutions):
        leaf = packed[index * LEAF_BYTES : (index + 1) * LEAF_BYTES]
        paid = _resolve(call, channel_id, leaf, resolution, trusted) if resolution else None
        if paid is None:
            rest.append(leaf)
        else:
            resolved += paid
            released += int.from_bytes(leaf[:16], "big")
    return resolved, released, b"".join(rest)


def _resolve(call: Call, channel_id: bytes, leaf: bytes, resolution: bytes, trusted: bool) -> int | None:
    """What one lock pays; None if it stays. A posted leaf may hold anything: it is read as the contract reads it."""
    amount, expiry, kind = int.from_bytes(leaf[:16], "big"), int.from_bytes(leaf[16:22], "big"), leaf[22]
    condition = leaf[32:]
    if call.now > expiry:
        return None
    if kind == HASH_LOCK:
        if len(resolution) != 32 or sha256(resolution) != condition:
            return None
        call.emit(PreimageRevealed(condition, resolution))
        return amount
    # A voucher below the newest one, or poorer evidence, would use the lock up: only the receiver may choose.
    if not trusted:
        raise CallerUnauthorized(call.env.caller)
    worth = None
    if kind == VOUCHER_LOCK:
        worth = _voucher_worth(call, condition, resolution)
    elif kind == CONTRACT_LOCK:
        worth = _contract_worth(call, channel_id, condition, resolution)
    return None if worth is None else min(worth, amount)


def _voucher_worth(call: Call, condition: bytes, resolution: bytes) -> int | None:
    payer, payee, salt, amount = (_word(resolution, index) for index in range(4))
    if keccak(_VIRTUAL_TAG + payer + payee + salt) != condition:
        return None
    # Hashed by hand: the contract does not cut the word to the 128 bits of a Voucher.
    digest = call.domain.digest(keccak(Voucher.TYPE_HASH + condition + amount))
    if not call.env.is_valid(digest, to_address(payer[12:]), _bytes(resolution, 4)):
        return None
    return int.from_bytes(amount, "big")


def _contract_worth(call: Call, channel_id: bytes, condition: bytes, resolution: bytes) -> int | None:
    target = _word(resolution, 0)[12:]
    terms, evidence = _bytes(resolution, 1), _bytes(resolution, 2)
    if keccak(bytes(12) + target + keccak(terms)) != condition:
        return None
    return call.env.condition(to_address(target), channel_id, terms, evidence)


def _word(data: bytes, index: int) -> bytes:
    """A head word; zeros behind the end. (There the contract sees the rest of its calldata; no hash then fits.)"""
    return data[32 * index : 32 * index + 32].ljust(32, b"\0")


def _bytes(data: bytes, index: int) -> bytes:
    """The byte string that a head word points to; empty if it does not lie within `data`."""
    at = int.from_bytes(_word(data, index), "big")
    if at + 32 > len(data):
        return b""
    length = int.from_bytes(data[at : at + 32], "big")
    return data[at + 32 : at + 32 + length] if at + 32 + length <= len(data) else b""
