"""A seller of withdrawals among the villains of the rollup: it offers them, sells them twice, has them paid, escapes.

It sells under every assertion that stands, under lies too, and to everybody; its signatures outlive what they sell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from hypothesis import strategies as st
from tests.support.block_machine import FIRST
from tests.support.rollup.machine import ETHER, PROFILE, RollupPlay, Villains

from layer2.rollup.derivation.account_proof import AccountProof
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.state.commitments import Assertion, Roots, Status
from layer2.rollup.state.state import Withdrawal
from layer2.rollup.wallet.l1_actions import Outgoing
from layer2.rollup.wallet.wallet import Wallet

LASTING = (0, 600, 20_000)
"""Seconds for which a signature of the seller's is good."""

MOST = 2
"""Offers that the buyer looks at, the newest."""
RECENT = 4
"""Assertions under which it sells, the newest that stand."""


class Offer(NamedTuple):
    """What the buyer is told: where a withdrawal is, what it pays, and the signature that gives it to the buyer."""

    place: str
    withdrawal: Withdrawal
    until: int
    signature: bytes


class Seller(Villains):
    """`offers`: those that the buyer has not heard yet, or could not take yet."""

    def __init__(self, play: RollupPlay, eye: Replica) -> None:
        super().__init__(play, eye)
        self.offers: list[Offer] = []
        self.wallet = Wallet(play.rollup, play.signers["seller"], eye, sender=play.senders["seller"])

    # ------------------------------------------------------------------------------------------------ what it sells

    def sellable(self) -> list[Outgoing]:
        """Its withdrawals under the newest assertions of the truth that stand, paid ones and sold ones too."""
        standing = (Status.OPEN, Status.FINAL)
        known = [one for one in self.eye.claims.values() if one.inbox_end and self.eye.status(one) in standing]
        found = []
        for claim in [one for one in known if self.truth(one)][-RECENT:]:
            rows = enumerate(self.eye.state_of(claim).withdrawals)
            found += [Outgoing(claim, at, one, self.eye.status(claim), False) for at, one in rows]
        return found

    def beside(self) -> list[Assertion]:
        """Open assertions of the truth beside which another one can cover more: they go on from the last final one."""
        final, posted = self.eye.final(), self.eye.posted
        open_ = (one for one in self.eye.open_claims() if self.truth(one))
        return [one for one in open_ if one.parent == final.id and one.inbox_end < posted]

    def told(self) -> list[Assertion]:
        """Lies that are open."""
        return [one for one in self.eye.open_claims() if not self.truth(one)]

    def row(self, out: Outgoing) -> tuple[Any, ...]:
        """Claim, roots, index, withdrawal, path, as the contract takes them."""
        state, one = self.eye.state_of(out.claim), out.withdrawal
        paid = (one.target, one.token, one.amount)
        return out.claim.as_tuple(), Roots.of(state).as_tuple(), out.index, paid, state.withdrawal_path(out.index)

    def sign(self, out: Outgoing, to: str, lasts: int) -> tuple[int, bytes]:
        """Until when a signature to somebody is good, and the signature."""
        until = self.play.now + lasts
        return until, self.wallet.sign_claim(out, self.play.address(to), until)

    def offer(self, out: Outgoing, lasts: int, under: Assertion | None = None) -> None:
        """Tell the buyer of a withdrawal; that it is one of another assertion's, if one is named."""
        place = out.place if under is None else f"{under.id.hex()[:8]}:{out.index}"
        self.offers.append(Offer(place, out.withdrawal, *self.sign(out, "buyer", lasts)))
        del self.offers[:-MOST]
        self.play.counts["offer"] += 1

    def freezable(self) -> int | None:
        """The first second in which the rollup can be frozen for what waits now."""
        since, following = self.play.rollup.inbox()[4], self.eye.record(self.eye.final().inbox_end)
        waiting = [one for one in (since, following and following.time) if one]
        return min(waiting) + PROFILE.freeze_after + 1 if waiting else None

    # ------------------------------------------------------------------------------------------------------- moves

    def moves(self) -> Iterator[str]:
        """What has a chance now."""
        yield from super().moves()
        if self.sellable():
            yield from ("offer", "offer", "sell", "sell by signature", "steal", "take")
            if self.told():
                yield "offer of a lie"
        if self.eye.frozen:
            yield from ("escape", "escape")

    def do(self, name: str, data: st.DataObject, place: int = FIRST) -> bool:
        if name == "escape":
            return self.escape(place)
        if name not in ("offer", "offer of a lie", "sell", "sell by signature", "steal", "take"):
            return super().do(name, data, place)
        out = data.draw(st.sampled_from(self.sellable()))
        if name == "take":
            return self.play.act("stranger", "finalizeWithdrawal", *self.row(out), place=place)
        if name == "sell":
            return self.play.act("seller", "transferClaim", *self.row(out), self.play.address("stranger"), place=place)
        lasts = data.draw(st.sampled_from(LASTING))
        if name in ("sell by signature", "steal"):
            # What the buyer was given serves nobody else.
            signed = self.sign(out, "buyer", LASTING[-1]) if name == "steal" else self.sign(out, "stranger", lasts)
            row = (*self.row(out), self.play.address("stranger"), *signed)
            return self.play.act("stranger", "transferClaimBySig", *row, place=place)
        self.offer(out, lasts, data.draw(st.sampled_from(self.told())) if name == "offer of a lie" else None)
        return True

    def escape(self, place: int = FIRST) -> bool:
        """The seller takes what it has in its account under the last final state."""
        account = self.account("seller")
        proof = AccountProof.of(self.eye, self.eye.final(), account)
        one = proof.account
        word = one.token << 160 | one.nonce << 128 | one.balance
        row = (proof.claim.as_tuple(), proof.roots.as_tuple(), account, one.owner, word, list(proof.path))
        return self.play.act("seller", "escape", *row, place=place)

    def make(self, amount: int, waits: int, leaves: bool, wake: Callable[[], object]) -> None:
        """A withdrawal that waits in the inbox before the truth about it is asserted; then it is offered.

        `leaves`: another one behind it that the assertion does not cover.
        """
        for part in (amount, 1)[: 1 + leaves]:
            self.post(self.frame(True, part * ETHER // 10, 0), False)
            self.see()
        end = self.eye.posted - leaves
        if waits:
            self.play.until(self.play.now + waits, wake)
            self.see()
        standing = [one for one in self.standing() if self.truth(one) and one.inbox_end < end]
        if standing:
            self.propose(max(standing, key=lambda one: one.inbox_end), end, None)
            self.see()
        for out in self.sellable()[-1:]:
            self.offer(out, LASTING[-1])
