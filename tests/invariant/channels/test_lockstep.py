"""Contract and model in lock-step: whatever anybody calls, both accept it or both refuse it for the same reason.

Payer and payee sign anything, newer and older, by their own keys and by a session key; a tower acts with and without
consent; strangers call everything; the token refuses now one, now the other. After each call the stored words of all
channels agree and no channel but the named one has changed, the hub's money is what the model says, and at the end one
honest party empties what is left, alone and in bounded time.
"""

from __future__ import annotations

from typing import ClassVar

import pytest
from eth_abi.abi import encode
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.support.campaign import campaign
from tests.support.chains import new_chain
from tests.support.channels.lockstep import MAX_DELAY, MAX_LOCKS, Chain, Twin

from layer2.channels.model import CLOSED, Channel
from layer2.channels.model import actions as act
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.lock_openings import Opening, open_locks, resolve_message
from layer2.channels.protocol.lock_tree import locks_root
from layer2.channels.protocol.locks import (
    LockSet,
    contract_lock,
    contract_resolution,
    hash_lock,
    virtual_channel_id,
    voucher_lock,
    voucher_resolution,
)
from layer2.channels.protocol.messages import (
    RIGHT_TO_ACCEPT,
    RIGHT_TO_CLOSE,
    RIGHT_TO_PAY,
    Accept,
    Close,
    Deposit,
    LockVoucher,
    Move,
    Session,
    Voucher,
    Withdraw,
)
from layer2.channels.protocol.proofs import Payment, claim_row, claim_rows
from layer2.channels.protocol.session_keys import SESSION_MAGIC, SessionProof, encode_session
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.typed_data import TypedMessage

