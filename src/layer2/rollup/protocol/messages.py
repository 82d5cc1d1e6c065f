"""Messages signed by rollup accounts (EIP-712 under the inbox's domain), by ECDSA or BLS over the same digest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from layer2.primitives.addresses import Address, to_address
from layer2.primitives.typed_data import Domain, TypedMessage

__all__ = ["Escape", "Transfer", "TransferClaim", "Withdraw", "rollup_domain"]


def rollup_domain(chain_id: int, inbox: str) -> Domain:
    """Return the EIP-712 domain of the rollup whose inbox is at `inbox`."""
    return Domain("layer2 Rollup", "1", chain_id, to_address(inbox))


@dataclass(frozen=True, slots=True)
class Transfer(TypedMessage):
    """Payment of `amount` of `token` from account `sender` to account `to`, with fee class `fee` and a nonce."""

    TYPE: ClassVar[str] = "Transfer(uint32 sender,uint32 nonce,uint32 to,uint128 amount,uint16 token,uint8 fee)"
    sender: int
    nonce: int
    to: int
    amount: int
    token: int
    fee: int


@dataclass(frozen=True, slots=True)
class Withdraw(TypedMessage):
    """Withdrawal of `amount` of `token` from account `sender` to L1 address `to`, with a fee class and a nonce."""

    TYPE: ClassVar[str] = "Withdraw(uint32 sender,uint32 nonce,address to,uint128 amount,uint16 token,uint8 fee)"
    sender: int
    nonce: int
    to: Address
    amount: int
    token: int
    fee: int


@dataclass(frozen=True, slots=True)
class Escape(TypedMessage):
    """Authorisation by the BLS key of `account` to pay its balance to `to` in frozen mode."""

    TYPE: ClassVar[str] = "Escape(uint32 account,address to)"
    account: int
    to: Address


@dataclass(frozen=True, slots=True)
class TransferClaim(TypedMessage):
    """Transfer of withdrawal `number` with leaf hash `leaf` from its target to `to`, valid until `valid_until`."""

    TYPE: ClassVar[str] = "TransferClaim(uint256 number,bytes32 leaf,address to,uint48 validUntil)"
    number: int
    leaf: bytes
    to: Address
    valid_until: int
