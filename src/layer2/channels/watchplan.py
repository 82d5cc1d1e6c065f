"""What a watchtower owes a channel as the chain has it now: pure judgement, no sending and no memory of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from layer2.channels import hubcalls
from layer2.channels.hubcalls import Delegation, HubCall
from layer2.channels.key import ChannelKey
from layer2.channels.locks import HASH_LOCK, Lock, encode_locks, locks_hash
from layer2.channels.proofs import LockPayment, Payment
from layer2.channels.view import ChannelView, lock_fingerprint
from layer2.channels.watchrecords import Guard, Watched

__all__ = ["GAS", "Plan", "due", "opening"]

GAS = {"post": 80_000, "post_locks": 130_000, "unlock": 150_000, "settle": 120_000, "claim": 90_000, "close": 140_000}
"""What the acts cost at most with up to ten locks, gas; checked against the measured figures by a test."""

_SUBSETS = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """One act: the call, what it saves the guarded party (token units; `None`: not weighed), and by when."""

    key: ChannelKey
    act: str
    call: HubCall
    stake: int | None
    deadline: int


def due(watched: Watched, view: ChannelView, now: int, preimages: Mapping[bytes, bytes], settle: bool) -> list[Plan]:
    """The acts that are due at second `now`; `preimages` by their SHA-256."""
    key = watched.key
    if not view.disputed:
        return []
    if key.simplex:
        guard = watched.guards.get("A")
        return [] if guard is None else _claim(key, guard, view, now)
    if now > view.deadline:
        return [Plan(key, "settle", hubcalls.settle(key), None, view.deadline)] if settle else []
    return [plan for guard in watched.guards.values() for plan in _defend(key, guard, view, now, preimages)]


def opening(key: ChannelKey, proof: Payment | LockPayment, side: str, deadline: int) -> Plan:
    """Start the close as the receiver of `proof`, paid by `side`: its locks or its session end at `deadline`."""
    if isinstance(proof, LockPayment):
        call = hubcalls.post_locks(key, side, hubcalls.lock_proof(proof))
        return Plan(key, "close", call, proof.amount + proof.locked, deadline)
    call = hubcalls.start_close(key, proof.amount, proof.signature)
    if key.simplex:
        call = hubcalls.claim_voucher(key, proof.amount, proof.signature)
    return Plan(key, "claim" if key.simplex else "close", call, proof.amount, deadline)


def _claim(key: ChannelKey, guard: Guard, view: ChannelView, now: int) -> list[Plan]:
    """The payer of a one-way channel leaves: claim for the payee, which counts until the exit is executed."""
    worth = min(guard.proof.amount, view.net_a) - view.sent_a
    if worth <= 0:
        return []
    call = hubcalls.claim_voucher(key, guard.proof.amount, guard.proof.signature)
    return [Plan(key, "claim", call, worth, max(view.deadline, now))]


def _defend(key: ChannelKey, guard: Guard, view: ChannelView, now: int, preimages: Mapping[bytes, bytes]) -> list[Plan]:
    proof = guard.proof
    if isinstance(proof, LockPayment):
        if proof.nonce > view.lock_nonce(guard.side):
            call = hubcalls.post_locks(key, guard.side, hubcalls.lock_proof(proof), guard.consent)
            return [Plan(key, "post_locks", call, _stake(view, guard, proof.amount + proof.locked), view.deadline)]
        return _unlock(key, guard, view, now, preimages)
    if proof.amount > view.sent(guard.side) and not view.standing(guard.side):
        call = hubcalls.post(key, guard.side, proof.amount, proof.signature)
        return [Plan(key, "post", call, _stake(view, guard, proof.amount), view.deadline)]
    return []


def _stake(view: ChannelView, guard: Guard, amount: int) -> int:
    """What the guarded side's receiver would lose if the window ended without this proof."""
    if guard.side == "A":
        return view.payoffs(sent_a=max(amount, view.sent_a))[1] - view.payoffs()[1]
    return view.payoffs(sent_b=max(amount, view.sent_b))[0] - view.payoffs()[0]


def _unlock(key: ChannelKey, guard: Guard, view: ChannelView, now: int, preimages: Mapping[bytes, bytes]) -> list[Plan]:
    if not guard.locks or not view.standing(guard.side):
        return []
    rest = _rest(guard, view, preimages)
    if rest is None:
        return []
    resolutions, consent = _resolutions(guard, rest, now, preimages)
    if not any(resolutions):
        return []
    stake = sum(lock.amount for lock, one in zip(rest, resolutions, strict=True) if one)
    locked = sum(lock.amount for lock in rest)
    expiry = max(lock.expiry for lock in guard.locks)
    call = hubcalls.unlock(key, guard.side, locked, expiry, encode_locks(rest), resolutions, consent)
    return [Plan(key, "unlock", call, stake, view.deadline)]


def _resolutions(
    guard: Guard, rest: tuple[Lock, ...], now: int, preimages: Mapping[bytes, bytes]
) -> tuple[list[bytes], Delegation | None]:
    """What to send: the receiver's own resolutions, exactly as it signed them, else the known preimages."""
    if rest == guard.locks and guard.unlock_consent is not None and len(guard.resolutions) == len(rest):
        pairs = zip(rest, guard.resolutions, strict=True)
        if any(one and lock.kind != HASH_LOCK and now < lock.expiry for lock, one in pairs):
            return list(guard.resolutions), guard.unlock_consent
    known = [
        preimages.get(lock.condition, b"") if lock.kind == HASH_LOCK and now < lock.expiry else b"" for lock in rest
    ]
    return known, None


def _rest(guard: Guard, view: ChannelView, preimages: Mapping[bytes, bytes]) -> tuple[Lock, ...] | None:
    """The locks not yet resolved on chain: the subset whose fingerprint stands; `None` if it is another proof's."""
    locks = guard.locks
    expiry = max(lock.expiry for lock in locks)
    wanted = view.fingerprint(guard.side)
    openable = [index for index, lock in enumerate(locks) if _opens(guard, index, lock, preimages)][:_SUBSETS]
    for count in range(len(openable) + 1):
        for gone in combinations(openable, count):
            rest = tuple(lock for index, lock in enumerate(locks) if index not in gone)
            locked = sum(lock.amount for lock in rest)
            if lock_fingerprint(locked, expiry, locks_hash(rest)) == wanted:
                return rest or None
    return None


def _opens(guard: Guard, index: int, lock: Lock, preimages: Mapping[bytes, bytes]) -> bool:
    return lock.condition in preimages or (index < len(guard.resolutions) and bool(guard.resolutions[index]))
