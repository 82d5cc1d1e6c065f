"""A villain across an honest node: signs anything, keeps all it ever got, and shows on chain what it likes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from tests.support.block_machine import FIRST
from tests.support.channels.machine import DELAY, MAX_LOCKS, UNIT, HubPlay

from layer2.channels.contract.calls import lock_proof
from layer2.channels.contract.channel_view import ChannelView
from layer2.channels.party.errors import Refused
from layer2.channels.party.party import Party
from layer2.channels.party.state import Direction, State
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.lock_openings import Opening, open_locks
from layer2.channels.protocol.locks import Lock, hash_lock, virtual_channel_id, voucher_lock, voucher_resolution
from layer2.channels.protocol.messages import Voucher
from layer2.channels.protocol.proofs import Acceptance, LockPayment, Payment
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.errors import SignatureError

SECRETS = {hash_lock(1, 1, one).condition: one for one in (bytes((tag,)) * 32 for tag in range(1, 17))}
"""Every preimage that there is, by its hash: the villains know them all."""

SALT = bytes(32)


@dataclass(frozen=True)
class Move:
    """Something that a villain can do on chain now."""

    name: str
    do: Callable[[int], object]


class Villain:
    """One party of a channel, `who`, on `side`; the honest node has the other. The stranger is in league with it."""

    def __init__(self, play: HubPlay, node: Party, who: str, side: str, nets: tuple[int, int], salt: int) -> None:
        """`nets`: what the villain and the honest node begin with, units."""
        self.play, self.node, self.who = play, node, who
        self.side, self.other = side, "B" if side == "A" else "A"
        parties = play.address(who), play.address("honest")
        ordered = nets if side == "A" else nets[::-1]
        a, b = parties if side == "A" else parties[::-1]
        self.key = ChannelKey(a, b, ZERO_ADDRESS, DELAY, play.now + 10**6, salt)
        amounts = [one * UNIT for one in ordered]
        assert play.act("stranger", "deposit", self.key.as_tuple(), *amounts, value=sum(amounts))
        node.join(self.key)
        # All that was ever signed, by whom it pays; the acceptances that somebody other than the node has.
        self.vouchers: dict[str, list[Payment]] = {"A": [], "B": []}
        self.proofs: dict[str, list[LockPayment]] = {"A": [], "B": []}
        self.accepts: dict[tuple[str, bytes], bytes] = {}

    # ------------------------------------------------------------------------------------------------ what is known

    @property
    def state(self) -> State:
        return self.node.state(self.key.id)

    @property
    def view(self) -> ChannelView:
        return self.play.view(self.key)

    @property
    def own(self) -> Direction:
        """The direction that the villain pays."""
        return self.state.theirs

    @property
    def trading(self) -> bool:
        view = self.view
        return view.exists and not view.disputed

    def counted(self, name: str) -> None:
        self.play.counts[name] += 1

    # --------------------------------------------------------------------------------------------------- off the chain

    def pay(self, amount: int, hand_over: bool) -> None:
        """Sign a voucher, whatever is locked, and perhaps send it."""
        total = self.own.amount + amount
        payment = Payment(self.key.id, total, self.play.sign(self.who, Voucher(self.key.id, total)))
        self.vouchers[self.side].append(payment)
        if hand_over:
            with contextlib.suppress(Refused):
                self.node.receive(payment)
                self.counted("voucher taken")

    def lock(self, amount: int, nonce: int, locks: tuple[Lock, ...], hand_over: bool) -> bool:
        """Sign a lock proof, and perhaps send it; whether the node has accepted it."""
        unsigned = LockPayment(self.key.id, amount, nonce, locks, b"")
        proof = LockPayment(self.key.id, amount, nonce, locks, self.play.sign(self.who, unsigned.message()))
        self.proofs[self.side].append(proof)
        if not hand_over:
            return False
        try:
            acceptance = self.node.locks.receive_locks(proof)
        except Refused as refusal:
            self.counted(f"node: {type(refusal).__name__}")
            return False
        self.accepts[self.side, proof.proof_hash] = acceptance.signature
        self.counted("proof taken")
        return True

    def lock_more(self, amount: int, lasts: int, condition: bytes) -> bool:
        """The next proof as it should be, with one lock more."""
        lock = Lock(amount, self.play.now + lasts, 0, condition)
        return self.lock(self.own.amount, self.own.used_nonce + 1, (*self.own.locks, lock), True)

    def lock_virtual(self, amount: int, lasts: int) -> bool:
        """The same with a lock that pays what the stranger has signed over to the honest node in a virtual channel."""
        parties = self.play.address("stranger"), self.play.address("honest")
        lock = voucher_lock(amount, self.play.now + lasts, *parties, SALT)
        return self.lock(self.own.amount, self.own.used_nonce + 1, (*self.own.locks, lock), True)

    def virtual_worth(self, worth: int) -> tuple[bytes, bytes]:
        """The condition of such locks, and what takes so much of them: the stranger signs anything."""
        parties = self.play.address("stranger"), self.play.address("honest")
        condition = virtual_channel_id(*parties, SALT)
        signature = self.play.sign("stranger", Voucher(condition, worth))
        return condition, voucher_resolution(*parties, SALT, worth, signature)

    def lock_anything(self, data: st.DataObject, grows: int, skips: int, hand_over: bool) -> None:
        """Any proof: locks of before or not, new ones with any end, any amount and nonce."""
        row = st.tuples(
            st.integers(1, 30), st.sampled_from((200, DELAY, MAX_LOCKS, 2 * MAX_LOCKS)), st.sampled_from([*SECRETS])
        )
        drawn = data.draw(st.lists(row, max_size=2))
        kept = tuple(lock for lock in self.own.locks if data.draw(st.booleans()))
        new = (Lock(amount * UNIT, self.play.now + lasts, 0, condition) for amount, lasts, condition in drawn)
        self.lock(self.own.amount + grows, max(1, self.own.used_nonce + 1 + skips), (*kept, *new), hand_over)

    def accept(self, proof: LockPayment, hand_over: bool) -> None:
        """Accept a proof of the node, new or old; what it does with that is its own business."""
        signature = self.play.sign(self.who, proof.accept_message(self.other))
        self.accepts[self.other, proof.proof_hash] = signature
        if not hand_over:
            return
        named = (proof.nonce, proof.proof_hash, signature)
        with contextlib.suppress(Refused, SignatureError):
            level = self.node.locks.take_accept(Acceptance(self.key.id, self.other, *named))
            self.counted("acceptance taken")
            if level is not None:
                self.vouchers[self.other].append(level)

    # ------------------------------------------------------------------------------------------------------- on chain

    def moves(self) -> list[Move]:
        """What it and the stranger can try now, with a chance."""
        view, found = self.view, []
        if not view.exists:
            return found
        if not view.disputed:
            for one in (Payment(self.key.id, 0, b""), *self.vouchers[self.other][-2:]):
                args = (self.key.as_tuple(), one.amount, one.signature)
                found.append(Move("start", lambda place, args=args: self.call("startClose", *args, place=place)))
        elif self.play.now > view.deadline:
            args = (self.key.as_tuple(),)
            found.append(Move("settle", lambda place: self.call("settle", *args, place=place)))
        for side in "AB":
            for one in self.vouchers[side][-3:]:
                if view.disputed and one.amount > view.sent(side):
                    found.append(Move("post", lambda place, s=side, v=one: self.post(s, v, place)))
            for proof in self.proofs[side]:
                claim = view.claim(side)
                if claim is None or proof.nonce > claim.nonce:
                    found.append(Move("post locks", lambda place, s=side, p=proof: self.post_locks(s, p, place)))
                elif claim.nonce == proof.nonce and proof.locks and view.disputed:
                    found.append(Move("unlock", lambda place, s=side, p=proof: self.unlock(s, p, place)))
        return found

    def call(self, name: str, *args: Any, place: int = FIRST) -> bool:
        return self.play.act(self.who, name, *args, place=place)

    def post(self, side: str, one: Payment, place: int = FIRST) -> bool:
        args = (self.key.as_tuple(), side == "B", one.amount, one.signature)
        return self.play.act("stranger", "post", *args, place=place)

    def post_locks(self, side: str, proof: LockPayment, place: int = FIRST) -> bool:
        """As their receiver, or with an acceptance as anybody."""
        row = lock_proof(proof)
        packed = (row.amount, row.nonce, row.locked, row.last_expiry, row.locks_root, row.signature)
        args = (self.key.as_tuple(), side == "B", packed, self.accepts.get((side, proof.proof_hash), b""))
        return self.call("postLocks", *args, place=place)

    def unlock(self, side: str, proof: LockPayment, place: int = FIRST, consents: Sequence[Opening] = ()) -> bool:
        """With every preimage there is, and with consents that the node has given."""
        found = [Opening(at, SECRETS[one.condition]) for at, one in enumerate(proof.locks) if one.condition in SECRETS]
        taken = {one.index: one for one in (*found, *consents)}
        if not taken:
            return False
        rows, others = open_locks(proof.locks, taken.values())
        args = (self.key.as_tuple(), side == "B", proof.limit, rows, list(others))
        return self.play.act("stranger", "unlock", *args, place=place)

    def take_all_there_is(self) -> None:
        """Of what the node pays, the proof that is worth most, whatever came after it; in a dispute of its own."""
        if not self.view.disputed:
            self.call("startClose", self.key.as_tuple(), 0, b"")
        for one in sorted(self.proofs[self.other], key=lambda proof: -proof.limit):
            if self.post_locks(self.other, one):
                if one.locks:
                    self.unlock(self.other, one)
                return
