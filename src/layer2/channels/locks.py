"""Conditional payments: the leaves that a lock voucher commits to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from layer2.primitives.addresses import address_bytes, to_address
from layer2.primitives.errors import MalformedError, RangeError
from layer2.primitives.hashing import keccak, sha256

HASH_LOCK = 0
"""Pays all of its amount for a preimage under SHA-256, as in Lightning."""
VOUCHER_LOCK = 1
"""Pays what a voucher of a virtual channel says, up to its amount."""
CONTRACT_LOCK = 2
"""Pays what a condition contract says, up to its amount."""

LEAF_BYTES = 64

_VIRTUAL_TAG = keccak(b"layer2.virtual")
"""Makes the id of a virtual channel differ from the id of any real one."""


@dataclass(frozen=True, slots=True)
class Lock:
    """One conditional payment.

    Attributes:
        amount: token units it pays at most.
        expiry: last second at which it can be resolved on chain, Unix time.
        kind: HASH_LOCK, VOUCHER_LOCK or CONTRACT_LOCK.
        condition: 32 bytes: the hash, the virtual channel's id, or the hash of contract and terms.

    Raises:
        RangeError: a number outside its bits. MalformedError: unknown kind, condition of a wrong length.
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
            raise MalformedError(f"{self.kind} is no kind of lock, need 0 (hash), 1 (voucher) or 2 (contract)")
        if len(self.condition) != 32:
            raise MalformedError(f"a lock's condition has 32 bytes, {len(self.condition)} were given")

    def encode(self) -> bytes:
        """The 64-byte leaf `amount(16) | expiry(6) | kind(1) | zero(9) | condition(32)`."""
        head = self.amount.to_bytes(16, "big") + self.expiry.to_bytes(6, "big")
        return head + bytes((self.kind,)) + bytes(9) + self.condition

    @classmethod
    def decode(cls, leaf: bytes) -> Lock:
        """Read one leaf; raises MalformedError or RangeError for anything `encode` does not write."""
        if len(leaf) != LEAF_BYTES or any(leaf[23:32]):
            raise MalformedError("a lock leaf has 64 bytes, of which nine are zero")
        return cls(int.from_bytes(leaf[:16], "big"), int.from_bytes(leaf[16:22], "big"), leaf[22], leaf[32:])


def encode_locks(locks: Iterable[Lock]) -> bytes:
    """The leaves one after the other."""
    return b"".join(lock.encode() for lock in locks)


def decode_locks(data: bytes) -> tuple[Lock, ...]:
    """Read packed leaves; raises MalformedError or RangeError."""
    if len(data) % LEAF_BYTES:
        raise MalformedError(f"packed locks have a multiple of {LEAF_BYTES} bytes, {len(data)} were given")
    return tuple(Lock.decode(data[at : at + LEAF_BYTES]) for at in range(0, len(data), LEAF_BYTES))


def locks_hash(locks: Iterable[Lock]) -> bytes:
    """What a lock voucher signs: keccak of the packed leaves."""
    return keccak(encode_locks(locks))


def virtual_channel_id(payer: str, payee: str, salt: bytes) -> bytes:
    """The id of a channel that exists in vouchers only: what a voucher lock has as its condition.

    `keccak256(abi.encode(keccak256("layer2.virtual"), payer, payee, salt))`, salt of 32 bytes.
    """
    return keccak(_VIRTUAL_TAG + _word(payer) + _word(payee) + _bytes32("salt", salt))


def contract_condition(contract: str, terms: bytes) -> bytes:
    """What a contract lock has as its condition: `keccak256(abi.encode(contract, keccak256(terms)))`."""
    return keccak(_word(contract) + keccak(terms))


def hash_lock(amount: int, expiry: int, preimage: bytes) -> Lock:
    """A lock that the 32-byte `preimage` opens (SHA-256)."""
    return Lock(amount, expiry, HASH_LOCK, sha256(_bytes32("preimage", preimage)))


