"""Where the game of coins ends: what an owner has to avoid, shown on the contract, each beside what is safe."""

from __future__ import annotations

import pytest
from tests.integration.coin_watcher.world import ETHER, HALF, CoinWorld

from layer2.ethereum.errors import ContractReverted
from layer2.plasma.cash.exits import ChallengeView


@pytest.mark.parametrize("known", [False, True])
def test_a_coin_signed_over_into_the_dark_can_be_lost(world: CoinWorld, known: bool) -> None:
    """The operator withholds the block that holds the payer's transfer, and invents two after it.

    The payer's challenge is answered by the payer's own transfer, which nobody else has seen, when no other challenge
    can be made any more. Whoever has seen that block in time challenges with it, and the exit falls.
    """
    coin, record = world.deposit("payer", ETHER)
    hidden = world.pass_on(coin, "payer", "payee", withhold=True)
    one = world.pass_on(coin, "thief", "thief", hidden, withhold=True)
    two = world.pass_on(coin, "thief", "thief", one, withhold=True)
    world.exit("thief", coin, record, two)
    payer = world.watch(owners=[world.people["payer"].address])
    assert payer.step().done() == ["challengeHistoryByDeposit"]
    if known:
        world.doubt("payee", coin, two, record, hidden)
    world.later(HALF + 1)
    challenge = ChallengeView(world.people["watcher"].address, 0, world.people["payer"].address)
    world.answer("thief", coin, two, challenge, hidden)
    world.later(HALF + 1)
    if known:
        with pytest.raises(ContractReverted):
            world.claim("thief", coin, record, two)
        return
    before = world.balance("thief")
    cost = world.claim("thief", coin, record, two).cost
    assert world.balance("thief") - before + cost == ETHER + world.chain.profile.exit_bond
    assert not world.chain.holds(coin, record)


def test_a_coin_that_was_not_signed_over_is_safe_in_the_dark(world: CoinWorld) -> None:
    """Nothing that the operator hides answers the challenge of who has signed nothing."""
    coin, record = world.deposit("payer", ETHER)
    one = world.pass_on(coin, "thief", "thief", 0, withhold=True)
    two = world.pass_on(coin, "thief", "thief", one, withhold=True)
    world.exit("thief", coin, record, two)
    watcher = world.watch(owners=[world.people["payer"].address])
    assert watcher.step().done() == ["challengeHistoryByDeposit"]
    world.later(HALF + 1)
    challenge = ChallengeView(world.people["watcher"].address, 0, world.people["payer"].address)
    with pytest.raises(ContractReverted) as refused:
        world.answer("thief", coin, two, challenge, one)
    assert refused.value.name == "SignatureInvalid"
    world.later(HALF + 1)
    assert watcher.step().done() == ["refuteHistory"]
    assert world.chain.holds(coin, record)
