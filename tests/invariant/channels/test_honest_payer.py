"""An honest payer against a payee that goes back to whatever it ever accepted: it never pays more than it signed away.

The payer signs by the rules of a careful node: a lock proof goes out only when the one before it was accepted, a lock
counts in full until the proof without it was accepted, and in a dispute it answers any older proof with the newest one
that was accepted. The payee accepts or keeps silent, signs acceptances of old proofs when it likes, resolves locks to
what suits it, has strangers post for it, and waits for the last second. The payer looks every ninety seconds.
"""

from __future__ import annotations

from collections import Counter
from typing import ClassVar, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.support.campaign import campaign
from tests.support.channels.stage import CONFIG, DELAY, DUPLEX, STRANGER, A, B, Stage
from tests.unit.channels.test_model_properties import recover, sign

from layer2.channels.bindings.errors import HubError
from layer2.channels.model import CLOSED, Action, payoff
from layer2.channels.model import actions as act
from layer2.channels.protocol.lock_openings import Opening, open_locks, resolve_message
from layer2.channels.protocol.lock_tree import locks_root
from layer2.channels.protocol.locks import Lock, virtual_channel_id, voucher_lock, voucher_resolution
from layer2.channels.protocol.messages import Accept, LockVoucher, Voucher

NAP, SALT = 90, bytes(32)
VIRTUAL = virtual_channel_id(STRANGER, B, SALT)
small = st.integers(1, 30)
posters = st.sampled_from((B, STRANGER))


class Proof(NamedTuple):
    """A lock proof that the payer signed."""

    amount: int
    nonce: int
    locks: tuple[Lock, ...]

    @property
    def limit(self) -> int:
        return self.amount + sum(lock.amount for lock in self.locks)

    def message(self) -> LockVoucher:
        last = max((lock.expiry for lock in self.locks), default=0)
        return LockVoucher(DUPLEX.id, self.amount, self.nonce, self.limit - self.amount, last, locks_root(self.locks))

    def post(self, *, accepted: bool) -> act.PostLocks:
        one = self.message()
        row = (one.amount, one.nonce, one.locked, one.last_expiry, one.locks_root)
        accept = sign(Accept(DUPLEX.id, False, self.nonce, one.struct_hash()), B) if accepted else b""
        return act.PostLocks(DUPLEX, False, act.LockProof(*row, sign(one, A)), accept)


