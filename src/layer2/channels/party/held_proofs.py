"""The proofs that a node can present: to the chain, to a peer that lost its journal, and to its own owner."""

from __future__ import annotations

from layer2.channels.party.channel_table import ChannelEntry, ChannelTable
from layer2.channels.party.party_key import PartyKey
from layer2.channels.party.state import Direction, Proof
from layer2.channels.protocol.lock_openings import Opening, resolve_message
from layer2.channels.protocol.locks import HASH_LOCK
from layer2.channels.protocol.proofs import Acceptance, LockPayment, Payment, PeerCopy
from layer2.channels.protocol.session_keys import SessionProof, is_session_proof, signed_for
from layer2.primitives.addresses import Address
from layer2.primitives.errors import InputError

__all__ = ["HeldProofs"]


class HeldProofs:
    """The newest proofs of both directions, in the forms that their recipients need."""

    def __init__(self, table: ChannelTable, key: PartyKey, address: Address) -> None:
        self._table = table
        self._key = key
        self._address = address
        self._hub = table.hub

    def newest_signed(self, channel_id: bytes) -> Payment | LockPayment | None:
        """Return the newest proof this node signed, to be sent again after a crash or a lost message."""
        mine = self._table.entry(channel_id).state.mine
        if mine.offers:
            return _locked(channel_id, mine.offers[-1])
        return _newest(channel_id, mine)

    def newest_received(self, channel_id: bytes) -> Payment | LockPayment | None:
        """Return the newest proof of the peer, the one this node would post on chain."""
        return _newest(channel_id, self._table.entry(channel_id).state.theirs)

    def accepted(self, channel_id: bytes, side: str) -> tuple[LockPayment, bytes] | None:
        """Return the newest accepted lock proof of `side`'s direction and the receiver's `Accept`, or `None`.

        Anyone may post the two together.
        """
        state = self._table.entry(channel_id).state
        direction = state.mine if side == state.side else state.theirs
        if not direction.proof.nonce or not direction.proof.accept:
            return None
        return _locked(channel_id, direction.proof), direction.proof.accept

    def resolutions(self, channel_id: bytes) -> list[bytes]:
        """Return the resolution of each incoming lock, in order; empty if it pays nothing or the lock is given up."""
        state = self._table.entry(channel_id).state
        left, found = list(state.given_up), []
        for lock in state.theirs.locks:
            claim = state.claim_of(lock)
            if lock in left:
                left.remove(lock)
                claim = None
            found.append(b"" if claim is None or not claim[0] else claim[1])
        return found

    def openings(self, channel_id: bytes, *, consenting: bool = False) -> tuple[Opening, ...]:
        """Return the known resolutions of the incoming locks, by their index in the newest proof.

        `consenting`: include this party's consent to each, so that anyone may resolve voucher and contract locks.
        """
        entry = self._table.entry(channel_id)
        state = entry.state
        payer = "B" if state.side == "A" else "A"
        made = []
        for index, resolution in enumerate(self.resolutions(channel_id)):
            lock, consent = state.theirs.locks[index], b""
            if resolution and consenting and lock.kind != HASH_LOCK:
                message = resolve_message(channel_id, payer, lock, resolution)
                consent = self._key.accept_signer(entry)(message.digest(self._hub.domain))
            if resolution:
                made.append(Opening(index, resolution, consent))
        return tuple(made)

    def signed_by_me(self, proof: Payment | LockPayment) -> bool:
        """Return True if this party signed the proof, with its own key or with a session key that it named."""
        try:
            digest = self._digest_of(self._table.entry(proof.channel_id), proof)
            return signed_for(self._hub.domain, proof.channel_id, self._address, digest, proof.signature)
        except InputError:
            return False

    def must_be_on_chain_by(self, channel_id: bytes) -> int | None:
        """Return the last second at which the newest proof held must be posted; `None` without such a deadline.

        The deadline is the end of its session, or the expiry of a lock whose resolution is known, whichever is first.
        """
        theirs = self._table.entry(channel_id).state.theirs
        pairs = zip(theirs.locks, self.resolutions(channel_id), strict=True)
        ends = [lock.expiry for lock, resolution in pairs if resolution]
        if is_session_proof(theirs.signature):
            ends.append(SessionProof.parse(channel_id, theirs.signature).session.valid_until)
        return min(ends, default=None)

    # --------------------------------------------------------------------------------------------- recovering

    def copy_for_peer(self, channel_id: bytes) -> PeerCopy:
        """Return the proofs that a peer needs after it lost its journal."""
        state = self._table.entry(channel_id).state
        mine, theirs = state.mine, state.theirs
        received_proof, acceptance = None, None
        if theirs.proof.nonce:
            received_proof = _locked(channel_id, theirs.proof)
            payer = "B" if state.side == "A" else "A"
            named = (received_proof.nonce, received_proof.proof_hash)
            acceptance = Acceptance(channel_id, payer, *named, theirs.proof.accept)
        newest = mine.offers[-1] if mine.offers else mine.proof
        return PeerCopy(
            channel_id,
            _plain(channel_id, theirs),
            received_proof,
            acceptance,
            _plain(channel_id, mine),
            _locked(channel_id, newest) if newest.nonce else None,
        )

    def _digest_of(self, entry: ChannelEntry, proof: Payment | LockPayment) -> bytes:
        if isinstance(proof, LockPayment):
            return proof.message().digest(self._hub.domain)
        return self._table.voucher_digest(entry, proof.amount)


def _plain(channel_id: bytes, direction: Direction) -> Payment | None:
    return Payment(channel_id, direction.plain, direction.voucher) if direction.voucher else None


def _locked(channel_id: bytes, proof: Proof) -> LockPayment:
    return LockPayment(channel_id, proof.amount, proof.nonce, proof.locks, proof.signature)


def _newest(channel_id: bytes, direction: Direction) -> Payment | LockPayment | None:
    return _locked(channel_id, direction.proof) if direction.bearing else _plain(channel_id, direction)
