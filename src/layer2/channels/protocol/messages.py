"""All signed messages of channels (EIP-712), under the hub's own domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from layer2.primitives.addresses import Address, to_address
from layer2.primitives.typed_data import Domain, TypedMessage

HUB_NAME = "layer2 ChannelHub"
HUB_VERSION = "1"

RIGHT_TO_PAY = 1
"""Right to sign vouchers and lock vouchers."""
RIGHT_TO_CLOSE = 2
"""Right to start a unilateral close."""
RIGHT_TO_ACCEPT = 4
"""Right to sign `Accept` and `Resolve` as the receiver of locks."""


def hub_domain(chain_id: int, hub: str) -> Domain:
    """Return the EIP-712 domain of the hub at `hub`."""
    return Domain(HUB_NAME, HUB_VERSION, chain_id, to_address(hub))


@dataclass(frozen=True, slots=True)
class Voucher(TypedMessage):
    """Statement that the signer has sent `amount` in total through the channel, token units.

    Each payment is a new voucher with a higher amount.
    """

    TYPE: ClassVar[str] = "Voucher(bytes32 channelId,uint128 amount)"
    channel_id: bytes
    amount: int


@dataclass(frozen=True, slots=True)
class LockVoucher(TypedMessage):
    """A voucher with conditional payments: `locked` in total, the last of them until `last_expiry`.

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
    """Consent to close the channel at these counters.

    In a simplex channel `sent_b` is zero and only the payee signs.
    """

    TYPE: ClassVar[str] = "Close(bytes32 channelId,uint128 sentA,uint128 sentB)"
    channel_id: bytes
    sent_a: int
    sent_b: int


@dataclass(frozen=True, slots=True)
class Withdraw(TypedMessage):
    """Consent of both parties to withdraw `out_a` and `out_b` from an open channel, as its step number `epoch`."""

    TYPE: ClassVar[str] = "Withdraw(bytes32 channelId,uint128 outA,uint128 outB,uint32 epoch,uint48 validUntil)"
    channel_id: bytes
    out_a: int
    out_b: int
    epoch: int
    valid_until: int


@dataclass(frozen=True, slots=True)
class Move(TypedMessage):
    """Consent of the first channel's parties to move money into the second, as step number `epoch` of the first."""

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
    """Authorisation of `key` to act for the signer in one channel, limited by `rights`, `cap` and `valid_until`.

    `cap` is the maximum total in token units.
    """

    TYPE: ClassVar[str] = "Session(bytes32 channelId,address key,uint128 cap,uint48 validUntil,uint8 rights)"
    channel_id: bytes
    key: Address
    cap: int
    valid_until: int
    rights: int


@dataclass(frozen=True, slots=True)
class Accept(TypedMessage):
    """Acceptance of a lock voucher as the newest one, signed by the receiver of the direction.

    `proof_hash` is the hash of the lock voucher. The sender needs this acknowledgement to drop a lock, and anyone may
    post the voucher with it. An acceptance does not expire: nonces ensure that an older one cannot replace a newer one.
    """

    TYPE: ClassVar[str] = "Accept(bytes32 channelId,bool fromB,uint48 nonce,bytes32 proofHash)"
    channel_id: bytes
    from_b: bool
    nonce: int
    proof_hash: bytes


@dataclass(frozen=True, slots=True)
class Resolve(TypedMessage):
    """Consent of a direction's receiver that anyone may resolve one of its locks in one way.

    `leaf` and `resolution` are the keccak of the packed lock and of its resolution. A consent does not expire: of
    several consents for one lock the one that pays most counts.
    """

    TYPE: ClassVar[str] = "Resolve(bytes32 channelId,bool fromB,bytes32 leaf,bytes32 resolution)"
    channel_id: bytes
    from_b: bool
    leaf: bytes
    resolution: bytes


@dataclass(frozen=True, slots=True)
class Deposit(TypedMessage):
    """Consent to pull `amount` once for the signer's side of the channel; `nonce` is any number it has not used."""

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
"""Types of all messages."""
