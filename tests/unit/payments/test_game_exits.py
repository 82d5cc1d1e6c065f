"""Deposits, blocks and standard exits: who owns an output gets it once, and nobody else gets anything."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.payments.stage import CONFIG, OPERATOR, OTHER, PAYEE, PAYER, THIEF, WATCHER, Stage, W, refused, sign

from layer2.plasma.payments.bindings import errors as err
from layer2.plasma.payments.model import ExitStatus, actions
from layer2.plasma.payments.model.actions import Item, Proof, Spend
from layer2.plasma.protocol.transaction import fee_transaction, payment

BOND, BOUNTY = CONFIG.exit_bond, CONFIG.bounty


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_deposit_comes_back_after_w_and_the_claimer_earns_the_bounty(stage: Stage) -> None:
    position = stage.deposit(PAYER, 500)
    stage.exit(position)
    stage.now += W - 1
    with pytest.raises(err.TooEarly):
        stage.claim(position)
    stage.now += 1
    stage.claim(position)
    assert stage.paid == {(PAYER, 0): 500 + BOND - BOUNTY, (WATCHER, 0): BOUNTY}
    stage.check()
    assert stage.state.balance[0] == 0


def test_an_output_of_a_block_waits_until_two_w_after_the_block(stage: Stage) -> None:
    (position,) = stage.block(stage.pay([stage.deposit(PAYER, 500)], (PAYEE, 500)))
    made = stage.now
    stage.now += W // 2
    stage.exit(position)
    assert stage.state.exit(stage.id(position)).time == made + 2 * W
    stage.now = made + 2 * W - 1
    with pytest.raises(err.TooEarly):
        stage.claim(position)
    stage.now += 1
    stage.claim(position)
    assert stage.paid[PAYEE, 0] == 500 + BOND - BOUNTY


def test_an_exit_is_paid_once_whatever_is_tried(stage: Stage) -> None:
    position = stage.deposit(PAYER, 500)
    stage.deposit(OTHER, 500)
    stage.exit(position)
    with pytest.raises(err.UnexpectedExitStatus):
        stage.exit(position)
    stage.now += W
    stage.claim(position, position)
    refused(err.UnexpectedExitStatus, lambda: stage.claim(position), lambda: stage.exit(position))
    with pytest.raises(err.NothingToPay):
        stage.claim(position, position)
    assert stage.paid[PAYER, 0] == 500 + BOND - BOUNTY
    stage.check()


def test_only_the_owner_starts_and_only_with_the_bond(stage: Stage) -> None:
    position = stage.deposit(PAYER, 500)
    with pytest.raises(err.UnauthorizedCaller):
        stage.exit(position, by=THIEF)
    for value in (0, BOND - 1, BOND + 1, 2 * BOND):
        with pytest.raises(err.IncorrectValue):
            stage.exit(position, value=value)
    stage.exit(position)


def test_a_spent_output_is_stopped_and_its_bond_goes_to_the_challenger(stage: Stage) -> None:
    position = stage.deposit(PAYER, 500)
    spender = stage.pay([position], (PAYEE, 500))
    (paid,) = stage.block(spender)
    stage.exit(position)
    stage.challenge(position, spender, at=paid)
    assert stage.status(position) == ExitStatus.CHALLENGED
    assert stage.paid == {(WATCHER, 0): BOND}
    refused(
        err.UnexpectedExitStatus, lambda: stage.challenge(position, spender, at=paid), lambda: stage.claim(position)
    )
    # Included: spent for good.
    with pytest.raises(err.ExitBlocked):
        stage.exit(position)
    stage.exit(paid)
    stage.now += 2 * W
    stage.claim(paid)
    stage.check()


def test_a_spender_that_may_still_come_stops_an_exit_until_it_has_expired(stage: Stage) -> None:
    position = stage.deposit(PAYER, 500)
    spender = stage.pay([position], (PAYEE, 500), expiry=2)
    stage.exit(position)
    stage.challenge(position, spender)
    for _ in range(2):
        with pytest.raises(err.ExitBlocked):
            stage.exit(position)
        stage.block(stage.pay([stage.deposit(OTHER, 1)], (OTHER, 1)))
    stage.exit(position)
    with pytest.raises(err.LateInclusion):
        stage.challenge(position, spender)
    stage.now += W
    stage.claim(position)
    assert stage.paid[PAYER, 0] == 500 + BOND - BOUNTY
    stage.check()


def test_what_does_not_show_a_spend_stops_nothing(stage: Stage) -> None:
    position, other = stage.deposit(PAYER, 500), stage.deposit(THIEF, 500)
    spender = stage.pay([position], (PAYEE, 500))
    stage.exit(position)
    good = stage.spend(spender, position)
    wrong: list[tuple[Spend, type[err.RootError]]] = [
        (replace(good, signatures=sign(spender, THIEF)), err.InvalidSignature),
        (replace(good, signatures=bytes(64)), err.InvalidSignature),
        (replace(good, signatures=b""), err.InvalidSignature),
        (replace(good, proof=Proof(0, spender.packed + b"\0")), err.InvalidTransaction),
        (stage.spend(stage.pay([other], (THIEF, 500)), other), err.InvalidSpend),
        (replace(good, proof=Proof(1 << 24, spender.packed)), err.InvalidProof),
        (replace(good, proof=Proof(0, fee_transaction(1, [(THIEF, 0, 1)]).packed)), err.InvalidTransaction),
    ]
    for spend, error in wrong:
        with pytest.raises(error):
            stage.do(actions.ChallengeExit(stage.proof(position), spend), WATCHER)
    stage.do(actions.ChallengeExit(stage.proof(position), good), WATCHER)


def test_an_included_transaction_is_proven_at_its_place_only(stage: Stage) -> None:
    first = stage.deposit(PAYER, 500)
    positions = stage.block(*(stage.pay([first], (PAYEE, 100 + extra)) for extra in range(5)))
    good = stage.proof(positions[2])
    wrong = [
        replace(good, position=positions[3]),
        replace(good, position=positions[2] + (1 << 24)),
        replace(good, position=positions[2] + (8 << 8)),
        replace(good, path=good.path[:-1]),
        replace(good, path=(*good.path, bytes(32))),
        replace(good, word=good.word + 1),
        replace(good, word=good.word + (1 << 32)),
        replace(good, path=(*good.path[:-1], bytes(32))),
    ]
    for proof in wrong:
        with pytest.raises(err.InvalidProof):
            stage.do(actions.StartExits((proof,)), PAYEE, BOND)
    with pytest.raises(err.InvalidOutput):
        stage.do(actions.StartExits((replace(good, position=positions[2] + 1),)), PAYEE, BOND)
    with pytest.raises(err.InvalidTransaction):
        stage.do(actions.StartExits((replace(good, data=good.data + b"\0"),)), PAYEE, BOND)
    stage.do(actions.StartExits((good,)), PAYEE, BOND)


def test_a_deposit_is_proven_by_its_record_only(stage: Stage) -> None:
    position = stage.deposit(PAYER, 500)
    stage.deposit(PAYER, 500)
    good = stage.proof(position)
    for proof in (
        replace(good, position=position + (5 << 24)),
        replace(good, position=position + 1),
        replace(good, position=position + (1 << 8)),
        replace(good, data=good.data[:-1] + b"\x07"),
        replace(good, data=b""),
    ):
        with pytest.raises(err.InvalidProof):
            stage.do(actions.StartExits((proof,)), PAYER, BOND)
    stage.exit(position)


def test_a_transaction_included_twice_is_paid_once_and_challenged_at_either_place(stage: Stage) -> None:
    made = stage.pay([stage.deposit(PAYER, 500)], (PAYEE, 500))
    (one,) = stage.block(made)
    (two,) = stage.block(made)
    stage.exit(two)
    with pytest.raises(err.UnexpectedExitStatus):
        stage.exit(one)
    spender = stage.pay([one], (OTHER, 500))
    with pytest.raises(err.InvalidProof):
        action = actions.ChallengeExit(replace(stage.proof(one), path=()), stage.spend(spender, one))
        stage.do(action, WATCHER)
    stage.challenge(one, spender)
    assert stage.status(two) == ExitStatus.CHALLENGED
    stage.check()


def test_two_equal_deposits_are_two(stage: Stage) -> None:
    one, two = stage.deposit(PAYER, 500), stage.deposit(PAYER, 500)
    stage.exit(one, two)
    stage.now += W
    stage.claim(one, two)
    assert stage.paid[PAYER, 0] == 2 * (500 + BOND - BOUNTY)
    stage.check()


def test_a_transaction_in_a_block_after_its_expiry_is_worth_nothing(stage: Stage) -> None:
    first = stage.deposit(PAYER, 500)
    stage.block(stage.pay([first], (PAYEE, 1)))
    (late,) = stage.block(stage.pay([first], (PAYEE, 500), expiry=1))
    with pytest.raises(err.LateInclusion):
        stage.exit(late)


def test_fees_are_collected_in_their_own_block_only(stage: Stage) -> None:
    stage.deposit(PAYER, 500)
    number = stage.state.next_block
    right, wrong = fee_transaction(number, [(OPERATOR, 0, 5)]), fee_transaction(number + 1, [(OPERATOR, 0, 5)])
    good, bad = stage.block(right, wrong)
    with pytest.raises(err.LateInclusion):
        stage.exit(bad)
    stage.exit(good)


def test_an_unpayable_owner_blocks_nobody_and_loses_nothing(stage: Stage) -> None:
    one, two = stage.deposit(PAYER, 500), stage.deposit(PAYEE, 300)
    stage.exit(one)
    stage.exit(two)
    stage.now += W
    stage.failing = frozenset({PAYER})
    stage.claim(one, two)
    assert stage.paid[PAYEE, 0] == 300 + BOND - BOUNTY
    assert stage.state.pending == {(PAYER, 0): 500 + BOND - BOUNTY}
    stage.check()
    with pytest.raises(err.PaymentFailed):
        stage.do(actions.WithdrawPending(0, PAYER), PAYER)
    with pytest.raises(err.NothingPending):
        stage.do(actions.WithdrawPending(0, THIEF), THIEF)
    stage.do(actions.WithdrawPending(0, OTHER), PAYER)
    assert stage.paid[OTHER, 0] == 500 + BOND - BOUNTY
    with pytest.raises(err.NothingPending):
        stage.do(actions.WithdrawPending(0, OTHER), PAYER)
    stage.check()


def test_a_batch_passes_over_what_cannot_be_paid_and_a_single_one_says_why(stage: Stage) -> None:
    early, ripe = stage.deposit(PAYER, 5), stage.deposit(PAYEE, 6)
    stage.exit(ripe)
    stage.now += W
    stage.exit(early)
    stage.claim(early, ripe, ripe)
    assert (PAYER, 0) not in stage.paid
    with pytest.raises(err.TooEarly):
        stage.claim(early)
    with pytest.raises(err.NothingToPay):
        stage.claim(early, ripe)
    with pytest.raises(err.NothingToPay):
        stage.do(actions.ProcessExits(()), WATCHER)
    with pytest.raises(err.UnsortedBuckets):
        stage.claim(early, newer=(3, 3))
    with pytest.raises(err.InvalidOutput):
        stage.do(actions.ProcessExits((Item(1 << 24 | 9, stage.data(ripe)),)), WATCHER)


def test_an_operators_theft_is_not_paid_before_those_who_exit_in_time(stage: Stage) -> None:
    honest = stage.block(stage.pay([stage.deposit(PAYER, 500)], (PAYEE, 500)))[0]
    stage.now += 5
    theft = stage.block(payment([999 << 24], [(THIEF, 0, 500)], 1_000))[0]
    made = stage.now
    stage.exit(theft)
    stage.now = made + W
    stage.exit(honest)
    stage.now = made + 2 * W
    for newer in ((), (0,), (0, 1), (1,)):
        with pytest.raises(err.NotCovered):
            stage.claim(theft, newer=newer)
    with pytest.raises(err.NotCovered):
        stage.claim(honest)
    stage.now += 100 * W
    stage.claim(honest, newer=stage.state.reserve.buckets(0, 1))
    assert stage.paid[PAYEE, 0] == 500 + BOND - BOUNTY
    with pytest.raises(err.NotCovered):
        stage.claim(theft, newer=stage.state.reserve.buckets(0, 2))
    stage.check()


def test_the_bounties_of_a_batch_cover_none_of_it(stage: Stage) -> None:
    """What the claimer has earned by the first items leaves at the end: until then it is nobody's to be paid from."""
    honest = stage.block(stage.pay([stage.deposit(PAYER, 500)], (PAYEE, 500)))[0]
    mine = [stage.deposit(THIEF, 5) for _ in range(10)]
    theft = stage.block(payment([999 << 24], [(THIEF, 0, 5)], 1_000))[0]
    stage.exit(honest)
    stage.exit(theft)
    stage.exit(*mine)
    stage.now += 2 * W
    stage.claim(*mine, theft, by=THIEF, newer=(1,))
    assert stage.status(theft) == ExitStatus.OPEN
    stage.claim(honest, newer=(0, 1))
    assert stage.paid[PAYEE, 0] == 500 + BOND - BOUNTY
    stage.check()


