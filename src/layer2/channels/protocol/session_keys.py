"""Session keys, which sign for a channel's party within a cap and a time, and the proofs that carry their rights.

A session proof replaces a party's signature of a voucher, an `Accept` or a `Resolve`:
`session signature(64, EIP-2098) | key(20) cap(16) validUntil(6) rights(1) | owner signature | SESSION_MAGIC(32)`.
The owner's signature is by its key. A contract account has no key: it registers the session on chain, irrevocably, and
the owner's signature is empty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from layer2.channels.bindings.errors import ExpiredConsent, InvalidSignature, SessionExceeded
from layer2.channels.protocol.messages import (
    RIGHT_TO_ACCEPT,
    RIGHT_TO_PAY,
    Accept,
    LockVoucher,
    Resolve,
    Session,
    Voucher,
)
from layer2.primitives.addresses import ZERO_ADDRESS, Address, address_bytes, to_address
from layer2.primitives.ecdsa import KnownKey, recover, to_compact
from layer2.primitives.errors import MalformedError, SignatureError
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain

SESSION_MAGIC = keccak(b"layer2.session")
HEAD_BYTES = 43
"""Size of `key(20) | cap(16) | validUntil(6) | rights(1)`, bytes."""
SIGNATURE_BYTES = 64

Recover = Callable[[bytes, bytes], Address | None]
"""Function `(digest, signature) -> signer`, or None for an invalid form: ecrecover with low s."""
Registered = Callable[[Address, bytes], bool]
"""Function `(owner, struct hash of a Session) -> bool`: True if that owner registered the session on chain."""

FOREVER = (1 << 48) - 1
"""Value of `valid_until` for a session without an end, required for an `Accept`, because nothing renews it."""


def nobody_registered(owner: Address, struct_hash: bytes) -> bool:
    """Return False; used where the chain cannot be queried."""
    return False


@dataclass(frozen=True, slots=True)
class SessionProof:
    """A decoded session proof: the right, the owner's signature of it, and the session key's signature."""

    session: Session
    owner_signature: bytes
    signature: bytes

    def encode(self) -> bytes:
        """Return the bytes that replace a signature."""
        return self.signature + encode_session(self.session, self.owner_signature) + SESSION_MAGIC

    @classmethod
    def build(cls, session: Session, owner_signature: bytes, signature: bytes) -> SessionProof:
        """Build a proof from both signatures; the session key's, 64 or 65 bytes, is converted to the compact form.

        The owner's signature is empty for a session that is registered on chain.
        """
        return cls(session, owner_signature, to_compact(signature))

    @classmethod
    def parse(cls, channel_id: bytes, signature: bytes) -> SessionProof:
        """Decode the output of `encode` for a channel; raise MalformedError for anything else."""
        if not is_session_proof(signature):
            raise MalformedError("the signature is not a session proof")
        session, owner_signature = decode_session(channel_id, signature[SIGNATURE_BYTES:-32])
        return cls(session, owner_signature, signature[:SIGNATURE_BYTES])


@dataclass(frozen=True, slots=True)
class SessionGrant:
    """The owner's grant to the holder of a session key: the right, and the owner's counter (token units) and nonce."""

    session: Session
    owner: Address
    owner_signature: bytes
    amount: int = 0
    nonce: int = 0

    def encode(self) -> bytes:
        """Encode the grant.

        The format is
        `channel id(32) owner(20) amount(16) nonce(8) | key(20) cap(16) validUntil(6) rights(1) | signature`.
        """
        head = self.session.channel_id + address_bytes(self.owner) + self.amount.to_bytes(16, "big")
        return head + self.nonce.to_bytes(8, "big") + encode_session(self.session, self.owner_signature)

    @classmethod
    def decode(cls, data: bytes) -> SessionGrant:
        """Decode the output of `encode`; raise MalformedError for truncated data."""
        session, signature = decode_session(data[:32], data[76:])
        amount, nonce = int.from_bytes(data[52:68], "big"), int.from_bytes(data[68:76], "big")
        return cls(session, to_address(data[32:52]), signature, amount, nonce)

    def proof(self, signature: bytes) -> bytes:
        """Return the session proof that replaces the owner's signature.

        `signature` is the session key's, 64 or 65 bytes.
        """
        return SessionProof.build(self.session, self.owner_signature, signature).encode()

    def __repr__(self) -> str:
        one = self.session
        return f"<SessionGrant {one.channel_id.hex()[:4]}.. to {one.key} up to {one.cap} until {one.valid_until}>"


def encode_session(session: Session, owner_signature: bytes) -> bytes:
    """Return a right and its owner's signature, in the form of `startCloseAs`."""
    return b"".join(
        (
            address_bytes(session.key),
            session.cap.to_bytes(16, "big"),
            session.valid_until.to_bytes(6, "big"),
            bytes((session.rights,)),
            owner_signature,
        )
    )


