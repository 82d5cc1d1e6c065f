"""Conditional payments in a dispute. Mirrors `Locks.sol` and `Resolutions.sol`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from layer2.channels.bindings.errors import (
    LockExpiryTooFar,
    LocksMismatch,
    MalformedRows,
    NothingUnlocked,
    StaleNonce,
    UnauthorizedCaller,
    WindowExhausted,
)
from layer2.channels.bindings.events import DisputeStarted, LocksPosted, PreimageRevealed, Unlocked
from layer2.channels.model.actions import LockProof, PostLocks, Unlock
from layer2.channels.model.base import Call
from layer2.channels.model.state import MASK112, Channel, Claim
from layer2.channels.protocol.lock_openings import Opened, read_openings
from layer2.channels.protocol.lock_tree import MAX_LOCKS, fingerprint, root_of
from layer2.channels.protocol.locks import CONTRACT_LOCK, HASH_LOCK, VOUCHER_LOCK
from layer2.channels.protocol.messages import RIGHT_TO_ACCEPT, RIGHT_TO_PAY, Accept, LockVoucher, Resolve, Voucher
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.errors import MalformedError
from layer2.primitives.hashing import keccak, sha256

_VIRTUAL_TAG = keccak(b"layer2.virtual")


def post_locks(call: Call, action: PostLocks) -> None:
    """Model `postLocks`."""
    key, proof, from_b = action.key, action.proof, action.from_b
    channel_id, channel = call.load(key, simplex=False)
    latest = call.now + call.config.max_lock_duration
    if proof.last_expiry > latest:
        raise LockExpiryTooFar(proof.last_expiry, latest)
    _require_proven(call, channel_id, channel, action)
    standing = channel.claim(from_b)
    have = 0 if standing is None else standing.nonce
    if proof.nonce <= have:
        raise StaleNonce(channel_id, have, proof.nonce)
    # Time for the other party to answer the first proof of the direction, and for an answer to that.
    furthest = call.now + 2 * call.delay_of(key) + call.config.max_lock_duration
    latest = furthest if standing is None else standing.latest
    claim = Claim(proof.nonce, fingerprint(proof.amount + proof.locked, proof.locks_root), proof.amount, latest)
    call.emit(LocksPosted(channel_id, from_b, proof.nonce, proof.amount, proof.locks_root))
    until = max(channel.deadline, proof.last_expiry)
    # An Accept does not shorten this time for the sender, because a receiver can sign one for an old proof later.
    if call.env.caller != (key.b if from_b else key.a):
        until = max(until, call.deadline_from_now(key))
    if until != channel.deadline:
        if until > latest:
            raise WindowExhausted(channel_id, until, latest)
        call.emit(DisputeStarted(channel_id, until))
    call.store(channel_id, channel, deadline=until, **{_field(from_b): claim})


def unlock(call: Call, action: Unlock) -> None:
    """Model `unlock`."""
    key, from_b = action.key, action.from_b
    channel_id, channel = call.load(key, simplex=False)
    call.require_dispute_open(channel_id, channel)
    before = channel.claim(from_b)
    # Without a claim the contract reads zero words, which match no root.
    standing = before or Claim(0, 0, 0, 0)
    receiver = key.a if from_b else key.b
    opened: dict[int, bytes] = {}
    after = standing
    for row in _rows(action.openings):
        if row.index >= MAX_LOCKS or (opened and row.index <= max(opened)):
            raise LocksMismatch(channel_id)
        opened[row.index] = keccak(row.leaf)
        after = _resolve(call, channel_id, from_b, receiver, after, row)
    if not opened:
        raise NothingUnlocked(channel_id)
    root = root_of(opened, action.siblings)
    if root is None or fingerprint(action.limit, root) != standing.fingerprint:
        raise LocksMismatch(channel_id)
    # A sender may have signed a `locked` below the sum of its leaves.
    after = replace(after, claimed=min(after.claimed, action.limit))
    if after == standing:
        raise NothingUnlocked(channel_id)
    call.store(channel_id, channel, **{_field(from_b): after})
    call.emit(Unlocked(channel_id, from_b, after.claimed, after.resolved, after.latest))


def _field(from_b: bool) -> str:
    return "claim_b" if from_b else "claim_a"


def _require_proven(call: Call, channel_id: bytes, channel: Channel, action: PostLocks) -> None:
    """Raise unless the sender signed the proof, and the receiver is the caller or has accepted it."""
    key, proof, from_b = action.key, action.proof, action.from_b
    sender, receiver = (key.b, key.a) if from_b else (key.a, key.b)
    struct_hash = _message(channel_id, proof).struct_hash()
    if not channel.deadline:
        call.require_alive(channel_id, channel)
        if call.env.caller != receiver:
            raise UnauthorizedCaller(call.env.caller)
    else:
        call.require_dispute_open(channel_id, channel)
        if call.env.caller != receiver:
            consent = Accept(channel_id, from_b, proof.nonce, struct_hash).struct_hash()
            call.require_counter_signed(channel_id, receiver, RIGHT_TO_ACCEPT, 0, consent, action.accept)
    limit = proof.amount + proof.locked
    call.require_at_most(channel_id, MASK112, proof.amount | proof.locked)
    call.require_at_most(channel_id, MASK112, limit)
    call.require_counter_signed(channel_id, sender, RIGHT_TO_PAY, limit, struct_hash, proof.signature)


def _message(channel_id: bytes, proof: LockProof) -> LockVoucher:
    head = (proof.amount, proof.nonce, proof.locked, proof.last_expiry)
    return LockVoucher(channel_id, *head, proof.locks_root)


def _rows(data: bytes) -> Iterator[Opened]:
    try:
        yield from read_openings(data)
    except MalformedError:
        raise MalformedRows(len(data)) from None


def _resolve(call: Call, channel_id: bytes, from_b: bool, receiver: Address, claim: Claim, row: Opened) -> Claim:
    """Return the claim with the payment of one opened lock, whose bytes are decoded as in the contract."""
    amount, expiry, kind = int.from_bytes(row.leaf[:14], "big"), int.from_bytes(row.leaf[14:20], "big"), row.leaf[20]
    condition = row.leaf[21:]
    if not row.resolution or call.now > expiry:
        return claim
    resolved = bool(claim.resolved >> row.index & 1)
    if kind == HASH_LOCK:
        if resolved or len(row.resolution) != 32 or sha256(row.resolution) != condition:
            return claim
        call.emit(PreimageRevealed(condition, row.resolution))
        return _paying(claim, row.index, amount)
    # A lower voucher or weaker evidence would use the lock up, so the receiver chooses. Its own choice is final. Of its
    # consents the best one counts, so that an old one used by a third party does no harm.
    place = (channel_id, from_b, claim.nonce, row.index)
    before = call.consented(place) if resolved else 0
    if resolved and not before:
        return claim
    own = call.env.caller == receiver
    if not own:
        consent = Resolve(channel_id, from_b, keccak(row.leaf), keccak(row.resolution)).struct_hash()
        call.require_counter_signed(channel_id, receiver, RIGHT_TO_ACCEPT, 0, consent, row.consent)
    worth = min(_worth(call, channel_id, kind, condition, row.resolution), amount)
    if worth <= before:
        return claim
    if not own or before:
        call.set_consented(place, worth)
    return _paying(claim, row.index, worth - before)


def _paying(claim: Claim, index: int, paid: int) -> Claim:
    return replace(claim, claimed=claim.claimed + paid, resolved=claim.resolved | 1 << index)


def _worth(call: Call, channel_id: bytes, kind: int, condition: bytes, resolution: bytes) -> int:
    if kind == VOUCHER_LOCK:
        return _voucher_worth(call, condition, resolution)
    if kind == CONTRACT_LOCK:
        return _contract_worth(call, channel_id, condition, resolution)
    return 0


def _voucher_worth(call: Call, condition: bytes, resolution: bytes) -> int:
    payer, payee, salt, amount = resolution[:20], resolution[20:40], resolution[40:72], resolution[72:88]
    if len(resolution) < 88 or keccak(_VIRTUAL_TAG + bytes(12) + payer + bytes(12) + payee + salt) != condition:
        return 0
    voucher = Voucher(condition, int.from_bytes(amount, "big"))
    signed = call.is_signed_by(voucher.struct_hash(), to_address(payer), resolution[88:])
    return voucher.amount if signed else 0


def _contract_worth(call: Call, channel_id: bytes, condition: bytes, resolution: bytes) -> int:
    end = 24 + int.from_bytes(resolution[20:24], "big")
    if len(resolution) < end:
        return 0
    target, terms, evidence = resolution[:20], resolution[24:end], resolution[end:]
    if keccak(bytes(12) + target + keccak(terms)) != condition:
        return 0
    return call.env.condition(to_address(target), channel_id, terms, evidence) or 0
