"""Contract and model in lock-step: whatever anybody calls, both accept it or both refuse it for the same reason.

Payer and payee sign anything, newer and older, by their own keys and by a session key; a tower acts with and without
consent; strangers call everything; the token refuses now one, now the other. After each call the stored words of all
channels agree and no channel but the named one has changed, the hub's money is what the model says, and at the end one
honest party empties what is left, alone and in bounded time.
"""

from __future__ import annotations

from typing import Any, ClassVar

from eth_abi.abi import encode
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.campaign import campaign
from tests.invariant.twin import MAX_DELAY, MAX_LOCKS, Chain, Twin

from layer2.channels.key import ChannelKey
from layer2.channels.locks import (
    LockSet,
    contract_lock,
    contract_resolution,
    hash_lock,
    unlock_act,
    virtual_channel_id,
    voucher_lock,
    voucher_resolution,
)
from layer2.channels.messages import (
    RIGHT_TO_CLOSE,
    RIGHT_TO_PAY,
    Close,
    Deposit,
    LockVoucher,
    Move,
    Session,
    Voucher,
    Watch,
    Withdraw,
)
from layer2.channels.model import CLOSED, Channel
from layer2.channels.model import actions as act
from layer2.channels.model.simplex import claim_row
from layer2.channels.sessions import SESSION_MAGIC, encode_session
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.typed_data import TypedMessage

PREIMAGE, SALT = b"\x05" * 32, b"\x06" * 32
DUPLEX, TOKEN, OTHER, SIMPLEX, TOKEN_SIMPLEX = range(5)
amounts, small = st.integers(0, 150), st.integers(0, 25)
sides = st.booleans()
seldom = st.sampled_from((False, False, False, True))
people = st.sampled_from(("payer", "payee", "payer", "payee", "attacker"))
duplexes = st.sampled_from((DUPLEX, TOKEN, OTHER))
one_way = st.sampled_from((SIMPLEX, TOKEN_SIMPLEX))

_chain: list[Chain] = []


def chain() -> Chain:
    """The chain, made at first use."""
    if not _chain:
        _chain.append(Chain(new_chain()))
    return _chain[0]


