"""Money that leaves through the contract and is spent in a block when that can stop the exit no more.

A thief signs its money over to a payee, and lets an exit of the same money ripen first. Who receives it believes blocks
that watchers call good: so a block that spends what has been leaving for too long must not be one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.payments.watcher_world import ETHER, W, World

from layer2.ethereum.sender import Sender
from layer2.plasma.common.errors import OutputExiting
from layer2.plasma.common.watcher.alerts import AlertKind
from layer2.plasma.common.watcher.block_sources import LocalBodies
from layer2.plasma.payments.chain.contract import ExitStatus, InFlightStatus
from layer2.plasma.payments.chain.exit_proofs import Kit
from layer2.plasma.payments.chain.follower import ChainLog
from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.payments.watcher.watcher import Watcher
from layer2.plasma.protocol.signing import Signed
from layer2.testing.adversaries.payments.hostile_operator import pay

GRACE = W // 4


def standard(world: World, kit: Kit) -> Callable[[], None]:
    """The thief exits what it has; how it claims that."""
    world.exit(world.thief, kit)
    return lambda: world.root.process_exits(world.thief, [(kit.position, kit.made)], [])


def game(world: World, kit: Kit) -> Callable[[], None]:
    """The thief exits a payment to itself, which no block holds."""
    one = world.pay([(world.thief, kit)], [(world.thief, ETHER)])
    world.start_game(world.thief, one, [kit], 0b1_0000)
    return lambda: world.root.process_in_flight_exit(
        world.thief, one.transaction.packed, [kit.output_id], [kit.made], []
    )  # fmt: skip


def setting(world: World) -> tuple[Kit, Signed]:
    """The thief's deposit, and its payment to a payee."""
    world.deposit(world.payer)
    kit = world.deposit(world.thief)
    return kit, world.pay([(world.thief, kit)], [(world.payee, ETHER)])


def refuses(watcher: Watcher, number: int) -> bool:
    """Whether a watcher calls this block invalid for that reason, and says that owners should leave."""
    found = [one for one in watcher.step().findings if one.kind is AlertKind.BLOCK_INVALID]
    return [one.subject for one in found] == [number] and "leaving" in found[0].detail and not watcher.status().healthy


