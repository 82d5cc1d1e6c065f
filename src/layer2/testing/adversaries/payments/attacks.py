"""Attacks on the root chain as named adversaries, to run against any root chain or to extend.

Each counts the attacker's ether (without gas), including its deposit as long as it owns it.
"""

from __future__ import annotations

from typing import ClassVar

from layer2.ethereum.records import Receipt
from layer2.plasma.payments.chain.contract import ExitStatus, Proof
from layer2.plasma.payments.chain.exit_proofs import Kit
from layer2.plasma.payments.chain.reserve_view import newer_needed
from layer2.plasma.protocol.signing import Signed
from layer2.testing.adversaries.base import Adversary
from layer2.testing.adversaries.payments.stage import ETHER, PlasmaStage

__all__ = ["PlasmaAttack"]

FIRST_OUTPUT = 4


class PlasmaAttack(Adversary):
    """An attack in which the payee holds two ether of a block, the payer three, the attacker a deposit of one.

    The operator colludes with the attacker; the watcher sees everything and responds by the rules.
    """

    refused_with: ClassVar[str | None] = None
    """Expected error of the chain; `None` if all calls are valid and the gain must be zero."""
    spent: ClassVar[bool] = False
    """True if the deposit was spent before the attack, so that the attacker is not entitled to it."""

    def __init__(self, stage: PlasmaStage) -> None:
        super().__init__()
        self.stage, self.root = stage, stage.root
        self.period = stage.root.profile.exit_period
        self.thief = stage.thief
        self.gas = 0
        source = stage.deposit(stage.payer, 5 * ETHER)
        first = stage.hostile.block(
            [stage.pay([(stage.payer, source)], [(stage.payee, 2 * ETHER), (stage.payer, 3 * ETHER)])]
        )
        self.honest: list[Kit] = [stage.kit(first), stage.kit(first, output=1)]
        self.mine = stage.deposit(stage.thief)
        self.prepare()

    def prepare(self) -> None:
        """Prepare the chain before the attack."""

    def holdings(self) -> dict[str, int]:
        """Return ether on the main chain with gas costs added, plus the deposit while the attacker owns it."""
        gone = self.spent or self.stage.status(self.mine) in (ExitStatus.PAID, ExitStatus.SPENT)
        return {"ether": self.stage.connection.balance(self.thief.address) + self.gas + (0 if gone else ETHER)}

    def counted(self, receipt: Receipt) -> Receipt:
        """Exclude the gas of the attacker's transaction from its gain."""
        self.gas += receipt.cost
        return receipt

    def claim(self, kit: Kit) -> None:
        """Claim an exit as the watcher, with the required list."""
        token, amount = kit.output.token, kit.output.amount
        known = range(self.root.head()[1])
        newer = newer_needed(self.root, token, kit.block, amount, known) or []
        self.root.process_exits(self.stage.watcher, [(kit.position, kit.made)], newer)

    def honest_leave(self) -> None:
        """Exit and claim the honest outputs; fail if one is not paid."""
        for owner, kit in zip((self.stage.payee, self.stage.payer), self.honest, strict=True):
            if self.stage.status(kit) is ExitStatus.NONE:
                self.stage.exit(owner, kit)
        self.stage.later(2 * self.period)
        for kit in self.honest:
            if self.stage.status(kit) is not ExitStatus.PAID:
                self.claim(kit)


class RivalsOfOneInput(PlasmaAttack):
    """The attacker signs eight spends of its deposit, and starts an in-flight exit of each with its output.

    Eight times its deposit is registered under deposits, before all blocks, shortly before the payee's claim.
    """

    rivals: ClassVar[int] = 8

    def attempt(self) -> None:
        """Attempt the attack; the watcher shows a competitor of each, so that none delays another exit."""
        stage = self.stage
        payee = self.honest[0]
        stage.exit(stage.payee, payee)
        stage.later(2 * self.period - 600)
        made = [self.spender(at) for at in range(self.rivals)]
        for one in made:
            self.counted(self.begin(one))
        stage.later(600)
        for one, other in zip(made, made[1:] + made[:1], strict=True):
            stage.contest(stage.watcher, one, [self.mine], other)
        self.claim(payee)

    def spender(self, number: int) -> Signed:
        """Return one of many payments of the deposit to the attacker itself."""
        return self.stage.pay([(self.thief, self.mine)], [(self.thief, ETHER)], memo=bytes([number + 1]) * 32)

    def begin(self, one: Signed) -> Receipt:
        """Start the in-flight exit of a payment and piggyback its output."""
        shown = Proof.of_nothing(one.transaction.packed)
        return self.root.start_in_flight_exit(self.thief, shown, [self.mine.proof], one.signatures, 1 << FIRST_OUTPUT)


