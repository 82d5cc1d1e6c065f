"""Challenges of histories: made while an exit cannot be claimed, each with a bond, and half of the period to answer."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from tests.support.coins.builder import (
    ANSWER_PAY,
    BOUNTY,
    CHALLENGE_BOND,
    ETHER,
    EXIT_BOND,
    HALF,
    HISTORY_INVENTED,
    JOINED,
    PERIOD,
    Coin,
    Stage,
    Step,
    Transfer,
)

from layer2.ethereum.contract import Contract
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.testing.revert_checks.reverts import reverts

GAS = 400_000
"""Sent as it is: an estimate would look at the wrong second."""


@dataclass(frozen=True)
class Played:
    """An exit that runs: honest, of the coin's third transfer; or invented by thief and operator."""

    coin: Coin
    steps: tuple[Step, ...]
    number: int
    began: int


@pytest.fixture
def honest(stage: Stage) -> Played:
    """Deposit, payee, watcher, payer; the payer exits."""
    coin = stage.deposit(stage.payer)
    first = stage.step(coin, stage.payer, stage.payee)
    second = stage.step(coin, stage.payee, stage.watcher, first)
    third = stage.step(coin, stage.watcher, stage.payer, second)
    stage.exit(stage.payer, coin, second, third)
    return Played(coin, (first, second, third), third.number, stage.connection.timestamp())


@pytest.fixture
def invented(stage: Stage) -> Played:
    """Deposit, payee; then the operator gives the coin to the thief, who exits."""
    coin = stage.deposit(stage.payer)
    stage.deposit(stage.watcher, 5 * ETHER)
    first = stage.step(coin, stage.payer, stage.payee)
    mint = stage.step(coin, stage.thief, stage.thief, first)
    last = stage.step(coin, stage.thief, stage.thief, mint)
    stage.exit(stage.thief, coin, mint, last)
    return Played(coin, (first, mint, last), last.number, stage.connection.timestamp())


def id_of(chain: Contract, played: Played, challenge: tuple[object, ...], nonce: int = 1) -> bytes:
    return bytes(chain.call("challengeId", played.coin.id, played.number, nonce, challenge))


# ------------------------------------------------------------------------------------------------------ the two ways


@pytest.mark.parametrize("earlier", [None, 0], ids=["deposit", "transfer"])
def test_an_honest_history_is_answered_and_paid(stage: Stage, honest: Played, earlier: int | None) -> None:
    coin = honest.coin
    challenge = stage.history(stage.thief, coin, honest.number, None if earlier is None else honest.steps[earlier])
    assert stage.chain.call("challenges", id_of(stage.chain, honest, challenge))
    stage.pass_half()
    spend = honest.steps[0 if earlier is None else 1]
    held = stage.connection.balance(stage.chain.address)
    receipt = stage.answer(stage.payee, coin, honest.number, challenge, spend)
    event = stage.chain.events(receipt, "ChallengeBeforeResponded")[0].args
    assert bytes(event["challenge"]) == id_of(stage.chain, honest, challenge)
    assert event["exitableAt"] == stage.chain.call("exits", coin.id, honest.number)[1]
    assert tuple(event["spend"][:5]) == spend.shown[:5]
    assert b"".join(event["spend"][5:7]) == spend.signature
    assert [bytes(one) for one in event["spend"][7]] == spend.shown[7]
    # The bond stays, with that of the exit, but for what pays the answer.
    assert stage.connection.balance(stage.chain.address) == held - ANSWER_PAY
    assert not stage.chain.call("challenges", id_of(stage.chain, honest, challenge))
    stage.pass_half()
    before = stage.balance(stage.payer)
    stage.claim(stage.watcher, (coin, honest.number))
    assert stage.balance(stage.payer) - before == ETHER + EXIT_BOND + JOINED - BOUNTY
    assert stage.connection.balance(stage.chain.address) == 0


