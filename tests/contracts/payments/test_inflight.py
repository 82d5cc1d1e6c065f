"""In-flight exits: what was signed and perhaps never included comes out by one side, once."""

from __future__ import annotations

import pytest
from tests.support.payments.builder import (
    BOUNTY,
    ETHER,
    EXIT_BOND,
    IN_FLIGHT_BOND,
    PIGGYBACK_BOND,
    W,
    World,
    in_flight_id,
    output_id,
    packed,
)  # fmt: skip
from tests.support.payments.in_flight import (
    IN0,
    IN1,
    NOT_INCLUDED,
    OPEN,
    OUT0,
    OUT1,
    PAID,
    PAYS_INPUTS,
    PAYS_OUTPUTS,
    SPENT,
    Game,
)

from layer2.testing import reverts


def test_a_canonical_payment_pays_its_outputs_and_takes_its_inputs(world: World, game: Game) -> None:
    game.start(OUT1)
    game.join(world.payee, 4)
    assert world.ledger() == (2 * ETHER, IN_FLIGHT_BOND + 2 * PIGGYBACK_BOND)
    begin = game.state["exitable"]
    assert begin == game.state["started"] + W
    world.at(begin - 1)
    with reverts("TooEarly", world.chain, now_=begin - 1, **{"from": begin}):
        game.claim()
    payee, payer = world.balance(world.payee), world.balance(world.payer)
    world.at(begin)
    game.claim()
    back = ETHER + PIGGYBACK_BOND - BOUNTY
    assert world.balance(world.payee) - payee == back
    assert world.balance(world.payer) - payer == back + IN_FLIGHT_BOND
    assert [world.exit_of(one)[0] for one in game.ids] == [SPENT, SPENT]
    assert [world.exit_of(output_id(game.data, k))[0] for k in (0, 1)] == [PAID, PAID]
    assert game.state["status"] == PAYS_OUTPUTS
    assert (world.ledger(), world.balance(world.chain.address)) == ((0, 0), 0)


def test_after_it_neither_it_nor_its_inputs_nor_its_outputs_exit_again(world: World, game: Game) -> None:
    game.start(OUT1)
    game.ripen()
    game.claim()
    with reverts("UnexpectedInFlightStatus", world.chain, id=game.id, status=PAYS_OUTPUTS):
        game.claim()
    with reverts("UnexpectedExitStatus", world.chain, id=game.ids[0], status=SPENT):
        game.start()
    with reverts("UnexpectedExitStatus", world.chain, id=game.ids[0], status=SPENT):
        world.exit(world.payer, game.inputs[0])
    block = world.block(game.data)
    with reverts("UnexpectedExitStatus", world.chain, id=output_id(game.data, 1), status=PAID):
        world.exit(world.payer, block.proof(output=1))
    world.exit(world.payee, block.proof(output=0))


def test_an_uncanonical_payment_pays_the_input_of_whoever_signed_once(world: World, game: Game) -> None:
    game.start(IN0 | OUT1)
    game.join(world.successor, 1)
    competitor = packed([game.inputs[0][0]], [(world.thief, 0, ETHER)])
    game.contest(competitor, world.payer)
    assert game.state["contested"]
    assert game.state["competitor"] == NOT_INCLUDED
    assert game.state["bond_owner"] == world.watcher.address
    spend = world.spend(competitor, world.payer)
    world.send(world.watcher, "challengeInputSpent", game.data, game.ids, 0, game.inputs[0][2], spend)
    game.ripen()
    before = world.balance(world.successor)
    game.claim()
    assert game.state["status"] == PAYS_INPUTS
    assert world.balance(world.successor) - before == ETHER + PIGGYBACK_BOND - BOUNTY
    assert [world.exit_of(one)[0] for one in game.ids] == [0, PAID]
    assert world.ledger() == (0, 0)
    assert world.balance(world.chain.address) == ETHER


