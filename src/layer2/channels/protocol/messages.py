"""Everything that is signed about channels (EIP-712), under the hub's own domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from layer2.primitives.addresses import Address, to_address
from layer2.primitives.typed_data import Domain, TypedMessage

HUB_NAME = "layer2 ChannelHub"
HUB_VERSION = "1"

RIGHT_TO_PAY = 1
"""Sign vouchers and lock vouchers."""
RIGHT_TO_CLOSE = 2
"""Start a unilateral close."""
RIGHT_TO_ACCEPT = 4
"""Sign `Accept` and `Resolve` as the receiver of locks."""


def hub_domain(chain_id: int, hub: str) -> Domain:
    """The EIP-712 domain of the hub at `hub`."""
    return Domain(HUB_NAME, HUB_VERSION, chain_id, to_address(hub))


@dataclass(frozen=True, slots=True)
class Voucher(TypedMessage):
    """The signer has sent `amount` in all through the channel, token units. A payment is the next, higher one."""

    TYPE: ClassVar[str] = "Voucher(bytes32 channelId,uint128 amount)"
    channel_id: bytes
    amount: int


@dataclass(frozen=True, slots=True)
class LockVoucher(TypedMessage):
    """A voucher with conditional payments on top: `locked` in all, the last of them until `last_expiry`.

    `locks_root` commits to the locks and their order (see `lock_tree`). A higher `nonce` replaces the proofs of this
    direction with lower ones.
    """

    TYPE: ClassVar[str] = (
        "LockVoucher(bytes32 channelId,uint128 amount,uint48 nonce,uint128 locked,uint48 lastExpiry,bytes32 locksRoot)"
    )
    channel_id: bytes
    amount: int
    nonce: int
    locked: int
    last_expiry: int
    locks_root: bytes


@dataclass(frozen=True, slots=True)
class Close(TypedMessage):
    """The channel ends at these counters. In a simplex channel `sent_b` is zero and only the payee signs."""

    TYPE: ClassVar[str] = "Close(bytes32 channelId,uint128 sentA,uint128 sentB)"
    channel_id: bytes
    sent_a: int
    sent_b: int


@dataclass(frozen=True, slots=True)
class Withdraw(TypedMessage):
    """Both parties let `out_a` and `out_b` leave an open channel, as its step number `epoch`."""

    TYPE: ClassVar[str] = "Withdraw(bytes32 channelId,uint128 outA,uint128 outB,uint32 epoch,uint48 validUntil)"
    channel_id: bytes
    out_a: int
    out_b: int
    epoch: int
    valid_until: int


@dataclass(frozen=True, slots=True)
class Move(TypedMessage):
    """Both parties of the first channel let money pass into the second, as step number `epoch` of the first."""

    TYPE: ClassVar[str] = (
        "Move(bytes32 fromId,bytes32 toId,uint128 outA,uint128 outB,uint128 inA,uint128 inB,"
        "uint32 epoch,uint48 validUntil)"
    )
    from_id: bytes
    to_id: bytes
    out_a: int
    out_b: int
    in_a: int
    in_b: int
    epoch: int
    valid_until: int


@dataclass(frozen=True, slots=True)
class Session(TypedMessage):
    """`key` may act for the signer in one channel: up to `cap` in all, until `valid_until`, as `rights` say."""

    TYPE: ClassVar[str] = "Session(bytes32 channelId,address key,uint128 cap,uint48 validUntil,uint8 rights)"
    channel_id: bytes
    key: Address
    cap: int
    valid_until: int
    rights: int


@dataclass(frozen=True, slots=True)
class Accept(TypedMessage):
    """The signer, receiver of a direction, takes the lock voucher that hashes to `proof_hash` as its newest one.

    It is the acknowledgement that the sender needs to drop a lock, and the consent with which anybody may post that
    voucher. It has no end: an older one cannot beat a newer one, because nonces decide.
    """

    TYPE: ClassVar[str] = "Accept(bytes32 channelId,bool fromB,uint48 nonce,bytes32 proofHash)"
    channel_id: bytes
    from_b: bool
    nonce: int
    proof_hash: bytes


@dataclass(frozen=True, slots=True)
class Resolve(TypedMessage):
    """The signer, receiver of a direction, lets anybody resolve one lock of it in one way.

    `leaf` and `resolution` are the keccak of the packed lock and of its resolution. It has no end: of several consents
    for one lock the one that pays most counts.
    """

    TYPE: ClassVar[str] = "Resolve(bytes32 channelId,bool fromB,bytes32 leaf,bytes32 resolution)"
    channel_id: bytes
    from_b: bool
    leaf: bytes
    resolution: bytes


@dataclass(frozen=True, slots=True)
class Deposit(TypedMessage):
    """The signer lets `amount` be pulled for its side of the channel, once: `nonce` is any unused number of its own."""

    TYPE: ClassVar[str] = "Deposit(bytes32 channelId,uint128 amount,uint256 nonce,uint48 validUntil)"
    channel_id: bytes
    amount: int
    nonce: int
    valid_until: int


MESSAGES: tuple[type[TypedMessage], ...] = (
    Voucher,
    LockVoucher,
    Close,
    Withdraw,
    Move,
    Session,
    Accept,
    Resolve,
    Deposit,
)
"""All of them."""
