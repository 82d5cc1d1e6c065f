"""Attacks on the rollup as named adversaries: run them against a rollup of your own, or add yours beside them.

Each counts what the attacker holds on the main chain (gas not counted) and as bond, free or locked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from layer2.ethereum.backend import CallRequest
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer
from layer2.primitives.hashing import keccak
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.protocol.frames import Frame, FrameType, Op, encode_frame
from layer2.rollup.state.commitments import Claim, Roots, Status
from layer2.rollup.validator.challenger import STATE_JUDGE
from layer2.rollup.wallet.wallet import Wallet
from layer2.testing.adversaries.base import Adversary
from layer2.testing.adversaries.rollup.fraud_corpus import assert_roots, right_roots

__all__ = ["RollupAttack", "RollupStage"]

_ETHER = 10**18


@dataclass(frozen=True, slots=True)
class RollupStage:
    """A rollup and who acts on it."""

    l2: LocalRollup
    sequencer: Signer
    payer: Signer
    payee: Signer
    attacker: Signer


class RollupAttack(Adversary):
    """An attack on a rollup in which payer, payee and attacker hold some ether each, all of it final."""

    refused_with: ClassVar[str | None] = None
    """The rollup's error; `None` when the calls are lawful and only the gain must be nothing."""

    def __init__(self, stage: RollupStage) -> None:
        super().__init__()
        self.stage, self.l2 = stage, stage.l2
        self.chain = stage.l2.connection
        self.attacker = Sender(self.chain, stage.attacker)
        self.sequencer = Sender(self.chain, stage.sequencer)
        self.payer, self.payee = self.wallet(stage.payer), self.wallet(stage.payee)
        self.gas = 0
        self.payer.deposit(5 * _ETHER)
        self.payee.deposit(2 * _ETHER)
        self.wallet(stage.attacker).deposit(_ETHER)
        self.l2.post()
        self.l2.settle()
        self.prepare()

    def prepare(self) -> None:
        """What has to be there before the attack."""

    def wallet(self, signer: Signer) -> Wallet:
        """A wallet at the sequencer."""
        return self.l2.wallet(signer)

    def holdings(self) -> dict[str, int]:
        """Ether on the main chain and in bonds, gas given back."""
        me, rollup = self.attacker.address, self.l2.rollup
        replica = self.l2.challenger.replica
        replica.step()
        mine = [rollup.status(one.id) for one in replica.claims.values()]
        locked = sum(who == me and status is Status.OPEN for who, _, status in mine) * self.l2.profile.bond
        free = int(rollup.contract.call("freeBond", me))
        return {"ether": self.chain.balance(me) + self.gas + locked + free}

    def act(self, name: str, *args: Any, value: int = 0, gas: int | None = None) -> Receipt:
        """The attacker calls the rollup."""
        return self.counted(self.l2.rollup.contract.transact(self.attacker, name, *args, value=value, gas=gas))

    def counted(self, receipt: Receipt) -> Receipt:
        """Leave the price of a transaction of the attacker's out of what it gains or loses."""
        self.gas += receipt.gas_used * receipt.effective_gas_price + receipt.blob_fee
        return receipt

    def lie(self, fault: str = "inflate") -> Claim:
        """The attacker asserts something wrong."""
        replica = self.l2.challenger.replica
        replica.step()
        block = self.chain.block_number()
        claim = self.l2.propose(fault=fault, sender=self.stage.attacker)
        self.count_since(block)
        return claim

    def count_since(self, block: int) -> None:
        """Give the gas back of all that the rollup has seen since: it was the attacker's."""
        logs = self.chain.logs(block + 1, self.chain.block_number(), [self.l2.rollup.address], None)
        for tx_hash in {log.tx_hash for log in logs}:
            receipt = self.chain.receipt(tx_hash)
            if receipt is not None:
                self.counted(receipt)

    def convict(self) -> None:
        """The challenger does what it does."""
        for _ in range(2):
            self.l2.challenger.step()
            self.chain.mine(self.l2.profile.reveal_blocks)

    def withdrawal(self, amount: int = _ETHER) -> tuple[Claim, tuple[Any, ...]]:
        """The payer takes money out; the final claim and what `claim` takes beside it."""
        self.payer.withdraw(amount)
        self.l2.post()
        self.l2.settle()
        replica = self.l2.proposer.replica
        final = replica.final()
        state = replica.state_of(final)
        one = state.withdrawals[0]
        row = (Roots.of(state).as_tuple(), 0, (one.target, one.token, one.amount), list(state.withdrawal_path(0)))
        return final, row


