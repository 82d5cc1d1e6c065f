"""Every named adversary of the root chain: refused for its own reason, or none the richer, and nobody held up."""

from __future__ import annotations

import pytest
from tests.support.payments.watcher_world import World

from layer2.ethereum.errors import ContractReverted
from layer2.testing.adversaries.base import adversaries
from layer2.testing.adversaries.payments import attacks as plasmaattacks
from layer2.testing.adversaries.payments import theft as plasmathefts
from layer2.testing.adversaries.payments.attacks import PlasmaAttack

ROOMS = (plasmaattacks.__name__, plasmathefts.__name__)
ATTACKS = {name: one for name, one in adversaries().items() if one.__module__ in ROOMS}


def test_there_are_attacks_and_each_tells_its_story() -> None:
    assert len(ATTACKS) == 17
    assert len({one.__doc__ for one in ATTACKS.values()}) == len(ATTACKS)


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_no_adversary_gains_and_each_is_stopped_where_it_should_be(world: World, name: str) -> None:
    attack = ATTACKS[name](world)
    record = attack.run()
    assert not record.profitable, record
    if attack.refused_with is None:
        assert record.refusal is None
    else:
        assert isinstance(record.refusal, ContractReverted)
        assert record.refusal.name == attack.refused_with
    # Nothing that was tried stops the honest.
    attack.honest_leave()


class RobbedChain(PlasmaAttack):
    """Control: the attacker is paid by somebody, as a broken chain would pay it."""

    def attempt(self) -> None:
        self.stage.payer.send(self.thief.address, b"", 1_000)


def test_an_attack_that_did_pay_would_be_seen(world: World) -> None:
    assert RobbedChain(world).run().profitable
