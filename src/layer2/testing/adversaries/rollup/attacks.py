"""Attacks on the rollup as named adversaries, to run against any rollup or to extend.

Each counts the attacker's money on the main chain (without gas) and in bonds, free or locked.
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
from layer2.rollup.state.commitments import Assertion, Roots, Status
from layer2.rollup.validator.challenger import STATE_JUDGE
from layer2.rollup.wallet.wallet import Wallet
from layer2.testing.adversaries.base import Adversary
from layer2.testing.adversaries.rollup.fraud_corpus import assert_roots, right_roots

__all__ = ["RollupAttack", "RollupStage"]

_ETHER = 10**18


@dataclass(frozen=True, slots=True)
class RollupStage:
    """A rollup and the signers that act on it."""

    l2: LocalRollup
    sequencer: Signer
    payer: Signer
    payee: Signer
    attacker: Signer


class RollupAttack(Adversary):
    """An attack on a rollup in which payer, payee and attacker hold some ether each, all of it final."""

    refused_with: ClassVar[str | None] = None
    """Expected error of the rollup; `None` if all calls are valid and the gain must be zero."""

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
        """Prepare the rollup before the attack."""

    def wallet(self, signer: Signer) -> Wallet:
        """Return a signer's wallet at the sequencer."""
        return self.l2.wallet(signer)

    def holdings(self) -> dict[str, int]:
        """Return ether on the main chain and in bonds, with gas costs added."""
        me, rollup = self.attacker.address, self.l2.rollup
        replica = self.l2.challenger.replica
        replica.step()
        mine = [rollup.status(one.id) for one in replica.claims.values()]
        locked = sum(who == me and status is Status.OPEN for who, _, status in mine) * self.l2.profile.bond
        free = int(rollup.contract.call("availableBond", me))
        return {"ether": self.chain.balance(me) + self.gas + locked + free}

    def act(self, name: str, *args: Any, value: int = 0, gas: int | None = None) -> Receipt:
        """Call the rollup as the attacker."""
        return self.counted(self.l2.rollup.contract.transact(self.attacker, name, *args, value=value, gas=gas))

    def counted(self, receipt: Receipt) -> Receipt:
        """Exclude the gas of the attacker's transaction from its gain."""
        self.gas += receipt.gas_used * receipt.effective_gas_price + receipt.blob_fee
        return receipt

    def lie(self, fault: str = "inflate") -> Assertion:
        """Propose a wrong assertion as the attacker."""
        replica = self.l2.challenger.replica
        replica.step()
        block = self.chain.block_number()
        claim = self.l2.propose(fault=fault, sender=self.stage.attacker)
        self.count_since(block)
        return claim

    def count_since(self, block: int) -> None:
        """Exclude the gas of all transactions to the rollup since a block, which were the attacker's."""
        logs = self.chain.logs(block + 1, self.chain.block_number(), [self.l2.rollup.address], None)
        for tx_hash in {log.tx_hash for log in logs}:
            receipt = self.chain.receipt(tx_hash)
            if receipt is not None:
                self.counted(receipt)

    def convict(self) -> None:
        """Step the challenger until its fraud proof is complete."""
        for _ in range(2):
            self.l2.challenger.step()
            self.chain.mine(self.l2.profile.reveal_blocks)

    def withdrawal(self, amount: int = _ETHER) -> tuple[Assertion, tuple[Any, ...]]:
        """Withdraw the payer's money; return the final assertion and the other arguments of `claim`."""
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
    """The sequencer's frame pays from an account that does not exist, and the asserted root includes the payment.

    A check that reverts instead of convicting would leave this fraud without a proof.
    """

    def prepare(self) -> None:
        """Post the frame to the inbox."""
        record = self.l2.sequencer.replica.entries[-1].record
        frame = Frame(FrameType.TRANSFERS, 0, 0, 0, bytes(48), (Op(998, 1, 5, packed=5),))
        self.l2.rollup.post_calldata(self.sequencer, record.hash(), encode_frame(frame), record.queue_end)
        self.payer.deposit(1)
        self.l2.post()

    def attempt(self) -> None:
        """Attempt the attack; no such root is the result of a skipped frame."""
        replica = self.l2.challenger.replica
        replica.step()
        parent, end = replica.final(), len(replica.entries)
        wrong = [b"\0" + keccak(root)[1:] for root in right_roots(replica, parent, end)]
        before = self.chain.block_number()
        assert_roots(self.l2, parent, end, wrong, self.attacker)
        self.count_since(before)
        self.convict()


