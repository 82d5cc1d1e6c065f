"""A watchtower: answers stale counters, posts and resolves locks, and settles, for channels it was given proofs of.

It holds no key of its users: vouchers may be posted by anybody, lock proofs with the receiver's signed consent. What it
does is decided from the chain's present state alone, so it can be stopped, restarted, repeated and reorganised away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from layer2.channels.channelchain import lock_proof
from layer2.channels.contract import Delegation, HubContract, HubReceipt
from layer2.channels.errors import HubError
from layer2.channels.hubevents import PreimageRevealed
from layer2.channels.key import ChannelKey
from layer2.channels.locks import HASH_LOCK, Lock, encode_locks, locks_hash
from layer2.channels.node import Party
from layer2.channels.policy import ChallengePolicy, Decision
from layer2.channels.proofs import LockPayment, Payment
from layer2.channels.view import CLOSED, ChannelView, lock_fingerprint
from layer2.channels.watchmemory import TowerMemory
from layer2.channels.watchrecords import Guard, Watched
from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import EthereumError, ReorgTooDeep
from layer2.ethereum.sender import Sender
from layer2.primitives.errors import InputError
from layer2.primitives.hashing import sha256
from layer2.store.journal import Journal, fault_point

__all__ = ["Answer", "Watchtower"]

_GAS = {"post": 60_000, "post_locks": 110_000, "unlock": 120_000, "settle": 90_000}
"""What the acts cost at most, for the policy; measured by the gas benchmark."""

_SUBSETS = 10
_CONSENT_TIME = 30 * 86400


@dataclass(frozen=True, slots=True)
class Answer:
    """What a step did, or did not do and why."""

    channel_id: bytes
    act: str
    done: bool
    detail: str
    receipt: HubReceipt | None = None

    def __repr__(self) -> str:
        mark = "done" if self.done else "not done"
        return f"<Answer {self.channel_id.hex()[:4]}.. {self.act} {mark}: {self.detail}>"


class Watchtower(TowerMemory):
    """Watches channels of one hub; `settle=True` also settles them when their window is over.

    `journal` (optional, kind `channels.watchtower`) keeps the proofs and the log cursor: constant size per channel.
    """

    def __init__(
        self,
        connection: Connection,
        hub: HubContract,
        sender: Sender,
        policy: ChallengePolicy | None = None,
        journal: Journal | str | Path | None = None,
        *,
        settle: bool = False,
        start_block: int | None = None,
    ) -> None:
        self.sender = sender
        self.policy = policy or ChallengePolicy()
        self.settle = settle
        self._base_policy = sender.gas_policy
        super().__init__(connection, hub, journal, connection.block_number() if start_block is None else start_block)
        self._attached: dict[str, Party] = {}

    def __repr__(self) -> str:
        return f"<Watchtower {self.sender.address} channels={len(self._watched)} active={len(self._active)}>"

    # --------------------------------------------------------------------------------------------- watching

    def watch(
        self,
        key: ChannelKey,
        side: str,
        proof: Payment | LockPayment,
        *,
        consent: Delegation | None = None,
        resolutions: tuple[bytes, ...] = (),
        unlock_consent: Delegation | None = None,
    ) -> None:
        """Watch the direction that `side` pays, with its newest proof. Durable when it returns; older ones are ignored.

        For a lock proof give the receiver's `consent` to it, and what takes its locks as far as it is known.
        """
        if proof.channel_id != key.id:
            raise InputError(
                f"watchtower: proof of channel {proof.channel_id.hex()[:8]}, key of {key.id.hex()[:8]}",
                hint="give the key of the proof's channel",
            )
        if isinstance(proof, LockPayment) and consent is None:
            raise InputError(
                f"watchtower: the lock proof of channel {key.id.hex()[:8]} comes without its receiver's consent",
                hint="sign Watch(channelId, tower, act, validUntil) for it",
            )
        guard = Guard(side, proof, consent, resolutions, unlock_consent)
        after = self._watched.get(key.id, Watched(key)).with_guard(guard)
        for resolution in resolutions:
            if len(resolution) == 32:
                self._preimages[sha256(resolution)] = resolution
        self._save(after)
        self._watched[key.id] = after
        self._active.add(key.id)

    def attach(self, party: Party) -> None:
        """Watch all channels of a node in this process: its newest received proofs are taken over at each step."""
        self._attached[party.address] = party

    def _take_over(self) -> None:
        until = self.connection.timestamp() + _CONSENT_TIME
        for party in self._attached.values():
            for channel_id in party.channels:
                state = party.state(channel_id)
                proof = party.newest_received(channel_id)
                side = "B" if state.side == "A" else "A"
                known = self._watched.get(channel_id)
                old = None if known is None else known.guards.get(side)
                if proof is None or state.key.simplex or state.deadline == CLOSED:
                    continue
                if isinstance(proof, Payment):
                    if old is None or old.proof != proof:
                        self.watch(state.key, side, proof)
                    continue
                resolutions = tuple(party.resolutions(channel_id))
                if old is not None and old.proof == proof and old.resolutions == resolutions:
                    continue
                consent = party.consent(channel_id, self.sender.address, until)
                unlocking = (
                    party.unlock_consent(channel_id, self.sender.address, until)[0] if any(resolutions) else None
                )
                self.watch(state.key, side, proof, consent=consent, resolutions=resolutions, unlock_consent=unlocking)

    def learn(self, preimage: bytes) -> None:
        """Know a preimage: it is used for every hash lock it opens."""
        self._remember(sha256(preimage), preimage)

    def forget(self, channel_id: bytes) -> None:
        """Stop watching a channel."""
        if self._watched.pop(channel_id, None) is not None and self._journal is not None:
            self._journal.put_meta("watched/" + channel_id.hex(), b"")
            self._journal.commit()
        self._active.discard(channel_id)

    @property
    def watched(self) -> tuple[Watched, ...]:
        """What is watched."""
        return tuple(self._watched.values())

    # --------------------------------------------------------------------------------------------- stepping

    def step(self) -> list[Answer]:
        """Do all that is now due: read the logs, answer, unlock, settle. Repeating it changes nothing."""
        self._take_over()
        self._follow()
        answers: list[Answer] = []
        for channel_id in sorted(self._active):
            answers += self._serve(self._watched[channel_id])
        return answers

    def _follow(self) -> None:
        try:
            update = self._follower.step()
        except ReorgTooDeep:
            # Nothing here is derived from logs except which channels to look at: look at all, follow from now on.
            self._restart_follower()
            self._active = set(self._watched)
            return
        for log in (*update.removed, *update.new):
            event = self.hub.decode(log)
            if isinstance(event, PreimageRevealed):
                if self._wants(event.hash_lock):
                    self._remember(event.hash_lock, event.preimage)
                    self._active |= {one for one in self._watched if self._has_lock(one, event.hash_lock)}
            elif event is not None and (channel_id := getattr(event, "channel_id", None)) in self._watched:
                self._active.add(channel_id)
        if self._journal is not None and (update.new or update.removed):
            self._journal.put_meta("cursor", self._follower.cursor.to_bytes())
            self._journal.commit()

    def _serve(self, watched: Watched) -> list[Answer]:
        key = watched.key
        view = self.hub.view(key)
        if not view.disputed or key.simplex:
            # Stays watched: a reorganisation or a later dispute makes it active again through its logs.
            self._active.discard(key.id)
            return []
        latest = self.connection.latest()
        answers: list[Answer] = []
        if latest.timestamp > view.deadline:
            if self.settle:
                answers.append(self._try(key, "settle", lambda: self.hub.settle(self.sender, key)))
            return answers
        for guard in watched.guards.values():
            answers += self._defend(key, guard, view)
            if any(one.done for one in answers):
                view = self.hub.view(key)
        return answers

    def _defend(self, key: ChannelKey, guard: Guard, view: ChannelView) -> list[Answer]:
        answers: list[Answer] = []
        proof = guard.proof
        if isinstance(proof, LockPayment):
            if proof.nonce > view.lock_nonce(guard.side):
                stake = self._stake(view, guard, proof.amount + proof.locked)
                post = self._weigh(key, "post_locks", stake, view.deadline)
                answers.append(
                    self._try(
                        key,
                        "post_locks",
                        lambda: self.hub.post_locks(self.sender, key, guard.side, lock_proof(proof), guard.consent),
                        post,
                    )
                )
                view = self.hub.view(key)
            answers += self._unlock(key, guard, view)
        elif proof.amount > view.sent(guard.side) and not view.standing(guard.side):
            decision = self._weigh(key, "post", self._stake(view, guard, proof.amount), view.deadline)
            answers.append(
                self._try(
                    key,
                    "post",
                    lambda: self.hub.post(self.sender, key, guard.side, proof.amount, proof.signature),
                    decision,
                )
            )
        return answers

    def _unlock(self, key: ChannelKey, guard: Guard, view: ChannelView) -> list[Answer]:
        if not guard.locks or not view.standing(guard.side):
            return []
        now = self.connection.timestamp()
        rest = self._rest(guard, view)
        if rest is None:
            return []
        resolutions, consent = self._plan(guard, rest, now)
        if not any(resolutions):
            return []
        stake = sum(lock.amount for lock, one in zip(rest, resolutions, strict=True) if one)
        decision = self._weigh(key, "unlock", stake, view.deadline)
        locked = sum(lock.amount for lock in rest)
        expiry = max(lock.expiry for lock in guard.locks)
        packed = encode_locks(rest)
        return [
            self._try(
                key,
                "unlock",
                lambda: self.hub.unlock(self.sender, key, guard.side, locked, expiry, packed, resolutions, consent),
                decision,
            )
        ]

    def _plan(self, guard: Guard, rest: tuple[Lock, ...], now: int) -> tuple[list[bytes], Delegation | None]:
        """What to send: the receiver's own resolutions, exactly as it signed them, else the known preimages."""
        if rest == guard.locks and guard.unlock_consent is not None and len(guard.resolutions) == len(rest):
            pairs = zip(rest, guard.resolutions, strict=True)
            if any(one and lock.kind != HASH_LOCK and now < lock.expiry for lock, one in pairs):
                return list(guard.resolutions), guard.unlock_consent
        known = [
            self._preimages.get(lock.condition, b"") if lock.kind == HASH_LOCK and now < lock.expiry else b""
            for lock in rest
        ]
        return known, None

    def _rest(self, guard: Guard, view: ChannelView) -> tuple[Lock, ...] | None:
        """The locks not yet resolved on chain: the subset whose fingerprint stands; `None` if it is another proof's."""
        locks = guard.locks
        expiry = max(lock.expiry for lock in locks)
        wanted = view.fingerprint(guard.side)
        openable = [index for index, lock in enumerate(locks) if self._opens(guard, index, lock)][:_SUBSETS]
        for count in range(len(openable) + 1):
            for gone in combinations(openable, count):
                rest = tuple(lock for index, lock in enumerate(locks) if index not in gone)
                locked = sum(lock.amount for lock in rest)
                if lock_fingerprint(locked, expiry, locks_hash(rest)) == wanted:
                    return rest or None
        return None

    def _opens(self, guard: Guard, index: int, lock: Lock) -> bool:
        return lock.condition in self._preimages or (index < len(guard.resolutions) and bool(guard.resolutions[index]))

    def _stake(self, view: ChannelView, guard: Guard, amount: int) -> int:
        """What the guarded side's receiver would lose if the window ended without this proof."""
        if guard.side == "A":
            return view.payoffs(sent_a=max(amount, view.sent_a))[1] - view.payoffs()[1]
        return view.payoffs(sent_b=max(amount, view.sent_b))[0] - view.payoffs()[0]

    def _weigh(self, key: ChannelKey, act: str, stake: int, deadline: int) -> Decision:
        latest = self.connection.latest()
        return self.policy.decide(
            token=key.token,
            stake=stake,
            gas=_GAS[act],
            base_fee=latest.base_fee,
            now=latest.timestamp,
            deadline=deadline,
        )

    def _try(
        self, key: ChannelKey, act: str, send: Callable[[], HubReceipt], decision: Decision | None = None
    ) -> Answer:
        if decision is not None:
            if not decision.act:
                return Answer(key.id, act, False, decision.reason)
            self.sender.gas_policy = decision.gas_policy(self._base_policy)
        fault_point("watchtower." + act + ".before")
        try:
            receipt = send()
        except (HubError, EthereumError) as failure:
            # Somebody else was faster, or the node is away: the next step looks at the chain again.
            return Answer(key.id, act, False, str(failure))
        finally:
            self.sender.gas_policy = self._base_policy
        fault_point("watchtower." + act + ".after")
        return Answer(key.id, act, True, f"{receipt.gas_used} gas", receipt)
