"""What is wrong with exits of coins as the contract has them now, and the calls that set it right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from layer2.plasma.cash.exits import Call, ChallengeView, ExitView, answer, contradiction
from layer2.plasma.cash.profile import CoinProfile
from layer2.plasma.cash.refusals import NotAnswerable
from layer2.plasma.cash.watchbooks import CoinBooks
from layer2.plasma.cash.watchview import Doubt
from layer2.plasma.watchfindings import Finding, Kind
from layer2.plasma.watchjudge import Judged
from layer2.plasma.watchplan import Plan
from layer2.primitives.addresses import Address

__all__ = ["CoinExitNow", "CoinJudge", "subject_of"]

_NO_HURRY = 365 * 86_400
_GAS = {
    "challengeSpent": 110_000,
    "challengeDoubleSpent": 110_000,
    "challengeHistory": 130_000,
    "challengeHistoryByDeposit": 110_000,
    "answerHistory": 120_000,
    "refuteHistory": 80_000,
    "voidChallenge": 70_000,
}
"""What acts cost at most in gas; a test compares them with what was spent."""

_KINDS = {
    "challengeSpent": Kind.EXIT_SPENT,
    "challengeDoubleSpent": Kind.EXIT_DOUBLE_SPENT,
    "challengeHistory": Kind.EXIT_INVENTED,
    "challengeHistoryByDeposit": Kind.EXIT_INVENTED,
}


@dataclass(frozen=True, slots=True)
class CoinExitNow:
    """A running exit as the contract has it (`ICoinChain.Exit`). `doubts`: challenges of it that are open."""

    coin: int
    number: int
    owner: Address
    exitable_at: int
    prev_owner: Address
    prev_block: int
    nonce: int
    doubts: tuple[ChallengeView, ...] = ()

    @property
    def view(self) -> ExitView:
        """What contradictions and answers need of it."""
        return ExitView(self.number, self.prev_block)


class CoinJudge:
    """Judges by the books, whose transfers go into the calls.

    Args:
        me: whose challenges to collect the bonds of.
        at_risk: of which owners' coins to challenge an exit that withheld blocks might justify: a challenge that they
            answer loses its bond.
    """

    def __init__(
        self, books: CoinBooks, profile: CoinProfile, me: Address | None, at_risk: Callable[[Address], bool]
    ) -> None:
        self.books = books
        self.profile = profile
        self.me = me
        self._at_risk = at_risk

    def __repr__(self) -> str:
        return f"<CoinJudge {self.books}>"

    def exit(self, one: CoinExitNow, now: int) -> Judged:
        """Judge a running exit."""
        result = Judged()
        call = self._against(one)
        if call is not None:
            self._challenge(one, call, now, result)
        elif not self._stands(one):
            detail = f"coin {one.coin}, block {one.number}: not all blocks up to it are there"
            result.add(Finding(Kind.EXIT_UNKNOWN, subject_of(one.coin, one.number), detail))
        for doubt in one.doubts:
            self._doubt(one, doubt, now, result)
        return result

    def void(self, doubt: Doubt, now: int) -> Plan:
        """The bond of a challenge whose exit is over otherwise."""
        arguments = (doubt.coin, doubt.number, doubt.nonce, doubt.challenge.as_tuple())
        return self._plan("voidChallenge", doubt.coin, doubt.number, arguments, now + _NO_HURRY, doubt.challenge)

    # --------------------------------------------------------------------------------------------------------- inside

    def _against(self, one: CoinExitNow) -> Call | None:
        """What contradicts it: transfers that are there, whatever blocks are not; then what all blocks say."""
        for spend in self.books.spends(one.coin, one.number, one.owner):
            return Call("challengeSpent", (one.coin, one.number, spend.as_tuple(), spend.signature))
        if one.number:
            for other in self.books.spends(one.coin, one.prev_block, one.prev_owner):
                if other.number < one.number:
                    arguments = (one.coin, one.number, other.as_tuple(), other.signature)
                    return Call("challengeDoubleSpent", arguments)
        standing = self.books.standing(one.coin)
        call = None if standing is None else contradiction(standing, one.view)
        # Of a transfer without a history there is nothing to doubt.
        return call if call is None or call.bond == "" or one.prev_block else None

    def _stands(self, one: CoinExitNow) -> bool:
        standing = self.books.standing(one.coin)
        return standing is not None and standing.owner_at(one.number) == one.owner

    def _challenge(self, one: CoinExitNow, call: Call, now: int, result: Judged) -> None:
        kind, subject = _KINDS[call.name], subject_of(one.coin, one.number)
        finding = Finding(kind, subject, f"coin {one.coin}, block {one.number}, by {one.owner}")
        if not call.bond:
            # It can be made until the exit is claimed.
            plan = Plan(call.name, subject, call.args, self.profile.exit_bond, one.exitable_at, gas=_GAS[call.name])
            result.add(finding, plan)
            return
        earlier = 0 if call.name == "challengeHistoryByDeposit" else call.args[2][0]
        standing = self.books.standing(one.coin)
        assert standing is not None, "what contradicts it stands"
        owner, end = standing.owner_at(earlier), one.exitable_at - self.profile.exit_period // 2
        said = any((doubt.number, doubt.owner) == (earlier, owner) for doubt in one.doubts)
        known = one.prev_block <= self.books.head or self._at_risk(standing.owner)
        if said or not known or now > end:
            result.add(finding)
            return
        reward, bond = self.profile.exit_bond, self.profile.challenge_bond
        result.add(finding, Plan(call.name, subject, call.args, reward, end, value=bond, gas=_GAS[call.name]))

    def _doubt(self, one: CoinExitNow, doubt: ChallengeView, now: int, result: Judged) -> None:
        subject, standing = subject_of(one.coin, one.number), self.books.standing(one.coin)
        if now > one.exitable_at:
            # Nobody has answered in time: it is never paid, and both bonds are the challenger's.
            result.good = False
            if doubt.challenger == self.me:
                arguments = (one.coin, one.number, doubt.as_tuple())
                plan = self._plan("refuteHistory", one.coin, one.number, arguments, now + _NO_HURRY, doubt)
                result.plans.append(plan)
            return
        try:
            call = None if standing is None else answer(standing, one.view, doubt)
        except NotAnswerable as failure:
            call, told = None, str(failure.args[0])
        else:
            told = f"coin {one.coin}, block {one.number}: is it so that block {doubt.number} was not spent?"
        if call is None:
            if result.good:
                result.add(Finding(Kind.DOUBT_UNANSWERED, subject, told))
            return
        result.findings.append(Finding(Kind.EXIT_DOUBTED, subject, told))
        if now > one.exitable_at - self.profile.exit_period // 2:
            plan = self._plan("answerHistory", one.coin, one.number, call.args, one.exitable_at, doubt, duty=True)
            result.plans.append(plan)

    def _plan(
        self,
        name: str,
        coin: int,
        number: int,
        arguments: tuple[object, ...],
        deadline: int,
        doubt: ChallengeView,
        *,
        duty: bool = False,
    ) -> Plan:
        subject = subject_of(coin, number) + doubt.number.to_bytes(5, "big") + doubt.challenger.encode()
        reward = self.profile.challenge_bond + (self.profile.exit_bond if name == "refuteHistory" else 0)
        return Plan(name, subject, arguments, reward, deadline, duty=duty, gas=_GAS[name])


def subject_of(coin: int, number: int) -> bytes:
    """What findings and plans about an exit name it by: coin and block."""
    return coin.to_bytes(8, "big") + number.to_bytes(5, "big")