def test_bonds_do_not_cover_exits(stage: Stage) -> None:
    stage.deposit(PAYER, 500)
    theft = stage.block(payment([999 << 24], [(THIEF, 0, 501)], 1_000))[0]
    stage.exit(theft)
    stage.now += 2 * W
    with pytest.raises(err.NotCovered):
        stage.claim(theft, newer=(0,))


# ---------------------------------------------------------------------------------------- deposits, blocks, operator


def test_a_token_that_moves_another_amount_is_refused(stage: Stage) -> None:
    stage.do(actions.RegisterToken(), OTHER)
    for arrived in (0, 499, 501):
        with pytest.raises(err.InsufficientTransfer):
            stage.do(actions.Deposit(1, 500, PAYER, arrived), PAYER)
    stage.do(actions.Deposit(1, 500, PAYER, 500), PAYER)
    assert stage.state.balance == {1: 500}


def test_what_is_no_deposit_is_refused(stage: Stage) -> None:
    for action, value, error in (
        (actions.Deposit(0, 0, PAYER), 0, err.InvalidAmount),
        (actions.Deposit(0, 0, PAYER), 2**96, err.InvalidAmount),
        (actions.Deposit(0, 5, bytes(20)), 5, err.MissingOwner),
        (actions.Deposit(1, 5, PAYER), 0, err.UnknownToken),
    ):
        with pytest.raises(error):
            stage.do(action, PAYER, value)


