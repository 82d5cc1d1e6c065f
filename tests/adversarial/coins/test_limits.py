"""Coins and withheld blocks: whoever owns a coin ends with it, whether the block that holds it is shown or not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.coins.watcher_world import ETHER, HALF, CoinWorld

from layer2.ethereum.errors import ContractReverted
from layer2.plasma.coins.chain.exit_proofs import ChallengeView
from layer2.plasma.coins.chain.state import CoinChainState
from layer2.plasma.coins.protocol.errors import CoinRefused
from layer2.plasma.coins.wallet.coin_store import CoinStore
from layer2.plasma.coins.wallet.wallet import CoinWallet
from layer2.store.journal import Journal


class Dark:
    """The operator withholds the block that holds the payer's transfer, invents two after it, and the thief exits."""

    def __init__(self, world: CoinWorld) -> None:
        self.world = world
        self.coin, self.record = world.deposit("payer", ETHER)
        self.hidden = world.pass_on(self.coin, "payer", "payee", withhold=True)
        one = world.pass_on(self.coin, "thief", "thief", self.hidden, withhold=True)
        self.last = world.pass_on(self.coin, "thief", "thief", one, withhold=True)
        world.exit("thief", self.coin, self.record, self.last)
        self.due = world.chain.exit(self.coin, self.last).exitable_at

    def answer(self, by: str, moment: int) -> None:
        """The thief shows the hidden block in the last second that it has."""
        world = self.world
        challenge = ChallengeView(world.people[by].address, 0, world.people["payer"].address)
        world.connection.set_next_timestamp(moment)
        world.answer("thief", self.coin, self.last, challenge, self.hidden)

    def later(self, moment: int) -> None:
        self.world.later(moment - self.world.connection.timestamp())


def test_a_coin_signed_over_into_the_dark_ends_with_its_owner(world: CoinWorld) -> None:
    """The payer's challenge makes the operator show the block: the payee's watcher challenges with that answer."""
    dark = Dark(world)
    payer = world.watch(owners=[world.people["payer"].address])
    payee = world.watch("payee", by="other", owners=[world.people["payee"].address])
    assert payer.step().done() == ["challengeBeforeByDeposit"]
    assert payee.step().done() == []
    dark.answer("watcher", dark.due)
    # The last moment but a few seconds; it would be paid after it.
    dark.later(dark.due + HALF - 5)
    before = world.balance("thief")
    assert payee.step().done() == ["challengeBefore"]
    assert payer.step().done() == []
    world.later(6)
    with pytest.raises(ContractReverted) as refused:
        world.claim("thief", dark.coin, dark.record, dark.last)
    assert refused.value.name == "NothingDue"
    world.later(HALF)
    assert payee.step().done() == ["refuteChallengeResponse"]
    assert world.balance("thief") < before
    assert world.chain.holds(dark.coin, dark.record)


def test_a_payee_in_the_dark_defends_and_takes_out_its_coin_with_its_wallet(world: CoinWorld, tmp_path: Path) -> None:
    """No body, no history from anybody: the answer on the chain is all it has."""
    dark = Dark(world)
    payer = world.watch(owners=[world.people["payer"].address])
    assert payer.step().done() == ["challengeBeforeByDeposit"]
    with Journal(tmp_path / "payee", kind="coin wallet") as journal:
        person = world.people["payee"]
        chain_state = CoinChainState(world.chain, start_block=world.start)
        holder = CoinWallet(CoinStore(world.chain, person.key, journal, chain_state), person.sender)
        assert holder.guard() == []
        with pytest.raises(CoinRefused):
            holder.exit(dark.coin)
        dark.answer("watcher", dark.due)
        assert [one.name for one in holder.guard()] == ["challengeBefore"]
        assert holder.guard() == []
        assert holder.exit(dark.coin).number == dark.hidden
        world.later(HALF + 1)
        assert [one.name for one in holder.guard()] == ["refuteChallengeResponse"]
        world.later(HALF)
        before = world.balance("payee")
        claimed, receipt = holder.claim()
        assert claimed == [dark.coin]
        assert receipt is not None
        profile = world.chain.profile
        assert world.balance("payee") - before + receipt.cost == ETHER + profile.exit_bond
    assert not world.chain.holds(dark.coin, dark.record)


def test_a_coin_in_the_dark_that_nobody_looks_after_is_lost(world: CoinWorld) -> None:
    """Where the game ends: neither payer nor payee challenges while the exit waits, or after the answer."""
    dark = Dark(world)
    payer = world.watch(owners=[world.people["payer"].address])
    assert payer.step().done() == ["challengeBeforeByDeposit"]
    dark.answer("watcher", dark.due)
    # Its coin is another's now, for all that the answer says: a second bond would be lost as well.
    assert payer.step().done() == []
    dark.later(dark.due + HALF + 1)
    world.claim("thief", dark.coin, dark.record, dark.last)
    assert not world.chain.holds(dark.coin, dark.record)


def test_a_coin_that_was_not_signed_over_is_safe_in_the_dark(world: CoinWorld) -> None:
    """Nothing that the operator hides answers the challenge of who has signed nothing."""
    coin, record = world.deposit("payer", ETHER)
    one = world.pass_on(coin, "thief", "thief", 0, withhold=True)
    two = world.pass_on(coin, "thief", "thief", one, withhold=True)
    world.exit("thief", coin, record, two)
    watcher = world.watch(owners=[world.people["payer"].address])
    assert watcher.step().done() == ["challengeBeforeByDeposit"]
    world.later(HALF + 1)
    challenge = ChallengeView(world.people["watcher"].address, 0, world.people["payer"].address)
    with pytest.raises(ContractReverted) as refused:
        world.answer("thief", coin, two, challenge, one)
    assert refused.value.name == "InvalidSignature"
    world.later(HALF + 1)
    assert watcher.step().done() == ["refuteChallengeResponse"]
    assert world.chain.holds(coin, record)
