"""Depositors, a sequencer, liars, challengers and time, in any order: the vault holds what a model of it says."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test
from tests.support.campaign import campaign
from tests.support.chains import new_chain

from layer2.ethereum.errors import ContractReverted
from layer2.primitives.errors import Layer2Error
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.state.commitments import Status
from layer2.rollup.state.forced_queue import Deposit
from layer2.testing.isolation import OnChainMachine

pytestmark = [pytest.mark.anvil, pytest.mark.machine]

ETHER = 10**18
USERS = 3
AMOUNTS = st.integers(1, 2 * ETHER)
KINDS = {
    "AccountUnknown",
    "AlreadyPaid",
    "BalanceTooLow",
    "InsufficientBond",
    "ParentNotFinal",
    "UnexpectedStatus",
    "TooEarly",
}
"""Of refusals: by a wallet's sequencer, or by the contract. Whatever is refused changes nothing in the vault."""
RULES = [
    "deposit",
    "pay",
    "withdraw",
    "force",
    "post",
    "propose",
    "lie",
    "challenge",
    "wait",
    "finalize",
    "claim",
    "bond",
]


def kind_of(refusal: Layer2Error) -> str:
    """The name of the contract's error, or of what a node raised."""
    return refusal.name if isinstance(refusal, ContractReverted) else type(refusal).__name__


