"""Coin chain and model in lock-step: whatever anybody calls, both accept it or both refuse it for the same reason.

Owners sign coins over, once or twice, the operator includes what it likes (invented transfers, repetitions, what has
expired), thieves take out what they spent or made up, everybody contradicts, challenges, answers, claims and fetches,
at times that hit the edges of every wait. After each call events, money and the words of the contract agree; no coin is
paid twice; the contract holds what it owes, to the wei; and who follows the library's advice is never robbed.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from tests.support.campaign import campaign
from tests.support.coins.lockstep import ETHER, NFTS, PROFILE
from tests.support.coins.machine import people
from tests.support.coins.machine_stories import CoinStories
from tests.support.payments.lockstep import PEOPLE, Counts, W
from tests.support.payments.machine import anybody, edges, numbers, often, seldom

from layer2.plasma.coins.bindings.errors import CoinError
from layer2.plasma.coins.chain import exit_proofs as library
from layer2.plasma.coins.model import Env, Exit, actions, challenge_id, exits, history
from layer2.plasma.coins.model.apply import _ACTS
from layer2.plasma.coins.model.call import Call
from layer2.plasma.coins.model.exits import end as exits_end
from layer2.plasma.coins.protocol.transfer import SignedCoin

pytestmark = [pytest.mark.anvil, pytest.mark.machine]

kinds = st.sampled_from(("ether", "ether", "erc20", "erc721"))
choices = st.sampled_from(("fresh", "fresh", "known", "again", "forged"))
lives = st.sampled_from((0, 2, 50, 50))


class CoinLockStep(CoinStories):
    # ------------------------------------------------------------------------------------------------ the chain

    @often(4)
    @rule(who=people, kind=kinds, amount=st.integers(1, 200), pick=st.sampled_from(NFTS), wrong=seldom)
    def a_deposit(self, who: str, kind: str, amount: int, pick: int, wrong: bool) -> None:
        owner = self.address[who]
        if kind == "ether":
            self.deposit(owner, actions.DepositETH(), 0 if wrong else amount)
        elif kind == "erc20":
            self.deposit(owner, actions.DepositErc20(self.world.erc20, (1 << 128) * (amount % 2) if wrong else amount))
        else:
            mine = [one for one in NFTS if self.twin.holders[one] == owner]
            number = pick if wrong or not mine else mine[0]
            self.deposit(owner, actions.DepositErc721(self.world.erc721, number))

    @rule(data=st.data(), to=people, life=lives, twice=seldom)
    def somebody_signs(self, data: st.DataObject, to: str, life: int, twice: bool) -> None:
        """Honest owners one transfer at a time, and of nothing that leaves; others whatever they ever had."""
        self.twin.calls += 1
        coins = self.payable()
        if not coins:
            return
        track = data.draw(st.sampled_from(coins))
        if track.owner in self.honest:
            if self.is_guarded(track) and not (track.broken or track.may_come() or self.is_leaving(track)):
                self.sign(track, self.address[to], life)
            return
        rogue = [number for number in track.numbers() if track.holder(number) not in self.honest]
        self.sign(track, self.address[to], life, data.draw(st.sampled_from(rogue)) if twice and rogue else None)

    @rule(data=st.data(), chosen=st.lists(choices, min_size=1, max_size=3), pick=numbers, wrong=seldom)
    def block(self, data: st.DataObject, chosen: list[str], pick: int, wrong: bool) -> None:
        batch: dict[int, SignedCoin] = {}
        for kind in chosen:
            track = data.draw(st.sampled_from(list(self.tracks.values())))
            ones = track.signed
            included = {step.shown.r + step.shown.vs for step in track.steps}
            if kind in ("fresh", "known"):
                ones = [one for one in ones if one.signature not in included and self.is_due(one)] or ones
            if kind == "forged" and pick % 3 == 0:
                batch[track.coin] = self.forge(track, self.address["thief"], track.numbers()[-1])
            elif ones and (kind != "again" or pick % 5 == 0):
                batch[track.coin] = ones[-1 if kind == "fresh" else pick % len(ones)]
        if wrong:
            number = self.twin.state.next_block + pick % 2
            by = self.twin.state.operator if pick % 2 else self.address["thief"]
            self.make(actions.SubmitBlock(number, bytes(32)), by)
        else:
            self.include(list(batch.values()))

    def is_due(self, one: SignedCoin) -> bool:
        standing = self.tracks[one.transaction.coin].standing
        return one.transaction.prev_block == standing.last_block and one.transaction.expiry >= standing.next_block

    # ------------------------------------------------------------------------------- debts, the operator, time

    @precondition(lambda self: self.twin.state.owed or self.twin.state.owed_tokens)
    @rule(data=st.data(), to=st.sampled_from((*PEOPLE, "itself")), thief=seldom, nobody=seldom)
    def withdraw(self, data: st.DataObject, to: str, thief: bool, nobody: bool) -> None:
        target = self.world.here if to == "itself" else self.address[to]
        debts: list[Any] = [*sorted(self.twin.state.owed), *sorted(self.twin.state.owed_tokens)]
        place = data.draw(st.sampled_from(debts))
        if isinstance(place[0], bytes):
            action: actions.Action = actions.WithdrawPending(place[1].to_bytes(20, "big"), target)
            owner = place[0]
        else:
            target = ETHER if nobody else target
            action = actions.WithdrawPendingNft(place[0].to_bytes(20, "big"), place[1], target)
            owner = self.twin.state.owed_tokens[place]
        self.make(action, self.address["thief"] if thief else owner)

    @often(5)
    @rule(names=st.sampled_from(((), ("payer",), ("payee", "thief"), ("other", "closed", "watcher"))))
    def the_token_refuses(self, names: tuple[str, ...]) -> None:
        self.twin.calls += 1
        self.twin.set_blacklisted(self.address[one] for one in names)

    @precondition(lambda self: not self.twin.open and self.twin.state.owed)
    @rule(now=seldom)
    def the_closed_account_opens(self, now: bool) -> None:
        if now:
            self.twin.open_door()

    @often(9)
    @rule(by=st.sampled_from(("operator", "operator", "thief")), to=anybody, edge=edges, take=st.booleans())
    def the_operator_changes(self, by: str, to: str, edge: int, take: bool) -> None:
        following, since = self.twin.state.named
        if take and since:
            self.twin.at(since + edge)
            self.make(actions.AcceptOperator(), self.address[by] if by == "thief" else following)
        else:
            caller = self.address[by] if by == "thief" else self.twin.state.operator
            self.make(actions.ProposeOperator(self.address[to]), caller)

    @often(3)
    @rule(seconds=st.integers(1, W // 3))
    def time_passes(self, seconds: int) -> None:
        self.twin.calls += 1
        self.twin.at(self.twin.now + seconds)
        self.answer_in_time()
        self.twin.now, self.twin.next = max(self.twin.now, self.twin.next), 0

    # ------------------------------------------------------------------------------------------------------ the end

    def teardown(self) -> None:
        """Every honest owner takes out what is its own, and gets it; then whatever is left is claimed and fetched."""
        if not hasattr(self, "twin") or not self.twin.agreed:
            return
        twin, watcher = self.twin, self.address["watcher"]
        if self.with_stories and self.twin.state.operator in self.world.sender:
            self.past(max((one.exitable_at for _, _, one in self.running()), default=twin.now))
            self.last_seconds()
            self.a_doubt_without_an_exit()
            self.a_thief_comes_back()
            self.signed_over_into_the_dark()
            self.a_token_nobody_takes()
            self.a_successor()
        twin.set_blacklisted(())
        mine = self.guarded()
        for track in mine:
            if not track.may_come() and not self.is_leaving(track):
                self.make(self.exit_action(track, track.standing.last_block), track.accepted, PROFILE.exit_bond)
        ends = [one.exitable_at for _, _, one in self.running()]
        if ends:
            self.past(max(ends))
        for coin, number, _, challenge in self.open():
            self.make(actions.RefuteChallengeResponse(coin, number, challenge), watcher)
        for coin, number, nonce, challenge in self.open(running=False):
            assert self.make(actions.VoidChallenge(coin, number, nonce, challenge), watcher)
        dues = tuple(actions.ExitClaim(track.coin, number, track.record) for track, number, _ in self.running())
        if dues:
            self.make(actions.FinalizeExits(dues), watcher)
        for track in mine:
            assert track.coin not in twin.state.coins or track.may_come(), f"coin {track.coin} did not come out"
        for owner, token in sorted(twin.state.owed):
            self.make(actions.WithdrawPending(token.to_bytes(20, "big"), watcher), owner)
        for (token, number), owner in sorted(twin.state.owed_tokens.items()):
            assert self.make(actions.WithdrawPendingNft(token.to_bytes(20, "big"), number, watcher), owner)
        twin.compare_words()


class Told(CoinLockStep):
    """The stories that end some runs, and nothing else."""

    with_stories = True


CoinLockStep.TestCase.settings = campaign(examples=16, steps=40)

CALLS = {
    "SubmitBlock",
    "ProposeOperator",
    "AcceptOperator",
    "DepositETH",
    "DepositErc20",
    "DepositErc721",
    "WithdrawPending",
    "WithdrawPendingNft",
    "ExitDeposit",
    "ExitTransfer",
    "CancelExit",
    "ChallengeAfter",
    "ChallengeBetween",
    "ChallengeBefore",
    "ChallengeBeforeByDeposit",
    "RespondChallengeBefore",
    "RefuteChallengeResponse",
    "VoidChallenge",
    "FinalizeExits",
}


def test_contract_and_model_never_differ_and_many_calls_are_accepted() -> None:
    CoinLockStep.counts = counts = Counts()
    CoinLockStep.TestCase().runTest()
    print(counts)
    refusals = {error for _, error in counts.refused}
    assert counts.accepted.total() > (counts.accepted + counts.turned_down).total() * 0.75
    assert set(counts.accepted) == CALLS
    assert len(refusals) > 16, refusals
    assert refusals >= {
        "IncorrectValue",
        "BlockOutOfRange",
        "UnauthorizedCaller",
        "ChallengeOpen",
        "ExitChallenged",
        "UnknownExit",
        "ExitRunning",
        "NothingDue",
        "PaymentFailed",
        "InvalidSignature",
        "TooEarly",
        "TooLate",
    }
    assert counts.stories["late challenge"] > 3, counts.stories


# ----------------------------------------------------------------------------------------------------------- controls


def half(one: Call, waiting: Exit) -> int:
    """A second more to answer, and to challenge again."""
    return max(waiting.exitable_at, one.env.time + one.state.profile.exit_period // 2 + 1)


def still(one: Call, waiting: Exit) -> int:
    """No time more for whoever learns something by an answer."""
    return waiting.exitable_at


def end(one: Call, coin: int, number: int) -> int:
    """What is over is forgotten, and how often it was started with it."""
    gone = one.state.exits.pop((coin, number))
    profile = one.state.profile
    return profile.exit_bond + gone.answered * (profile.challenge_bond - profile.answer_pay)


def end_poorer(one: Call, coin: int, number: int) -> int:
    """Bonds of challenges that were answered are nobody's."""
    exits_end(one, coin, number)
    return one.state.profile.exit_bond


