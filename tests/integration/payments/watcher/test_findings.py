"""Every class of wrong is found, named, and acted upon; beside each the honest twin, of which nothing is said."""

from __future__ import annotations

import pytest
from tests.support.payments.watcher_world import ETHER, W, World

from layer2.plasma.common.watcher.actions import WatchPolicy
from layer2.plasma.common.watcher.alerts import AlertKind
from layer2.plasma.payments.chain.contract import ExitStatus, InFlightStatus

# ------------------------------------------------------------------------------------------------------- honest times


def test_an_honest_chain_raises_nothing(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    mine, others = world.deposit(world.payer), world.deposit(world.payee)
    first = world.hostile.block(
        [world.pay([(world.payer, mine)], [(world.payee, ETHER // 4), (world.payer, ETHER // 2)])]
    )
    got, change = world.kit(first), world.kit(first, output=1)
    world.hostile.block([world.pay([(world.payee, got), (world.payee, others)], [(world.payer, ETHER)])])
    world.exit(world.payer, change)
    report = watcher.step()
    assert report.findings == []
    assert report.acts == []
    status = watcher.status()
    assert (status.posted, status.verified, status.invalid, status.exits) == (2, 2, None, 1)
    assert status.healthy


def test_an_honest_in_flight_exit_raises_nothing(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    mine = world.deposit(world.payer)
    payment = world.pay([(world.payer, mine)], [(world.payee, ETHER)])
    game = world.start_game(world.payer, payment, [mine], 0)
    world.root.piggyback(world.payee, payment.transaction.packed, [mine.output_id], 4)
    assert watcher.step().findings == []
    world.later(W + 1)
    report = watcher.step()
    assert report.findings == []
    assert report.done() == ["processInFlightExit"]
    assert world.root.in_flight(game).status is InFlightStatus.PAYS_OUTPUTS
    # Once over, it is not claimed again.
    assert watcher.step().acts == []


# -------------------------------------------------------------------------------------------------------------- blocks


def test_each_invalid_block_is_found_and_why_is_said(world: World) -> None:
    kit = world.deposit(world.thief)
    watcher = world.watch()
    world.hostile.block([world.pay([(world.thief, kit)], [(world.thief, ETHER)])])
    assert watcher.step().findings == []
    lie = world.hostile.invalid_mint(5 * ETHER)
    (finding,) = watcher.step().findings
    assert (finding.kind, finding.subject) == (AlertKind.BLOCK_INVALID, lie.number)
    assert "no such output" in finding.detail or "never existed" in finding.detail
    assert watcher.status().invalid == lie.number
    assert not watcher.status().healthy
    # Said once; it goes on standing.
    assert watcher.step().findings == []
    assert [one.kind for one in watcher.status().standing] == [AlertKind.BLOCK_INVALID]


@pytest.mark.parametrize(
    ("fraud", "word"),
    [
        ("double_spend", "before in this block"),
        ("double_spend_across", "spent"),
        ("deposit_minted", "no such output"),
        ("deposit_minted_twice", "spent"),
        ("unsigned_spend", "signature"),
        ("malformed", "no transaction"),
    ],
)
def test_frauds_of_the_operator_are_told_apart(world: World, fraud: str, word: str) -> None:
    kit, others = world.deposit(world.thief), world.deposit(world.payer)
    watcher = world.watch()
    assert watcher.step().findings == []
    hostile = world.hostile
    match fraud:
        case "double_spend":
            lie = hostile.double_spend(kit.position, ETHER)
        case "double_spend_across":
            lie = hostile.double_spend(kit.position, ETHER, across=True)
        case "deposit_minted":
            lie = hostile.deposit_minted(ETHER)
        case "deposit_minted_twice":
            lie = hostile.deposit_minted_twice(1, ETHER)
        case "unsigned_spend":
            lie = hostile.unsigned_spend(others.position, ETHER)
        case _:
            lie = hostile.malformed(ETHER)
    found = watcher.step().findings
    assert [(one.kind, one.subject) for one in found] == [(AlertKind.BLOCK_INVALID, lie.number)]
    assert word in found[0].detail


def test_a_fee_above_what_was_paid_is_named_beside_the_block(world: World) -> None:
    kit = world.deposit(world.payer)
    watcher = world.watch()
    payment = world.pay([(world.payer, kit)], [(world.payee, ETHER - 5)])
    world.hostile.oversized_fee(5, beside=[payment])
    assert watcher.step().findings == [], "a fee that was paid may be collected"
    change = world.hostile.kit(world.hostile.lies[1].number << 24)
    payment = world.pay([(world.payee, change)], [(world.payee, ETHER - 10)])
    lie = world.hostile.oversized_fee(6, beside=[payment])
    assert {(one.kind, one.subject) for one in watcher.step().findings} == {
        (AlertKind.BLOCK_INVALID, lie.number),
        (AlertKind.FEE_TOO_HIGH, lie.number),
    }


def test_a_spend_of_what_the_contract_paid_is_an_invalid_block(world: World) -> None:
    kit = world.deposit(world.thief)
    watcher = world.watch(sender=world.watcher)
    world.exit(world.thief, kit)
    world.later(W + 1)
    assert watcher.step().done() == ["processExits"]
    assert world.status(kit) is ExitStatus.PAID
    assert watcher.step().findings == []
    lie = world.hostile.exited_spent(kit.position, ETHER)
    assert [(one.kind, one.subject) for one in watcher.step().findings] == [(AlertKind.BLOCK_INVALID, lie.number)]


def test_a_withheld_block_is_said_after_its_time_and_not_before(world: World) -> None:
    kit = world.deposit(world.payer)
    watcher = world.watch(policy=WatchPolicy(patience=100, question=None))
    payment = world.pay([(world.payer, kit)], [(world.payee, ETHER)])
    lie = world.hostile.block([payment], withhold=True)
    assert watcher.step().findings == []
    world.later(101)
    assert [(one.kind, one.subject) for one in watcher.step().findings] == [(AlertKind.BLOCK_WITHHELD, lie.number)]
    assert watcher.status().withheld == (lie.number,)
    assert not watcher.status().healthy
    world.hostile.reveal()
    assert [(one.kind, one.subject) for one in watcher.step().findings] == [(AlertKind.BLOCK_SHOWN, lie.number)]
    assert watcher.status().healthy
    assert watcher.status().verified == lie.number


def test_a_block_after_a_withheld_one_is_not_believed_until_both_are_there(world: World) -> None:
    watcher = world.watch()
    world.deposit(world.payer)
    hidden, open_one = world.hostile.after_withheld(ETHER)
    assert watcher.step().kinds() == {AlertKind.BLOCK_WITHHELD}
    world.hostile.steal(*open_one.loot)
    assert watcher.step().kinds() == {AlertKind.EXIT_UNKNOWN}
    world.hostile.reveal()
    # What was hidden was a mint: bad from there on.
    assert watcher.step().kinds() == {AlertKind.BLOCK_SHOWN, AlertKind.BLOCK_INVALID}
    assert watcher.status().invalid == hidden.number


def test_a_hostile_source_is_named_and_the_next_one_asked(world: World) -> None:
    class Liar:
        def __init__(self) -> None:
            self.answers: list[object] = [b"", b"\0" * 100, b"\xff" * 3, "no bytes", b"\0\0"]

        def body(self, number: int) -> bytes | None:
            if not self.answers:
                raise OSError("gone")
            return self.answers.pop()  # type: ignore[return-value]

    kit = world.deposit(world.payer)
    watcher = world.watch(source=[Liar(), world.hostile])
    other = world.pay([(world.payer, kit)], [(world.payee, ETHER)])
    lie = world.hostile.block([other])
    world.hostile.withheld.add(lie.number)
    for _ in range(6):
        assert AlertKind.SOURCE_FAULTY in watcher.step().kinds()
    world.hostile.reveal()
    assert AlertKind.BLOCK_SHOWN in watcher.step().kinds()
    assert watcher.status().verified == lie.number


# --------------------------------------------------------------------------------------------------------------- exits


def test_an_exit_of_a_spent_output_is_stopped_and_an_unspent_one_is_not(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    spent, kept = world.deposit(world.thief), world.deposit(world.payer)
    world.hostile.block([world.pay([(world.thief, spent)], [(world.payee, ETHER)])])
    world.exit(world.thief, spent)
    world.exit(world.payer, kept)
    report = watcher.step()
    assert [(one.kind, one.subject) for one in report.findings] == [(AlertKind.EXIT_SPENT, spent.output_id)]
    assert report.done() == ["challengeExit"]
    assert world.status(spent) is ExitStatus.CHALLENGED
    assert world.status(kept) is ExitStatus.OPEN
    assert watcher.step().acts == []
    assert watcher.status().standing == ()


def test_an_output_of_a_block_is_stopped_with_its_spender_in_a_later_one(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.payer)
    first = world.hostile.block([world.pay([(world.payer, kit)], [(world.thief, ETHER)])])
    got = world.kit(first)
    world.hostile.block([world.pay([(world.thief, got)], [(world.payee, ETHER)])])
    world.exit(world.thief, got)
    assert watcher.step().done() == ["challengeExit"]
    assert world.status(got) is ExitStatus.CHALLENGED


def test_an_output_that_was_included_twice_is_stopped_by_either_place(world: World) -> None:
    """The same money under two positions: spent in one place, taken out from the other."""
    watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.thief)
    same = world.pay([(world.thief, kit)], [(world.thief, ETHER)])
    first = world.hostile.block([same])
    again = world.hostile.block([same])
    world.hostile.block([world.pay([(world.thief, world.kit(first))], [(world.payee, ETHER)])])
    world.exit(world.thief, world.kit(again))
    report = watcher.step()
    assert AlertKind.EXIT_SPENT in report.kinds()
    assert report.done() == ["challengeExit"]
    assert world.status(world.kit(again)) is ExitStatus.CHALLENGED


def test_a_spend_that_is_in_no_block_stops_an_exit_once_it_is_known(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.thief)
    payment = world.pay([(world.thief, kit)], [(world.payee, ETHER)])
    world.exit(world.thief, kit)
    assert watcher.step().findings == []
    record = payment.transaction.packed + payment.signatures[0]
    assert not watcher.learn(record[:-1])
    assert watcher.learn(record)
    assert watcher.step().done() == ["challengeExit"]
    assert world.status(kit) is ExitStatus.CHALLENGED


@pytest.mark.parametrize("seen", [False, True])
def test_a_forged_copy_of_a_spend_that_comes_first_hides_no_true_one(world: World, seen: bool) -> None:
    watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.thief)
    payment = world.pay([(world.thief, kit)], [(world.payee, ETHER)])
    if seen:
        watcher.step()
    packed = payment.transaction.packed
    # Before the deposit is known nobody can say who is right; then a false signature is told at once.
    took = [watcher.learn(packed + bytes([at]) * 64) for at in range(12)]
    assert took == [False] * 12 if seen else [True] * 7 + [True] + [False] * 4
    world.exit(world.thief, kit)
    watcher.step()
    assert watcher.learn(packed + payment.signatures[0])
    assert watcher.step().done() == ["challengeExit"]
    assert world.status(kit) is ExitStatus.CHALLENGED


def test_an_expired_spend_stops_nothing(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    kit, other = world.deposit(world.payer), world.deposit(world.payee)
    payment = world.pay([(world.payer, kit)], [(world.payee, ETHER)], expiry=1)
    world.hostile.block([world.pay([(world.payee, other)], [(world.payee, ETHER)])])
    assert watcher.learn(payment.transaction.packed + payment.signatures[0])
    world.exit(world.payer, kit)
    report = watcher.step()
    assert report.findings == []
    assert report.acts == []


def test_an_exit_of_what_a_bad_block_made_is_named(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    world.deposit(world.payer)
    lie = world.hostile.invalid_mint(ETHER)
    world.hostile.steal(*lie.loot)
    report = watcher.step()
    assert report.kinds() == {AlertKind.BLOCK_INVALID, AlertKind.EXIT_UNKNOWN}
    world.later(2 * W + 1)
    # It could be claimed, and nobody who watches would.
    assert watcher.step().acts == []


def test_more_registered_than_there_is_is_named(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.payer)
    lie = world.hostile.invalid_mint(ETHER)
    world.exit(world.payer, kit)
    assert AlertKind.VAULT_SHORT not in watcher.step().kinds()
    world.hostile.steal(*lie.loot)
    assert AlertKind.VAULT_SHORT in watcher.step().kinds()


def test_a_wrong_exit_that_stands_too_long_is_named(world: World) -> None:
    watcher = world.watch(policy=WatchPolicy(stands=100))
    kit = world.deposit(world.thief)
    world.hostile.block([world.pay([(world.thief, kit)], [(world.payee, ETHER)])])
    world.exit(world.thief, kit)
    assert watcher.step().kinds() == {AlertKind.EXIT_SPENT}
    world.later(102)
    assert watcher.step().kinds() == {AlertKind.EXIT_UNCHALLENGED}
    assert not watcher.status().healthy
