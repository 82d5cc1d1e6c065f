"""The watchtower: answers outdated proofs, posts and resolves locks, and settles, for the channels given to it.

It holds no key of its users: vouchers may be posted by anyone, lock proofs with the receiver's acceptance. Its
decisions depend only on the current on-chain state, so it can be stopped, restarted and repeated, and it recovers from
reorganisations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from layer2.channels.bindings.events import PreimageRevealed
from layer2.channels.contract.chain_clock import ChainClock
from layer2.channels.contract.channel_view import CLOSED, ChannelView
from layer2.channels.contract.hub import HubContract
from layer2.channels.party.errors import Refused
from layer2.channels.party.party import Party
from layer2.channels.party.policy import ChallengePolicy
from layer2.channels.party.state import State
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.lock_openings import Opening
from layer2.channels.protocol.locks import HASH_LOCK
from layer2.channels.protocol.proofs import LockPayment, Payment
from layer2.channels.protocol.session_keys import SessionGrant
from layer2.channels.watchtower.plan import Plan, due, must_start_by, opening
from layer2.channels.watchtower.proof_checks import check_guard
from layer2.channels.watchtower.records import DirectionRecord, WatchedChannel
from layer2.channels.watchtower.store import WatchtowerStore
from layer2.channels.watchtower.transaction_sender import Answer, Name, TransactionSender
from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import ConnectionFailed, EthereumError, ReorgTooDeep
from layer2.ethereum.records import Block
from layer2.ethereum.sender import Sender
from layer2.primitives.errors import InputError
from layer2.store.journal import Journal

__all__ = ["FAULT_POINTS", "Answer", "Watchtower"]

START_MARGIN = 1800
"""Seconds before the end of a session, or of a lock whose resolution is known, at which a close is started.

