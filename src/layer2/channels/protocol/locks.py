"""Conditional payments (locks) and their resolutions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from layer2.primitives.addresses import Address, address_bytes, to_address
from layer2.primitives.errors import MalformedError, RangeError
from layer2.primitives.hashing import keccak, sha256

HASH_LOCK = 0
"""Kind of a lock that pays its whole amount for a preimage under SHA-256, as in Lightning."""
VOUCHER_LOCK = 1
"""Kind of a lock that pays the amount of a virtual channel's voucher, up to its own amount."""
CONTRACT_LOCK = 2
"""Kind of a lock that pays the amount returned by a condition contract, up to its own amount."""

LEAF_BYTES = 53
"""Size of a packed lock, bytes."""

_VOUCHER_HEAD = 88
_VIRTUAL_TAG = keccak(b"layer2.virtual")
"""Tag that separates the ids of virtual channels from those of real channels."""


@dataclass(frozen=True, slots=True)
class Lock:
    """One conditional payment.

    Attributes:
        amount: maximum amount that it pays, token units.
        expiry: last second at which it can be resolved on chain, Unix time.
        kind: HASH_LOCK, VOUCHER_LOCK or CONTRACT_LOCK.
        condition: 32 bytes: the hash, the virtual channel's id, or the hash of contract and terms.

    Raises:
        RangeError: a number outside its bits.
        MalformedError: unknown kind, or a condition of a wrong length.
    """

    amount: int
    expiry: int
    kind: int
    condition: bytes

    def __post_init__(self) -> None:
        if not 0 < self.amount < 1 << 112:
            raise RangeError(f"the lock's amount is {self.amount}, need 1 to 2^112 - 1")
        if not 0 <= self.expiry < 1 << 48:
            raise RangeError(f"the lock's expiry is {self.expiry}, need 48 bits")
        if self.kind not in (HASH_LOCK, VOUCHER_LOCK, CONTRACT_LOCK):
            raise MalformedError(f"{self.kind} is not a kind of lock, need 0 (hash), 1 (voucher) or 2 (contract)")
        if len(self.condition) != 32:
            raise MalformedError(f"a lock's condition has 32 bytes, {len(self.condition)} were given")

    def encode(self) -> bytes:
        """Return the 53 packed bytes `amount(14) | expiry(6) | kind(1) | condition(32)`."""
        head = self.amount.to_bytes(14, "big") + self.expiry.to_bytes(6, "big")
        return head + bytes((self.kind,)) + self.condition

    @classmethod
    def decode(cls, leaf: bytes) -> Lock:
        """Decode one packed lock; raise MalformedError or RangeError for anything else."""
        if len(leaf) != LEAF_BYTES:
            raise MalformedError(f"a packed lock has {LEAF_BYTES} bytes, {len(leaf)} were given")
        return cls(int.from_bytes(leaf[:14], "big"), int.from_bytes(leaf[14:20], "big"), leaf[20], leaf[21:])


def encode_locks(locks: Iterable[Lock]) -> bytes:
    """Return the concatenation of the packed locks."""
    return b"".join(lock.encode() for lock in locks)


def decode_locks(data: bytes) -> tuple[Lock, ...]:
    """Decode packed locks; raise MalformedError or RangeError."""
    if len(data) % LEAF_BYTES:
        raise MalformedError(f"packed locks have a multiple of {LEAF_BYTES} bytes, {len(data)} were given")
    return tuple(Lock.decode(data[at : at + LEAF_BYTES]) for at in range(0, len(data), LEAF_BYTES))


def virtual_channel_id(payer: str, payee: str, salt: bytes) -> bytes:
    """Return the id of a channel that exists in vouchers only, which is the condition of a voucher lock.

    The id is `keccak256(abi.encode(keccak256("layer2.virtual"), payer, payee, salt))`, with a salt of 32 bytes.
    """
    return keccak(_VIRTUAL_TAG + _word(payer) + _word(payee) + _bytes32("salt", salt))


def contract_condition(contract: str, terms: bytes) -> bytes:
    """Return the condition of a contract lock: `keccak256(abi.encode(contract, keccak256(terms)))`."""
    return keccak(_word(contract) + keccak(terms))


def hash_lock(amount: int, expiry: int, preimage: bytes) -> Lock:
    """Return a lock that the 32-byte `preimage` opens (SHA-256)."""
    return Lock(amount, expiry, HASH_LOCK, sha256(_bytes32("preimage", preimage)))


