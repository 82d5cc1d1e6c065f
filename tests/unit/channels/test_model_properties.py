"""Whatever is called in whatever order: no money is lost or made, and the honest party gets what it holds proof of."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.unit.channels.stage import DOMAIN, DUPLEX, SIMPLEX, STRANGER, A, B, Stage, key

from layer2.channels.errors import HubError
from layer2.channels.locks import LockSet, hash_lock
from layer2.channels.messages import Close, LockVoucher, Move, Voucher, Withdraw
from layer2.channels.model import CLOSED, Action, payoff
from layer2.channels.model import actions as act
from layer2.channels.model.simplex import claim_row
from layer2.primitives.addresses import ZERO_ADDRESS, Address, address_bytes, to_address
from layer2.primitives.typed_data import TypedMessage

OTHER = key(2)
KEYS = (DUPLEX, OTHER, SIMPLEX)
amounts = st.integers(0, 200)
callers = st.sampled_from((A, B, STRANGER))
PREIMAGE = b"\x07" * 32


def sign(message: TypedMessage, signer: Address) -> bytes:
    """A stand-in for ECDSA of 64 bytes: what it is about and by whom, so that the machine is fast."""
    return message.digest(DOMAIN) + address_bytes(signer) + bytes(12)


def recover(digest: bytes, signature: bytes) -> Address | None:
    return to_address(signature[32:52]) if len(signature) == 64 and signature[:32] == digest else None


class Hub(RuleBasedStateMachine):
    """Both parties sign anything; everybody calls anything; time only goes on."""

    tried: int = 0
    taken: int = 0

    @initialize()
    def start(self) -> None:
        self.stage = Stage()
        self.stage.env = {"recover": recover}
        self.stage.fund(DUPLEX, 100, 50).fund(SIMPLEX, 100)

    def call(self, action: Action, by: Address) -> None:
        type(self).tried += 1
        try:
            self.stage.do(action, by)
        except HubError:
            return
        type(self).taken += 1

    @rule(one=st.sampled_from(KEYS), a=amounts, b=amounts, by=callers)
    def deposit(self, one: Any, a: int, b: int, by: Address) -> None:
        b = 0 if one.simplex else b
        self.call(act.Deposit(one, a, b, a + b), by)

    @rule(a=amounts, b=amounts, by=callers)
    def withdraw(self, a: int, b: int, by: Address) -> None:
        epoch = self.stage.state.channel(DUPLEX.id).epoch
        message = Withdraw(DUPLEX.id, a, b, epoch, self.stage.now)
        self.call(act.Withdraw(DUPLEX, a, b, self.stage.now, sign(message, A), sign(message, B)), by)

    @rule(a=amounts, b=amounts, by=callers, into=st.sampled_from((OTHER, SIMPLEX)))
    def move(self, a: int, b: int, by: Address, into: Any) -> None:
        epoch = self.stage.state.channel(DUPLEX.id).epoch
        four = (a, b, a + b, 0)
        message = Move(DUPLEX.id, into.id, *four, epoch, self.stage.now)
        self.call(act.Move(DUPLEX, into, four, self.stage.now, sign(message, A), sign(message, B)), by)

    @rule(one=st.sampled_from((DUPLEX, OTHER)), a=amounts, b=amounts, by=callers, rare=st.integers(0, 4))
    def close(self, one: Any, a: int, b: int, by: Address, rare: int) -> None:
        if rare == 0:
            message = Close(one.id, a, b)
            self.call(act.Close(one, a, b, sign(message, A), sign(message, B)), by)

    @rule(one=st.sampled_from((DUPLEX, OTHER)), amount=amounts, by=callers, rare=st.integers(0, 3))
    def start_close(self, one: Any, amount: int, by: Address, rare: int) -> None:
        # A channel that ends at once teaches nothing.
        if rare:
            return
        sender = A if by == B else B
        self.call(act.StartClose(one, amount, sign(Voucher(one.id, amount), sender)), by)

    @rule(amount=amounts, from_b=st.booleans(), by=callers)
    def post(self, amount: int, from_b: bool, by: Address) -> None:
        signature = sign(Voucher(DUPLEX.id, amount), B if from_b else A)
        self.call(act.Post(DUPLEX, from_b, amount, signature), by)

    @rule(amount=amounts, lock=st.integers(1, 99), from_b=st.booleans(), ahead=st.integers(0, 7_000), by=callers)
    def post_and_unlock(self, amount: int, lock: int, from_b: bool, ahead: int, by: Address) -> None:
        locks = LockSet((hash_lock(lock, self.stage.now + ahead, PREIMAGE),))
        nonce = self.stage.state.channel(DUPLEX.id).nonce(from_b) + 1
        one = LockVoucher(DUPLEX.id, amount, nonce, locks.locked, locks.last_expiry, locks.hash())
        signature = sign(one, B if from_b else A)
        proof = act.LockProof(amount, nonce, locks.locked, locks.last_expiry, locks.hash(), signature)
        if self.stage.state.channel(DUPLEX.id).deadline == 0 and ahead % 4:
            return
        self.call(act.PostLocks(DUPLEX, from_b, proof), by)
        unlock = act.Unlock(DUPLEX, from_b, locks.locked, locks.last_expiry, locks.encode(), (PREIMAGE,))
        self.call(unlock, STRANGER)

    @rule(one=st.sampled_from((DUPLEX, OTHER)), by=callers)
    def settle(self, one: Any, by: Address) -> None:
        self.call(act.Settle(one), by)

    @rule(amount=amounts, batch=st.booleans(), by=callers)
    def claim(self, amount: int, batch: bool, by: Address) -> None:
        signature = sign(Voucher(SIMPLEX.id, amount), A)
        if batch:
            self.call(act.Claim(B, ZERO_ADDRESS, claim_row(SIMPLEX, amount, signature) * 2), by)
        else:
            self.call(act.ClaimVoucher(SIMPLEX, amount, signature), by)

    @rule(amount=amounts, by=callers, rare=st.integers(0, 4))
    def close_simplex(self, amount: int, by: Address, rare: int) -> None:
        if rare == 0:
            self.call(act.CloseSimplex(SIMPLEX, amount, sign(Voucher(SIMPLEX.id, amount), A)), by)

    @rule(by=callers)
    def exit(self, by: Address) -> None:
        self.call(act.RequestExit(SIMPLEX), by)
        self.call(act.Exit(SIMPLEX), by)

    @rule(by=callers, to=callers)
    def sweep(self, by: Address, to: Address) -> None:
        self.call(act.Sweep(ZERO_ADDRESS, to), by)

    @rule(failing=st.frozensets(callers))
    def receivers_break_and_heal(self, failing: frozenset[Address]) -> None:
        self.stage.failing = failing

    @rule(seconds=st.integers(1, 900))
    def time_passes(self, seconds: int) -> None:
        self.stage.now += seconds

    @precondition(lambda self: hasattr(self, "stage"))
    @invariant()
    def every_word_is_in_its_range_and_nothing_is_missing(self) -> None:
        state = self.stage.state
        assert state.liabilities(ZERO_ADDRESS) == state.balances.get(ZERO_ADDRESS, 0) >= 0
        for channel_id, channel in state.channels.items():
            simplex = bool(channel_id[31] & 2)
            assert channel.held(simplex) >= 0
            assert all(0 <= word < 1 << 256 for word in channel.words(simplex))
            if channel.deadline == CLOSED:
                assert channel.held(simplex) == 0


# Always the same examples: a ratio of random runs would fail one day for nothing.
Hub.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None, derandomize=True)


def test_no_sequence_of_calls_loses_or_makes_money_and_many_calls_succeed() -> None:
    Hub.tried = Hub.taken = 0
    Hub.TestCase().runTest()
    print(f"{Hub.taken} of {Hub.tried} calls accepted")
    assert Hub.taken > Hub.tried * 0.15, f"only {Hub.taken} of {Hub.tried} calls were accepted"


class Dispute(RuleBasedStateMachine):
    """The payee is honest and holds the newest voucher; the payer and strangers post and start what they like."""

    @initialize(net_a=st.integers(1, 150), net_b=amounts, newest=amounts)
    def start(self, net_a: int, net_b: int, newest: int) -> None:
        self.stage = Stage()
        self.stage.env = {"recover": recover}
        self.stage.fund(DUPLEX, net_a, net_b)
        self.newest, self.sent_b = newest, 0
        self.nets = (net_a, net_b)

    def call(self, action: Action, by: Address) -> bool:
        try:
            self.stage.do(action, by)
        except HubError:
            return False
        return True

    @rule(old=amounts, by=st.sampled_from((A, STRANGER)))
    def somebody_posts_an_old_voucher(self, old: int, by: Address) -> None:
        old = min(old, self.newest)
        self.call(act.Post(DUPLEX, False, old, sign(Voucher(DUPLEX.id, old), A)), by)

    @rule(amount=st.integers(0, 150))
    def the_payer_closes_with_what_it_received(self, amount: int) -> None:
        amount = min(amount, self.sent_b)
        self.call(act.StartClose(DUPLEX, amount, sign(Voucher(DUPLEX.id, amount), B)), A)

    @rule(more=st.integers(0, 50))
    def the_payee_pays_back(self, more: int) -> None:
        self.sent_b += more

    @rule(amount=amounts, by=st.sampled_from((A, STRANGER)))
    def the_payer_tries_its_own_lock_proof(self, amount: int, by: Address) -> None:
        locks = LockSet()
        one = LockVoucher(DUPLEX.id, min(amount, self.newest), 1, 0, 0, locks.hash())
        proof = act.LockProof(one.amount, 1, 0, 0, locks.hash(), sign(one, A))
        assert not self.call(act.PostLocks(DUPLEX, False, proof), by)

    @rule(seconds=st.integers(1, 3_000), by=st.sampled_from((A, STRANGER)))
    def the_payer_settles_too_early(self, seconds: int, by: Address) -> None:
        deadline = self.stage.state.channel(DUPLEX.id).deadline
        if not deadline or self.stage.now + seconds <= deadline:
            self.stage.now += seconds
        assert not self.call(act.Settle(DUPLEX), by)

    def teardown(self) -> None:
        if not hasattr(self, "stage"):
            return
        stage = self.stage
        self.call(act.StartClose(DUPLEX), B)
        self.call(act.Post(DUPLEX, False, self.newest, sign(Voucher(DUPLEX.id, self.newest), A)), B)
        assert stage.state.channel(DUPLEX.id).sent_a == self.newest
        stage.now = stage.state.channel(DUPLEX.id).deadline + 1
        stage.do(act.Settle(DUPLEX), STRANGER)
        assert stage.paid.get(B, 0) >= payoff(*self.nets, self.newest, self.sent_b)[1]


Dispute.TestCase.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)


def test_an_honest_party_gets_at_least_what_its_newest_proof_says_whatever_others_post() -> None:
    Dispute.TestCase().runTest()