def test_only_the_operator_adds_the_next_block(stage: Stage) -> None:
    root = b"\7" * 32
    with pytest.raises(err.UnauthorizedCaller):
        stage.do(actions.SubmitBlock(1, root, 1), THIEF)
    for number in (0, 2):
        with pytest.raises(err.UnexpectedBlockNumber):
            stage.do(actions.SubmitBlock(number, root, 1), OPERATOR)
    for count in (0, 65_537):
        with pytest.raises(err.InvalidCount):
            stage.do(actions.SubmitBlock(1, root, count), OPERATOR)
    stage.do(actions.SubmitBlock(1, root, 65_536), OPERATOR)
    with pytest.raises(err.UnexpectedBlockNumber):
        stage.do(actions.SubmitBlock(1, root, 65_536), OPERATOR)


def test_the_operator_hands_over_after_the_delay(stage: Stage) -> None:
    with pytest.raises(err.UnauthorizedCaller):
        stage.do(actions.ProposeOperator(THIEF), THIEF)
    stage.do(actions.ProposeOperator(OTHER), OPERATOR)
    with pytest.raises(err.TooEarly):
        stage.do(actions.AcceptOperator(), OTHER)
    stage.now += CONFIG.rotation_delay
    with pytest.raises(err.UnauthorizedCaller):
        stage.do(actions.AcceptOperator(), THIEF)
    stage.do(actions.AcceptOperator(), OTHER)
    with pytest.raises(err.UnauthorizedCaller):
        stage.do(actions.SubmitBlock(1, bytes(32), 1), OPERATOR)
    with pytest.raises(err.UnauthorizedCaller):
        stage.do(actions.AcceptOperator(), OTHER)


