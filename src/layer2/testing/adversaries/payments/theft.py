"""More attacks on the root chain as named adversaries: what is not there, is not theirs, or was theirs once."""

from __future__ import annotations

from layer2.plasma.payments.chain.contract import Proof, Spend
from layer2.plasma.payments.chain.exit_proofs import Kit
from layer2.plasma.protocol.signing import Signed
from layer2.testing.adversaries.payments.attacks import FIRST_OUTPUT, PlasmaAttack
from layer2.testing.adversaries.payments.stage import ETHER

__all__ = ["PlasmaTheft"]


class PlasmaTheft(PlasmaAttack):
    """An attack in which the thief pays its deposit on, or not, and wants it all the same."""

    def pay_on(self) -> Signed:
        """The deposit to the second owner."""
        return self.stage.pay([(self.thief, self.mine)], [(self.stage.second, ETHER)])

    def steal(self, *kits: Kit) -> None:
        """Start exits."""
        self.counted(self.stage.exit(self.thief, *kits))

    def take(self, kit: Kit, *newer: int) -> None:
        """Claim an exit."""
        self.counted(self.root.claim(self.thief, [(kit.position, kit.made)], newer))

    def begin(self, one: Signed, bits: int) -> None:
        """Start an in-flight exit of a payment of the deposit."""
        shown = Proof.of_nothing(one.transaction.packed)
        self.counted(self.root.start_in_flight(self.thief, shown, [self.mine.proof], one.signatures, bits))

    def end(self, one: Signed) -> None:
        """Claim it."""
        self.counted(self.stage.settle(self.thief, one, [self.mine]))

    def stop(self, one: Signed) -> None:
        """The watcher shows that the deposit was spent."""
        spend = Spend(Proof.of_nothing(one.transaction.packed), one.signatures[0])
        self.root.challenge_exit(self.stage.watcher, self.mine.proof, spend)


class ExitOfWhatWasSpent(PlasmaTheft):
    """The thief has paid its deposit on and takes it out as if it had not."""

    refused_with = "ExitStatusWrong"
    spent = True

    def attempt(self) -> None:
        """The watcher shows the payment; the bond is lost."""
        paid = self.pay_on()
        self.stage.hostile.block([paid])
        self.steal(self.mine)
        self.stop(paid)
        self.stage.later(self.period)
        self.take(self.mine)


class ClaimTwice(PlasmaTheft):
    """An exit is claimed again after it was paid."""

    refused_with = "ExitStatusWrong"

    def attempt(self) -> None:
        """The slot of an output is never cleared."""
        self.steal(self.mine)
        self.stage.later(self.period)
        for _ in range(2):
            self.take(self.mine)


class ExitThenInFlight(PlasmaTheft):
    """The deposit leaves by a standard exit, and then once more as the output of a payment to the thief itself."""

    def attempt(self) -> None:
        """Settled, since its input was paid, for the inputs: of which none is left."""
        again = self.stage.pay([(self.thief, self.mine)], [(self.thief, ETHER)])
        self.steal(self.mine)
        self.begin(again, 1 << FIRST_OUTPUT)
        self.stage.later(self.period)
        self.take(self.mine, 0)
        self.end(again)


class InFlightThenExit(PlasmaTheft):
    """The same the other way round."""

    refused_with = "ExitStatusWrong"

    def attempt(self) -> None:
        """An input of a payment whose output was paid counts as spent."""
        again = self.stage.pay([(self.thief, self.mine)], [(self.thief, ETHER)])
        self.begin(again, 1 << FIRST_OUTPUT)
        self.stage.later(self.period)
        self.end(again)
        self.steal(self.mine)


class GameAfterTheGame(PlasmaTheft):
    """An in-flight exit that was paid is started again."""

    refused_with = "ExitStatusWrong"

    def attempt(self) -> None:
        """Its input was paid out."""
        again = self.stage.pay([(self.thief, self.mine)], [(self.thief, ETHER)])
        self.begin(again, 1 << FIRST_OUTPUT)
        self.stage.later(self.period)
        self.end(again)
        self.begin(again, 1 << FIRST_OUTPUT)


class JoinWithTheOutputOfAnother(PlasmaTheft):
    """The thief joins its own payment with the output that it has paid to somebody else."""

    refused_with = "CallerWrong"
    spent = True

    def attempt(self) -> None:
        """Only the owner of a part may join with it."""
        paid = self.pay_on()
        self.begin(paid, 0)
        try:
            self.counted(self.stage.join(self.thief, paid, [self.mine], FIRST_OUTPUT))
        finally:
            self.stage.join(self.stage.second, paid, [self.mine], FIRST_OUTPUT)
            self.stage.later(self.period)
            self.stage.settle(self.stage.watcher, paid, [self.mine])


class ContestAfterHalfTime(PlasmaTheft):
    """The thief contests the payment that it made when its payee has no time left to find out and answer."""

    refused_with = "TooLate"
    spent = True

    def attempt(self) -> None:
        """Competitors are shown in the first half only."""
        paid, rival = self.pay_on(), self.stage.pay([(self.thief, self.mine)], [(self.thief, ETHER)])
        self.begin(paid, 0)
        self.stage.join(self.stage.second, paid, [self.mine], FIRST_OUTPUT)
        self.stage.later(self.period // 2)
        try:
            self.counted(self.stage.contest(self.thief, paid, [self.mine], rival))
        finally:
            self.stage.later(self.period)
            self.stage.settle(self.stage.watcher, paid, [self.mine])


class MoneyOutOfNothing(PlasmaTheft):
    """The operator mints as much as there is and the thief takes it out, while everybody leaves."""

    refused_with = "NotCovered"

    def attempt(self) -> None:
        """What is older stays covered."""
        lie = self.stage.hostile.invalid_mint(6 * ETHER)
        loot = self.stage.hostile.kit(lie.loot[0])
        self.steal(loot)
        for owner, kit in zip((self.stage.payee, self.stage.payer), self.honest, strict=True):
            self.stage.exit(owner, kit)
        self.stage.later(2 * self.period)
        self.take(loot, loot.block >> 1)


class BucketListedTwice(PlasmaTheft):
    """The same with the list that would take its own registration off twice."""

    refused_with = "BucketsUnsorted"

    def attempt(self) -> None:
        """A list increases."""
        lie = self.stage.hostile.invalid_mint(6 * ETHER)
        loot = self.stage.hostile.kit(lie.loot[0])
        self.steal(loot)
        self.stage.later(2 * self.period)
        self.take(loot, loot.block >> 1, loot.block >> 1)


class BondOfADeadExit(PlasmaTheft):
    """The thief shows, after the watcher, that an exit is spent: for the bond once more."""

    refused_with = "ExitStatusWrong"
    spent = True

    def attempt(self) -> None:
        """A bond is paid once."""
        paid = self.pay_on()
        self.steal(self.mine)
        self.stop(paid)
        spend = Spend(Proof.of_nothing(paid.transaction.packed), paid.signatures[0])
        self.counted(self.root.challenge_exit(self.thief, self.mine.proof, spend))


class BlockWrittenAgain(PlasmaTheft):
    """The operator replaces the first block by one that pays the thief."""

    refused_with = "BlockNumberWrong"

    def attempt(self) -> None:
        """Numbers follow each other."""
        self.root.submit_block(self.stage.operator, 1, bytes(32), 1)


class DebtOfAnother(PlasmaTheft):
    """The thief fetches what waits for others."""

    refused_with = "NothingOwed"

    def attempt(self) -> None:
        """A debt is its owner's."""
        self.counted(self.root.withdraw(self.thief, 0, self.thief.address))
