"""What all entry points share: the state under change, the checks by name, payouts. Twin of `HubBase.sol`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from layer2.channels.errors import (
    AmountOutOfRange,
    ChannelClosed,
    ChannelModeWrong,
    ChannelNotOpen,
    ConsentExpired,
    DisputeNotOpen,
    DisputeNotOver,
    DisputeRunning,
    SignatureInvalid,
)
from layer2.channels.hubevents import Closed, PayoutDeferred
from layer2.channels.messages import RIGHT_TO_PAY
from layer2.channels.model.env import Effect, Env, Pulled, Transferred
from layer2.channels.model.state import CLOSED, NOTHING, Channel, HubState, Key
from layer2.channels.sessions import SIGNATURE_BYTES, check_session, is_session_proof
from layer2.primitives.addresses import Address


class Call:
    """One call in progress: reads fall through to the state before it, writes are kept until `commit`."""

    __slots__ = ("_balances", "_channels", "_owed", "_tokens", "config", "domain", "effects", "env", "now", "state")

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

    def commit(self) -> HubState:
        """The state after the call."""
        state = self.state
        owed = {**state.owed, **self._owed} if self._owed else state.owed
        return HubState(
            state.config,
            {**state.channels, **self._channels},
            {key: amount for key, amount in owed.items() if amount} if self._owed else owed,
            {**state.balances, **self._balances} if self._balances else state.balances,
            {**state.tokens, **self._tokens} if self._tokens else state.tokens,
        )

    # Storage

    def channel(self, channel_id: bytes) -> Channel:
        """A channel as it is now."""
        return self._channels.get(channel_id) or self.state.channels.get(channel_id, NOTHING)

    def store(self, channel_id: bytes, channel: Channel, **changes: Any) -> Channel:
        """Write `channel` with `changes`; return it."""
        changed = replace(channel, **changes)
        self._channels[channel_id] = changed
        return changed

    def remember_token(self, channel_id: bytes, token: Address) -> None:
        """Note which token a channel holds."""
        if self.state.tokens.get(channel_id) is None:
            self._tokens[channel_id] = token

    def owed(self, account: Address, token: Address) -> int:
        """What a failed push left."""
        return self._owed.get((account, token), self.state.owed.get((account, token), 0))

    def set_owed(self, account: Address, token: Address, amount: int) -> None:
        """Write a debt."""
        self._owed[account, token] = amount

    def emit(self, effect: Effect) -> None:
        """Add an effect."""
        self.effects.append(effect)

    # Checks

    def load(self, key: Key, simplex: bool) -> tuple[bytes, Channel]:
        """Where every entry point of one kind of channel begins."""
        channel_id = key.id
        if key.simplex != simplex:
            raise ChannelModeWrong(channel_id)
        return channel_id, self.channel(channel_id)

    @staticmethod
    def require_at_most(channel_id: bytes, have: int, need: int) -> None:
        """Raise AmountOutOfRange if `need` is above `have`."""
        if need > have:
            raise AmountOutOfRange(channel_id, have, need)

    @staticmethod
    def require_alive(channel_id: bytes, channel: Channel) -> None:
        """Funded and not closed."""
        if channel.empty:
            raise ChannelNotOpen(channel_id)
        if channel.deadline == CLOSED:
            raise ChannelClosed(channel_id)

    def require_open(self, channel_id: bytes, channel: Channel) -> None:
        """Funded, not closed, no dispute."""
        self.require_alive(channel_id, channel)
        if channel.deadline:
            raise DisputeRunning(channel_id, channel.deadline)

    def require_dispute_open(self, channel_id: bytes, channel: Channel) -> None:
        """The window is open."""
        if channel.deadline == CLOSED:
            raise ChannelClosed(channel_id)
        if not channel.deadline or self.now > channel.deadline:
            raise DisputeNotOpen(channel_id, self.now, channel.deadline)

    def require_dispute_over(self, channel_id: bytes, channel: Channel) -> None:
        """The window was open and is over."""
        if channel.deadline == CLOSED:
            raise ChannelClosed(channel_id)
        if not channel.deadline:
            raise DisputeNotOpen(channel_id, self.now, 0)
        if self.now <= channel.deadline:
            raise DisputeNotOver(channel_id, self.now, channel.deadline)

    def require_not_expired(self, valid_until: int) -> None:
        """A signed consent still holds."""
        if self.now > valid_until:
            raise ConsentExpired(self.now, valid_until)

    def require_signed(self, struct_hash: bytes, signer: Address, signature: bytes) -> None:
        """By `signer` itself, over the message with this struct hash."""
        if not self.env.is_valid(self.domain.digest(struct_hash), signer, signature):
            raise SignatureInvalid(signer)

    def require_consent(self, struct_hash: bytes, signer: Address, signature: bytes) -> None:
        """As above; a caller consents by calling."""
        if self.env.caller != signer:
            self.require_signed(struct_hash, signer, signature)

    def require_counter_signed(
        self, channel_id: bytes, sender: Address, struct_hash: bytes, exposure: int, signature: bytes
    ) -> None:
        """By the sender, or by its session key within the cap."""
        if not is_session_proof(signature):
            self.require_signed(struct_hash, sender, signature)
            return
        key = self.require_session(channel_id, sender, RIGHT_TO_PAY, exposure, signature[SIGNATURE_BYTES:-32])
        if self.env.recover(self.domain.digest(struct_hash), signature[:SIGNATURE_BYTES]) != key:
            raise SignatureInvalid(key)

    def require_session(self, channel_id: bytes, owner: Address, right: int, exposure: int, data: bytes) -> Address:
        """The session key that has the right."""
        return check_session(self.domain, channel_id, owner, right, exposure, data, self.now, self.env.is_valid)

    def deadline_from_now(self, key: Key) -> int:
        """The end of a window that starts now; the key's delay is clamped."""
        return self.now + max(self.config.min_delay, min(key.delay, self.config.max_delay))

    # Money

    def receive(self, token: Address, source: Address, amount: int) -> None:
        """Money came in."""
        if amount:
            self._balances[token] = self._balance(token) + amount
            self.emit(Pulled(token, source, amount))

    def end(self, key: Key, channel_id: bytes, channel: Channel, pay_a: int, pay_b: int) -> None:
        """The channel ends; what was posted in a dispute is the caller's to clear."""
        tombstone = 0 if self.now > key.open_before else CLOSED
        changes = {"net_a": 0, "net_b": 0, "deadline": tombstone}
        if key.simplex:
            changes["sent_a"] = 0
        self.store(channel_id, channel, **changes)
        self.emit(Closed(channel_id, pay_a, pay_b))
        self.push(key.token, key.a, pay_a)
        self.push(key.token, key.b, pay_b)

    def push(self, token: Address, to: Address, amount: int) -> None:
        """Pay, or owe if the push fails."""
        if not amount or self.try_push(token, to, amount):
            return
        self.set_owed(to, token, self.owed(to, token) + amount)
        self.emit(PayoutDeferred(to, token, amount))

    def try_push(self, token: Address, to: Address, amount: int) -> bool:
        """Pay; False if the receiver or its token refuses."""
        if to in self.env.failing:
            return False
        self._balances[token] = self._balance(token) - amount
        self.emit(Transferred(token, to, amount))
        return True

    def _balance(self, token: Address) -> int:
        return self._balances.get(token, self.state.balances.get(token, 0))
