"""What a watcher of coins finds and what it does about it; and that it finds nothing where nothing is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.coins.watcher_world import EAGER, ETHER, HALF, PERIOD, CoinWorld

from layer2.ethereum.errors import ConnectionFailed
from layer2.ethereum.records import Log
from layer2.plasma.coins.chain.block_sources import BodiesOf
from layer2.plasma.coins.chain.exit_proofs import ChallengeView
from layer2.plasma.coins.protocol.coin_history import check_history
from layer2.plasma.coins.protocol.errors import CoinRefused, HistoryBroken
from layer2.plasma.coins.protocol.transfer import encode_coin_body
from layer2.plasma.coins.watcher.exit_rules import _GAS
from layer2.plasma.common.errors import StateUnknown
from layer2.plasma.common.watcher.alerts import AlertKind


def test_an_honest_chain_is_healthy_and_its_exits_are_claimed_for_their_owners(world: CoinWorld) -> None:
    watcher = world.watch()
    coin, record, numbers = world.chain_of("payer", "payee", "other")
    world.exit("other", coin, record, numbers[-1])
    report = watcher.step()
    assert (report.kinds(), report.acts) == (set(), [])
    assert watcher.status().healthy
    world.later(PERIOD + 1)
    before, mine = world.balance("other"), world.balance("watcher")
    (act,) = watcher.step().acts
    assert act.name == "finalizeExits"
    assert act.receipt is not None
    profile = world.chain.profile
    assert world.balance("other") - before == ETHER + profile.exit_bond - profile.bounty
    assert world.balance("watcher") - mine == profile.bounty - act.receipt.cost
    assert not world.chain.holds(coin, record)
    assert watcher.step().acts == []


def test_an_exit_of_a_spent_coin_is_refuted(world: CoinWorld) -> None:
    watcher = world.watch()
    coin, record, numbers = world.chain_of("thief", "payee", "other")
    for number, who in ((0, "thief"), (numbers[0], "payee")):
        world.exit(who, coin, record, number)
        report = watcher.step()
        assert AlertKind.EXIT_SPENT in report.kinds()
        assert report.done() == ["challengeAfter"]
        assert not world.runs(coin, number)


def test_an_exit_of_a_coin_spent_twice_is_refuted_by_the_first_spend_only(world: CoinWorld) -> None:
    watcher = world.watch()
    coin, record = world.deposit("thief", ETHER)
    first = world.pass_on(coin, "thief", "payee")
    second = world.pass_on(coin, "thief", "other")
    world.exit("payee", coin, record, first)
    assert watcher.step().kinds() == {AlertKind.TRANSFER_INVALID}
    world.exit("other", coin, record, second)
    report = watcher.step()
    assert report.kinds() == {AlertKind.EXIT_DOUBLE_SPENT}
    assert report.done() == ["challengeBetween"]
    assert (world.runs(coin, first), world.runs(coin, second)) == (True, False)


@pytest.mark.parametrize("hands", [("payer",), ("payer", "payee"), ("payer", "payee", "other")])
def test_an_invented_history_is_challenged_and_both_bonds_come_home(world: CoinWorld, hands: tuple[str, ...]) -> None:
    watcher = world.watch(owners=[world.people[hands[-1]].address])
    coin, record, numbers = world.chain_of(*hands)
    one = world.pass_on(coin, "thief", "thief", numbers[-1] if numbers else 0)
    two = world.pass_on(coin, "thief", "thief", one)
    world.exit("thief", coin, record, two)
    before = world.balance("watcher")
    report = watcher.step()
    assert {AlertKind.TRANSFER_INVALID, AlertKind.EXIT_INVENTED} <= report.kinds()
    (act,) = report.acts
    assert act.name == ("challengeBefore" if numbers else "challengeBeforeByDeposit")
    # The owner, who was warned, is out before.
    world.exit(hands[-1], coin, record, numbers[-1] if numbers else 0)
    assert watcher.step().acts == []
    world.later(PERIOD + 1)
    done = watcher.step()
    assert sorted(done.done()) == ["finalizeExits", "refuteChallengeResponse"]
    cost = sum(one.receipt.cost for one in (act, *done.acts) if one.receipt)
    assert world.balance("watcher") - before == world.chain.profile.exit_bond + world.chain.profile.bounty - cost
    assert not world.chain.holds(coin, record)
    assert not world.runs(coin, two)


def test_doubts_about_an_honest_exit_are_answered_in_the_second_half(world: CoinWorld) -> None:
    watcher = world.watch()
    coin, record, numbers = world.chain_of("payer", "payee", "other", "second")
    world.exit("second", coin, record, numbers[-1])
    for earlier in (0, numbers[0]):
        world.doubt("thief", coin, numbers[-1], record, earlier)
    report = watcher.step()
    assert (AlertKind.EXIT_DOUBTED in report.kinds(), report.acts) == (True, [])
    world.later(HALF + 1)
    before = world.balance("watcher")
    report = watcher.step()
    assert report.done() == ["respondChallengeBefore"] * 2
    cost = sum(one.receipt.cost for one in report.acts if one.receipt)
    # A quarter of each challenge's bond pays for its answer.
    profile = world.chain.profile
    assert world.balance("watcher") - before == 2 * profile.answer_pay - cost
    assert watcher.step().acts == []
    exit_ = world.chain.exit(coin, numbers[-1])
    assert exit_ is not None
    assert watcher.view.exits[coin, numbers[-1]].exitable_at == exit_.exitable_at
    owner = world.balance("second")
    world.later(HALF + 1)
    assert watcher.step().done() == ["finalizeExits"]
    need = ETHER + profile.exit_bond + 2 * (profile.challenge_bond - profile.answer_pay) - profile.bounty
    assert world.balance("second") - owner == need


def test_what_a_reorganisation_takes_back_of_an_answer_is_forgotten(world: CoinWorld) -> None:
    watcher = world.watch()
    coin, record, numbers = world.chain_of("payer", "payee", "other")
    world.exit("other", coin, record, numbers[-1])
    world.doubt("thief", coin, numbers[-1], record)
    watcher.step()
    began = watcher.view.exits[coin, numbers[-1]].exitable_at
    before = world.connection.snapshot()
    world.later(HALF + 1)
    challenge = ChallengeView(world.people["thief"].address, 0, world.people["payer"].address)
    world.answer("other", coin, numbers[-1], challenge, numbers[0])
    watcher.step()
    assert [move.number for move in watcher.view.moves_of(coin)] == [numbers[0]]
    assert watcher.view.exits[coin, numbers[-1]].exitable_at > began
    world.connection.revert(before)
    world.connection.mine(3)
    watcher.step()
    assert watcher.view.moves_of(coin) == []
    assert watcher.view.exits[coin, numbers[-1]].exitable_at == began


def test_a_doubt_that_nobody_can_answer_is_told_and_not_answered(world: CoinWorld) -> None:
    """The owner went on after the operator had taken the coin: what was invented then stands against it."""
    watcher = world.watch()
    coin, record, numbers = world.chain_of("payer", "payee")
    forged = world.pass_on(coin, "thief", "thief", numbers[0])
    later = world.pass_on(coin, "payee", "other", numbers[0])
    last = world.pass_on(coin, "other", "second", later)
    world.exit("second", coin, record, last)
    assert watcher.step().acts == [], "it is as the contract wants it, but for one thing"
    world.doubt("thief", coin, last, record, forged)
    world.later(HALF + 1)
    report = watcher.step()
    assert AlertKind.DOUBT_UNANSWERED in report.kinds()
    assert report.acts == []


def test_a_challenge_whose_exit_fell_otherwise_comes_home(world: CoinWorld) -> None:
    watcher = world.watch()
    coin, record, numbers = world.chain_of("payer", "payee", "thief")
    world.exit("thief", coin, record, numbers[-1])
    world.doubt("watcher", coin, numbers[-1], record)
    world.pass_on(coin, "thief", "other", numbers[-1])
    assert watcher.step().done() == ["challengeAfter"]
    assert watcher.step().done() == ["voidChallenge"]
    assert watcher.step().acts == []


def test_a_withheld_block_is_told_and_what_is_seen_after_it_still_refutes(world: CoinWorld) -> None:
    watcher = world.watch()
    coin, record = world.deposit("thief", ETHER)
    other, _ = world.deposit("payer", ETHER)
    hidden = world.pass_on(other, "payer", "payee", withhold=True)
    world.pass_on(coin, "thief", "payee")
    report = watcher.step()
    assert AlertKind.BLOCK_WITHHELD in report.kinds()
    assert watcher.status().withheld == (hidden,)
    assert not watcher.status().healthy
    world.exit("thief", coin, record, 0)
    assert watcher.step().done() == ["challengeAfter"]
    with pytest.raises(StateUnknown):
        watcher.history(other)
    world.hostile.reveal()
    report = watcher.step()
    assert AlertKind.BLOCK_SHOWN in report.kinds()
    assert watcher.status().known == 2
    assert watcher.status().withheld == ()


def test_an_exit_out_of_withheld_blocks_costs_a_bond_only_for_owners_of_ones_own(world: CoinWorld) -> None:
    coin, record = world.deposit("payer", ETHER)
    one = world.pass_on(coin, "thief", "thief", 0, withhold=True)
    two = world.pass_on(coin, "thief", "thief", one, withhold=True)
    world.exit("thief", coin, record, two)
    stranger, friend = world.watch("one"), world.watch("two", owners=[world.people["payer"].address])
    report = stranger.step()
    assert AlertKind.EXIT_INVENTED in report.kinds()
    assert report.acts == []
    assert friend.step().done() == ["challengeBeforeByDeposit"]


def test_a_thief_baits_no_bond_out_of_a_stranger(world: CoinWorld) -> None:
    """Its own true history, of which bodies are shown that are not the blocks', looks invented: who challenges it is
    answered."""
    coin, record = world.deposit("thief", ETHER)
    one = world.pass_on(coin, "thief", "thief")
    two = world.pass_on(coin, "thief", "thief", one)
    world.hostile.unsigned |= {one, two}
    world.exit("thief", coin, record, two)
    stranger, friend = world.watch("one"), world.watch("two", by="second", owners=[world.people["thief"].address])
    report = stranger.step()
    assert AlertKind.EXIT_INVENTED in report.kinds()
    assert report.acts == []
    assert friend.step().done() == ["challengeBeforeByDeposit"]
    world.later(HALF + 1)
    thief = world.people["thief"].address
    challenge = ChallengeView(world.people["second"].address, 0, thief)
    world.answer("thief", coin, two, challenge, one)
    before, profile = world.balance("thief"), world.chain.profile
    world.later(HALF + 1)
    cost = world.claim("thief", coin, record, two).cost
    # Its answer was paid before.
    rest = profile.challenge_bond - profile.answer_pay
    assert world.balance("thief") - before + cost == ETHER + profile.exit_bond + rest


def test_an_invented_history_that_fits_nowhere_is_challenged_for_anybody(world: CoinWorld) -> None:
    """What spends what never was can be signed by nobody who counts."""
    watcher = world.watch()
    coin, record, numbers = world.chain_of("payer", "payee")
    world.hostile.block()
    one = world.pass_on(coin, "thief", "thief", numbers[0] + 1)
    two = world.pass_on(coin, "thief", "thief", one)
    world.exit("thief", coin, record, two)
    assert watcher.step().done() == ["challengeBefore"]


def test_what_an_owner_needs_is_exported(world: CoinWorld) -> None:
    watcher = world.watch(by=None)
    coin, record, numbers = world.chain_of("payer", "payee")
    world.hostile.block()
    paid, paid_record = world.deposit("payee", ETHER)
    world.exit("payee", paid, paid_record, 0)
    world.later(PERIOD + 1)
    world.claim("payee", paid, paid_record, 0)
    watcher.step()
    headers = [watcher.view.headers[number] for number in range(record.birth, watcher.view.posted + 1)]
    standing = check_history(watcher.history(coin), headers, world.chain.domain)
    assert (standing.owner, standing.last_block) == (world.people["payee"].address, numbers[0])
    kits = watcher.kits(world.people["payee"].address)
    assert list(kits) == [coin]
    world.chain.make(world.people["payee"].sender, kits[coin])
    assert world.runs(coin, numbers[0])
    with pytest.raises(CoinRefused):
        watcher.kit(paid)
    with pytest.raises(StateUnknown):
        watcher.history(12345)


def test_a_kit_after_a_fault_is_that_of_the_state_before_it(world: CoinWorld) -> None:
    watcher = world.watch(by=None)
    coin, record, numbers = world.chain_of("payer", "payee")
    forged = world.pass_on(coin, "thief", "thief", numbers[0])
    world.pass_on(coin, "payee", "payee", numbers[0])
    assert AlertKind.TRANSFER_INVALID in watcher.step().kinds()
    assert watcher.kit(coin).args[3][0] == numbers[0] < forged
    with pytest.raises(HistoryBroken):
        check_history(watcher.history(coin), list(watcher.view.headers.values()), world.chain.domain)
    assert record.birth == 1


def test_only_the_chosen_coins_are_looked_after(world: CoinWorld) -> None:
    coins = [world.chain_of("thief", "payee") for _ in range(2)]
    watcher = world.watch(coins=[coins[0][0]])
    for coin, record, _ in coins:
        world.exit("thief", coin, record, 0)
    assert watcher.step().done() == ["challengeAfter"]
    assert [world.runs(coin, 0) for coin, _, _ in coins] == [False, True]


def test_no_answer_of_a_source_stops_a_watcher(world: CoinWorld) -> None:
    coin, _, _ = world.chain_of("payer", "payee")
    true = world.hostile.coin_body(1)

    class Odd:
        def __init__(self, answer: object) -> None:
            self.answer = answer

        def coin_body(self, number: int) -> object:
            if isinstance(self.answer, BaseException):
                raise self.answer
            return self.answer

    answers = (
        b"\xff",
        true + true,
        encode_coin_body([]),
        None,
        3,
        ConnectionFailed("away"),
        RuntimeError("bug"),
        encode_coin_body([world.sign(coin, "thief", "thief")]),
    )
    watcher = world.watch(source=[Odd(one) for one in answers])
    report = watcher.step()
    # To have none is no fault.
    assert [one.kind for one in report.findings].count(AlertKind.SOURCE_FAULTY) == len(answers) - 1
    assert watcher.status().known == 0
    watcher.sources.sources.append(BodiesOf(world.hostile))
    watcher.step()
    assert watcher.status().known == 1


def test_a_block_of_nonsense_stops_no_watcher(world: CoinWorld) -> None:
    """A coin that never was, an expired transfer, an unsigned one: each is told, and nothing moves."""
    watcher = world.watch()
    coin, record = world.deposit("payer", ETHER)
    nowhere = world.sign(99, "thief", "thief")
    expired = world.sign(coin, "payer", "payee", 0, expiry=1)
    world.hostile.block(nowhere)
    world.hostile.block(expired)
    world.hostile.block(expired._replace(signature=bytes(64)))
    early, _ = world.deposit("payer", ETHER)
    report = watcher.step()
    kinds = [one.kind for one in report.findings if one.kind is not AlertKind.OPERATOR_CHANGED]
    assert kinds == [AlertKind.TRANSFER_VOID, AlertKind.TRANSFER_INVALID, AlertKind.TRANSFER_INVALID]
    assert watcher.status().known == 3
    assert watcher.books.coins_of(world.people["payer"].address) == sorted([coin, early])
    assert record.birth == 1


def test_a_node_that_leaves_a_block_out_is_told_and_all_is_read_anew(
    world: CoinWorld, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    watcher = world.watch()
    world.chain_of("payer", "payee", "other")
    topic = world.chain.contract.topic("BlockSubmitted")
    left: list[Log] = []

    def without(everything: Callable[..., list[Log]]) -> Callable[..., list[Log]]:
        def fewer(*args: Any, **more: Any) -> list[Log]:
            found = everything(*args, **more)
            left.extend([one for one in found if one.topics[0] == topic][: 1 - len(left)])
            return [one for one in found if one not in left]

        return fewer

    # Asked for a range, or for one block by its hash.
    for name in ("logs", "block_logs"):
        monkeypatch.setattr(world.connection, name, without(getattr(world.connection, name)))
    assert AlertKind.EVENT_ODD in watcher.step().kinds()
    assert watcher.status().posted == 0
    monkeypatch.undo()
    assert AlertKind.CHAIN_REWRITTEN in watcher.step().kinds()
    assert watcher.status().known == 2


def test_a_new_operator_is_told(world: CoinWorld) -> None:
    watcher = world.watch()
    watcher.step()
    operator, second = world.people["operator"], world.people["second"]
    world.chain.contract.transact(operator.sender, "proposeOperator", second.address)
    assert watcher.step().kinds() == {AlertKind.OPERATOR_ANNOUNCED}
    world.later(world.chain.profile.rotation_delay)
    world.chain.contract.transact(second.sender, "acceptOperator")
    assert watcher.step().kinds() == {AlertKind.OPERATOR_CHANGED}
    assert watcher.status().operator == second.address


def test_acts_cost_what_was_reckoned_at_most(world: CoinWorld) -> None:
    watcher = world.watch()
    spent: dict[str, int] = {}
    crowd = [world.deposit("payer", 1)[0] for _ in range(30)]
    coin, record = world.deposit("thief", ETHER)
    full = [world.sign(one, "payer", "payee") for one in crowd]
    first = world.hostile.block(*full, world.sign(coin, "thief", "payee"))
    world.exit("thief", coin, record, 0)
    other, other_record, numbers = world.chain_of("payer", "payee", "second")
    world.exit("second", other, other_record, numbers[-1])
    world.doubt("thief", other, numbers[-1], other_record)
    for seconds in (HALF + 1, HALF + 1, 0):
        for act in watcher.step().acts:
            assert act.receipt is not None, act
            spent[act.name] = max(spent.get(act.name, 0), act.receipt.gas_used)
        world.later(seconds)
    assert set(spent) == {"challengeAfter", "respondChallengeBefore", "finalizeExits"}
    assert all(gas <= _GAS.get(name, 170_000) for name, gas in spent.items()), spent
    assert EAGER.patience == 0 < first
