"""Every named adversary of the rollup: refused for its own reason, or none the richer."""

from __future__ import annotations

import pytest

from layer2.ethereum.errors import ContractReverted
from layer2.testing.adversaries.base import adversaries
from layer2.testing.adversaries.rollup import attacks as rollupattacks
from layer2.testing.adversaries.rollup import sale_attacks as rollupsales
from layer2.testing.adversaries.rollup import theft as rolluptheft
from layer2.testing.adversaries.rollup import verdict_attacks as rollupverdicts
from layer2.testing.adversaries.rollup.attacks import RollupAttack, RollupStage

ROOMS = tuple(one.__name__ for one in (rollupattacks, rollupsales, rolluptheft, rollupverdicts))
ATTACKS = {name: one for name, one in adversaries().items() if one.__module__ in ROOMS}


@pytest.fixture
def stage(l2, people) -> RollupStage:
    return RollupStage(l2, people.sequencer, people.payer, people.payee, people.attacker)


def test_there_are_attacks_and_each_tells_its_story() -> None:
    assert len(ATTACKS) == 25
    assert len({one.__doc__ for one in ATTACKS.values()}) == len(ATTACKS)


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_no_adversary_gains_and_each_is_stopped_where_it_should_be(stage: RollupStage, name: str) -> None:
    attack = ATTACKS[name](stage)
    record = attack.run()
    assert not record.profitable, record
    if attack.refused_with is None:
        assert record.refusal is None
    else:
        assert isinstance(record.refusal, ContractReverted)
        assert record.refusal.name == attack.refused_with
    # Nothing that was tried stops the honest: they go on and take their money out.
    if "frozen" not in name:
        attack.payee.withdraw(1_000)
        stage.l2.post()
        attack.convict()
        stage.l2.settle()
        assert attack.payee.claim_all()


class RobbedVault(RollupAttack):
    """Control: the attacker is paid by somebody, as a broken vault would pay it."""

    def attempt(self) -> None:
        self.payer.sender.send(self.attacker.address, b"", 1_000)


def test_an_attack_that_did_pay_would_be_seen(stage: RollupStage) -> None:
    assert RobbedVault(stage).run().profitable


def test_a_liar_that_convicts_itself_loses_half(stage: RollupStage) -> None:
    record = rollupattacks.LiarConvictsItself(stage).run()
    assert record.gain == {"ether": -(stage.l2.profile.bond // 2)}