class TwoWaysOutOfOneOutput(PlasmaAttack):
    """The attacker exits one output by a standard exit and by its payment's in-flight exit, while all users exit.

    The attacker has paid itself in a newer block. Registered twice, the output would block another user's ether.
    """

    refused_with = "OutputHeld"

    def prepare(self) -> None:
        """Pay the deposit to its owner."""
        self.payment = self.stage.pay([(self.thief, self.mine)], [(self.thief, ETHER)])
        self.made = self.stage.kit(self.stage.hostile.block([self.payment]))

    def attempt(self) -> None:
        """Attempt the attack; the piggyback ends the standard exit, and a second standard exit is rejected.

        The other owners are paid on time.
        """
        stage = self.stage
        for owner, kit in zip((stage.payee, stage.payer), self.honest, strict=True):
            stage.exit(owner, kit)
        stage.later(2 * self.period - 600)
        self.counted(self.root.start_exits(self.thief, [self.made.proof]))
        packed, signatures = self.payment.transaction.packed, self.payment.signatures
        begin = (Proof.of_nothing(packed), [self.mine.proof], signatures, 1 << FIRST_OUTPUT)
        self.counted(self.root.start_in_flight_exit(self.thief, *begin))
        stage.later(600)
        for kit in self.honest:
            self.claim(kit)
        self.root.start_exits(self.thief, [self.made.proof])


class RivalsAnsweredAfterHalfTime(RivalsOfOneInput):
    """The attacker signs competing payments in withheld blocks, and answers all contests after half the period.

    No older payment can be shown then, so that all of them count again. The first that is claimed takes the input, and
    thereby all the others.
    """

    rivals: ClassVar[int] = 4

    def attempt(self) -> None:
        """Attempt the attack; one payment is validly paid, then the payee, before the others are claimed."""
        stage = self.stage
        payee = self.honest[0]
        made = [self.spender(at) for at in range(self.rivals)]
        lies = [stage.hostile.block([one], name="rival", withhold=True) for one in made]
        stage.exit(stage.payee, payee)
        for one in made:
            self.counted(self.begin(one))
        for one, other in zip(made, made[1:] + made[:1], strict=True):
            stage.contest(stage.watcher, one, [self.mine], other)
        stage.later(self.period // 2)
        for lie in lies:
            self.counted(stage.answer(self.thief, stage.kit(lie).proof, [self.mine]))
        stage.later(2 * self.period)
        for one in made:
            stage.settle(stage.watcher, one, [self.mine], [0])
        self.claim(payee)


class ContestToSlipATheftThrough(PlasmaAttack):
    """The thief contests the in-flight exit of an honest payment, to claim a mint in the payment's block.

    The thief made that payment itself. It contests in the last second of the first half, so that the payee's output is
    not registered, and claims the mint as soon as possible.
    """

    refused_with = "NotCovered"
    spent = True

    def prepare(self) -> None:
        """Pay the thief's deposit to the second owner in the block of the mint."""
        stage = self.stage
        self.payment = stage.pay([(self.thief, self.mine)], [(stage.second, ETHER)])
        self.lie = stage.hostile.invalid_mint(6 * ETHER, beside=[self.payment])

    def attempt(self) -> None:
        """Attempt the attack; the response comes before the mint is due."""
        stage, inputs = self.stage, [self.mine]
        loot = self.lie.loot[0]
        self.counted(stage.hostile.steal(loot))
        game = stage.start_game(self.thief, self.payment, inputs, 0)
        stage.join(stage.second, self.payment, inputs, FIRST_OUTPUT)
        stage.later(self.period // 2 - 10)
        rival = stage.pay([(self.thief, self.mine)], [(self.thief, ETHER)])
        self.counted(stage.contest(self.thief, self.payment, inputs, rival))
        stage.answer(stage.second, stage.kit(self.lie).proof, inputs)
        assert not self.root.in_flight(game).contested
        for owner, kit in zip((stage.payee, stage.payer), self.honest, strict=True):
            stage.exit(owner, kit)
        stage.later(2 * self.period)
        self.root.process_exits(self.thief, [(loot, stage.hostile.kit(loot).made)], [loot >> 25])


class RansomByCoSigner(PlasmaAttack):
    """The attacker signs a swap with the payee and keeps it out of all blocks, to hold the payee's input.

    The attacker's own input is held by another in-flight exit, which must be settled first. The swap's in-flight exit
    waits for it, and so does the payee's input.
    """

    def prepare(self) -> None:
        """Let both sign a swap that no block includes."""
        stage = self.stage
        self.swapped = stage.deposit(stage.payee)
        rows = [(stage.payee, ETHER), (stage.thief, ETHER)]
        self.swap = stage.pay([(stage.thief, self.mine), (stage.payee, self.swapped)], rows)

    def attempt(self) -> None:
        """Attempt the attack; the payee contests the swap with a payment to itself and piggybacks its input."""
        stage, inputs = self.stage, [self.mine, self.swapped]
        alone = stage.pay([(self.thief, self.mine)], [(self.thief, ETHER)])
        shown = Proof.of_nothing(alone.transaction.packed)
        begin = (shown, [self.mine.proof], alone.signatures, 1 << FIRST_OUTPUT)
        self.counted(self.root.start_in_flight_exit(self.thief, *begin))
        stage.start_game(stage.payee, self.swap, inputs, 1 << FIRST_OUTPUT)
        stage.contest(stage.payee, self.swap, inputs, stage.pay([(stage.payee, self.swapped)], [(stage.payee, ETHER)]))
        stage.join(stage.payee, self.swap, inputs, 1)
        stage.later(2 * self.period)
        stage.settle(stage.payee, self.swap, inputs)
        assert stage.status(self.swapped) is ExitStatus.PAID, "the payee waits for the attacker's game"
        self.counted(stage.settle(self.thief, alone, [self.mine]))
