"""What is wrong with exits of coins as the contract has them now, and the calls that set it right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from layer2.plasma.coins.chain.exit_proofs import Call, ChallengeView, ExitView, answer, contradiction, contradiction_by
from layer2.plasma.coins.protocol.coin_history import Move
from layer2.plasma.coins.protocol.config import CoinProfile
from layer2.plasma.coins.protocol.errors import NotAnswerable
from layer2.plasma.coins.protocol.records import CoinExit
from layer2.plasma.coins.watcher.coin_index import CoinBooks
from layer2.plasma.coins.watcher.contract_view import Doubt
from layer2.plasma.common.watcher.actions import Plan
from layer2.plasma.common.watcher.alerts import Finding, Kind
from layer2.plasma.payments.watcher.exit_rules import Judged
from layer2.primitives.addresses import Address, to_address

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
    """A running exit of a coin as the contract has it.

    Attributes:
        doubts: challenges of its history that are open, each with the time until which it can be answered.
        revealed: transfers of the coin that answers have shown, in order.
    """

    coin: int
    exit: CoinExit
    doubts: tuple[tuple[ChallengeView, int], ...] = ()
    revealed: tuple[Move, ...] = ()

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
        call, by_answer = self._against(one), self._against_by_answer(one)
        if by_answer is not None and (call is None or call.bond):
            # What an answer has shown is newer than what the books know.
            self._challenge(one, by_answer[0], by_answer[1], now, result)
        elif call is not None:
            self._challenge(one, call, None, now, result)
        elif not self._stands(one):
            detail = f"coin {one.coin}, block {one.exit.number}: not all blocks up to it are there"
            result.add(Finding(Kind.EXIT_UNKNOWN, one.subject, detail))
        for doubt, until in one.doubts:
            self._doubt(one, doubt, until, now, result)
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
            return Call("challengeSpent", (one.coin, one.exit.number, spend.as_tuple()))
        if one.exit.number:
            for other in self.books.spends(one.coin, one.exit.prev_block, one.exit.prev_owner):
                if other.number < one.exit.number:
                    arguments = (one.coin, one.exit.number, other.as_tuple())
                    return Call("challengeDoubleSpent", arguments)
        standing = self.books.standing(one.coin)
        call = None if standing is None else contradiction(standing, one.view)
        # Of a transfer without a history there is nothing to doubt.
        return call if call is None or call.bond == "" or one.exit.prev_block else None

    def _against_by_answer(self, one: CoinExitNow) -> tuple[Call, Move] | None:
        """What transfers contradict it that answers have shown, of blocks whose bodies are not there."""
        for move in reversed(one.revealed):
            if move.number > self.books.head and (call := contradiction_by(move, one.view)) is not None:
                return call, move
        return None

    def _stands(self, one: CoinExitNow) -> bool:
        standing = self.books.standing(one.coin)
        return standing is not None and standing.owner_at(one.exit.number) == one.exit.owner

    def _challenge(self, one: CoinExitNow, call: Call, by: Move | None, now: int, result: Judged) -> None:
        finding = Finding(_KINDS[call.name], one.subject, f"coin {one.coin}, block {one.exit.number}: {one.exit.owner}")
        reward, gas, due = self.profile.exit_bond, _GAS[call.name], one.exit.exitable_at
        if not call.bond:
            # It can be made until the exit is claimed.
            result.add(finding, Plan(call.name, one.subject, call.args, reward, due, gas=gas))
            return
        if by is not None:
            earlier, owner, sure = by.number, to_address(by.transaction.new_owner), False
            at_risk = self._at_risk(owner)
        else:
            earlier = 0 if call.name == "challengeHistoryByDeposit" else call.args[2][0]
            standing = self.books.standing(one.coin)
            assert standing is not None, "what contradicts it stands"
            found = standing.owner_at(earlier)
            assert found is not None, "it is shown by what stands"
            owner, at_risk = found, self._at_risk(standing.owner)
            # Whether a block that nobody shows holds a transfer, only the owner knows who would have signed it: to
            # challenge on behalf of a stranger, who may be the thief, is to hand out the bond.
            sure = one.exit.prev_block <= self.books.head
        said = any((doubt.number, doubt.owner) == (earlier, owner) for doubt, _ in one.doubts)
        answered = any(move.transaction.prev_block == earlier for move in one.revealed)
        late = now > due and not one.doubts
        if said or answered or late or not (sure or at_risk):
            result.add(finding)
            return
        bond = self.profile.challenge_bond
        result.add(finding, Plan(call.name, one.subject, call.args, reward, due, value=bond, gas=gas))

    def _doubt(self, one: CoinExitNow, doubt: ChallengeView, until: int, now: int, result: Judged) -> None:
        standing = self.books.standing(one.coin)
        if now > until:
            # Nobody has answered in time: it is never paid, and all bonds are the challenger's.
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
        # Before that nothing is won by it; from then on each second puts the exit off by one.
        if now > one.exit.exitable_at - self.profile.exit_period // 2:
            result.plans.append(self._plan("answerHistory", one.subject, call.args, now, doubt, duty=True))

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
        # Of the bond of a challenge that is answered a part pays for the answer; the rest joins the exit's.
        reward = self.profile.answer_pay if name == "answerHistory" else self.profile.challenge_bond
        reward += self.profile.exit_bond if name == "refuteHistory" else 0
        return Plan(name, subject, arguments, reward, deadline, duty=duty, gas=_GAS[name])


def subject_of(coin: int, number: int) -> bytes:
    """What findings and plans about an exit name it by: coin and block."""
    return coin.to_bytes(8, "big") + number.to_bytes(5, "big")
