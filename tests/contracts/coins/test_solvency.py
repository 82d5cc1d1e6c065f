"""Whatever people and operator do in whatever order: the vault holds every coin and every bond, to the wei."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.coins.builder import (
    BOUNTY,
    CHALLENGE_BOND,
    ETHER,
    EXIT_BOND,
    JOINED,
    PERIOD,
    Coin,
    Player,
    Stage,
    Step,
)

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.records import Receipt

WEIGHTS = {
    "deposit": 1,
    "move": 4,
    "invent": 2,
    "exit": 8,
    "spent": 3,
    "double": 5,
    "history": 12,
    "answer": 5,
    "refute": 3,
    "void": 4,
    "cancel": 2,
    "claim": 2,
}
REFUSALS = {
    "BlockOutOfRange",
    "ChallengeOpen",
    "UnknownCoin",
    "ExitChallenged",
    "UnknownExit",
    "ExitRunning",
    "NothingDue",
    "InvalidSignature",
    "TooEarly",
    "TooLate",
}
"""Why the contract refuses what is nonsense; each of them occurs."""


class Campaign:
    """Random actions, most of them nonsense, and the books that the events keep."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage = stage
        self.random = random.Random(seed)
        self.people = {one.address: one for one in (stage.payer, stage.payee, stage.watcher, stage.thief)}
        self.coins: dict[int, Coin] = {}
        self.steps: dict[int, list[Step]] = {}
        self.unpaid: dict[int, int] = {}
        self.exits: set[tuple[int, int]] = set()
        self.open: set[tuple[int, int, int, tuple[object, ...]]] = set()
        self.answered: dict[tuple[int, int], int] = {}
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def anybody(self) -> Player:
        return self.random.choice(list(self.people.values()))

    def coin(self) -> Coin:
        return self.coins[self.random.choice(list(self.coins))]

    def step(self, coin: Coin) -> Step | None:
        return self.random.choice([None, *self.steps[coin.id]])

    def number(self, coin: Coin) -> int:
        running = [number for one, number in self.exits if one == coin.id]
        return self.random.choice(running or [0])

    def owner(self, coin: Coin, step: Step | None) -> Player:
        return self.people[step.transfer.new_owner if step else coin.record[0]]

    # ---------------------------------------------------------------------------------------------------- actions

    def deposit(self) -> Receipt:
        return self.stage.act(self.anybody(), "depositETH", value=self.random.randint(1, 5) * ETHER)

    def move(self) -> None:
        coin = self.coin()
        after = self.steps[coin.id][-1] if self.steps[coin.id] and self.random.random() < 0.7 else self.step(coin)
        self.steps[coin.id].append(self.stage.step(coin, self.owner(coin, after), self.anybody(), after or 0))

    def invent(self) -> None:
        coin, thief = self.coin(), self.stage.thief
        first = self.stage.step(coin, thief, thief, self.step(coin) or 0)
        self.steps[coin.id] += [first, self.stage.step(coin, thief, self.anybody(), first)]

    def exit(self) -> Receipt:
        coin = self.coin()
        last = self.step(coin)
        if last is None:
            return self.stage.exit_deposit(self.owner(coin, None), coin)
        prev = next((one for one in self.steps[coin.id] if one.number == last.transfer.prev_block), None)
        return self.stage.exit(self.owner(coin, last), coin, prev, last)

    def spent(self) -> Receipt | None:
        coin = self.coin()
        number = self.number(coin)
        spends = [one for one in self.steps[coin.id] if one.transfer.prev_block == number]
        return self.stage.spent(self.anybody(), coin, number, self.random.choice(spends)) if spends else None

    def double(self) -> Receipt | None:
        found = []
        for coin, number in sorted(self.exits):
            prev = self.stage.chain.call("exits", coin, number)[5]
            others = [one for one in self.steps[coin] if one.transfer.prev_block == prev and one.number < number]
            found += [(self.coins[coin], number, one) for one in others]
        return self.stage.double_spent(self.anybody(), *self.random.choice(found)) if found else None

    def history(self) -> Receipt:
        coin = self.coin()
        number, person = self.number(coin), self.anybody()
        before = self.stage.chain.call("exits", coin.id, number)[5]
        earlier = self.random.choice([None, *(one for one in self.steps[coin.id] if one.number < before)])
        name, shown = ("challengeBefore", earlier.shown) if earlier else ("challengeBeforeByDeposit", coin.record)
        return self.stage.act(person, name, coin.id, number, shown, value=CHALLENGE_BOND)

    def answer(self) -> Receipt | None:
        if not self.open:
            return None
        coin, number, _, challenge = self.random.choice(sorted(self.open, key=repr))
        spends = [one for one in self.steps[coin] if one.transfer.prev_block == challenge[1]]
        if not spends:
            return None
        self.stage.connection.advance(self.random.choice((1, 1, PERIOD // 2)))
        return self.stage.answer(self.anybody(), self.coins[coin], number, challenge, self.random.choice(spends))

    def refute(self) -> Receipt | None:
        return self._with_challenge("refuteChallengeResponse", False)

    def void(self) -> Receipt | None:
        return self._with_challenge("voidChallenge", True)

    def cancel(self) -> Receipt | None:
        if not self.exits:
            return None
        coin, number = self.random.choice(sorted(self.exits))
        owner = self.stage.chain.call("exits", coin, number)[0]
        return self.stage.act(self.people[owner], "cancelExit", coin, number)

    def claim(self) -> Receipt | None:
        self.stage.connection.advance(self.random.choice((1, PERIOD // 2, PERIOD)))
        if not self.exits:
            return None
        dues = [(self.coins[coin], number) for coin, number in sorted(self.exits)]
        return self.stage.claim(self.anybody(), *self.random.choices(dues, k=3))

    def _with_challenge(self, name: str, nonce: bool) -> Receipt | None:
        if not self.open:
            return None
        coin, number, start, challenge = self.random.choice(sorted(self.open, key=repr))
        return self.stage.act(self.anybody(), name, coin, number, *([start] if nonce else []), challenge)

    # ------------------------------------------------------------------------------------------------------ books

    def record(self, receipt: Receipt) -> None:
        for event in self.stage.chain.events(receipt):
            args = event.args
            place = (args.get("coin", 0), args.get("number", 0))
            if event.name == "CoinDeposited":
                self.coins[args["coin"]] = self.stage.made(receipt)
                self.steps[args["coin"]] = []
                self.unpaid[args["coin"]] = args["value"]
            elif event.name == "ExitStarted":
                assert place not in self.exits
                self.exits.add(place)
            elif event.name in ("ExitCancelled", "ExitRefuted", "Claimed"):
                self.exits.remove(place)
                self.answered.pop(place, None)
                if event.name == "Claimed":
                    # A second payment of a coin fails here.
                    del self.unpaid[args["coin"]]
            if event.name == "ChallengedBefore":
                self.open.add((*place, args["nonce"], _plain(args["challenge"])))
            elif event.name == "ChallengeBeforeResponded":
                answered = [one for one in self.open if self._id(one) == bytes(args["challenge"])]
                self.open.remove(answered[0])
                self.answered[place] = self.answered.get(place, 0) + 1
            elif event.name == "ChallengeVoided":
                self.open.remove((*place, args["nonce"], _plain(args["challenge"])))
            elif event.name == "ExitRefuted" and args["reason"] == 2:
                nonce = self.stage.chain.call("exits", *place)[6]
                gone = [one for one in self.open if not self.stage.chain.call("challenges", self._id(one))]
                assert [one[:3] for one in gone] == [(*place, nonce)]
                self.open.remove(gone[0])

    def _id(self, one: tuple[int, int, int, tuple[object, ...]]) -> bytes:
        return bytes(self.stage.chain.call("challengeId", *one))

    def expected(self) -> int:
        challenges = CHALLENGE_BOND * len(self.open) + JOINED * sum(self.answered.values())
        return sum(self.unpaid.values()) + EXIT_BOND * len(self.exits) + challenges

    def run(self, count: int) -> None:
        self.record(self.deposit())
        for _ in range(count):
            name = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            act: Callable[[], Receipt | None] = getattr(self, name)
            try:
                receipt = act()
            except ContractReverted as refusal:
                self.refused[refusal.name] += 1
                continue
            if receipt is not None:
                self.done[name] += 1
                self.record(receipt)
            assert self.stage.connection.balance(self.stage.chain.address) == self.expected()


def _plain(challenge: Any) -> tuple[object, ...]:
    return tuple(challenge.values()) if isinstance(challenge, dict) else tuple(challenge)


@pytest.mark.slow
def test_the_vault_is_solvent_whatever_happens(stage: Stage) -> None:
    assert BOUNTY < EXIT_BOND
    done, refused = Counter[str](), Counter[str]()
    for seed in range(6):
        before = stage.connection.snapshot()
        campaign = Campaign(stage, seed)
        campaign.run(180)
        done += campaign.done
        refused += campaign.refused
        stage.connection.revert(before)
    assert {name for name in WEIGHTS if name not in ("move", "invent") and not done[name]} == set(), done
    assert refused.keys() == REFUSALS, refused
