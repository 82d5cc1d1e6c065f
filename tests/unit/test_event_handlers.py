"""A projection finds its handlers by the names of events: one that no contract has would never be called."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Any

import pytest

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.event_projection import EventProjection
from layer2.plasma.coins.chain.state import CoinChainState
from layer2.plasma.payments.chain.state import RootChainState
from layer2.rollup.derivation.inbox import InboxLog

PROJECTIONS = {"CoinChain": CoinChainState, "RootChain": RootChainState, "Rollup": InboxLog}
WITHOUT_EFFECT = {
    "CoinChain": {"ChallengeVoided", "NftPayoutDeferred", "OperatorProposed", "PayoutDeferred"},
    "RootChain": {
        "InFlightExitChallenged",
        "InFlightExitProcessed",
        "OperatorProposed",
        "PayoutDeferred",
        "PendingWithdrawn",
        "PiggybackBlocked",
        "Piggybacked",
        "SpendShown",
        "Tracked",
    },
    "Rollup": {"BondChanged", "TokenRegistered"},
}
"""Events that change nothing of a projection: what they say is asked of the contract when it is needed."""


def events_of(contract: str) -> dict[str, set[str]]:
    """The names of the arguments of each event."""
    rows = [one for one in load_artifact(contract).abi if one["type"] == "event"]
    return {one["name"]: {arg["name"] for arg in one["inputs"]} for one in rows}


def faults(projection: type[EventProjection], contract: str, without_effect: set[str]) -> list[str]:
    """Handlers of events that are not there, arguments that an event lacks, events that nobody has thought of."""
    events = events_of(contract)
    handlers = {name[4:]: getattr(projection, name) for name in dir(projection) if name.startswith("_on_")}
    found = [f"handler of no event: {name}" for name in sorted(handlers.keys() - events.keys())]
    found += [f"event without a handler: {name}" for name in sorted(events.keys() - handlers.keys() - without_effect)]
    found += [f"handled after all: {name}" for name in sorted(without_effect & handlers.keys())]
    for name in sorted(handlers.keys() & events.keys()):
        found += [f"{name} has no {wrong}" for wrong in sorted(arguments_read(handlers[name]) - events[name])]
    return found


def arguments_read(handler: Any) -> set[str]:
    """The keys by which a handler reads `args`, written out."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(handler)))
    return {
        str(node.slice.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        and ast.unparse(node.value) == "args"
        and isinstance(node.slice, ast.Constant)
    }


@pytest.mark.parametrize("contract", PROJECTIONS)
def test_every_event_has_a_handler_or_a_reason_and_every_handler_an_event(contract: str) -> None:
    assert faults(PROJECTIONS[contract], contract, WITHOUT_EFFECT[contract]) == []


class Mistaken(CoinChainState):
    """A handler with a name that was retired, and one that reads what its event does not have."""

    def _on_CoinClaimed(self, args: dict[str, Any], event: Any) -> None:
        """Never called."""

    def _on_OperatorChanged(self, args: dict[str, Any], event: Any) -> None:
        self.operator = args["successor"]


def test_a_handler_of_no_event_and_an_argument_that_is_not_there_are_found() -> None:
    assert faults(Mistaken, "CoinChain", WITHOUT_EFFECT["CoinChain"]) == [
        "handler of no event: CoinClaimed",
        "OperatorChanged has no successor",
    ]


def test_an_event_that_nobody_has_thought_of_is_found() -> None:
    assert faults(CoinChainState, "CoinChain", set())[0] == "event without a handler: ChallengeVoided"
