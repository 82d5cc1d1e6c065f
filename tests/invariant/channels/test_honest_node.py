"""An honest node, payer and payee at once, against a peer that signs anything and a stranger with every old acceptance.

The honest side is the real node and the real judgement of the tower, on the model of the hub. The adversary signs fresh
vouchers, lock proofs and acceptances at will, keeps everything it was ever given, posts what suits it, in any order,
before and after the honest side in a block; the stranger posts any accepted proof of old. The honest side never gets
less than its newest agreed state is worth, and everything ends in bounded time.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.support.campaign import campaign, controls, play_faulty
from tests.support.channels.honest_node import (
    ADVERSARY,
    DELAY,
    MAX_LOCKS,
    NAP,
    STRANGER,
    Honest,
    ModelHub,
    change_locks,
)

from layer2.channels.contract.calls import lock_proof
from layer2.channels.model import actions as act
from layer2.channels.party import lock_rules as lockrules
from layer2.channels.party import transition as ledger
from layer2.channels.party.errors import Refused
from layer2.channels.party.events import LocksReceived
from layer2.channels.party.state import Direction, State
from layer2.channels.protocol.lock_openings import Opening, open_locks
from layer2.channels.protocol.locks import Lock, hash_lock
from layer2.channels.protocol.messages import Close, Voucher, Withdraw
from layer2.channels.protocol.proofs import Acceptance, CloseTerms, LockPayment, Payment, WithdrawTerms
from layer2.channels.watchtower.records import DirectionRecord
from layer2.primitives.errors import SignatureError

SECRETS = [bytes((number + 1,)) * 32 for number in range(6)]
PREIMAGES = {hash_lock(1, 1, secret).condition: secret for secret in SECRETS}
small = st.integers(1, 40)
picks = st.data()


class HonestNode(RuleBasedStateMachine):
    counts: ClassVar[Counter[str]] = Counter()
    salt: ClassVar[int] = 0

    @initialize(side=st.sampled_from("AB"), mine=st.integers(0, 200), theirs=st.integers(50, 300))
    def start(self, side: str, mine: int, theirs: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.hub = ModelHub()
        HonestNode.salt += 1
        self.honest = Honest(self.hub, side, Path(self.folder.name), HonestNode.salt)
        self.key, self.node = self.honest.key, self.honest.node
        self.side, self.other = side, self.honest.other
        nets = (mine, theirs) if side == "A" else (theirs, mine)
        assert self.hub.do(act.Deposit(self.key, *nets, sum(nets)), ADVERSARY.address)
        self.node.join(self.key)
        # All that was ever signed, by whom it pays: vouchers, lock proofs with the acceptances that are known of them.
        self.vouchers: dict[str, list[Payment]] = {"A": [], "B": []}
        self.proofs: dict[str, list[LockPayment]] = {"A": [], "B": []}
        self.accepts: dict[tuple[str, bytes], bytes] = {}
        self.withdrawal: WithdrawTerms | None = None
        self.final: CloseTerms | None = None

    # ------------------------------------------------------------------------------------------------ what is known

    @property
    def state(self):
        return self.node.state(self.key.id)

    @property
    def running(self) -> bool:
        return self.honest.channel.disputed

    @property
    def trading(self) -> bool:
        view = self.honest.channel
        return view.exists and not view.disputed and self.state.closing is None

    def sign(self, message: Any) -> bytes:
        return ADVERSARY.sign_digest(message.digest(self.hub.domain))

    @property
    def busy(self) -> bool:
        """Enough was signed for a dispute to be about something."""
        return sum(len(self.vouchers[one]) + 2 * len(self.proofs[one]) for one in "AB") >= 8

    def counted(self, name: str) -> None:
        self.counts[name] += 1

    def accept(self, proof: LockPayment, hand_over: bool) -> None:
        """The adversary accepts a proof of the honest node; what it does with that is its own business."""
        signature = self.sign(proof.accept_message(self.side))
        self.accepts[self.side, proof.proof_hash] = signature
        if not hand_over:
            return
        with contextlib.suppress(Refused, SignatureError):
            level = self.node.locks.take_accept(
                Acceptance(self.key.id, self.side, proof.nonce, proof.proof_hash, signature)
            )
            self.counted("released")
            if level is not None:
                self.vouchers[self.side].append(level)

    def locks(self, data: st.DataObject) -> tuple[Lock, ...]:
        row = st.tuples(st.integers(1, 30), st.sampled_from((200, 700, 1_500)), st.sampled_from(SECRETS))
        drawn = data.draw(st.lists(row, max_size=3))
        kept = tuple(lock for lock in self.state.theirs.locks if data.draw(st.booleans()))
        return (*kept, *(hash_lock(amount, self.hub.now + lasts, secret) for amount, lasts, secret in drawn))

    # ------------------------------------------------------------------------------------- the adversary, off chain

    @precondition(lambda self: self.trading)
    @rule(amount=small, hand_over=st.booleans())
    def the_adversary_signs_a_voucher(self, amount: int, hand_over: bool) -> None:
        total = self.state.theirs.amount + amount
        payment = Payment(self.key.id, total, self.sign(Voucher(self.key.id, total)))
        self.vouchers[self.other].append(payment)
        if hand_over:
            before = self.honest.owned()
            with contextlib.suppress(Refused):
                self.node.receive(payment)
                self.counted("received")
            assert self.honest.owned() >= before, "worth less by what the peer signed"

    @precondition(lambda self: self.trading)
    @rule(grows=st.integers(0, 40), skips=st.integers(-2, 2), data=picks, hand_over=st.booleans())
    def the_adversary_signs_a_lock_proof(self, grows: int, skips: int, data: st.DataObject, hand_over: bool) -> None:
        theirs = self.state.theirs
        row = (theirs.amount + grows, max(1, theirs.nonce + 1 + skips), self.locks(data))
        unsigned = LockPayment(self.key.id, *row, b"")
        proof = LockPayment(self.key.id, *row, self.sign(unsigned.message()))
        self.proofs[self.other].append(proof)
        if hand_over:
            before = self.honest.owned()
            with contextlib.suppress(Refused):
                acceptance = self.node.locks.receive_locks(proof)
                self.accepts[self.other, proof.proof_hash] = acceptance.signature
                self.counted("accepted")
            assert self.honest.owned() >= before, "worth less by what the peer signed"

    @precondition(lambda self: any(self.proofs[self.side]))
    @rule(data=picks, hand_over=st.booleans())
    def the_adversary_accepts_a_proof_new_or_old(self, data: st.DataObject, hand_over: bool) -> None:
        self.accept(data.draw(st.sampled_from(self.proofs[self.side])), hand_over)

    # --------------------------------------------------------------------------------------------- the honest node

    @precondition(lambda self: self.trading)
    @rule(amount=small)
    def the_honest_node_pays(self, amount: int) -> None:
        with contextlib.suppress(Refused):
            self.vouchers[self.side].append(self.node.pay(self.key.id, amount))
            self.counted("paid")

    @precondition(lambda self: self.trading)
    @rule(data=picks, accepted=st.sampled_from((True, True, False)))
    def the_honest_node_signs_a_lock_proof(self, data: st.DataObject, accepted: bool) -> None:
        with contextlib.suppress(Refused):
            how, proof = change_locks(self.node, self.key.id, self.hub.now, PREIMAGES, data)
            if proof is not None:
                self.proofs[self.side].append(proof)
                self.counted(how)
                if accepted:
                    self.accept(proof, True)

    @precondition(lambda self: self.state.theirs.locks and self.trading)
    @rule(data=picks, gives_up=st.booleans())
    def the_honest_node_learns_a_preimage_or_gives_a_lock_up(self, data: st.DataObject, gives_up: bool) -> None:
        lock = data.draw(st.sampled_from(self.state.theirs.locks))
        if gives_up:
            with contextlib.suppress(Refused):
                self.node.locks.give_up(self.key.id, lock)
                self.counted("given up")
        elif all(self.hub.now + 4 * NAP < x.expiry for x in self.state.theirs.locks if x.condition == lock.condition):
            self.node.locks.learn(self.key.id, lock.condition, PREIMAGES[lock.condition])
            self.counted("learnt")

    @precondition(lambda self: self.trading and self.withdrawal is None)
    @rule(mine=st.integers(0, 40), theirs=st.integers(0, 40))
    def both_sign_a_withdrawal(self, mine: int, theirs: int) -> None:
        outs = (mine, theirs) if self.side == "A" else (theirs, mine)
        until, epoch = self.hub.now + 5_000, self.state.epoch
        signature = self.sign(Withdraw(self.key.id, *outs, epoch, until))
        with contextlib.suppress(Refused):
            self.withdrawal = self.node.closing.sign_withdraw(
                self.key.id, *outs, until, WithdrawTerms(self.key.id, self.other, *outs, epoch, until, signature)
            )
            self.counted("withdrawal signed")

    @precondition(lambda self: self.trading)
    @rule(wanted=st.integers(0, 3))
    def both_sign_the_last_close(self, wanted: int) -> None:
        if not wanted and self.state.counters != (0, 0):
            with contextlib.suppress(Refused):
                self.final = self.node.closing.sign_close(self.key.id)
                self.counted("close signed")

    # ------------------------------------------------------------------------------------ the adversary, on the chain

    @precondition(lambda self: self.withdrawal is not None)
    @rule()
    def the_adversary_withdraws(self) -> None:
        one = self.withdrawal
        theirs = self.sign(Withdraw(self.key.id, one.out_a, one.out_b, one.epoch, one.valid_until))
        pair = (one.signature, theirs) if self.side == "A" else (theirs, one.signature)
        if self.hub.do(act.Withdraw(self.key, one.out_a, one.out_b, one.valid_until, *pair), STRANGER.address):
            self.withdrawal = None

    @precondition(lambda self: self.final is not None)
    @rule()
    def the_adversary_closes(self) -> None:
        one, before = self.final, self.honest.owned()
        theirs = self.sign(Close(self.key.id, one.sent_a, one.sent_b))
        pair = (one.signature, theirs) if self.side == "A" else (theirs, one.signature)
        if self.hub.do(act.Close(self.key, one.sent_a, one.sent_b, *pair), STRANGER.address):
            self.assert_paid(before)

    @precondition(lambda self: self.trading and self.busy)
    @rule(data=picks)
    def the_adversary_starts_a_close(self, data: st.DataObject) -> None:
        known = [Payment(self.key.id, 0, b""), *self.vouchers[self.side]]
        one = data.draw(st.sampled_from(known))
        self.hub.do(act.StartClose(self.key, one.amount, one.signature), ADVERSARY.address)

    @precondition(lambda self: self.running and self.vouchers["A"] + self.vouchers["B"])
    @rule(data=picks)
    def somebody_posts_a_voucher(self, data: st.DataObject) -> None:
        side, one = data.draw(st.sampled_from([(s, v) for s in "AB" for v in self.vouchers[s]]))
        self.hub.do(act.Post(self.key, side == "B", one.amount, one.signature), STRANGER.address)

    @precondition(lambda self: (self.running or (self.trading and self.busy)) and self.proofs["A"] + self.proofs["B"])
    @rule(data=picks, by_adversary=st.booleans())
    def somebody_posts_a_lock_proof_new_or_old(self, data: st.DataObject, by_adversary: bool) -> None:
        """The adversary posts as the receiver, with or without an acceptance; the stranger with any that exists."""
        side, one = data.draw(st.sampled_from([(s, p) for s in "AB" for p in self.proofs[s]]))
        row = lock_proof(one)
        proof = act.LockProof(row.amount, row.nonce, row.locked, row.last_expiry, row.locks_root, row.signature)
        accept = self.accepts.get((side, one.proof_hash), b"")
        by = ADVERSARY.address if by_adversary else STRANGER.address
        self.hub.do(act.PostLocks(self.key, side == "B", proof, accept), by)

    @precondition(lambda self: self.running and any(p.locks for s in "AB" for p in self.proofs[s]))
    @rule(data=picks)
    def somebody_unlocks_with_every_preimage_there_is(self, data: st.DataObject) -> None:
        side, one = data.draw(st.sampled_from([(s, p) for s in "AB" for p in self.proofs[s] if p.locks]))
        self.unlock(side, one)

    @precondition(lambda self: self.running)
    @rule()
    def somebody_settles(self) -> None:
        before = self.honest.owned()
        if self.hub.do(act.Settle(self.key), STRANGER.address):
            self.assert_paid(before)

    @rule(seconds=st.integers(1, NAP))
    def time_passes(self, seconds: int) -> None:
        self.hub.now += seconds
        self.honest.wake()

    # -------------------------------------------------------------------------------------------------- the end of it

    def assert_paid(self, before: int) -> None:
        assert self.hub.paid[self.honest.by] >= before
        self.counted("ended")

    def teardown(self) -> None:
        if not hasattr(self, "honest"):
            return
        try:
            self.end()
        finally:
            self.node.close()
            self.folder.cleanup()
            for name, count in self.hub.taken.items():
                self.counts[name] += count
            for name, count in self.hub.refused.items():
                self.counts[name] += count

    def take_all_there_is(self) -> None:
        """The adversary uses the proof of the honest node's direction that is worth most, whatever came after it."""
        for one in sorted(self.proofs[self.side], key=lambda proof: -proof.limit):
            row = lock_proof(one)
            proof = act.LockProof(row.amount, row.nonce, row.locked, row.last_expiry, row.locks_root, row.signature)
            if self.hub.do(act.PostLocks(self.key, self.side == "B", proof), ADVERSARY.address):
                self.unlock(self.side, one)
                return

    def unlock(self, side: str, one: LockPayment) -> None:
        openings = [Opening(index, PREIMAGES[lock.condition]) for index, lock in enumerate(one.locks)]
        if openings:
            rows, others = open_locks(one.locks, openings)
            self.hub.do(act.Unlock(self.key, side == "B", one.limit, rows, others), STRANGER.address)

    def end(self) -> None:
        view = self.honest.channel
        if not view.exists:
            return
        if not view.disputed:
            assert self.hub.do(act.StartClose(self.key), self.honest.by)
        self.take_all_there_is()
        latest = self.hub.now + 2 * DELAY + MAX_LOCKS + DELAY
        while (deadline := self.honest.channel.deadline) >= self.hub.now:
            assert self.hub.now <= latest, "it does not end"
            self.honest.wake()
            self.hub.now += NAP
        assert deadline
        before = self.honest.owned()
        assert self.hub.do(act.Settle(self.key), STRANGER.address)
        self.assert_paid(before)


