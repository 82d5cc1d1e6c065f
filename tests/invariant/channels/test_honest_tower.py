"""Towers with any part of what a sleeping party has, on the deployed hub: it gets what the newest of it is worth.

Party and villain trade beside the chain. Two real towers, each with an account and a journal of its own, are told any
of the party's statements, acceptances and consents, of today or of before, in any order, and are started anew at will.
The party itself does nothing on chain. The villain signs anything, shows what it likes, the party's old consents among
it, and orders the calls of a block.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.support.block_machine import FIRST, LAST
from tests.support.campaign import campaign, controls, play_faulty
from tests.support.channels.honest_node import change_locks
from tests.support.channels.machine import DELAY, MAX_LOCKS, NAP, UNIT, HubPlay
from tests.support.channels.towers import TOWERS, Paper, Towers
from tests.support.channels.villain import SECRETS, Move, Villain

from layer2.channels.bindings.events import Closed
from layer2.channels.party.errors import Refused
from layer2.channels.party.party import Party
from layer2.channels.protocol.proofs import LockPayment, Payment
from layer2.channels.watchtower import plan as watchplan
from layer2.channels.watchtower import records as watchrecords
from layer2.channels.watchtower.records import DirectionRecord
from layer2.channels.watchtower.store import WatchtowerStore
from layer2.channels.watchtower.watchtower import START_MARGIN, Watchtower

pytestmark = [pytest.mark.anvil, pytest.mark.machine]

LASTING = (START_MARGIN + NAP, 2 * DELAY - NAP)
small, picks = st.integers(1, 30), st.data()
seldom = st.sampled_from((True, True, True, False))
tellings = st.lists(st.tuples(st.integers(1, 10), st.sampled_from((*TOWERS, "nobody"))), max_size=3)
begun = st.tuples(st.integers(10, 30), st.sampled_from(LASTING), seldom, tellings.filter(lambda told: len(told) > 1))
_play: list[HubPlay] = []


def play() -> HubPlay:
    """The chain, made at first use."""
    if not _play:
        _play.append(HubPlay())
    return _play[0]


class HonestTower(RuleBasedStateMachine):
    @initialize(
        side=st.sampled_from("AB"),
        theirs=st.integers(60, 200),
        mine=st.integers(0, 100),
        begun=st.lists(begun, min_size=1, max_size=2),
        peace=st.integers(0, 12),
    )
    def start(self, side: str, theirs: int, mine: int, begun: list[tuple[Any, ...]], peace: int) -> None:
        """A channel with some locks towards the party; for so many turns nobody goes to the chain."""
        self.peace, self.play = peace, play()
        self.play.begin()
        self.folder = tempfile.TemporaryDirectory()
        folder = Path(self.folder.name)
        self.node = Party.open(self.play.signers["honest"], self.play.hub, folder / "node.journal")
        self.node._table.journal._database.execute("PRAGMA synchronous=OFF")  # about promises here, not the disk
        self.villain = Villain(self.play, self.node, "payer", side, (theirs, mine), 1)
        self.key = self.villain.key
        self.towers = Towers(self.play, self.villain, folder)
        self.papers: list[Paper] = []
        for row in begun:
            self.the_villain_locks(*row)

    @invariant()
    def a_turn_is_over(self) -> None:
        self.peace = getattr(self, "peace", 0) - 1

    @property
    def war(self) -> bool:
        return self.peace < 0

    @property
    def trading(self) -> bool:
        return self.villain.trading

    def note(self) -> None:
        """Keep all that a tower can be told of now."""
        state, side = self.villain.state, self.villain.side
        found = [Paper(side, Payment(self.key.id, state.theirs.plain, state.theirs.voucher))] * bool(state.theirs.plain)
        received, mine = (
            self.node.proofs.accepted(self.key.id, side),
            self.node.proofs.accepted(self.key.id, state.side),
        )
        if received is not None:
            found.append(Paper(side, *received, self.node.openings(self.key.id, consenting=True)))
        if mine is not None:
            found.append(Paper(state.side, *mine, answering=True))
        self.papers += [one for one in found if one not in self.papers]

    # ------------------------------------------------------------------------------------------------- off the chain

    @precondition(lambda self: self.trading)
    @rule(amount=small, lasts=st.sampled_from(LASTING), virtual=st.booleans(), told=tellings)
    def the_villain_locks(self, amount: int, lasts: int, virtual: bool, told: list[tuple[int, str]]) -> None:
        """As it should; the party learns of more and more that takes it, and tells some towers."""
        condition = [*SECRETS][amount % len(SECRETS)]
        if virtual:
            self.villain.lock_virtual(amount * UNIT, lasts)
        else:
            self.villain.lock_more(amount * UNIT, lasts, condition)
        self.note()
        worth = 0
        for more, name in told:
            worth += more
            self.learn(self.villain.virtual_worth(worth * UNIT) if virtual else (condition, SECRETS[condition]))
            if self.papers and name in TOWERS:
                self.towers.tell(name, self.papers[-1])

    def learn(self, what: tuple[bytes, bytes]) -> None:
        """If such a lock is there."""
        if any(lock.condition == what[0] for lock in self.villain.own.locks):
            self.node.locks.learn(self.key.id, *what)
            self.play.counts["learnt"] += 1
            self.note()

    @precondition(lambda self: self.trading)
    @rule(data=picks, grows=st.integers(0, 30), skips=st.integers(-1, 2), hand_over=st.booleans())
    def the_villain_signs_any_proof(self, data: st.DataObject, grows: int, skips: int, hand_over: bool) -> None:
        self.villain.lock_anything(data, grows * UNIT, skips, hand_over)
        self.note()

    @precondition(lambda self: self.trading)
    @rule(amount=small, hand_over=st.booleans())
    def the_villain_signs_a_voucher(self, amount: int, hand_over: bool) -> None:
        self.villain.pay(amount * UNIT, hand_over)
        self.note()

    @precondition(lambda self: self.trading)
    @rule(amount=small)
    def the_party_pays(self, amount: int) -> None:
        with contextlib.suppress(Refused):
            self.villain.vouchers[self.villain.other].append(self.node.pay(self.key.id, amount * UNIT))
            self.play.counts["paid"] += 1

    @precondition(lambda self: self.trading)
    @rule(data=picks, accepted=seldom)
    def the_party_signs_a_lock_proof(self, data: st.DataObject, accepted: bool) -> None:
        with contextlib.suppress(Refused):
            now, lasting = self.play.now, (NAP, *LASTING)
            how, proof = change_locks(self.node, self.key.id, now, SECRETS, data, unit=UNIT, lasting=lasting)
            if proof is not None:
                self.play.counts[how] += 1
                self.villain.proofs[self.villain.other].append(proof)
                if accepted:
                    self.villain.accept(proof, True)
                    self.note()

    @precondition(lambda self: self.trading and self.villain.own.locks)
    @rule(data=picks, worth=small)
    def the_party_learns_what_takes_a_lock(self, data: st.DataObject, worth: int) -> None:
        """A preimage; or a voucher of the stranger's, for more or less than it knew."""
        lock = data.draw(st.sampled_from(self.villain.own.locks))
        known = lock.condition in SECRETS
        self.learn((lock.condition, SECRETS[lock.condition]) if known else self.villain.virtual_worth(worth * UNIT))

    # -------------------------------------------------------------------------------------------------- to the towers

    @precondition(lambda self: self.papers and self.trading)
    @rule(data=picks, back=st.sampled_from((1, 3, 100)), name=st.sampled_from(TOWERS))
    def a_tower_is_told(self, data: st.DataObject, back: int, name: str) -> None:
        """Something of today, or of any time before."""
        paper = data.draw(st.sampled_from(self.papers[-back:]))
        self.towers.tell(name, paper)
        self.play.counts["told of before"] += paper != self.papers[-1]

    @rule(name=st.sampled_from(TOWERS))
    def a_tower_is_started_anew(self, name: str) -> None:
        self.play.counts["started anew"] += 1
        self.towers.restart(name)

    # ------------------------------------------------------------------------------------------------------- on chain

    def moves(self) -> list[Move]:
        """What the villain can do, with what the party has ever consented to."""
        villain, found = self.villain, self.villain.moves()
        claim = self.villain.view.claim(villain.side)
        for one in self.papers if claim is not None else ():
            if isinstance(one.proof, LockPayment) and one.openings and one.proof.nonce == claim.nonce:
                consents = one.openings
                found.append(
                    Move("consent", lambda place, p=one.proof, c=consents: villain.unlock(villain.side, p, place, c))
                )
        return found

    @precondition(lambda self: self.war)
    @rule(data=picks)
    def the_villain_calls_the_hub(self, data: st.DataObject) -> None:
        moves = self.moves()
        if moves:
            self.play_(data.draw(st.sampled_from(moves)), FIRST)

    def play_(self, move: Move, place: int) -> None:
        self.play.counts["old consent"] += move.name == "consent"
        move.do(place)

    @precondition(lambda self: self.villain.view.disputed)
    @rule(data=picks, before=st.integers(0, 2), behind=st.integers(1, 3))
    def a_block_in_which_all_of_them_call(self, data: st.DataObject, before: int, behind: int) -> None:
        """The villain sees what the towers send, and comes before it or after it in the same block."""
        self.play.counts["block"] += 1
        with self.play.block():
            self.some(data, before)
            for tower in self.towers.towers.values():
                tower._transactions.patience = 0.0
                tower.step()
                tower._transactions.patience = 20.0
            self.some(data, behind)
        self.towers.wake()

    def some(self, data: st.DataObject, count: int) -> None:
        moves = self.moves()
        for _ in range(count if moves else 0):
            self.play_(data.draw(st.sampled_from(moves)), data.draw(st.sampled_from((FIRST, LAST))))

    @precondition(lambda self: self.villain.view.disputed)
    @rule(data=picks, late=st.booleans())
    def the_villain_calls_in_the_last_second_of_a_window(self, data: st.DataObject, late: bool) -> None:
        self.play.until(self.villain.view.deadline + late, self.towers.wake)
        self.the_villain_calls_the_hub(data)

    @rule(seconds=st.integers(1, NAP))
    def time_passes(self, seconds: int) -> None:
        self.play.sleep(seconds, self.towers.wake)

    # ------------------------------------------------------------------------------------------------ the end of it

    def teardown(self) -> None:
        if not hasattr(self, "towers"):
            return
        try:
            self.end()
        finally:
            self.towers.close()
            self.node.close()
            self.folder.cleanup()

    def end(self) -> None:
        """The villain closes and takes what it can; the towers answer; whatever happens, it is paid out."""
        begun, villain = self.play.now, self.villain
        if villain.view.exists:
            self.use_the_oldest_consents()
            villain.take_all_there_is()
        self.towers.wake()
        while (view := villain.view).exists:
            if self.play.now > view.deadline:
                assert self.play.act("stranger", "settle", self.key.as_tuple())
            else:
                self.play.until(min(view.deadline + 1, self.play.now + NAP), self.towers.wake)
                self.towers.wake()
            assert self.play.now - begun < 2 * (2 * DELAY + MAX_LOCKS), "it does not end"
        self.play.counts["ended"] += 1
        owed, got = self.towers.told.owed(villain), self.paid_out()
        assert got >= owed, f"the party has lost {(owed - got) / UNIT} units of what its towers knew"

    def use_the_oldest_consents(self) -> None:
        """The villain closes and shows its own newest proof before the towers look, with the least that takes locks."""
        villain = self.villain
        taking = [one for one in self.papers if one.openings and one.proof == self.papers_proof()]
        if not villain.view.disputed:
            villain.call("startClose", self.key.as_tuple(), 0, b"")
        if taking and villain.post_locks(villain.side, taking[0].proof):
            villain.unlock(villain.side, taking[0].proof, consents=taking[0].openings)
            self.play.counts["old consent"] += 1

    def papers_proof(self) -> LockPayment | None:
        received = self.node.proofs.accepted(self.key.id, self.villain.side)
        return None if received is None else received[0]

    def paid_out(self) -> int:
        connection, hub = self.play.connection, self.play.hub
        logs = connection.logs(self.play.start.number, connection.block_number(), hub.address)
        (ended,) = [one for one in map(hub.decode, logs) if isinstance(one, Closed)]
        return ended.pay_a if self.villain.other == "A" else ended.pay_b