class LockStep(RuleBasedStateMachine):
    counts: ClassVar[Twin.Counts] = Twin.Counts()

    @initialize()
    def open_channels(self) -> None:
        self.chain = chain()
        self.twin = Twin(self.chain, self.counts)
        token = self.chain.token.address
        self.keys = [self.chain.key(), self.chain.key(token), self.chain.key(), self.chain.key(simplex=True)]
        self.keys.append(self.chain.key(token, simplex=True))
        self.twin.open(*self.keys)
        self.locks: dict[tuple[int, bool], LockSet] = {}
        for key, a, b in zip(self.keys, (100, 100, 30, 100, 100), (50, 80, 0, 0, 0), strict=True):
            self.twin.do(act.Deposit(key, a, b, 0 if key.token == token else a + b), "payer")

    def channel(self, at: int) -> Channel:
        return self.twin.state.channel(self.keys[at].id)

    def disputed(self, at: int) -> bool:
        return self.channel(at).deadline not in (0, CLOSED)

    def sign(self, message: TypedMessage, from_b: bool) -> bytes:
        return self.chain.sign("payee" if from_b else "payer", message)

    def right(self, key: ChannelKey, of_b: bool, rights: int = RIGHT_TO_PAY | RIGHT_TO_CLOSE, cap: int = 100) -> bytes:
        session = Session(key.id, self.chain.address("session"), cap, self.twin.now + 500, rights)
        return encode_session(session, self.sign(session, of_b))

    def dispute(self, at: int, by: str) -> None:
        if not self.channel(at).deadline:
            self.twin.do(act.StartClose(self.keys[at]), by)

    # ------------------------------------------------------------------------------------------------- deposits

    @rule(at=st.integers(0, 4), who=people, side_b=sides, amount=small)
    def deposit_by_id(self, at: int, who: str, side_b: bool, amount: int) -> None:
        self.twin.do(act.DepositETH(self.keys[at].id, side_b, amount), who)

    @rule(at=st.integers(0, 4), who=people, a=small, b=small, wrong=seldom)
    def deposit(self, at: int, who: str, a: int, b: int, wrong: bool) -> None:
        key = self.keys[at]
        due = a + b if key.token == ZERO_ADDRESS else 0
        self.twin.do(act.Deposit(key, a, 0 if key.simplex else b, due + wrong), who)

    @rule(who=people, a=small, b=small, permit=sides, off=st.sampled_from((0, 0, 0, 1)), expired=seldom)
    def deposit_pulled(self, who: str, a: int, b: int, permit: bool, off: int, expired: bool) -> None:
        key, channel = self.keys[TOKEN], self.channel(TOKEN)
        pulls = [act.Pull(act.Source.ALLOWANCE, False, a)]
        if permit:
            until = self.twin.now + (0 if expired else 5)
            consent = self.sign(Deposit(key.id, b, channel.net_b + off, channel.epoch, until), True)
            pulls.append(act.Pull(act.Source.PERMIT, True, b, until, consent))
        self.twin.do(act.DepositPulled(key, tuple(pulls)), who)

    # ---------------------------------------------------------------------------------------------- cooperation

    @rule(at=duplexes, who=people, a=small, b=small, behind=st.sampled_from((0, 0, 0, 1)))
    def withdraw(self, at: int, who: str, a: int, b: int, behind: int) -> None:
        key, until = self.keys[at], self.twin.now + 1
        message = Withdraw(key.id, a, b, max(0, self.channel(at).epoch - behind), until)
        self.twin.do(act.Withdraw(key, a, b, until, self.sign(message, False), self.sign(message, True)), who)

    @rule(at=duplexes, into=st.integers(0, 4), who=people, a=small, b=small, more=st.sampled_from((0, 0, 0, 1)))
    def move(self, at: int, into: int, who: str, a: int, b: int, more: int) -> None:
        source, target, until = self.keys[at], self.keys[into], self.twin.now + 1
        four = (a, b, a + b + more, 0)
        message = Move(source.id, target.id, *four, self.channel(at).epoch, until)
        signed = self.sign(message, False), self.sign(message, True)
        self.twin.do(act.Move(source, target, four, until, *signed), who)

    @precondition(lambda self: self.twin.calls % 7 == 0)
    @rule(at=duplexes, who=people, sent_a=amounts, sent_b=amounts)
    def close(self, at: int, who: str, sent_a: int, sent_b: int) -> None:
        key = self.keys[at]
        message = Close(key.id, sent_a, sent_b)
        self.twin.do(act.Close(key, sent_a, sent_b, self.sign(message, False), self.sign(message, True)), who)

    # ------------------------------------------------------------------------------------------------- disputes

    @rule(at=duplexes, who=people, amount=amounts)
    def start_close(self, at: int, who: str, amount: int) -> None:
        key = self.keys[at]
        self.twin.do(act.StartClose(key, amount, self.sign(Voucher(key.id, amount), who != "payee")), who)

    @rule(at=duplexes, for_b=sides, amount=amounts, rights=st.sampled_from((2, 3, 3, 1)), thief=seldom)
    def start_close_as(self, at: int, for_b: bool, amount: int, rights: int, thief: bool) -> None:
        key = self.keys[at]
        session = self.right(key, for_b, rights)
        signature = self.sign(Voucher(key.id, amount), not for_b)
        by = "attacker" if thief else "session"
        self.twin.do(act.StartCloseAs(key, for_b, session, amount, signature), by)

    @rule(at=duplexes, who=people, from_b=sides, amount=amounts, forged=seldom, by_session=seldom)
    def post(self, at: int, who: str, from_b: bool, amount: int, forged: bool, by_session: bool) -> None:
        key = self.keys[at]
        self.dispute(at, who)
        message = Voucher(key.id, amount)
        signature = self.sign(message, from_b ^ forged)
        if by_session:
            hot = to_compact(self.chain.sign("session", message))
            signature = hot + self.right(key, from_b ^ forged) + SESSION_MAGIC
        self.twin.do(act.Post(key, from_b, amount, signature), who)

    # ---------------------------------------------------------------------------------------------------- locks

    def lock_set(self, from_b: bool, worth: int) -> LockSet:
        """One lock of each kind, and one that expires at once."""
        far, condition, until = self.chain.address("operator"), self.chain.condition.address, self.twin.now + 500
        one = hash_lock(worth, until, PREIMAGE), hash_lock(7, self.twin.now + 20, PREIMAGE)
        payee = self.chain.address("payer" if from_b else "payee")
        return LockSet(
            (*one, voucher_lock(9, until, far, payee, SALT), contract_lock(11, until, condition, bytes((worth % 2,))))
        )

    def resolutions(self, from_b: bool, worth: int, chosen: tuple[bool, ...], amount: int) -> tuple[bytes, ...]:
        far, payee = self.chain.address("operator"), self.chain.address("payer" if from_b else "payee")
        streamed = self.chain.sign("operator", Voucher(virtual_channel_id(far, payee, SALT), amount))
        evidence = encode(["uint256"], [amount])
        given = (
            PREIMAGE,
            PREIMAGE,
            voucher_resolution(far, payee, SALT, amount, streamed),
            contract_resolution(self.chain.condition.address, bytes((worth % 2,)), evidence),
        )
        return tuple(one if wanted else b"" for one, wanted in zip(given, chosen, strict=True))

    @rule(
        at=duplexes,
        from_b=sides,
        amount=amounts,
        worth=st.integers(1, 60),
        by=st.sampled_from(("receiver", "receiver", "sender", "tower", "tower without consent")),
        ahead=st.sampled_from((1, 1, 1, 0)),
    )
    def post_locks(self, at: int, from_b: bool, amount: int, worth: int, by: str, ahead: int) -> None:
        key, locks = self.keys[at], self.lock_set(from_b, worth)
        receiver = "payer" if from_b else "payee"
        if by != "receiver":
            self.dispute(at, "payer")
        nonce = self.channel(at).nonce(from_b) + ahead
        row = (amount, nonce, locks.locked, locks.last_expiry, locks.hash())
        message = LockVoucher(key.id, *row)
        consent = act.NO_CONSENT
        if by == "tower":
            watch = Watch(key.id, self.chain.address("tower"), message.struct_hash(), self.twin.now + 5)
            consent = act.Delegation(watch.tower, watch.valid_until, self.chain.sign(receiver, watch))
        who = {"receiver": receiver, "sender": "payee" if from_b else "payer"}.get(by, "tower")
        proof = act.LockProof(*row, self.sign(message, from_b))
        if self.twin.do(act.PostLocks(key, from_b, proof, consent), who):
            self.locks[at, from_b] = locks

    @precondition(lambda self: self.locks)
    @rule(
        data=st.data(),
        chosen=st.tuples(sides, sides, sides, sides),
        amount=st.integers(0, 20),
        by=st.sampled_from(("receiver", "receiver", "tower", "attacker")),
    )
    def unlock(self, data: st.DataObject, chosen: tuple[bool, ...], amount: int, by: str) -> None:
        at, from_b = data.draw(st.sampled_from(sorted(self.locks)))
        key, locks = self.keys[at], self.locks[at, from_b]
        worth = locks.locks[0].amount
        shown = self.resolutions(from_b, worth, chosen, amount)
        receiver = "payer" if from_b else "payee"
        consent = act.NO_CONSENT
        if by == "tower":
            watch = Watch(key.id, ZERO_ADDRESS, unlock_act(locks.encode(), shown), self.twin.now + 5)
            consent = act.Delegation(watch.tower, watch.valid_until, self.chain.sign(receiver, watch))
        row: Any = (key, from_b, locks.locked, locks.last_expiry, locks.encode(), shown, consent)
        if self.twin.do(act.Unlock(*row), receiver if by == "receiver" else by):
            del self.locks[at, from_b]

    @precondition(lambda self: any(self.disputed(at) for at in (DUPLEX, TOKEN, OTHER)))
    @rule(data=st.data(), who=people, patient=sides)
    def settle(self, data: st.DataObject, who: str, patient: bool) -> None:
        at = data.draw(st.sampled_from([at for at in (DUPLEX, TOKEN, OTHER) if self.disputed(at)]))
        if patient:
            self.twin.wait(self.channel(at).deadline + 1)
        self.twin.do(act.Settle(self.keys[at]), who)

    # -------------------------------------------------------------------------------------------------- simplex

    @rule(at=one_way, who=people, amount=amounts, forged=st.sampled_from((False, False, True)), foreign=seldom)
    def claim(self, at: int, who: str, amount: int, forged: bool, foreign: bool) -> None:
        key = self.keys[at]
        rows = claim_row(key, amount, self.sign(Voucher(key.id, amount), forged))
        both = self.keys[TOKEN_SIMPLEX if at == SIMPLEX else SIMPLEX]
        rows += claim_row(both, amount, self.sign(Voucher(both.id, amount), False))
        self.twin.do(act.Claim(key.a if foreign else key.b, key.token, rows), who)

    @rule(at=one_way, who=people, amount=amounts, forged=seldom)
    def claim_voucher(self, at: int, who: str, amount: int, forged: bool) -> None:
        key = self.keys[at]
        self.twin.do(act.ClaimVoucher(key, amount, self.sign(Voucher(key.id, amount), forged)), who)

    @precondition(lambda self: self.twin.calls % 5 == 0)
    @rule(at=one_way, who=people, amount=amounts)
    def close_simplex(self, at: int, who: str, amount: int) -> None:
        key = self.keys[at]
        agreed = self.sign(Close(key.id, amount, 0), True)
        self.twin.do(act.CloseSimplex(key, amount, self.sign(Voucher(key.id, amount), False), agreed), who)

    @rule(at=one_way, who=people)
    def request_exit(self, at: int, who: str) -> None:
        self.twin.do(act.RequestExit(self.keys[at]), who)

    @precondition(lambda self: any(self.disputed(at) for at in (SIMPLEX, TOKEN_SIMPLEX)))
    @rule(data=st.data(), who=people, patient=sides)
    def exit(self, data: st.DataObject, who: str, patient: bool) -> None:
        at = data.draw(st.sampled_from([at for at in (SIMPLEX, TOKEN_SIMPLEX) if self.disputed(at)]))
        if patient:
            self.twin.wait(self.channel(at).deadline + 1)
        self.twin.do(act.Exit(self.keys[at]), who)

    # ---------------------------------------------------------------------------------------------- surroundings

    @rule(names=st.sampled_from(((), ("payer",), ("payee",), ("payer", "payee"))))
    def the_token_refuses(self, names: tuple[str, ...]) -> None:
        self.twin.set_blacklisted(names)

    @precondition(lambda self: self.twin.state.owed)
    @rule(who=people, to=people)
    def sweep(self, who: str, to: str) -> None:
        self.twin.do(act.Sweep(self.chain.token.address, self.chain.address(to)), who)

    @rule(seconds=st.integers(1, 400))
    def time_passes(self, seconds: int) -> None:
        self.twin.now += seconds

    def teardown(self) -> None:
        """The payee leaves the duplex channels alone, the payer the simplex ones: nothing stays behind."""
        if not hasattr(self, "twin"):
            return
        self.twin.set_blacklisted(())
        begun = self.twin.now
        for at, key in enumerate(self.keys):
            who = "payer" if key.simplex else "payee"
            held = self.channel(at)
            if held.deadline == 0 and held.words(key.simplex)[0]:
                assert self.twin.do(act.RequestExit(key) if key.simplex else act.StartClose(key), who)
        for at, key in enumerate(self.keys):
            if self.disputed(at):
                self.twin.wait(self.channel(at).deadline + 1)
                assert self.twin.do(act.Exit(key) if key.simplex else act.Settle(key), "payer")
        for who in ("payer", "payee"):
            if self.twin.state.owed.get((self.chain.address(who), self.chain.token.address)):
                assert self.twin.do(act.Sweep(self.chain.token.address, self.chain.address(who)), who)
        assert not any(self.twin.state.balances.values())
        assert self.twin.now - begun <= MAX_DELAY + MAX_LOCKS


LockStep.TestCase.settings = campaign(examples=40, steps=40)


def test_contract_and_model_never_differ_and_many_calls_are_accepted() -> None:
    LockStep.counts = counts = Twin.Counts()
    LockStep.TestCase().runTest()
    print(counts)
    assert counts.taken.total() > counts.tried.total() * 0.3
    assert set(counts.taken) == {
        "depositETH", "deposit", "depositPulled", "withdraw", "move", "close", "startClose", "startCloseAs", "post",
        "postLocks", "unlock", "settle", "claim", "claimVoucher", "closeSimplex", "requestExit", "exit", "sweep",
    }  # fmt: skip
