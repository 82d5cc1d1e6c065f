"""Depositors, a sequencer, liars, challengers and time, in any order: the vault holds what a model of it says."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test

from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.primitives.errors import Layer2Error
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.queue import Deposit
from layer2.rollup.records import Status
from layer2.testing.isolation import OnChainMachine

ETHER = 10**18
USERS = 3
AMOUNTS = st.integers(1, 2 * ETHER)
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


class VaultMachine(OnChainMachine):
    """`deposited`, `paid`: wei that came in and went out; the rest of the vault is bonds, and burned halves of them."""

    @initialize()
    def deploy(self) -> None:
        operator, challenger, self.liar, *users = self.connection.signers(3 + USERS)
        self.folder = tempfile.TemporaryDirectory()
        self.l2 = LocalRollup(self.connection, operator, challenger=challenger, folder=Path(self.folder.name))
        self.bonded = [one.address for one in (operator, challenger, self.liar)]
        self.wallets = [self.l2.wallet(one) for one in users]
        self.deposited = self.paid = 0
        for wallet in self.wallets:
            wallet.deposit(5 * ETHER)
            self.deposited += 5 * ETHER
        self.l2.post()

    def done(self, name, act):
        """Try; a refusal is lawful and changes nothing."""
        before = self.connection.balance(self.l2.rollup.address)
        try:
            result = act()
        except Layer2Error:
            self.activity.refuse(name)
            assert self.connection.balance(self.l2.rollup.address) == before
            return None
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
        self.done("propose", self.l2.proposer.propose)

    @precondition(lambda self: self.l2.challenger.replica.tip().inbox_end < self.l2.rollup.inbox()[0])
    @rule(fault=st.sampled_from(["inflate", "noise"]))
    def lie(self, fault: str) -> None:
        self.done("lie", lambda: self.l2.propose(fault=fault, sender=self.liar))

    @rule()
    def challenge(self) -> None:
        self.done("challenge", self.l2.challenger.step)
        self.connection.mine(self.l2.profile.reveal_blocks)

    @rule(part=st.integers(1, 3))
    def wait(self, part: int) -> None:
        # Whoever waits for long has looked at the chain before: that is what is assumed of challengers.
        for _ in range(2):
            self.l2.challenger.step()
            self.connection.mine(self.l2.profile.reveal_blocks)
        self.connection.advance(self.l2.profile.window // part + 1)
        self.activity.accept("wait")

    @rule()
    def finalize(self) -> None:
        self.l2.proposer.replica.step()
        self.done("finalize", self.l2.proposer.finalize_due)

    @rule(who=st.integers(0, USERS - 1))
    def claim(self, who: int) -> None:
        receipts = self.done("claim", self.wallets[who].claim_all) or []
        for receipt in receipts:
            for event in self.l2.rollup.contract.events(receipt, "Claimed"):
                self.paid += event.args["amount"]

    @rule(amount=AMOUNTS)
    def bond(self, amount: int) -> None:
        sender = self.l2.proposer.sender
        self.done("bond", lambda: self.l2.rollup.take_bond(sender, amount // 2))

    @invariant()
    def the_vault_holds_what_it_owes(self) -> None:
        if not hasattr(self, "wallets"):
            return
        rollup, replica = self.l2.rollup, self.l2.challenger.replica
        replica.step()
        free = sum(int(rollup.contract.call("freeBond", one)) for one in self.bonded)
        statuses = [rollup.status(one)[2] for one in replica.claims]
        locked = statuses.count(Status.OPEN) * self.l2.profile.bond
        held = self.connection.balance(rollup.address)
        # One half of a liar's bond is burned by staying there.
        burned = statuses.count(Status.INVALID) * (self.l2.profile.bond - self.l2.profile.bond // 2)
        assert held == self.deposited - self.paid + free + locked + burned
        # Inside: what was consumed is in accounts or on its way out, to the wei.
        head = replica.head
        consumed = sum(one.amount for one in replica.queue[: head.queue_count] if isinstance(one, Deposit))
        inside = sum(one.balance for one in head.accounts.values()) + sum(one.amount for one in head.withdrawals)
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
    limits = settings(max_examples=8, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(VaultMachine, settings=limits)
    activity = VaultMachine.activity
    print(dict(activity.accepted), dict(activity.refused))
    # The machine must have lived: every rule was accepted, and most of what was tried.
    activity.assert_not_vacuous(RULES, ratio=0.5)
