"""Verifying the peer's signatures in one channel: a cached public key first, then sessions and contract accounts."""

from __future__ import annotations

from eth_abi.abi import encode

from layer2.channels.contract import HubContract
from layer2.channels.key import ChannelKey
from layer2.channels.messages import RIGHT_TO_PAY, Voucher
from layer2.channels.sessions import SessionProof, is_session_proof
from layer2.ethereum.errors import EthereumError
from layer2.primitives.addresses import Address
from layer2.primitives.ecdsa import KnownKey, recover, recover_public_key
from layer2.primitives.errors import InputError

__all__ = ["SESSION_MARGIN", "Verifier"]

SESSION_MARGIN = 3600
"""Seconds a session must still last when a voucher under it is taken: it has to be posted before the session ends."""

_MAGIC_1271 = bytes.fromhex("1626ba7e")


class Verifier:
    """Checks what the peer signs in one channel."""

    __slots__ = ("_known", "_sessions", "hub", "key", "peer", "voucher_head")

    def __init__(self, hub: HubContract, key: ChannelKey, peer: Address) -> None:
        self.hub = hub
        self.key = key
        self.peer = peer
        self.voucher_head = Voucher.TYPE_HASH + key.id
        """Type hash and channel id: only the amount is missing from a voucher's struct."""
        self._known: KnownKey | None = None
        self._sessions: set[bytes] = set()

    def verify(self, digest: bytes, signature: bytes, exposure: int) -> bool:
        """Whether the hub would take this counter signature; `exposure` is the amount plus the locks."""
        if len(signature) == 65 and self._known is not None and self._known.verify(digest, signature):
            return True
        if is_session_proof(signature):
            return self._verify_session(digest, signature, exposure)
        return self.verify_owner(digest, signature)

    def verify_owner(self, digest: bytes, signature: bytes) -> bool:
        """Whether the peer itself signed: ECDSA first, then ERC-1271 if the peer is a contract."""
        if len(signature) in (64, 65):
            try:
                if recover(digest, signature) == self.peer:
                    if self._known is None:
                        self._known = KnownKey(recover_public_key(digest, signature))
                    return True
            except InputError:
                return False
        return self._verify_1271(digest, signature)

    def _verify_1271(self, digest: bytes, signature: bytes) -> bool:
        if not self.hub.connection.code(self.peer):
            return False
        data = _MAGIC_1271 + encode(["bytes32", "bytes"], [digest, signature])
        try:
            output = self.hub.connection.call(self.peer, data)
        except EthereumError:
            return False
        return output[:32] == _MAGIC_1271.ljust(32, b"\0")

    def _verify_session(self, digest: bytes, signature: bytes, exposure: int) -> bool:
        proof = SessionProof.parse(self.key.id, signature)
        grant = proof.session
        if not grant.rights & RIGHT_TO_PAY or exposure > grant.cap:
            return False
        if grant.valid_until < self.hub.connection.timestamp() + SESSION_MARGIN:
            return False
        known = signature[64:]
        if known not in self._sessions:
            if not self.verify_owner(grant.digest(self.hub.domain), proof.owner_signature):
                return False
            self._sessions.add(known)
        try:
            return recover(digest, proof.signature) == grant.key
        except InputError:
            return False
