"""Messages of a node that both parties must sign: cooperative close, partial withdrawal, move."""

from __future__ import annotations

from layer2.channels.party.channel_table import ChannelTable, change
from layer2.channels.party.errors import EpochNotNext
from layer2.channels.party.events import CloseSigned, WithdrawSigned
from layer2.channels.party.party_key import PartyKey
from layer2.channels.party.transition import apply
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.messages import Close, Move, Withdraw
from layer2.channels.protocol.proofs import CloseTerms, MoveTerms, WithdrawTerms
from layer2.primitives.errors import SignatureError
from layer2.primitives.typed_data import TypedMessage
from layer2.store.journal import fault_point

__all__ = ["CooperativeClose"]


class CooperativeClose:
    """Closes, withdrawals and moves of a party; after a signed close the party neither pays nor accepts."""

    def __init__(self, table: ChannelTable, key: PartyKey) -> None:
        self._table = table
        self._key = key
        self._hub = table.hub

    def sign_close(self, channel_id: bytes, peer: CloseTerms | None = None) -> CloseTerms:
        """Sign a close at the newest counters of both sides, or the peer's terms if given; durable on return."""
        if peer is not None:
            self._require_peer(channel_id, Close(channel_id, peer.sent_a, peer.sent_b), peer.signature)
        with self._table.lock:
            entry = self._table.signing(channel_id)
            state = entry.state
            sent_a, sent_b = state.counters if peer is None else (peer.sent_a, peer.sent_b)
            message = Close(channel_id, sent_a, sent_b)
            if state.closing is not None and (state.closing.sent_a, state.closing.sent_b) == (sent_a, sent_b):
                return CloseTerms(channel_id, state.side, sent_a, sent_b, state.closing.signature)
            apply(state, CloseSigned(sent_a, sent_b))
            fault_point("party.sign.before")
            signature = self._key.sign(message.digest(self._hub.domain))
            self._table.persist([change(entry, CloseSigned(sent_a, sent_b, signature))], "party.sign")
            return CloseTerms(channel_id, state.side, sent_a, sent_b, signature)

    def sign_withdraw(
        self, channel_id: bytes, out_a: int, out_b: int, valid_until: int, peer: WithdrawTerms | None = None
    ) -> WithdrawTerms:
        """Sign a withdrawal of the next epoch; its amounts are reserved until it is mined or expires."""
        self._require_future(channel_id, valid_until)
        if peer is not None:
            theirs = Withdraw(channel_id, peer.out_a, peer.out_b, peer.epoch, peer.valid_until)
            self._require_peer(channel_id, theirs, peer.signature)
        with self._table.lock:
            entry = self._table.signing(channel_id)
            state = entry.state
            epoch = state.epoch
            message = Withdraw(channel_id, out_a, out_b, epoch, valid_until)
            if peer is not None and theirs != message:
                raise EpochNotNext(
                    f"channel {entry.stream[:8]}: the peer's terms {peer} are not those asked at epoch {epoch}",
                    hint="refresh both sides, then agree again",
                )
            apply(state, WithdrawSigned(out_a, out_b, epoch, valid_until))
            signature = self._reserve(channel_id, message, out_a, out_b, epoch, valid_until)
            return WithdrawTerms(channel_id, state.side, out_a, out_b, epoch, valid_until, signature)

    def sign_move(
        self,
        channel_id: bytes,
        target: ChannelKey,
        amounts: tuple[int, int, int, int],
        valid_until: int,
        peer: MoveTerms | None = None,
    ) -> MoveTerms:
        """Sign a move `(outA, outB, inA, inB)` of the next epoch into another channel; reserved like a withdrawal."""
        self._require_future(channel_id, valid_until)
        if peer is not None:
            theirs = Move(peer.channel_id, peer.to_id, *peer.amounts, peer.epoch, peer.valid_until)
            self._require_peer(channel_id, theirs, peer.signature)
        with self._table.lock:
            entry = self._table.signing(channel_id)
            state = entry.state
            epoch = state.epoch
            message = Move(channel_id, target.id, *amounts, epoch, valid_until)
            if peer is not None and theirs != message:
                raise EpochNotNext(
                    f"channel {entry.stream[:8]}: the peer's terms {peer} are not those asked at epoch {epoch}",
                    hint="refresh both sides, then agree again",
                )
            apply(state, WithdrawSigned(amounts[0], amounts[1], epoch, valid_until))
            signature = self._reserve(channel_id, message, amounts[0], amounts[1], epoch, valid_until)
            return MoveTerms(channel_id, target.id, state.side, amounts, epoch, valid_until, signature)

    def _reserve(
        self, channel_id: bytes, message: TypedMessage, out_a: int, out_b: int, epoch: int, valid_until: int
    ) -> bytes:
        entry = self._table.entry(channel_id)
        fault_point("party.sign.before")
        signature = self._key.sign(message.digest(self._hub.domain))
        self._table.persist([change(entry, WithdrawSigned(out_a, out_b, epoch, valid_until, signature))], "party.sign")
        return signature

    def _require_peer(self, channel_id: bytes, message: TypedMessage, signature: bytes) -> None:
        entry = self._table.entry(channel_id)
        if not entry.verifier.verify_owner(message.digest(self._hub.domain), signature):
            raise SignatureError(
                f"channel {entry.stream[:8]}: {type(message).__name__} is not signed by {entry.verifier.peer}",
                hint="ask the peer to sign the same terms",
            )

    def _require_future(self, channel_id: bytes, valid_until: int) -> None:
        now = self._hub.connection.timestamp()
        if valid_until <= now:
            raise EpochNotNext(
                f"channel {channel_id.hex()[:8]}: valid until {valid_until} given, after {now} needed",
                hint="leave at least a few minutes",
            )
