"""When a watcher acts, what it pays for it, and what it does beside another one."""

from __future__ import annotations

import pytest
from tests.support.payments.watcher_world import ETHER, W, World

from layer2.ethereum.errors import ConnectionFailed
from layer2.plasma.common.watcher.actions import GAS, Plan, WatchPolicy
from layer2.plasma.common.watcher.alerts import AlertKind
from layer2.plasma.payments.chain.contract import ExitStatus, Proof
from layer2.plasma.payments.chain.exit_proofs import Kit

GWEI = 10**9


def wrong_exit(world: World) -> Kit:
    kit = world.deposit(world.thief)
    world.hostile.block([world.pay([(world.thief, kit)], [(world.payee, ETHER)])])
    world.exit(world.thief, kit)
    return kit


def test_a_watcher_without_a_key_only_tells(world: World) -> None:
    watcher = world.watch()
    kit = wrong_exit(world)
    report = watcher.step()
    assert report.kinds() == {AlertKind.EXIT_SPENT}
    assert report.acts == []
    assert world.status(kit) is ExitStatus.OPEN


def test_the_bond_pays_for_the_challenge(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    wrong_exit(world)
    before = world.connection.balance(world.watcher.address)
    (act,) = watcher.step().acts
    assert act.receipt is not None
    gained = world.connection.balance(world.watcher.address) - before
    assert gained == world.root.profile.exit_bond - act.receipt.cost
    assert gained > 0


def test_two_watchers_race_and_one_wins(world: World) -> None:
    """Both have seen it before either acted: the second is told that somebody was faster, and both go on."""
    first, second = world.watch("one", sender=world.watcher), world.watch("two", sender=world.second)
    kits = [wrong_exit(world) for _ in range(3)]
    for one in (first, second):
        one.sender, kept = None, one.sender
        one.step()
        one.sender = kept
    assert first.step().done() == ["challengeExit"] * 3
    assert all(world.status(kit) is ExitStatus.CHALLENGED for kit in kits)
    costs = world.connection.nonce(world.second.address)
    # Its view may lag behind, as behind a slow node: what it has not read yet it asks for before it sends.
    second._follow = lambda report: None  # type: ignore[method-assign]
    report = second.step()
    assert {(act.done, act.detail) for act in report.acts} == {(False, "somebody else was faster")}
    assert world.connection.nonce(world.second.address) == costs
    del second._follow
    assert second.step().acts == []


def test_turns_spread_watchers_and_end_before_the_deadline(world: World) -> None:
    policy = WatchPolicy(turns=8, turn=60)
    plans = [Plan("challengeExit", bytes((at,)), (), 1, 3600) for at in range(64)]
    starts = {policy.wait(b"one", plan, 0) for plan in plans}
    assert starts == {60 * turn for turn in range(8)}
    assert [policy.wait(b"one", plan, 0) for plan in plans] != [policy.wait(b"two", plan, 0) for plan in plans]
    # Little time left: all turns fit into half of it.
    assert max(policy.wait(b"one", plan, 3600 - 160) for plan in plans) <= 3600 - 80
    assert WatchPolicy().wait(b"one", plans[0], 7) == 7


def test_a_watcher_waits_for_its_turn_and_acts_in_it(world: World) -> None:
    policy = WatchPolicy(turns=4, turn=100)
    first = world.watch("one", sender=world.watcher, policy=policy)
    second = world.watch("two", sender=world.second, policy=policy)
    kits = [wrong_exit(world) for _ in range(8)]
    # Seen by both before anybody's turn but the first.
    done = [(one.step().done(), name) for name, one in (("one", first), ("two", second))]
    early = sum(len(acts) for acts, _ in done)
    assert early < len(kits)
    for _ in range(4):
        world.later(100)
        first.step()
        second.step()
    assert all(world.status(kit) is ExitStatus.CHALLENGED for kit in kits)
    assert min(world.connection.nonce(one.address) for one in (world.watcher, world.second)) > 0


def test_a_challenge_that_does_not_pay_waits_until_it_is_urgent() -> None:
    policy = WatchPolicy(loss=ETHER, urgent=600)
    plan = Plan("challengeExit", b"", (), 100 * GWEI * GAS["challengeExit"], deadline=3600)
    assert policy.price(plan, 50 * GWEI, 0) == 100 * GWEI
    assert policy.price(plan, 100 * GWEI, 0) == 0
    assert policy.price(plan, 100 * GWEI, 3001) == policy.cap
    assert policy.price(plan, policy.cap, 3001) == 0, "never above the cap"
    claim = Plan("processExits", b"", (), 10**14, deadline=3600, duty=False)
    assert policy.price(claim, 100 * GWEI, 3599) == 0, "a claim is nobody's duty"


def test_what_is_too_dear_is_said_and_not_sent(world: World) -> None:
    watcher = world.watch(sender=world.watcher, policy=WatchPolicy(cap=0, tip=0))
    kit = wrong_exit(world)
    (act,) = watcher.step().acts
    assert not act.done
    assert "more than it is worth" in act.detail
    assert world.status(kit) is ExitStatus.OPEN
    watcher.policy = WatchPolicy()
    assert watcher.step().done() == ["challengeExit"]


def test_claims_are_made_together_and_earn_bounties(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    kits = [world.deposit(world.payer) for _ in range(5)]
    world.exit(world.payer, *kits)
    assert watcher.step().acts == []
    world.later(W + 1)
    before = world.connection.balance(world.watcher.address)
    (act,) = watcher.step().acts
    assert act.done
    assert act.receipt is not None
    assert all(world.status(kit) is ExitStatus.PAID for kit in kits)
    gained = world.connection.balance(world.watcher.address) - before
    assert gained == 5 * world.root.profile.bounty - act.receipt.cost
    assert watcher.step().acts == []


def test_a_watcher_told_not_to_claim_does_not(world: World) -> None:
    watcher = world.watch(sender=world.watcher, policy=WatchPolicy(claims=0))
    kit = world.deposit(world.payer)
    world.exit(world.payer, kit)
    world.later(W + 1)
    assert watcher.step().acts == []
    assert world.status(kit) is ExitStatus.OPEN


# ---------------------------------------------------------------------------------------------------------------- data


def test_a_withheld_block_is_asked_for_and_the_chain_frozen_if_nobody_shows_it(world: World) -> None:
    watcher = world.watch(sender=world.watcher, policy=WatchPolicy(patience=0, question=100))
    lie = world.hostile.withheld_mint(ETHER)
    assert watcher.step().acts == []
    world.later(101)
    report = watcher.step()
    assert report.done() == ["challengeData"]
    report = watcher.step()
    assert report.kinds() == {AlertKind.DATA_CHALLENGED}
    assert report.acts == [], "asked once"
    world.later(world.root.profile.data_delay + 1)
    assert watcher.step().done() == ["freeze"]
    assert watcher.step().kinds() == {AlertKind.FROZEN}
    assert world.root.head()[3]
    assert watcher.status().frozen
    assert lie.number in watcher.missing()


def test_what_somebody_asks_for_is_shown_by_who_has_it(world: World) -> None:
    """A bond behind a question about a block that is there goes to who answers."""
    watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.payer)
    lie = world.hostile.block([world.pay([(world.payer, kit)], [(world.payee, ETHER)])])
    word = lie.header.time << 32 | lie.header.count
    world.root.challenge_data(world.thief, lie.number, 0, lie.header.root, word)
    report = watcher.step()
    assert report.kinds() == {AlertKind.DATA_CHALLENGED}
    assert report.done() == ["showData"]
    world.later(world.root.profile.data_delay + 1)
    assert watcher.step().acts == []
    assert not world.root.head()[3]


def test_what_is_shown_and_is_no_transaction_proves_a_block_bad_without_its_body(world: World) -> None:
    watcher = world.watch()
    lie = world.hostile.malformed(ETHER)
    body = world.hostile.body(lie.number)
    assert body is not None
    world.hostile.withheld.add(lie.number)
    word = lie.header.time << 32 | lie.header.count
    world.root.challenge_data(world.payer, lie.number, 0, lie.header.root, word)
    assert watcher.status().invalid is None
    packed = body[2 : 2 + int.from_bytes(body[:2], "big")]
    path = world.hostile.tree(lie.number).proof(0)
    world.root.show_data(world.operator, Proof(lie.number << 24, word, packed, path))
    assert AlertKind.BLOCK_INVALID in watcher.step().kinds()
    assert watcher.status().invalid == lie.number


# ------------------------------------------------------------------------------------------------------- never stops


def test_a_node_that_is_away_is_said_and_all_goes_on_when_it_is_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = world.watch(sender=world.watcher)
    kit = wrong_exit(world)

    def gone(*_: object) -> None:
        raise ConnectionFailed("nobody there")

    with monkeypatch.context() as patch:
        patch.setattr(world.connection, "logs", gone)
        assert watcher.step().kinds() == {AlertKind.CHAIN_AWAY}
    assert watcher.step().done() == ["challengeExit"]
    assert world.status(kit) is ExitStatus.CHALLENGED
    assert watcher.status().standing == () or watcher.step().findings == []


def test_an_event_that_cannot_be_read_is_named_and_passed_over(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    watcher = world.watch(sender=world.watcher)
    world.deposit(world.payer)
    contract = world.root.contract
    right = contract.decode_log

    def garbled(log):  # type: ignore[no-untyped-def]
        event = right(log)
        if event is not None and event.name == "Deposited":
            raise ValueError("garbled")
        return event

    with monkeypatch.context() as patch:
        patch.setattr(contract, "decode_log", garbled)
        assert watcher.step().kinds() == {AlertKind.EVENT_ODD}
    kit = wrong_exit(world)
    # The deposit's number is missing now, so nothing of it is believed; what can be proven is still acted upon.
    assert watcher.step().done() == ["challengeExit"]
    assert world.status(kit) is ExitStatus.CHALLENGED


def test_another_operator_is_announced_and_takes_over(world: World) -> None:
    watcher = world.watch()
    world.root.propose_operator(world.operator, world.second.address)
    assert watcher.step().kinds() == {AlertKind.OPERATOR_ANNOUNCED}
    assert watcher.status().operator == world.operator.address
    world.later(world.root.profile.rotation_delay + 1)
    world.root.accept_operator(world.second)
    assert watcher.step().kinds() == {AlertKind.OPERATOR_CHANGED}
    assert watcher.status().operator == world.second.address


def test_another_contract_under_the_same_address_is_named(world: World) -> None:
    watcher = world.watch("kept")
    assert watcher.step().findings == []
    journal = watcher.journal
    assert journal is not None
    journal.put_meta("contract", bytes(32))
    watcher.close()
    watcher = world.watch("kept")
    assert watcher.step().findings == [], "what was not committed is gone"
    assert watcher.journal is not None
    watcher.journal.put_meta("contract", bytes(32))
    watcher.journal.commit()
    watcher.close()
    assert world.watch("kept").step().kinds() == {AlertKind.PARAMETERS_CHANGED}
