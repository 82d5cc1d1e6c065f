"""Coin transactions: `type(1) = 1 | coin(8) | previous block(5) | new owner(20) | expiry(5)`, 39 bytes.

A coin is an indivisible deposit with a number. A transaction references the block of the coin's previous one, so that a
coin's history is a chain. A block is a sparse tree, keyed by coin, of hashes of the transactions with their signatures;
its root commits to both.
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
"""Length of a transaction without its signature."""
COIN_RECORD = COIN_BYTES + 64
"""Length of a transaction with its signature."""
_LAYOUT = Struct(">BQBI20sBI")


@dataclass(frozen=True, slots=True)
class Transfer(TypedMessage):
    """EIP-712 message that transfers `coin` from block `prev_block` to `new_owner` in a block up to `expiry`."""

    TYPE: ClassVar[str] = "Transfer(uint64 coin,uint40 prevBlock,address newOwner,uint40 expiry)"
    coin: int
    prev_block: int
    new_owner: Address
    expiry: int


@dataclass(frozen=True, slots=True)
class CoinTransaction:
    """A well-formed transaction of a coin.

    Args:
        prev_block: Block of the coin's previous transaction; 0 if it is the deposit.
        new_owner: Address of the recipient, 20 bytes.
        expiry: Last block that may include the transaction.

    Attributes:
        packed: Encoding, 39 bytes.
        hash: `keccak(0x02 | packed)`.

    Raises:
        CoinMalformed: A number is out of range, or the new owner is not a nonzero address.
    """

    coin: int
    prev_block: int
    new_owner: bytes
    expiry: int
    packed: bytes = field(init=False, repr=False, compare=False)
    hash: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.new_owner) != 20 or not any(self.new_owner):
            raise CoinMalformed(f"coin {self.coin:#x} has no new owner")
        before, expiry = self.prev_block, self.expiry
        if not (0 <= self.coin < 1 << 64 and 0 <= before <= MAX_EXPIRY and 0 < expiry <= MAX_EXPIRY):
            raise CoinMalformed(f"coin {self.coin:#x}, block {before} and expiry {expiry} are out of range")
        packed = _LAYOUT.pack(
            1, self.coin, before >> 32, before & 0xFFFFFFFF, self.new_owner, expiry >> 32, expiry & 0xFFFFFFFF
        )
        object.__setattr__(self, "packed", packed)
        object.__setattr__(self, "hash", keccak(b"\x02" + packed))

    @property
    def message(self) -> Transfer:
        """EIP-712 message to sign."""
        return Transfer(self.coin, self.prev_block, to_address(self.new_owner), self.expiry)

    def digest(self, domain: Domain) -> bytes:
        """Return the 32-byte digest to sign under `domain`."""
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
    """A coin transaction and its signature, 64 bytes (EIP-2098)."""

    transaction: CoinTransaction
    signature: bytes

    @property
    def value(self) -> bytes:
        """Value of the transaction in a block's tree: `keccak(0x02 | packed | signature)`."""
        return keccak(b"\x02" + self.transaction.packed + self.signature)


def coin_domain(chain_id: int, contract: str) -> Domain:
    """Return the EIP-712 domain of the CoinChain at `contract`."""
    return Domain("layer2 plasma coins", "1", chain_id, to_address(contract))


def decode_coin(packed: bytes) -> CoinTransaction:
    """Return the transaction encoded in 39 bytes; raise `CoinMalformed`."""
    if len(packed) != COIN_BYTES:
        raise CoinMalformed(f"a coin's transaction has {COIN_BYTES} bytes, {len(packed)} were given")
    kind, coin, high, low, owner, late, expiry = _LAYOUT.unpack(packed)
    if kind != 1:
        raise CoinMalformed(f"unknown type of coin transaction: {kind:#04x}")
    return CoinTransaction(coin, high << 32 | low, owner, late << 32 | expiry)


def sign_coin(transaction: CoinTransaction, domain: Domain, key: PrivateKey) -> SignedCoin:
    """Sign a transaction with the key of the coin's owner."""
    return SignedCoin(transaction, key.sign_compact(transaction.digest(domain)))


def coin_signer(transaction: CoinTransaction, domain: Domain, signature: bytes) -> bytes:
    """Return the signer's address, 20 bytes; raise `SignatureError` as `recover` does."""
    return bytes.fromhex(recover(transaction.digest(domain), signature)[2:])


def coin_signers(batch: Sequence[SignedCoin], domain: Domain) -> list[bytes]:
    """Return the signers of a batch, 20 bytes each; empty bytes for an invalid signature."""
    return signers([one.transaction.digest(domain) for one in batch], [one.signature for one in batch])


def coin_tree(batch: Iterable[SignedCoin]) -> SparseTree:
    """Return the tree of a coin block; raise `TreeMalformed` if a coin moves twice."""
    return SparseTree((one.transaction.coin, one.value) for one in batch)


def encode_coin_body(batch: Iterable[SignedCoin]) -> bytes:
    """Encode the data of a coin block: `packed(39) | signature(64)` in order of coins; raise `BodyMalformed`."""
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
    """Decode the data of a coin block, which may be empty; raise `BodyMalformed` if it is invalid."""
    if len(body) % COIN_RECORD:
        raise BodyMalformed(f"{len(body)} bytes are not transactions of {COIN_RECORD} bytes each")
    found: list[SignedCoin] = []
    before = -1
    for at in range(0, len(body), COIN_RECORD):
        try:
            transaction = decode_coin(body[at : at + COIN_BYTES])
        except CoinMalformed as failure:
            raise BodyMalformed(f"transaction {len(found)}: {failure}") from None
        if transaction.coin <= before:
            raise BodyMalformed(f"coin {transaction.coin} after {before}: coins must be strictly increasing")
        before = transaction.coin
        found.append(SignedCoin(transaction, body[at + COIN_BYTES : at + COIN_RECORD]))
    return found