@pytest.mark.parametrize("leave", [standard, game])
@pytest.mark.parametrize("late", [GRACE + 1, W // 2 + 1, W - 10])
def test_a_block_that_spends_what_has_long_been_leaving_is_invalid(
    world: World, leave: Callable[[World, Kit], Callable[[], None]], late: int
) -> None:
    watcher = world.watch(sender=world.watcher)
    kit, payment = setting(world)
    leave(world, kit)
    world.later(late)
    lie = world.hostile.block([payment])
    assert refuses(watcher, lie.number)
    assert not watcher.believed(world.kit(lie).position)


@pytest.mark.parametrize("leave", [standard, game])
def test_a_block_that_spends_it_soon_is_good_and_stops_the_exit(
    world: World, leave: Callable[[World, Kit], Callable[[], None]]
) -> None:
    """The negative twin: what the operator had accepted before it could know of the exit."""
    watcher = world.watch(sender=world.watcher)
    kit, payment = setting(world)
    leave(world, kit)
    world.later(GRACE - 10)
    lie = world.hostile.block([payment])
    report = watcher.step()
    assert report.done() in (["challengeExit"], ["challengeNonCanonical"])
    assert watcher.status().healthy
    assert watcher.believed(world.kit(lie).position)


@pytest.mark.parametrize("leave", [standard, game])
def test_who_claims_in_the_same_breath_pays_nobody_with_what_is_gone(
    world: World, leave: Callable[[World, Kit], Callable[[], None]]
) -> None:
    """The operator helps: the spend and the claim come before any watcher can look. Nobody believes the spend."""
    watcher = world.watch(sender=world.watcher)
    kit, payment = setting(world)
    claim = leave(world, kit)
    world.later(W + 1)
    lie = world.hostile.block([payment])
    claim()
    assert world.status(kit) in (ExitStatus.PAID, ExitStatus.SPENT)
    assert refuses(watcher, lie.number)
    # Whoever looks later, with only the past to go by, comes to the same.
    assert refuses(world.watch("later"), lie.number)
    assert not watcher.believed(world.kit(lie).position)


def test_an_exit_that_was_stopped_does_not_make_a_block_invalid(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    kit, payment = setting(world)
    watcher.learn(payment.transaction.packed + b"".join(payment.signatures))
    standard(world, kit)
    assert watcher.step().done() == ["challengeExit"]
    world.later(W)
    world.hostile.block([payment])
    assert watcher.step().findings == []
    assert watcher.status().healthy


def test_a_game_that_nobody_joined_does_not_make_a_block_invalid(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    kit, payment = setting(world)
    other = world.pay([(world.thief, kit)], [(world.thief, ETHER)])
    world.start_game(world.thief, other, [kit], 0)
    world.later(W // 2 + 1)
    world.root.delete_non_piggybacked(world.payer, other.transaction.packed, [kit.output_id])
    world.hostile.block([payment])
    assert AlertKind.BLOCK_INVALID not in watcher.step().kinds()
    assert watcher.status().healthy


def down(world: World, folder: Path) -> Operator:
    """The honest operator, as it comes up."""
    return Operator(ChainLog(world.root, world.operator, start_block=world.start), folder / "honest", margin=0)


@pytest.mark.parametrize("leave", [standard, game])
@pytest.mark.parametrize("late", [GRACE // 2, GRACE + 1, W + 1])
def test_an_operator_that_was_down_submits_nothing_that_watchers_call_invalid(
    world: World, tmp_path: Path, leave: Callable[[World, Kit], Callable[[], None]], late: int
) -> None:
    """The thief pays, and exits what it paid with, while the operator is down whose block nobody has seen yet."""
    own, kit = world.deposit(world.payer), world.deposit(world.thief)
    theft = world.pay([(world.thief, kit)], [(world.payee, ETHER)])
    other = world.pay([(world.payer, own)], [(world.payee, ETHER)])
    operator = down(world, tmp_path)
    operator.submit_many([theft, other])
    made = operator.make_block()
    operator.close()
    claim = leave(world, kit)
    world.later(late)
    if late > W:
        claim()
    operator = down(world, tmp_path)
    operator.step()
    watcher = world.watch(source=LocalBodies(operator.store), sender=world.watcher)
    report = watcher.step()
    assert watcher.status().healthy
    assert watcher.believed(1 << 24)
    in_time = late < GRACE
    assert (operator.header(1).root == made.root) is in_time
    # In time it takes no payment back, and watchers stop the exit with it.
    assert report.done() == ([["challengeExit"], ["challengeNonCanonical"]][leave is game] if in_time else [])
    states = [operator.tx_status(one.transaction.hash).state for one in (theft, other)]
    assert states == ["included" if in_time else "dropped", "included"]
    operator.close()


# ------------------------------------------------------------------------------------- outputs that joined a game


def joined_output(world: World) -> tuple[Kit, Signed, bytes, Kit]:
    """A payment of the thief to itself in a block, and its exit in flight, which its output has joined."""
    kit = world.deposit(world.thief)
    world.deposit(world.payer)
    one = world.pay([(world.thief, kit)], [(world.thief, ETHER)])
    made = world.hostile.block([one])
    identity = world.start_game(world.thief, one, [kit], 0b1_0000)
    return kit, one, identity, world.kit(made)


def test_a_block_that_spends_an_output_long_after_it_joined_is_invalid(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    kit, one, identity, output = joined_output(world)
    assert watcher.step().findings == []
    world.later(W + 1)
    lie = world.hostile.block([world.pay([(world.thief, output)], [(world.payee, ETHER)])])
    world.root.process_in_flight_exit(world.thief, one.transaction.packed, [kit.output_id], [kit.made], [])
    assert world.root.in_flight(identity).status is InFlightStatus.PAYS_OUTPUTS
    assert refuses(watcher, lie.number)


def test_a_block_that_spends_it_soon_after_blocks_the_output(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    _, _, identity, output = joined_output(world)
    world.hostile.block([world.pay([(world.thief, output)], [(world.payee, ETHER)])])
    assert watcher.step().done() == ["challengeOutputSpent"]
    assert watcher.status().healthy
    assert world.root.in_flight(identity).blocked == 0b1_0000


def test_an_output_that_did_not_join_is_spent_whenever_its_owner_likes(world: World) -> None:
    """The payer cannot hold a payee's money up by starting an exit of what was paid long ago."""
    watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.thief)
    one = world.pay([(world.thief, kit)], [(world.payee, ETHER)])
    made = world.hostile.block([one])
    world.start_game(world.thief, one, [kit], 0)
    world.later(W // 2)
    world.hostile.block([world.pay([(world.payee, world.kit(made))], [(world.payer, ETHER)])])
    assert watcher.step().findings == []
    assert watcher.status().healthy


def test_an_honest_operator_takes_no_spend_of_an_output_that_joined(world: World, tmp_path: Path) -> None:
    """Without help: the thief pays through the operator in the last minutes of its own game, and claims."""
    kit = world.deposit(world.thief)
    one = world.pay([(world.thief, kit)], [(world.thief, ETHER)], expiry=9)
    operator = Operator(ChainLog(world.root, world.operator), tmp_path / "honest", margin=0)
    operator.submit(one)
    operator.step()
    position = 1 << 24
    world.start_game(world.thief, one, [kit], 0)
    spend = pay_at(world, position, world.payee)
    # Not joined: it is the thief's to spend.
    operator.follow()
    assert operator.ledger.output(position) is not None
    world.root.piggyback(world.thief, one.transaction.packed, [kit.output_id], 4)
    with pytest.raises(OutputExiting):
        operator.submit(spend)
    world.later(W + 1)
    world.root.process_in_flight_exit(world.thief, one.transaction.packed, [kit.output_id], [kit.made], [])
    with pytest.raises(OutputExiting):
        operator.submit(spend)
    operator.close()


def pay_at(world: World, position: int, payee: Sender) -> Signed:
    """The thief spends what lies at a position."""
    return pay(world.root, [(world.thief.signer, position)], [(world.payee.address, 0, ETHER)], 9)
