"""What is wrong with exits of coins as the contract has them now, and the calls that set it right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from layer2.plasma.cash.exits import Call, ChallengeView, ExitView, answer, contradiction
from layer2.plasma.cash.profile import CoinProfile
from layer2.plasma.cash.records import CoinExit
from layer2.plasma.cash.refusals import NotAnswerable
from layer2.plasma.cash.watchbooks import CoinBooks
from layer2.plasma.cash.watchview import Doubt
from layer2.plasma.watch.findings import Finding, Kind
from layer2.plasma.watch.judge import Judged
from layer2.plasma.watch.plan import Plan
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
    """A running exit of a coin as the contract has it. `doubts`: challenges of its history that are open."""

    coin: int
    exit: CoinExit
    doubts: tuple[ChallengeView, ...] = ()

    @property
    def view(self) -> ExitView:
        """What contradictions and answers need of it."""
        return ExitView(self.exit.number, self.exit.prev_block)

    @property
    def subject(self) -> bytes:
        """What findings and plans name it by."""
        return subject_of(self.coin, self.exit.number)


class CoinJudge:
    """Judges by the books, whose transfers go into the calls.

    Args:
        me: whose challenges to collect the bonds of.
        at_risk: of which owners' coins to challenge an exit that blocks or signatures which nobody shows might justify:
            a challenge that is answered loses its bond.
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
            detail = f"coin {one.coin}, block {one.exit.number}: not all blocks up to it are there"
            result.add(Finding(Kind.EXIT_UNKNOWN, one.subject, detail))
        for doubt in one.doubts:
            self._doubt(one, doubt, now, result)
        return result

    def void(self, doubt: Doubt, now: int) -> Plan:
        """The bond of a challenge whose exit is over otherwise."""
        arguments = (doubt.coin, doubt.number, doubt.nonce, doubt.challenge.as_tuple())
        subject = subject_of(doubt.coin, doubt.number)
        return self._plan("voidChallenge", subject, arguments, now + _NO_HURRY, doubt.challenge)

    # --------------------------------------------------------------------------------------------------------- inside

    def _against(self, one: CoinExitNow) -> Call | None:
        """What contradicts it: transfers that are there, whatever blocks are not; then what all blocks say."""
        for spend in self.books.spends(one.coin, one.exit.number, one.exit.owner):
            return Call("challengeSpent", (one.coin, one.exit.number, spend.as_tuple(), spend.signature))
        if one.exit.number:
            for other in self.books.spends(one.coin, one.exit.prev_block, one.exit.prev_owner):
                if other.number < one.exit.number:
                    arguments = (one.coin, one.exit.number, other.as_tuple(), other.signature)
                    return Call("challengeDoubleSpent", arguments)
        standing = self.books.standing(one.coin)
        call = None if standing is None else contradiction(standing, one.view)
        # Of a transfer without a history there is nothing to doubt.
        return call if call is None or call.bond == "" or one.exit.prev_block else None

    def _stands(self, one: CoinExitNow) -> bool:
        standing = self.books.standing(one.coin)
        return standing is not None and standing.owner_at(one.exit.number) == one.exit.owner

    def _challenge(self, one: CoinExitNow, call: Call, now: int, result: Judged) -> None:
        finding = Finding(_KINDS[call.name], one.subject, f"coin {one.coin}, block {one.exit.number}: {one.exit.owner}")
        reward, gas, due = self.profile.exit_bond, _GAS[call.name], one.exit.exitable_at
        if not call.bond:
            # It can be made until the exit is claimed.
            result.add(finding, Plan(call.name, one.subject, call.args, reward, due, gas=gas))
            return
        earlier = 0 if call.name == "challengeHistoryByDeposit" else call.args[2][0]
        standing = self.books.standing(one.coin)
        assert standing is not None, "what contradicts it stands"
        owner, end = standing.owner_at(earlier), due - self.profile.exit_period // 2
        said = any((doubt.number, doubt.owner) == (earlier, owner) for doubt in one.doubts)
        # Whether a transfer of which no body shows a signature is signed, only the owner knows: to challenge on behalf
        # of a stranger, who may be the thief, is to hand out the bond.
        last = one.exit.prev_block
        sure = last <= self.books.head and not self.books.might_spend(one.coin, earlier, last)
        if said or now > end or not (sure or self._at_risk(standing.owner)):
            result.add(finding)
            return
        bond = self.profile.challenge_bond
        result.add(finding, Plan(call.name, one.subject, call.args, reward, end, value=bond, gas=gas))

    def _doubt(self, one: CoinExitNow, doubt: ChallengeView, now: int, result: Judged) -> None:
        standing, end = self.books.standing(one.coin), one.exit.exitable_at
        if now > end:
            # Nobody has answered in time: it is never paid, and both bonds are the challenger's.
            result.good = False
            if doubt.challenger == self.me:
                arguments = (one.coin, one.exit.number, doubt.as_tuple())
                result.plans.append(self._plan("refuteHistory", one.subject, arguments, now + _NO_HURRY, doubt))
            return
        try:
            call = None if standing is None else answer(standing, one.view, doubt)
            told = f"coin {one.coin}, block {one.exit.number}: that block {doubt.number} was not spent"
        except NotAnswerable as failure:
            call, told = None, str(failure.args[0])
        if call is None:
            if result.good:
                result.add(Finding(Kind.DOUBT_UNANSWERED, one.subject, told))
            return
        result.findings.append(Finding(Kind.EXIT_DOUBTED, one.subject, told))
        if now > end - self.profile.exit_period // 2:
            result.plans.append(self._plan("answerHistory", one.subject, call.args, end, doubt, duty=True))

    def _plan(
        self,
        name: str,
        subject: bytes,
        arguments: tuple[object, ...],
        deadline: int,
        doubt: ChallengeView,
        *,
        duty: bool = False,
    ) -> Plan:
        subject += doubt.number.to_bytes(5, "big") + doubt.challenger.encode()
        reward = self.profile.challenge_bond + (self.profile.exit_bond if name == "refuteHistory" else 0)
        return Plan(name, subject, arguments, reward, deadline, duty=duty, gas=_GAS[name])


def subject_of(coin: int, number: int) -> bytes:
    """What findings and plans about an exit name it by: coin and block."""
    return coin.to_bytes(8, "big") + number.to_bytes(5, "big")
