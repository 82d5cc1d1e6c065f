"""Steps that the attacks on the hub share. Payer and payee each hold one ether, or 1,000 tokens, in a channel."""

from __future__ import annotations

from layer2.channels.key import ChannelKey
from layer2.channels.locks import HASH_LOCK, Lock, locks_hash
from layer2.channels.messages import Close, LockVoucher, Voucher
from layer2.primitives.addresses import address_bytes
from layer2.primitives.hashing import sha256
from layer2.testing.bench.world import DELAY, ETHER, GasWorld, Player

NOBODY = ("0x" + "00" * 20, 0, b"")
"""No consent: the receiver itself sends."""

LATER = 2**47
"""A second beyond every test."""


def funded(world: GasWorld, *, token: bool = False, simplex: bool = False) -> ChannelKey:
    """A new channel with both deposits (one, if one-way)."""
    key = world.make_key(token=token, simplex=simplex)
    world.fund(key, both=not simplex)
    return key


def voucher(world: GasWorld, signer: Player, key: ChannelKey, amount: int) -> bytes:
    """A counter signed for a channel."""
    return world.sign(signer, Voucher(key.id, amount))


def closed(world: GasWorld, key: ChannelKey, sent_a: int, sent_b: int) -> tuple[bytes, bytes]:
    """Both signatures under a close at these counters."""
    message = Close(key.id, sent_a, sent_b)
    return world.sign(world.payer, message), world.sign(world.payee, message)


def dispute(world: GasWorld, by: Player, key: ChannelKey, amount: int = 0) -> None:
    """Start a close as one party, showing `amount` of the other."""
    sender = world.payee if by is world.payer else world.payer
    signature = voucher(world, sender, key, amount) if amount else b""
    world.act(by, "startClose", key.as_tuple(), amount, signature)


def paid(world: GasWorld, key: ChannelKey) -> tuple[int, int]:
    """Settle by a stranger; what payer and payee get."""
    before = [world.connection.balance(one.address) for one in (world.payer, world.payee)]
    world.connection.advance(DELAY + 1)
    world.act(world.relayer, "settle", key.as_tuple())
    after = [world.connection.balance(one.address) for one in (world.payer, world.payee)]
    return after[0] - before[0], after[1] - before[1]


def locked(world: GasWorld, key: ChannelKey, nonce: int, amount: int, locks: list[Lock]) -> tuple[object, ...]:
    """A lock-bearing proof by the payer, in ABI form."""
    last = max((lock.expiry for lock in locks), default=0)
    total = sum(lock.amount for lock in locks)
    message = LockVoucher(key.id, amount, nonce, total, last, locks_hash(locks))
    return (amount, nonce, total, last, message.locks_hash, world.sign(world.payer, message))


def hash_lock(world: GasWorld, preimage: bytes, amount: int = ETHER // 10, lasts: int = 600) -> Lock:
    """A lock of the preimage that expires `lasts` seconds from now."""
    return Lock(amount, world.connection.timestamp() + lasts, HASH_LOCK, sha256(preimage))


def row_of(key: ChannelKey, amount: int, signature: bytes) -> bytes:
    """One row of a batch claim."""
    head = address_bytes(key.a) + (key.params & (1 << 128) - 1).to_bytes(16, "big")
    return head + amount.to_bytes(16, "big") + signature
