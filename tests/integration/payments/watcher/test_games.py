"""In-flight exits: what contradicts them, what joined without right, who challenged without right, and being paid."""

from __future__ import annotations

from tests.support.payments.watcher_world import ETHER, W, World

from layer2.plasma.common.watcher.alerts import AlertKind
from layer2.plasma.payments.chain.contract import InFlightStatus, Proof, Spend
from layer2.plasma.payments.chain.exit_proofs import Kit
from layer2.plasma.payments.watcher.watcher import Watcher
from layer2.plasma.protocol.signing import Signed


def shown(world: World, one: Signed, kit: Kit | None = None) -> Spend:
    """A payment of one input as a competitor: with its inclusion, or without."""
    proof = Proof.of_nothing(one.transaction.packed) if kit is None else kit.proof
    return Spend(proof, one.signatures[0])


def contest(world: World, one: Signed, made: Kit, rival: Signed, kit: Kit | None = None) -> None:
    world.root.challenge_non_canonical(
        world.second, one.transaction.packed, [made.output_id], 0, [made.made], shown(world, rival, kit)
    )


def test_a_game_against_an_included_rival_is_contested_and_pays_nothing_wrong(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.thief)
    rival = world.pay([(world.thief, kit)], [(world.payee, ETHER)])
    lie = world.pay([(world.thief, kit)], [(world.thief, ETHER)])
    world.hostile.block([rival])
    game = world.start_game(world.thief, lie, [kit], 0b1_0001)
    report = watcher.step()
    assert AlertKind.NOT_CANONICAL in report.kinds()
    # The input that joined is spent too: both bonds go to who watched.
    assert sorted(report.done()) == ["challengeInputSpent", "challengeNonCanonical"]
    state = world.root.in_flight(game)
    assert state.contested
    assert state.bond_owner == world.watcher.address
    assert state.piggybacked == 0b1_0000
    assert watcher.step().acts == []
    world.later(W + 1)
    assert watcher.step().done() == ["processInFlightExit"]
    state = world.root.in_flight(game)
    assert state.status is InFlightStatus.PAYS_INPUTS
    assert state.piggybacked == 0


def test_a_game_whose_rival_is_in_no_block_is_contested_with_the_other_game(world: World) -> None:
    """Two payments of the same money, both in flight, and nothing in any block: each is the other's competitor."""
    watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.thief)
    one = world.pay([(world.thief, kit)], [(world.payee, ETHER)])
    other = world.pay([(world.thief, kit)], [(world.thief, ETHER)])
    games = [world.start_game(world.thief, each, [kit], 0) for each in (one, other)]
    report = watcher.step()
    assert report.done() == ["challengeNonCanonical", "challengeNonCanonical"]
    assert all(world.root.in_flight(game).contested for game in games)


def test_a_payment_that_is_older_than_its_rival_is_left_in_peace(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.payer)
    one = world.pay([(world.payer, kit)], [(world.payee, ETHER)])
    rival = world.pay([(world.payer, kit)], [(world.thief, ETHER)])
    world.hostile.block([one])
    assert watcher.step().findings == []
    world.hostile.block([rival])
    assert watcher.step().kinds() == {AlertKind.BLOCK_INVALID}
    world.start_game(world.payer, one, [kit], 0)
    report = watcher.step()
    assert report.findings == []
    assert report.acts == []


def test_a_challenge_by_a_younger_rival_is_answered(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.payer)
    one = world.pay([(world.payer, kit)], [(world.payee, ETHER)])
    rival = world.pay([(world.payer, kit)], [(world.payer, ETHER)])
    world.hostile.block([one])
    game = world.start_game(world.payer, one, [kit], 0)
    contest(world, one, kit, rival)
    report = watcher.step()
    assert [(found.kind, found.subject) for found in report.findings] == [(AlertKind.CHALLENGE_WRONG, game)]
    assert report.done() == ["respondNonCanonical"]
    state = world.root.in_flight(game)
    assert not state.contested
    assert state.bond_owner == world.watcher.address
    assert watcher.step().acts == []


def test_a_challenge_that_is_right_is_not_answered(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.payer)
    one = world.pay([(world.payer, kit)], [(world.payee, ETHER)])
    rival = world.pay([(world.payer, kit)], [(world.payer, ETHER)])
    first = world.hostile.block([rival])
    world.start_game(world.payer, one, [kit], 0)
    contest(world, one, kit, rival, world.kit(first))
    report = watcher.step()
    assert report.findings == []
    assert report.acts == []