pytestmark = [pytest.mark.anvil, pytest.mark.machine]

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
        self.registered: set[tuple[bytes, bool]] = set()
        self.locks: dict[tuple[int, bool], tuple[int, LockSet]] = {}
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

    @rule(
        who=people,
        a=small,
        b=st.integers(1, 25),
        permit=sides,
        nonce=st.integers(0, 20),
        expired=seldom,
        forged=seldom,
        both=sides,
    )
    def deposit_pulled(
        self, who: str, a: int, b: int, permit: bool, nonce: int, expired: bool, forged: bool, both: bool
    ) -> None:
        """Nonces come again: a used one counts for nothing and does not stop the other part."""
        key = self.keys[TOKEN]
        pulls = [act.Pull(act.Source.ALLOWANCE, False, a)] if both or not permit else []
        if permit:
            until, nonce = self.twin.now + (0 if expired else 5), self.twin.nonces + nonce
            consent = self.sign(Deposit(key.id, b, nonce, until), not forged)
            pulls.append(act.Pull(act.Source.PERMIT, True, b, until, consent, nonce))
        self.twin.do(act.DepositPulled(key, tuple(pulls)), who)

    # ---------------------------------------------------------------------------------------------- cooperation

    @rule(at=duplexes, who=people, a=small, b=small, behind=st.sampled_from((0, 0, 0, 1)), expired=seldom)
    def withdraw(self, at: int, who: str, a: int, b: int, behind: int, expired: bool) -> None:
        key, until = self.keys[at], self.twin.now + (0 if expired else 1)
        message = Withdraw(key.id, a, b, max(0, self.channel(at).epoch - behind), until)
        self.twin.do(act.Withdraw(key, a, b, until, self.sign(message, False), self.sign(message, True)), who)

    @rule(
        at=duplexes,
        into=st.integers(0, 4),
        who=people,
        a=small,
        b=small,
        more=st.sampled_from((0, 0, 0, 1)),
        expired=seldom,
    )
    def move(self, at: int, into: int, who: str, a: int, b: int, more: int, expired: bool) -> None:
        source, target, until = self.keys[at], self.keys[into], self.twin.now + (0 if expired else 1)
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

    def resolutions(self, from_b: bool, worth: int, amount: int) -> tuple[bytes, ...]:
        far, payee = self.chain.address("operator"), self.chain.address("payer" if from_b else "payee")
        streamed = self.chain.sign("operator", Voucher(virtual_channel_id(far, payee, SALT), amount))
        evidence = encode(["uint256"], [amount])
        return (
            PREIMAGE,
            PREIMAGE,
            voucher_resolution(far, payee, SALT, amount, streamed),
            contract_resolution(self.chain.condition.address, bytes((worth % 2,)), evidence),
        )

    @rule(
        at=duplexes,
        from_b=sides,
        amount=amounts,
        worth=st.integers(1, 60),
        by=st.sampled_from(("receiver", "receiver", "sender", "tower", "tower without", "session")),
        ahead=st.sampled_from((1, 1, 1, 0, 3)),
        lie=seldom,
    )
    def post_locks(self, at: int, from_b: bool, amount: int, worth: int, by: str, ahead: int, lie: bool) -> None:
        """With and without the receiver's acceptance, by its key or its session; `lie`: a sum below the leaves."""
        key, locks = self.keys[at], self.lock_set(from_b, worth)
        receiver = "payer" if from_b else "payee"
        if by != "receiver":
            self.dispute(at, "payer")
        claim = self.channel(at).claim(from_b)
        nonce = (0 if claim is None else claim.nonce) + ahead
        locked = 9 if lie else locks.locked
        row = (amount, nonce, locked, locks.last_expiry, locks_root(locks.locks))
        message = LockVoucher(key.id, *row)
        acceptance = Accept(key.id, from_b, nonce, message.struct_hash())
        accept = b""
        if by in ("tower", "sender"):
            accept = self.chain.sign(receiver, acceptance)
        elif by == "session":
            right = self.right(key, not from_b, RIGHT_TO_ACCEPT, 0)
            accept = to_compact(self.chain.sign("session", acceptance)) + right + SESSION_MAGIC
        who = {"receiver": receiver, "sender": "payee" if from_b else "payer"}.get(by, "tower")
        proof = act.LockProof(*row, self.sign(message, from_b))
        if self.twin.do(act.PostLocks(key, from_b, proof, accept), who):
            self.locks[at, from_b] = (amount + locked, locks)

    @precondition(lambda self: self.locks)
    @rule(
        data=st.data(),
        chosen=st.sets(st.integers(0, 3), min_size=1),
        amount=st.integers(0, 20),
        by=st.sampled_from(("receiver", "tower", "tower", "attacker")),
        damage=st.sampled_from(("", "", "", "", "", "limit", "siblings", "cut", "twice")),
    )
    def unlock(self, data: st.DataObject, chosen: set[int], amount: int, by: str, damage: str) -> None:
        """Some locks, by the receiver, with its consents, or without; again and again, sometimes damaged."""
        at, from_b = data.draw(st.sampled_from(sorted(self.locks)))
        key = self.keys[at]
        limit, locks = self.locks[at, from_b]
        shown = self.resolutions(from_b, locks.locks[0].amount, amount)
        receiver = "payer" if from_b else "payee"
        openings = []
        for index in sorted(chosen):
            consent = b""
            if by == "tower":
                message = resolve_message(key.id, "B" if from_b else "A", locks.locks[index], shown[index])
                consent = self.chain.sign(receiver, message)
            openings.append(Opening(index, shown[index], consent))
        rows, others = open_locks(locks.locks, openings)
        if damage == "siblings":
            others = (*others, bytes(32))
        rows = {"cut": rows[:-1], "twice": rows + rows}.get(damage, rows)
        action = act.Unlock(key, from_b, limit + (damage == "limit"), rows, others)
        self.twin.do(action, receiver if by == "receiver" else by)

    @precondition(lambda self: any(self.disputed(at) for at in (DUPLEX, TOKEN, OTHER)))
    @rule(data=st.data(), who=people, patient=sides)
    def settle(self, data: st.DataObject, who: str, patient: bool) -> None:
        at = data.draw(st.sampled_from([at for at in (DUPLEX, TOKEN, OTHER) if self.disputed(at)]))
        if patient:
            self.twin.wait(self.channel(at).deadline + 1)
        self.twin.do(act.Settle(self.keys[at]), who)

    # -------------------------------------------------------------------------------------------------- simplex

    @rule(
        at=one_way,
        who=people,
        amount=amounts,
        forged=st.sampled_from((False, False, True)),
        foreign=seldom,
        by_session=sides,
        beside=seldom,
        cut=seldom,
    )
    def claim(
        self, at: int, who: str, amount: int, forged: bool, foreign: bool, by_session: bool, beside: bool, cut: bool
    ) -> None:
        """A row by the owner's key or by a session key, signed or registered; beside it perhaps another token's."""
        key = self.keys[at]
        message = Voucher(key.id, amount)
        signature = self.sign(message, forged)
        if by_session:
            session = Session(key.id, self.chain.address("session"), 100, 2**47, RIGHT_TO_PAY)
            named = b"" if (key.id, False) in self.registered else self.sign(session, forged)
            signature = SessionProof.build(session, named, self.chain.sign("session", message)).encode()
        both = self.keys[TOKEN_SIMPLEX if at == SIMPLEX else SIMPLEX]
        other = claim_row(both, Payment(both.id, amount, self.sign(Voucher(both.id, amount), False)))
        rows, session_rows = claim_rows([(key, Payment(key.id, amount, signature))])
        rows += other if beside else b""
        action = act.ClaimVouchers(key.a if foreign else key.b, key.token, rows[:-1] if cut else rows, session_rows)
        self.twin.do(action, who)

    @rule(at=st.integers(0, 4), by_b=sides)
    def register_session(self, at: int, by_b: bool) -> None:
        key = self.keys[at]
        grant = (self.chain.address("session"), 100, 2**47, RIGHT_TO_PAY)
        self.twin.do(act.RegisterSession(key.id, *grant), "payee" if by_b else "payer")
        self.registered.add((key.id, by_b))

    @precondition(lambda self: self.registered)
    @rule(data=st.data(), amount=amounts, who=people)
    def post_by_a_registered_session(self, data: st.DataObject, amount: int, who: str) -> None:
        channel_id, of_b = data.draw(st.sampled_from(sorted(self.registered)))
        key = next(one for one in self.keys if one.id == channel_id)
        session = Session(key.id, self.chain.address("session"), 100, 2**47, RIGHT_TO_PAY)
        proof = SessionProof.build(session, b"", self.chain.sign("session", Voucher(key.id, amount))).encode()
        self.twin.do(act.Post(key, of_b, amount, proof), who)

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
        self.twin.do(act.WithdrawPending(self.chain.token.address, self.chain.address(to)), who)

    @rule(seconds=st.integers(1, 400))
    def time_passes(self, seconds: int) -> None:
        self.twin.now += seconds

    def teardown(self) -> None:
        """The payee leaves the duplex channels alone, the payer the simplex ones: nothing stays behind.

        Whom the token refuses meanwhile fetches what it is owed.
        """
        if not hasattr(self, "twin"):
            return
        self.twin.set_blacklisted(("payee", "payer")[: self.twin.calls % 3])
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
        self.twin.set_blacklisted(())
        for who in ("payer", "payee"):
            if self.twin.state.owed.get((self.chain.address(who), self.chain.token.address)):
                assert self.twin.do(act.WithdrawPending(self.chain.token.address, self.chain.address(who)), who)
        assert not any(self.twin.state.balances.values())
        assert self.twin.now - begun <= MAX_DELAY + MAX_LOCKS


LockStep.TestCase.settings = campaign(examples=100, steps=40)


def test_contract_and_model_never_differ_and_many_calls_are_accepted() -> None:
    LockStep.counts = counts = Twin.Counts()
    LockStep.TestCase().runTest()
    print(counts)
    assert counts.taken.total() > counts.tried.total() * 0.3
    assert set(counts.taken) == {
        "depositETH",
        "deposit",
        "depositPulled",
        "withdraw",
        "move",
        "close",
        "registerSession",
        "startClose",
        "startCloseAs",
        "post",
        "postLocks",
        "unlock",
        "settle",
        "claimVouchers",
        "claimVoucher",
        "closeSimplex",
        "requestExit",
        "exit",
        "withdrawPending",
    }
    assert len(counts.refused) > 15, counts
    assert set(counts.refused) >= {
        "UnauthorizedCaller",
        "ChannelClosed",
        "UnexpectedChannelMode",
        "DisputeRunning",
        "StaleNonce",
        "NothingClaimed",
        "MalformedRows",
        "SessionExceeded",
        "InvalidSignature",
        "TokenMismatch",
    }
