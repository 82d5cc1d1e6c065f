"""Shared parts of all entry points: the state under change, named checks, payouts. Mirrors `HubBase.sol`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from layer2.channels.bindings.errors import (
    AmountOutOfRange,
    ChannelClosed,
    ChannelNotOpen,
    DisputeNotOpen,
    DisputeNotOver,
    DisputeRunning,
    ExpiredConsent,
    InvalidSignature,
    UnexpectedChannelMode,
)
from layer2.channels.bindings.events import Closed, PayoutDeferred
from layer2.channels.model.env import Effect, Env, Pulled, Transferred
from layer2.channels.model.state import CLOSED, NOTHING, Channel, HubState, Key
from layer2.channels.protocol.session_keys import SIGNATURE_BYTES, check_session, is_session_proof
from layer2.primitives.addresses import ZERO_ADDRESS, Address


class Call:
    """One call in progress: reads fall through to the state before it, writes are buffered until `commit`."""

    __slots__ = (
        "_balances",
        "_channels",
        "_consented",
        "_nonces",
        "_owed",
        "_sessions",
        "_tokens",
        "config",
        "domain",
        "effects",
        "env",
        "now",
        "state",
    )

    def __init__(self, state: HubState, env: Env) -> None:
        self.state = state
        self.env = env
        self.now = env.timestamp
        self.config = state.config
        self.domain = state.config.domain
        self.effects: list[Effect] = []
        self._channels: dict[bytes, Channel] = {}
        self._owed: dict[tuple[Address, Address], int] = {}
        self._balances: dict[Address, int] = {}
        self._tokens: dict[bytes, Address] = {}
        self._consented: dict[tuple[bytes, bool, int, int], int] = {}
        self._nonces: set[tuple[Address, int]] = set()
        self._sessions: set[tuple[Address, bytes]] = set()

    def commit(self) -> HubState:
        """Return the state after the call."""
        state = self.state
        owed = {**state.owed, **self._owed} if self._owed else state.owed
        return HubState(
            state.config,
            {**state.channels, **self._channels},
            {key: amount for key, amount in owed.items() if amount} if self._owed else owed,
            {**state.balances, **self._balances} if self._balances else state.balances,
            {**state.tokens, **self._tokens} if self._tokens else state.tokens,
            {**state.consented, **self._consented} if self._consented else state.consented,
            state.deposit_nonces | self._nonces if self._nonces else state.deposit_nonces,
            state.sessions | self._sessions if self._sessions else state.sessions,
        )

    # Storage

    def channel(self, channel_id: bytes) -> Channel:
        """Return the current state of a channel."""
        return self._channels.get(channel_id) or self.state.channels.get(channel_id, NOTHING)

    def store(self, channel_id: bytes, channel: Channel, **changes: Any) -> Channel:
        """Write `channel` with `changes`; return it."""
        changed = replace(channel, **changes)
        self._channels[channel_id] = changed
        return changed

    def remember_token(self, channel_id: bytes, token: Address) -> None:
        """Record the token of a channel."""
        if self.state.tokens.get(channel_id) is None:
            self._tokens[channel_id] = token

    def owed(self, account: Address, token: Address) -> int:
        """Return the amount owed after failed transfers."""
        return self._owed.get((account, token), self.state.owed.get((account, token), 0))

    def set_owed(self, account: Address, token: Address, amount: int) -> None:
        """Write the amount owed to an account."""
        self._owed[account, token] = amount

    def consented(self, place: tuple[bytes, bool, int, int]) -> int:
        """Return the amount that a lock has paid by the receiver's consents."""
        return self._consented.get(place, self.state.consented.get(place, 0))

    def set_consented(self, place: tuple[bytes, bool, int, int], paid: int) -> None:
        """Write the amount that a lock has paid by consents."""
        self._consented[place] = paid

    def deposit_nonce_used(self, owner: Address, nonce: int) -> bool:
        """Return True if a `Deposit` of this owner with this nonce was used."""
        return (owner, nonce) in self.state.deposit_nonces or (owner, nonce) in self._nonces

    def use_deposit_nonce(self, owner: Address, nonce: int) -> None:
        """Mark a deposit nonce as used."""
        self._nonces.add((owner, nonce))

    def registered(self, owner: Address, struct_hash: bytes) -> bool:
        """Return True if the owner registered this session."""
        return (owner, struct_hash) in self.state.sessions

    def register(self, owner: Address, struct_hash: bytes) -> None:
        """Register a session. Irrevocable."""
        self._sessions.add((owner, struct_hash))

    def emit(self, effect: Effect) -> None:
        """Add an effect."""
        self.effects.append(effect)

    # Checks

    def load(self, key: Key, simplex: bool) -> tuple[bytes, Channel]:
        """Return the id and the state of a channel; raise UnexpectedChannelMode if the key is of the other kind."""
        channel_id = key.id
        if key.simplex != simplex:
            raise UnexpectedChannelMode(channel_id)
        return channel_id, self.channel(channel_id)

    @staticmethod
    def require_at_most(channel_id: bytes, have: int, need: int) -> None:
        """Raise AmountOutOfRange if `need` is above `have`."""
        if need > have:
            raise AmountOutOfRange(channel_id, have, need)

    @staticmethod
    def require_alive(channel_id: bytes, channel: Channel) -> None:
        """Raise unless the channel is funded and not closed."""
        if channel.empty:
            raise ChannelNotOpen(channel_id)
        if channel.deadline == CLOSED:
            raise ChannelClosed(channel_id)

    def require_open(self, channel_id: bytes, channel: Channel) -> None:
        """Raise unless the channel is funded, not closed and not in dispute."""
        self.require_alive(channel_id, channel)
        if channel.deadline:
            raise DisputeRunning(channel_id, channel.deadline)

    def require_dispute_open(self, channel_id: bytes, channel: Channel) -> None:
        """Raise unless the dispute window is open."""
        if channel.deadline == CLOSED:
            raise ChannelClosed(channel_id)
        if not channel.deadline or self.now > channel.deadline:
            raise DisputeNotOpen(channel_id, self.now, channel.deadline)

    def require_dispute_over(self, channel_id: bytes, channel: Channel) -> None:
        """Raise unless a dispute window was opened and is over."""
        if channel.deadline == CLOSED:
            raise ChannelClosed(channel_id)
        if not channel.deadline:
            raise DisputeNotOpen(channel_id, self.now, 0)
        if self.now <= channel.deadline:
            raise DisputeNotOver(channel_id, self.now, channel.deadline)

    def require_not_expired(self, valid_until: int) -> None:
        """Raise ExpiredConsent if a signed consent has expired."""
        if self.now > valid_until:
            raise ExpiredConsent(self.now, valid_until)

    def require_signed(self, struct_hash: bytes, signer: Address, signature: bytes) -> None:
        """Raise InvalidSignature unless `signer` itself signed the message with this struct hash."""
        if not self.env.is_valid(self.domain.digest(struct_hash), signer, signature):
            raise InvalidSignature(signer)

    def require_consent(self, struct_hash: bytes, signer: Address, signature: bytes) -> None:
        """Raise InvalidSignature unless `signer` signed the message or is the caller, which consents by its call."""
        if self.env.caller != signer:
            self.require_signed(struct_hash, signer, signature)

    def require_counter_signed(
        self, channel_id: bytes, signer: Address, right: int, exposure: int, struct_hash: bytes, signature: bytes
    ) -> None:
        """Raise unless the party's key signed, or its session key within right and cap."""
        if is_session_proof(signature):
            signer = self.require_session(channel_id, signer, right, exposure, signature[SIGNATURE_BYTES:-32])
            signature = signature[:SIGNATURE_BYTES]
        if not self.is_signed_by(struct_hash, signer, signature):
            raise InvalidSignature(signer)

    def is_signed_by(self, struct_hash: bytes, key: Address, signature: bytes) -> bool:
        """Return True for an ECDSA signature of this key."""
        return self.env.recover(self.domain.digest(struct_hash), signature) == key != ZERO_ADDRESS

    def require_session(self, channel_id: bytes, owner: Address, right: int, exposure: int, data: bytes) -> Address:
        """Return the session key that has the right."""
        recover, registered = self.env.recover, self.registered
        return check_session(self.domain, channel_id, owner, right, exposure, data, self.now, recover, registered)

    def delay_of(self, key: Key) -> int:
        """Return the key's delay, clamped to the hub's bounds, seconds."""
        return max(self.config.min_delay, min(key.delay, self.config.max_delay))

    def deadline_from_now(self, key: Key) -> int:
        """Return the end of a window that starts now, with the key's delay clamped."""
        return self.now + self.delay_of(key)

    # Money

    def receive(self, token: Address, source: Address, amount: int) -> None:
        """Record an incoming amount."""
        if amount:
            self._balances[token] = self._balance(token) + amount
            self.emit(Pulled(token, source, amount))

    def end(self, key: Key, channel_id: bytes, channel: Channel, pay_a: int, pay_b: int) -> None:
        """Close the channel and pay both parties; the caller must clear the posted proofs of a dispute."""
        tombstone = 0 if self.now > key.open_before else CLOSED
        changes = {"net_a": 0, "net_b": 0, "deadline": tombstone}
        if key.simplex:
            changes["sent_a"] = 0
        self.store(channel_id, channel, **changes)
        self.emit(Closed(channel_id, pay_a, pay_b))
        self.push(key.token, key.a, pay_a)
        self.push(key.token, key.b, pay_b)

    def push(self, token: Address, to: Address, amount: int) -> None:
        """Pay an amount, or record it as owed if the transfer fails."""
        if not amount or self.try_push(token, to, amount):
            return
        self.set_owed(to, token, self.owed(to, token) + amount)
        self.emit(PayoutDeferred(to, token, amount))

    def try_push(self, token: Address, to: Address, amount: int) -> bool:
        """Pay an amount; return False if the receiver or its token refuses it."""
        if to in self.env.failing:
            return False
        self._balances[token] = self._balance(token) - amount
        self.emit(Transferred(token, to, amount))
        return True

    def _balance(self, token: Address) -> int:
        return self._balances.get(token, self.state.balances.get(token, 0))
