"""Attacks on coins as named adversaries: run them against a coin chain of your own, or add yours beside them.

In each the operator works for the thief, the payee owns a coin honestly, and a watcher that shares nothing with the
operator but the chain and its bodies does what `CoinWatcher` does. The gain is what the thief ended with beyond what it
began with, gas not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from layer2.ethereum.records import Receipt
from layer2.plasma.coins.chain.exit_proofs import ChallengeView
from layer2.plasma.coins.watcher.watcher import CoinWatcher
from layer2.plasma.common.watcher.actions import WatchPolicy
from layer2.testing.adversaries.base import Adversary
from layer2.testing.adversaries.coins.hostile_operator import CoinTown

__all__ = ["CoinAttack"]

ETHER = 10**18


class CoinAttack(Adversary):
    """An attack on a coin of one ether that went from the payer to the payee (`numbers[-1]`), or that is told apart.

    Args:
        town: with a coin chain of its own.
    """

    refused_with: ClassVar[str | None] = None
    """The contract's error; `None` when the calls are lawful and only the gain must be nothing."""
    hands: ClassVar[tuple[str, ...]] = ("payer", "payee")
    """Through whose hands the coin went, before the attack begins."""

    def __init__(self, town: CoinTown) -> None:
        super().__init__()
        self.town = town
        self.costs = 0
        self.period = town.chain.profile.exit_period
        self.coin, self.record = town.deposit(self.hands[0], ETHER)
        self.numbers = [0]
        for at, taker in enumerate(self.hands[1:]):
            self.numbers.append(town.pass_on(self.coin, self.hands[at], taker, self.numbers[-1]))
        sender, owner = town.people["watcher"].sender, town.people["payee"].address
        policy = WatchPolicy(patience=0, question=None)
        self.watcher = CoinWatcher(
            town.chain, town.hostile, sender=sender, policy=policy, owners=[owner], start_block=town.start
        )

    @property
    def last(self) -> int:
        """The block of the last transfer that is true."""
        return self.numbers[-1]

    def holdings(self) -> dict[str, int]:
        """The thief's ether, with what it has spent on gas."""
        return {"ether": self.town.connection.balance(self.town.people["thief"].address) + self.costs}

    def thief(self, call: Callable[[], Receipt]) -> None:
        """The thief calls, and pays for it."""
        self.costs += call().cost

    def invent(self, *, withhold: bool = False) -> int:
        """The operator makes up two transfers, to the thief and from it to itself; the block of the second."""
        town = self.town
        first = town.pass_on(self.coin, "thief", "thief", self.last, withhold=withhold)
        return town.pass_on(self.coin, "thief", "thief", first, withhold=withhold)

    def steal(self, number: int) -> None:
        """The thief takes out what a block says is its own."""
        self.thief(lambda: self.town.exit("thief", self.coin, self.record, number))

    def wait(self, *numbers: int) -> None:
        """The exit period goes by under the watcher's eyes; then the thief is first to claim, if it can."""
        self.watcher.step()
        for _ in range(2):
            self.town.connection.advance(self.period // 2 + 1)
            self.watcher.step()
        for number in numbers:
            self.thief(lambda number=number: self.town.claim("thief", self.coin, self.record, number))  # type: ignore[misc]

    def settle(self) -> None:
        """The payee takes its coin out, by the watcher's kit; all time passes."""
        town, owner = self.town, self.town.people["payee"]
        self.watcher.step()
        mine = self.watcher.kits(owner.address)
        if self.coin in mine and town.chain.exit_of(self.coin, self.last) is None:
            town.chain.make(owner.sender, mine[self.coin])
        self.wait()
        self.watcher.step()

    def paid(self) -> list[str]:
        """To whom the coin was paid."""
        town = self.town
        topics = [town.chain.contract.topic("Claimed"), self.coin.to_bytes(32, "big")]
        logs = town.connection.logs(town.start, town.connection.block_number(), town.chain.address, topics)
        events = [town.chain.contract.decode_log(log) for log in logs]
        return [event.args["owner"] for event in events if event is not None]


class InventedHistory(CoinAttack):
    """The operator makes two transfers up that end with the thief, who takes the payee's coin out by them."""

    refused_with = "NothingDue"

    def attempt(self) -> None:
        """The owner's last transfer stands unspent, and nobody can answer for it."""
        number = self.invent()
        self.steal(number)
        self.wait(number)


class InventedHistoryOfADeposit(InventedHistory):
    """The operator makes up transfers of a coin that its depositor has never spent."""

    hands = ("payee",)

    def attempt(self) -> None:
        """The deposit stands unspent."""
        number = self.invent()
        self.steal(number)
        self.wait(number)


class InventedHistoryInTheDark(CoinAttack):
    """The same in blocks that the operator shows to nobody."""

    refused_with = "NothingDue"

    def attempt(self) -> None:
        """Whoever owns the coin puts up a bond without having seen them."""
        number = self.invent(withhold=True)
        self.steal(number)
        self.wait(number)


class AnswerWithWhatTheThiefSigned(CoinAttack):
    """The thief invents a history, and answers the owner's challenge with what it has signed itself."""

    refused_with = "SignatureInvalid"

    def attempt(self) -> None:
        """An answer is signed by the owner whom the challenge names."""
        town = self.town
        number = self.invent()
        self.steal(number)
        self.watcher.step()
        town.connection.advance(self.period // 2 + 1)
        owner = town.people["payee"].address
        challenge = ChallengeView(town.people["watcher"].address, self.last, owner)
        first = town.hostile.move(self.coin, number).transaction.prev_block
        self.thief(lambda: town.answer("thief", self.coin, number, challenge, first))


class DoubleSpendInTwoBlocks(CoinAttack):
    """The thief pays the payee, then itself with the same coin; the operator includes both, and the thief leaves."""

    refused_with = "NothingDue"
    hands = ("payer", "thief", "payee")

    def attempt(self) -> None:
        """The first spend counts."""
        second = self.town.pass_on(self.coin, "thief", "thief", self.numbers[-2])
        self.steal(second)
        self.wait(second)


class ExitOfASpentCoin(CoinAttack):
    """The thief takes out what it has given to the payee."""

    refused_with = "NothingDue"
    hands = ("payer", "thief", "payee")

    def attempt(self) -> None:
        """Its own signature refutes it."""
        self.steal(self.numbers[-2])
        self.wait(self.numbers[-2])


class ExitOfASpentCoinWhileBlocksAreMissing(ExitOfASpentCoin):
    """The same, while the operator shows other blocks to nobody."""

    def attempt(self) -> None:
        """What is seen is enough."""
        self.town.hostile.block(withhold=True)
        self.steal(self.numbers[-2])
        self.wait(self.numbers[-2])


class OldTransferOnceMore(CoinAttack):
    """The operator puts the transfer by which the thief once got the coin into one more block, and the thief leaves."""

    refused_with = "NothingDue"
    hands = ("payer", "thief", "payee")

    def attempt(self) -> None:
        """The first time counts."""
        town = self.town
        number = town.pass_on(self.coin, "payer", "thief")
        self.steal(number)
        self.wait(number)


class ChallengeSpam(CoinAttack):
    """The thief challenges the payee's exit with every state that the coin ever had, to lock it or to wear it out."""

    hands = ("payer", "other", "second", "payee")

    def attempt(self) -> None:
        """Each costs a bond, which joins that of the exit."""
        town, owner = self.town, self.town.people["payee"]
        self.watcher.step()
        town.chain.make(owner.sender, self.watcher.kit(self.coin))
        for earlier in self.numbers[:-2]:
            self.thief(lambda earlier=earlier: town.doubt("thief", self.coin, self.last, self.record, earlier))  # type: ignore[misc]
        self.wait()


class CancelWhileChallenged(CoinAttack):
    """The thief takes its invented exit back once it is challenged, to save its bond and to trap the challenger's."""

    refused_with = "ExitChallenged"

    def attempt(self) -> None:
        """What is challenged stays (Loom's plasma cash let it go)."""
        number = self.invent()
        self.steal(number)
        self.watcher.step()
        sender = self.town.people["thief"].sender
        contract = self.town.chain.contract
        self.thief(lambda: contract.transact(sender, "cancelExit", self.coin, number))


class SomebodyElsesExit(CoinAttack):
    """The thief starts an exit of the payee's transfer, to choose the time, or to be taken for its owner."""

    refused_with = "CallerUnauthorized"

    def attempt(self) -> None:
        """An owner leaves by itself."""
        self.steal(self.last)


class ExpiredTransfer(CoinAttack):
    """The payee had offered the coin to the thief for a while; the operator includes the offer when it is over."""

    refused_with = "TransferExpired"

    def attempt(self) -> None:
        """What came too late is no transfer."""
        town = self.town
        offer = town.sign(self.coin, "payee", "thief", self.last, expiry=town.chain.next_block())
        town.hostile.block()
        self.steal(town.hostile.block(offer))


class ExitOfAPaidCoin(CoinAttack):
    """The payee's coin is paid; the thief takes out what the operator makes up about it afterwards."""

    refused_with = "CoinUnknown"

    def attempt(self) -> None:
        """A coin is paid once, and is no more."""
        self.settle()
        self.steal(self.town.pass_on(self.coin, "thief", "thief", self.last))