class HonestPayer(RuleBasedStateMachine):
    taken: ClassVar[Counter[str]] = Counter()

    @initialize(history=st.lists(st.tuples(small, st.integers(0, 30)), min_size=1, max_size=3))
    def start(self, history: list[tuple[int, int]]) -> None:
        """A channel in which locks were made and settled before; they end soon after a window that starts now."""
        self.stage = Stage()
        self.stage.env = {"recover": recover}
        self.stage.fund(DUPLEX, 500, 100)
        self.proofs: list[Proof] = []
        self.vouchers = [0]
        self.accepted: Proof | None = None
        self.begun = 0
        for amount, paid in history:
            self.the_payer_adds_a_lock(amount, DELAY + 20)
            self.the_payee_accepts()
            self.the_payer_settles_a_lock_below_its_amount(paid)
            self.the_payee_accepts()

    def do(self, action: Action, by: str, what: str) -> bool:
        try:
            self.stage.do(action, by)  # type: ignore[arg-type]
        except HubError:
            return False
        self.taken[what] += 1
        if not self.begun and self.running:
            self.begun = self.stage.now
        return True

    @property
    def running(self) -> bool:
        return self.stage.state.channel(DUPLEX.id).deadline not in (0, CLOSED)

    @property
    def trading(self) -> bool:
        return self.stage.state.channel(DUPLEX.id).deadline == 0

    @property
    def pending(self) -> Proof | None:
        """The newest proof, if the payee has not accepted it."""
        newest = self.proofs[-1] if self.proofs else None
        return None if newest == self.accepted else newest

    def exposure(self) -> int:
        """What the payer has signed away at most, by its own books."""
        standing = [one.limit for one in (self.accepted, self.pending) if one is not None]
        return max([self.vouchers[-1], *standing])

    # ------------------------------------------------------------------------------------------------ off the chain

    @precondition(lambda self: self.trading and (self.accepted is None or not self.accepted.locks) and not self.pending)
    @rule(amount=small)
    def the_payer_pays(self, amount: int) -> None:
        if self.exposure() + amount <= 400:
            self.vouchers.append(max(self.vouchers[-1], self.accepted.amount if self.accepted else 0) + amount)

    @precondition(lambda self: self.trading and not self.pending)
    @rule(amount=small, lasts=st.integers(100, 5_000))
    def the_payer_adds_a_lock(self, amount: int, lasts: int) -> None:
        before = self.accepted.locks if self.accepted else ()
        base = max(self.vouchers[-1], self.accepted.amount if self.accepted else 0)
        if len(before) < 3 and self.exposure() + amount <= 400:
            lock = voucher_lock(amount, self.stage.now + lasts, STRANGER, B, SALT)
            self.proofs.append(Proof(base, len(self.proofs) + 1, (*before, lock)))

    @precondition(lambda self: self.trading and not self.pending and self.accepted is not None and self.accepted.locks)
    @rule(paid=st.integers(0, 30))
    def the_payer_settles_a_lock_below_its_amount(self, paid: int) -> None:
        assert self.accepted is not None
        first, *rest = self.accepted.locks
        amount = self.accepted.amount + min(paid, first.amount)
        self.proofs.append(Proof(amount, len(self.proofs) + 1, tuple(rest)))

    @precondition(lambda self: self.trading and self.pending)
    @rule()
    def the_payee_accepts(self) -> None:
        self.accepted = self.proofs[-1]

    # -------------------------------------------------------------------------------------------------- on the chain

    @precondition(lambda self: self.trading and bool(self.proofs))
    @rule(data=st.data())
    def the_payee_starts_with_any_proof(self, data: st.DataObject) -> None:
        self.do(data.draw(st.sampled_from(self.proofs)).post(accepted=False), B, "start")

    @precondition(lambda self: self.trading and bool(self.proofs))
    @rule(by=st.sampled_from((A, B)))
    def somebody_starts(self, by: str) -> None:
        self.do(act.StartClose(DUPLEX), by, "start")

    @precondition(lambda self: self.running and self.proofs)
    @rule(data=st.data(), by=posters, late=st.booleans())
    def the_payee_posts_an_old_proof(self, data: st.DataObject, by: str, late: bool) -> None:
        """It can accept any proof afterwards; in the last second of the window, or at once."""
        deadline = self.stage.state.channel(DUPLEX.id).deadline
        while late and self.stage.now + NAP <= deadline:
            self.sleep(NAP)
        if late:
            self.stage.now = max(self.stage.now, deadline)
        accepted = by == STRANGER or data.draw(st.booleans())
        proof = data.draw(st.sampled_from(self.proofs))
        if self.do(proof.post(accepted=accepted), by, "old proof"):
            for index in range(len(proof.locks)):
                self.resolve(proof, index, 30, by)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def the_payee_posts_a_voucher(self, data: st.DataObject) -> None:
        amount = data.draw(st.sampled_from(self.vouchers))
        self.do(act.Post(DUPLEX, False, amount, sign(Voucher(DUPLEX.id, amount), A)), B, "voucher")

    @precondition(lambda self: self.running and self.proofs)
    @rule(data=st.data(), by=posters, worth=st.sampled_from((1, 30)))
    def the_payee_resolves_a_lock(self, data: st.DataObject, by: str, worth: int) -> None:
        """The far payer is in league with it and signs what it wants."""
        standing = self.stage.state.channel(DUPLEX.id).claim_a
        posted = [one for one in self.proofs if standing and one.nonce == standing.nonce and one.locks]
        if not posted:
            return
        index = data.draw(st.integers(0, len(posted[0].locks) - 1))
        self.resolve(posted[0], index, worth, by)

    def resolve(self, proof: Proof, index: int, worth: int, by: str) -> None:
        resolution = voucher_resolution(STRANGER, B, SALT, worth, sign(Voucher(VIRTUAL, worth), STRANGER))
        consent = sign(resolve_message(DUPLEX.id, "A", proof.locks[index], resolution), B)
        opened = open_locks(proof.locks, [Opening(index, resolution, consent)])
        self.do(act.Unlock(DUPLEX, False, proof.limit, *opened), by, "unlock")

    @rule(seconds=st.integers(1, NAP))
    def time_passes(self, seconds: int) -> None:
        self.sleep(seconds)

    @precondition(lambda self: self.running)
    @rule(turns=st.integers(1, 20))
    def much_time_passes(self, turns: int) -> None:
        for _ in range(turns):
            self.sleep(NAP)

    @precondition(lambda self: self.running and self.stage.now > self.stage.state.channel(DUPLEX.id).deadline)
    @rule()
    def somebody_settles(self) -> None:
        due = payoff(500, 100, self.exposure(), 0)[0]
        if self.do(act.Settle(DUPLEX), STRANGER, "settle"):
            assert self.stage.paid.get(A, 0) >= due

    def sleep(self, seconds: int) -> None:
        """The payer wakes up after it, and answers."""
        self.stage.now += seconds
        channel = self.stage.state.channel(DUPLEX.id)
        open_still = self.running and self.stage.now <= channel.deadline
        if open_still and channel.claim_a and self.accepted and channel.claim_a.nonce < self.accepted.nonce:
            assert self.do(self.accepted.post(accepted=True), A, "answer")

    def teardown(self) -> None:
        if not hasattr(self, "stage") or self.stage.state.channel(DUPLEX.id).deadline == CLOSED:
            return
        if self.trading:
            self.do(act.StartClose(DUPLEX), A, "start")
        while self.stage.now <= self.stage.state.channel(DUPLEX.id).deadline:
            self.sleep(NAP)
        self.somebody_settles()
        assert self.stage.state.channel(DUPLEX.id).deadline == CLOSED
        assert self.stage.now - self.begun <= 3 * DELAY + CONFIG.max_lock_duration + 2 * NAP


HonestPayer.TestCase.settings = campaign(examples=150, steps=20)


def test_an_honest_payer_never_pays_more_than_it_signed_away() -> None:
    HonestPayer.taken.clear()
    HonestPayer.TestCase().runTest()
    print(dict(HonestPayer.taken))
    assert set(HonestPayer.taken) == {"start", "old proof", "voucher", "unlock", "settle", "answer"}
