"""Breadth-first search over a game of one honest side against anybody, with memoised states.

A game runs in steps. In a step the honest side acts once, on what it saw at the end of the step before; the adversary
acts as often as it likes before, between and after the honest side's acts (any order in a block); then time passes.
Every state that can be reached is looked at once. A verdict of `holds` covers all plays within the game's own domain,
and nothing outside it: the domain is part of the statement.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Generic, TypeVar

State = TypeVar("State", bound=Hashable)

Play = tuple[str, ...]
"""What was done, act by act, in words."""


class SearchError(Exception):
    """The game itself is not well formed, or is larger than its stated bound."""


@dataclass(frozen=True)
class Act(Generic[State]):
    """One transaction or message: its name, and the state after it; None where it would be refused."""

    name: str
    do: Callable[[State], State | None]


@dataclass(frozen=True)
class Game(Generic[State]):
    """One scenario: who is honest, what the other side may do, and what must hold.

    Attributes:
        name: who is honest against what, in a few words.
        first: the state in which it begins.
        attack: everything that the adversary could do next, from a state: (name, state after it). What would be
            refused is left out, or yielded with None.
        answer: the honest side's acts in this step, decided on the state that it saw at the end of the step before.
            Yield more than one order where several honest actors send at the same time.
        passes: the state after a step of time, with everything that time itself decides.
        over: whether the play has ended.
        wrong: why a state breaks the promise, or "" if it does not. Asked for every state at the end of a step; look
            at `over` there for what must hold at the end only.
        limit: steps after which every play must be over.
        control: the fault that this game puts back; the search must then find a play that breaks the promise.
        most: acts of the adversary in a row, in one place of a block; None lets it act until nothing is new.
        within: what holds while the game is played, such as a fault that is put back into the code of a model.
    """

    name: str
    first: State
    attack: Callable[[State], Iterable[tuple[str, State | None]]]
    answer: Callable[[State], Iterable[Sequence[Act[State]]]]
    passes: Callable[[State], State]
    over: Callable[[State], bool]
    wrong: Callable[[State], str]
    limit: int
    control: str = ""
    most: int | None = None
    within: Callable[[], AbstractContextManager[None]] = nullcontext


@dataclass(frozen=True)
class Finding:
    """How a promise was broken: why, and the acts that led there."""

    why: str
    play: Play


@dataclass(frozen=True)
class Outcome:
    """What a search found: states at the ends of steps, acts tried, steps of the longest play, the broken promise."""

    states: int
    acts: int
    depth: int
    finding: Finding | None

    def as_expected(self, control: str) -> bool:
        """A game without a control holds, a control falls."""
        return (self.finding is not None) == bool(control)


class _Search(Generic[State]):
    """One search in progress; counts what it tried."""

    def __init__(self, game: Game[State]) -> None:
        self.game = game
        self.acts = 0
        self.known: dict[State, list[tuple[str, State]]] = {}

    def attacks(self, state: State) -> list[tuple[str, State]]:
        """What the adversary can make of a state by one act; asked once for each state of a step."""
        known = self.known.get(state)
        if known is None:
            tried = [] if self.game.over(state) else list(self.game.attack(state))
            self.acts += len(tried)
            known = self.known[state] = [(name, after) for name, after in tried if after is not None]
        return known

    def attacked(self, reached: dict[State, Play]) -> dict[State, Play]:
        """Every state that the adversary can make of these, the unchanged ones included."""
        found = dict(reached)
        frontier, rounds = reached, 0
        while frontier and (self.game.most is None or rounds < self.game.most):
            following: dict[State, Play] = {}
            for state, play in frontier.items():
                for name, after in self.attacks(state):
                    if after not in found:
                        found[after] = following[after] = (*play, name)
            frontier, rounds = following, rounds + 1
        return found

    def step(self, saw: State) -> dict[State, Play]:
        """Every state at the end of one step, before time passes."""
        ends: dict[State, Play] = {}
        orders = list(self.game.answer(saw))
        if not orders:
            raise SearchError(f"{self.game.name}: answer yields no order; yield an empty one to do nothing")
        opening = self.attacked({saw: ()})
        for order in orders:
            reached = opening
            for act in order:
                after: dict[State, Play] = {}
                for state, play in reached.items():
                    self.acts += 1
                    done = None if self.game.over(state) else act.do(state)
                    if done is None:
                        after.setdefault(state, play)
                    else:
                        after.setdefault(done, (*play, f"[{act.name}]"))
                reached = self.attacked(after)
            for state, play in reached.items():
                ends.setdefault(state, play)
        return ends


def explore(game: Game[State], most_states: int = 5_000_000) -> Outcome:
    """Search all plays; stop at the first that breaks the promise, which is then one of the shortest.

    Raises SearchError when the game has more than `most_states` states: a bound that cuts a search would be a lie.
    """
    with game.within():
        return _explore(game, most_states)


def _explore(game: Game[State], most_states: int) -> Outcome:
    search = _Search(game)
    came: dict[State, tuple[State | None, Play]] = {game.first: (None, ())}
    frontier, depth = [game.first], 0

    def play_to(state: State) -> Play:
        steps: list[Play] = []
        at: State | None = state
        while at is not None:
            before, play = came[at]
            steps.append(play)
            at = before
        return tuple(name for play in reversed(steps) for name in play)

    def outcome(finding: Finding | None) -> Outcome:
        return Outcome(len(came), search.acts, depth, finding)

    why = game.wrong(game.first)
    if why:
        return outcome(Finding(why, ()))
    while frontier:
        depth += 1
        search.known.clear()
        following: list[State] = []
        for saw in frontier:
            for reached, play in search.step(saw).items():
                after = reached if game.over(reached) else game.passes(reached)
                if after in came:
                    continue
                came[after] = (saw, (*play, "time passes"))
                why = game.wrong(after)
                if not why and depth >= game.limit and not game.over(after):
                    why = f"it is not over after {game.limit} steps"
                if why:
                    return outcome(Finding(why, play_to(after)))
                if len(came) > most_states:
                    raise SearchError(f"{game.name}: more than {most_states} states; make its domain smaller")
                if not game.over(after):
                    following.append(after)
        frontier = following
    return outcome(None)
