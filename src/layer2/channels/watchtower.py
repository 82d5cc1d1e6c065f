"""A watchtower: answers stale counters, posts and resolves locks, and settles, for channels it was given proofs of.

It holds no key of its users: vouchers may be posted by anybody, lock proofs with the receiver's signed consent. What it
does is decided from the chain's present state alone, so it can be stopped, restarted, repeated and reorganised away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from layer2.channels.contract import Delegation, HubContract, HubReceipt
from layer2.channels.errors import HubError
from layer2.channels.hubevents import PreimageRevealed
from layer2.channels.key import ChannelKey
from layer2.channels.node import Party
from layer2.channels.policy import ChallengePolicy
from layer2.channels.proofs import LockPayment, Payment
from layer2.channels.view import CLOSED
from layer2.channels.watchmemory import TowerMemory
from layer2.channels.watchplan import GAS, Plan, due, opening
from layer2.channels.watchrecords import Guard, Watched
from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import EthereumError, ReorgTooDeep
from layer2.ethereum.sender import Pending, Sender
from layer2.primitives.errors import InputError
from layer2.primitives.hashing import sha256
from layer2.store.journal import Journal, fault_point

__all__ = ["FAULT_POINTS", "Answer", "Watchtower"]

START_MARGIN = 1800
"""Seconds before the end of a session, or of a lock whose resolution is known, at which an attached node's close is
started: what it holds must be on chain by then."""

FAULT_POINTS = (
    "watchtower.watch.before",
    "watchtower.watch.appended",
    "watchtower.watch.committed",
    "watchtower.act.before",
    "watchtower.act.sent",
    "watchtower.act.mined",
)
"""Where a test may kill the process: around the writing of a proof, and around each transaction."""

_CONSENT_TIME = 30 * 86400
_ROUNDS = 3
"""A proof is posted in one round and its locks taken in the next."""


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
                if proof is None or state.deadline == CLOSED:
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
        """Do all that is now due: read the logs, answer, unlock, claim, settle. Repeating it changes nothing.

        All channels are served at once: their transactions are sent before the first receipt is waited for.
        """
        self._take_over()
        self._follow()
        answers: dict[tuple[bytes, str, str], Answer] = {}
        for _ in range(_ROUNDS):
            plans = [*self._due(), *self._starts()]
            under_way = [(plan, self._send(plan)) for plan in plans if _name(plan) not in answers]
            for plan, sent in under_way:
                answers[_name(plan)] = sent if isinstance(sent, Answer) else self._finish(plan, sent)
            if not any(answers[_name(plan)].done for plan, _ in under_way):
                break
        return list(answers.values())

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

    def _due(self) -> Iterable[Plan]:
        now = self.connection.timestamp()
        for channel_id in sorted(self._active):
            watched = self._watched[channel_id]
            view = self.hub.view(watched.key)
            if not view.disputed:
                # Stays watched: a reorganisation or a later dispute makes it active again through its logs.
                self._active.discard(channel_id)
            yield from due(watched, view, now, self._preimages, self.settle)

    def _starts(self) -> Iterable[Plan]:
        """Closes of attached nodes that cannot wait: a session or a lock that can be taken ends soon."""
        now = self.connection.timestamp()
        for party in self._attached.values():
            for channel_id in party.channels:
                until = party.must_be_on_chain_by(channel_id)
                if until is None or until - now > START_MARGIN:
                    continue
                state, proof = party.state(channel_id), party.newest_received(channel_id)
                if proof is None or state.deadline:
                    continue
                view = self.hub.view(state.key)
                if view.exists and not view.disputed and view.sent(_payer(state.side)) < proof.amount + _locked(proof):
                    self._active.add(channel_id)
                    yield opening(state.key, proof, _payer(state.side), until)

    # ---------------------------------------------------------------------------------------------- sending

    def _send(self, plan: Plan) -> Pending | Answer:
        if plan.act == "close" and self.sender.address not in (plan.key.a, plan.key.b):
            detail = f"only a party can start the close, and it must before {plan.deadline}"
            return Answer(plan.key.id, plan.act, False, detail)
        before = self.sender.gas_policy
        if plan.stake is not None:
            latest = self.connection.latest()
            decision = self.policy.decide(
                token=plan.key.token,
                stake=plan.stake,
                gas=GAS[plan.act],
                base_fee=latest.base_fee,
                now=latest.timestamp,
                deadline=plan.deadline,
            )
            if not decision.act:
                return Answer(plan.key.id, plan.act, False, decision.reason)
            self.sender.gas_policy = decision.gas_policy(before)
        fault_point("watchtower.act.before")
        try:
            pending = self.hub.send_nowait(self.sender, plan.call)
        except (HubError, EthereumError) as failure:
            # Somebody else was faster, or the node is away: the next step looks at the chain again.
            return Answer(plan.key.id, plan.act, False, str(failure))
        finally:
            self.sender.gas_policy = before
        fault_point("watchtower.act.sent")
        return pending

    def _finish(self, plan: Plan, pending: Pending) -> Answer:
        try:
            receipt = self.hub.wait(self.sender, pending)
        except (HubError, EthereumError) as failure:
            return Answer(plan.key.id, plan.act, False, str(failure))
        fault_point("watchtower.act.mined")
        return Answer(plan.key.id, plan.act, True, f"{receipt.gas_used} gas", receipt)


def _name(plan: Plan) -> tuple[bytes, str, str]:
    """One act of one channel and direction: it is tried once in a step."""
    direction = str(plan.call.args[1]) if plan.act in ("post", "post_locks", "unlock") else ""
    return plan.key.id, plan.act, direction


def _payer(side: str) -> str:
    return "B" if side == "A" else "A"


def _locked(proof: Payment | LockPayment) -> int:
    return proof.locked if isinstance(proof, LockPayment) else 0
