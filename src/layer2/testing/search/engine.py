"""Breadth-first search over a game of one honest side against any adversary, with memoised states.

A game runs in steps. In a step the honest side acts once, based on the state at the end of the previous step. The
adversary acts any number of times before, between and after the honest side's acts (any order in a block); then time
passes. Every reachable state is visited once. A verdict of `holds` covers all plays within the game's own domain, and
none outside it: the domain is part of the statement.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Generic, TypeVar

State = TypeVar("State", bound=Hashable)

Play = tuple[str, ...]
"""Descriptions of the acts of a play, in order."""


class SearchError(Exception):
    """The game is malformed, or is larger than its stated bound."""


@dataclass(frozen=True)
class Act(Generic[State]):
    """One transaction or message: its name, and the function from a state to the next, or to None if rejected."""

    name: str
    do: Callable[[State], State | None]


@dataclass(frozen=True)
class Game(Generic[State]):
    """One scenario: the honest side, the adversary's possible acts, and the invariants.

    Attributes:
        name: Short description of the honest side and its adversary.
        first: Initial state.
        attack: Yields every next act of the adversary from a state: (name, state after it). Rejected acts are omitted,
            or yielded with None.
        answer: Yields the honest side's acts in this step, based on the state at the end of the previous step. It
            yields several orders if several honest actors send in the same step.
        passes: Returns the state after a step of time, with all effects of time itself.
        over: Returns True if the play has ended.
        wrong: Returns the violation of an invariant, or "". It is called for every state at the end of a step, and uses
            `over` for invariants of the end only.
        limit: Steps after which every play must be over.
        control: Fault of this game; the search must then find a play that violates an invariant.
        most: Maximum acts of the adversary in a row, at one place of a block; None for no limit.
        within: Context of the search, for example a fault in the code of a model.
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
    """A violated invariant: its description, and the acts that lead to it."""

    why: str
    play: Play


@dataclass(frozen=True)
class Outcome:
    """Result of a search: states at the ends of steps, acts tried, steps of the longest play, and the violation."""

    states: int
    acts: int
    depth: int
    finding: Finding | None

    def as_expected(self, control: str) -> bool:
        """Return True if a game without a control holds, or a control fails."""
        return (self.finding is not None) == bool(control)


class _Search(Generic[State]):
    """One search in progress, with counters."""

    def __init__(self, game: Game[State]) -> None:
        self.game = game
        self.acts = 0
        self.known: dict[State, list[tuple[str, State]]] = {}

    def attacks(self, state: State) -> list[tuple[str, State]]:
        """Return the adversary's possible results of one act on a state, computed once per state of a step."""
        known = self.known.get(state)
        if known is None:
            tried = [] if self.game.over(state) else list(self.game.attack(state))
            self.acts += len(tried)
            known = self.known[state] = [(name, after) for name, after in tried if after is not None]
        return known

    def attacked(self, reached: dict[State, Play]) -> dict[State, Play]:
        """Return every state that the adversary can reach from these, including themselves."""
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
        """Return every state at the end of one step, before time passes."""
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
    """Search all plays; stop at the first violation, which then has one of the shortest plays.

    Raises:
        SearchError: The game has more than `most_states` states, so that a verdict would be incomplete.
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
