"""What happens to each in-flight exit, step by step: which stories a campaign has really seen."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from layer2.plasma.payments.model import InFlight, InFlightStatus, State, actions, in_flight_id
from layer2.plasma.payments.model.actions import Action
from layer2.plasma.protocol.transaction import transaction_hash

OUTPUTS = 0xF0

STORIES = {
    "joined, contested, answered, paid": ("joined", "contested", "answered", "paid"),
    "contested, joined, answered, paid": ("contested", "joined contested", "answered", "paid"),
    "contested, answered, contested again": ("contested", "answered", "contested"),
    "contested and not answered": ("contested", "returned"),
    "contested, an output stopped, answered": ("contested", "stopped", "answered"),
}


class Trails:
    """Of one run. `stories`: how often each was told to its end, over all runs."""

    def __init__(self, stories: Counter[str]) -> None:
        self.stories = stories
        self.steps: defaultdict[bytes, list[str]] = defaultdict(list)

    def follow(self, action: Action, before: State, after: State) -> None:
        """Note what an accepted call did to an in-flight exit."""
        number = number_of(action)
        if number is None:
            return
        trail = self.steps[number]
        for step in steps_of(action, before.flight(number), after.flight(number)):
            trail.append(step)
            for name, story in STORIES.items():
                if story[-1] == step and told(story, trail):
                    self.stories[name] += 1


def number_of(action: Action) -> bytes | None:
    """The in-flight exit that a call is about."""
    if isinstance(action, (actions.RespondNonCanonical, actions.ChallengeOutputSpent)):
        return in_flight_id(transaction_hash(action.transaction.data), action.input_ids)
    if isinstance(action, (actions.Piggyback, actions.ChallengeNonCanonical, actions.ProcessInFlightExit)):
        return in_flight_id(transaction_hash(action.data), action.input_ids)
    return None


def steps_of(action: Action, was: InFlight, now: InFlight) -> Iterator[str]:
    """What it did, as far as outputs that have joined are concerned."""
    gone = was.piggybacked & ~now.piggybacked & OUTPUTS
    if isinstance(action, actions.Piggyback) and action.bit > 3:
        yield "joined contested" if was.contested else "joined"
    elif isinstance(action, actions.ChallengeNonCanonical):
        yield "contested"
    elif isinstance(action, actions.RespondNonCanonical) and was.piggybacked & OUTPUTS:
        yield "answered"
    elif isinstance(action, actions.ChallengeOutputSpent) and was.contested:
        yield "stopped"
    elif isinstance(action, actions.ProcessInFlightExit) and gone:
        yield "paid" if now.status == InFlightStatus.PAYS_OUTPUTS else "returned"


def told(story: Sequence[str], trail: Sequence[str]) -> bool:
    """Whether the steps of a story occur in this order."""
    rest = iter(trail)
    return all(step in rest for step in story)
