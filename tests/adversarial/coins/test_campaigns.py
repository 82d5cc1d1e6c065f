"""Campaigns of a hostile operator of coins who works for a thief: each honest owner ends with its coin, to the wei.

Owners do one thing: when a watcher says that the chain is not healthy, they take their coins out by its kits. Two
watchers race; the operator serves, withholds and invents as it likes.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest
from tests.support.campaign import SEED
from tests.support.coins.watcher_world import EAGER, ETHER, HALF, CoinWorld

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.records import Receipt
from layer2.plasma.coins.protocol.records import CoinRecord
from layer2.plasma.coins.watcher.watcher import CoinWatcher
from layer2.plasma.common.watcher.alerts import AlertKind

OWNERS = ("payer", "payee", "other")


class Campaign:
    """Coins of honest owners, each come through the thief's hands; two watchers of them."""

    def __init__(self, world: CoinWorld, each: int = 1) -> None:
        self.world = world
        self.coins: dict[int, tuple[str, CoinRecord]] = {}
        self.last: dict[int, int] = {}
        self.old: dict[int, int] = {}
        for who in OWNERS * each:
            coin, record, numbers = world.chain_of("second", "thief", who)
            self.coins[coin] = (who, record)
            self.old[coin], self.last[coin] = numbers
        owners = [world.people[who].address for who in OWNERS]
        self.watchers: list[CoinWatcher] = [
            world.watch(by, by=by, policy=EAGER, owners=owners) for by in ("watcher", "operator")
        ]
        self.loot: list[tuple[int, int]] = []
        self.before = {who: world.balance(who) for who in OWNERS}
        self.thief_before = world.balance("thief")
        self.costs: Counter[str] = Counter()
        self.exits: Counter[str] = Counter()
        self.doubted: Counter[str] = Counter()

    def step(self) -> set[AlertKind]:
        """The watchers look and act, in turn."""
        return set.union(*(one.step().kinds() for one in self.watchers))

    def steal(self, coin: int, number: int) -> None:
        """The thief starts an exit."""
        self.pay("thief", self.world.exit("thief", coin, self.coins[coin][1], number))
        self.loot.append((coin, number))

    def invent(self, coin: int, *, withhold: bool = False) -> None:
        """Two transfers of it that nobody signed, and the exit of the second."""
        one = self.world.pass_on(coin, "thief", "thief", self.last[coin], withhold=withhold)
        self.steal(coin, self.world.pass_on(coin, "thief", "thief", one, withhold=withhold))

    def pay(self, who: str, receipt: Receipt) -> None:
        self.costs[who] += receipt.cost

    def leave(self) -> None:
        """Everybody takes out what is theirs."""
        for who in OWNERS:
            for coin, call in self.watchers[0].kits(self.world.people[who].address).items():
                self.pay(who, self.world.chain.make(self.world.people[who].sender, call))
                self.exits[who] += 1
                assert coin in self.coins

    def end(self) -> None:
        """All time passes; the thief tries to claim first, watchers do the rest."""
        world = self.world
        for _ in range(2):
            self.step()
            world.later(HALF + 1)
        self.step()
        for coin, number in self.loot:
            with pytest.raises(ContractReverted, match="NothingDue"):
                world.claim("thief", coin, self.coins[coin][1], number)
            # What the chain refused it has paid for, too; not counted here, which is to the thief's favour.
        for _ in range(2):
            self.step()

    def check(self) -> None:
        """Everybody has their coins, less bounties; the thief has lost every bond."""
        world, profile = self.world, self.world.chain.profile
        assert not any(world.chain.holds(coin, record) for coin, (_, record) in self.coins.items())
        mine = Counter(who for who, _ in self.coins.values())
        for who in OWNERS:
            assert self.exits[who] == mine[who]
            # Of bonds of doubts that were answered three quarters are the owner's.
            need = mine[who] * (ETHER - profile.bounty) + self.doubted[who] * (
                profile.challenge_bond - profile.answer_pay
            )
            have = world.balance(who) - self.before[who] + self.costs[who]
            assert have == need, f"{who} has {have - need:+} wei"
        assert world.balance("thief") - self.thief_before <= -len(self.loot) * profile.exit_bond


def test_every_fraud_at_once_and_every_owner_ends_with_its_coin(world: CoinWorld) -> None:
    campaign = Campaign(world, each=2)
    campaign.step()
    coins = list(campaign.coins)
    campaign.steal(coins[0], campaign.old[coins[0]])
    campaign.steal(coins[1], world.pass_on(coins[1], "thief", "thief", campaign.old[coins[1]]))
    campaign.steal(coins[5], world.pass_on(coins[5], "second", "thief"))
    campaign.invent(coins[2])
    campaign.invent(coins[3], withhold=True)
    found = campaign.step()
    assert found >= {
        AlertKind.EXIT_SPENT,
        AlertKind.EXIT_DOUBLE_SPENT,
        AlertKind.EXIT_INVENTED,
        AlertKind.BLOCK_WITHHELD,
    }
    assert not campaign.watchers[0].status().healthy
    campaign.leave()
    for coin in coins[3:]:
        who, record = campaign.coins[coin]
        campaign.pay("thief", world.doubt("thief", coin, campaign.last[coin], record))
        campaign.doubted[who] += 1
    campaign.end()
    campaign.check()


@pytest.mark.parametrize("withhold", [False, True])
def test_an_operator_that_takes_every_coin_at_once_gets_none(world: CoinWorld, withhold: bool) -> None:
    """Nobody has to hurry more because others do: coins do not share what is in the vault."""
    campaign = Campaign(world, each=2)
    campaign.step()
    for coin in list(campaign.coins):
        campaign.invent(coin, withhold=withhold)
    campaign.step()
    campaign.leave()
    campaign.end()
    campaign.check()


@pytest.mark.parametrize("seed", range(SEED, SEED + 4))
def test_random_frauds_rob_nobody(world: CoinWorld, seed: int) -> None:
    chance = random.Random(seed)
    campaign = Campaign(world)
    campaign.step()
    for _ in range(6):
        coin = chance.choice(list(campaign.coins))
        fraud = chance.choice(("spent", "double", "again", "invented", "dark", "empty", "reveal", "look"))
        if fraud == "spent" and not world.runs(coin, campaign.old[coin]):
            campaign.steal(coin, campaign.old[coin])
        elif fraud == "double":
            campaign.steal(coin, world.pass_on(coin, "thief", "thief", campaign.old[coin]))
        elif fraud == "again":
            campaign.steal(coin, world.pass_on(coin, "second", "thief"))
        elif fraud in ("invented", "dark"):
            campaign.invent(coin, withhold=fraud == "dark")
        elif fraud == "reveal":
            world.hostile.reveal()
        elif fraud == "empty":
            world.hostile.block(withhold=chance.random() < 0.5)
        campaign.step()
    campaign.leave()
    campaign.end()
    campaign.check()