def voucher_lock(amount: int, expiry: int, payer: str, payee: str, salt: bytes) -> Lock:
    """Return a lock that pays the amount signed by `payer` in the virtual channel of these three, up to `amount`."""
    return Lock(amount, expiry, VOUCHER_LOCK, virtual_channel_id(payer, payee, salt))


def contract_lock(amount: int, expiry: int, contract: str, terms: bytes) -> Lock:
    """Return a lock that pays the amount determined by `contract` (an `ICondition`) for `terms`, up to `amount`."""
    return Lock(amount, expiry, CONTRACT_LOCK, contract_condition(contract, terms))


def voucher_resolution(payer: str, payee: str, salt: bytes, amount: int, signature: bytes) -> bytes:
    """Return `payer(20) | payee(20) | salt(32) | amount(16) | signature`, for `unlock`."""
    if not 0 <= amount < 1 << 128:
        raise RangeError(f"the voucher's amount is {amount}, need 128 bits")
    if len(signature) not in (64, 65):
        raise MalformedError(f"a key's signature has 64 or 65 bytes, {len(signature)} were given")
    parties = address_bytes(to_address(payer)) + address_bytes(to_address(payee))
    return parties + _bytes32("salt", salt) + amount.to_bytes(16, "big") + signature


class VoucherResolution(NamedTuple):
    """A decoded resolution of a voucher lock."""

    payer: Address
    payee: Address
    salt: bytes
    amount: int
    signature: bytes


def read_voucher_resolution(data: bytes) -> VoucherResolution:
    """Decode the output of `voucher_resolution`; raise MalformedError for bytes that the hub skips."""
    if len(data) not in (_VOUCHER_HEAD + 64, _VOUCHER_HEAD + 65):
        raise MalformedError(f"the resolution of a voucher lock has {_VOUCHER_HEAD + 64} bytes or one more")
    amount = int.from_bytes(data[72:88], "big")
    return VoucherResolution(to_address(data[:20]), to_address(data[20:40]), data[40:72], amount, data[_VOUCHER_HEAD:])


def most_of(lock: Lock, resolution: bytes) -> int:
    """Return the maximum that a valid resolution takes from the lock; a contract lock may pay less."""
    if lock.kind != VOUCHER_LOCK:
        return lock.amount
    try:
        return min(lock.amount, read_voucher_resolution(resolution).amount)
    except MalformedError:
        return 0


def contract_resolution(contract: str, terms: bytes, evidence: bytes) -> bytes:
    """Return `contract(20) | termsLength(4) | terms | evidence`, for `unlock`."""
    return address_bytes(to_address(contract)) + len(terms).to_bytes(4, "big") + terms + evidence


class ContractResolution(NamedTuple):
    """A decoded resolution of a contract lock."""

    contract: Address
    terms: bytes
    evidence: bytes


def read_contract_resolution(data: bytes) -> ContractResolution:
    """Decode the output of `contract_resolution`; raise MalformedError for bytes that the hub skips."""
    end = 24 + int.from_bytes(data[20:24], "big")
    if len(data) < max(24, end):
        raise MalformedError("the resolution of a contract lock is cut short")
    return ContractResolution(to_address(data[:20]), data[24:end], data[end:])


@dataclass(frozen=True, slots=True)
class LockSet:
    """The pending locks of one direction, in the order in which they are signed."""

    locks: tuple[Lock, ...] = ()

    @property
    def locked(self) -> int:
        """Sum of the amounts, token units."""
        return sum(lock.amount for lock in self.locks)

    @property
    def last_expiry(self) -> int:
        """Latest expiry, Unix seconds; 0 without locks."""
        return max((lock.expiry for lock in self.locks), default=0)

    def encode(self) -> bytes:
        """Return the packed locks."""
        return encode_locks(self.locks)

    @classmethod
    def decode(cls, data: bytes) -> LockSet:
        """Decode packed locks; raise MalformedError or RangeError."""
        return cls(decode_locks(data))

    def adding(self, lock: Lock) -> LockSet:
        """Return the set with the lock added at the end."""
        return LockSet((*self.locks, lock))

    def without(self, lock: Lock) -> LockSet:
        """Return the set with one such lock removed; raise MalformedError if it contains none."""
        if lock not in self.locks:
            raise MalformedError(f"the lock {lock.condition.hex()[:8]} over {lock.amount} is not in the set")
        at = self.locks.index(lock)
        return LockSet(self.locks[:at] + self.locks[at + 1 :])


def _word(address: str) -> bytes:
    return bytes(12) + address_bytes(to_address(address))


def _bytes32(name: str, value: bytes) -> bytes:
    if len(value) != 32:
        raise MalformedError(f"{name} has {len(value)} bytes, need 32")
    return value
