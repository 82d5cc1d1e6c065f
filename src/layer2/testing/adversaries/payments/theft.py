"""More attacks on the root chain as named adversaries: money that never existed, of others, or already spent."""

from __future__ import annotations

from layer2.plasma.payments.chain.contract import Proof, Spend
from layer2.plasma.payments.chain.exit_proofs import Kit
from layer2.plasma.protocol.signing import Signed
from layer2.testing.adversaries.payments.attacks import FIRST_OUTPUT, PlasmaAttack
from layer2.testing.adversaries.payments.stage import ETHER

__all__ = ["PlasmaTheft"]


class PlasmaTheft(PlasmaAttack):
    """An attack in which the thief takes its deposit, although it may have spent it."""

    def pay_on(self) -> Signed:
        """Return a payment of the deposit to the second owner."""
        return self.stage.pay([(self.thief, self.mine)], [(self.stage.second, ETHER)])

    def steal(self, *kits: Kit) -> None:
        """Start exits as the thief."""
        self.counted(self.stage.exit(self.thief, *kits))

    def take(self, kit: Kit, *newer: int) -> None:
        """Claim an exit as the thief."""
        self.counted(self.root.process_exits(self.thief, [(kit.position, kit.made)], newer))

    def begin(self, one: Signed, bits: int) -> None:
        """Start an in-flight exit of a payment of the deposit."""
        shown = Proof.of_nothing(one.transaction.packed)
        self.counted(self.root.start_in_flight_exit(self.thief, shown, [self.mine.proof], one.signatures, bits))

    def end(self, one: Signed) -> None:
        """Claim an in-flight exit as the thief."""
        self.counted(self.stage.settle(self.thief, one, [self.mine]))

    def stop(self, one: Signed) -> None:
        """Challenge the deposit's exit as the watcher, with the payment that spends it."""
        spend = Spend(Proof.of_nothing(one.transaction.packed), one.signatures[0])
        self.root.challenge_exit(self.stage.watcher, self.mine.proof, spend)


class ExitOfWhatWasSpent(PlasmaTheft):
    """The thief has spent its deposit and exits it."""

    refused_with = "UnexpectedExitStatus"
    spent = True

    def attempt(self) -> None:
        """Attempt the attack; the watcher shows the payment, and the bond is lost."""
        paid = self.pay_on()
        self.stage.hostile.block([paid])
        self.steal(self.mine)
        self.stop(paid)
        self.stage.later(self.period)
        self.take(self.mine)


class ClaimTwice(PlasmaTheft):
    """An exit is claimed again after it was paid."""

    refused_with = "UnexpectedExitStatus"

    def attempt(self) -> None:
        """Attempt the attack; the slot of an output is never cleared."""
        self.steal(self.mine)
        self.stage.later(self.period)
        for _ in range(2):
            self.take(self.mine)


class ExitThenInFlight(PlasmaTheft):
    """The thief exits its deposit by a standard exit, and again as the output of a payment to itself."""

    def attempt(self) -> None:
        """Attempt the attack; as its input was paid, the in-flight exit pays only inputs, of which none is left."""
        again = self.stage.pay([(self.thief, self.mine)], [(self.thief, ETHER)])
        self.steal(self.mine)
        self.begin(again, 1 << FIRST_OUTPUT)
        self.stage.later(self.period)
        self.take(self.mine, 0)
        self.end(again)


class InFlightThenExit(PlasmaTheft):
    """The thief exits its deposit as the output of a payment to itself, and again by a standard exit."""

    refused_with = "UnexpectedExitStatus"

    def attempt(self) -> None:
        """Attempt the attack; an input of a payment whose output was paid counts as spent."""
        again = self.stage.pay([(self.thief, self.mine)], [(self.thief, ETHER)])
        self.begin(again, 1 << FIRST_OUTPUT)
        self.stage.later(self.period)
        self.end(again)
        self.steal(self.mine)


class GameAfterTheGame(PlasmaTheft):
    """A paid in-flight exit is started again."""

    refused_with = "UnexpectedExitStatus"

    def attempt(self) -> None:
        """Attempt the attack; its input was paid out."""
        again = self.stage.pay([(self.thief, self.mine)], [(self.thief, ETHER)])
        self.begin(again, 1 << FIRST_OUTPUT)
        self.stage.later(self.period)
        self.end(again)
        self.begin(again, 1 << FIRST_OUTPUT)


class JoinWithTheOutputOfAnother(PlasmaTheft):
    """The thief piggybacks its own payment with the output that it has paid to another owner."""

    refused_with = "UnauthorizedCaller"
    spent = True

    def attempt(self) -> None:
        """Attempt the attack; only the owner of an input or output may piggyback it."""
        paid = self.pay_on()
        self.begin(paid, 0)
        try:
            self.counted(self.stage.join(self.thief, paid, [self.mine], FIRST_OUTPUT))
        finally:
            self.stage.join(self.stage.second, paid, [self.mine], FIRST_OUTPUT)
            self.stage.later(self.period)
            self.stage.settle(self.stage.watcher, paid, [self.mine])


class ContestAfterHalfTime(PlasmaTheft):
    """The thief contests its own payment when the payee has no time left to find it and respond."""

    refused_with = "TooLate"
    spent = True

    def attempt(self) -> None:
        """Attempt the attack; competitors can be shown in the first half of the period only."""
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
    """The operator mints all money of the chain and the thief exits it, while all users exit."""

    refused_with = "NotCovered"

    def attempt(self) -> None:
        """Attempt the attack; older outputs stay covered."""
        lie = self.stage.hostile.invalid_mint(6 * ETHER)
        loot = self.stage.hostile.kit(lie.loot[0])
        self.steal(loot)
        for owner, kit in zip((self.stage.payee, self.stage.payer), self.honest, strict=True):
            self.stage.exit(owner, kit)
        self.stage.later(2 * self.period)
        self.take(loot, loot.block >> 1)


class BucketListedTwice(PlasmaTheft):
    """The operator mints money, and the thief claims it with a list that subtracts its own registration twice."""

    refused_with = "UnsortedBuckets"

    def attempt(self) -> None:
        """Attempt the attack; the entries of a list must increase."""
        lie = self.stage.hostile.invalid_mint(6 * ETHER)
        loot = self.stage.hostile.kit(lie.loot[0])
        self.steal(loot)
        self.stage.later(2 * self.period)
        self.take(loot, loot.block >> 1, loot.block >> 1)


class BondOfADeadExit(PlasmaTheft):
    """After the watcher, the thief also shows that an exit is spent, to receive the bond again."""

    refused_with = "UnexpectedExitStatus"
    spent = True

    def attempt(self) -> None:
        """Attempt the attack; a bond is paid once."""
        paid = self.pay_on()
        self.steal(self.mine)
        self.stop(paid)
        spend = Spend(Proof.of_nothing(paid.transaction.packed), paid.signatures[0])
        self.counted(self.root.challenge_exit(self.thief, self.mine.proof, spend))


class BlockWrittenAgain(PlasmaTheft):
    """The operator replaces the first block by one that pays the thief."""

    refused_with = "UnexpectedBlockNumber"

    def attempt(self) -> None:
        """Attempt the attack; block numbers are consecutive."""
        self.root.submit_block(self.stage.operator, 1, bytes(32), 1)


class DebtOfAnother(PlasmaTheft):
    """The thief withdraws deferred payouts of other accounts."""

    refused_with = "NothingPending"

    def attempt(self) -> None:
        """Attempt the attack; a deferred payout belongs to its receiver."""
        self.counted(self.root.withdraw_pending(self.thief, 0, self.thief.address))