HonestTower.TestCase.settings = settings(campaign(examples=40, steps=30), suppress_health_check=list(HealthCheck))

HAPPENED = {
    "proof taken": 40, "acceptance taken": 12, "paid": 2, "add": 8, "drop": 1, "retract": 1, "learnt": 60,
    "told": 30, "told of before": 1, "started anew": 20, "old consent": 10, "block": 3,
    "tower: close": 1, "tower: post_locks": 4, "tower: unlock": 6,
    "startClose": 12, "postLocks": 15, "unlock": 10, "settle": 40, "ended": 40,
    "DisputeNotOpen": 4, "StaleNonce": 2, "NothingUnlocked": 1,
}  # fmt: skip


def test_towers_with_any_part_of_what_a_party_has_keep_the_newest_of_it() -> None:
    counts = play().counts = Counter()
    HonestTower.TestCase().runTest()
    print(dict(counts))
    for name, least in HAPPENED.items():
        assert counts[name] >= least, f"{name} happened {counts[name]} times, {least} needed"


def _last_told(old: DirectionRecord, newer: DirectionRecord) -> DirectionRecord:
    return replace(newer, closing=newer.closing or old.closing)


FAULTS = {
    "what an old consent took is left": (watchplan, "_missing", lambda *_: 0),
    "what is told last replaces": (DirectionRecord, "merged", _last_told),
    "a worse consent told last replaces": (watchrecords, "_better", lambda _, old, new: new),
    "no close is started": (Watchtower, "_starts", lambda *_: []),
    "the journal keeps nothing": (WatchtowerStore, "_write", lambda *_: None),
}


@pytest.mark.parametrize("fault", controls(FAULTS, "what an old consent took is left"))
def test_each_fault_of_a_tower_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Controls: towers that keep one rule less lose money in this machine."""
    monkeypatch.setattr(*FAULTS[fault])
    with pytest.raises(AssertionError, match="has lost"):
        play_faulty(HonestTower, 1_000, 30)
