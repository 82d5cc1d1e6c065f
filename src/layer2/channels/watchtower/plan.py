"""Actions that a watchtower must take for a channel in its current on-chain state: pure functions without I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from layer2.channels.contract import calls as hubcalls
from layer2.channels.contract.calls import HubCall
from layer2.channels.contract.channel_view import ChannelView, PostedClaim
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.lock_openings import Opening
from layer2.channels.protocol.lock_tree import locks_root
from layer2.channels.protocol.locks import HASH_LOCK, most_of
from layer2.channels.protocol.proofs import LockPayment
from layer2.channels.protocol.session_keys import SessionGrant, SessionProof, encode_session, is_session_proof
from layer2.channels.watchtower.records import DirectionRecord, WatchedChannel
from layer2.primitives.addresses import Address

__all__ = ["GAS", "Plan", "due", "gas_of", "must_start_by", "opening"]

GAS = {"post": 80_000, "post_locks": 150_000, "unlock": 90_000, "settle": 130_000, "claim": 90_000, "close": 150_000}
"""Maximum gas of each action, without the locks; a test compares it with measured figures."""

GAS_A_LOCK = 25_000
"""Maximum gas that each lock adds to an unlock; the call to the condition of a contract lock is extra."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One action: the call, the amount it saves the guarded party (token units; `None`: not weighed), the deadline.

    `direction`: the side that pays in the direction concerned; empty if the action concerns the channel. `tries`: only
    a simulation on chain shows if the action gains anything.
    """

    key: ChannelKey
    act: str
    direction: str
    call: HubCall
    stake: int | None
    deadline: int
    gas: int
    tries: bool = False

    @property
    def name(self) -> tuple[bytes, str, str]:
        """Key of the action; actions with equal names are not sent concurrently."""
        return self.key.id, self.act, self.direction


def gas_of(act: str, locks: int = 0) -> int:
    """Return the maximum gas of an action."""
    return GAS[act] + GAS_A_LOCK * locks


def due(
    watched: WatchedChannel, view: ChannelView, now: int, preimages: Mapping[bytes, bytes], settle: bool
) -> list[Plan]:
    """Return the actions that are due at second `now`; `preimages` by their SHA-256."""
    key = watched.key
    if not view.disputed:
        return []
    if key.simplex:
        guard = watched.guards.get("A")
        return [] if guard is None else _claim(key, guard, view, now)
    if now > view.deadline:
        over = Plan(key, "settle", "", hubcalls.settle(key), None, view.deadline, gas_of("settle"))
        return [over] if settle else []
    return [plan for guard in watched.guards.values() for plan in _defend(key, guard, view, now, preimages)]


def must_start_by(guard: DirectionRecord, preimages: Mapping[bytes, bytes]) -> int | None:
    """Return the last second at which a direction's proofs must be on chain; `None` without such a deadline."""
    if guard.answering:
        return None
    ends = [guard.locks[one.index].expiry for one in _known(guard, preimages)]
    for proof in (guard.proof, guard.plain):
        if proof is not None and is_session_proof(proof.signature):
            ends.append(SessionProof.parse(proof.channel_id, proof.signature).session.valid_until)
    return min(ends, default=None)


def opening(key: ChannelKey, guard: DirectionRecord, view: ChannelView, by: Address, until: int) -> Plan | None:
    """Return the claim or close that puts a direction on chain before its locks or its session end at `until`.

    Returns `None` if it would gain nothing beyond the posted proofs, or if `by` may not start it.
    """
    limit = max(guard.amount, 0 if guard.proof is None else guard.proof.limit)
    if key.simplex:
        claims = _claim(key, guard, view, until)
        return claims[0] if claims else None
    if limit <= view.paid(guard.side):
        return None
    receiver = key.a if guard.side == "B" else key.b
    amount, signature = (0, b"") if guard.plain is None else (guard.plain.amount, guard.plain.signature)
    if by == receiver:
        call = hubcalls.start_close(key, amount, signature)
        if guard.proof is not None and guard.proof.limit > amount:
            call = hubcalls.post_locks(key, guard.side, hubcalls.lock_proof(guard.proof), guard.accept)
    elif guard.closing is not None and guard.closing.session.key == by:
        side = "A" if guard.side == "B" else "B"
        call = hubcalls.start_close_as(key, side, _session(guard.closing), amount, signature)
    else:
        return None
    return Plan(key, "close", guard.side, call, limit - view.paid(guard.side), until, gas_of("close"))


def _session(grant: SessionGrant) -> bytes:
    return encode_session(grant.session, grant.owner_signature)


def _claim(key: ChannelKey, guard: DirectionRecord, view: ChannelView, now: int) -> list[Plan]:
    """Return the claim for the payee of a one-way channel whose payer exits; valid until the exit is executed."""
    if guard.plain is None:
        return []
    worth = min(guard.plain.amount, view.net_a) - view.sent_a
    if worth <= 0:
        return []
    call = hubcalls.claim_voucher(key, guard.plain.amount, guard.plain.signature)
    deadline = max(view.deadline, now) if view.disputed else now
    return [Plan(key, "claim", guard.side, call, worth, deadline, gas_of("claim"))]