def test_an_older_inclusion_answers_a_competitor_and_a_younger_one_does_not(world: World, game: Game) -> None:
    competitor = packed([game.inputs[0][0]], [(world.thief, 0, ETHER)])
    first, second, third = world.block(competitor), world.block(game.data), world.block(competitor)
    game.start(OUT1)
    with reverts("NotOlder", world.chain, place=2 << 16, known=0):
        world.send(world.payee, "respondNonCanonical", second.proof(), game.ids, game.made)
    game.contest(competitor, world.payer)
    with reverts("NotOlder", world.chain, place=NOT_INCLUDED, known=NOT_INCLUDED):
        game.contest(competitor, world.payer)
    game.contest(competitor, world.payer, proof=third.proof())
    world.send(world.payee, "respondNonCanonical", second.proof(), game.ids, game.made)
    assert not game.state["contested"]
    assert game.state["bond_owner"] == world.payee.address
    with reverts("NotOlder", world.chain, place=3 << 16, known=2 << 16):
        game.contest(competitor, world.payer, proof=third.proof())
    game.contest(competitor, world.payer, proof=first.proof())
    with reverts("NotOlder", world.chain, place=2 << 16, known=1 << 16):
        world.send(world.payee, "respondNonCanonical", second.proof(), game.ids, game.made)
    game.ripen()
    game.claim()
    assert game.state["status"] == PAYS_INPUTS


def test_times_are_exact(world: World, game: Game) -> None:
    included = world.block(game.data)
    game.start(OUT1)
    competitor = packed([game.inputs[0][0]], [(world.thief, 0, ETHER)])
    half = game.state["started"] + W // 2
    world.at(half - 2)
    game.join(world.payee, 4)
    world.at(half - 1)
    game.contest(competitor, world.payer)
    world.at(half)
    with reverts("TooLate", world.chain, now_=half, until=half):
        game.join(world.payer, 0)
    with reverts("TooLate", world.chain, now_=half, until=half):
        game.contest(competitor, world.payer)
    end = game.state["exitable"]
    world.at(end)
    with reverts("TooLate", world.chain, now_=end, until=end):
        world.send(world.payee, "respondNonCanonical", included.proof(), game.ids, game.made)
    # What was due at the end was due a second before.
    assert end == game.state["started"] + W


def test_an_answer_in_the_last_second_counts(world: World, game: Game) -> None:
    included = world.block(game.data)
    game.start(OUT1)
    game.contest(packed([game.inputs[0][0]], [(world.thief, 0, ETHER)]), world.payer)
    world.at(game.state["exitable"] - 1)
    world.send(world.payee, "respondNonCanonical", included.proof(), game.ids, game.made)
    assert not game.state["contested"]


# ------------------------------------------------------------------------------------------------------- Starting


def test_only_an_owner_of_an_input_starts(world: World, game: Game) -> None:
    for who in (world.payee, world.thief):
        with reverts("UnauthorizedCaller", world.chain, caller=who.address, need=world.payer.address):
            game.start(who=who)
    game.start(who=world.successor)
    with reverts("UnexpectedInFlightStatus", world.chain, id=game.id, status=OPEN):
        game.start()


def test_every_owner_must_have_signed_and_every_input_be_there(world: World, game: Game) -> None:
    with reverts("InvalidSignature", world.chain, owner=world.successor.address):
        world.start(world.payer, game.data, game.inputs, [world.payer, world.payer])
    with reverts("InvalidInputs", world.chain, index=2):
        world.start(world.payer, game.data, game.inputs[:1], [world.payer])
    with reverts("InvalidSpend", world.chain, position=game.inputs[0][0], need=game.inputs[1][0]):
        world.start(world.payer, game.data, game.inputs[::-1], game.owners[::-1])
    forged = (game.inputs[0][0], 0, game.inputs[1][2], [])
    with reverts("InvalidProof", world.chain, position=forged[0]):
        world.start(world.payer, game.data, [forged, game.inputs[1]], game.owners)


def test_no_more_comes_out_than_goes_in(world: World, game: Game) -> None:
    positions = [one[0] for one in game.inputs]
    for outputs, token in (
        ([(world.payee, 0, 2 * ETHER + 1)], 0),
        ([(world.payee, 0, 2 * ETHER), (world.payee, 0, 1)], 0),
        ([(world.payee, 0, ETHER), (world.payee, 1, 1)], 1),
    ):
        game.data = packed(positions, outputs)
        with reverts("UnbalancedAmounts", world.chain, token=token):
            game.start()
    game.data = packed(positions, [(world.payee, 0, 2 * ETHER)])
    game.start()


