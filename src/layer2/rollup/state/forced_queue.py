"""Forced inclusion queue: deposits and operations ordered by L1, and their effects on the state."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from layer2.primitives.addresses import Address, address_bytes, to_address
from layer2.primitives.errors import MalformedError
from layer2.primitives.hashing import keccak
from layer2.rollup.protocol.messages import Transfer, Withdraw
from layer2.rollup.protocol.params import MAX_ACCOUNTS, MAX_BALANCE, MAX_NONCE
from layer2.rollup.state.operations import move, withdraw
from layer2.rollup.state.signature_oracle import SignatureOracle
from layer2.rollup.state.state import Account, State, Withdrawal

__all__ = [
    "TO_THE_END",
    "Deposit",
    "Forced",
    "NewToken",
    "QueueItem",
    "Scheme",
    "apply_item",
    "decode_item",
    "helping",
    "next_acc",
]

_DEPOSIT, _FORCED, _TOKEN = 1, 2, 3
_CHECKPOINT = 256
_MOST = 10 * _CHECKPOINT
"""Maximum number of queue items consumed by one entry (`Inbox.MAX_CONSUME`)."""


class Scheme(IntEnum):
    """Authorisation of a forced operation: the L1 account that queued it, or a signature."""

    SENDER = 0
    ECDSA = 1
    BLS = 2


@dataclass(frozen=True, slots=True)
class Deposit:
    """Deposit of `amount` of `token` by `sender`, for account `to` or, if it is 0, for a new account of `owner`."""

    sender: Address
    token: int
    amount: int
    owner: bytes
    to: int

    def encode(self) -> bytes:
        """Return `1 | sender(20) | token(2) | amount(16) | owner(32) | to(4)`: 75 bytes."""
        head = bytes((_DEPOSIT,)) + address_bytes(self.sender) + self.token.to_bytes(2, "big")
        return head + self.amount.to_bytes(16, "big") + self.owner + self.to.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class Forced:
    """Operation that the sequencer cannot omit: a transfer to account `to`, or a withdrawal if `target` is set."""

    sender: Address
    account: int
    token: int
    amount: int
    to: int = 0
    target: Address | None = None
    scheme: int = Scheme.SENDER
    signature: bytes = b""

    def encode(self) -> bytes:
        """Return the item in the encoding that the contract hashes.

        The format is `2 | sender(20) | scheme(1) | account(4) | token(2) | amount(16) | withdraws(1) | to(20) |
        signature`.
        """
        head = bytes((_FORCED,)) + address_bytes(self.sender) + bytes((self.scheme,)) + self.account.to_bytes(4, "big")
        head += self.token.to_bytes(2, "big") + self.amount.to_bytes(16, "big")
        if self.target is None:
            return head + b"\0" + self.to.to_bytes(20, "big") + self.signature
        return head + b"\1" + address_bytes(self.target) + self.signature


@dataclass(frozen=True, slots=True)
class NewToken:
    """Registration of a token under the next id."""

    sender: Address
    token: int
    address: Address

    def encode(self) -> bytes:
        """Return `3 | sender(20) | token(2) | address(20)`: 43 bytes."""
        head = bytes((_TOKEN,)) + address_bytes(self.sender) + self.token.to_bytes(2, "big")
        return head + address_bytes(self.address)


QueueItem = Deposit | Forced | NewToken


def decode_item(raw: bytes) -> QueueItem:
    """Return the item of a `Queued` event; raise MalformedError for bytes that the contract does not write."""
    sender, rest = to_address(raw[1:21]), raw[21:]
    number = int.from_bytes
    if raw[0] == _DEPOSIT and len(raw) == 75:
        return Deposit(
            sender, number(rest[:2], "big"), number(rest[2:18], "big"), rest[18:50], number(rest[50:], "big")
        )
    if raw[0] == _TOKEN and len(raw) == 43:
        return NewToken(sender, number(rest[:2], "big"), to_address(rest[2:]))
    if raw[0] == _FORCED and len(raw) >= 65 and rest[23] <= 1:
        to = rest[24:44]
        target = to_address(to) if rest[23] else None
        head = (number(rest[1:5], "big"), number(rest[5:7], "big"), number(rest[7:23], "big"))
        return Forced(sender, *head, 0 if target else number(to, "big"), target, rest[0], rest[44:])
    raise MalformedError(f"a queue item of {len(raw)} bytes and type {raw[0]}")


def next_acc(acc: bytes, item: bytes) -> bytes:
    """Return the queue's accumulator after an item: the last 28 bytes of `keccak(acc(28) | keccak(item))`."""
    return keccak(acc + keccak(item))[4:]


TO_THE_END = 2**32 - 1
"""Queue end that consumes as much as `helping` allows for the length of the queue on execution."""


def helping(consumed: int, length: int) -> int:
    """Return the queue end of the next entry: `length`, or the last checkpoint in reach of `consumed`.

    The remaining items may be overdue; the contract allows this once an entry consumes the maximum.
    """
    return length if length - consumed <= _MOST else (consumed + _MOST) // _CHECKPOINT * _CHECKPOINT


def apply_item(state: State, item: QueueItem, authority: SignatureOracle) -> None:
    """Consume an item; it counts as consumed even if it has no effect."""
    if isinstance(item, NewToken):
        state.tokens += 1
    elif isinstance(item, Deposit):
        _deposit(state, item)
    else:
        _force(state, item, authority)
    state.queue_count += 1
    state.queue_acc = next_acc(state.queue_acc, item.encode())


def _deposit(state: State, item: Deposit) -> None:
    """Credit a deposit, open an account for it, or return it to its sender; deposited funds are never lost."""
    if item.to == 0:
        # A new account of a BLS key is opened by a frame, which publishes the key.
        if not any(item.owner[:12]) and any(item.owner) and state.next_account < MAX_ACCOUNTS:
            state.create(Account(item.owner, item.token, 0, item.amount))
            return
    else:
        account = state.accounts.get(item.to)
        known = account is not None and account.owner == item.owner and account.token == item.token
        if account is not None and known and account.balance + item.amount <= MAX_BALANCE:
            state.change(item.to, balance=account.balance + item.amount)
            return
    state.take_out(Withdrawal(item.sender, item.token, item.amount))


def _force(state: State, item: Forced, authority: SignatureOracle) -> None:
    account = state.accounts.get(item.account)
    if account is None or account.token != item.token or account.nonce >= MAX_NONCE or item.to >> 32:
        return
    nonce, rest = account.nonce, (item.amount, item.token, 0)
    if item.scheme == Scheme.SENDER:
        allowed = account.address == item.sender
    else:
        message = (
            Transfer(item.account, nonce, item.to, *rest)
            if item.target is None
            else Withdraw(item.account, nonce, item.target, *rest)
        )
        digest = message.digest(authority.domain)
        if item.scheme == Scheme.ECDSA:
            allowed = account.address is not None and authority.recover(digest, item.signature) == account.address
        elif item.scheme == Scheme.BLS:
            key = state.keys.get(account.owner)
            allowed = key is not None and authority.verify([(key, digest)], item.signature)
        else:
            allowed = False
    if not allowed:
        return
    if item.target is None:
        move(state, item.account, item.to, item.amount, item.token, 0)
    else:
        withdraw(state, item.account, item.target, item.amount, item.token, 0)
