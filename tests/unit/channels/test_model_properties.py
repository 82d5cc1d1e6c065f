"""Whatever is called in whatever order: no money is lost or made, and the honest party gets what it holds proof of."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.support.campaign import campaign
from tests.support.channels.stage import DOMAIN, DUPLEX, SIMPLEX, STRANGER, A, B, Stage, key

from layer2.channels.bindings.errors import HubError
from layer2.channels.model import CLOSED, Action, payoff
from layer2.channels.model import actions as act
from layer2.channels.model.state import Channel
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.lock_openings import Opening, open_locks
from layer2.channels.protocol.lock_tree import EMPTY_ROOT, locks_root
from layer2.channels.protocol.locks import LockSet, hash_lock
from layer2.channels.protocol.messages import Accept, Close, LockVoucher, Move, Voucher, Withdraw
from layer2.channels.protocol.proofs import Payment, claim_row
from layer2.primitives.addresses import ZERO_ADDRESS, Address, address_bytes, to_address
from layer2.primitives.typed_data import TypedMessage

OTHER = key(2)
DUPLEXES = (DUPLEX, OTHER)
KEYS = (*DUPLEXES, SIMPLEX)
amounts = st.integers(0, 200)
small = st.integers(0, 25)
callers = st.sampled_from((A, B, STRANGER))
duplexes = st.sampled_from(DUPLEXES)
seldom = st.sampled_from((True, False, False, False))
PREIMAGE = b"\x07" * 32


def sign(message: TypedMessage, signer: Address) -> bytes:
    """A stand-in for ECDSA of 64 bytes: what it is about and by whom, so that the machine is fast."""
    return message.digest(DOMAIN) + address_bytes(signer) + bytes(12)


def recover(digest: bytes, signature: bytes) -> Address | None:
    return to_address(signature[32:52]) if len(signature) == 64 and signature[:32] == digest else None


class Hub(RuleBasedStateMachine):
    """Both parties sign anything; everybody calls anything, at the right moment or not; time only goes on."""

    tried: ClassVar[Counter[str]] = Counter()
    taken: ClassVar[Counter[str]] = Counter()

    @initialize()
    def start(self) -> None:
        self.stage = Stage()
        self.stage.env = {"recover": recover}
        self.stage.fund(DUPLEX, 200, 150).fund(OTHER, 50, 100).fund(SIMPLEX, 200)

    def call(self, action: Action, by: Address) -> bool:
        name = type(action).__name__
        self.tried[name] += 1
        try:
            self.stage.do(action, by)
        except HubError:
            return False
        self.taken[name] += 1
        return True

    def channel(self, one: ChannelKey) -> Channel:
        return self.stage.state.channel(one.id)

    def wait_for_deadline(self, one: ChannelKey, early: bool) -> None:
        """Let the window of a running dispute pass, or all but its last second."""
        deadline = self.channel(one).deadline
        if deadline not in (0, CLOSED):
            self.stage.now = max(self.stage.now, deadline + (0 if early else 1))

    def dispute(self, one: ChannelKey, by: Address) -> None:
        """Make sure that a dispute runs, where one can."""
        if not self.channel(one).deadline:
            self.call(act.StartClose(one), by)

    @rule(one=st.sampled_from(KEYS), a=small, b=small, by=callers)
    def deposit(self, one: ChannelKey, a: int, b: int, by: Address) -> None:
        b = 0 if one.simplex else b
        self.call(act.Deposit(one, a, b, a + b), by)

    @rule(one=duplexes, a=small, b=small, by=callers)
    def withdraw(self, one: ChannelKey, a: int, b: int, by: Address) -> None:
        message = Withdraw(one.id, a, b, self.channel(one).epoch, self.stage.now)
        self.call(act.Withdraw(one, a, b, self.stage.now, sign(message, A), sign(message, B)), by)

    @rule(one=duplexes, a=small, b=small, by=callers, into=st.sampled_from(KEYS))
    def move(self, one: ChannelKey, a: int, b: int, by: Address, into: ChannelKey) -> None:
        four = (a, b, a + b, 0)
        message = Move(one.id, into.id, *four, self.channel(one).epoch, self.stage.now)
        self.call(act.Move(one, into, four, self.stage.now, sign(message, A), sign(message, B)), by)

    @precondition(lambda self: self.stage.now > 1_003_000)
    @rule(one=duplexes, a=amounts, b=amounts, by=callers)
    def close(self, one: ChannelKey, a: int, b: int, by: Address) -> None:
        message = Close(one.id, a, b)
        self.call(act.Close(one, a, b, sign(message, A), sign(message, B)), by)

    @rule(one=duplexes, amount=amounts, by=callers)
    def start_close(self, one: ChannelKey, amount: int, by: Address) -> None:
        sender = A if by == B else B
        self.call(act.StartClose(one, amount, sign(Voucher(one.id, amount), sender)), by)

    @rule(one=duplexes, amount=amounts, from_b=st.booleans(), by=callers, starter=callers)
    def post(self, one: ChannelKey, amount: int, from_b: bool, by: Address, starter: Address) -> None:
        self.dispute(one, starter)
        self.call(act.Post(one, from_b, amount, sign(Voucher(one.id, amount), B if from_b else A)), by)

    @rule(
        one=duplexes,
        amount=amounts,
        lock=st.integers(1, 99),
        from_b=st.booleans(),
        ahead=st.integers(0, 8_000),
        stranger_posts=seldom,
        accepted=st.booleans(),
        unlocked=st.booleans(),
    )
    def post_and_unlock(
        self,
        one: ChannelKey,
        amount: int,
        lock: int,
        from_b: bool,
        ahead: int,
        stranger_posts: bool,
        accepted: bool,
        unlocked: bool,
    ) -> None:
        receiver = A if from_b else B
        self.dispute(one, receiver)
        locks = LockSet((hash_lock(lock, self.stage.now + ahead, PREIMAGE),))
        claim = self.channel(one).claim(from_b)
        nonce = 1 if claim is None else claim.nonce + 1
        row = (amount, nonce, locks.locked, locks.last_expiry, locks_root(locks.locks))
        voucher = LockVoucher(one.id, *row)
        proof = act.LockProof(*row, sign(voucher, B if from_b else A))
        accept = sign(Accept(one.id, from_b, nonce, voucher.struct_hash()), receiver) if accepted else b""
        self.call(act.PostLocks(one, from_b, proof, accept), STRANGER if stranger_posts else receiver)
        if unlocked:
            opened = open_locks(locks.locks, [Opening(0, PREIMAGE)])
            self.call(act.Unlock(one, from_b, amount + locks.locked, *opened), STRANGER)

    @precondition(lambda self: any(self.channel(one).deadline not in (0, CLOSED) for one in DUPLEXES))
    @rule(one=duplexes, by=callers, early=seldom, wait=st.booleans())
    def settle(self, one: ChannelKey, by: Address, early: bool, wait: bool) -> None:
        if wait:
            self.wait_for_deadline(one, early)
        self.call(act.Settle(one), by)

    @rule(amount=amounts, batch=st.booleans(), by=callers)
    def claim(self, amount: int, batch: bool, by: Address) -> None:
        signature = sign(Voucher(SIMPLEX.id, amount), A)
        if batch:
            self.call(
                act.ClaimVouchers(B, ZERO_ADDRESS, claim_row(SIMPLEX, Payment(SIMPLEX.id, amount, signature)) * 2), by
            )
        else:
            self.call(act.ClaimVoucher(SIMPLEX, amount, signature), by)

    @precondition(lambda self: self.stage.now > 1_003_000)
    @rule(amount=amounts, by=callers)
    def close_simplex(self, amount: int, by: Address) -> None:
        agreed = sign(Close(SIMPLEX.id, amount, 0), B)
        self.call(act.CloseSimplex(SIMPLEX, amount, sign(Voucher(SIMPLEX.id, amount), A), agreed), by)

    @precondition(lambda self: self.stage.now > 1_001_500)
    @rule(by=callers)
    def request_exit(self, by: Address) -> None:
        self.call(act.RequestExit(SIMPLEX), by)

    @precondition(lambda self: self.channel(SIMPLEX).deadline not in (0, CLOSED))
    @rule(by=callers, early=seldom)
    def exit(self, by: Address, early: bool) -> None:
        self.wait_for_deadline(SIMPLEX, early)
        self.call(act.Exit(SIMPLEX), by)

    @precondition(lambda self: bool(self.stage.state.owed))
    @rule(to=callers, by=callers)
    def sweep(self, to: Address, by: Address) -> None:
        self.call(act.WithdrawPending(ZERO_ADDRESS, to), by)

    @rule(failing=st.sampled_from((frozenset({A}), frozenset({B}), frozenset({A, B}), frozenset())))
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


Hub.TestCase.settings = campaign(examples=250, steps=40)


def test_no_sequence_of_calls_loses_or_makes_money_and_many_calls_succeed() -> None:
    Hub.tried.clear()
    Hub.taken.clear()
    Hub.TestCase().runTest()
    tried, taken = Hub.tried.total(), Hub.taken.total()
    print(f"{taken} of {tried} calls accepted:", ", ".join(f"{n} {Hub.taken[n]}/{Hub.tried[n]}" for n in Hub.tried))
    assert taken > tried * 0.3, f"only {taken} of {tried} calls were accepted"
    assert set(Hub.taken) == set(Hub.tried), f"never accepted: {set(Hub.tried) - set(Hub.taken)}"
    assert len(Hub.tried) == 15


class Dispute(RuleBasedStateMachine):
    """The payee is honest and holds the newest voucher; the payer and strangers post and start what they like."""

    attacks: ClassVar[Counter[str]] = Counter()

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
        if by != B:
            self.attacks[type(action).__name__] += 1
        return True

    @rule(old=amounts, by=st.sampled_from((A, STRANGER)))
    def somebody_posts_an_old_voucher(self, old: int, by: Address) -> None:
        old = min(old, self.newest)
        self.call(act.Post(DUPLEX, False, old, sign(Voucher(DUPLEX.id, old), A)), by)

    @precondition(lambda self: self.stage.state.channel(DUPLEX.id).deadline == 0)
    @rule(amount=st.integers(0, 150))
    def the_payer_closes_with_what_it_received(self, amount: int) -> None:
        amount = min(amount, self.sent_b)
        self.call(act.StartClose(DUPLEX, amount, sign(Voucher(DUPLEX.id, amount), B)), A)

    @rule(more=st.integers(0, 50))
    def the_payee_pays_back(self, more: int) -> None:
        self.sent_b += more

    @rule(amount=amounts, by=st.sampled_from((A, STRANGER)))
    def the_payer_tries_its_own_lock_proof(self, amount: int, by: Address) -> None:
        one = LockVoucher(DUPLEX.id, min(amount, self.newest), 1, 0, 0, EMPTY_ROOT)
        proof = act.LockProof(one.amount, 1, 0, 0, EMPTY_ROOT, sign(one, A))
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


Dispute.TestCase.settings = campaign(examples=200, steps=15)


def test_an_honest_party_gets_at_least_what_its_newest_proof_says_whatever_others_post() -> None:
    Dispute.attacks.clear()
    Dispute.TestCase().runTest()
    print("attacks that went through:", dict(Dispute.attacks))
    assert Dispute.attacks["StartClose"] > 50
    assert Dispute.attacks["Post"] > 20