def decode_session(channel_id: bytes, data: bytes) -> tuple[Session, bytes]:
    """Decode the right and its owner's signature; raise MalformedError for truncated data."""
    if len(data) < HEAD_BYTES:
        raise MalformedError(f"a session has {HEAD_BYTES} bytes and a signature, {len(data)} were given")
    session = Session(
        channel_id,
        to_address(data[:20]),
        int.from_bytes(data[20:36], "big"),
        int.from_bytes(data[36:42], "big"),
        data[42],
    )
    return session, data[HEAD_BYTES:]


def is_session_proof(signature: bytes) -> bool:
    """Return True if the hub would decode these bytes as a session proof."""
    return len(signature) >= SIGNATURE_BYTES + HEAD_BYTES + 32 and signature[-32:] == SESSION_MAGIC


def signed_for(domain: Domain, channel_id: bytes, owner: Address, digest: bytes, signature: bytes) -> bool:
    """Return True if a counter was signed by `owner` or by a session key of it, regardless of the session's limits."""
    if not is_session_proof(signature):
        return ecdsa_is_valid(digest, owner, signature)
    proof = SessionProof.parse(channel_id, signature)
    named = ecdsa_is_valid(proof.session.digest(domain), owner, proof.owner_signature)
    return named and ecdsa_is_valid(digest, proof.session.key, proof.signature)


def ecdsa_recover(digest: bytes, signature: bytes) -> Address | None:
    """Return the ECDSA signer; None for an invalid form."""
    try:
        return recover(digest, signature)
    except SignatureError:
        return None


def ecdsa_is_valid(digest: bytes, signer: Address, signature: bytes) -> bool:
    """Return True if `signature` is the ECDSA signature of `signer`. Contract accounts are not supported."""
    return ecdsa_recover(digest, signature) == signer


def check_session(
    domain: Domain,
    channel_id: bytes,
    owner: Address,
    right: int,
    exposure: int,
    data: bytes,
    now: int,
    recover: Recover = ecdsa_recover,
    registered: Registered = nobody_registered,
) -> Address:
    """Return the session key if `data` (see `encode_session`) gives it the right; checks in the hub's order.

    Raises:
        InvalidSignature: too short, for the zero key, or neither signed nor registered by `owner`.
        SessionExceeded: without the right, or `exposure` above the cap.
        ExpiredConsent: past its last second.
    """
    if len(data) < HEAD_BYTES:
        raise InvalidSignature(owner)
    session, owner_signature = decode_session(channel_id, data)
    if not session.rights & right:
        raise SessionExceeded(session.key, session.rights, right)
    if exposure > session.cap:
        raise SessionExceeded(session.key, session.cap, exposure)
    if now > session.valid_until:
        raise ExpiredConsent(now, session.valid_until)
    if session.key == ZERO_ADDRESS:
        raise InvalidSignature(owner)
    if owner_signature:
        named = recover(session.digest(domain), owner_signature) == owner
    else:
        named = registered(owner, session.struct_hash())
    if not named:
        raise InvalidSignature(owner)
    return session.key


def verify_counter(
    message: Voucher | LockVoucher | Accept | Resolve,
    domain: Domain,
    owner: Address,
    signature: bytes,
    known_key: KnownKey | None = None,
    *,
    now: int,
    recover: Recover = ecdsa_recover,
    registered: Registered = nobody_registered,
) -> None:
    """Raise unless the hub would accept `signature` of `message` from `owner` at second `now`.

    `known_key` is the owner's public key, if known, which makes the usual case fast. A session is valid on chain only
    until its last second: a message signed under it must be posted by then.

    Raises:
        InvalidSignature: as the hub would.
        SessionExceeded: as the hub would.
        ExpiredConsent: as the hub would.
    """
    digest = message.digest(domain)
    if is_session_proof(signature):
        right, exposure = RIGHT_TO_PAY, 0
        if isinstance(message, LockVoucher):
            exposure = message.amount + message.locked
        elif isinstance(message, Voucher):
            exposure = message.amount
        else:
            right = RIGHT_TO_ACCEPT
        session = signature[SIGNATURE_BYTES:-32]
        key = check_session(domain, message.channel_id, owner, right, exposure, session, now, recover, registered)
        if recover(digest, signature[:SIGNATURE_BYTES]) != key:
            raise InvalidSignature(key)
        return
    if known_key is not None and known_key.address == owner and known_key.verify(digest, signature):
        return
    if recover(digest, signature) != owner:
        raise InvalidSignature(owner)
