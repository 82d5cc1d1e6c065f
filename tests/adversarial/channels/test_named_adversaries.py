"""Every named adversary of the hub: refused for its own reason, or none the richer."""

from __future__ import annotations

import pytest

from layer2.ethereum.errors import ContractReverted
from layer2.testing.adversaries.base import adversaries
from layer2.testing.adversaries.channels import attacks as hubattacks
from layer2.testing.adversaries.channels import lock_attacks as hublockattacks
from layer2.testing.adversaries.channels.attacks import HubAttack
from layer2.testing.adversaries.channels.world import GasWorld

ATTACKS = {name: one for name, one in adversaries().items() if issubclass(one, HubAttack)}


def test_there_are_attacks_and_each_tells_its_story() -> None:
    assert len(ATTACKS) == 25
    assert {one.__module__ for one in ATTACKS.values()} == {hubattacks.__name__, hublockattacks.__name__}
    assert len({one.__doc__ for one in ATTACKS.values()}) == len(ATTACKS)


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_no_adversary_gains_and_each_is_stopped_where_it_should_be(world: GasWorld, name: str) -> None:
    attack = ATTACKS[name](world)
    record = attack.run()
    attack.settle()
    assert attack.got <= attack.fair
    assert not record.profitable, record
    if attack.refused_with is None:
        assert record.accepted
        assert attack.got == attack.fair
    else:
        assert isinstance(record.refusal, ContractReverted)
        assert record.refusal.name == attack.refused_with


class RobbedBank(HubAttack):
    """Control: counts a payout that nobody made, as a broken hub would make it."""

    def attempt(self) -> None:
        self.got = 5 * self.fair


def test_an_attack_that_did_pay_would_be_seen(world: GasWorld) -> None:
    assert RobbedBank(world).run().profitable
