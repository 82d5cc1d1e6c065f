"""Every named adversary of coins: refused for its own reason, none the richer, and the payee ends with its coin."""

from __future__ import annotations

import pytest
from tests.support.coins.watcher_world import CoinWorld

from layer2.ethereum.errors import ContractReverted
from layer2.plasma.coins.watcher.exit_rules import CoinExitChecker
from layer2.plasma.payments.watcher.exit_rules import ExitVerdict
from layer2.testing.adversaries.base import adversaries
from layer2.testing.adversaries.coins import attacks as coinattacks
from layer2.testing.adversaries.coins.attacks import CoinAttack

ATTACKS = {name: one for name, one in adversaries().items() if issubclass(one, CoinAttack)}


def test_there_are_attacks_and_each_tells_its_story() -> None:
    assert len(ATTACKS) == 13
    assert all(one.__module__ == coinattacks.__name__ for one in ATTACKS.values())
    assert len({one.__doc__ for one in ATTACKS.values()}) == len(ATTACKS)


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_no_adversary_gains_and_each_owner_ends_with_its_coin(world: CoinWorld, name: str) -> None:
    attack = ATTACKS[name](world)
    before = attack.holdings()["ether"]
    record = attack.run()
    attack.settle()
    assert not record.profitable, record
    assert attack.holdings()["ether"] <= before, "nothing came to it afterwards either"
    assert attack.paid() == [world.people["payee"].address]
    if attack.refused_with is None:
        assert record.accepted
    else:
        assert isinstance(record.refusal, ContractReverted), record
        assert record.refusal.name == attack.refused_with


@pytest.mark.parametrize("name", ["exit of a spent coin", "invented history", "double spend in two blocks"])
def test_without_a_watcher_they_would_gain(world: CoinWorld, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CoinExitChecker, "exit", lambda self, one, now: ExitVerdict())
    attack = ATTACKS[name](world)
    attack.watcher.sender = None
    assert attack.run().profitable
    assert attack.paid() == [world.people["thief"].address]
