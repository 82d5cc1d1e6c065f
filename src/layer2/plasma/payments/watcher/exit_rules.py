"""Validity rules of standard and in-flight exits, and the challenges of invalid ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from layer2.plasma.common.watcher.actions import ANSWER_MORE, GAS, SPEND_MORE, Plan
from layer2.plasma.common.watcher.alerts import Alert, AlertKind
from layer2.plasma.payments.chain.contract import InFlight, InFlightStatus, Profile, Proof, Spend
from layer2.plasma.payments.chain.in_flight_data import inputs_wanted
from layer2.plasma.payments.chain.state import ExitSeen, Game
from layer2.plasma.payments.watcher.proof_index import NOWHERE, Evidence, Spender
from layer2.plasma.protocol.transaction import transaction_hash
from layer2.primitives.display import format_units

__all__ = ["ExitChecker", "ExitVerdict"]


@dataclass(slots=True)
class ExitVerdict:
    """Verdict on one exit: alerts and due plans; `good` is True if nothing known prevents its payment."""

    good: bool = True
    findings: list[Alert] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)

    def add(self, finding: Alert, plan: Plan | None = None) -> None:
        """Add an alert, which marks the exit as not payable, and a plan."""
        self.good = False
        self.findings.append(finding)
        if plan is not None:
            self.plans.append(plan)


class ExitChecker:
    """Validates exits against evidence; `free` returns True for the id of an output that no exit has."""

    def __init__(self, evidence: Evidence, profile: Profile, free: Callable[[bytes], bool]) -> None:
        self.evidence = evidence
        self.profile = profile
        self.free = free

    def __repr__(self) -> str:
        return f"<ExitChecker {self.evidence}>"

    # ------------------------------------------------------------------------------------------------ standard exits

    def exit(self, one: ExitSeen, believed: bool) -> ExitVerdict:
        """Validate an open standard exit; `believed` is True if its output is from a valid block or a deposit."""
        result = ExitVerdict()
        data = self.evidence.data(one.position)
        if data is not None:
            for position in self._places_of(one.position, data):
                plan = self._spent(one, position, data)
                if plan is not None:
                    what = f"its owner 0x{one.owner.hex()[:8]}.. has spent it"
                    result.add(Alert(AlertKind.EXIT_SPENT, one.id, f"position {position:#x}: {what}"), plan)
                    return result
        if not believed:
            held = format_units(one.amount, one.token)
            detail = f"position {one.position:#x}: {held}, from a block that is not known to be valid"
            result.add(Alert(AlertKind.EXIT_UNKNOWN, one.id, detail))
        return result

    def _spent(self, one: ExitSeen, position: int, data: bytes) -> Plan | None:
        for spender in self.evidence.spenders(position, one.owner):
            spend = self.evidence.spend(spender)
            if position == one.position:
                output: Proof | None = Proof(position, 0, data)
            else:
                output = self.evidence.output_proof(position)
            if spend is not None and output is not None:
                arguments = (output.as_tuple(), spend.as_tuple())
                gas = self._gas("challengeExit", spend)
                return Plan("challengeExit", one.id, arguments, self.profile.exit_bond, one.time, gas=gas)
        return None

    def _places_of(self, position: int, data: bytes) -> Iterator[int]:
        """Yield all positions of the same output, because a transaction may be included twice."""
        yield position
        if not position >> 63:
            for place in self.evidence.inclusions(transaction_hash(data)):
                other = place << 8 | position & 0xFF
                if other != position:
                    yield other

    # ----------------------------------------------------------------------------------------------- in-flight exits

    def game(self, game: Game, state: InFlight, now: int, believed: bool) -> ExitVerdict:
        """Validate an in-flight exit in this state; `believed` is True if its inputs are from valid blocks."""
        result, running = ExitVerdict(), state.status == InFlightStatus.OPEN
        own = self.evidence.inclusions(game.transaction.hash)
        if running:
            self._canonical(game, state, now, own, result)
        # A settled exit that waits for cover can be challenged until it is paid.
        for index in range(len(game.input_ids) if running or state.status == InFlightStatus.PAYS_INPUTS else 0):
            if state.piggybacked >> index & 1:
                self._input(game, state, index, result)
        outputs = running or state.status == InFlightStatus.PAYS_OUTPUTS
        for index in range(len(game.transaction.outputs) if outputs else 0):
            if state.piggybacked >> 4 + index & 1:
                self._output(game, state, index, own, result)
        if running and result.good and believed and now < state.exitable_at:
            self._hold(game, state, now, result)
        return result

    def _canonical(self, game: Game, state: InFlight, now: int, own: list[int], result: ExitVerdict) -> None:
        mine = own[0] if own else NOWHERE
        best = min(self._competitors(game), key=lambda one: one[1].place, default=None)
        known, half = state.competitor, state.started_at + self.profile.exit_period // 2
        bond = self.profile.in_flight_bond
        if best is not None and (not own or best[1].place < mine):
            index, rival = best
            if known and rival.place >= known and state.contested:
                # This competitor or an older one was shown already.
                return
            if known == 0 or rival.place < known:
                kind = AlertKind.ANSWER_INVALID if game.answered else AlertKind.NOT_CANONICAL
                where = "in no block" if rival.place == NOWHERE else f"in block {rival.place >> 16}"
                finding = Alert(kind, game.id, f"input {index} is spent by 0x{rival.hash.hex()[:8]}.. {where}")
                made, spend = self._made(game, state, index), self.evidence.spend(rival)
                plan = None
                if made is not None and spend is not None and now < half:
                    arguments = (game.transaction.packed, list(game.input_ids), index, made, spend.as_tuple())
                    gas = self._gas("challengeNonCanonical", spend, self._tokens(game, state))
                    plan = Plan("challengeNonCanonical", game.id, arguments, bond, half, gas=gas)
                result.add(finding, plan)
                return
        if state.contested and mine < known and now < state.exitable_at:
            proof, made = self.evidence.proof(mine >> 16, mine & 0xFFFF), self._made(game, state)
            detail = f"its transaction stands in block {mine >> 16}, before the competitor that was shown"
            plan = None
            if proof is not None and made is not None:
                answer = (proof.as_tuple(), list(game.input_ids), made)
                gas = GAS["respondNonCanonical"] + ANSWER_MORE * (self._tokens(game, state) - 1)
                plan = Plan("respondNonCanonical", game.id, answer, bond, state.exitable_at, gas=gas)
            result.add(Alert(AlertKind.CHALLENGE_WRONG, game.id, detail), plan)

    def _made(self, game: Game, state: InFlight, index: int = -1) -> list[bytes] | None:
        """Return the origins of the piggybacked inputs and of input `index`; None if one is not available."""
        asked = [state.piggybacked >> at & 1 or at == index for at in range(len(game.input_ids))]
        found = [
            self.evidence.data(position) if needed else b""
            for needed, position in zip(asked, game.transaction.inputs, strict=True)
        ]
        return None if None in found else [one or b"" for one in found]

    def _hold(self, game: Game, state: InFlight, now: int, result: ExitVerdict) -> None:
        """Plan the call by which a valid in-flight exit takes the inputs that no other one holds any more."""
        wanted = inputs_wanted(state, len(game.input_ids))
        kept = state.held & wanted
        for at, known in enumerate(game.input_ids):
            if wanted & ~kept & 1 << at and self.free(known):
                kept |= 1 << at
        made = self._made(game, state)
        if kept != state.held and made is not None:
            arguments = (game.transaction.packed, list(game.input_ids), made)
            gas = GAS["holdInputs"] + ANSWER_MORE * (self._tokens(game, state) - 1)
            result.plans.append(Plan("holdInputs", game.id, arguments, 0, now, gas=gas))

    def _tokens(self, game: Game, state: InFlight) -> int:
        """Return the number of tokens of the piggybacked parts; a call may update the reserve of each."""
        parts = [self.evidence.token(position) for position in game.transaction.inputs]
        found = {one for bit, one in enumerate(parts) if state.piggybacked >> bit & 1}
        found |= {out.token for bit, out in enumerate(game.transaction.outputs, 4) if state.piggybacked >> bit & 1}
        return max(1, len(found))

    @staticmethod
    def _gas(name: str, spend: Spend, tokens: int = 1) -> int:
        """Return the maximum gas of a call, including the outputs proven by a spend and the tokens to update."""
        return GAS[name] + SPEND_MORE * len(spend.inputs) + ANSWER_MORE * (tokens - 1)

    def _competitors(self, game: Game) -> Iterator[tuple[int, Spender]]:
        for index in range(len(game.input_ids)):
            for one in self._rivals(game, index):
                yield index, one

    def _rivals(self, game: Game, index: int) -> Iterator[Spender]:
        """Yield other payments that spend an input, signed by its owner."""
        position = game.transaction.inputs[index]
        owner = self.evidence.owner(position)
        if owner is not None:
            for one in self.evidence.spenders(position, owner):
                if one.hash != game.transaction.hash:
                    yield one

    def _input(self, game: Game, state: InFlight, index: int, result: ExitVerdict) -> None:
        made = self.evidence.data(game.transaction.inputs[index])
        for rival in self._rivals(game, index):
            spend = self.evidence.spend(rival)
            if spend is None or made is None:
                continue
            arguments = (game.transaction.packed, list(game.input_ids), index, made, spend.as_tuple())
            detail = f"input {index} is spent by 0x{rival.hash.hex()[:8]}.."
            gas = self._gas("challengeInputSpent", spend)
            self._piggyback(game, state, index, detail, "challengeInputSpent", arguments, gas, result)
            return

    def _output(self, game: Game, state: InFlight, index: int, own: list[int], result: ExitVerdict) -> None:
        owner = game.transaction.outputs[index].owner
        for place in own:
            for spender in self.evidence.spenders(place << 8 | index, owner):
                proof, spend = self.evidence.proof(place >> 16, place & 0xFFFF, index), self.evidence.spend(spender)
                if proof is None or spend is None:
                    continue
                arguments = (proof.as_tuple(), list(game.input_ids), spend.as_tuple())
                detail = f"output {index} is spent by 0x{spender.hash.hex()[:8]}.."
                gas = self._gas("challengeOutputSpent", spend)
                self._piggyback(game, state, 4 + index, detail, "challengeOutputSpent", arguments, gas, result)
                return

    def _piggyback(
        self,
        game: Game,
        state: InFlight,
        bit: int,
        detail: str,
        name: str,
        arguments: tuple[object, ...],
        gas: int,
        to: ExitVerdict,
    ) -> None:
        subject = game.id + bytes((bit,))
        plan = Plan(name, subject, arguments, self.profile.piggyback_bond, state.exitable_at, gas=gas)
        to.add(Alert(AlertKind.PIGGYBACK_SPENT, subject, detail), plan)
