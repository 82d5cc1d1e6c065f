"""Validity rules of coin exits, and the contract calls that challenge or answer them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from layer2.plasma.coins.chain.exit_proofs import Call, ChallengeView, ExitView, answer, contradiction, contradiction_by
from layer2.plasma.coins.chain.state import Doubt
from layer2.plasma.coins.protocol.coin_history import Move
from layer2.plasma.coins.protocol.config import CoinProfile
from layer2.plasma.coins.protocol.errors import NotAnswerable
from layer2.plasma.coins.protocol.records import CoinExit
from layer2.plasma.coins.watcher.coin_index import CoinIndex
from layer2.plasma.common.watcher.actions import Plan
from layer2.plasma.common.watcher.alerts import Alert, AlertKind
from layer2.plasma.payments.watcher.exit_rules import ExitVerdict
from layer2.primitives.addresses import Address, to_address

__all__ = ["CoinExitNow", "CoinExitChecker", "subject_of"]

_NO_HURRY = 365 * 86_400
_GAS = {
    "challengeAfter": 110_000,
    "challengeBetween": 110_000,
    "challengeBefore": 130_000,
    "challengeBeforeByDeposit": 110_000,
    "respondChallengeBefore": 120_000,
    "refuteChallengeResponse": 80_000,
    "voidChallenge": 70_000,
}
"""Maximum gas of each call; a test compares it with measured gas."""

_KINDS = {
    "challengeAfter": AlertKind.EXIT_SPENT,
    "challengeBetween": AlertKind.EXIT_DOUBLE_SPENT,
    "challengeBefore": AlertKind.EXIT_INVENTED,
    "challengeBeforeByDeposit": AlertKind.EXIT_INVENTED,
}


@dataclass(frozen=True, slots=True)
class CoinExitNow:
    """A running exit of a coin with its current state in the contract.

    Attributes:
        `doubts`: Open history challenges, each with its response deadline.
        revealed: Transfers of the coin that responses have shown, in order.
    """

    coin: int
    exit: CoinExit
    doubts: tuple[tuple[ChallengeView, int], ...] = ()
    revealed: tuple[Move, ...] = ()

    @property
    def view(self) -> ExitView:
        """View of the exit that challenges and responses use."""
        return ExitView(self.exit.number, self.exit.prev_block)

    @property
    def subject(self) -> bytes:
        """Key of alerts and plans about this exit."""
        return subject_of(self.coin, self.exit.number)


class CoinExitChecker:
    """Checks exits against the index, whose transfers are used in the calls.

    Args:
        me: Address whose challenge bonds are collected.
        at_risk: Returns True for owners whose coins justify a bond even though withheld data might answer the
            challenge, which would lose the bond.
    """

    def __init__(
        self, books: CoinIndex, profile: CoinProfile, me: Address | None, at_risk: Callable[[Address], bool]
    ) -> None:
        self.books = books
        self.profile = profile
        self.me = me
        self._at_risk = at_risk

    def __repr__(self) -> str:
        return f"<CoinExitChecker {self.books}>"

    def exit(self, one: CoinExitNow, now: int) -> ExitVerdict:
        """Check a running exit."""
        result = ExitVerdict()
        call, by_answer = self._against(one), self._against_by_answer(one)
        if by_answer is not None and (call is None or call.bond):
            # The transfer from a response is newer than the index.
            self._challenge(one, by_answer[0], by_answer[1], now, result)
        elif call is not None:
            self._challenge(one, call, None, now, result)
        elif not self._stands(one):
            detail = f"coin {one.coin}, block {one.exit.number}: not all blocks up to it are there"
            result.add(Alert(AlertKind.EXIT_UNKNOWN, one.subject, detail))
        for doubt, until in one.doubts:
            self._doubt(one, doubt, until, now, result)
        return result

    def void(self, doubt: Doubt, now: int) -> Plan:
        """Return the plan to collect the bond of a challenge whose exit ended for another reason."""
        arguments = (doubt.coin, doubt.number, doubt.nonce, doubt.challenge.as_tuple())
        subject = subject_of(doubt.coin, doubt.number)
        return self._plan("voidChallenge", subject, arguments, now + _NO_HURRY, doubt.challenge)

    # --------------------------------------------------------------------------------------------------------- inside

    def _against(self, one: CoinExitNow) -> Call | None:
        """Return the call that refutes or challenges an exit: available transfers first, then the coin's state."""
        for spend in self.books.spends(one.coin, one.exit.number, one.exit.owner):
            return Call("challengeAfter", (one.coin, one.exit.number, spend.as_tuple()))
        if one.exit.number:
            for other in self.books.spends(one.coin, one.exit.prev_block, one.exit.prev_owner):
                if other.number < one.exit.number:
                    arguments = (one.coin, one.exit.number, other.as_tuple())
                    return Call("challengeBetween", arguments)
        standing = self.books.standing(one.coin)
        call = None if standing is None else contradiction(standing, one.view)
        # An exit whose transfer spends the deposit has no history to challenge.
        return call if call is None or call.bond == "" or one.exit.prev_block else None

    def _against_by_answer(self, one: CoinExitNow) -> tuple[Call, Move] | None:
        """Return the challenge by a revealed transfer of a block whose data is missing, with that transfer."""
        for move in reversed(one.revealed):
            if move.number > self.books.head and (call := contradiction_by(move, one.view)) is not None:
                return call, move
        return None

    def _stands(self, one: CoinExitNow) -> bool:
        standing = self.books.standing(one.coin)
        return standing is not None and standing.owner_at(one.exit.number) == one.exit.owner

    def _challenge(self, one: CoinExitNow, call: Call, by: Move | None, now: int, result: ExitVerdict) -> None:
        finding = Alert(_KINDS[call.name], one.subject, f"coin {one.coin}, block {one.exit.number}: {one.exit.owner}")
        reward, gas, due = self.profile.exit_bond, _GAS[call.name], one.exit.exitable_at
        if not call.bond:
            # The call is possible until the exit is paid out.
            result.add(finding, Plan(call.name, one.subject, call.args, reward, due, gas=gas))
            return
        if by is not None:
            earlier, owner, sure = by.number, to_address(by.transaction.new_owner), False
            at_risk = self._at_risk(owner)
        else:
            earlier = 0 if call.name == "challengeBeforeByDeposit" else call.args[2][0]
            standing = self.books.standing(one.coin)
            assert standing is not None, "what contradicts it stands"
            found = standing.owner_at(earlier)
            assert found is not None, "it is shown by what stands"
            owner, at_risk = found, self._at_risk(standing.owner)
            # Only the owner knows if a withheld block includes a transfer with its signature. A challenge on behalf of
            # another account, which may be the thief's, could give away the bond.
            sure = one.exit.prev_block <= self.books.head
        said = any((doubt.number, doubt.owner) == (earlier, owner) for doubt, _ in one.doubts)
        answered = any(move.transaction.prev_block == earlier for move in one.revealed)
        late = now > due and not one.doubts
        if said or answered or late or not (sure or at_risk):
            result.add(finding)
            return
        bond = self.profile.challenge_bond
        result.add(finding, Plan(call.name, one.subject, call.args, reward, due, value=bond, gas=gas))

    def _doubt(self, one: CoinExitNow, doubt: ChallengeView, until: int, now: int, result: ExitVerdict) -> None:
        standing = self.books.standing(one.coin)
        if now > until:
            # The deadline has passed without a response: the exit is never paid, and the challenger can take all bonds.
            result.good = False
            if doubt.challenger == self.me:
                arguments = (one.coin, one.exit.number, doubt.as_tuple())
                result.plans.append(
                    self._plan("refuteChallengeResponse", one.subject, arguments, now + _NO_HURRY, doubt)
                )
            return
        try:
            call = None if standing is None else answer(standing, one.view, doubt)
            told = f"coin {one.coin}, block {one.exit.number}: that block {doubt.number} was not spent"
        except NotAnswerable as failure:
            call, told = None, str(failure.args[0])
        if call is None:
            if result.good:
                result.add(Alert(AlertKind.DOUBT_UNANSWERED, one.subject, told))
            return
        result.findings.append(Alert(AlertKind.EXIT_DOUBTED, one.subject, told))
        # An earlier response gains nothing; from then on each second of delay postpones the exit by one.
        if now > one.exit.exitable_at - self.profile.exit_period // 2:
            result.plans.append(self._plan("respondChallengeBefore", one.subject, call.args, now, doubt, duty=True))

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
        # Part of the bond of an answered challenge pays for the response; the rest is added to the exit's bond.
        reward = self.profile.answer_pay if name == "respondChallengeBefore" else self.profile.challenge_bond
        reward += self.profile.exit_bond if name == "refuteChallengeResponse" else 0
        return Plan(name, subject, arguments, reward, deadline, duty=duty, gas=_GAS[name])


def subject_of(coin: int, number: int) -> bytes:
    """Return the key of alerts and plans about an exit: coin and block."""
    return coin.to_bytes(8, "big") + number.to_bytes(5, "big")