def test_an_answer_that_an_older_rival_contradicts_is_named_and_contested(world: World) -> None:
    """The operator puts the payment into a late block and answers with that; its rival stands in an older one."""
    watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.thief)
    rival = world.pay([(world.thief, kit)], [(world.payee, ETHER)])
    one = world.pay([(world.thief, kit)], [(world.thief, ETHER)])
    loose = world.pay([(world.thief, kit)], [(world.thief, ETHER // 2)])
    world.hostile.block([rival])
    late = world.hostile.block([one])
    game = world.start_game(world.thief, one, [kit], 0)
    contest(world, one, kit, loose)
    world.root.respond_non_canonical(world.thief, world.kit(late).proof, [kit.output_id])
    assert not world.root.in_flight(game).contested
    report = watcher.step()
    assert AlertKind.ANSWER_INVALID in report.kinds()
    assert report.done() == ["challengeNonCanonical"]
    assert world.root.in_flight(game).contested


def test_an_output_that_joined_and_is_spent_is_blocked_and_another_is_not(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.thief)
    one = world.pay([(world.thief, kit)], [(world.thief, ETHER // 2), (world.payee, ETHER // 2)])
    first = world.hostile.block([one])
    world.hostile.block([world.pay([(world.thief, world.kit(first))], [(world.payee, ETHER // 2)])])
    game = world.start_game(world.thief, one, [kit], 0b1_0000)
    world.root.piggyback(world.payee, one.transaction.packed, [kit.output_id], 5)
    report = watcher.step()
    assert report.kinds() == {AlertKind.PIGGYBACK_SPENT}
    assert report.done() == ["challengeOutputSpent"]
    state = world.root.in_flight(game)
    assert (state.piggybacked, state.blocked) == (0b10_0000, 0b1_0000)


def test_a_standard_exit_of_what_a_game_spends_is_stopped_by_it(world: World) -> None:
    watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.thief)
    one = world.pay([(world.thief, kit)], [(world.payee, ETHER)])
    world.start_game(world.thief, one, [kit], 0)
    world.exit(world.thief, kit)
    assert watcher.step().done() == ["challengeExit"]


def test_a_settled_game_goes_on_being_claimed_until_nothing_is_left(world: World) -> None:
    """A claim may leave out what is not covered; the rest is paid later."""
    watcher: Watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.payer)
    lie = world.hostile.invalid_mint(ETHER)
    world.hostile.steal(*lie.loot)
    one = world.pay([(world.payer, kit)], [(world.payee, ETHER // 2), (world.payer, ETHER // 2)])
    game = world.start_game(world.payer, one, [kit], 0b10_0000)
    world.root.piggyback(world.payee, one.transaction.packed, [kit.output_id], 4)
    world.later(W + 1)
    assert AlertKind.VAULT_SHORT in watcher.step().kinds()
    assert world.root.in_flight(game).piggybacked == 0
    assert world.root.in_flight(game).status is InFlightStatus.PAYS_OUTPUTS


def test_what_was_settled_and_waits_for_cover_is_stopped_when_it_turns_out_to_be_spent(world: World) -> None:
    """The block that spends it was withheld until then: a watcher that claimed it would help a thief."""
    watcher = world.watch(sender=world.watcher)
    kit = world.deposit(world.thief)
    one = world.pay([(world.thief, kit)], [(world.thief, ETHER)])
    made = world.hostile.block([one])
    world.hostile.block([world.pay([(world.thief, world.kit(made))], [(world.payee, ETHER)])], withhold=True)
    lie = world.hostile.invalid_mint(3 * ETHER)
    world.hostile.steal(*lie.loot)
    game = world.start_game(world.thief, one, [kit], 0b1_0000)
    world.later(W + 1)
    world.root.process_in_flight_exit(world.thief, one.transaction.packed, [kit.output_id], [kit.made], [])
    state = world.root.in_flight(game)
    assert (state.status, state.piggybacked) == (InFlightStatus.PAYS_OUTPUTS, 0b1_0000)
    world.hostile.reveal()
    report = watcher.step()
    assert "challengeOutputSpent" in report.done()
    assert "processInFlightExit" not in report.done()
    assert world.root.in_flight(game).piggybacked == 0
