"""What accounts of the rollup sign (EIP-712 under the inbox's domain), by ECDSA or by BLS over the same digest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from layer2.primitives.addresses import Address, to_address
from layer2.primitives.typed_data import Domain, TypedMessage

__all__ = ["Escape", "Transfer", "TransferClaim", "Withdraw", "rollup_domain"]


def rollup_domain(chain_id: int, inbox: str) -> Domain:
    """The EIP-712 domain of the rollup whose inbox is at `inbox`."""
    return Domain("layer2 Rollup", "1", chain_id, to_address(inbox))


@dataclass(frozen=True, slots=True)
class Transfer(TypedMessage):
    """Account `sender` pays `amount` of `token` to account `to`, and the fee of class `fee`, as its step `nonce`."""

    TYPE: ClassVar[str] = "Transfer(uint32 sender,uint32 nonce,uint32 to,uint128 amount,uint16 token,uint8 fee)"
    sender: int
    nonce: int
    to: int
    amount: int
    token: int
    fee: int


@dataclass(frozen=True, slots=True)
class Withdraw(TypedMessage):
    """Account `sender` takes `amount` of `token` out to `to` on the main chain, at the fee, as its step `nonce`."""

    TYPE: ClassVar[str] = "Withdraw(uint32 sender,uint32 nonce,address to,uint128 amount,uint16 token,uint8 fee)"
    sender: int
    nonce: int
    to: Address
    amount: int
    token: int
    fee: int


@dataclass(frozen=True, slots=True)
class Escape(TypedMessage):
    """The BLS key of account `account` has its balance paid to `to`, should the rollup be frozen."""

    TYPE: ClassVar[str] = "Escape(uint32 account,address to)"
    account: int
    to: Address


@dataclass(frozen=True, slots=True)
class TransferClaim(TypedMessage):
    """The target of withdrawal `number`, paying what `leaf` is the hash of, gives it to `to` until `valid_until`."""

    TYPE: ClassVar[str] = "TransferClaim(uint256 number,bytes32 leaf,address to,uint48 validUntil)"
    number: int
    leaf: bytes
    to: Address
    valid_until: int
