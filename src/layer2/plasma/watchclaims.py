"""Claims of exits that have waited: whoever makes them gets the bounty, and nobody has to ask for their money."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from layer2.plasma.contract import InFlight, Profile
from layer2.plasma.positions import block_of
from layer2.plasma.watchevidence import Evidence
from layer2.plasma.watchplan import Plan
from layer2.plasma.watchview import ExitSeen, Game

__all__ = ["claim_game", "claims", "newer_buckets"]

_NO_HURRY = 365 * 86_400


def newer_buckets(since: int, priorities: Iterable[int]) -> list[int]:
    """Numbers (block / 2) of buckets that are not older than block `since`: what need not stay covered."""
    return sorted({one >> 1 for one in priorities if one >> 1 >= since >> 1})


def claims(
    due: Sequence[ExitSeen],
    evidence: Evidence,
    profile: Profile,
    most: int,
    short: frozenset[int],
    priorities: Sequence[int],
    now: int,
) -> list[Plan]:
    """Claims of standard exits that are due and good, oldest first, so many in one call.

    Args:
        short: tokens of which more is registered than is there: their claims list all newer buckets.
        priorities: blocks under which something is registered.
    """
    plans = []
    ordered = sorted(due, key=lambda one: (one.token in short, block_of(one.position), one.position))
    rows = [(one, evidence.data(one.position)) for one in ordered]
    known = [(one, data) for one, data in rows if data is not None]
    batches: list[list[tuple[ExitSeen, bytes]]] = []
    for one, data in known:
        # Bad times: one by one, since each needs its own list.
        if batches and one.token not in short and len(batches[-1]) < most:
            batches[-1].append((one, data))
        else:
            batches.append([(one, data)])
    for batch in batches:
        first = batch[0][0]
        newer = newer_buckets(block_of(first.position), priorities) if first.token in short else []
        items = [(one.position, data) for one, data in batch]
        gas = 80_000 + 60_000 * len(items)
        reward = profile.bounty * len(items)
        plans.append(Plan("claim", first.id, (items, newer), reward, now + _NO_HURRY, duty=False, gas=gas))
    return plans


def claim_game(
    game: Game,
    state: InFlight,
    evidence: Evidence,
    profile: Profile,
    short: frozenset[int],
    priorities: Sequence[int],
    now: int,
) -> Plan | None:
    """The claim of an in-flight exit that is due."""
    made = [evidence.data(position) for position in game.transaction.inputs]
    tokens = {one.token for one in game.transaction.outputs}
    if any(one is None for one in made):
        return None
    newer = newer_buckets(state.priority, priorities) if tokens & short else []
    arguments = (game.transaction.packed, list(game.input_ids), made, newer)
    reward = profile.bounty * state.piggybacked.bit_count()
    gas = 120_000 + 60_000 * (state.piggybacked.bit_count() + len(made))
    return Plan("claimInFlight", game.id, arguments, reward, now + _NO_HURRY, duty=False, gas=gas)
