"""An honest payee against a payer that cheats in every way: it never gets less than its newest state is worth.

The payee signs payments back, withdrawals and a last close by the rules of a careful node; the payer keeps everything
it ever got signed, the acceptances of all lock proofs among it, and shows whatever suits it, a stranger helps it. The
payee wakes up every ninety seconds at least.
"""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.support.campaign import campaign
from tests.support.chains import new_chain
from tests.support.channels.lockstep import Chain, Twin

from layer2.channels.model import CLOSED, Channel, payoff
from layer2.channels.model import actions as act
from layer2.channels.protocol.lock_openings import Opening, open_locks
from layer2.channels.protocol.lock_tree import locks_root
from layer2.channels.protocol.locks import LockSet, hash_lock
from layer2.channels.protocol.messages import Accept, Close, LockVoucher, Voucher, Withdraw
from layer2.primitives.hashing import keccak

pytestmark = [pytest.mark.anvil, pytest.mark.machine]

NAP = 90
small = st.integers(1, 40)
villains = st.sampled_from(("payer", "attacker"))

_chain: list[Chain] = []


def chain() -> Chain:
    """The chain, made at first use."""
    if not _chain:
        _chain.append(Chain(new_chain()))
    return _chain[0]


class HonestPayee(RuleBasedStateMachine):
    counts: ClassVar[Twin.Counts] = Twin.Counts()

    @initialize(net_a=st.integers(100, 300), net_b=st.integers(0, 100))
    def start(self, net_a: int, net_b: int) -> None:
        self.chain = chain()
        self.twin = Twin(self.chain, self.counts)
        self.key = self.chain.key()
        self.twin.open(self.key)
        self.twin.do(act.Deposit(self.key, net_a, net_b, net_a + net_b), "payer")
        # What the payee holds: its newest counter and locks, and what it has signed itself.
        self.sent_a, self.nonce, self.locks = 0, 0, LockSet()
        self.known: dict[bytes, bytes] = {}
        self.sent_b, self.reserved, self.withdrawal, self.final = 0, 0, None, None
        # What the villains have collected.
        self.vouchers_a, self.vouchers_b, self.proofs = [0], [0], []

    # ---------------------------------------------------------------------------------------- what the payee knows

    @property
    def channel(self) -> Channel:
        return self.twin.state.channel(self.key.id)

    @property
    def running(self) -> bool:
        return self.channel.deadline not in (0, CLOSED)

    @property
    def trading(self) -> bool:
        """Money still flows: nobody closes, nobody has agreed to."""
        return self.channel.deadline == 0 and self.final is None

    def room(self) -> int:
        """What the payer can still pay, all that was promised to it or locked counted as gone."""
        return self.channel.net_a - self.reserved - self.sent_a - self.locks.locked + self.sent_b

    def owned(self) -> int:
        """What the newest state gives the payee: paid out, paid for, or open to a preimage it knows."""
        earned = sum(lock.amount for lock in self.locks.locks if lock.condition in self.known)
        nets = self.channel.net_a, self.channel.net_b
        return self.twin.paid[self.key.b] + payoff(*nets, self.sent_a + earned, self.sent_b)[1]

    def sign_a(self, amount: int) -> bytes:
        return self.chain.sign("payer", Voucher(self.key.id, amount))

    def sign_b(self, amount: int) -> bytes:
        return self.chain.sign("payee", Voucher(self.key.id, amount))

    def react(self) -> None:
        """Show the newest proof, take what its locks pay."""
        if self.locks.locks:
            claim = self.channel.claim(False)
            if claim is None or claim.nonce < self.nonce:
                proof = self.proof(self.sent_a, self.nonce, self.locks)
                assert self.twin.do(act.PostLocks(self.key, False, proof), "payee")
            self.unlock_known()
            return
        if self.channel.sent_a < self.sent_a:
            assert self.twin.do(act.Post(self.key, False, self.sent_a, self.sign_a(self.sent_a)), "payee")

    def proof(self, amount: int, nonce: int, locks: LockSet) -> act.LockProof:
        """A lock proof that the payer signed."""
        row = (amount, nonce, locks.locked, locks.last_expiry, locks_root(locks.locks))
        return act.LockProof(*row, self.chain.sign("payer", LockVoucher(self.key.id, *row)))

    def unlock_known(self) -> None:
        """Take what is not taken yet, and not too late, all at once."""
        claim = self.channel.claim(False)
        openings = [
            Opening(index, self.known[lock.condition])
            for index, lock in enumerate(self.locks.locks)
            if lock.condition in self.known and not claim.resolved >> index & 1 and lock.expiry > self.twin.now
        ]
        if openings:
            rest = open_locks(self.locks.locks, openings)
            assert self.twin.do(act.Unlock(self.key, False, self.sent_a + self.locks.locked, *rest), "payee")

    def wake(self) -> None:
        """Answer a dispute; start one in time for the locks whose preimages are known."""
        soon = [lock.expiry for lock in self.locks.locks if lock.condition in self.known]
        if self.trading and soon and min(soon) <= self.twin.now + 2 * NAP:
            assert self.twin.do(act.StartClose(self.key), "payee")
        if self.running:
            self.react()

    # ------------------------------------------------------------------------------------------------ off the chain

    @precondition(lambda self: self.trading and not self.locks.locks)
    @rule(amount=small)
    def the_payer_pays(self, amount: int) -> None:
        if amount <= self.room():
            self.sent_a += amount
            self.vouchers_a.append(self.sent_a)

    @precondition(lambda self: self.trading)
    @rule(amount=small)
    def the_payee_pays_back(self, amount: int) -> None:
        if amount <= payoff(self.channel.net_a, self.channel.net_b, self.sent_a, self.sent_b)[1]:
            self.sent_b += amount
            self.vouchers_b.append(self.sent_b)

    @precondition(lambda self: self.trading and len(self.locks.locks) < 3)
    @rule(amount=small, lasts=st.integers(300, 1_500), known=st.booleans())
    def the_payer_locks(self, amount: int, lasts: int, known: bool) -> None:
        if amount > self.room():
            return
        self.nonce += 1
        preimage = keccak(self.key.id + bytes((self.nonce,)))
        lock = hash_lock(amount, self.twin.now + lasts, preimage)
        self.locks = self.locks.adding(lock)
        self.proofs.append((self.sent_a, self.nonce, self.locks))
        if known:
            self.known[lock.condition] = preimage

    @precondition(lambda self: self.trading and self.locks.locks)
    @rule()
    def the_locks_are_cleared(self) -> None:
        """The payer pays the open ones by voucher; the payee keeps the preimages of none."""
        self.sent_a += sum(lock.amount for lock in self.locks.locks if lock.condition in self.known)
        self.nonce, self.locks = self.nonce + 1, LockSet()
        self.proofs.append((self.sent_a, self.nonce, self.locks))
        self.vouchers_a.append(self.sent_a)

    @precondition(lambda self: self.trading and self.withdrawal is None and not self.locks.locks)
    @rule(a=st.integers(0, 40), b=st.integers(0, 40))
    def both_sign_a_withdrawal(self, a: int, b: int) -> None:
        share = payoff(self.channel.net_a, self.channel.net_b, self.sent_a, self.sent_b)
        if a <= min(share[0], self.room()) and b <= share[1] and a + b:
            self.reserved = a
            self.withdrawal = Withdraw(self.key.id, a, b, self.channel.epoch, self.twin.now + 5_000)

    @precondition(lambda self: self.trading and self.sent_a and self.sent_b and not self.locks.locks)
    @rule()
    def both_sign_the_last_close(self) -> None:
        self.final = Close(self.key.id, self.sent_a, self.sent_b)

    # -------------------------------------------------------------------------------------------------- on the chain

    @precondition(lambda self: self.withdrawal is not None)
    @rule(by=villains)
    def somebody_withdraws(self, by: str) -> None:
        one = self.withdrawal
        signed = self.chain.sign("payer", one), self.chain.sign("payee", one)
        if self.twin.do(act.Withdraw(self.key, one.out_a, one.out_b, one.valid_until, *signed), by):
            self.withdrawal, self.reserved = None, 0

    @precondition(lambda self: self.final is not None)
    @rule(by=villains)
    def somebody_closes(self, by: str) -> None:
        signed = self.chain.sign("payer", self.final), self.chain.sign("payee", self.final)
        self.twin.do(act.Close(self.key, self.final.sent_a, self.final.sent_b, *signed), by)

    @precondition(lambda self: self.channel.deadline == 0 and (self.sent_b or self.nonce > 1 or self.sent_a > 40))
    @rule(data=st.data())
    def the_payer_starts_a_close(self, data: st.DataObject) -> None:
        amount = data.draw(st.sampled_from(self.vouchers_b))
        signature = self.sign_b(amount) if amount else b""
        self.twin.do(act.StartClose(self.key, amount, signature), "payer")

    @precondition(lambda self: self.running)
    @rule(data=st.data(), by=villains)
    def somebody_posts_an_old_counter(self, data: st.DataObject, by: str) -> None:
        amount = data.draw(st.sampled_from(self.vouchers_a))
        self.twin.do(act.Post(self.key, False, amount, self.sign_a(amount)), by)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), by=villains)
    def somebody_posts_what_the_payee_paid(self, data: st.DataObject, by: str) -> None:
        amount = data.draw(st.sampled_from(self.vouchers_b))
        self.twin.do(act.Post(self.key, True, amount, self.sign_b(amount)), by)

    @precondition(lambda self: self.proofs or self.running)
    @rule(data=st.data(), by=villains, empty=st.booleans())
    def the_payer_posts_its_own_locks(self, data: st.DataObject, by: str, empty: bool) -> None:
        """An old proof, with the acceptance that the payee gave at its time; or a new one without any lock or word."""
        amount, nonce, locks = data.draw(st.sampled_from(self.proofs or [(0, 1, LockSet())]))
        if empty or not self.proofs:
            proof = self.proof(amount, self.nonce + 5, LockSet())
            assert not self.twin.do(act.PostLocks(self.key, False, proof), by)
            return
        proof = self.proof(amount, nonce, locks)
        message = LockVoucher(self.key.id, amount, nonce, locks.locked, locks.last_expiry, proof.locks_root)
        accept = self.chain.sign("payee", Accept(self.key.id, False, nonce, message.struct_hash()))
        self.twin.do(act.PostLocks(self.key, False, proof, accept), by)

    @precondition(lambda self: self.running and self.locks.locks and self.channel.claim(False))
    @rule(data=st.data(), by=villains)
    def somebody_opens_a_lock_in_front_of_the_payee(self, data: st.DataObject, by: str) -> None:
        known = [at for at, lock in enumerate(self.locks.locks) if lock.condition in self.known]
        if known:
            index = data.draw(st.sampled_from(known))
            opening = Opening(index, self.known[self.locks.locks[index].condition])
            rest = open_locks(self.locks.locks, [opening])
            self.twin.do(act.Unlock(self.key, False, self.sent_a + self.locks.locked, *rest), by)

    @rule(by=villains, a=st.integers(0, 20), b=st.integers(0, 20))
    def somebody_deposits(self, by: str, a: int, b: int) -> None:
        self.twin.do(act.Deposit(self.key, a, b, a + b), by)

    @precondition(lambda self: self.running)
    @rule(by=villains)
    def somebody_settles(self, by: str) -> None:
        before = self.owned()
        if self.twin.do(act.Settle(self.key), by):
            assert self.twin.paid[self.key.b] >= before

    @rule(seconds=st.integers(1, NAP))
    def time_passes(self, seconds: int) -> None:
        self.twin.now += seconds
        self.wake()

    def teardown(self) -> None:
        if not hasattr(self, "twin") or self.channel.deadline == CLOSED:
            return
        if self.channel.deadline == 0 and self.channel.words(False)[0]:
            assert self.twin.do(act.StartClose(self.key), "payee")
        if not self.running:
            return
        expected = self.owned()
        self.react()
        self.twin.wait(self.channel.deadline + 1)
        assert self.twin.do(act.Settle(self.key), "attacker")
        assert self.twin.paid[self.key.b] >= expected


HonestPayee.TestCase.settings = campaign(examples=60, steps=40)


def test_an_honest_payee_never_gets_less_than_its_newest_state() -> None:
    HonestPayee.counts = counts = Twin.Counts()
    HonestPayee.TestCase().runTest()
    print(counts)
    for entry in ("withdraw", "close", "startClose", "post", "postLocks", "unlock", "settle"):
        assert counts.taken[entry] > 0, f"{entry} was never accepted: {counts}"
    assert counts.taken.total() > counts.tried.total() * 0.25
