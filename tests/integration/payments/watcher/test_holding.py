"""What a good game can win is registered, half-signed payments spend nothing, lists that are too long become sums."""

from __future__ import annotations

from tests.support.payments.watcher_world import ETHER, W, World

from layer2.plasma.common.watcher.actions import WatchPolicy
from layer2.plasma.common.watcher.alerts import AlertKind
from layer2.plasma.payments.chain.contract import ExitStatus
from layer2.testing.adversaries.payments.hostile_operator import record_of

LISTED = 3
BRIEF = WatchPolicy(patience=0, question=None, urgent=0, listed=LISTED)


def test_a_game_gets_the_input_that_a_contested_one_lets_go(world: World) -> None:
    """The thief's own game has the input that its swap with the payer spends: it loses it with its standing."""
    watcher = world.watch(sender=world.watcher)
    mine, theirs = world.deposit(world.payer), world.deposit(world.thief)
    swap = world.pay([(world.payer, mine), (world.thief, theirs)], [(world.payer, ETHER), (world.payee, ETHER)])
    rival = world.pay([(world.thief, theirs)], [(world.thief, ETHER)])
    world.hostile.block([swap])
    wrong = world.start_game(world.thief, rival, [theirs], 0b1_0000)
    game = world.start_game(world.payer, swap, [mine, theirs], 0b1_0000)
    assert (world.root.in_flight(wrong).held, world.root.in_flight(game).held) == (0b1, 0b1)
    acts = [act for _ in range(4) for act in watcher.step().acts]
    assert [act.name for act in acts] == ["challengeNonCanonical", "holdInputs", "holdInputs"]
    assert [act.subject for act in acts] == [wrong, wrong, game]
    assert (world.root.in_flight(wrong).held, world.root.in_flight(game).held) == (0, 0b11)
    # The one output that joined, and nothing of the game that lost.
    assert world.root.reserve_of(0)[0] == ETHER
    for act in acts:
        assert act.receipt is not None
        assert act.receipt.gas_used <= 230_000
    world.later(2 * W + 1)
    assert "processInFlightExit" in watcher.step().done()
    assert world.root.exit(swap.transaction.output_id(0)).status is ExitStatus.PAID


def test_a_game_of_an_invented_output_is_not_helped(world: World) -> None:
    """Nothing is registered for money that a bad block invents: the watcher spends nothing on its game."""
    watcher = world.watch(sender=world.watcher)
    lie = world.hostile.invalid_mint(ETHER)
    loot = world.hostile.kit(lie.loot[0])
    one = world.pay([(world.thief, loot)], [(world.thief, ETHER)])
    rival = world.pay([(world.thief, loot)], [(world.thief, ETHER // 2)])
    first = world.start_game(world.thief, rival, [loot], 0b1)
    game = world.start_game(world.thief, one, [loot], 0b1_0000)
    assert (world.root.in_flight(first).held, world.root.in_flight(game).held) == (0b1, 0)
    done = [name for _ in range(3) for name in watcher.step().done()]
    assert "holdInputs" not in done
    assert world.root.in_flight(game).held == 0


def test_a_payment_that_one_of_two_has_signed_stops_no_exit(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    mine, theirs = world.deposit(world.payer), world.deposit(world.thief)
    swap = world.pay([(world.payer, mine), (world.thief, theirs)], [(world.payer, ETHER), (world.payee, ETHER)])
    half = swap.transaction.packed + swap.signatures[0] + bytes(64)
    assert len(half) == len(record_of(swap))
    lie = world.hostile.block([half])
    world.exit(world.payer, mine)
    report = watcher.step()
    assert AlertKind.BLOCK_INVALID in report.kinds()
    assert AlertKind.EXIT_SPENT not in report.kinds()
    assert report.done() == []
    world.later(2 * W + 1)
    watcher.step()
    assert world.status(mine) is ExitStatus.PAID
    assert lie.number == 1


def test_a_payment_that_both_have_signed_stops_the_exit_of_one(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    mine, theirs = world.deposit(world.payer), world.deposit(world.thief)
    swap = world.pay([(world.payer, mine), (world.thief, theirs)], [(world.payer, ETHER), (world.payee, ETHER)])
    world.hostile.block([swap])
    world.exit(world.payer, mine)
    (act,) = watcher.step().acts
    assert (act.name, act.done) == ("challengeExit", True)
    (plan,) = watcher.plans
    assert act.receipt is not None
    assert act.receipt.gas_used <= plan.cost
    assert world.status(mine) is ExitStatus.CHALLENGED


def test_a_payment_of_more_than_it_spends_stops_no_exit(world: World) -> None:
    """Signed by both, and never to be included: the contract takes it for nobody's spend, and so does the watcher."""
    watcher = world.watch(sender=world.watcher)
    mine, theirs = world.deposit(world.payer), world.deposit(world.thief)
    swap = world.pay([(world.payer, mine), (world.thief, theirs)], [(world.payer, ETHER), (world.payee, ETHER + 1)])
    world.hostile.block([swap])
    world.exit(world.payer, mine)
    report = watcher.step()
    assert AlertKind.EXIT_SPENT not in report.kinds()
    assert report.acts == []


def spread(world: World) -> None:
    """Two deposits leave, and mints of a hostile operator, each under a bucket of its own."""
    kits = [world.deposit(world.payer), world.deposit(world.payee)]
    for owner, kit in zip((world.payer, world.payee), kits, strict=True):
        world.exit(owner, kit)
    lies = [world.hostile.invalid_mint(ETHER) for _ in range(16)]
    world.hostile.steal(*[position for lie in lies[1::2] for position in lie.loot])


def test_a_list_that_is_too_long_for_a_claim_becomes_a_sum(world: World) -> None:
    watcher = world.watch(sender=world.watcher, policy=BRIEF)
    spread(world)
    watcher.step()
    world.later(2 * W + 1)
    report = watcher.step()
    assert report.done() == ["track"]
    (moved,) = report.acts
    assert moved.receipt is not None
    (plan,) = [one for one in watcher.plans if one.name == "track"]
    assert moved.receipt.gas_used <= plan.cost
    bucket, total = world.root.tracked(0) or (0, 0)
    assert (bucket, total) == (1, 8 * ETHER)
    paid = [act for _ in range(2) for act in watcher.step().acts]
    assert [act.name for act in paid] == ["processExits", "processExits"]
    listed = [one.arguments[1] for one in watcher.plans if one.name == "processExits"]
    assert all(len(each) <= LISTED for each in listed)
    assert world.root.reserve_of(0)[0] == 8 * ETHER
    assert [act for act in watcher.step().acts if act.done] == []


def test_a_list_that_is_short_moves_no_sum(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    spread(world)
    watcher.step()
    world.later(2 * W + 1)
    done = [name for _ in range(2) for name in watcher.step().done()]
    assert done == ["processExits", "processExits"]
    assert world.root.tracked(0) is None
