"""Transactions of coins: `type(1) = 1 | coin(8) | previous block(5) | new owner(20) | expiry(5)`, 39 bytes.

A coin is one indivisible deposit with a number; a transaction names the block of the coin's last one, so that its
history is a chain. A block of coins is a sparse tree by coin of the hashes of transactions with their signatures: its
root binds both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from struct import Struct
from typing import ClassVar, NamedTuple

from layer2.plasma.coins.protocol.sparse_merkle import SparseTree
from layer2.plasma.protocol.malformed import BodyMalformed, CoinMalformed
from layer2.plasma.protocol.params import MAX_EXPIRY
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.ecdsa import PrivateKey, recover, signers
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain, TypedMessage

__all__ = [
    "COIN_BYTES",
    "COIN_RECORD",
    "CoinTransaction",
    "SignedCoin",
    "Transfer",
    "coin_domain",
    "coin_signer",
    "coin_signers",
    "coin_tree",
    "decode_coin",
    "decode_coin_body",
    "encode_coin_body",
    "sign_coin",
]

COIN_BYTES = 39
"""Of a transaction alone."""
COIN_RECORD = COIN_BYTES + 64
"""With its signature."""
_LAYOUT = Struct(">BQBI20sBI")


@dataclass(frozen=True, slots=True)
class Transfer(TypedMessage):
    """The owner of `coin`, whose last block is `prev_block`, gives it to `new_owner` in a block up to `expiry`."""

    TYPE: ClassVar[str] = "Transfer(uint64 coin,uint40 prevBlock,address newOwner,uint40 expiry)"
    coin: int
    prev_block: int
    new_owner: Address
    expiry: int


@dataclass(frozen=True, slots=True)
class CoinTransaction:
    """A well-formed transaction of a coin.

    Args:
        prev_block: the block of the coin's last transaction; 0 if it is the deposit.
        new_owner: 20 bytes.
        expiry: the last block that may include it.

    Attributes:
        packed: its 39 bytes.
        hash: `keccak(0x02 | packed)`.

    Raises (at construction):
        CoinMalformed: a number out of range, no new owner.
    """

    coin: int
    prev_block: int
    new_owner: bytes
    expiry: int
    packed: bytes = field(init=False, repr=False, compare=False)
    hash: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.new_owner) != 20 or not any(self.new_owner):
            raise CoinMalformed(f"coin {self.coin} is given to nobody")
        before, expiry = self.prev_block, self.expiry
        if not (0 <= self.coin < 1 << 64 and 0 <= before <= MAX_EXPIRY and 0 < expiry <= MAX_EXPIRY):
            raise CoinMalformed(f"coin {self.coin}, block {before} and expiry {expiry} are out of range")
        packed = _LAYOUT.pack(
            1, self.coin, before >> 32, before & 0xFFFFFFFF, self.new_owner, expiry >> 32, expiry & 0xFFFFFFFF
        )
        object.__setattr__(self, "packed", packed)
        object.__setattr__(self, "hash", keccak(b"\x02" + packed))

    @property
    def message(self) -> Transfer:
        """What its signer signs."""
        return Transfer(self.coin, self.prev_block, to_address(self.new_owner), self.expiry)

    def digest(self, domain: Domain) -> bytes:
        """The 32 bytes to sign under `domain`."""
        return keccak(
            domain.prefix
            + keccak(
                Transfer.TYPE_HASH
                + self.coin.to_bytes(32, "big")
                + self.prev_block.to_bytes(32, "big")
                + bytes(12)
                + self.new_owner
                + self.expiry.to_bytes(32, "big")
            )
        )


class SignedCoin(NamedTuple):
    """A transaction of a coin and its signature, 64 bytes (EIP-2098)."""

    transaction: CoinTransaction
    signature: bytes

    @property
    def value(self) -> bytes:
        """What stands for both in a block's tree: `keccak(0x02 | packed | signature)`."""
        return keccak(b"\x02" + self.transaction.packed + self.signature)


def coin_domain(chain_id: int, contract: str) -> Domain:
    """The EIP-712 domain of the CoinChain at `contract`."""
    return Domain("layer2 plasma coins", "1", chain_id, to_address(contract))


def decode_coin(packed: bytes) -> CoinTransaction:
    """The transaction in 39 bytes; raises `CoinMalformed`."""
    if len(packed) != COIN_BYTES:
        raise CoinMalformed(f"a coin's transaction has {COIN_BYTES} bytes, {len(packed)} were given")
    kind, coin, high, low, owner, late, expiry = _LAYOUT.unpack(packed)
    if kind != 1:
        raise CoinMalformed(f"there are no coin transactions of type {kind:#04x}")
    return CoinTransaction(coin, high << 32 | low, owner, late << 32 | expiry)


def sign_coin(transaction: CoinTransaction, domain: Domain, key: PrivateKey) -> SignedCoin:
    """The transaction with the signature of the coin's owner."""
    return SignedCoin(transaction, key.sign_compact(transaction.digest(domain)))


def coin_signer(transaction: CoinTransaction, domain: Domain, signature: bytes) -> bytes:
    """The 20 bytes of who signed; raises `SignatureError` as `recover` does."""
    return bytes.fromhex(recover(transaction.digest(domain), signature)[2:])


def coin_signers(batch: Sequence[SignedCoin], domain: Domain) -> list[bytes]:
    """Who signed each of a batch, 20 bytes; empty bytes where a signature is nobody's."""
    return signers([one.transaction.digest(domain) for one in batch], [one.signature for one in batch])


def coin_tree(batch: Iterable[SignedCoin]) -> SparseTree:
    """The tree of a block of coins; raises `TreeMalformed` if a coin moves twice."""
    return SparseTree((one.transaction.coin, one.value) for one in batch)


def encode_coin_body(batch: Iterable[SignedCoin]) -> bytes:
    """The body of a block of coins: `packed(39) | signature(64)` by rising coin; raises `BodyMalformed`."""
    parts: list[bytes] = []
    before = -1
    for transaction, signature in sorted(batch, key=lambda one: one.transaction.coin):
        if transaction.coin == before:
            raise BodyMalformed(f"coin {before} moves twice in a block")
        if len(signature) != 64:
            raise BodyMalformed(f"the signature of coin {transaction.coin} has {len(signature)} bytes, need 64")
        before = transaction.coin
        parts += (transaction.packed, signature)
    return b"".join(parts)


def decode_coin_body(body: bytes) -> list[SignedCoin]:
    """The transactions of a body of coins, which may be empty; raises `BodyMalformed` for anything else."""
    if len(body) % COIN_RECORD:
        raise BodyMalformed(f"{len(body)} bytes are no transactions of {COIN_RECORD} bytes each")
    found: list[SignedCoin] = []
    before = -1
    for at in range(0, len(body), COIN_RECORD):
        try:
            transaction = decode_coin(body[at : at + COIN_BYTES])
        except CoinMalformed as failure:
            raise BodyMalformed(f"transaction {len(found)}: {failure}") from None
        if transaction.coin <= before:
            raise BodyMalformed(f"coin {transaction.coin} after {before}: coins rise")
        before = transaction.coin
        found.append(SignedCoin(transaction, body[at + COIN_BYTES : at + COIN_RECORD]))
    return found
