"""Typed wrapper of the deployed hub: one method per entry point, receipts with typed events, typed errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from layer2.channels.bindings.errors import HubError
from layer2.channels.bindings.events import HubEvent, typed_event
from layer2.channels.contract import calls as hubcalls
from layer2.channels.contract.calls import HubCall, LockProof, Opening
from layer2.channels.contract.channel_view import ChannelView
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.locks import Lock
from layer2.channels.protocol.messages import Session, hub_domain
from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract, deploy
from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.fees import GasPolicy
from layer2.ethereum.records import Log, Receipt
from layer2.ethereum.sender import Pending, Sender
from layer2.ethereum.signer import Signer
from layer2.ethereum.windows import require_windows
from layer2.primitives.addresses import ZERO_ADDRESS, Address, to_address
from layer2.primitives.errors import InputError

__all__ = [
    "DEVNET",
    "PERMIT2",
    "PUBLIC",
    "HubContract",
    "HubReceipt",
    "LockProof",
    "Opening",
    "Profile",
    "Pull",
]

PERMIT2 = to_address("0x000000000022D473030F116dDEE9F6B43aC78BA3")
"""Permit2's address, the same on every chain that has it (github.com/Uniswap/permit2)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Constructor parameters of the hub: bounds of the challenge window and of lock expiries, seconds."""

    min_delay: int
    max_delay: int
    max_lock_duration: int
    permit2: Address = PERMIT2


PUBLIC = Profile(min_delay=3600, max_delay=30 * 86400, max_lock_duration=7 * 86400)
"""Profile for public chains: one hour is the shortest time in which a watchtower can expect to be mined."""

DEVNET = Profile(min_delay=1, max_delay=30 * 86400, max_lock_duration=7 * 86400)
"""Profile for development chains, with windows down to one second."""


@dataclass(frozen=True, slots=True)
class Pull:
    """One part of a pulled deposit; `source`: 0 allowance, 1 EIP-3009, 2 EIP-2612, 3 Permit2 (`IChannelHub.Source`)."""

    source: int
    side_b: bool
    amount: int
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class HubReceipt:
    """A mined hub transaction and its typed events, in order."""

    receipt: Receipt
    events: tuple[HubEvent, ...]

    @property
    def gas_used(self) -> int:
        """Total gas used by the transaction."""
        return self.receipt.gas_used

    def __repr__(self) -> str:
        names = ", ".join(type(event).__name__ for event in self.events)
        return f"<HubReceipt block={self.receipt.block_number} gas={self.gas_used} [{names}]>"


