"""Common steps of the attacks on the hub. Payer and payee each hold one ether, or 1,000 tokens, in a channel."""

from __future__ import annotations

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.lock_openings import Opening, open_locks
from layer2.channels.protocol.lock_tree import locks_root
from layer2.channels.protocol.locks import HASH_LOCK, Lock
from layer2.channels.protocol.messages import Accept, Close, LockVoucher, Voucher
from layer2.channels.protocol.proofs import Payment, claim_row
from layer2.primitives.hashing import sha256
from layer2.testing.adversaries.channels.world import DELAY, ETHER, GasWorld, Player

LATER = 2**47
"""A time in seconds after the end of every test."""


def funded(world: GasWorld, *, token: bool = False, simplex: bool = False) -> ChannelKey:
    """Return a new channel with both deposits, or one if it is simplex."""
    key = world.make_key(token=token, simplex=simplex)
    world.fund(key, both=not simplex)
    return key


def voucher(world: GasWorld, signer: Player, key: ChannelKey, amount: int) -> bytes:
    """Return a signed voucher of a channel."""
    return world.sign(signer, Voucher(key.id, amount))


def closed(world: GasWorld, key: ChannelKey, sent_a: int, sent_b: int) -> tuple[bytes, bytes]:
    """Return both signatures of a close at these counters."""
    message = Close(key.id, sent_a, sent_b)
    return world.sign(world.payer, message), world.sign(world.payee, message)


def dispute(world: GasWorld, by: Player, key: ChannelKey, amount: int = 0) -> None:
    """Start a close as one party, with a voucher of `amount` by the other."""
    sender = world.payee if by is world.payer else world.payer
    signature = voucher(world, sender, key, amount) if amount else b""
    world.act(by, "startClose", key.as_tuple(), amount, signature)


def paid(world: GasWorld, key: ChannelKey) -> tuple[int, int]:
    """Settle as a third party; return the payouts of payer and payee."""
    before = [world.connection.balance(one.address) for one in (world.payer, world.payee)]
    world.connection.advance(DELAY + 1)
    world.act(world.relayer, "settle", key.as_tuple())
    after = [world.connection.balance(one.address) for one in (world.payer, world.payee)]
    return after[0] - before[0], after[1] - before[1]


def lock_message(key: ChannelKey, nonce: int, amount: int, locks: list[Lock]) -> LockVoucher:
    """Build a lock voucher whose totals match its locks."""
    last = max((lock.expiry for lock in locks), default=0)
    return LockVoucher(key.id, amount, nonce, sum(lock.amount for lock in locks), last, locks_root(locks))


def locked(
    world: GasWorld, key: ChannelKey, nonce: int, amount: int, locks: list[Lock], by: Player | None = None
) -> tuple[object, ...]:
    """Return a signed lock proof in ABI form, by the payer by default."""
    message = lock_message(key, nonce, amount, locks)
    row = (amount, nonce, message.locked, message.last_expiry, message.locks_root)
    return (*row, world.sign(by or world.payer, message))


def accepted(world: GasWorld, key: ChannelKey, nonce: int, amount: int, locks: list[Lock]) -> bytes:
    """Sign the payee's acceptance of a lock proof by the payer."""
    message = lock_message(key, nonce, amount, locks)
    return world.sign(world.payee, Accept(key.id, False, nonce, message.struct_hash()))


def unlocking(
    key: ChannelKey,
    amount: int,
    locks: list[Lock],
    resolutions: dict[int, bytes],
    consents: dict[int, bytes] | None = None,
) -> tuple[object, ...]:
    """Return the arguments of `unlock` for locks by index, with resolutions and the payee's consents."""
    given = consents or {}
    openings = [Opening(index, one, given.get(index, b"")) for index, one in resolutions.items()]
    rows, others = open_locks(locks, openings)
    return (key.as_tuple(), False, amount + sum(lock.amount for lock in locks), rows, list(others))


def hash_lock(world: GasWorld, preimage: bytes, amount: int = ETHER // 10, lasts: int = 600) -> Lock:
    """Return a lock of the preimage that expires `lasts` seconds from now."""
    return Lock(amount, world.connection.timestamp() + lasts, HASH_LOCK, sha256(preimage))


def row_of(key: ChannelKey, amount: int, signature: bytes) -> bytes:
    """Return one row of a batch claim."""
    return claim_row(key, Payment(key.id, amount, signature))