class FraudByAnAccountThatNeverWas(RollupAttack):
    """The sequencer's frame pays from an account nobody has opened, and its root says that it was executed. A check
    that reverts where it should convict would leave this fraud without a proof."""

    def prepare(self) -> None:
        """The frame is in the inbox."""
        record = self.l2.sequencer.replica.entries[-1].record
        frame = Frame(FrameType.TRANSFERS, 0, 0, 0, bytes(48), (Op(998, 1, 5, packed=5),))
        self.l2.rollup.post_calldata(self.sequencer, record.hash(), encode_frame(frame), record.queue_end)
        self.payer.deposit(1)
        self.l2.post()

    def attempt(self) -> None:
        """Whatever the root is, it is not that of a frame that was skipped."""
        replica = self.l2.challenger.replica
        replica.step()
        parent, end = replica.final(), len(replica.entries)
        wrong = [b"\0" + keccak(root)[1:] for root in right_roots(replica, parent, end)]
        before = self.chain.block_number()
        assert_roots(self.l2, parent, end, wrong, self.attacker)
        self.count_since(before)
        self.convict()


class ConvictionForWantOfGas(RollupAttack):
    """The attacker challenges the truth with so little gas that a precompile fails inside the judge."""

    def prepare(self) -> None:
        """An honest assertion, and a commitment that is old enough."""
        self.payer.send(self.payee.account(), 1_000)
        self.l2.post()
        self.honest = self.l2.propose()
        replica = self.l2.challenger.replica
        self.judge, self.proof = self.l2.challenger.prove(self.honest, 0)
        self.parent = replica.claims[self.honest.parent]
        self.l2.challenger.sender, own = self.attacker, self.l2.challenger.sender
        self.act("commitChallenge", self.l2.challenger.commitment(self.honest, self.judge, self.proof))
        self.l2.challenger.sender = own
        self.chain.mine(self.l2.profile.reveal_blocks)

    refused_with = "NotGuilty"

    def attempt(self) -> None:
        """Each limit of gas ends in a revert; the last call has all it needs."""
        row = (self.honest.as_tuple(), self.parent.as_tuple(), self.judge, self.proof)
        data = self.l2.rollup.contract.encode("challenge", *row)
        for gas in range(100_000, 1_500_000, 100_000):
            outcome = self.chain.simulate(CallRequest(self.l2.rollup.address, data, 0, self.attacker.address, gas))
            assert outcome.failure is not None or outcome.revert is not None, f"{gas} gas convict the truth"
        self.act("challenge", *row)


class StolenProof(RollupAttack):
    """The attacker sees a challenger's proof under way and sends it first."""

    refused_with = "CommitmentMissing"

    def attempt(self) -> None:
        """The proof serves only who announced it."""
        self.payer.deposit(1)
        self.l2.post()
        lie = self.l2.propose(fault="inflate", sender=self.stage.payee)
        self.l2.challenger.step()
        self.chain.mine(self.l2.profile.reveal_blocks)
        judge, proof = self.l2.challenger.prove(lie, self.l2.challenger.first_wrong_segment(lie))
        parent = self.l2.challenger.replica.claims[lie.parent]
        self.act("challenge", lie.as_tuple(), parent.as_tuple(), judge, proof)