class HubContract:
    """The hub at an address. Amounts in token units (wei for ether), times in Unix seconds.

    Every method that sends raises the typed error (see `bindings.errors`) of the contract's custom error.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.connection = contract.connection
        self.address = contract.address
        self.domain = hub_domain(self.connection.chain_id, self.address)
        self._bounds: tuple[int, int] | None = None
        self._lock_duration: int | None = None

    @classmethod
    def deploy_contract(cls, connection: Connection, sender: Sender | Signer, profile: Profile) -> Contract:
        """Deploy the packaged hub."""
        require_windows(connection, challenge_window=profile.min_delay)
        paying = sender if isinstance(sender, Sender) else Sender(connection, sender)
        args = (profile.permit2, profile.min_delay, profile.max_delay, profile.max_lock_duration)
        return deploy(paying, load_artifact("ChannelHub"), *args)

    @staticmethod
    def bind(connection: Connection, address: str) -> Contract:
        """Bind the packaged ABI to an address; raise `InputError` for an address without code."""
        target = to_address(address)
        if not connection.code(target):
            raise InputError(
                f"hub: no code at {target} on chain {connection.chain_id}",
                hint="deploy first, or connect to the chain it is on",
            )
        return Contract(connection, target, load_artifact("ChannelHub").abi)

    # ------------------------------------------------------------------------------------------------------- views

    def view(self, key: ChannelKey, block: int | None = None) -> ChannelView:
        """Return the channel's decoded words at a block, by default the newest."""
        words = self.contract.call("channel", key.id, block=block)
        return ChannelView.decode(key.id, tuple(words), simplex=key.simplex)

    def owed(self, account: str, token: str = ZERO_ADDRESS) -> int:
        """Return the amount of failed transfers held for an account."""
        return int(self.contract.call("pendingWithdrawals", to_address(account), to_address(token)))

    def is_registered(self, owner: Address, struct_hash: bytes) -> bool:
        """Return True if `owner` registered the session with this struct hash. Registration is irrevocable."""
        return bool(self.contract.call("isRegistered", owner, struct_hash))

    def deposit_nonce_used(self, owner: Address, nonce: int) -> bool:
        """Return True if a `Deposit` of `owner` with this nonce was used."""
        bits = int(self.contract.call("depositNonces", owner, nonce >> 8))
        return bool(bits >> (nonce & 255) & 1)

    def delay_bounds(self) -> tuple[int, int]:
        """Return the shortest and longest effective window, seconds."""
        if self._bounds is None:
            low, high = self.contract.call("delayBounds")
            self._bounds = (int(low), int(high))
        return self._bounds

    def max_lock_duration(self) -> int:
        """Return the longest time to a lock's expiry that the hub accepts when its proof is posted, seconds."""
        if self._lock_duration is None:
            self._lock_duration = int(self.contract.call("maxLockDuration"))
        return self._lock_duration

    def window(self, key: ChannelKey) -> int:
        """Return the key's delay, clamped to the hub's bounds, seconds."""
        low, high = self.delay_bounds()
        return max(low, min(key.delay, high))

    def decode(self, log: Log) -> HubEvent | None:
        """Return the typed event of a log; `None` if it is not the hub's."""
        event = self.contract.decode_log(log)
        return None if event is None else typed_event(event.name, event.args)

    # ----------------------------------------------------------------------------------------------------- funding

    def deposit(self, sender: Sender, key: ChannelKey, amount_a: int, amount_b: int = 0) -> HubReceipt:
        """Deposit the sender's ether or (approved) tokens for either side or both."""
        value = amount_a + amount_b if key.token == ZERO_ADDRESS else 0
        return self._send(sender, "deposit", key.as_tuple(), amount_a, amount_b, value=value)

    def deposit_eth(self, sender: Sender, key: ChannelKey, amount: int, *, side: str = "A") -> HubReceipt:
        """Deposit ether by channel id alone, the cheapest way. The key's own rules are not checked on chain."""
        return self._send(sender, "depositETH", key.id, side == "B", value=amount)

    def deposit_pulled(self, sender: Sender, key: ChannelKey, pulls: Sequence[Pull]) -> HubReceipt:
        """Deposit tokens pulled by allowance, EIP-3009, EIP-2612 or Permit2. Anyone may send it."""
        rows = [(one.source, one.side_b, one.amount, one.data) for one in pulls]
        return self._send(sender, "depositPulled", key.as_tuple(), rows)

    def register_session(self, sender: Sender, session: Session) -> HubReceipt:
        """Register a session key of the sender on chain. Irrevocable."""
        return self.send(sender, hubcalls.register_session(session))

    # ------------------------------------------------------------------------------------------------- cooperation

    def close(
        self,
        sender: Sender,
        key: ChannelKey,
        sent_a: int,
        sent_b: int,
        signature_a: bytes,
        signature_b: bytes,
    ) -> HubReceipt:
        """Close at co-signed counters; a party that sends needs no signature of its own."""
        return self._send(sender, "close", key.as_tuple(), sent_a, sent_b, signature_a, signature_b)

    def withdraw(
        self,
        sender: Sender,
        key: ChannelKey,
        out_a: int,
        out_b: int,
        valid_until: int,
        signature_a: bytes,
        signature_b: bytes,
    ) -> HubReceipt:
        """Withdraw from an open channel with both signatures."""
        return self._send(sender, "withdraw", key.as_tuple(), out_a, out_b, valid_until, signature_a, signature_b)

    def move(
        self,
        sender: Sender,
        source: ChannelKey,
        target: ChannelKey,
        amounts: tuple[int, int, int, int],
        valid_until: int,
        signature_a: bytes,
        signature_b: bytes,
    ) -> HubReceipt:
        """Move `(outA, outB, inA, inB)`, co-signed, into another channel of the same token."""
        args = (source.as_tuple(), target.as_tuple(), list(amounts), valid_until, signature_a, signature_b)
        return self._send(sender, "move", *args)

    # ---------------------------------------------------------------------------------------------------- disputes

    def start_close(self, sender: Sender, key: ChannelKey, amount: int = 0, signature: bytes = b"") -> HubReceipt:
        """Start a unilateral close as a party, with the newest voucher received."""
        return self.send(sender, hubcalls.start_close(key, amount, signature))

    def start_close_as(
        self,
        sender: Sender,
        key: ChannelKey,
        side: str,
        session: bytes,
        amount: int = 0,
        signature: bytes = b"",
    ) -> HubReceipt:
        """Start a unilateral close with a session key of that side."""
        return self.send(sender, hubcalls.start_close_as(key, side, session, amount, signature))

    def post(self, sender: Sender, key: ChannelKey, side: str, amount: int, signature: bytes) -> HubReceipt:
        """Post a newer voucher of `side`'s direction."""
        return self.send(sender, hubcalls.post(key, side, amount, signature))

    def post_locks(
        self, sender: Sender, key: ChannelKey, side: str, proof: LockProof, accept: bytes = b""
    ) -> HubReceipt:
        """Post a lock proof of `side`'s direction, as its receiver or with the receiver's `Accept`."""
        return self.send(sender, hubcalls.post_locks(key, side, proof, accept))

    def unlock(
        self, sender: Sender, key: ChannelKey, side: str, limit: int, locks: Sequence[Lock], openings: Iterable[Opening]
    ) -> HubReceipt:
        """Resolve locks of the posted proof of `side`'s direction; `limit` is its amount plus its locked sum."""
        return self.send(sender, hubcalls.unlock(key, side, limit, locks, openings))

    def settle(self, sender: Sender, key: ChannelKey) -> HubReceipt:
        """Pay both parties by the posted counters, after the window."""
        return self.send(sender, hubcalls.settle(key))

    # ----------------------------------------------------------------------------------------------------- simplex

    def claim_vouchers(
        self, sender: Sender, payee: str, token: str, rows: bytes, session_rows: bytes = b""
    ) -> HubReceipt:
        """Pay a simplex payee for many channels in one call; see `proofs.claim_rows`."""
        return self.send(sender, hubcalls.claim(to_address(payee), to_address(token), rows, session_rows))

    def claim_voucher(self, sender: Sender, key: ChannelKey, amount: int, signature: bytes) -> HubReceipt:
        """Pay a simplex payee for one voucher."""
        return self.send(sender, hubcalls.claim_voucher(key, amount, signature))

    def close_simplex(
        self,
        sender: Sender,
        key: ChannelKey,
        amount: int,
        voucher_signature: bytes,
        payee_signature: bytes = b"",
    ) -> HubReceipt:
        """Close a simplex channel: the payee gets the voucher's amount, the payer the rest."""
        return self._send(sender, "closeSimplex", key.as_tuple(), amount, voucher_signature, payee_signature)

    def request_exit(self, sender: Sender, key: ChannelKey) -> HubReceipt:
        """Start the payer's exit."""
        return self._send(sender, "requestExit", key.as_tuple())

    def exit(self, sender: Sender, key: ChannelKey) -> HubReceipt:
        """Pay the payer the unclaimed balance, after the delay."""
        return self._send(sender, "exit", key.as_tuple())

    def withdraw_pending(self, sender: Sender, token: str = ZERO_ADDRESS, to: str | None = None) -> HubReceipt:
        """Withdraw the failed transfers held for the sender."""
        return self._send(sender, "withdrawPending", to_address(token), to_address(to or sender.address))

    # ----------------------------------------------------------------------------------------------------- sending

    def send(self, sender: Sender, call: HubCall) -> HubReceipt:
        """Send a call and wait for its receipt."""
        return self._send(sender, call.name, *call.args)

    def send_for(self, sender: Sender, call: HubCall, policy: GasPolicy, keep: Callable[[Pending], None]) -> Pending:
        """Send a call without waiting, under its own gas policy; `keep` receives each version. Finish with `poll`."""
        data = self.contract.encode(call.name, *call.args)
        decoder = self.contract.decoder
        try:
            return sender.send_nowait(self.address, data, decoder=decoder, policy=policy, keep=keep)
        except ContractReverted as reverted:
            raise _typed(reverted) from reverted

    def poll(self, sender: Sender, pending: Pending) -> HubReceipt | None:
        """Return the receipt of a `send_for` if it is mined, else `None` immediately; replaces it when due."""
        try:
            receipt = sender.poll(pending, decoder=self.contract.decoder)
        except ContractReverted as reverted:
            raise _typed(reverted) from reverted
        return None if receipt is None else self._receipt(receipt)

    def _send(self, sender: Sender, name: str, *args: Any, value: int = 0) -> HubReceipt:
        try:
            return self._receipt(self.contract.transact(sender, name, *args, value=value))
        except ContractReverted as reverted:
            raise _typed(reverted) from reverted

    def _receipt(self, receipt: Receipt) -> HubReceipt:
        decoded = (typed_event(event.name, event.args) for event in self.contract.events(receipt))
        return HubReceipt(receipt, tuple(event for event in decoded if event is not None))


def _typed(reverted: ContractReverted) -> Exception:
    return HubError.from_revert(reverted.name, reverted.arguments) or reverted