def test_an_output_included_twice_is_spent_once(world: World) -> None:
    deposit = world.deposit(world.payer, 2 * ETHER)
    payment = packed([deposit.position], [(world.payer, 0, ETHER)])
    one, two = world.block(payment).proof(), world.block(payment).proof()
    data = packed([one[0], two[0]], [(world.thief, 0, 2 * ETHER)])
    with reverts("InvalidInputs", world.chain, index=1):
        world.start(world.payer, data, [one, two], [world.payer, world.payer])


def test_an_expired_payment_needs_its_inclusion(world: World, game: Game) -> None:
    game.data = packed([one[0] for one in game.inputs], [(world.payee, 0, ETHER), (world.payer, 0, ETHER)], 1)
    included = world.block(game.data)
    with reverts("LateInclusion", world.chain, number=0, expiry=1):
        game.start()
    late = world.block(game.data)
    with reverts("LateInclusion", world.chain, number=2, expiry=1):
        game.start(proof=late.proof())
    game.start(OUT1, proof=included.proof())
    assert game.state["competitor"] == 1 << 16
    with reverts("NotOlder", world.chain, place=NOT_INCLUDED, known=1 << 16):
        game.contest(packed([game.inputs[0][0]], [(world.thief, 0, ETHER)]), world.payer)


def test_a_fee_transaction_has_no_exit_in_flight(world: World) -> None:
    data = packed([], [(world.operator, 0, 1)], 5, kind=2)
    with reverts("InvalidTransaction", world.chain):
        world.start(world.operator, data, [], [])


def test_joining_is_for_owners_with_a_bond_once(world: World, game: Game) -> None:
    for bits in (OUT0, IN1):
        with reverts(
            "UnauthorizedCaller",
            world.chain,
            caller=world.payer.address,
            need=(world.payee if bits == OUT0 else world.successor).address,
        ):
            game.start(bits)
    for bits in (4, 64, 128, 256, IN0 | 2**200):
        with reverts("InvalidPiggyback", world.chain, bits=bits):
            game.start(bits)
    game.start()
    with reverts("UnauthorizedCaller", world.chain, caller=world.thief.address, need=world.payee.address):
        game.join(world.thief, 4)
    with reverts("IncorrectValue", world.chain, have=1, need=PIGGYBACK_BOND):
        world.send(world.payee, "piggyback", game.data, game.ids, 4, [], value=1)
    game.join(world.payee, 4)
    with reverts("InvalidPiggyback", world.chain, bits=OUT0):
        game.join(world.payee, 4)
    with reverts("InvalidOutput", world.chain, position=2):
        game.join(world.payee, 6)
    for bit in (8, 260, 2**63 + 4):
        with reverts("InvalidPiggyback", world.chain, bits=(1 << bit) % 2**256 if bit < 256 else 0):
            game.join(world.payee, bit)
    with reverts("InvalidPiggyback", world.chain, bits=4):
        world.send(world.payer, "piggyback", game.data, game.ids, 2, [], value=PIGGYBACK_BOND)
    with reverts("InvalidProof", world.chain, position=game.inputs[0][0]):
        world.send(world.thief, "piggyback", game.data, game.ids, 0, [game.inputs[1][2]], value=PIGGYBACK_BOND)


def test_other_inputs_make_another_game(world: World, game: Game) -> None:
    game.start()
    swapped = game.ids[::-1]
    with reverts("UnexpectedInFlightStatus", world.chain, id=in_flight_id(game.data, swapped), status=0):
        world.send(world.payee, "piggyback", game.data, swapped, 4, [], value=PIGGYBACK_BOND)


# ------------------------------------------------------------------------------------------------------ Challenges


def test_a_payment_does_not_compete_with_itself_nor_with_strangers(world: World, game: Game) -> None:
    game.start(IN0)
    spend = world.spend(game.data, *game.owners, inputs=game.inputs)
    with reverts("SameTransaction", world.chain):
        world.send(world.watcher, "challengeNonCanonical", game.data, game.ids, 0, game.made, spend)
    with reverts("SameTransaction", world.chain):
        world.send(world.watcher, "challengeInputSpent", game.data, game.ids, 0, game.inputs[0][2], spend)
    other = packed([world.deposit(world.payer).position], [(world.payer, 0, 1)])
    with reverts("InvalidSpend", world.chain, position=(2**39 + 3) << 24, need=game.inputs[0][0]):
        game.contest(other, world.payer)
    competitor = packed([game.inputs[0][0]], [(world.thief, 0, ETHER)])
    with reverts("InvalidSignature", world.chain, owner=world.payer.address):
        game.contest(competitor, world.thief)