def within(number: int, first: int, last: int) -> None:
    """Any block will do."""


def spends(shown: actions.Shown, number: int) -> None:
    """Any transfer of the coin will do."""


def void(one: Call, action: actions.VoidChallenge) -> None:
    """Bonds of challenges that were voided stay."""
    challenge = action.challenge
    history._close(one, challenge_id(action.coin, action.number, action.nonce, challenge))
    told = (challenge.challenger, challenge.number, challenge.owner)
    one.emit("ChallengeVoided", action.coin, action.number, told, action.nonce)


CONTROLS: dict[str, tuple[object, str, object]] = {
    "there is a second more to answer": (history, "_half", half),
    "an answer leaves no time": (history, "_half", still),
    "bonds of answered challenges are lost": (exits, "end", end_poorer),
    "starts are not counted": (exits, "end", end),
    "an answer may come from any block": (history, "require_within", within),
    "any spend refutes": (exits, "require_spends", spends),
    "a voided challenge pays nobody": (_ACTS, "void", void),
    "everybody can be paid": (Env, "reaches", lambda self, owner, token: True),
    "an owner says nothing": (library, "contradiction", lambda standing, exit_: None),
}


@pytest.mark.parametrize("change", CONTROLS)
def test_a_changed_model_is_noticed(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target, name, value = CONTROLS[change]
    if isinstance(target, dict):
        monkeypatch.setitem(target, actions.VoidChallenge, value)
    else:
        monkeypatch.setattr(target, name, value)
    with pytest.raises((AssertionError, CoinError, pytest.fail.Exception)):
        run_told()


def run_told() -> None:
    Told.counts = Counts()
    machine = Told()
    machine.begin((1, 1, 1))
    machine.teardown()


def test_the_stories_pass_with_the_model_as_it_is() -> None:
    run_told()
