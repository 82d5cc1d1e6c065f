"""Attacks on the money in the rollup: deposits, withdrawals and forced operations."""

from __future__ import annotations

from typing import Any

from layer2.primitives.errors import Layer2Error
from layer2.rollup.state.commitments import Roots
from layer2.rollup.state.forced_queue import Scheme
from layer2.rollup.state.state import owner_of_address
from layer2.testing.adversaries.rollup.attacks import RollupAttack

__all__: list[str] = []

_ETHER = 10**18


class DepositOverAnAccount(RollupAttack):
    """The attacker deposits one wei into the payee's account number under its own name, to replace the owner."""

    def attempt(self) -> None:
        """Attempt the attack; the deposit is returned to its sender."""
        mine = owner_of_address(self.attacker.address)
        self.act("deposit", 0, 1, mine, self.payee.account(), value=1)
        self.l2.post()
        self.l2.settle()
        for receipt in self.wallet(self.stage.attacker).claim_all():
            self.counted(receipt)


class WithdrawalClaimedTwice(RollupAttack):
    """A withdrawal is claimed again after it was paid."""

    refused_with = "AlreadyPaid"

    def attempt(self) -> None:
        """Attempt the attack; a withdrawal is paid once."""
        final, row = self.withdrawal()
        for _ in range(2):
            self.act("finalizeWithdrawal", final.as_tuple(), *row)


class WithdrawalUnderAnotherIndex(RollupAttack):
    """A paid withdrawal is claimed again under an index with other high bits, which the path might ignore."""

    refused_with = "InvalidProof"

    def attempt(self) -> None:
        """Attempt the attack; every bit of the index is checked."""
        final, (roots, index, withdrawal, path) = self.withdrawal()
        self.act("finalizeWithdrawal", final.as_tuple(), roots, index, withdrawal, path)
        self.act("finalizeWithdrawal", final.as_tuple(), roots, index + (1 << 17), withdrawal, path)


class WithdrawalToAnother(RollupAttack):
    """The attacker replaces the target of the payer's withdrawal by its own address."""

    refused_with = "InvalidProof"

    def attempt(self) -> None:
        """Attempt the attack; the leaf contains the target."""
        final, (roots, index, (_, token, amount), path) = self.withdrawal()
        self.act("finalizeWithdrawal", final.as_tuple(), roots, index, (self.attacker.address, token, amount), path)


class WithdrawalOfALie(RollupAttack):
    """The attacker claims from its own wrong assertion before anyone has checked it."""

    refused_with = "UnexpectedStatus"

    def attempt(self) -> None:
        """Attempt the attack; only final assertions pay."""
        self.payer.withdraw(_ETHER)
        self.l2.post()
        claim = self.lie("noise")
        state = self.l2.challenger.replica.execute(self.l2.challenger.replica.final(), claim.inbox_end).state
        one = state.withdrawals[0]
        stolen = (self.attacker.address, one.token, one.amount)
        row: tuple[Any, ...] = (Roots.of(state).as_tuple(), 0, stolen, [])
        self.act("finalizeWithdrawal", claim.as_tuple(), *row)


class PayoutStarvedOfGas(RollupAttack):
    """A third party claims the payer's withdrawal with too little gas for the payment, to have it marked as paid."""

    def attempt(self) -> None:
        """Attempt the attack; the call fails as a whole, and the next one pays."""
        final, row = self.withdrawal()
        target = self.stage.payer.address
        for gas in range(60_000, 110_000, 2_000):
            before = self.chain.balance(target)
            try:
                self.act("finalizeWithdrawal", final.as_tuple(), *row, gas=gas)
            except Layer2Error:
                assert self.chain.balance(target) == before
                continue
            assert self.chain.balance(target) == before + _ETHER
            return
        self.act("finalizeWithdrawal", final.as_tuple(), *row)


class ForcedTwice(RollupAttack):
    """A signed operation to the attacker's account is forced repeatedly after its execution."""

    def attempt(self) -> None:
        """Attempt the attack; the nonce has advanced."""
        to = self.wallet(self.stage.attacker).account()
        op = self.payer.send(to, 1_000)
        self.l2.post()
        balance = self.l2.sequencer.replica.head.accounts[to].balance
        for _ in range(3):
            target = "0x" + to.to_bytes(20, "big").hex()
            row = (Scheme.ECDSA, op.message.sender, 0, 1_000, False, target, op.signature)
            self.act("force", *row)
        self.l2.post()
        assert self.l2.sequencer.replica.head.accounts[to].balance == balance


class ForcedForSomebodyElse(RollupAttack):
    """The attacker forces a withdrawal of the payer's account to itself in its own name."""

    def attempt(self) -> None:
        """Attempt the attack; the queue item records its sender."""
        self.act("force", Scheme.SENDER, self.payer.account(), 0, _ETHER, True, self.attacker.address, b"")
        self.l2.post()
        self.l2.settle()
        assert self.wallet(self.stage.attacker).claim_all() == []


class SoldTwice(RollupAttack):
    """The attacker transfers a withdrawal of its own, and transfers it again."""

    refused_with = "UnauthorizedCaller"

    def attempt(self) -> None:
        """Attempt the attack; the attacker no longer owns the withdrawal."""
        mine = self.wallet(self.stage.attacker)
        mine.withdraw(_ETHER // 2)
        self.l2.post()
        self.l2.settle()
        replica = self.l2.proposer.replica
        final = replica.final()
        state = replica.state_of(final)
        one = state.withdrawals[0]
        row = (Roots.of(state).as_tuple(), 0, (one.target, one.token, one.amount), list(state.withdrawal_path(0)))
        self.act("transferClaim", final.as_tuple(), *row, self.stage.payee.address)
        self.act("transferClaim", final.as_tuple(), *row, self.attacker.address)