def _defend(
    key: ChannelKey, guard: DirectionRecord, view: ChannelView, now: int, preimages: Mapping[bytes, bytes]
) -> list[Plan]:
    claim, proof, plans = view.claim(guard.side), guard.proof, []
    posted = 0 if claim is None else claim.nonce
    plain = guard.plain
    counts = max(view.sent(guard.side), 0 if plain is None else plain.amount)
    # An expired lock no longer pays.
    live = 0 if proof is None else proof.amount + sum(lock.amount for lock in proof.locks if now <= lock.expiry)
    raises = live > counts and not guard.answering
    replaces = proof is not None and proof.nonce > posted and (claim is not None or raises)
    if proof is not None and replaces:
        # A posted older proof is always replaced, because its final value may be higher or lower.
        stake = _at_stake(view, guard.side, live, replaces=claim is not None)
        call = hubcalls.post_locks(key, guard.side, hubcalls.lock_proof(proof), guard.accept)
        plans.append(Plan(key, "post_locks", guard.side, call, stake, view.deadline, gas_of("post_locks")))
    elif proof is not None and claim is not None and proof.nonce == posted:
        plans += _unlock(key, guard, claim, view, now, preimages)
    if plain is not None and plain.amount > view.sent(guard.side):
        stands = proof.amount if proof is not None and (replaces or proof.nonce == posted) else 0
        if claim is not None and (proof is None or claim.nonce > proof.nonce):
            stands = claim.claimed
        if plain.amount > stands:
            call = hubcalls.post(key, guard.side, plain.amount, plain.signature)
            stake = _at_stake(view, guard.side, plain.amount, replaces=False)
            plans.append(Plan(key, "post", guard.side, call, stake, view.deadline, gas_of("post")))
    return plans


def _at_stake(view: ChannelView, side: str, amount: int, *, replaces: bool) -> int:
    """Return the amount that one of the parties would lose if the window ended without this action.

    If it `replaces` an older proof, the final value of that proof is unknown, in favour of the receiver or against it.
    """
    if replaces:
        paid = {"paid_a" if side == "A" else "paid_b": amount}
        return max(view.payoffs(**paid))
    if side == "A":
        return view.payoffs(paid_a=max(amount, view.paid("A")))[1] - view.payoffs()[1]
    return view.payoffs(paid_b=max(amount, view.paid("B")))[0] - view.payoffs()[0]


def _known(guard: DirectionRecord, preimages: Mapping[bytes, bytes]) -> list[Opening]:
    """Return the resolutions of the locks: those given by the receiver, and those by preimages that became known."""
    given = {one.index: one for one in guard.openings}
    found = []
    for index, lock in enumerate(guard.locks):
        if index in given:
            found.append(given[index])
        elif lock.kind == HASH_LOCK and lock.condition in preimages:
            found.append(Opening(index, preimages[lock.condition]))
    return found


def _unlock(
    key: ChannelKey,
    guard: DirectionRecord,
    claim: PostedClaim,
    view: ChannelView,
    now: int,
    preimages: Mapping[bytes, bytes],
) -> list[Plan]:
    proof = guard.proof
    if proof is None or not claim.is_of(proof.limit, locks_root(proof.locks)):
        return []
    locks, given = proof.locks, _known(guard, preimages)
    open_still = [one for one in given if now <= locks[one.index].expiry]
    ready = [one for one in open_still if not claim.is_resolved(one.index)]
    stake = sum(locks[one.index].amount for one in ready)
    missing = _missing(proof, claim, given)
    # A third party may have used an old consent that took less than the one known here; the best consent counts.
    again = [one for one in open_still if claim.is_resolved(one.index) and locks[one.index].kind != HASH_LOCK]
    if missing > 0 and again:
        ready, stake = sorted([*ready, *again], key=lambda one: one.index), stake + missing
    if not ready:
        return []
    deadline = min(view.deadline, *(locks[one.index].expiry for one in ready))
    call, gas = hubcalls.unlock(key, guard.side, proof.limit, locks, ready), gas_of("unlock", len(ready))
    return [Plan(key, "unlock", guard.side, call, stake, deadline, gas, tries=ready == again)]


def _missing(proof: LockPayment, claim: PostedClaim, given: list[Opening]) -> int:
    """Return the amount by which the known resolutions of resolved locks may exceed the posted ones."""
    known = {one.index: most_of(proof.locks[one.index], one.resolution) for one in given}
    resolved = (index for index in range(len(proof.locks)) if claim.is_resolved(index))
    return proof.amount + sum(known.get(index, proof.locks[index].amount) for index in resolved) - claim.claimed