class ConvictionForWantOfGas(RollupAttack):
    """The attacker challenges a valid assertion with so little gas that a precompile fails inside the judge."""

    def prepare(self) -> None:
        """Prepare a valid assertion and a mature commitment."""
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

    refused_with = "AssertionValid"

    def attempt(self) -> None:
        """Attempt the attack; every gas limit ends in a revert, and the last call has sufficient gas."""
        row = (self.honest.as_tuple(), self.parent.as_tuple(), self.judge, self.proof)
        data = self.l2.rollup.contract.encode("challenge", *row)
        for gas in range(100_000, 1_500_000, 100_000):
            outcome = self.chain.simulate(CallRequest(self.l2.rollup.address, data, 0, self.attacker.address, gas))
            assert outcome.failure is not None or outcome.revert is not None, f"{gas} gas convict the truth"
        self.act("challenge", *row)


class StolenProof(RollupAttack):
    """The attacker copies a challenger's pending proof and sends it first."""

    refused_with = "UnknownCommitment"

    def attempt(self) -> None:
        """Attempt the attack; a proof is valid only for the account that committed to it."""
        self.payer.deposit(1)
        self.l2.post()
        lie = self.l2.propose(fault="inflate", sender=self.stage.payee)
        self.l2.challenger.step()
        self.chain.mine(self.l2.profile.reveal_blocks)
        judge, proof = self.l2.challenger.prove(lie, self.l2.challenger.first_wrong_segment(lie))
        parent = self.l2.challenger.replica.claims[lie.parent]
        self.act("challenge", lie.as_tuple(), parent.as_tuple(), judge, proof)


class LiarConvictsItself(RollupAttack):
    """A proposer with a detected wrong assertion proves the fraud first, to receive the reward itself."""

    def attempt(self) -> None:
        """Attempt the attack; half of the bond is burned in any case."""
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
    """The attacker submits a valid proof against a valid assertion."""

    refused_with = "AssertionValid"

    def attempt(self) -> None:
        """Attempt the attack; the judge finds no fraud."""
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
    """The attacker proposes without a bond, which would allow unlimited wrong assertions at no cost."""

    refused_with = "InsufficientBond"

    def attempt(self) -> None:
        """Attempt the attack; each open assertion locks its own bond."""
        self.payer.deposit(1)
        self.l2.post()
        replica = self.l2.challenger.replica
        replica.step()
        parent, end = replica.final(), len(replica.entries)
        (root,) = right_roots(replica, parent, end)
        record = replica.entries[-1].record
        self.act("propose", parent.as_tuple(), record.as_tuple(), end, root, root[1:])


class BondTakenBackWhileItStands(RollupAttack):
    """The proposer of a wrong assertion withdraws its bond before anyone challenges."""

    refused_with = "InsufficientBond"

    def attempt(self) -> None:
        """Attempt the attack; the bond is locked until the assertion ends."""
        self.payer.deposit(1)
        self.l2.post()
        self.lie()
        self.act("withdrawBond", self.l2.profile.bond)


class FinalBeforeItsTime(RollupAttack):
    """The attacker finalises its wrong assertion a second before the window ends."""

    refused_with = "TooEarly"

    def attempt(self) -> None:
        """Attempt the attack; the whole window belongs to the challengers."""
        self.payer.deposit(1)
        self.l2.post()
        lie = self.lie()
        self.chain.set_next_timestamp(self.l2.rollup.status(lie.id)[1] + self.l2.profile.window)
        self.act("finalize", lie.as_tuple())


class PostedOutOfTurn(RollupAttack):
    """A third party posts batches during the sequencer's sequencer_window, to order them in its favour."""

    refused_with = "SequencerWindowOpen"

    def attempt(self) -> None:
        """Attempt the attack; the sequencer_window holds as long as the sequencer posts."""
        self.payer.deposit(1)
        self.l2.post()
        items, _, consumed, _, _ = self.l2.rollup.inbox()
        self.act("postCalldata", self.l2.rollup.acc(items), bytes(496), consumed)


class OverdueLeftBehind(RollupAttack):
    """The attacker, after the sequencer_window has ended, posts batches without the overdue forced operations."""

    refused_with = "QueueOverdue"

    def attempt(self) -> None:
        """Attempt the attack; overdue operations must be included first."""
        self.payer.force(1_000, self.payee.account())
        self.chain.advance(self.l2.profile.force_delay + 1)
        items, _, consumed, _, _ = self.l2.rollup.inbox()
        self.act("postCalldata", self.l2.rollup.acc(items), bytes(496), consumed)


class FrozenForFun(RollupAttack):
    """The attacker freezes a rollup without overdue operations, to end it."""

    refused_with = "BatchMismatch"

    def attempt(self) -> None:
        """Attempt the attack; a freeze requires an item that is long overdue."""
        self.chain.advance(2 * self.l2.profile.freeze_after)
        replica = self.l2.challenger.replica
        replica.step()
        record = replica.entries[-1].record
        self.act("freeze", replica.final().as_tuple(), record.as_tuple())
