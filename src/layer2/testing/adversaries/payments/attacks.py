"""Attacks on the root chain as named adversaries: run them against one of your own, or add yours beside them.

Each counts the attacker's ether (gas not counted), with what its deposit is worth while that is still its own.
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
    """An attack on a chain in which the payee has two ether of a block, the payer three, the attacker a deposit of one.

    The operator is the attacker's friend; the watcher sees everything and does what the game asks for.
    """

    refused_with: ClassVar[str | None] = None
    """The chain's error; `None` when the calls are lawful and only the gain must be nothing."""
    spent: ClassVar[bool] = False
    """Whether the deposit was given away before the attack: then nothing of it is the attacker's due."""

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
        """What has to be there before the attack."""

    def holdings(self) -> dict[str, int]:
        """Ether on the main chain, gas given back, and the deposit while it is there and its own."""
        gone = self.spent or self.stage.status(self.mine) in (ExitStatus.PAID, ExitStatus.SPENT)
        return {"ether": self.stage.connection.balance(self.thief.address) + self.gas + (0 if gone else ETHER)}

    def counted(self, receipt: Receipt) -> Receipt:
        """Leave the price of a transaction of the attacker's out of what it gains or loses."""
        self.gas += receipt.cost
        return receipt

    def claim(self, kit: Kit) -> None:
        """The watcher claims an exit, with the list that it takes."""
        token, amount = kit.output.token, kit.output.amount
        known = range(self.root.head()[1])
        newer = newer_needed(self.root, token, kit.block, amount, known) or []
        self.root.claim(self.stage.watcher, [(kit.position, kit.made)], newer)

    def honest_leave(self) -> None:
        """Everybody takes out what is theirs; whoever is not paid makes it fail."""
        for owner, kit in zip((self.stage.payee, self.stage.payer), self.honest, strict=True):
            if self.stage.status(kit) is ExitStatus.NONE:
                self.stage.exit(owner, kit)
        self.stage.later(2 * self.period)
        for kit in self.honest:
            if self.stage.status(kit) is not ExitStatus.PAID:
                self.claim(kit)


class RivalsOfOneInput(PlasmaAttack):
    """The attacker signs eight spenders of its deposit, starts an in-flight exit of each and joins with its output.

    Eight times what it has is registered under deposits, before all blocks, on the eve of the payee's claim.
    """

    rivals: ClassVar[int] = 8

    def attempt(self) -> None:
        """The watcher shows each of them a rival: what will not be paid holds nobody up."""
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
        """One of many payments of the deposit to the attacker itself."""
        return self.stage.pay([(self.thief, self.mine)], [(self.thief, ETHER)], memo=bytes([number + 1]) * 32)

    def begin(self, one: Signed) -> Receipt:
        """Start its in-flight exit and join with the output."""
        shown = Proof.of_nothing(one.transaction.packed)
        return self.root.start_in_flight(self.thief, shown, [self.mine.proof], one.signatures, 1 << FIRST_OUTPUT)


class TwoWaysOutOfOneOutput(PlasmaAttack):
    """Everybody leaves. The attacker, who has paid itself in a younger block, takes that out by its own exit and by the
    payment's in-flight exit at once: registered twice, it would hold somebody else's ether up."""

    refused_with = "OutputHeld"

    def prepare(self) -> None:
        """The deposit is paid to its owner."""
        self.payment = self.stage.pay([(self.thief, self.mine)], [(self.thief, ETHER)])
        self.made = self.stage.kit(self.stage.hostile.block([self.payment]))

    def attempt(self) -> None:
        """What joins leaves its own exit; the others are paid when their time has come; a second exit is refused."""
        stage = self.stage
        for owner, kit in zip((stage.payee, stage.payer), self.honest, strict=True):
            stage.exit(owner, kit)
        stage.later(2 * self.period - 600)
        self.counted(self.root.start_exits(self.thief, [self.made.proof]))
        packed, signatures = self.payment.transaction.packed, self.payment.signatures
        begin = (Proof.of_nothing(packed), [self.mine.proof], signatures, 1 << FIRST_OUTPUT)
        self.counted(self.root.start_in_flight(self.thief, *begin))
        stage.later(600)
        for kit in self.honest:
            self.claim(kit)
        self.root.start_exits(self.thief, [self.made.proof])


class RivalsAnsweredAfterHalfTime(RivalsOfOneInput):
    """Each rival lies in a block that the operator withheld: after half time, when no older one can be shown, all are
    answered, so that all count again. The first that is claimed takes the input, and with it all the others."""

    rivals: ClassVar[int] = 4

    def attempt(self) -> None:
        """One of them is paid, as is right; then the payee is, before the others are claimed by anybody."""
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
    """A mint stands in the block of an honest payment. The thief, who made that payment, contests its in-flight exit in
    the last second, so that the payee's output is not registered, and claims the mint as soon as it can."""

    refused_with = "NotCovered"
    spent = True

    def prepare(self) -> None:
        """The thief's deposit is paid to the second owner in the block of the mint."""
        stage = self.stage
        self.payment = stage.pay([(self.thief, self.mine)], [(stage.second, ETHER)])
        self.lie = stage.hostile.invalid_mint(6 * ETHER, beside=[self.payment])

    def attempt(self) -> None:
        """The answer comes before the mint is due."""
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
        self.root.claim(self.thief, [(loot, stage.hostile.kit(loot).made)], [loot >> 25])


class RansomByCoSigner(PlasmaAttack):
    """The attacker signs a swap with the payee and keeps it out of every block. Its own input is held by a game of its
    own, which others would follow: the swap's in-flight exit waits for that, and the payee's input with it."""

    def prepare(self) -> None:
        """Both sign the swap; nothing includes it."""
        stage = self.stage
        self.swapped = stage.deposit(stage.payee)
        rows = [(stage.payee, ETHER), (stage.thief, ETHER)]
        self.swap = stage.pay([(stage.thief, self.mine), (stage.payee, self.swapped)], rows)

    def attempt(self) -> None:
        """The payee contests the swap in its first half with a payment to itself, and joins with its input."""
        stage, inputs = self.stage, [self.mine, self.swapped]
        alone = stage.pay([(self.thief, self.mine)], [(self.thief, ETHER)])
        shown = Proof.of_nothing(alone.transaction.packed)
        begin = (shown, [self.mine.proof], alone.signatures, 1 << FIRST_OUTPUT)
        self.counted(self.root.start_in_flight(self.thief, *begin))
        stage.start_game(stage.payee, self.swap, inputs, 1 << FIRST_OUTPUT)
        stage.contest(stage.payee, self.swap, inputs, stage.pay([(stage.payee, self.swapped)], [(stage.payee, ETHER)]))
        stage.join(stage.payee, self.swap, inputs, 1)
        stage.later(2 * self.period)
        stage.settle(stage.payee, self.swap, inputs)
        assert stage.status(self.swapped) is ExitStatus.PAID, "the payee waits for the attacker's game"
        self.counted(stage.settle(self.thief, alone, [self.mine]))