@pytest.mark.parametrize("earlier", [None, 0], ids=["deposit", "transfer"])
def test_an_invented_history_is_refuted(stage: Stage, invented: Played, earlier: int | None) -> None:
    coin = invented.coin
    steps = invented.steps
    # The deposit was spent: that challenge could be answered. So the payee's own transfer is the one to show.
    challenge = stage.history(stage.payee, coin, invented.number, None if earlier is None else steps[earlier])
    stage.pass_half()
    if earlier is None:
        stage.answer(stage.thief, coin, invented.number, challenge, steps[0])
        assert stage.running(coin, invented.number)
        return
    with reverts("InvalidSignature", stage.chain, owner=stage.payee.address):
        stage.answer(stage.thief, coin, invented.number, challenge, steps[1])
    stage.connection.advance(HALF)
    with reverts("NothingDue", stage.chain):
        stage.claim(stage.thief, (coin, invented.number))
    before = stage.balance(stage.payee)
    receipt = stage.act(stage.watcher, "refuteChallengeResponse", coin.id, invented.number, challenge)
    event = stage.chain.events(receipt, "ExitRefuted")[0].args
    assert (event["challenger"], event["reason"]) == (stage.payee.address, HISTORY_INVENTED)
    assert stage.balance(stage.payee) - before == EXIT_BOND + CHALLENGE_BOND
    assert not stage.running(coin, invented.number)


