"""Attacks on buyers of withdrawals: sold after payment, to nobody, by an old signature, or before a freeze."""

from __future__ import annotations

from typing import Any

from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.rollup.state.commitments import Assertion, Roots, Status
from layer2.rollup.wallet.l1_actions import Outgoing
from layer2.testing.adversaries.rollup.attacks import RollupAttack

__all__: list[str] = []

_ETHER = 10**18


class _Sale(RollupAttack):
    """An attack by the owner of a withdrawal that the payee buys; `row` returns the arguments of `transferClaim`."""

    def holdings(self) -> dict[str, int]:
        """Return ether, plus the money in its account or in its withdrawal, which is paid out exactly once."""
        self.seller.replica.step()
        inside = 0 if self.seller.replica.frozen else self.seller.balance()
        out = 0 if self.gone else _ETHER // 2
        return {"ether": super().holdings()["ether"] + inside + out}

    def prepare(self) -> None:
        """Post the withdrawal to the inbox."""
        self.gone = False
        self.seller = self.wallet(self.stage.attacker)
        self.seller.withdraw(_ETHER // 2)
        self.l2.post()

    def final(self) -> Outgoing:
        """Return the withdrawal after it is final."""
        self.l2.settle()
        return self.found()

    def found(self) -> Outgoing:
        """Return the withdrawal as known to the buyer's node."""
        (out,) = self.payee.outgoing(self.attacker.address)
        return out

    def row(self, out: Outgoing) -> tuple[Any, ...]:
        """Return assertion, roots, index, withdrawal and path."""
        state = self.l2.sequencer.replica.state_of(out.claim)
        one = out.withdrawal
        paid = (one.target, one.token, one.amount)
        return (out.claim.as_tuple(), Roots.of(state).as_tuple(), out.index, paid, state.withdrawal_path(out.index))


class SoldAfterItWasPaid(_Sale):
    """The attacker claims its withdrawal and sells it afterwards, when the contract might name the buyer as owner."""

    refused_with = "AlreadyPaid"

    def attempt(self) -> None:
        """Attempt the attack; a paid withdrawal cannot be transferred."""
        out = self.final()
        assert self.payee.safe_to_buy(out)
        self.counted(self.seller.claim(out))
        self.gone = True
        assert not self.payee.safe_to_buy(out)
        self.act("transferClaim", *self.row(out), self.stage.payee.address)


class SoldToNobody(_Sale):
    """The attacker, who bought a withdrawal, transfers it to the zero address, which might return it to its seller."""

    refused_with = "MissingReceiver"

    def attempt(self) -> None:
        """Attempt the attack; the receiver must not be the zero address."""
        self.act("transferClaim", *self.row(self.final()), ZERO_ADDRESS)


class SoldByAnOldSignature(_Sale):
    """The signature of an earlier sale is submitted again after the withdrawal has returned to the seller's side.

    The buyer has returned the withdrawal to the attacker's accomplice; the signature names the buyer's rival.
    """

    refused_with = "UnauthorizedCaller"

    def attempt(self) -> None:
        """Attempt the attack; a signature is valid once, regardless of later transfers."""
        out, until = self.final(), self.chain.timestamp() + 10_000
        payee, payer = self.stage.payee.address, self.stage.payer.address
        signature = self.seller.sign_claim(out, payer, until)
        self.payer.take_claim(out, payer, until, signature)
        self.payer.transfer_claim(out, payee)
        self.payee.transfer_claim(out, self.attacker.address)
        self.act("transferClaimBySig", *self.row(out), payer, until, signature)


class SoldBeforeItWasFrozen(_Sale):
    """The attacker sells a withdrawal, freezes the rollup before it is final, and escapes with the money.

    The withdrawal is under a valid open assertion. `safe_to_buy` returns an unsafe verdict as long as a freeze is
    possible.
    """

    def prepare(self) -> None:
        """Propose the assertion so late that its window ends after the first moment of a freeze."""
        super().prepare()
        profile = self.l2.profile
        self.chain.advance(profile.freeze_after - profile.window + 60)
        self.claim: Assertion = self.l2.propose()

    def attempt(self) -> None:
        """Attempt the attack; the buyer does not pay, while the sale itself and the escape are valid."""
        out = self.found()
        verdict = self.payee.safe_to_buy(out)
        assert not verdict
        assert "escape" in verdict.why
        self.act("transferClaim", *self.row(out), self.stage.payee.address)
        self.chain.advance(self.l2.profile.window)
        self.counted(self.seller.freeze())
        before = self.chain.balance(self.attacker.address) + self.gas
        self.counted(self.seller.escape())
        # The escape pays the whole balance before the withdrawal, which was sold and is not part of it.
        assert self.chain.balance(self.attacker.address) + self.gas - before == _ETHER
        self.gone = True
        self.chain.advance(self.l2.profile.window)
        self.act("finalize", self.claim.as_tuple())
        assert self.l2.rollup.status(self.claim.id)[2] is Status.RELEASED
