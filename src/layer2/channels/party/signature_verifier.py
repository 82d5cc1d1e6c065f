"""Verification of the peer's signatures in one channel: a cached public key first, then sessions.

Counters, `Accept` and `Resolve` must be signed by a key: the peer's, or a session key that it named. Messages that both
parties sign (close, withdrawal, move) may also be signed by a contract account.
"""

from __future__ import annotations

from eth_abi.abi import encode

from layer2.channels.contract.chain_clock import ChainClock
from layer2.channels.contract.hub import HubContract
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.messages import RIGHT_TO_ACCEPT, RIGHT_TO_PAY, Session, Voucher
from layer2.channels.protocol.session_keys import FOREVER, SessionProof, is_session_proof
from layer2.ethereum.errors import TransactionFailed
from layer2.primitives.addresses import Address
from layer2.primitives.ecdsa import KnownKey, recover, recover_public_key
from layer2.primitives.errors import InputError, SignatureError

__all__ = ["SESSION_MARGIN", "VoucherVerifier"]

SESSION_MARGIN = 3600
"""Seconds that a session must still last when its voucher is accepted, so that it can be posted before the end."""

_MAGIC_1271 = bytes.fromhex("1626ba7e")


class VoucherVerifier:
    """Verifier of the peer's signatures in one channel. Safe to use from several threads; may call the chain."""

    __slots__ = ("_clock", "_known", "_sessions", "hub", "key", "peer", "voucher_head")

    def __init__(self, hub: HubContract, key: ChannelKey, peer: Address, clock: ChainClock) -> None:
        self.hub = hub
        self.key = key
        self.peer = peer
        self.voucher_head = Voucher.TYPE_HASH + key.id
        """Type hash and channel id: a voucher's struct without its amount."""
        self._clock = clock
        self._known: KnownKey | None = None
        self._sessions: set[bytes] = set()

    def verify(self, digest: bytes, signature: bytes, exposure: int, margin: int = SESSION_MARGIN) -> bool:
        """Return True if the hub would accept this counter signature; `exposure` is the amount plus the locks.

        `margin`: seconds that a session must still last.
        """
        if len(signature) in (64, 65):
            return self._by_key(digest, signature)
        if not is_session_proof(signature):
            return False
        session = SessionProof.parse(self.key.id, signature).session
        if not session.rights & RIGHT_TO_PAY or exposure > session.cap:
            return False
        return session.valid_until >= self._clock.now() + margin and self._by_session(digest, signature)

    def verify_accept(self, digest: bytes, signature: bytes) -> bool:
        """Return True if the peer, or a session key without an end, signed an `Accept` or `Resolve`.

        A session with an end is not accepted: afterwards the holder would have no valid acceptance and no way to renew
        it.
        """
        if len(signature) in (64, 65):
            return self._by_key(digest, signature)
        if not is_session_proof(signature):
            return False
        session = SessionProof.parse(self.key.id, signature).session
        lasting = session.rights & RIGHT_TO_ACCEPT and session.valid_until == FOREVER
        return bool(lasting) and self._by_session(digest, signature)

    def verify_grant(self, session: Session, owner_signature: bytes) -> bool:
        """Return True if the peer granted a session: by its key, or on chain if the signature is empty."""
        if owner_signature:
            return self._by_key(session.digest(self.hub.domain), owner_signature)
        return self.hub.is_registered(self.peer, session.struct_hash())

    def verify_owner(self, digest: bytes, signature: bytes) -> bool:
        """Return True if the peer itself signed: ECDSA first, then ERC-1271 if the peer is a contract."""
        if len(signature) in (64, 65) and self._by_key(digest, signature):
            return True
        return self._verify_1271(digest, signature)

    def _by_key(self, digest: bytes, signature: bytes) -> bool:
        known = self._known
        if known is not None:
            return known.verify(digest, signature)
        try:
            public_key = recover_public_key(digest, signature)
        except SignatureError:
            return False
        key = KnownKey(public_key)
        if key.address != self.peer:
            return False
        self._known = key
        return True

    def _by_session(self, digest: bytes, signature: bytes) -> bool:
        proof = SessionProof.parse(self.key.id, signature)
        grant = signature[64:]
        if grant not in self._sessions:
            if not self.verify_grant(proof.session, proof.owner_signature):
                return False
            self._sessions.add(grant)
        try:
            return recover(digest, proof.signature) == proof.session.key
        except InputError:
            return False

    def _verify_1271(self, digest: bytes, signature: bytes) -> bool:
        if not self.hub.connection.code(self.peer):
            return False
        data = _MAGIC_1271 + encode(["bytes32", "bytes"], [digest, signature])
        try:
            output = self.hub.connection.call(self.peer, data)
        except TransactionFailed:
            return False
        return output[:32] == _MAGIC_1271.ljust(32, b"\0")