def test_an_expired_competitor_must_have_been_included(world: World, game: Game) -> None:
    competitor = packed([game.inputs[0][0]], [(world.thief, 0, ETHER)], 1)
    included = world.block(competitor)
    game.start(IN0)
    with reverts("LateInclusion", world.chain, number=0, expiry=1):
        game.contest(competitor, world.payer)
    game.contest(competitor, world.payer, proof=included.proof())
    assert game.state["competitor"] == 1 << 16


def test_a_spent_output_is_stopped_only_with_inclusion_and_does_not_join_again(world: World, game: Game) -> None:
    included = world.block(game.data)
    game.start()
    game.join(world.payee, 4)
    spender = packed([included.proof()[0]], [(world.payer, 0, ETHER)])
    spend = world.spend(spender, world.payee)
    unproven = (included.proof()[0], 0, game.data, [])
    with reverts("InvalidProof", world.chain, position=unproven[0]):
        world.send(world.watcher, "challengeOutputSpent", unproven, game.ids, spend)
    before = world.balance(world.chain.address)
    world.send(world.watcher, "challengeOutputSpent", included.proof(), game.ids, spend)
    assert before - world.balance(world.chain.address) == PIGGYBACK_BOND
    assert world.ledger() == (0, IN_FLIGHT_BOND)
    with reverts("InvalidPiggyback", world.chain, bits=OUT0):
        world.send(world.watcher, "challengeOutputSpent", included.proof(), game.ids, spend)
    with reverts("InvalidPiggyback", world.chain, bits=OUT0):
        game.join(world.payee, 4)


def test_what_nobody_joined_is_dropped_at_half_time_and_can_begin_again(world: World, game: Game) -> None:
    game.start()
    half = game.state["started"] + W // 2
    world.at(half - 1)
    with reverts("TooEarly", world.chain, now_=half - 1, **{"from": half}):
        game.abandon()
    world.at(half)
    game.abandon()
    assert (world.ledger(), world.balance(world.chain.address)) == ((0, 0), 2 * ETHER)
    with reverts("UnexpectedInFlightStatus", world.chain, id=game.id, status=0):
        game.abandon()
    game.start(OUT1)
    world.at(world.now + W)
    with reverts("InvalidPiggyback", world.chain, bits=OUT1):
        game.abandon()


# ------------------------------------------------------------------------ One input, several games (a family of bugs)


def test_of_two_double_spends_that_both_were_answered_the_first_claimed_is_paid(world: World, game: Game) -> None:
    """The operator withholds both, both count as canonical with the priority of the same old input."""
    rival_data = packed([game.inputs[0][0]], [(world.payer, 0, ETHER)])
    rival = Game(world, game.inputs[:1], [world.payer], game.ids[:1], rival_data)
    game.start(OUT1)
    rival.start(OUT0)
    rival.ripen()
    game.claim()
    rival.claim()
    assert (game.state["status"], rival.state["status"]) == (PAYS_OUTPUTS, PAYS_INPUTS)
    assert world.exit_of(output_id(rival_data))[0] == 0
    assert world.balance(world.chain.address) == ETHER
    assert world.ledger() == (0, 0)


def test_an_innocent_co_signer_keeps_its_input_when_the_other_was_paid_elsewhere(world: World, game: Game) -> None:
    world.exit(world.payer, game.inputs[0])
    game.start(OUT1)
    game.join(world.successor, 1)
    game.ripen()
    # Input and outputs are both registered, all under block zero: the claim lists that.
    world.send(world.watcher, "processExits", [(game.inputs[0][0], game.inputs[0][2])], [0])
    before = world.balance(world.successor)
    game.claim()
    assert game.state["status"] == PAYS_INPUTS
    assert world.balance(world.successor) - before == ETHER + PIGGYBACK_BOND - BOUNTY
    assert (world.ledger(), world.balance(world.chain.address)) == ((0, 0), 0)


