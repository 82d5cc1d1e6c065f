"""Attacks on whoever buys a withdrawal: sold after it was paid, to nobody, by an old signature, before a freeze."""

from __future__ import annotations

from typing import Any

from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.rollup.state.commitments import Claim, Roots, Status
from layer2.rollup.wallet.l1_actions import Outgoing
from layer2.testing.adversaries.rollup.attacks import RollupAttack

__all__: list[str] = []

_ETHER = 10**18


class _Sale(RollupAttack):
    """The attacker owns a withdrawal, which the payee buys: `out` and what `transferClaim` takes of it."""

    def holdings(self) -> dict[str, int]:
        """Beside ether what it has inside, in its account or on its way out: whichever way, it comes out once."""
        self.seller.replica.step()
        inside = 0 if self.seller.replica.frozen else self.seller.balance()
        out = 0 if self.gone else _ETHER // 2
        return {"ether": super().holdings()["ether"] + inside + out}

    def prepare(self) -> None:
        """The withdrawal is in the inbox."""
        self.gone = False
        self.seller = self.wallet(self.stage.attacker)
        self.seller.withdraw(_ETHER // 2)
        self.l2.post()

    def final(self) -> Outgoing:
        """The withdrawal, final."""
        self.l2.settle()
        return self.found()

    def found(self) -> Outgoing:
        """The withdrawal as the buyer's node has it."""
        (out,) = self.payee.outgoing(self.attacker.address)
        return out

    def row(self, out: Outgoing) -> tuple[Any, ...]:
        """Claim, roots, index, withdrawal, path."""
        state = self.l2.sequencer.replica.state_of(out.claim)
        one = out.withdrawal
        paid = (one.target, one.token, one.amount)
        return (out.claim.as_tuple(), Roots.of(state).as_tuple(), out.index, paid, state.withdrawal_path(out.index))


class SoldAfterItWasPaid(_Sale):
    """The attacker claims its withdrawal and sells it then: the contract would name the buyer as its owner."""

    refused_with = "AlreadyPaid"

    def attempt(self) -> None:
        """What is paid cannot be given away."""
        out = self.final()
        assert self.payee.safe_to_buy(out)
        self.counted(self.seller.claim(out))
        self.gone = True
        assert not self.payee.safe_to_buy(out)
        self.act("transferClaim", *self.row(out), self.stage.payee.address)


class SoldToNobody(_Sale):
    """The attacker, who has bought a withdrawal, gives it to the address zero: it would be its first seller's again."""

    refused_with = "ReceiverMissing"

    def attempt(self) -> None:
        """There must be somebody."""
        self.act("transferClaim", *self.row(self.final()), ZERO_ADDRESS)


class SoldByAnOldSignature(_Sale):
    """The buyer has given a withdrawal back to the attacker's accomplice, and the signature that once gave it to the
    buyer's rival is brought again."""

    refused_with = "CallerNotOwner"

    def attempt(self) -> None:
        """A signature serves once, wherever the claim goes after it."""
        out, until = self.final(), self.chain.timestamp() + 10_000
        payee, payer = self.stage.payee.address, self.stage.payer.address
        signature = self.seller.sign_claim(out, payer, until)
        self.payer.take_claim(out, payer, until, signature)
        self.payer.transfer_claim(out, payee)
        self.payee.transfer_claim(out, self.attacker.address)
        self.act("transferClaimBySig", *self.row(out), payer, until, signature)


class SoldBeforeItWasFrozen(_Sale):
    """The attacker sells a withdrawal under a right claim that is open, has the rollup frozen before it is final, and
    escapes with the same money. Whoever asks `safe_to_buy` is told no as long as that can happen."""

    def prepare(self) -> None:
        """The claim comes so late that its window ends after somebody can freeze."""
        super().prepare()
        profile = self.l2.profile
        self.chain.advance(profile.freeze_after - profile.window + 60)
        self.claim: Claim = self.l2.propose()

    def attempt(self) -> None:
        """The buyer does not pay; the sale itself is lawful, and so is the escape."""
        out = self.found()
        verdict = self.payee.safe_to_buy(out)
        assert not verdict
        assert "escape" in verdict.why
        self.act("transferClaim", *self.row(out), self.stage.payee.address)
        self.chain.advance(self.l2.profile.window)
        self.counted(self.seller.freeze())
        before = self.chain.balance(self.attacker.address) + self.gas
        self.counted(self.seller.escape())
        # All it had before the withdrawal, which is not among what it has sold now.
        assert self.chain.balance(self.attacker.address) + self.gas - before == _ETHER
        self.gone = True
        self.chain.advance(self.l2.profile.window)
        self.act("finalize", self.claim.as_tuple())
        assert self.l2.rollup.status(self.claim.id)[2] is Status.RELEASED