The proofs held must be on chain by that end.
"""

LOOKS = 5
"""Number of times per window that each watched channel is read from the chain, independent of its logs."""

FAULT_POINTS = (
    "watchtower.watch.before",
    "watchtower.watch.appended",
    "watchtower.watch.committed",
    "watchtower.act.before",
    "watchtower.act.sent",
    "watchtower.act.mined",
)
"""Fault points for tests: around the writing of a proof, and around each transaction."""

_ROUNDS = 4
"""Maximum rounds per step: a close is started in one, a proof posted in the next, its locks resolved in a third."""


class Watchtower:
    """Watches channels of one hub; with `settle=True` also settles them after their window.

    `journal` (optional, kind `channels.watchtower`) stores the proofs, the pending transactions and the log cursor,
    with constant size per channel.
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
        patience: float = 20.0,
    ) -> None:
        start = connection.block_number() if start_block is None else start_block
        self.connection = connection
        self.hub = hub
        self.sender = sender
        self._store = WatchtowerStore(connection, hub, journal, start)
        self._transactions = TransactionSender(
            connection, hub, sender, policy or ChallengePolicy(), self._store, patience
        )
        self.settle = settle
        self.clock = ChainClock(connection)
        self._attached: dict[str, Party] = {}
        self._taken: dict[bytes, State] = {}
        self._looked: dict[bytes, int] = {}

    def __repr__(self) -> str:
        return (
            f"<Watchtower {self.sender.address} channels={len(self._store.watched)} active={len(self._store.active)}>"
        )

    def close(self) -> None:
        """Close the journal, if there is one; the watchtower cannot be used afterwards."""
        self._store.close()

    # --------------------------------------------------------------------------------------------- watching

    def watch(
        self,
        key: ChannelKey,
        side: str,
        proof: Payment | LockPayment,
        *,
        accept: bytes = b"",
        openings: Iterable[Opening] = (),
        closing: SessionGrant | None = None,
        answering: bool = False,
    ) -> None:
        """Watch the direction that `side` pays, with its newest proof; durable on return. Older proofs are ignored.

        A lock proof needs the receiver's `accept`. Give the known resolutions of its locks too, with the receiver's
        consents for voucher and contract locks.

        Args:
            closing: the receiver's grant of the right to close to this watchtower's account. With it the watchtower
                starts the close itself if a lock or a session ends soon.
            answering: act only against an older lock proof, on behalf of the direction's sender.

        Raises:
            InputError: a proof of another channel, without the acceptance, or with openings that do not match.
            SignatureError: a signature is not by the required signer.
        """
        plain, locked = (None, proof) if isinstance(proof, LockPayment) else (proof, None)
        guard = DirectionRecord(side, plain, locked, accept, tuple(openings), closing, answering)
        check_guard(self.hub, key, guard, self.sender.address, self.clock)
        self._take(key, guard)

    def attach(self, party: Party) -> None:
        """Watch all channels of a node in this process; its newest proofs are read at each step."""
        self._attached[party.address] = party

    def learn(self, preimage: bytes) -> None:
        """Store a preimage, which is then used for every hash lock it opens; durable on return."""
        if len(preimage) != 32:
            raise InputError(f"watchtower: a preimage of {len(preimage)} bytes given, 32 needed")
        self._store.remember(preimage)

    def forget(self, channel_id: bytes) -> None:
        """Stop watching a channel."""
        self._store.forget(channel_id)
        self._looked.pop(channel_id, None)

    @property
    def watched(self) -> tuple[WatchedChannel, ...]:
        """Watched channels."""
        return tuple(self._store.watched.values())

    def _take(self, key: ChannelKey, *guards: DirectionRecord) -> None:
        old = self._store.watched.get(key.id, WatchedChannel(key))
        after = old
        for guard in guards:
            after = after.with_guard(guard)
        if after is not old:
            self._store.keep(after)

    # --------------------------------------------------------------------------------------------- stepping

    def step(self) -> list[Answer]:
        """Take all actions that are due: read the logs, answer, unlock, claim, settle. Idempotent.

        All channels are served concurrently: their transactions are sent before the first receipt is awaited. A failure
        in one channel is reported as its own answer and does not affect the others.
        """
        head = self.connection.latest()
        self.clock.tick(head)
        troubles = [*self._take_attached(), *self._follow()]
        before = self._transactions.wait(tuple(self._store.flights), 0.0) if self._store.flights else {}
        answers: dict[Name, Answer] = {}
        for _ in range(_ROUNDS):
            head = self.connection.latest()
            launched: list[Name] = []
            for plan in self._plans(head, answers):
                if plan.name in self._store.flights:
                    self._transactions.renew(plan)
                    launched.append(plan.name)
                elif plan.name not in answers:
                    refusal = self._transactions.launch(plan, head)
                    if refusal is None:
                        launched.append(plan.name)
                    else:
                        answers[plan.name] = refusal
            mined = self._transactions.wait(launched, self._transactions.patience) if launched else {}
            answers |= mined
            if not any(one.done for one in mined.values()):
                break
        return [*troubles, *(before | answers).values()]

    def _take_attached(self) -> Iterator[Answer]:
        for party in self._attached.values():
            for channel_id in party.channels:
                try:
                    state = party.state(channel_id)
                    if self._taken.get(channel_id) is state or state.deadline == CLOSED:
                        continue
                    self._take(state.key, *self._guards(party, state))
                    self._taken[channel_id] = state
                except Exception as failure:  # any failure concerns this channel only, and is reported
                    yield Answer(channel_id, "take over", False, f"{type(failure).__name__}: {failure}")

    def _guards(self, party: Party, state: State) -> list[DirectionRecord]:
        """Return the guards for both directions of a channel, from the proofs of its node."""
        channel_id, payer = state.key.id, "B" if state.side == "A" else "A"
        guards = []
        received, mine = party.proofs.accepted(channel_id, payer), party.proofs.accepted(channel_id, state.side)
        plain = Payment(channel_id, state.theirs.plain, state.theirs.voucher) if state.theirs.voucher else None
        if plain is not None or received is not None:
            proof, accept = (None, b"") if received is None else received
            guards.append(DirectionRecord(payer, plain, proof, accept, self._openings(party, channel_id)))
        if mine is not None:
            guards.append(DirectionRecord(state.side, None, *mine, answering=True))
        return guards

    def _openings(self, party: Party, channel_id: bytes) -> tuple[Opening, ...]:
        try:
            return party.openings(channel_id, consenting=self.sender.address != party.address)
        except Refused:
            # A session key may not be entitled to consent: resolve the locks that need no consent.
            locks = party.state(channel_id).theirs.locks
            return tuple(one for one in party.openings(channel_id) if locks[one.index].kind == HASH_LOCK)

    def _follow(self) -> Iterator[Answer]:
        try:
            update = self._store.follower.step()
        except ReorgTooDeep:
            # Logs only select the channels to read: read all of them, and follow from the current block.
            self._store.restart_follower()
            self._store.active = set(self._store.watched)
            return
        except EthereumError as failure:
            # Channels are still read at intervals.
            yield Answer(b"", "follow", False, str(failure))
            return
        for log in (*update.removed, *update.new):
            event = self.hub.decode(log)
            if isinstance(event, PreimageRevealed):
                if event.hash_lock in self._store.waiting:
                    self._store.remember(event.preimage)
            elif event is not None and (channel_id := getattr(event, "channel_id", None)) in self._store.watched:
                self._store.active.add(channel_id)
        if update.new or update.removed:
            self._store.keep_cursor()

    def _plans(self, head: Block, answers: dict[Name, Answer]) -> list[Plan]:
        now, plans = head.timestamp, []
        for channel_id in sorted(self._store.active | self._overdue(now)):
            watched = self._store.watched[channel_id]
            try:
                view = self.hub.view(watched.key)
                found = due(watched, view, now, self._store.preimages, self.settle)
                found += self._starts(watched, view, now, answers)
            except ConnectionFailed as failure:
                answers[channel_id, "look", ""] = Answer(channel_id, "look", False, str(failure))
                self._store.active.add(channel_id)
                if self._is_away():
                    # Querying the other channels as well would only take time.
                    break
                continue
            except Exception as failure:  # any failure concerns this channel only, and is reported
                detail = f"{type(failure).__name__}: {failure}"
                answers[channel_id, "look", ""] = Answer(channel_id, "look", False, detail)
                self._store.active.add(channel_id)
                continue
            self._looked[channel_id] = now
            if view.disputed:
                self._store.active.add(channel_id)
            else:
                # The channel stays watched: logs or periodic reads reactivate it after a reorganisation or a dispute.
                self._store.active.discard(channel_id)
            plans += found
        return plans

    def _is_away(self) -> bool:
        """Return True if the node does not respond at all, False if only this query failed."""
        try:
            self.connection.latest()
        except EthereumError:
            return True
        return False

    def _overdue(self, now: int) -> set[bytes]:
        """Return the channels not read for a part of their window, and those that must go on chain soon."""
        found = set()
        for channel_id, watched in self._store.watched.items():
            last = self._looked.get(channel_id)
            often = max(1, self.hub.window(watched.key) // LOOKS)
            hastens = any(self._hastens(guard, now) for guard in watched.guards.values())
            if hastens or last is None or not 0 <= now - last < often:
                found.add(channel_id)
        return found

    def _hastens(self, guard: DirectionRecord, now: int) -> bool:
        until = must_start_by(guard, self._store.preimages)
        return until is not None and now <= until and until - now <= START_MARGIN

    def _starts(self, watched: WatchedChannel, view: ChannelView, now: int, answers: dict[Name, Answer]) -> list[Plan]:
        """Return the closes that cannot wait, because a session or a lock that can be taken ends soon."""
        plans: list[Plan] = []
        if view.disputed or not view.exists:
            return plans
        for guard in watched.guards.values():
            until = must_start_by(guard, self._store.preimages)
            if until is None or not self._hastens(guard, now):
                continue
            plan = opening(watched.key, guard, view, self.sender.address, until)
            if plan is not None:
                plans.append(plan)
            elif max(guard.amount, guard.proof.limit if guard.proof else 0) > view.paid(guard.side):
                name = (watched.key.id, "close", guard.side)
                detail = f"only a party, or who has its grant, can start the close, and it must before {until}"
                answers.setdefault(name, Answer(name[0], "close", False, detail))
        return plans