class LiarConvictsItself(RollupAttack):
    """A liar that was found out proves its own lie first, to take the reward itself."""

    def attempt(self) -> None:
        """Half of the bond is burned whoever proves it."""
        self.payer.deposit(1)
        self.l2.post()
        lie = self.lie()
        challenger = self.l2.challenger
        judge, proof = challenger.prove(lie, challenger.first_wrong_segment(lie))
        parent = challenger.replica.claims[lie.parent]
        challenger.sender, own = self.attacker, challenger.sender
        self.act("commitChallenge", challenger.commitment(lie, judge, proof))
        challenger.sender = own
        self.chain.mine(self.l2.profile.reveal_blocks)
        self.act("challenge", lie.as_tuple(), parent.as_tuple(), judge, proof)


class ProofOfTheTruth(RollupAttack):
    """The attacker brings an honest proof against an honest assertion."""

    refused_with = "NotGuilty"

    def attempt(self) -> None:
        """The judge finds nothing."""
        self.payer.deposit(1)
        self.l2.post()
        honest = self.l2.propose()
        challenger = self.l2.challenger
        judge, proof = challenger.prove(honest, 0)
        assert judge == STATE_JUDGE
        challenger.sender, own = self.attacker, challenger.sender
        self.act("commitChallenge", challenger.commitment(honest, judge, proof))
        challenger.sender = own
        self.chain.mine(self.l2.profile.reveal_blocks)
        parent = challenger.replica.claims[honest.parent]
        self.act("challenge", honest.as_tuple(), parent.as_tuple(), judge, proof)


class AssertionWithoutABond(RollupAttack):
    """The attacker asserts for nothing: whoever lies for free can lie for ever."""

    refused_with = "BondTooLow"

    def attempt(self) -> None:
        """Each open assertion locks a bond of its own."""
        self.payer.deposit(1)
        self.l2.post()
        replica = self.l2.challenger.replica
        replica.step()
        parent, end = replica.final(), len(replica.entries)
        (root,) = right_roots(replica, parent, end)
        record = replica.entries[-1].record
        self.act("propose", parent.as_tuple(), record.as_tuple(), end, root, root[1:])


class BondTakenBackWhileItStands(RollupAttack):
    """The liar takes its bond back before anybody challenges."""

    refused_with = "BondTooLow"

    def attempt(self) -> None:
        """It is locked until the assertion's end."""
        self.payer.deposit(1)
        self.l2.post()
        self.lie()
        self.act("takeBond", self.l2.profile.bond)


class FinalBeforeItsTime(RollupAttack):
    """The liar makes its assertion final a second before the window is over."""

    refused_with = "TooEarly"

    def attempt(self) -> None:
        """The window is the challengers' time."""
        self.payer.deposit(1)
        self.l2.post()
        lie = self.lie()
        self.chain.set_next_timestamp(self.l2.rollup.status(lie.id)[1] + self.l2.profile.window)
        self.act("finalize", lie.as_tuple())


class PostedOutOfTurn(RollupAttack):
    """A stranger posts entries while it is the sequencer's turn, to order them in its favour."""

    refused_with = "PostingLeased"

    def attempt(self) -> None:
        """The lease holds as long as the sequencer posts."""
        self.payer.deposit(1)
        self.l2.post()
        items, _, consumed, _, _ = self.l2.rollup.inbox()
        self.act("postCalldata", self.l2.rollup.acc(items), bytes(496), consumed)


class OverdueLeftBehind(RollupAttack):
    """The attacker, whoever may post now, goes on without the operations that were forced long ago."""

    refused_with = "QueueOverdue"

    def attempt(self) -> None:
        """What is overdue goes first."""
        self.payer.force(1_000, self.payee.account())
        self.chain.advance(self.l2.profile.force_delay + 1)
        items, _, consumed, _, _ = self.l2.rollup.inbox()
        self.act("postCalldata", self.l2.rollup.acc(items), bytes(496), consumed)


class FrozenForFun(RollupAttack):
    """The attacker freezes a rollup in which nothing waits, to end it."""

    refused_with = "ItemMismatch"

    def attempt(self) -> None:
        """Something must have waited for long."""
        self.chain.advance(2 * self.l2.profile.freeze_after)
        replica = self.l2.challenger.replica
        replica.step()
        record = replica.entries[-1].record
        self.act("freeze", replica.final().as_tuple(), record.as_tuple())
