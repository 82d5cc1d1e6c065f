"""Verification before a watchtower stores a proof: an invalid proof must not replace a valid one."""

from __future__ import annotations

from layer2.channels.contract.chain_clock import ChainClock
from layer2.channels.contract.hub import HubContract
from layer2.channels.party.lock_resolution import worth
from layer2.channels.party.signature_verifier import VoucherVerifier
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.lock_openings import resolve_message
from layer2.channels.protocol.locks import HASH_LOCK
from layer2.channels.protocol.messages import RIGHT_TO_CLOSE, Voucher
from layer2.channels.protocol.proofs import LockPayment
from layer2.channels.watchtower.records import DirectionRecord
from layer2.primitives.addresses import Address
from layer2.primitives.errors import InputError, SignatureError

__all__ = ["check_guard"]


def check_guard(hub: HubContract, key: ChannelKey, guard: DirectionRecord, tower: Address, clock: ChainClock) -> None:
    """Raise unless the hub would accept every part of a guard from `tower` now.

    Raises:
        InputError: a part belongs to another channel, or does not match the other parts.
        SignatureError: a signature is not by the required signer.
    """
    if guard.side not in ("A", "B") or (key.simplex and guard.side == "B"):
        raise InputError(f"watchtower: nothing is paid to side {guard.side!r} of channel {key.id.hex()[:8]}")
    payer, receiver = (key.a, key.b) if guard.side == "A" else (key.b, key.a)
    verifier = VoucherVerifier(hub, key, payer, clock)
    for proof in (guard.plain, guard.proof):
        if proof is not None and proof.channel_id != key.id:
            raise InputError(
                f"watchtower: proof of channel {proof.channel_id.hex()[:8]}, key of {key.id.hex()[:8]}",
                hint="give the key of the proof's channel",
            )
    if guard.plain is not None:
        digest = Voucher(key.id, guard.plain.amount).digest(hub.domain)
        if not verifier.verify(digest, guard.plain.signature, guard.plain.amount, 0):
            raise _unsigned(key, f"the voucher up to {guard.plain.amount}", payer)
    if guard.proof is not None:
        _check_locks(hub, key, guard, guard.proof, verifier, VoucherVerifier(hub, key, receiver, clock))
    elif guard.openings or guard.accept:
        raise InputError(f"watchtower: openings or an acceptance for channel {key.id.hex()[:8]} without a lock proof")
    if guard.closing is not None:
        session = guard.closing.session
        if session.channel_id != key.id or session.key != tower or not session.rights & RIGHT_TO_CLOSE:
            raise InputError(
                f"watchtower: the grant for channel {key.id.hex()[:8]} does not let {tower} close it",
                hint="grant the right to close to the tower's own address",
            )
        owner = VoucherVerifier(hub, key, receiver, clock)
        if not owner.verify_grant(session, guard.closing.owner_signature):
            raise _unsigned(key, "the grant to close", receiver)


def _check_locks(
    hub: HubContract,
    key: ChannelKey,
    guard: DirectionRecord,
    proof: LockPayment,
    payer: VoucherVerifier,
    receiver: VoucherVerifier,
) -> None:
    if not guard.accept:
        raise InputError(
            f"watchtower: the lock proof of channel {key.id.hex()[:8]} lacks the receiver's acceptance",
            hint="give the Accept that the receiver signed for it",
        )
    if key.simplex:
        raise InputError(f"watchtower: the simplex channel {key.id.hex()[:8]} has no locks")
    if not payer.verify(proof.message().digest(hub.domain), proof.signature, proof.limit, 0):
        raise _unsigned(key, f"lock proof {proof.nonce}", payer.peer)
    if not receiver.verify_accept(proof.accept_message(guard.side).digest(hub.domain), guard.accept):
        raise _unsigned(key, f"the acceptance of lock proof {proof.nonce}", receiver.peer)
    for one in guard.openings:
        if not 0 <= one.index < len(proof.locks):
            raise InputError(f"watchtower: channel {key.id.hex()[:8]} has no lock {one.index}")
        lock = proof.locks[one.index]
        if worth(hub, key.id, lock, one.resolution) is None:
            raise InputError(f"watchtower: the resolution of lock {one.index} does not fit its condition")
        if lock.kind == HASH_LOCK:
            continue
        message = resolve_message(key.id, guard.side, lock, one.resolution)
        if not receiver.verify_accept(message.digest(hub.domain), one.consent):
            raise _unsigned(key, f"the consent to resolve lock {one.index}", receiver.peer)


def _unsigned(key: ChannelKey, what: str, signer: Address) -> SignatureError:
    return SignatureError(
        f"watchtower: {what} of channel {key.id.hex()[:8]} is not signed by {signer}",
        hint="give the newest one as its signer sent it",
    )