def test_a_standard_exit_of_what_an_in_flight_exit_takes_ends_with_it(world: World, game: Game) -> None:
    world.exit(world.payer, game.inputs[0])
    game.start(OUT1)
    assert [world.chain.call("isHeld", one) for one in game.ids] == [False, True]
    with reverts("OutputHeld", world.chain, id=game.ids[1]):
        world.exit(world.successor, game.inputs[1])
    before = world.balance(world.watcher)
    game.ripen()
    game.claim()
    assert world.balance(world.watcher) > before
    assert world.exit_of(game.ids[0])[0] == SPENT
    assert (world.ledger(), world.balance(world.chain.address)) == ((0, 0), ETHER)
    world.at(world.now + W)
    with reverts("UnexpectedExitStatus", world.chain, id=game.ids[0], status=SPENT):
        world.send(world.watcher, "processExits", [(game.inputs[0][0], game.inputs[0][2])], [])


def test_an_output_that_has_joined_leaves_by_that_game_alone(world: World, game: Game) -> None:
    included = world.block(game.data)
    world.at(world.now + 2 * W)
    game.start()
    game.join(world.payee, 4)
    assert world.chain.call("isHeld", output_id(game.data))
    with reverts("OutputHeld", world.chain, id=output_id(game.data)):
        world.exit(world.payee, included.proof())
    assert world.ledger()[0] == ETHER
    before = world.balance(world.payee)
    world.at(world.now + W)
    game.claim()
    assert world.balance(world.payee) - before == ETHER + PIGGYBACK_BOND - BOUNTY
    assert (world.ledger(), world.balance(world.chain.address)) == ((0, 0), ETHER)
    with reverts("UnexpectedExitStatus", world.chain, id=output_id(game.data), status=PAID):
        world.send(world.watcher, "processExits", [(included.proof()[0], game.data)], [])


@pytest.mark.parametrize("at_start", [False, True])
def test_an_output_that_joins_leaves_its_own_exit_and_its_bond_waits_for_the_owner(
    world: World, game: Game, at_start: bool
) -> None:
    included, mine = world.block(game.data), output_id(game.data, 1 if at_start else 0)
    owner = world.payer if at_start else world.payee
    world.at(world.now + 2 * W)
    world.exit(owner, included.proof(output=int(at_start)))
    if at_start:
        receipt = game.start(OUT1)
    else:
        game.start()
        receipt = game.join(owner, 4)
    assert [event.args["id"] for event in world.chain.events(receipt, "ExitEnded")] == [mine]
    # Registered once, under the block of the youngest input now.
    assert world.ledger()[0] == world.chain.call("reservedUnder", 0, 0) == ETHER
    assert world.chain.call("reservedUnder", 0, included.number) == 0
    assert world.chain.call("pendingWithdrawals", owner.address, 0) == EXIT_BOND
    game.ripen()
    with reverts("UnexpectedExitStatus", world.chain, id=mine, status=0):
        world.send(world.watcher, "processExits", [(included.proof(output=int(at_start))[0], game.data)], [])
    before = world.balance(owner)
    game.claim()
    back = IN_FLIGHT_BOND if at_start else 0
    assert world.balance(owner) - before == ETHER + PIGGYBACK_BOND - BOUNTY + back
    world.send(owner, "withdrawPending", 0, owner.address)
    assert (world.ledger(), world.balance(world.chain.address)) == ((0, 0), ETHER)


def test_an_output_of_a_game_that_lost_or_was_stopped_is_held_no_more(world: World, game: Game) -> None:
    included, mine = world.block(game.data), output_id(game.data)
    game.start()
    game.join(world.payee, 4)
    before = world.connection.snapshot()
    game.stop_output(included.proof(), packed([included.proof()[0]], [(world.payer, 0, ETHER)]), world.payee)
    assert not world.chain.call("isHeld", mine)
    world.connection.revert(before)
    game.contest(packed([game.inputs[0][0]], [(world.thief, 0, ETHER)]), world.payer)
    game.ripen()
    assert world.chain.call("isHeld", mine)
    game.claim()
    assert not world.chain.call("isHeld", mine)
    world.exit(world.payee, included.proof())
    assert world.ledger()[0] == ETHER


def test_inputs_are_not_taken_when_no_output_is_paid(world: World, game: Game) -> None:
    game.start(IN0)
    before = world.balance(world.payer)
    game.ripen()
    game.claim()
    assert world.balance(world.payer) - before == PIGGYBACK_BOND - BOUNTY + IN_FLIGHT_BOND
    assert [world.exit_of(one)[0] for one in game.ids] == [0, 0]
