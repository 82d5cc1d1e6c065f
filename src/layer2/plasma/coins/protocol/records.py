"""Coin records, block headers and coin numbers, equal to the contract's structs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from layer2.primitives.addresses import Address, address_bytes, to_address
from layer2.primitives.display import Readable
from layer2.primitives.errors import RangeError
from layer2.primitives.hashing import keccak

__all__ = ["CoinExit", "CoinHeader", "CoinRecord", "Kind", "coin_of"]

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


class Kind(IntEnum):
    """Kind of a coin's asset."""

    ETHER = 0
    ERC20 = 1
    ERC721 = 2


@dataclass(frozen=True, slots=True, repr=False)
class CoinRecord(Readable):
    """A deposit (`ICoinChain.Coin`).

    Args:
        value: Amount in wei or token units, or the number of the ERC-721 token.
        birth: First block that may transfer the coin.
    """

    owner: Address
    kind: Kind
    token: Address
    value: int
    birth: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "owner", to_address(self.owner))
        object.__setattr__(self, "token", to_address(self.token))
        object.__setattr__(self, "kind", Kind(self.kind))
        if not (0 <= self.value < 1 << 256 and 0 < self.birth < 1 << 32):
            raise RangeError(f"a coin of value {self.value} born in block {self.birth} is out of range")

    def as_tuple(self) -> tuple[Address, int, Address, int, int]:
        """Return the record as a tuple of contract arguments."""
        return (self.owner, int(self.kind), self.token, self.value, self.birth)

    @property
    def basis(self) -> bytes:
        """Hash of the owner and the asset without the birth, 32 bytes; a transfer is accepted on this basis."""
        value = self.value.to_bytes(32, "big")
        return keccak(address_bytes(self.owner) + bytes((self.kind,)) + address_bytes(self.token) + value)

    @property
    def hash(self) -> bytes:
        """Hash of the record that the contract stores."""
        numbers = (int(self.kind).to_bytes(32, "big"), self.value.to_bytes(32, "big"), self.birth.to_bytes(32, "big"))
        owner, token = (bytes(12) + address_bytes(one) for one in (self.owner, self.token))
        return keccak(owner + numbers[0] + token + numbers[1] + numbers[2])


@dataclass(frozen=True, slots=True)
class CoinHeader:
    """A submitted block: its number, the root of its tree, and its submission time in Unix seconds."""

    number: int
    root: bytes
    time: int

    @property
    def hash(self) -> bytes:
        """Hash of the header that the contract stores."""
        return keccak(self.root + self.time.to_bytes(32, "big"))


@dataclass(frozen=True, slots=True)
class CoinExit:
    """A running exit (`ICoinChain.Exit`).

    Attributes:
        number: Block of the exiting transfer, zero for the deposit.
        exitable_at: End of the challenge period in Unix seconds.
        challenges: Number of unanswered history challenges.
        prev_block: Block of the transfer that the exiting one spends, zero for the deposit.
        nonce: Number of this start among all starts of the exit.
        prev_owner: Signer of the exiting transfer.
    """

    number: int
    owner: Address
    exitable_at: int
    challenges: int
    prev_block: int
    nonce: int
    prev_owner: Address


def coin_of(deposit: int) -> int:
    """Return the coin of a deposit, numbered from 1 (`ICoinChain.coinOf`)."""
    if not 0 < deposit <= _MASK:
        raise RangeError(f"deposit {deposit} is out of range (1 to 2^64 - 1)")
    return deposit * _GOLDEN & _MASK