def test_a_coin_minted_from_nothing_is_refuted_by_its_deposit(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    mint = stage.step(coin, stage.thief, stage.thief)
    last = stage.step(coin, stage.thief, stage.thief, mint)
    stage.exit(stage.thief, coin, mint, last)
    challenge = stage.history(stage.payer, coin, last.number, None)
    stage.pass_half()
    with reverts("InvalidSignature", stage.chain, owner=stage.payer.address):
        stage.answer(stage.thief, coin, last.number, challenge, mint)
    stage.connection.advance(HALF)
    stage.act(stage.payer, "refuteChallengeResponse", coin.id, last.number, challenge)
    stage.exit_deposit(stage.payer, coin)


def test_an_unchallenged_invention_is_paid(stage: Stage, invented: Played) -> None:
    """Who does not watch a coin loses that coin, and nobody another one."""
    stage.pass_period()
    held = stage.connection.balance(stage.chain.address)
    stage.claim(stage.thief, (invented.coin, invented.number))
    assert held - stage.connection.balance(stage.chain.address) == ETHER + EXIT_BOND


# ------------------------------------------------------------------------------------------------------------ answers


def test_an_answer_from_after_the_history_went_on_is_refused(stage: Stage) -> None:
    """The thief's transfer takes the payee's place before the payee's own, true one is in a block."""
    coin = stage.deposit(stage.payer)
    first = stage.step(coin, stage.payer, stage.payee)
    mint = stage.step(coin, stage.thief, stage.thief, first)
    true = stage.step(coin, stage.payee, stage.watcher, first)
    last = stage.step(coin, stage.thief, stage.thief, mint)
    stage.exit(stage.thief, coin, mint, last)
    challenge = stage.history(stage.watcher, coin, last.number, first)
    stage.pass_half()
    with reverts("BlockOutOfRange", stage.chain, number=true.number, **{"from": 1}, to=mint.number):
        stage.answer(stage.thief, coin, last.number, challenge, true)


def test_an_answer_spends_what_is_challenged(stage: Stage, honest: Played) -> None:
    challenge = stage.history(stage.thief, honest.coin, honest.number, honest.steps[0])
    stage.pass_half()
    for wrong in (honest.steps[0], honest.steps[2]):
        with reverts("UnexpectedPreviousBlock", stage.chain, prevBlock=wrong.transfer.prev_block, need=1):
            stage.answer(stage.payer, honest.coin, honest.number, challenge, wrong)


def test_an_answer_is_in_time_for_its_transfer(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    late = stage.again(stage.step(coin, stage.payer, stage.payee, expiry=1))
    second = stage.step(coin, stage.payee, stage.thief, late)
    third = stage.step(coin, stage.thief, stage.thief, second)
    stage.exit(stage.thief, coin, second, third)
    challenge = stage.history(stage.payer, coin, third.number, None)
    stage.pass_half()
    with reverts("TransferExpired", stage.chain, number=2, expiry=1):
        stage.answer(stage.thief, coin, third.number, challenge, late)


def test_an_answer_from_before_the_coins_birth_is_refused(stage: Stage) -> None:
    early = Transfer(stage.chain.call("coinOf", 1), 0, stage.thief.address)
    step = stage.include(early, stage.sign(stage.payer, early))
    coin = stage.deposit(stage.payer)
    mint = stage.step(coin, stage.thief, stage.thief, after=1)
    last = stage.step(coin, stage.thief, stage.thief, mint)
    stage.exit(stage.thief, coin, mint, last)
    challenge = stage.history(stage.payer, coin, last.number, None)
    stage.pass_half()
    with reverts("BlockOutOfRange", stage.chain, number=1, **{"from": 2}, to=mint.number):
        stage.answer(stage.thief, coin, last.number, challenge, step)


def test_a_challenge_is_answered_once(stage: Stage, honest: Played) -> None:
    challenge = stage.history(stage.thief, honest.coin, honest.number, honest.steps[0])
    stage.pass_half()
    stage.answer(stage.payer, honest.coin, honest.number, challenge, honest.steps[1])
    with reverts("UnknownChallenge", stage.chain, id=id_of(stage.chain, honest, challenge)):
        stage.answer(stage.payer, honest.coin, honest.number, challenge, honest.steps[1])


@pytest.mark.parametrize("change", [(0, ZERO_ADDRESS), (1, 0), (2, ZERO_ADDRESS)], ids=["challenger", "block", "owner"])
def test_a_challenge_is_what_was_challenged(stage: Stage, honest: Played, change: tuple[int, object]) -> None:
    challenge = stage.history(stage.thief, honest.coin, honest.number, honest.steps[0])
    stage.pass_half()
    other = tuple(change[1] if at == change[0] else value for at, value in enumerate(challenge))
    with reverts("UnknownChallenge", stage.chain, id=id_of(stage.chain, honest, other)):
        stage.answer(stage.payer, honest.coin, honest.number, other, honest.steps[1])


# -------------------------------------------------------------------------------------------------------------- times


def until(stage: Stage, played: Played, challenge: tuple[object, ...]) -> int:
    return int(stage.chain.call("challenges", id_of(stage.chain, played, challenge)))


def due(stage: Stage, played: Played) -> int:
    """From when on it can be claimed, but for a second."""
    return int(stage.chain.call("exits", played.coin.id, played.number)[1])


def challenge_at(stage: Stage, played: Played, moment: int) -> tuple[object, ...]:
    """The thief challenges with the first transfer in that second."""
    stage.connection.set_next_timestamp(moment)
    row = (played.coin.id, played.number, played.steps[0].shown)
    stage.act(stage.thief, "challengeBefore", *row, value=CHALLENGE_BOND, gas=GAS)
    assert stage.connection.timestamp() == moment
    return (stage.thief.address, played.steps[0].number, stage.payee.address)


def answer_at(stage: Stage, played: Played, challenge: tuple[object, ...], moment: int) -> None:
    """The payer answers with the second transfer in that second."""
    spend = played.steps[1]
    stage.connection.set_next_timestamp(moment)
    row = (played.coin.id, played.number, challenge, spend.shown)
    stage.act(stage.payer, "respondChallengeBefore", *row, gas=GAS)
    assert stage.connection.timestamp() == moment


def test_a_challenge_comes_until_the_exit_can_be_claimed(stage: Stage, honest: Played) -> None:
    end = honest.began + PERIOD
    for again, moment in enumerate((honest.began + HALF + 1, end)):
        before = stage.connection.snapshot()
        challenge_at(stage, honest, moment)
        assert stage.chain.call("exits", honest.coin.id, honest.number)[3] == 1, again
        stage.connection.revert(before)
    row = (honest.coin.id, honest.number)
    stage.connection.set_next_timestamp(end + 1)
    with reverts("TooLate", stage.chain, now_=end + 1, until=end):
        stage.act(
            stage.watcher, "challengeBefore", *row, honest.steps[0].shown, value=CHALLENGE_BOND, gas=GAS
        )  # fmt: skip
    with reverts("TooLate", stage.chain, now_=end + 2, until=end):
        stage.act(
            stage.watcher, "challengeBeforeByDeposit", *row, honest.coin.record, value=CHALLENGE_BOND, gas=GAS
        )  # fmt: skip
    stage.claim(stage.watcher, (honest.coin, honest.number))


@pytest.mark.parametrize("after", [1, HALF, HALF + 1, PERIOD], ids=["at once", "half time", "after it", "at the end"])
def test_each_challenge_has_half_of_the_period_for_its_answer(stage: Stage, honest: Played, after: int) -> None:
    """And the rest of the period, if that is longer."""
    challenge = challenge_at(stage, honest, honest.began + after)
    last = honest.began + max(PERIOD, after + HALF)
    assert until(stage, honest, challenge) == last
    assert due(stage, honest) == honest.began + PERIOD
    before = stage.connection.snapshot()
    answer_at(stage, honest, challenge, last)
    stage.connection.revert(before)
    before = stage.connection.snapshot()
    # In the same second as the challenge, or the one after.
    answer_at(stage, honest, challenge, honest.began + after + 1)
    stage.connection.revert(before)
    stage.connection.set_next_timestamp(last + 1)
    spend = honest.steps[1]
    row = (honest.coin.id, honest.number, challenge, spend.shown)
    with reverts("TooLate", stage.chain, now_=last + 1, until=last):
        stage.act(stage.payer, "respondChallengeBefore", *row, gas=GAS)
    stage.act(stage.payer, "refuteChallengeResponse", honest.coin.id, honest.number, challenge)


def test_a_history_is_refuted_after_the_time_to_answer(stage: Stage, honest: Played) -> None:
    challenge = challenge_at(stage, honest, honest.began + PERIOD)
    end = honest.began + PERIOD + HALF
    stage.connection.set_next_timestamp(end)
    with reverts("TooEarly", stage.chain, now_=end, **{"from": end + 1}):
        stage.act(stage.thief, "refuteChallengeResponse", honest.coin.id, honest.number, challenge, gas=GAS)
    stage.connection.set_next_timestamp(end + 1)
    stage.act(stage.thief, "refuteChallengeResponse", honest.coin.id, honest.number, challenge, gas=GAS)


@pytest.mark.parametrize("moment", [1, HALF, HALF + 1, PERIOD], ids=["early", "half time", "after it", "at the end"])
def test_an_answer_leaves_half_of_the_period_to_challenge_again(stage: Stage, honest: Played, moment: int) -> None:
    """What it shows may be news to somebody, even if it comes in the last second."""
    challenge = stage.history(stage.thief, honest.coin, honest.number, honest.steps[0])
    answer_at(stage, honest, challenge, honest.began + max(moment, 2))
    end = honest.began + max(PERIOD, moment + HALF)
    assert due(stage, honest) == (end if moment > 1 else honest.began + PERIOD)
    before = stage.connection.snapshot()
    again = challenge_at(stage, honest, end)
    assert until(stage, honest, again) == end + HALF
    with reverts("NothingDue", stage.chain):
        stage.claim(stage.payer, (honest.coin, honest.number))
    stage.connection.revert(before)
    before = stage.connection.snapshot()
    stage.connection.set_next_timestamp(end)
    with reverts("NothingDue", stage.chain):
        stage.claim(stage.payer, (honest.coin, honest.number))
    stage.connection.revert(before)
    stage.connection.set_next_timestamp(end + 1)
    row = (honest.coin.id, honest.number, honest.steps[0].shown)
    with reverts("TooLate", stage.chain, now_=end + 1, until=end):
        stage.act(stage.watcher, "challengeBefore", *row, value=CHALLENGE_BOND, gas=GAS)
    stage.claim(stage.payer, (honest.coin, honest.number))


def test_a_challenged_exit_is_challenged_by_others_though_its_time_is_over(stage: Stage, honest: Played) -> None:
    """It cannot be claimed; each challenge has its own time."""
    end = honest.began + PERIOD
    first = challenge_at(stage, honest, end)
    stage.connection.advance(HALF // 2)
    second = stage.history(stage.watcher, honest.coin, honest.number, honest.steps[0])
    assert until(stage, honest, second) == stage.connection.timestamp() + HALF
    assert until(stage, honest, first) == end + HALF
    stage.answer(stage.payer, honest.coin, honest.number, first, honest.steps[1])
    stage.answer(stage.payer, honest.coin, honest.number, second, honest.steps[1])


def test_answers_to_others_do_not_put_a_refutation_off(stage: Stage, invented: Played) -> None:
    """The thief challenges and answers itself, time and again: the payee's challenge ends when it would have."""
    coin, number = invented.coin, invented.number
    true = stage.history(stage.payee, coin, number, invented.steps[0])
    end = until(stage, invented, true)
    for _ in range(3):
        stage.connection.advance(PERIOD // 4)
        own = stage.history(stage.thief, coin, number, None)
        stage.answer(stage.thief, coin, number, own, invented.steps[0])
    assert due(stage, invented) > end
    stage.connection.set_next_timestamp(end + 1)
    before = stage.balance(stage.payee)
    stage.act(stage.watcher, "refuteChallengeResponse", coin.id, number, true)
    # With it go the bonds that the thief has lost to its own exit.
    assert stage.balance(stage.payee) - before == EXIT_BOND + CHALLENGE_BOND + 3 * JOINED


def test_whoever_answers_is_paid_a_quarter_of_the_bond(stage: Stage, honest: Played) -> None:
    """Anybody, at once: watchers answer for others. Who is not paid by a push has it waiting."""
    for answerer in (stage.watcher, stage.payee):
        challenge = challenge_at(stage, honest, stage.connection.timestamp() + 1)
        before = stage.balance(answerer)
        receipt = stage.answer(answerer, honest.coin, honest.number, challenge, honest.steps[1])
        assert stage.balance(answerer) - before + receipt.cost == ANSWER_PAY


def test_whoever_delays_an_exit_pays_a_bond_for_each_time(stage: Stage, honest: Played) -> None:
    """Challenged time and again in the last second, and answered by the challenger: three quarters are the owner's."""
    thrice = 3
    for _ in range(thrice):
        end = due(stage, honest)
        challenge = challenge_at(stage, honest, end)
        spend = honest.steps[1]
        row = (honest.coin.id, honest.number, challenge, spend.shown)
        stage.act(stage.thief, "respondChallengeBefore", *row, gas=GAS)
        assert due(stage, honest) <= end + HALF + 2
    assert due(stage, honest) <= honest.began + PERIOD + thrice * (HALF + 2)
    stage.connection.set_next_timestamp(due(stage, honest) + 1)
    before = stage.balance(stage.payer)
    stage.claim(stage.watcher, (honest.coin, honest.number))
    assert stage.balance(stage.payer) - before == ETHER + EXIT_BOND + thrice * JOINED - BOUNTY
    assert stage.connection.balance(stage.chain.address) == 0


def test_bonds_of_a_start_do_not_count_for_the_next_one(stage: Stage, honest: Played) -> None:
    challenge = stage.history(stage.thief, honest.coin, honest.number, honest.steps[0])
    stage.answer(stage.payer, honest.coin, honest.number, challenge, honest.steps[1])
    stage.act(stage.payer, "cancelExit", honest.coin.id, honest.number)
    assert stage.connection.balance(stage.chain.address) == ETHER
    stage.exit(stage.payer, honest.coin, honest.steps[1], honest.steps[2])
    assert stage.chain.call("exits", honest.coin.id, honest.number)[6:8] == (2, 0)
    stage.pass_period()
    stage.claim(stage.payer, (honest.coin, honest.number))
    assert stage.connection.balance(stage.chain.address) == 0


@pytest.mark.parametrize("last_second", [False, True])
def test_who_learns_by_an_answer_of_a_hidden_transfer_challenges_with_it(stage: Stage, last_second: bool) -> None:
    """The payee's block was withheld, two were invented after it; the payer's challenge makes the operator show it."""
    coin = stage.deposit(stage.payer)
    hidden = stage.step(coin, stage.payer, stage.payee)
    mint = stage.step(coin, stage.thief, stage.thief, hidden)
    last = stage.step(coin, stage.thief, stage.thief, mint)
    stage.exit(stage.thief, coin, mint, last)
    played = Played(coin, (hidden, mint, last), last.number, stage.connection.timestamp())
    own = stage.history(stage.payer, coin, last.number, None)
    if last_second:
        stage.connection.set_next_timestamp(until(stage, played, own))
    row = (coin.id, last.number, own, hidden.shown)
    told = stage.chain.events(
        stage.act(stage.thief, "respondChallengeBefore", *row, gas=GAS), "ChallengeBeforeResponded"
    )[0].args
    # All that the payee has is what the event says.
    stage.connection.set_next_timestamp(told["exitableAt"])
    row = (coin.id, last.number, told["spend"])
    stage.act(stage.payee, "challengeBefore", *row, value=CHALLENGE_BOND, gas=GAS)
    challenge = (stage.payee.address, hidden.number, stage.payee.address)
    with reverts("InvalidSignature", stage.chain, owner=stage.payee.address):
        stage.answer(stage.thief, coin, last.number, challenge, mint)
    stage.pass_half()
    stage.act(stage.payee, "refuteChallengeResponse", coin.id, last.number, challenge)
    stage.exit(stage.payee, coin, None, replace(hidden, signature=b"".join(told["spend"][5:7])))
    stage.pass_period()
    before = stage.balance(stage.payee)
    stage.claim(stage.watcher, (coin, hidden.number))
    assert stage.balance(stage.payee) - before == ETHER + EXIT_BOND - BOUNTY


# ---------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("at", [1, 2], ids=["the one spent", "the one that exits"])
def test_what_is_not_before_is_no_challenge(stage: Stage, honest: Played, at: int) -> None:
    step = honest.steps[at]
    with reverts("BlockOutOfRange", stage.chain, number=step.number, **{"from": 1}, to=1):
        stage.history(stage.thief, honest.coin, honest.number, step)


def test_a_transfer_of_a_deposit_has_no_history(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    mint = stage.step(coin, stage.thief, stage.thief)
    last = stage.step(coin, stage.payer, stage.payee)
    stage.exit(stage.payee, coin, None, last)
    stage.exit_deposit(stage.payer, coin)
    for number in (0, last.number):
        with reverts("BlockOutOfRange", stage.chain, number=0, **{"from": 1}, to=0):
            stage.history(stage.thief, coin, number, None)
        with reverts("BlockOutOfRange", stage.chain, number=1, **{"from": 1}, to=0):
            stage.history(stage.thief, coin, number, mint)


def test_what_came_before_the_coins_birth_is_no_challenge(stage: Stage) -> None:
    early = Transfer(stage.chain.call("coinOf", 1), 0, stage.thief.address)
    step = stage.include(early, stage.sign(stage.payer, early))
    coin = stage.deposit(stage.payer)
    first = stage.step(coin, stage.payer, stage.payee)
    second = stage.step(coin, stage.payee, stage.payer, first)
    stage.exit(stage.payer, coin, first, second)
    with reverts("BlockOutOfRange", stage.chain, number=1, **{"from": 2}, to=first.number - 1):
        stage.history(stage.thief, coin, second.number, step)


def test_another_coins_deposit_is_no_challenge(stage: Stage, honest: Played) -> None:
    other = stage.deposit(stage.thief)
    with reverts("UnknownCoin", stage.chain, coin=honest.coin.id):
        stage.history(stage.thief, replace(honest.coin, record=other.record), honest.number, None)


def test_another_coins_transfer_is_no_challenge(stage: Stage) -> None:
    coin, other = stage.deposit(stage.payer), stage.deposit(stage.payer)
    stray = stage.step(other, stage.payer, stage.thief)
    first = stage.step(coin, stage.payer, stage.payee)
    second = stage.step(coin, stage.payee, stage.payer, first)
    stage.exit(stage.payer, coin, first, second)
    with reverts("InvalidProof", stage.chain, number=stray.number):
        stage.history(stage.thief, coin, second.number, stray)


def test_a_challenge_takes_its_bond_exactly(stage: Stage, honest: Played) -> None:
    for given in (0, CHALLENGE_BOND - 1, CHALLENGE_BOND + 1):
        with reverts("IncorrectValue", stage.chain, have=given, need=CHALLENGE_BOND):
            row = (honest.coin.id, honest.number, honest.steps[0].shown)
            stage.act(stage.thief, "challengeBefore", *row, value=given)


def test_no_exit_no_challenge(stage: Stage, honest: Played) -> None:
    with reverts("UnknownExit", stage.chain, coin=honest.coin.id, number=2):
        stage.history(stage.thief, honest.coin, 2, honest.steps[0])


# --------------------------------------------------------------------------------------------------- several, and void


def test_several_challengers_each_have_their_bond(stage: Stage, invented: Played) -> None:
    coin, first = invented.coin, invented.steps[0]
    people = (stage.payee, stage.watcher, stage.thief)
    rows = [stage.history(person, coin, invented.number, first) for person in people]
    with reverts("ChallengeOpen", stage.chain, id=id_of(stage.chain, invented, rows[0])):
        stage.history(stage.payee, coin, invented.number, first)
    assert stage.chain.call("exits", coin.id, invented.number)[3] == 3
    stage.pass_period()
    before = {person.address: stage.balance(person) for person in people[:2]}
    stage.act(stage.operator, "refuteChallengeResponse", coin.id, invented.number, rows[0])
    for row in rows[1:]:
        with reverts("UnknownExit", stage.chain, coin=coin.id, number=invented.number):
            stage.act(stage.operator, "refuteChallengeResponse", coin.id, invented.number, row)
        stage.act(stage.operator, "voidChallenge", coin.id, invented.number, 1, row)
        with reverts("UnknownChallenge", stage.chain, id=id_of(stage.chain, invented, row)):
            stage.act(stage.operator, "voidChallenge", coin.id, invented.number, 1, row)
    assert stage.balance(stage.payee) - before[stage.payee.address] == EXIT_BOND + CHALLENGE_BOND
    assert stage.balance(stage.watcher) - before[stage.watcher.address] == CHALLENGE_BOND
    assert stage.connection.balance(stage.chain.address) == 6 * ETHER


def test_all_challenges_have_to_be_answered(stage: Stage, honest: Played) -> None:
    one = stage.history(stage.thief, honest.coin, honest.number, None)
    other = stage.history(stage.thief, honest.coin, honest.number, honest.steps[0])
    stage.pass_half()
    stage.answer(stage.payer, honest.coin, honest.number, one, honest.steps[0])
    before = stage.connection.snapshot()
    stage.connection.advance(HALF)
    with reverts("NothingDue", stage.chain):
        stage.claim(stage.payer, (honest.coin, honest.number))
    stage.connection.revert(before)
    stage.answer(stage.payer, honest.coin, honest.number, other, honest.steps[1])
    stage.connection.advance(HALF)
    stage.claim(stage.payer, (honest.coin, honest.number))


def test_an_answered_challenge_does_not_save_an_exit_from_another(stage: Stage, invented: Played) -> None:
    coin, first = invented.coin, invented.steps[0]
    own = stage.history(stage.thief, coin, invented.number, None)
    true = stage.history(stage.payee, coin, invented.number, first)
    stage.pass_half()
    stage.answer(stage.thief, coin, invented.number, own, first)
    stage.connection.advance(HALF)
    with reverts("NothingDue", stage.chain):
        stage.claim(stage.thief, (coin, invented.number))
    stage.act(stage.payee, "refuteChallengeResponse", coin.id, invented.number, true)


def test_a_challenge_is_void_when_its_exit_is_refuted_otherwise(stage: Stage, honest: Played) -> None:
    coin = honest.coin
    challenge = stage.history(stage.thief, coin, honest.number, honest.steps[0])
    with reverts("ExitRunning", stage.chain, coin=coin.id, number=honest.number):
        stage.act(stage.thief, "voidChallenge", coin.id, honest.number, 1, challenge)
    spend = stage.step(coin, stage.payer, stage.payee, honest.steps[2])
    stage.spent(stage.watcher, coin, honest.number, spend)
    stage.act(stage.thief, "voidChallenge", coin.id, honest.number, 1, challenge)
    assert stage.connection.balance(stage.chain.address) == ETHER


def test_a_void_challenge_does_not_count_against_the_next_start(stage: Stage, honest: Played) -> None:
    coin, number = honest.coin, honest.number
    old = stage.history(stage.thief, coin, number, honest.steps[0])
    spend = stage.step(coin, stage.payer, stage.payee, honest.steps[2])
    stage.spent(stage.watcher, coin, number, spend)
    stage.exit(stage.payer, coin, honest.steps[1], honest.steps[2])
    assert stage.chain.call("exits", coin.id, number)[3] == 0
    missing = id_of(stage.chain, honest, old, nonce=2)
    stage.pass_half()
    with reverts("UnknownChallenge", stage.chain, id=missing):
        stage.answer(stage.payer, coin, number, old, honest.steps[1])
    stage.connection.advance(HALF)
    with reverts("UnknownChallenge", stage.chain, id=missing):
        stage.act(stage.thief, "refuteChallengeResponse", coin.id, number, old)
    # The old bond is free while the new exit runs.
    stage.act(stage.thief, "voidChallenge", coin.id, number, 1, old)
    with reverts("ExitRunning", stage.chain, coin=coin.id, number=number):
        stage.act(stage.thief, "voidChallenge", coin.id, number, 2, old)
    stage.claim(stage.payer, (coin, number))
    assert stage.connection.balance(stage.chain.address) == 0


def test_an_exit_of_the_deposit_does_not_hold_up_a_void_challenge(stage: Stage, invented: Played) -> None:
    coin = invented.coin
    challenge = stage.history(stage.payee, coin, invented.number, invented.steps[0])
    stage.exit_deposit(stage.payer, coin)
    stage.pass_period()
    stage.act(stage.payee, "refuteChallengeResponse", coin.id, invented.number, challenge)
    with reverts("UnknownChallenge", stage.chain, id=id_of(stage.chain, invented, challenge)):
        stage.act(stage.payee, "voidChallenge", coin.id, invented.number, 1, challenge)


def test_a_challenged_exit_is_not_taken_back(stage: Stage, invented: Played) -> None:
    coin, number = invented.coin, invented.number
    stage.history(stage.payee, coin, number, invented.steps[0])
    for wait in (0, HALF, HALF):
        stage.connection.advance(wait or 1)
        with reverts("ExitChallenged", stage.chain, challenges=1):
            stage.act(stage.thief, "cancelExit", coin.id, number)


def test_an_answered_exit_can_be_taken_back(stage: Stage, honest: Played) -> None:
    challenge = stage.history(stage.thief, honest.coin, honest.number, honest.steps[0])
    stage.pass_half()
    stage.answer(stage.payer, honest.coin, honest.number, challenge, honest.steps[1])
    stage.act(stage.payer, "cancelExit", honest.coin.id, honest.number)
    assert stage.connection.balance(stage.chain.address) == ETHER
