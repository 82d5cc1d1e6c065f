"""Posting commutes: any permutation of any set of signed statements, by anybody, pays the same."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.channels.stage import DUPLEX, STRANGER, TOWER_ADDRESS, A, B, Stage
from tests.unit.channels.test_model_properties import recover, sign

from layer2.channels.bindings.errors import HubError
from layer2.channels.model import Action
from layer2.channels.model import actions as act
from layer2.channels.protocol.lock_openings import Opening, open_locks, resolve_message
from layer2.channels.protocol.lock_tree import fingerprint, locks_root
from layer2.channels.protocol.locks import (
    HASH_LOCK,
    Lock,
    hash_lock,
    virtual_channel_id,
    voucher_lock,
    voucher_resolution,
)
from layer2.channels.protocol.messages import Accept, LockVoucher, Voucher

PREIMAGE, SALT, END = b"\x07" * 32, bytes(32), 1_003_000
VIRTUAL = virtual_channel_id(A, B, SALT)
amounts = st.integers(1, 60)


@dataclass
class Statement:
    """A call that anybody can make, and what it says: a counter, a claim, or what locks of a claim are worth."""

    action: Action
    from_b: bool
    plain: int = 0
    nonce: int = 0
    amount: int = 0
    of_claim: int = 0
    worths: dict[int, int] = field(default_factory=dict)


@dataclass
class Signers:
    """Both parties of one direction, who sign whatever they are asked to."""

    from_b: bool

    @property
    def sender(self) -> str:
        return B if self.from_b else A

    @property
    def receiver(self) -> str:
        return A if self.from_b else B

    def plain(self, amount: int) -> Statement:
        signature = sign(Voucher(DUPLEX.id, amount), self.sender)  # type: ignore[arg-type]
        return Statement(act.Post(DUPLEX, self.from_b, amount, signature), self.from_b, plain=amount)

    def proof(self, nonce: int, amount: int, locks: tuple[Lock, ...]) -> Statement:
        row = (amount, nonce, sum(one.amount for one in locks), max([0, *(one.expiry for one in locks)]))
        message = LockVoucher(DUPLEX.id, *row, locks_root(locks))
        acceptance = Accept(DUPLEX.id, self.from_b, nonce, message.struct_hash())
        accept = sign(acceptance, self.receiver)  # type: ignore[arg-type]
        proof = act.LockProof(*row, message.locks_root, sign(message, self.sender))  # type: ignore[arg-type]
        posted = fingerprint(amount + row[2], message.locks_root)
        action = act.PostLocks(DUPLEX, self.from_b, proof, accept)
        return Statement(action, self.from_b, nonce=nonce, amount=amount, of_claim=posted)

    def unlock(self, amount: int, locks: tuple[Lock, ...], vouchers: dict[int, int]) -> Statement:
        """Open hash locks by the preimage, the others with a consent to a voucher of the given amount."""
        openings, worths = [], {}
        for index, voucher in vouchers.items():
            lock = locks[index]
            if lock.kind == HASH_LOCK:
                openings.append(Opening(index, PREIMAGE))
                worths[index] = lock.amount
                continue
            resolution = voucher_resolution(A, B, SALT, voucher, sign(Voucher(VIRTUAL, voucher), A))
            message = resolve_message(DUPLEX.id, "B" if self.from_b else "A", lock, resolution)
            openings.append(Opening(index, resolution, sign(message, self.receiver)))  # type: ignore[arg-type]
            worths[index] = min(voucher, lock.amount)
        limit = amount + sum(one.amount for one in locks)
        action = act.Unlock(DUPLEX, self.from_b, limit, *open_locks(locks, openings))
        return Statement(action, self.from_b, of_claim=fingerprint(limit, locks_root(locks)), worths=worths)


@st.composite
def statements(draw: st.DrawFn) -> list[Statement]:
    made: list[Statement] = []
    for side in (Signers(False), Signers(True)):
        made += [side.plain(amount) for amount in draw(st.lists(amounts, max_size=3))]
        for nonce in draw(st.lists(st.integers(1, 9), max_size=3, unique=True)):
            amount = draw(amounts)
            locks = tuple(
                hash_lock(worth, END, PREIMAGE) if hashed else voucher_lock(worth, END, A, B, SALT)
                for hashed, worth in draw(st.lists(st.tuples(st.booleans(), amounts), max_size=3))
            )
            made.append(side.proof(nonce, amount, locks))
            for _ in range(draw(st.integers(0, 2)) if locks else 0):
                chosen = draw(st.dictionaries(st.integers(0, len(locks) - 1), amounts, min_size=1, max_size=3))
                made.append(side.unlock(amount, locks, chosen))
    return made


def outcome(made: list[Statement], seed: int) -> tuple[int, int]:
    """Post everything in a random order by strangers, until nothing is accepted any more; what each direction pays."""
    stage, chance = Stage(), random.Random(seed)
    stage.env = {"recover": recover}
    stage.fund(DUPLEX, 300, 300)
    stage.do(act.StartClose(DUPLEX), by=chance.choice((A, B)))
    left = list(made)
    while True:
        refused: list[Statement] = []
        chance.shuffle(left)
        for one in left:
            try:
                stage.do(one.action, by=chance.choice((STRANGER, TOWER_ADDRESS)))
            except HubError:
                refused.append(one)
        if len(refused) == len(left):
            channel = stage.state.channel(DUPLEX.id)
            return channel.paid(False), channel.paid(True)
        # An accepted unlock of a proof that was replaced is posted again if the same claim comes back.
        left = refused + [one for one in left if one.worths and one not in refused]


def said(made: list[Statement], from_b: bool) -> int:
    """Return what the page says: the highest plain counter, or the newest claim with each lock's best resolution."""
    mine = [one for one in made if one.from_b == from_b]
    plain = max((one.plain for one in mine), default=0)
    newest = max((one for one in mine if one.nonce), key=lambda one: one.nonce, default=None)
    if newest is None:
        return plain
    best: dict[int, int] = {}
    for one in mine:
        if one.worths and one.of_claim == newest.of_claim:
            for index, worth in one.worths.items():
                best[index] = max(best.get(index, 0), worth)
    return max(plain, newest.amount + sum(best.values()))


@settings(max_examples=60, deadline=None)
@given(statements(), st.integers(0, 1 << 30))
def test_any_order_of_any_statements_by_anybody_pays_what_the_page_says(made: list[Statement], seed: int) -> None:
    expected = said(made, False), said(made, True)
    assert [outcome(made, seed + turn) for turn in range(4)] == [expected] * 4