def voucher_lock(amount: int, expiry: int, payer: str, payee: str, salt: bytes) -> Lock:
    """A lock that pays what `payer` has signed over in the virtual channel of these three, up to `amount`."""
    return Lock(amount, expiry, VOUCHER_LOCK, virtual_channel_id(payer, payee, salt))


def contract_lock(amount: int, expiry: int, contract: str, terms: bytes) -> Lock:
    """A lock that pays what `contract` (an `ICondition`) says under `terms`, up to `amount`."""
    return Lock(amount, expiry, CONTRACT_LOCK, contract_condition(contract, terms))


def voucher_resolution(payer: str, payee: str, salt: bytes, amount: int, signature: bytes) -> bytes:
    """`abi.encode(address payer, address payee, bytes32 salt, uint128 amount, bytes signature)`, for `unlock`."""
    if not 0 <= amount < 1 << 128:
        raise RangeError(f"the voucher's amount is {amount}, need 128 bits")
    head = _word(payer) + _word(payee) + _bytes32("salt", salt) + amount.to_bytes(32, "big")
    return head + (160).to_bytes(32, "big") + _tail(signature)


def contract_resolution(contract: str, terms: bytes, evidence: bytes) -> bytes:
    """`abi.encode(address contract, bytes terms, bytes evidence)`, for `unlock`."""
    first = _tail(terms)
    offsets = (96).to_bytes(32, "big") + (96 + len(first)).to_bytes(32, "big")
    return _word(contract) + offsets + first + _tail(evidence)


def fingerprint(locked: int, last_expiry: int, hash_of_locks: bytes) -> int:
    """What the hub keeps of a posted proof: the upper 208 bits of `keccak256(abi.encode(...))`."""
    words = locked.to_bytes(32, "big") + last_expiry.to_bytes(32, "big") + hash_of_locks
    return int.from_bytes(keccak(words), "big") >> 48


def unlock_act(packed: bytes, resolutions: Sequence[bytes]) -> bytes:
    """What a receiver consents to in `Watch.act` for `unlock`: these locks with these resolutions.

    `keccak256(abi.encode(keccak256(locks), keccak256(abi.encode(resolutions))))`.
    """
    tails = [_tail(resolution) for resolution in resolutions]
    offsets, at = [], 32 * len(tails)
    for tail in tails:
        offsets.append(at.to_bytes(32, "big"))
        at += len(tail)
    encoded = b"".join(((32).to_bytes(32, "big"), len(tails).to_bytes(32, "big"), *offsets, *tails))
    return keccak(keccak(packed) + keccak(encoded))


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
        """The latest expiry, Unix seconds; 0 without locks."""
        return max((lock.expiry for lock in self.locks), default=0)

    def hash(self) -> bytes:
        """keccak of the packed leaves."""
        return locks_hash(self.locks)

    def encode(self) -> bytes:
        """The packed leaves."""
        return encode_locks(self.locks)

    @classmethod
    def decode(cls, data: bytes) -> LockSet:
        """Read packed leaves; raises MalformedError or RangeError."""
        return cls(decode_locks(data))

    def adding(self, lock: Lock) -> LockSet:
        """With one lock more, at the end."""
        return LockSet((*self.locks, lock))

    def without(self, lock: Lock) -> LockSet:
        """With one such lock less; raises MalformedError if there is none."""
        if lock not in self.locks:
            raise MalformedError(f"the lock {lock.condition.hex()[:8]} over {lock.amount} is not in the set")
        at = self.locks.index(lock)
        return LockSet(self.locks[:at] + self.locks[at + 1 :])


def _word(address: str) -> bytes:
    return bytes(12) + address_bytes(to_address(address))


def _tail(data: bytes) -> bytes:
    return len(data).to_bytes(32, "big") + data + bytes(-len(data) % 32)


def _bytes32(name: str, value: bytes) -> bytes:
    if len(value) != 32:
        raise MalformedError(f"{name} has {len(value)} bytes, need 32")
    return value