class VaultMachine(OnChainMachine):
    """`deposited`, `paid`: wei that came in and went out; the rest of the vault is bonds, and burned halves of them."""

    refusals: ClassVar[Counter[tuple[str, str]]] = Counter()
    """By rule and kind."""

    @initialize()
    def deploy(self) -> None:
        operator, challenger, self.liar, *users = self.connection.signers(3 + USERS)
        self.folder = tempfile.TemporaryDirectory()
        self.l2 = LocalRollup(
            self.connection, operator, challenger=challenger, folder=Path(self.folder.name), data="calldata"
        )
        self.bonded = [one.address for one in (operator, challenger, self.liar)]
        self.wallets = [self.l2.wallet(one) for one in users]
        self.deposited = self.paid = 0
        self.genesis = self.l2.challenger.replica.final()
        for wallet in self.wallets:
            wallet.deposit(5 * ETHER)
            self.deposited += 5 * ETHER
        self.l2.post()

    def done(self, name, act):
        """Try; a refusal is lawful and changes nothing. When there was nothing to do, it does not count."""
        before = self.connection.balance(self.l2.rollup.address)
        try:
            result = act()
        except Layer2Error as refusal:
            self.activity.refuse(name)
            self.refusals[name, kind_of(refusal)] += 1
            assert self.connection.balance(self.l2.rollup.address) == before
            return None
        if result:
            self.activity.accept(name)
        return result

    @rule(who=st.integers(0, USERS - 1), amount=AMOUNTS)
    def deposit(self, who: int, amount: int) -> None:
        if self.done("deposit", lambda: self.wallets[who].deposit(amount)):
            self.deposited += amount

    @precondition(lambda self: self.l2.sequencer.replica.entries)
    @rule(who=st.integers(0, USERS - 1), to=st.integers(1, USERS + 1), amount=AMOUNTS)
    def pay(self, who: int, to: int, amount: int) -> None:
        self.done("pay", lambda: self.wallets[who].send(to, amount // 1_000))

    @precondition(lambda self: self.l2.sequencer.replica.entries)
    @rule(who=st.integers(0, USERS - 1), amount=AMOUNTS)
    def withdraw(self, who: int, amount: int) -> None:
        self.done("withdraw", lambda: self.wallets[who].withdraw(amount // 100))

    @precondition(lambda self: self.l2.sequencer.replica.entries)
    @rule(who=st.integers(0, USERS - 1), amount=AMOUNTS, out=st.booleans())
    def force(self, who: int, amount: int, out: bool) -> None:
        wallet = self.wallets[who]
        self.done("force", lambda: wallet.force(amount, wallet.signer.address if out else 1))

    @rule()
    def post(self) -> None:
        self.done("post", self.l2.post)

    @rule()
    def propose(self) -> None:
        self.l2.proposer.replica.step()
        self.done("propose", self.l2.proposer.propose)

    @rule(fault=st.sampled_from(["inflate", "noise"]))
    def lie(self, fault: str) -> None:
        # There has to be something to lie about.
        self.deposit(0, 1)
        self.post()
        self.done("lie", lambda: self.l2.propose(fault=fault, sender=self.liar))

    @rule()
    def challenge(self) -> None:
        self.done("challenge", self.l2.challenger.step)
        self.connection.mine(self.l2.profile.reveal_blocks)

    @rule(part=st.integers(1, 3))
    def wait(self, part: int) -> None:
        # Whoever waits for long has looked at the chain before: that is what is assumed of challengers.
        for _ in range(2):
            self.challenge()
        self.connection.advance(self.l2.profile.window // part + 1)
        self.activity.accept("wait")

    @rule()
    def finalize(self) -> None:
        self.l2.proposer.replica.step()
        self.done("finalize", self.l2.proposer.finalize_due)

    @rule()
    def quiet_week(self) -> None:
        """What is pending is posted, asserted and, if nothing is wrong with it, final."""
        self.post()
        self.propose()
        self.wait(1)
        self.finalize()

    @rule(who=st.integers(0, USERS - 1))
    def claim(self, who: int) -> None:
        receipts = self.done("claim", self.wallets[who].claim_all) or []
        for receipt in receipts:
            for event in self.l2.rollup.contract.events(receipt, "Claimed"):
                self.paid += event.args["amount"]

    @rule(who=st.integers(0, USERS - 1), how=st.sampled_from(["early", "waiting", "paid"]))
    def overreach(self, who: int, how: str) -> None:
        """More than there is, to nobody; and a claim before its time, or once more."""
        wallet, rollup, proposer = self.wallets[who], self.l2.rollup, self.l2.proposer
        self.done("overreach", lambda: wallet.withdraw(1_000 * ETHER))
        self.done("overreach", lambda: wallet.send(USERS + 100, 1_000))
        free = int(rollup.contract.call("availableBond", proposer.sender.address))
        self.done("overreach", lambda: rollup.withdraw_bond(proposer.sender, free + 1))
        # Two assertions, so that the second waits for the first as well.
        for _ in range(2):
            self.deposit(who, 1)
            self.withdraw(who, ETHER)
            self.post()
            self.propose()
        if how == "paid":
            self.quiet_week()
            self.claim(who)
        if how == "early":
            for claim in proposer.replica.open_claims():
                self.done("overreach", lambda claim=claim: rollup.finalize(proposer.sender, claim))
        else:
            for out in [one for one in wallet.outgoing() if one.standing == how][:1]:
                self.done("overreach", lambda out=out: wallet.claim(out))

    @rule(amount=AMOUNTS, into=st.booleans())
    def bond(self, amount: int, into: bool) -> None:
        sender, rollup = self.l2.proposer.sender, self.l2.rollup
        self.done(
            "bond",
            lambda: (
                rollup.contract.transact(sender, "addBond", value=amount)
                if into
                else rollup.withdraw_bond(sender, amount // 2)
            ),
        )

    @invariant()
    def the_vault_holds_what_it_owes(self) -> None:
        if not hasattr(self, "wallets"):
            return
        rollup, replica = self.l2.rollup, self.l2.challenger.replica
        replica.step()
        free = sum(int(rollup.contract.call("availableBond", one)) for one in self.bonded)
        statuses = [rollup.status(one)[2] for one in replica.claims]
        locked = statuses.count(Status.OPEN) * self.l2.profile.bond
        held = self.connection.balance(rollup.address)
        # One half of a liar's bond is burned by staying there.
        burned = statuses.count(Status.INVALID) * (self.l2.profile.bond - self.l2.profile.bond // 2)
        assert held == self.deposited - self.paid + free + locked + burned
        # Inside: what was consumed is in accounts or on its way out, to the wei.
        count = replica.head.queue_count
        consumed = sum(one.amount for one in replica.queue[:count] if isinstance(one, Deposit))
        state = replica.execute(self.genesis, len(replica.entries)).state
        inside = sum(one.balance for one in state.accounts.values()) + sum(one.amount for one in state.withdrawals)
        assert inside == consumed
        assert self.paid <= consumed

    def teardown(self) -> None:
        if hasattr(self, "wallets"):
            # No lie has become final, whatever the order was.
            replica = self.l2.challenger.replica
            finals = [one for one in replica.claims.values() if self.l2.rollup.status(one.id)[2] is Status.FINAL]
            assert all(replica.is_right(one) for one in finals)
            self.l2.sequencer._journal.close()
            self.folder.cleanup()
        super().teardown()


def test_the_vault_conserves_money_whoever_does_what() -> None:
    VaultMachine.connection = new_chain()
    run_state_machine_as_test(
        VaultMachine, settings=settings(campaign(16, 40), suppress_health_check=list(HealthCheck))
    )
    kinds = {kind for _, kind in VaultMachine.refusals}
    print(dict(VaultMachine.activity.accepted), dict(VaultMachine.refusals))
    # The machine must have lived: every rule was accepted, and most of what was tried.
    VaultMachine.activity.assert_not_vacuous(RULES, ratio=0.5)
    assert kinds == KINDS, f"not met: {KINDS - kinds}; unexpected: {kinds - KINDS}"


class LeakingVault(VaultMachine):
    """Control: a claim that the model does not hear of."""

    def done(self, name, act):
        result = super().done(name, act)
        return [] if name == "claim" else result


def test_a_payment_that_the_model_does_not_know_is_noticed() -> None:
    LeakingVault.connection = new_chain()
    machine = LeakingVault()
    try:
        machine.deploy()
        machine.withdraw(0, ETHER)
        machine.post()
        machine.propose()
        machine.wait(1)
        machine.finalize()
        machine.the_vault_holds_what_it_owes()
        machine.claim(0)
        with pytest.raises(AssertionError):
            machine.the_vault_holds_what_it_owes()
    finally:
        machine.teardown()
