"""Contract and model in lock-step: whatever anybody calls, both accept it or both refuse it for the same reason.

Payer and payee sign anything, newer and older; strangers call everything. After each call the stored words agree, the
hub's ether is what the model says, and at the end one honest party empties what is left, alone and in bounded time.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from layer2.channels.contract import HubContract, Profile
from layer2.channels.errors import HubError, from_revert
from layer2.channels.hubevents import typed_event
from layer2.channels.key import ChannelKey
from layer2.channels.locks import LockSet, hash_lock
from layer2.channels.messages import Close, LockVoucher, Voucher, Withdraw
from layer2.channels.model import Config, Env, HubState, Pulled, Transferred, apply
from layer2.channels.model import actions as act
from layer2.channels.model.simplex import claim_row
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.typed_data import TypedMessage

MIN_DELAY, MAX_DELAY, MAX_LOCKS = 60, 5_000, 4_000
DELAY = 600
PREIMAGE = b"\x05" * 32
CLOSED = 0xFFFFFFFF
NO_CONSENT = (ZERO_ADDRESS, 0, b"")
amounts = st.integers(0, 150)
sides = st.booleans()
people = st.sampled_from(("payer", "payee", "payer", "payee", "attacker"))


class Chain:
    """One hub for all runs: every run takes new channels."""

    def __init__(self) -> None:
        self.connection = new_chain()
        signers = self.connection.signers(4)
        self.signers = dict(zip(("payer", "payee", "attacker", "operator"), signers, strict=True))
        self.senders = {name: Sender(self.connection, one) for name, one in self.signers.items()}
        profile = Profile(MIN_DELAY, MAX_DELAY, MAX_LOCKS)
        self.contract = HubContract.deploy_contract(self.connection, self.senders["operator"], profile)
        self.domain = HubContract(self.contract).domain
        self.salt = 0


_chain: list[Chain] = []


def chain() -> Chain:
    """The chain, made at first use."""
    if not _chain:
        _chain.append(Chain())
    return _chain[0]


def meaning(error: HubError | None) -> tuple[str, dict[str, Any]] | None:
    """An error without the clock: why a mined call failed is found out by a call, a second off."""
    if error is None:
        return None
    clock = ("timestamp", "latest")
    return type(error).__name__, {name: value for name, value in error.arguments.items() if name not in clock}


class LockStep(RuleBasedStateMachine):
    tried: int = 0
    taken: dict[str, int] = {}  # noqa: RUF012  counts over all runs, reset by the test

    @initialize()
    def open_channels(self) -> None:
        self.chain = chain()
        self.now = self.chain.connection.timestamp() + 10
        self.held = self.chain.connection.balance(self.chain.contract.address)
        self.state = HubState(Config(self.chain.domain, MIN_DELAY, MAX_DELAY, MAX_LOCKS))
        self.duplex, self.simplex = self.key(False), self.key(True)
        self.locks: tuple[bool, LockSet] | None = None
        self.call("payer", "depositETH", act.DepositETH(self.duplex.id, False, 100), self.duplex.id, False, value=100)
        self.call("payee", "depositETH", act.DepositETH(self.duplex.id, True, 50), self.duplex.id, True, value=50)
        self.call("payer", "depositETH", act.DepositETH(self.simplex.id, False, 100), self.simplex.id, False, value=100)

    def key(self, simplex: bool) -> ChannelKey:
        self.chain.salt += 1
        a, b = (self.chain.signers[name].address for name in ("payer", "payee"))
        return ChannelKey(a, b, ZERO_ADDRESS, DELAY, self.now + 3_000, self.chain.salt, simplex)

    def sign(self, message: TypedMessage, from_b: bool) -> bytes:
        return self.chain.signers["payee" if from_b else "payer"].sign_typed(message, self.chain.domain)

    def call(self, who: str, name: str, action: Any, *args: Any, value: int = 0) -> None:
        """Make the call on both; compare verdicts, events, words and money."""
        self.now += 1
        self.chain.connection.set_next_timestamp(self.now)
        type(self).tried += 1
        refused: HubError | None = None
        effects: tuple[Any, ...] = ()
        before = self.state
        try:
            self.state, effects = apply(before, action, Env(self.now, self.chain.signers[who].address))
        except HubError as error:
            refused = error
        row = [arg.as_tuple() if isinstance(arg, ChannelKey) else arg for arg in args]
        verdict: HubError | None = None
        logged: tuple[Any, ...] = ()
        try:
            receipt = self.chain.contract.transact(self.chain.senders[who], name, *row, value=value, gas=2_000_000)
            logged = tuple(typed_event(event.name, event.args) for event in self.chain.contract.events(receipt))
        except ContractReverted as reverted:
            verdict = from_revert(reverted.name, reverted.arguments)
        assert meaning(verdict) == meaning(refused), f"{name}: contract {verdict}, model {refused}"
        assert logged == tuple(effect for effect in effects if not isinstance(effect, Transferred | Pulled))
        if verdict is None:
            type(self).taken[name] = type(self).taken.get(name, 0) + 1
        for key in (self.duplex, self.simplex):
            words = tuple(self.chain.contract.call("channel", key.id))
            assert words == self.state.channel(key.id).words(key.simplex)
        inside = self.chain.connection.balance(self.chain.contract.address) - self.held
        assert inside == self.state.balances.get(ZERO_ADDRESS, 0) == self.state.liabilities(ZERO_ADDRESS)

    # -------------------------------------------------------------------------------------------------- duplex

    @rule(who=people, side_b=sides, amount=amounts)
    def deposit(self, who: str, side_b: bool, amount: int) -> None:
        channel_id = self.duplex.id
        self.call(who, "depositETH", act.DepositETH(channel_id, side_b, amount), channel_id, side_b, value=amount)

    @rule(who=people, out_a=st.integers(0, 30), out_b=st.integers(0, 30), behind=st.sampled_from((0, 0, 0, 1)))
    def withdraw(self, who: str, out_a: int, out_b: int, behind: int) -> None:
        epoch = max(0, self.state.channel(self.duplex.id).epoch - behind)
        until = self.now + 1
        message = Withdraw(self.duplex.id, out_a, out_b, epoch, until)
        row = (self.duplex, out_a, out_b, until, self.sign(message, False), self.sign(message, True))
        self.call(who, "withdraw", act.Withdraw(*row), *row)

    @rule(who=people, amount=amounts, rare=st.integers(0, 2))
    def start_close(self, who: str, amount: int, rare: int) -> None:
        if rare:
            return
        signature = self.sign(Voucher(self.duplex.id, amount), who != "payee")
        self.call(who, "startClose", act.StartClose(self.duplex, amount, signature), self.duplex, amount, signature)

    @rule(who=people, from_b=sides, amount=amounts, forged=st.sampled_from((False, False, False, True)))
    def post(self, who: str, from_b: bool, amount: int, forged: bool) -> None:
        signature = self.sign(Voucher(self.duplex.id, amount), from_b ^ forged)
        row = (self.duplex, from_b, amount, signature)
        self.call(who, "post", act.Post(*row), *row)

    @rule(stale=st.integers(0, 50), more=st.integers(1, 50), answer=people, rare=st.integers(0, 3))
    def cheat_and_answer(self, stale: int, more: int, answer: str, rare: int) -> None:
        """The payer forgets its newest voucher; anybody shows it."""
        if rare:
            return
        self.call("payer", "startClose", act.StartClose(self.duplex, 0, b""), self.duplex, 0, b"")
        for amount in (stale, stale + more):
            row = (self.duplex, False, amount, self.sign(Voucher(self.duplex.id, amount), False))
            self.call(answer, "post", act.Post(*row), *row)

    @rule(by_sender=st.sampled_from((False, False, True)), from_b=sides, amount=amounts, lock=st.integers(1, 60))
    def post_locks(self, by_sender: bool, from_b: bool, amount: int, lock: int) -> None:
        locks = LockSet((hash_lock(lock, self.now + 500, PREIMAGE), hash_lock(7, self.now + 20, PREIMAGE)))
        nonce = self.state.channel(self.duplex.id).nonce(from_b) + 1
        one = LockVoucher(self.duplex.id, amount, nonce, locks.locked, locks.last_expiry, locks.hash())
        proof = (amount, nonce, locks.locked, locks.last_expiry, locks.hash(), self.sign(one, from_b))
        who = "payee" if from_b == by_sender else "payer"
        self.locks = (from_b, locks)
        action = act.PostLocks(self.duplex, from_b, act.LockProof(*proof))
        self.call(who, "postLocks", action, self.duplex, from_b, proof, NO_CONSENT)

    @rule(who=people, first=sides, second=sides)
    def unlock(self, who: str, first: bool, second: bool) -> None:
        if self.locks is None:
            return
        from_b, locks = self.locks
        shown = tuple(PREIMAGE if one else b"" for one in (first, second))
        row = (self.duplex, from_b, locks.locked, locks.last_expiry, locks.encode())
        self.call(who, "unlock", act.Unlock(*row, shown), *row, list(shown), NO_CONSENT)

    @rule(who=people)
    def settle(self, who: str) -> None:
        self.call(who, "settle", act.Settle(self.duplex), self.duplex)

    @rule(who=people, sent_a=amounts, sent_b=amounts, rare=st.integers(0, 5))
    def close(self, who: str, sent_a: int, sent_b: int, rare: int) -> None:
        if rare:
            return
        message = Close(self.duplex.id, sent_a, sent_b)
        row = (self.duplex, sent_a, sent_b, self.sign(message, False), self.sign(message, True))
        self.call(who, "close", act.Close(*row), *row)

    # ------------------------------------------------------------------------------------------------- simplex

    @rule(who=people, amount=amounts, forged=st.sampled_from((False, False, True)))
    def claim(self, who: str, amount: int, forged: bool) -> None:
        rows = claim_row(self.simplex, amount, self.sign(Voucher(self.simplex.id, amount), forged))
        row = (self.simplex.b, ZERO_ADDRESS, rows)
        self.call(who, "claim", act.Claim(*row), *row)

    @rule(who=people, leaving=sides, rare=st.integers(0, 2))
    def leave(self, who: str, leaving: bool, rare: int) -> None:
        if rare:
            return
        if leaving:
            self.call(who, "requestExit", act.RequestExit(self.simplex), self.simplex)
        else:
            self.call(who, "exit", act.Exit(self.simplex), self.simplex)

    @rule(seconds=st.integers(1, 400))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    def teardown(self) -> None:
        """The payee leaves the duplex channel alone, the payer the simplex one: nothing stays behind."""
        if not hasattr(self, "state"):
            return
        begun = self.now
        for key, who, start, finish in (
            (self.duplex, "payee", act.StartClose(self.duplex, 0, b""), act.Settle(self.duplex)),
            (self.simplex, "payer", act.RequestExit(self.simplex), act.Exit(self.simplex)),
        ):
            held = self.state.channel(key.id)
            if held.deadline != CLOSED and held.words(key.simplex)[0] != 0 and held.deadline == 0:
                opening = (key,) if key.simplex else (key, 0, b"")
                self.call(who, "requestExit" if key.simplex else "startClose", start, *opening)
            held = self.state.channel(key.id)
            if 0 < held.deadline < CLOSED:
                self.now = max(self.now, held.deadline + 1)
                self.call(who, "exit" if key.simplex else "settle", finish, key)
        assert self.state.balances.get(ZERO_ADDRESS, 0) == 0
        assert self.now - begun <= MAX_DELAY + MAX_LOCKS


LockStep.TestCase.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, derandomize=True, print_blob=False
)


def test_contract_and_model_never_differ_and_many_calls_are_accepted() -> None:
    LockStep.tried, LockStep.taken = 0, {}
    LockStep.TestCase().runTest()
    accepted = sum(LockStep.taken.values())
    print(f"{accepted} of {LockStep.tried} calls accepted: {LockStep.taken}")
    assert accepted > LockStep.tried * 0.3
    assert set(LockStep.taken) == {
        "depositETH", "withdraw", "startClose", "post", "postLocks", "unlock", "settle", "close",
        "claim", "requestExit", "exit",
    }  # fmt: skip
