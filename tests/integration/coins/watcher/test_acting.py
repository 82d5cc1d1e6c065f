"""When a watcher of coins acts beside others, at what price, and what it keeps over a stop."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.coins.watcher_world import EAGER, ETHER, HALF, PERIOD, CoinWorld

from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.watcher.watcher import CoinWatcher
from layer2.plasma.common.errors import JournalMismatch
from layer2.plasma.common.watcher.actions import WatchPolicy
from layer2.plasma.common.watcher.alerts import AlertKind


def wrong_exit(world: CoinWorld) -> int:
    coin, record, _ = world.chain_of("thief", "payee")
    world.exit("thief", coin, record, 0)
    return coin


def invented_exit(world: CoinWorld) -> tuple[int, Any, int]:
    coin, record, numbers = world.chain_of("payer", "payee")
    one = world.pass_on(coin, "thief", "thief", numbers[0])
    two = world.pass_on(coin, "thief", "thief", one)
    world.exit("thief", coin, record, two)
    return coin, record, two


def test_a_watcher_without_a_key_only_tells(world: CoinWorld) -> None:
    watcher = world.watch(by=None)
    coin = wrong_exit(world)
    report = watcher.step()
    assert AlertKind.EXIT_SPENT in report.kinds()
    assert report.acts == []
    assert world.runs(coin, 0)


def test_the_bond_pays_for_the_challenge(world: CoinWorld) -> None:
    watcher = world.watch()
    wrong_exit(world)
    before = world.balance("watcher")
    (act,) = watcher.step().acts
    assert act.receipt is not None
    assert world.balance("watcher") - before == world.chain.profile.exit_bond - act.receipt.cost > 0


def test_two_watchers_race_and_one_wins(world: CoinWorld) -> None:
    """Both have seen it before either acted: the second is told that somebody was faster, and both go on."""
    first, second = world.watch("one"), world.watch("two", by="second")
    coins = [wrong_exit(world) for _ in range(2)]
    for one in (first, second):
        one.sender, kept = None, one.sender
        one.step()
        one.sender = kept
    assert first.step().done() == ["challengeAfter"] * 2
    assert not any(world.runs(coin, 0) for coin in coins)
    sent = world.connection.nonce(world.people["second"].address)
    # Its view may lag behind, as behind a slow node: what it has not read yet it asks for.
    second._follow = lambda report: None  # type: ignore[method-assign]
    assert second.step().acts == []
    assert world.connection.nonce(world.people["second"].address) == sent
    del second._follow
    assert second.step().acts == []


def test_of_two_watchers_one_puts_up_a_bond_against_an_invented_history(world: CoinWorld) -> None:
    owners = [world.people["payee"].address]
    first, second = world.watch("one", owners=owners), world.watch("two", by="second", owners=owners)
    coin, _, number = invented_exit(world)
    assert first.step().done() == ["challengeBefore"]
    report = second.step()
    assert AlertKind.EXIT_INVENTED in report.kinds()
    assert report.acts == []
    world.later(PERIOD + 1)
    assert second.step().acts == [], "the bonds are the other one's"
    assert first.step().done() == ["refuteChallengeResponse"]
    assert not world.runs(coin, number)


def test_a_bond_that_came_too_late_comes_home(world: CoinWorld) -> None:
    """Two watchers challenge in the same block: the exit falls once, and the other bond comes back."""
    owners = [world.people["payee"].address]
    first, second = world.watch("one", owners=owners), world.watch("two", by="second", owners=owners)
    coin, record, number = invented_exit(world)
    first.step()
    world.doubt("second", coin, number, record)
    world.later(PERIOD + 1)
    before = world.balance("second")
    assert first.step().done() == ["refuteChallengeResponse"]
    (act,) = second.step().acts
    assert act.name == "voidChallenge"
    assert act.receipt is not None
    assert world.balance("second") - before == world.chain.profile.challenge_bond - act.receipt.cost


def test_what_is_too_dear_is_said_and_not_sent(world: CoinWorld) -> None:
    watcher = world.watch(policy=WatchPolicy(cap=0, tip=0))
    coin = wrong_exit(world)
    (act,) = watcher.step().acts
    assert (act.done, "more than it is worth" in act.detail) == (False, True)
    assert world.runs(coin, 0)
    watcher.policy = EAGER
    assert watcher.step().done() == ["challengeAfter"]


def test_an_exit_that_stands_though_it_is_wrong_is_an_alarm(world: CoinWorld) -> None:
    watcher = world.watch(by=None, policy=WatchPolicy(stands=60))
    wrong_exit(world)
    assert AlertKind.EXIT_UNCHALLENGED not in watcher.step().kinds()
    world.later(120)
    assert AlertKind.EXIT_UNCHALLENGED in watcher.step().kinds()
    assert not watcher.status().healthy


def test_claims_are_made_together_and_those_of_doubted_or_wrong_exits_not(world: CoinWorld) -> None:
    watcher = world.watch(by=None)
    good = [world.deposit("payer", ETHER) for _ in range(3)]
    for coin, record in good:
        world.exit("payer", coin, record, 0)
    doubted, record, numbers = world.chain_of("payer", "payee", "other")
    world.exit("other", doubted, record, numbers[-1])
    world.doubt("thief", doubted, numbers[-1], record)
    wrong = wrong_exit(world)
    watcher.step()
    world.later(PERIOD + 1)
    watcher.sender = world.people["watcher"].sender
    report = watcher.step()
    assert report.done() == ["challengeAfter", "finalizeExits"]
    assert not any(world.chain.holds(coin, record) for coin, record in good)
    assert world.runs(doubted, numbers[-1])
    assert not world.runs(wrong, 0)


def test_a_watcher_started_again_knows_the_same_without_asking_anybody(world: CoinWorld) -> None:
    watcher = world.watch("kept", by=None)
    coin, record, numbers = world.chain_of("payer", "payee", "other")
    world.pass_on(coin, "thief", "thief", numbers[-1])
    world.exit("payer", coin, record, 0)
    watcher.step()
    before = watcher.status()
    watcher.close()
    world.hostile.withheld |= {1, 2, 3}
    again = world.watch("kept")
    report = again.step()
    assert AlertKind.SOURCE_FAULTY not in report.kinds()
    assert again.status() == before
    assert report.done() == ["challengeAfter"]
    fresh = world.watch(None, by=None, source=[])
    assert AlertKind.BLOCK_WITHHELD in fresh.step().kinds()


def test_bodies_that_are_lost_are_fetched_again(world: CoinWorld) -> None:
    watcher = world.watch("kept", by=None)
    world.chain_of("payer", "payee", "other")
    watcher.step()
    watcher.close()
    for one in (world.folder / "kept").glob("watcher.bodies*"):
        one.unlink()
    again = world.watch("kept", by=None)
    assert again.status().known == 0
    again.step()
    assert again.status().known == 2


def test_a_folder_of_another_contract_is_refused(world: CoinWorld) -> None:
    world.watch("kept").close()
    operator = world.people["operator"].sender
    other = CoinChain.deploy(operator, operator.address)
    with pytest.raises(JournalMismatch):
        CoinWatcher(other, world.hostile, world.folder / "kept", start_block=world.start)
    world.watch("kept").close()


def test_an_answer_comes_before_it_would_delay_the_exit_and_not_twice(world: CoinWorld) -> None:
    watcher, other = world.watch("one"), world.watch("two", by="second")
    coin, record, numbers = world.chain_of("payer", "payee", "other")
    world.exit("other", coin, record, numbers[-1])
    world.doubt("thief", coin, numbers[-1], record)
    assert watcher.step().acts == []
    world.later(HALF + 1)
    assert watcher.step().done() == ["respondChallengeBefore"]
    assert other.step().acts == []


@pytest.mark.parametrize(("price", "done"), [(1, ["respondChallengeBefore"]), (1_000, [])])
def test_an_answer_for_others_is_given_when_its_pay_covers_it(world: CoinWorld, price: int, done: list[str]) -> None:
    """A watcher that gives nothing away answers for a quarter of the challenge's bond, and not for more than that."""
    policy = WatchPolicy(patience=0, loss=0, urgent=0, cap=10**13, tip=price * 10**9)
    watcher = world.watch("one", policy=policy)
    coin, record, numbers = world.chain_of("payer", "payee", "other")
    world.exit("other", coin, record, numbers[-1])
    world.doubt("thief", coin, numbers[-1], record)
    watcher.step()
    world.later(HALF + 1)
    before = world.connection.balance(world.people["watcher"].sender.address)
    report = watcher.step()
    assert report.done() == done
    gained = world.connection.balance(world.people["watcher"].sender.address) - before
    paid = sum(act.receipt.cost for act in report.acts if act.receipt is not None)
    assert gained == len(done) * world.chain.profile.answer_pay - paid
    assert gained >= 0
