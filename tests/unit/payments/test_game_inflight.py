"""In-flight exits: a transaction that may never have been included is paid once, on one side, to its owners."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.payments.stage import (
    CONFIG,
    OTHER,
    PAYEE,
    PAYER,
    THIEF,
    WATCHER,
    Stage,
    W,
    refused,
    sign,
)

from layer2.plasma.payments.bindings import errors as err
from layer2.plasma.payments.model import ExitStatus, InFlightStatus, actions
from layer2.plasma.payments.model.actions import Proof
from layer2.plasma.protocol.transaction import Transaction, payment

JOIN, START, BOUNTY = CONFIG.piggyback_bond, CONFIG.in_flight_bond, CONFIG.bounty
BACK = JOIN - BOUNTY
IN0, IN1, OUT0, OUT1 = 0, 1, 4, 5


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def swap(stage: Stage) -> Transaction:
    """Payer and other put in; payee and payer get out. Never included, if nobody includes it."""
    one, two = stage.deposit(PAYER, 100), stage.deposit(OTHER, 60)
    return stage.pay([one, two], (PAYEE, 120), (PAYER, 40))


def flight(stage: Stage, transaction: Transaction) -> InFlightStatus:
    return stage.state.flight(stage.flight_id(transaction)).status


def test_a_canonical_one_pays_its_outputs_and_takes_its_inputs(stage: Stage, swap: Transaction) -> None:
    stage.start(swap, PAYER, bits=1 << OUT1 | 1 << IN0)
    stage.join(swap, OUT0, PAYEE)
    stage.check()
    with pytest.raises(err.TooEarly):
        stage.settle(swap)
    stage.now += W
    stage.settle(swap)
    assert flight(stage, swap) == InFlightStatus.PAYS_OUTPUTS
    assert stage.paid == {
        (PAYEE, 0): 120 + BACK, (PAYER, 0): 40 + 2 * BACK + START, (WATCHER, 0): 3 * BOUNTY,
    }  # fmt: skip
    for position in swap.inputs:
        assert stage.status(position) == ExitStatus.SPENT
        with pytest.raises(err.UnexpectedExitStatus):
            stage.exit(position)
    refused(err.UnexpectedInFlightStatus, lambda: stage.settle(swap))
    refused(err.UnexpectedExitStatus, lambda: stage.start(swap, PAYER))
    (place,) = stage.block(swap)
    with pytest.raises(err.UnexpectedExitStatus):
        stage.exit(place)
    stage.check()


def test_a_contested_one_pays_its_inputs(stage: Stage, swap: Transaction) -> None:
    rival = stage.pay([swap.inputs[1]], (OTHER, 60))
    stage.start(swap, PAYER, bits=1 << IN0)
    stage.join(swap, OUT0, PAYEE)
    stage.contest(swap, rival, swap.inputs[1])
    stage.now += W
    # The input alone: the output does not count while a competitor stands.
    assert stage.state.reserve.total == {0: 100}
    stage.settle(swap)
    assert flight(stage, swap) == InFlightStatus.PAYS_INPUTS
    assert stage.paid == {(PAYER, 0): 100 + BACK, (PAYEE, 0): BACK, (WATCHER, 0): 2 * BOUNTY + START}
    assert stage.status(swap.inputs[0]) == ExitStatus.PAID
    assert stage.status(swap.inputs[1]) == ExitStatus.NONE
    stage.check()


def test_the_older_of_two_is_canonical(stage: Stage, swap: Transaction) -> None:
    rival = stage.pay([swap.inputs[1]], (THIEF, 60))
    (rival_place,) = stage.block(rival)
    (place,) = stage.block(swap)
    stage.start(swap, PAYER)
    with pytest.raises(err.NotOlder):
        stage.answer(swap, place)
    stage.contest(swap, rival, swap.inputs[1])
    with pytest.raises(err.NotOlder):
        stage.contest(swap, rival, swap.inputs[1])
    stage.answer(swap, place)
    with pytest.raises(err.NotOlder):
        stage.answer(swap, place)
    with pytest.raises(err.NotOlder):
        stage.contest(swap, rival, swap.inputs[1])
    stage.contest(swap, rival, swap.inputs[1], at=rival_place)
    with pytest.raises(err.NotOlder):
        stage.answer(swap, place)
    stage.join(swap, OUT0, PAYEE)
    stage.now += 2 * W
    stage.settle(swap)
    assert flight(stage, swap) == InFlightStatus.PAYS_INPUTS
    stage.check()


def test_the_bond_is_with_who_settled_last_whether_it_is_canonical(stage: Stage, swap: Transaction) -> None:
    (place,) = stage.block(swap)
    stage.start(swap, PAYER, bits=1 << OUT1)
    stage.contest(swap, stage.pay([swap.inputs[1]], (OTHER, 60)), swap.inputs[1], by=THIEF)
    stage.answer(swap, place, by=WATCHER)
    stage.now += 2 * W
    stage.settle(swap, by=OTHER)
    assert stage.paid == {(WATCHER, 0): START, (PAYER, 0): 40 + BACK, (OTHER, 0): BOUNTY}


def test_moves_have_their_times(stage: Stage, swap: Transaction) -> None:
    rival = stage.pay([swap.inputs[1]], (OTHER, 60))
    (place,) = stage.block(swap)
    stage.start(swap, PAYER)
    began = stage.now
    stage.now = began + W // 2 - 1
    stage.join(swap, OUT0, PAYEE)
    stage.contest(swap, rival, swap.inputs[1])
    stage.now += 1
    with pytest.raises(err.TooLate):
        stage.join(swap, OUT1, PAYER)
    with pytest.raises(err.TooLate):
        stage.contest(swap, stage.pay([swap.inputs[0]], (PAYER, 100)), swap.inputs[0])
    stage.now = began + W
    with pytest.raises(err.TooLate):
        stage.answer(swap, place)
    stage.now -= 1
    stage.answer(swap, place)


def test_who_may_start(stage: Stage, swap: Transaction) -> None:
    for nobody in (PAYEE, THIEF):
        with pytest.raises(err.UnauthorizedCaller):
            stage.start(swap, nobody)
    with pytest.raises(err.UnauthorizedCaller):
        stage.start(swap, PAYER, bits=1 << OUT0)
    for bits in (1 << 2, 1 << 6, 1 << 8, 1 << 260):
        with pytest.raises(err.InvalidPiggyback):
            stage.start(swap, PAYER, bits=bits)
    stage.start(swap, OTHER)
    with pytest.raises(err.UnexpectedInFlightStatus):
        stage.start(swap, PAYER)


def test_what_a_start_must_show(stage: Stage, swap: Transaction) -> None:
    proofs = tuple(stage.proof(one) for one in swap.inputs)
    signatures = sign(swap, PAYER) + sign(swap, OTHER)
    good = actions.StartInFlightExit(Proof(0, swap.packed), proofs, signatures)
    wrong: list[tuple[actions.StartInFlightExit, type[err.RootError]]] = [
        (replace(good, inputs=proofs[:1]), err.InvalidInputs),
        (replace(good, signatures=signatures[:64]), err.InvalidInputs),
        (replace(good, inputs=proofs[::-1]), err.InvalidSpend),
        (replace(good, signatures=signatures[64:] + signatures[:64]), err.InvalidSignature),
        (replace(good, inputs=(proofs[0], replace(proofs[1], data=proofs[0].data))), err.InvalidProof),
        (replace(good, transaction=Proof(0, swap.packed[:-1])), err.InvalidTransaction),
        (replace(good, transaction=Proof(1 << 24, swap.packed)), err.InvalidProof),
    ]
    for action, error in wrong:
        with pytest.raises(error):
            stage.do(action, PAYER, START)
    for value in (0, START - 1, START + 1):
        with pytest.raises(err.IncorrectValue):
            stage.do(good, PAYER, value)
    stage.do(good, PAYER, START)


@pytest.mark.parametrize("outputs", [[(THIEF, 101)], [(THIEF, 60), (THIEF, 60)], [(THIEF, 100), (PAYEE, 1)]])
def test_more_out_than_in_is_refused(stage: Stage, outputs: list[tuple[bytes, int]]) -> None:
    mint = stage.pay([stage.deposit(THIEF, 100)], *outputs)
    with pytest.raises(err.UnbalancedAmounts):
        stage.start(mint, THIEF)


def test_a_token_does_not_become_another(stage: Stage) -> None:
    mint = stage.pay([stage.deposit(THIEF, 100)], (THIEF, 100), token=1)
    with pytest.raises(err.UnbalancedAmounts):
        stage.start(mint, THIEF)


def test_one_output_included_twice_is_one_input(stage: Stage) -> None:
    made = stage.pay([stage.deposit(THIEF, 100)], (THIEF, 100))
    one, two = stage.block(made)[0], stage.block(made)[0]
    with pytest.raises(err.InvalidInputs):
        stage.start(stage.pay([one, two], (THIEF, 200)), THIEF)


def test_an_expired_one_must_have_been_included(stage: Stage) -> None:
    first = stage.deposit(PAYER, 100)
    lost, kept = stage.pay([first], (PAYEE, 100), expiry=1), stage.pay([first], (OTHER, 100), expiry=1)
    (place,) = stage.block(kept)
    for transaction in (lost, kept):
        with pytest.raises(err.LateInclusion):
            stage.start(transaction, PAYER)
    stage.start(kept, PAYER, at=place)
    # It is as old as its block: a competitor that was not included is not older.
    with pytest.raises(err.NotOlder):
        stage.contest(kept, stage.pay([first], (PAYER, 100)), first)


def test_joining_is_for_the_owner_once_and_for_the_bond(stage: Stage, swap: Transaction) -> None:
    stage.start(swap, PAYER)
    with pytest.raises(err.UnauthorizedCaller):
        stage.join(swap, OUT0, THIEF)
    with pytest.raises(err.UnauthorizedCaller):
        stage.join(swap, IN1, PAYER)
    for bit in (2, 3):
        with pytest.raises(err.InvalidPiggyback):
            stage.do(actions.Piggyback(swap.packed, stage.ids(swap), bit), PAYER, JOIN)
    # Past the last output, also where a word of the machine would have wrapped around.
    for bit in (6, 7, 8, 255, 256, 260, 2**63 + 4):
        with pytest.raises(err.InvalidOutput if bit < 8 else err.InvalidPiggyback):
            stage.do(actions.Piggyback(swap.packed, stage.ids(swap), bit), PAYEE, JOIN)
    with pytest.raises(err.InvalidProof):
        stage.do(actions.Piggyback(swap.packed, stage.ids(swap), IN0, (stage.data(swap.inputs[1]),)), PAYER, JOIN)
    stage.join(swap, IN0, PAYER)
    with pytest.raises(err.InvalidPiggyback):
        stage.join(swap, IN0, PAYER)
    with pytest.raises(err.IncorrectValue):
        stage.do(actions.Piggyback(swap.packed, stage.ids(swap), OUT0), PAYEE, JOIN - 1)
    # An input is not what a canonical game pays.
    assert stage.state.reserve.total == {}
    stage.join(swap, OUT0, PAYEE)
    assert stage.state.reserve.total == {0: 120}


def test_a_transaction_does_not_compete_with_itself(stage: Stage, swap: Transaction) -> None:
    stage.start(swap, PAYER, bits=1 << IN0)
    with pytest.raises(err.SameTransaction):
        stage.contest(swap, swap, swap.inputs[0])
    with pytest.raises(err.SameTransaction):
        stage.stop_input(swap, swap, swap.inputs[0])


def test_a_competitor_that_has_expired_must_have_been_included(stage: Stage, swap: Transaction) -> None:
    rival = stage.pay([swap.inputs[1]], (OTHER, 60), expiry=1)
    stage.block(stage.pay([stage.deposit(PAYER, 1)], (PAYER, 1)))
    stage.start(swap, PAYER)
    with pytest.raises(err.LateInclusion):
        stage.contest(swap, rival, swap.inputs[1])


def test_an_input_spent_elsewhere_is_not_paid(stage: Stage, swap: Transaction) -> None:
    stage.start(swap, PAYER, bits=1 << IN0)
    with pytest.raises(err.InvalidPiggyback):
        stage.stop_input(swap, stage.pay([swap.inputs[1]], (OTHER, 60)), swap.inputs[1])
    rival = stage.pay([swap.inputs[0]], (THIEF, 100))
    stage.stop_input(swap, rival, swap.inputs[0])
    assert stage.paid == {(WATCHER, 0): JOIN}
    with pytest.raises(err.InvalidPiggyback):
        stage.stop_input(swap, rival, swap.inputs[0])
    with pytest.raises(err.InvalidPiggyback):
        stage.join(swap, IN0, PAYER)
    stage.check()
    assert not any(stage.state.reserve.total.values())


def test_an_output_spent_is_not_paid(stage: Stage, swap: Transaction) -> None:
    (place,) = stage.block(swap)
    spender = stage.pay([place], (THIEF, 120))
    stage.start(swap, PAYER)
    with pytest.raises(err.InvalidPiggyback):
        stage.stop_output(swap, place, spender)
    stage.join(swap, OUT0, PAYEE)
    forged = actions.ChallengeOutputSpent(stage.proof(place), stage.ids(swap), stage.spend(spender, place, by=THIEF))
    with pytest.raises(err.InvalidSignature):
        stage.do(forged, WATCHER)
    stage.stop_output(swap, place, spender)
    stage.now += 2 * W
    with pytest.raises(err.UnexpectedInFlightStatus):
        stage.settle(swap)
    stage.abandon(swap, WATCHER)
    assert stage.paid == {(WATCHER, 0): JOIN, (PAYER, 0): START}
    stage.check()


def test_one_that_nobody_joined_is_dropped_and_its_bond_goes_back(stage: Stage, swap: Transaction) -> None:
    stage.start(swap, PAYER)
    refused(err.TooEarly, lambda: stage.abandon(swap))
    stage.now += W // 2
    stage.abandon(swap)
    assert stage.paid == {(PAYER, 0): START}
    refused(err.UnexpectedInFlightStatus, lambda: stage.abandon(swap))
    stage.start(swap, PAYER, bits=1 << IN0)
    stage.now += W // 2
    refused(err.InvalidPiggyback, lambda: stage.abandon(swap))
    stage.check()


def test_an_input_paid_elsewhere_leaves_the_other_to_its_owner(stage: Stage, swap: Transaction) -> None:
    """A co-signer who takes its input out cannot make the others lose theirs."""
    stage.exit(swap.inputs[1])
    stage.now += W - W // 4
    stage.start(swap, PAYER, bits=1 << IN0 | 1 << OUT1)
    # The exit has the other input: outputs do not count while it runs.
    assert stage.state.reserve.total == {0: 160}
    stage.now += W // 4
    stage.claim(swap.inputs[1])
    stage.join(swap, OUT0, PAYEE)
    with pytest.raises(err.UnexpectedExitStatus):
        stage.join(swap, IN1, OTHER)
    stage.now += W
    stage.settle(swap)
    assert flight(stage, swap) == InFlightStatus.PAYS_INPUTS
    assert stage.paid[PAYER, 0] == 100 + 2 * BACK + START
    assert stage.paid[PAYEE, 0] == BACK
    stage.check()


def test_two_withheld_double_spends_are_paid_once(stage: Stage) -> None:
    """Both included by a hostile operator, both answered as canonical: who settles first takes the input."""
    first = stage.deposit(THIEF, 100)
    one, two = stage.pay([first], (THIEF, 100)), stage.pay([first], (OTHER, 100))
    stage.block(one, two)
    stage.deposit(PAYER, 1_000)
    stage.start(one, THIEF, bits=1 << OUT0)
    stage.start(two, THIEF)
    stage.join(two, OUT0, OTHER)
    stage.now += 2 * W
    stage.settle(one)
    stage.settle(two)
    assert flight(stage, two) == InFlightStatus.PAYS_INPUTS
    assert stage.paid[THIEF, 0] == 100 + BACK + 2 * START
    assert stage.paid[OTHER, 0] == BACK
    stage.check()


def test_an_output_that_has_joined_leaves_by_that_game_alone(stage: Stage, swap: Transaction) -> None:
    (place,) = stage.block(swap)
    stage.start(swap, PAYER)
    stage.join(swap, OUT0, PAYEE)
    refused(err.OutputHeld, lambda: stage.exit(place))
    assert stage.state.reserve.total == {0: 120}
    stage.now += 2 * W
    stage.settle(swap)
    assert stage.paid[PAYEE, 0] == 120 + BACK
    refused(err.UnexpectedExitStatus, lambda: stage.exit(place), lambda: stage.claim(place))
    assert stage.state.reserve.total == {0: 0}
    stage.check()


def test_an_output_that_joins_leaves_its_own_exit_and_is_registered_under_the_older_block(
    stage: Stage, swap: Transaction
) -> None:
    """The bond waits for the owner; nothing is called, so nothing can be called back."""
    (place,) = stage.block(swap)
    stage.exit(place)
    stage.start(swap, PAYER)
    before = dict(stage.state.reserve.under)
    stage.join(swap, OUT0, PAYEE)
    assert (list(before), list(stage.state.reserve.under)) == ([(0, place >> 24)], [(0, 0)])
    assert stage.state.reserve.total == {0: 120}
    assert stage.state.pending == {(PAYEE, 0): CONFIG.exit_bond}
    stage.now += 2 * W
    refused(err.UnexpectedExitStatus, lambda: stage.claim(place))
    stage.settle(swap)
    assert stage.paid[PAYEE, 0] == 120 + BACK
    assert stage.state.reserve.total == {0: 0}
    stage.check()


def test_an_output_of_a_game_that_lost_can_leave_by_its_own_exit_again(stage: Stage, swap: Transaction) -> None:
    (place,) = stage.block(swap)
    rival = stage.pay(swap.inputs[:1], (THIEF, 1))
    stage.start(swap, PAYER)
    stage.join(swap, OUT0, PAYEE)
    stage.contest(swap, rival, swap.inputs[0])
    stage.now += 2 * W
    stage.settle(swap)
    assert stage.state.holds == set()
    stage.exit(place)
    assert stage.state.reserve.total == {0: 120}
    stage.check()


def test_an_output_that_was_stopped_in_its_game_is_not_held(stage: Stage, swap: Transaction) -> None:
    (place,) = stage.block(swap)
    stage.start(swap, PAYER)
    stage.join(swap, OUT0, PAYEE)
    assert stage.id(place) in stage.state.holds
    stage.stop_output(swap, place, stage.pay([place], (PAYER, 120)))
    assert stage.id(place) not in stage.state.holds
    stage.check()


def test_an_exit_of_an_input_that_should_have_been_challenged_is_the_settlers(stage: Stage, swap: Transaction) -> None:
    stage.exit(swap.inputs[0])
    stage.start(swap, OTHER)
    stage.join(swap, OUT0, PAYEE)
    refused(err.OutputHeld, lambda: stage.exit(swap.inputs[1]))
    stage.now += W
    stage.settle(swap)
    assert stage.paid[WATCHER, 0] == BOUNTY + CONFIG.exit_bond
    assert stage.status(swap.inputs[0]) == ExitStatus.SPENT
    with pytest.raises(err.UnexpectedExitStatus):
        stage.claim(swap.inputs[0])
    stage.check()


def test_of_several_tokens_each_is_paid_when_it_is_covered(stage: Stage) -> None:
    """What is short in one token does not hold up the other, and what was decided stays decided."""
    ether, token = stage.deposit(PAYER, 100), stage.deposit(OTHER, 70, token=1)
    swap = payment([ether, token], [(OTHER, 0, 100), (PAYER, 1, 70)], 1_000)
    blocker = stage.deposit(THIEF, 30, token=1)
    stage.exit(blocker)
    stage.start(swap, PAYER, bits=1 << OUT1)
    stage.join(swap, OUT0, OTHER)
    stage.now += 2 * W
    stage.state = replace(stage.state, balance={**stage.state.balance, 1: 80})
    stage.deposited[1] -= 20
    stage.settle(swap)
    assert stage.paid[OTHER, 0] == 100 + BACK
    assert stage.paid[PAYER, 1] == 0
    with pytest.raises(err.NothingToPay):
        stage.settle(swap)
    stage.settle(swap, newer=(0,))
    assert stage.paid[PAYER, 1] == 70
    assert flight(stage, swap) == InFlightStatus.PAYS_OUTPUTS
    stage.check()


def test_owners_of_an_invalid_block_leave_by_its_inputs(stage: Stage) -> None:
    """A payment that shares its block with a theft has the age of its inputs, which is older than the theft."""
    old = stage.block(stage.pay([stage.deposit(PAYER, 500)], (PAYEE, 500)))[0]
    mine = stage.pay([old], (OTHER, 500))
    _, theft = stage.block(mine, payment([999 << 24], [(THIEF, 0, 500)], 1_000))
    made = stage.now
    stage.exit(theft)
    stage.start(mine, PAYEE)
    stage.join(mine, OUT0, OTHER)
    stage.now = made + 2 * W
    for newer in ((), (0,), (1,), (0, 1)):
        with pytest.raises(err.NotCovered):
            stage.claim(theft, newer=newer)
    stage.settle(mine, newer=(0, 1))
    assert stage.paid[OTHER, 0] == 500 + BACK
    stage.check()


def test_in_the_same_block_the_first_is_paid(stage: Stage) -> None:
    """Why wallets leave by the inputs then: within one block the ledger knows no order."""
    old = stage.block(stage.pay([stage.deposit(PAYER, 500)], (PAYEE, 500)))[0]
    mine, theft = stage.block(stage.pay([old], (OTHER, 500)), payment([999 << 24], [(THIEF, 0, 500)], 1_000))
    stage.exit(mine)
    stage.exit(theft)
    stage.now += 2 * W
    stage.claim(theft, newer=(1,))
    with pytest.raises(err.NotCovered):
        stage.claim(mine, newer=(1,))


def test_nothing_is_played_in_a_game_that_does_not_run(stage: Stage, swap: Transaction) -> None:
    rival = stage.pay([swap.inputs[1]], (OTHER, 60))
    (place,) = stage.block(swap)
    refused(
        err.UnexpectedInFlightStatus,
        lambda: stage.join(swap, OUT0, PAYEE),
        lambda: stage.contest(swap, rival, swap.inputs[1]),
        lambda: stage.answer(swap, place),
        lambda: stage.stop_input(swap, rival, swap.inputs[1]),
        lambda: stage.stop_output(swap, place, stage.pay([place], (PAYEE, 120))),
        lambda: stage.settle(swap),
    )
    assert WATCHER not in stage.sent


@pytest.mark.parametrize("expiry", [1_000, 2], ids=["lasting", "expired with the next block"])
def test_rivals_of_one_input_hold_up_nobody(stage: Stage, expiry: int) -> None:
    """A thief signs forty spenders of its one deposit and joins with the output of each: forty times what it has.

    Those that expire with the next block can be contested by none of each other afterwards.
    """
    (honest,) = stage.block(stage.pay([stage.deposit(PAYER, 1_000)], (PAYEE, 1_000)))
    mine = stage.deposit(THIEF, 100)
    stage.exit(honest)
    stage.now += 2 * W - 10
    rivals = [payment([mine], [(THIEF, 0, 100)], expiry, memo=bytes([at + 1]) * 32) for at in range(40)]
    for one in rivals:
        stage.start(one, THIEF, bits=1 << OUT0 | 1 << IN0)
    stage.block(stage.pay([stage.deposit(OTHER, 1)], (OTHER, 1)))
    # The deposit is registered once, by the game that holds it.
    assert stage.state.reserve.total == {0: 1_100}
    stage.now += 10
    stage.claim(honest)
    stage.now += W
    refused(err.OutputHeld, lambda: stage.settle(rivals[1]))
    for one in rivals:
        stage.settle(one)
    assert stage.paid[THIEF, 0] == 100 + 40 * (2 * BACK + START)
    assert not any(stage.state.reserve.total.values())
    assert not stage.state.holds
    stage.check()


def test_what_was_paid_out_starts_no_game_and_reserves_nothing(stage: Stage) -> None:
    """Forty of forty were taken once: each held up who is younger, for a bond that came back."""
    mine = stage.deposit(THIEF, 100)
    stage.exit(mine)
    stage.now += W
    stage.claim(mine)
    for at in range(40):
        phantom = payment([mine], [(THIEF, 0, 100)], 1_000, memo=bytes([at + 1]) * 32)
        refused(err.UnexpectedExitStatus, lambda phantom=phantom: stage.start(phantom, THIEF, bits=1 << OUT0))
    assert stage.state.reserve.total == {0: 0}


def test_a_chain_of_payments_does_not_reserve_what_has_moved_on(stage: Stage) -> None:
    """The thief's money moves on twenty times; each payment's game is joined by its input, and by its small change."""
    place, links = stage.deposit(THIEF, 1_000), []
    for at in range(20):
        one = stage.pay([place], (THIEF, 999 - at), (THIEF, 1))
        (place,) = stage.block(one)
        links.append(one)
    for one in links:
        stage.start(one, THIEF, bits=1 << IN0 | 1 << OUT1)
    assert stage.state.reserve.total == {0: 20}
    # Contested by a payment of the thief's own, the inputs would count: whoever shows the inclusion ends that.
    rival = payment([links[3].inputs[0]], [(THIEF, 0, 1)], 1_000)
    stage.contest(links[3], rival, links[3].inputs[0], by=THIEF)
    assert stage.state.reserve.total == {0: 20 + 997 - 1}
    stage.answer(links[3], links[4].inputs[0])
    assert stage.state.reserve.total == {0: 20}


def test_a_game_that_began_later_counts_once_the_older_one_lets_go(stage: Stage, swap: Transaction) -> None:
    """A co-signer takes its input first, for a game of its own; the swap contests that, and is registered."""
    rival = stage.pay([swap.inputs[1]], (OTHER, 60))
    stage.start(rival, OTHER, bits=1 << OUT0)
    stage.start(swap, PAYER, bits=1 << IN0 | 1 << OUT1)
    assert stage.state.reserve.total == {0: 60 + 100}
    refused(err.NothingToHold, lambda: stage.hold(swap))
    stage.contest(rival, swap, swap.inputs[1])
    assert stage.state.reserve.total == {0: 100}
    stage.hold(rival)
    stage.hold(swap)
    assert stage.state.reserve.total == {0: 40}
    stage.now += W
    stage.settle(swap)
    stage.settle(rival)
    assert not any(stage.state.reserve.total.values())
    assert not stage.state.holds
    stage.check()


def test_a_swap_half_signed_is_nobodys_spend(stage: Stage, swap: Transaction) -> None:
    """Whoever keeps the other half back does not hold its signer's output up: not in any game, included or not."""
    mine = swap.inputs[0]
    stage.exit(mine)
    whole = stage.spend(swap, mine)
    for wrong, error in (
        (replace(whole, signatures=whole.signatures[:64] + bytes(64)), err.InvalidSignature),
        (replace(whole, signatures=whole.signatures[:64]), err.InvalidInputs),
        (replace(whole, inputs=()), err.InvalidInputs),
        (replace(whole, inputs=whole.inputs[:1] * 2), err.InvalidSpend),
    ):
        refused(error, lambda wrong=wrong: stage.do(actions.ChallengeExit(stage.proof(mine), wrong), WATCHER))
    (place,) = stage.block(swap)
    half = replace(stage.spend(swap, mine, place), signatures=whole.signatures[:64] + bytes(64))
    refused(err.InvalidSignature, lambda: stage.do(actions.ChallengeExit(stage.proof(mine), half), WATCHER))
    stage.challenge(mine, swap)
    assert stage.status(mine) == ExitStatus.CHALLENGED


def test_a_payment_that_never_could_be_included_is_nobodys_spend(stage: Stage) -> None:
    """Of several inputs: one that is not there, one twice, more out than in."""
    mine, other = stage.deposit(PAYER, 100), stage.deposit(OTHER, 60)
    stage.exit(mine)
    greedy = stage.pay([mine, other], (PAYER, 161))
    refused(err.UnbalancedAmounts, lambda: stage.challenge(mine, greedy))
    stage.challenge(mine, stage.pay([mine, other], (PAYER, 160)))


def test_an_answer_brings_the_outputs_back(stage: Stage, swap: Transaction) -> None:
    (place,) = stage.block(swap)
    stage.start(swap, PAYER, bits=1 << OUT1)
    stage.contest(swap, stage.pay([swap.inputs[1]], (OTHER, 60)), swap.inputs[1])
    assert stage.state.reserve.total == {0: 0}
    stage.join(swap, OUT0, PAYEE)
    assert stage.state.reserve.total == {0: 0}
    stage.answer(swap, place)
    assert stage.state.reserve.total == {0: 160}
    stage.now += 2 * W
    stage.settle(swap)
    assert stage.paid[PAYEE, 0] == 120 + BACK
    stage.check()
