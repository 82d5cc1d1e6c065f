"""Attacks on coins as named adversaries, to run against any coin chain or to extend.

In each, the operator colludes with the thief, the payee owns a coin honestly, and a `CoinWatcher` shares only the chain
and the block data with the operator. The gain is the increase of the thief's balance, without gas.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from layer2.ethereum.records import Receipt
from layer2.plasma.coins.chain.exit_proofs import ChallengeView
from layer2.plasma.coins.watcher.watcher import CoinWatcher
from layer2.plasma.common.watcher.actions import WatchPolicy
from layer2.testing.adversaries.base import Adversary
from layer2.testing.adversaries.coins.hostile_operator import CoinNetwork

__all__ = ["CoinAttack"]

ETHER = 10**18


class CoinAttack(Adversary):
    """An attack on a coin of one ether that was transferred along `scheduler`, by default from the payer to the payee.

    Args:
        town: Network with its own coin chain.
    """

    refused_with: ClassVar[str | None] = None
    """Expected error of the contract; `None` if all calls are valid and the gain must be zero."""
    scheduler: ClassVar[tuple[str, ...]] = ("payer", "payee")
    """Owners of the coin in order, before the attack begins."""

    def __init__(self, town: CoinNetwork) -> None:
        super().__init__()
        self.town = town
        self.costs = 0
        self.period = town.chain.profile.exit_period
        self.coin, self.record = town.deposit(self.scheduler[0], ETHER)
        self.numbers = [0]
        for at, taker in enumerate(self.scheduler[1:]):
            self.numbers.append(town.pass_on(self.coin, self.scheduler[at], taker, self.numbers[-1]))
        sender, owner = town.people["watcher"].sender, town.people["payee"].address
        policy = WatchPolicy(patience=0, question=None)
        self.watcher = CoinWatcher(
            town.chain, town.hostile, sender=sender, policy=policy, owners=[owner], start_block=town.start
        )

    @property
    def last(self) -> int:
        """Block of the last valid transfer."""
        return self.numbers[-1]

    def holdings(self) -> dict[str, int]:
        """Return the thief's ether, plus its gas costs."""
        return {"ether": self.town.connection.balance(self.town.people["thief"].address) + self.costs}

    def thief(self, call: Callable[[], Receipt]) -> None:
        """Send a call as the thief, and count its gas."""
        self.costs += call().cost

    def invent(self, *, withhold: bool = False) -> int:
        """Include two invented transfers, to the thief and from it to itself; return the block of the second."""
        town = self.town
        first = town.pass_on(self.coin, "thief", "thief", self.last, withhold=withhold)
        return town.pass_on(self.coin, "thief", "thief", first, withhold=withhold)

    def steal(self, number: int) -> None:
        """Start the thief's exit of the transfer in a block."""
        self.thief(lambda: self.town.exit("thief", self.coin, self.record, number))

    def wait(self, *numbers: int) -> None:
        """Advance time by the exit period with watcher steps, and claim exits as the thief before anyone else."""
        self.watcher.step()
        for _ in range(2):
            self.town.connection.advance(self.period // 2 + 1)
            self.watcher.step()
        for number in numbers:
            self.thief(lambda number=number: self.town.claim("thief", self.coin, self.record, number))  # type: ignore[misc]

    def settle(self) -> None:
        """Exit the payee's coin with the watcher's exit proof, and wait for all periods."""
        town, owner = self.town, self.town.people["payee"]
        self.watcher.step()
        mine = self.watcher.kits(owner.address)
        if self.coin in mine and town.chain.exit_of(self.coin, self.last) is None:
            town.chain.make(owner.sender, mine[self.coin])
        self.wait()
        self.watcher.step()

    def paid(self) -> list[str]:
        """Return the recipients of the coin's payouts."""
        town = self.town
        topics = [town.chain.contract.topic("Claimed"), self.coin.to_bytes(32, "big")]
        logs = town.connection.logs(town.start, town.connection.block_number(), town.chain.address, topics)
        events = [town.chain.contract.decode_log(log) for log in logs]
        return [event.args["owner"] for event in events if event is not None]


class InventedHistory(CoinAttack):
    """The operator invents two transfers that end with the thief, who exits the payee's coin with them."""

    refused_with = "NothingDue"

    def attempt(self) -> None:
        """Attempt the attack; the owner's last transfer was not spent, so that its challenge has no valid response."""
        number = self.invent()
        self.steal(number)
        self.wait(number)


class InventedHistoryOfADeposit(InventedHistory):
    """The operator invents transfers of a coin that its depositor has never spent."""

    scheduler = ("payee",)

    def attempt(self) -> None:
        """Attempt the attack; the deposit was not spent."""
        number = self.invent()
        self.steal(number)
        self.wait(number)


class InventedHistoryInTheDark(CoinAttack):
    """The operator invents two transfers that end with the thief, in blocks that it withholds."""

    refused_with = "NothingDue"

    def attempt(self) -> None:
        """Attempt the attack; the owner's side risks a challenge bond without having seen the blocks."""
        number = self.invent(withhold=True)
        self.steal(number)
        self.wait(number)


class AnswerWithWhatTheThiefSigned(CoinAttack):
    """The thief invents a history, and answers the owner's challenge with a transfer that it signed itself."""

    refused_with = "InvalidSignature"

    def attempt(self) -> None:
        """Attempt the attack; a response must be signed by the owner in the challenge."""
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
    """The thief pays the payee, then itself with the same coin; both are included, and the thief exits."""

    refused_with = "NothingDue"
    scheduler = ("payer", "thief", "payee")

    def attempt(self) -> None:
        """Attempt the attack; only the first spend counts."""
        second = self.town.pass_on(self.coin, "thief", "thief", self.numbers[-2])
        self.steal(second)
        self.wait(second)


class ExitOfASpentCoin(CoinAttack):
    """The thief exits a coin that it has transferred to the payee."""

    refused_with = "NothingDue"
    scheduler = ("payer", "thief", "payee")

    def attempt(self) -> None:
        """Attempt the attack; the thief's own signature refutes the exit."""
        self.steal(self.numbers[-2])
        self.wait(self.numbers[-2])


class ExitOfASpentCoinWhileBlocksAreMissing(ExitOfASpentCoin):
    """The thief exits a coin that it has transferred to the payee, while the operator withholds other blocks."""

    def attempt(self) -> None:
        """Attempt the attack; the visible transfer is sufficient to refute it."""
        self.town.hostile.block(withhold=True)
        self.steal(self.numbers[-2])
        self.wait(self.numbers[-2])


class OldTransferOnceMore(CoinAttack):
    """The operator includes the transfer by which the thief once received the coin again, and the thief exits."""

    refused_with = "NothingDue"
    scheduler = ("payer", "thief", "payee")

    def attempt(self) -> None:
        """Attempt the attack; only the first inclusion counts."""
        town = self.town
        number = town.pass_on(self.coin, "payer", "thief")
        self.steal(number)
        self.wait(number)


class ChallengeSpam(CoinAttack):
    """The thief challenges the payee's exit with every state of the coin, to block it or to exhaust its owner."""

    scheduler = ("payer", "other", "second", "payee")

    def attempt(self) -> None:
        """Attempt the attack; each challenge costs a bond, most of which is added to the exit's."""
        town, owner = self.town, self.town.people["payee"]
        self.watcher.step()
        town.chain.make(owner.sender, self.watcher.kit(self.coin))
        for earlier in self.numbers[:-2]:
            self.thief(lambda earlier=earlier: town.doubt("thief", self.coin, self.last, self.record, earlier))  # type: ignore[misc]
        self.wait()


class CancelWhileChallenged(CoinAttack):
    """The thief cancels its invented exit once it is challenged, to save its bond and lock the challenger's."""

    refused_with = "ExitChallenged"

    def attempt(self) -> None:
        """Attempt the attack; a challenged exit cannot be cancelled (in Loom's Plasma Cash it could)."""
        number = self.invent()
        self.steal(number)
        self.watcher.step()
        sender = self.town.people["thief"].sender
        contract = self.town.chain.contract
        self.thief(lambda: contract.transact(sender, "cancelExit", self.coin, number))


class SomebodyElsesExit(CoinAttack):
    """The thief starts an exit of the payee's transfer, to choose its time or to pass as its owner."""

    refused_with = "UnauthorizedCaller"

    def attempt(self) -> None:
        """Attempt the attack; only the owner can start an exit."""
        self.steal(self.last)


class ExpiredTransfer(CoinAttack):
    """The payee once signed a transfer to the thief; the operator includes it after its expiry."""

    refused_with = "TransferExpired"

    def attempt(self) -> None:
        """Attempt the attack; a transfer after its expiry is invalid."""
        town = self.town
        offer = town.sign(self.coin, "payee", "thief", self.last, expiry=town.chain.next_block())
        town.hostile.block()
        self.steal(town.hostile.block(offer))


class ExitOfAPaidCoin(CoinAttack):
    """After the payee's coin is paid, the thief exits a transfer of it that the operator invents."""

    refused_with = "UnknownCoin"

    def attempt(self) -> None:
        """Attempt the attack; a paid coin no longer exists."""
        self.settle()
        self.steal(self.town.pass_on(self.coin, "thief", "thief", self.last))
