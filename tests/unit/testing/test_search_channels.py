"""The rule that channels are searched with does what the model of the hub does, call by call."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from tests.support.channels.stage import CONFIG, DELAY, DUPLEX, NOW, STRANGER, A, B, Stage, sign
from tests.support.channels.strategies import PAYEE, PAYER

from layer2.channels.bindings import errors as err
from layer2.channels.model import actions as act
from layer2.channels.protocol import locks as real
from layer2.channels.protocol.lock_openings import Opening, open_locks, resolve_message
from layer2.channels.protocol.lock_tree import locks_root
from layer2.channels.protocol.messages import Accept, LockVoucher, Voucher
from layer2.testing.search import explore
from layer2.testing.search.channels.bounds import Domain
from layer2.testing.search.channels.games import games
from layer2.testing.search.channels.lock_rule import (
    LONGEST,
    SOUND,
    WINDOW,
    Chain,
    Lock,
    Proof,
    Rule,
    post,
    post_locks,
    settle,
    start,
    unlock,
)
from layer2.testing.search.channels.payee import Node, PayeeGame

STEP = DELAY // WINDOW
ID = DUPLEX.id
CALLERS = {"receiver": B, "sender": A, "other": STRANGER}
PROOFS = tuple(
    Proof(nonce, amount, locks)
    for nonce in (1, 2, 3)
    for amount in (0, 2)
    for locks in ((), (Lock(2, 3),), (Lock(1, 5), Lock(2, 3, True)), (Lock(2, 5, True), Lock(2, 5, True)))
)


def salt(index: int) -> bytes:
    return bytes([index + 1]) * 32


def real_locks(proof: Proof) -> tuple[real.Lock, ...]:
    return tuple(
        real.voucher_lock(lock.amount, NOW + lock.expiry * STEP, A, B, salt(index))
        if lock.chosen
        else real.hash_lock(lock.amount, NOW + lock.expiry * STEP, salt(index))
        for index, lock in enumerate(proof.locks)
    )


def resolution(lock: Lock, index: int, worth: int) -> bytes:
    if not lock.chosen:
        return salt(index)
    signature = sign(Voucher(real.virtual_channel_id(A, B, salt(index)), worth), PAYER)
    return real.voucher_resolution(A, B, salt(index), worth, signature)


class Pair:
    """The rule and the model of the hub, asked the same."""

    def __init__(self) -> None:
        self.chain, self.time = Chain(), 0
        self.stage = Stage().fund(a=100)
        self.answers: Counter[str] = Counter()

    def both(self, name: str, after: Chain | None, action: act.Action, by: str) -> None:
        try:
            self.stage.do(action, by)
            taken = True
        except err.HubError:
            taken = False
        assert taken == (after is not None), f"{name} at {self.time}: {self.chain} -> {after}, the model says {taken}"
        self.answers[f"{name} {'taken' if taken else 'refused'}"] += 1
        self.chain = after or self.chain
        channel = self.stage.state.channel(ID)
        assert channel.paid(False) == self.chain.paid
        deadline = NOW + self.chain.deadline * STEP if self.chain.deadline >= 0 else 0
        assert channel.deadline == deadline

    def start(self) -> None:
        self.both("start", start(self.chain, self.time), act.StartClose(DUPLEX), A)

    def post(self, amount: int) -> None:
        action = act.Post(DUPLEX, False, amount, sign(Voucher(ID, amount), PAYER))
        self.both("post", post(self.chain, self.time, SOUND, amount), action, STRANGER)

    def post_locks(self, proof: Proof, by: str, accepted: bool) -> None:
        listed = real_locks(proof)
        last = max((lock.expiry for lock in listed), default=0)
        locked, root = proof.value - proof.amount, locks_root(listed)
        message = LockVoucher(ID, proof.amount, proof.nonce, locked, last, root)
        accept = sign(Accept(ID, False, proof.nonce, message.struct_hash()), PAYEE) if accepted else b""
        head = (proof.amount, proof.nonce, locked, last, root, sign(message, PAYER))
        after = post_locks(self.chain, self.time, SOUND, proof, by, accepted)
        self.both("postLocks", after, act.PostLocks(DUPLEX, False, act.LockProof(*head), accept), CALLERS[by])

    def unlock(self, opened: tuple[tuple[int, int], ...], by: str, consents: bool) -> None:
        claim = self.chain.claim
        assert claim is not None
        listed, rows = real_locks(claim), []
        for index, worth in opened:
            shown = resolution(claim.locks[index], index, worth)
            consent = sign(resolve_message(ID, "A", listed[index], shown), PAYEE) if consents else b""
            rows.append(Opening(index, shown, consent))
        packed, siblings = open_locks(listed, rows)
        after = unlock(self.chain, self.time, SOUND, opened, by, consents)
        self.both("unlock", after, act.Unlock(DUPLEX, False, claim.value, packed, siblings), CALLERS[by])

    def pass_time(self) -> None:
        self.time += 1
        self.stage.now = NOW + self.time * STEP
        self.chain = settle(self.chain, self.time)


def play(seed: int) -> Counter[str]:
    dice = random.Random(seed)
    pair = Pair()
    pair.start()
    while not pair.chain.settled:
        for _ in range(dice.randrange(5)):
            what = dice.randrange(4)
            claim = pair.chain.claim
            if what == 0:
                pair.post(dice.randrange(1, 6))
            elif what == 1 or claim is None or not claim.locks:
                pair.post_locks(dice.choice(PROOFS), dice.choice(list(CALLERS)), dice.random() < 0.7)
            else:
                by = dice.choice(["receiver", "other"])
                consents = by == "other" and dice.random() < 0.6
                several = by == "receiver" or consents
                places = (
                    range(len(claim.locks)) if several and dice.random() < 0.5 else [dice.randrange(len(claim.locks))]
                )
                pair.unlock(tuple((index, dice.randrange(1, 3)) for index in places), by, consents)
            if dice.randrange(9) == 0:
                pair.start()
        pair.pass_time()
        assert pair.time < 40
    pair.stage.do(act.Settle(DUPLEX), STRANGER)
    assert pair.stage.paid.get(B, 0) == pair.chain.paid
    return pair.answers


def test_the_searched_rule_does_what_the_model_of_the_hub_does() -> None:
    assert CONFIG.max_lock_duration == LONGEST * STEP
    seen: Counter[str] = Counter()
    for seed in range(150):
        seen += play(seed)
    for name in ("post", "postLocks", "unlock"):
        assert seen[f"{name} taken"] > 30, seen
        assert seen[f"{name} refused"] > 30, seen
    assert seen["start refused"] > 10


def test_a_payee_is_paid_what_it_accepted_and_is_not_once_a_voucher_stops_a_proof() -> None:
    domain = Domain(1, 1, ((), (Lock(1, 3),), (Lock(1, 3, True),)), 3)
    assert explore(PayeeGame(domain).game("payee")).finding is None
    assert explore(PayeeGame(domain, Rule(apart=False)).game("payee")).finding is not None
    assert explore(PayeeGame(domain, node=Node(sleeps=True)).game("tower")).finding is None
    assert explore(PayeeGame(domain, node=Node(sleeps=True, looks=False)).game("tower")).finding is not None


@pytest.mark.parametrize("bound", ["small", "large"])
def test_both_bounds_have_every_side_and_every_control(bound: str) -> None:
    found = list(games(bound))
    assert {one.name.split(",")[0] for one in found if not one.control} == {"payee", "tower", "payer", "mediator"}
    controls = [one.control for one in found if one.control]
    assert len(controls) == len(set(controls)) == 17