def test_data_that_is_not_shown_freezes_the_chain_and_not_its_exits(stage: Stage) -> None:
    first = stage.deposit(PAYER, 500)
    shown, hidden = stage.block(stage.pay([first], (PAYEE, 500)), stage.pay([first], (OTHER, 500)))
    proof, root = stage.proof(shown), stage.blocks[1][0].root
    bond = CONFIG.data_bond
    with pytest.raises(err.IncorrectValue):
        stage.do(actions.ChallengeData(1, 0, root, proof.word), WATCHER)
    with pytest.raises(err.InvalidProof):
        stage.do(actions.ChallengeData(1, 2, root, proof.word), WATCHER, bond)
    with pytest.raises(err.UnexpectedDataStatus):
        stage.do(actions.ShowData(proof), OPERATOR)
    for index in (0, 1):
        stage.do(actions.ChallengeData(1, index, root, proof.word), WATCHER, bond)
    with pytest.raises(err.UnexpectedDataStatus):
        stage.do(actions.ChallengeData(1, 0, root, proof.word), WATCHER, bond)
    with pytest.raises(err.InvalidProof):
        stage.do(actions.ShowData(replace(proof, position=hidden)), OPERATOR)
    stage.do(actions.ShowData(proof), OPERATOR)
    stage.check()
    with pytest.raises(err.TooEarly):
        stage.do(actions.Freeze(1, 1), WATCHER)
    stage.now += CONFIG.data_delay
    with pytest.raises(err.UnexpectedDataStatus):
        stage.do(actions.Freeze(1, 0), WATCHER)
    stage.do(actions.Freeze(1, 1), OTHER)
    assert stage.paid == {(OPERATOR, 0): bond, (WATCHER, 0): bond}
    refused(err.ChainFrozen, lambda: stage.deposit(PAYER, 1), lambda: stage.block(stage.pay([first], (PAYEE, 1))))
    stage.exit(shown)
    stage.now += 2 * W
    stage.claim(shown)
    stage.check()


def test_ether_sent_where_none_is_taken_is_refused(stage: Stage) -> None:
    with pytest.raises(err.RootError):
        stage.do(actions.RegisterToken(), OTHER, 5)
    with pytest.raises(err.RootError):
        stage.do(actions.Deposit(1, 5, PAYER), PAYER, 5)