HonestNode.TestCase.settings = campaign(examples=150, steps=50)

HAPPENED = (
    "received", "accepted", "released", "paid", "add", "fulfil", "drop", "retract", "learnt", "given up",
    "withdrawal signed", "close signed", "ended", "Withdraw", "Close", "StartClose", "Post", "PostLocks", "Unlock",
    "Settle", "StaleCounter", "StaleNonce", "DisputeNotOver",
)  # fmt: skip


def test_an_honest_node_never_gets_less_than_its_newest_state() -> None:
    HonestNode.counts.clear()
    HonestNode.TestCase().runTest()
    print(dict(HonestNode.counts))
    for name in HAPPENED:
        assert HonestNode.counts[name] > 0, f"{name} never happened"


def _without_offers(direction: Direction) -> int:
    return max(direction.plain, direction.proof.limit)


def _without_answers(honest: Honest) -> list[DirectionRecord]:
    return [one for one in GUARDS(honest) if not one.answering]


def _over_locks(state: State, amount: int) -> None:
    CHECK_RECEIVE(replace(state, theirs=replace(state.theirs, proof=replace(state.theirs.proof, locks=()))), amount)


def _dropped_for_nothing(state: State, event: LocksReceived) -> tuple[int, tuple[Lock, ...]]:
    return 0, ()


GUARDS, CHECK_RECEIVE = Honest.guards, ledger.check_receive
FAULTS = {
    "what is not accepted is not counted": (Direction, "limit", property(_without_offers)),
    "an old lock proof is not answered": (Honest, "guards", _without_answers),
    "a voucher is taken over pending locks": (ledger, "check_receive", _over_locks),
    "locks are dropped for nothing": (lockrules, "_owed", _dropped_for_nothing),
}


@pytest.mark.parametrize("fault", controls(FAULTS, "what is not accepted is not counted"))
def test_each_fault_of_an_honest_node_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Controls: a node that keeps one rule less loses money in this machine."""
    monkeypatch.setattr(*FAULTS[fault])
    with pytest.raises(AssertionError):
        play_faulty(HonestNode, 2_000, 50)
