"""An honest mediator: a real node in two channels and a tower, and the rule by which it passes hash locks on.

It passes a lock on when it holds it, for its fee less and with an earlier end; it pays on what is shown to it before
that end, and takes in what anybody ever showed. Nothing of it is a service yet: this is the rule that one would keep.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.support.channels.machine import NAP, UNIT, HubPlay

from layer2.channels.bindings.events import Closed, PreimageRevealed
from layer2.channels.party.errors import Refused
from layer2.channels.party.party import Party
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.locks import Lock
from layer2.channels.protocol.proofs import LockPayment
from layer2.channels.watchtower.watchtower import Watchtower
from layer2.primitives.hashing import sha256

FEE = UNIT // 10
HOP = 2 * NAP
"""Seconds that the lock outwards ends earlier: what is shown in its last second is seen and used within them."""


@dataclass
class Route:
    """A lock that it took in, and the one that it passed on for it, if it did."""

    taken: Lock
    passed: Lock | None = None


class Mediator:
    """`open` the node, join both channels, then `mediate`."""

    hop, early = HOP, False
    """`early`: gives a lock up that it has passed on (a fault)."""

    def __init__(self, play: HubPlay, folder: Path) -> None:
        self.play = play
        self.node = Party.open(play.signers["honest"], play.hub, folder / "node.journal")
        self.node._table.journal._database.execute("PRAGMA synchronous=OFF")  # about promises here, not the disk
        self.tower = Watchtower(play.connection, play.hub, play.senders["honest"])
        self.tower.attach(self.node)
        self.routes: list[Route] = []
        self.known: dict[bytes, bytes] = {}
        self.read = play.connection.block_number()
        self.ended: dict[bytes, Closed] = {}

    def mediate(self, inwards: ChannelKey, outwards: ChannelKey) -> None:
        self.inwards, self.outwards = inwards.id, outwards.id

    # ------------------------------------------------------------------------------------------------ off the chain

    def forward(self) -> LockPayment | None:
        """Pass the next lock on that was taken in: the proof for the payee, if there is one to be signed."""
        self._compare()
        route = next((one for one in self.routes if one.passed is None), None)
        if route is None or self.node.refresh(self.outwards).phase != "open":
            return None
        lock = route.taken
        if self.node.refresh(self.inwards).phase != "open" or not self._worth_it(lock):
            return self._refuse(route)
        passed = Lock(lock.amount - FEE, lock.expiry - self.hop, lock.kind, lock.condition)
        try:
            proof = self.node.locks.add_lock(self.outwards, passed)
        except Refused:
            return None  # an earlier one is not accepted, or there is no money: perhaps later
        route.passed = passed
        self.play.counts["passed on"] += 1
        return proof

    def shown(self, preimage: bytes) -> LockPayment | None:
        """The payee shows what opens its lock: take in what it was passed on for, and sign that it is paid."""
        condition, now = sha256(preimage), self.play.now
        due = [lock for lock in self.node.state(self.outwards).mine.locks if lock.condition == condition]
        if not due or not self._in_time(due, now):
            return None
        self.learn(preimage)
        try:
            proof = self.node.locks.fulfil(self.outwards, condition, preimage)
        except Refused:
            return None  # its own last word is not accepted, or the channel is at its end: the chain will judge
        self.play.counts["paid on"] += 1
        return proof

    def learn(self, preimage: bytes) -> None:
        """From now on the node and its tower know how to take these locks in."""
        condition = self.known_as(preimage)
        if any(lock.condition == condition for lock in self.node.state(self.inwards).theirs.locks):
            self.node.locks.learn(self.inwards, condition, preimage)

    def known_as(self, preimage: bytes) -> bytes:
        condition = sha256(preimage)
        self.known[condition] = preimage
        return condition

    def drop_expired(self) -> LockPayment | None:
        """Sign that what ended outwards is not paid."""
        try:
            proof = self.node.locks.expire(self.outwards)
        except Refused:
            return None
        if proof is not None:
            self.play.counts["dropped"] += 1
        return proof

    # ------------------------------------------------------------------------------------------------------- on chain

    def wake(self) -> None:
        """Look at the chain, then do all that is due."""
        self.read_logs()
        for preimage in self.known.values():
            self.learn(preimage)
        self._compare()
        for answer in self.tower.step():
            self.play.counts[f"tower: {answer.act}"] += answer.done
        self.play.changed()

    def read_logs(self) -> None:
        """What has happened since the last look: to its channels, and which preimages anybody has shown."""
        head, hub = self.play.connection.block_number(), self.play.hub
        logs = self.play.connection.logs(self.read + 1, head, hub.address) if head > self.read else []
        self.read = head
        for event in map(hub.decode, logs):
            if isinstance(event, PreimageRevealed):
                self.known_as(event.preimage)
                self.play.counts["read on chain"] += 1
            elif isinstance(event, Closed):
                self.ended[event.channel_id] = event
        for channel_id in (self.inwards, self.outwards) if logs else ():
            self.node.refresh(channel_id)

    # --------------------------------------------------------------------------------------------------------- inside

    def _worth_it(self, lock: Lock) -> bool:
        return lock.amount > FEE + UNIT // 2 and lock.expiry - self.hop > self.play.now + NAP

    def _in_time(self, due: list[Lock], now: int) -> bool:
        return all(now <= lock.expiry for lock in due)

    def _refuse(self, route: Route) -> None:
        """Let the payer have it back: nothing was passed on for it."""
        with contextlib.suppress(Refused):
            self.node.locks.give_up(self.inwards, route.taken)
            self.routes.remove(route)
            self.play.counts["given up"] += 1

    def _compare(self) -> None:
        """Routes for what was taken in, none for what is settled: the unpassed ones of a kind go first."""
        state = self.node.state(self.inwards)
        held = Counter(state.theirs.locks)
        held.subtract(state.given_up)
        routed = Counter(route.taken for route in self.routes)
        for lock in [*(held - routed).elements()]:
            self.routes.append(Route(lock))
        for lock in [*(routed - held).elements()]:
            self.routes.remove(min((one for one in self.routes if one.taken == lock), key=lambda one: bool(one.passed)))
        if self.early:
            for route in self.routes:
                if route.passed is not None and route.passed.expiry < self.play.now + NAP:
                    self._refuse(route)
                    return
