"""Claims of matured exits, which pay a bounty to the sender; owners need not claim themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from layer2.plasma.common.watcher.actions import Plan
from layer2.plasma.payments.chain.contract import InFlight, RootChain
from layer2.plasma.payments.chain.reserve_view import LISTED, MOVED, holdings, newer_needed, track_needed
from layer2.plasma.payments.chain.state import ExitSeen, Game
from layer2.plasma.payments.watcher.proof_index import Evidence
from layer2.plasma.protocol.params import ETHER_TOKEN

__all__ = ["PayoutContext", "claim_game", "claims"]

_NO_HURRY = 365 * 86_400
_TRACK = 400_000
"""Maximum gas to move a tracked sum by no buckets; a token may use most of it."""


@dataclass(frozen=True, slots=True)
class PayoutContext:
    """The context of claims.

    Args:
        short: tokens with more registered exits than holdings; their claims list newer buckets.
        priorities: blocks under which exits are registered.
        most: maximum number of buckets in a claim.
    """

    root_chain: RootChain
    evidence: Evidence
    short: frozenset[int]
    priorities: frozenset[int]
    most: int
    moves: dict[int, Plan | None] = field(default_factory=dict)
    """Moves of the tracked sums by token; None if an older claim goes first, which invalidates a later list."""

    @property
    def tracks(self) -> list[Plan]:
        """The planned moves of tracked sums."""
        return [one for one in self.moves.values() if one is not None]

    def newer(self, token: int, priority: int, amount: int) -> list[int] | None:
        """Return the buckets to list; None if the claim is not payable now, or only after `tracks`."""
        if token not in self.short:
            return []
        found = newer_needed(self.root_chain, token, priority, amount, self.priorities)
        if found is None:
            return None
        moved = track_needed(self.root_chain, token, priority, found, self.most)
        if moved is None:
            self.moves.setdefault(token, None)
            return found
        if token not in self.moves:
            bucket, by = moved
            asks, reward = frozenset((token,)) - {ETHER_TOKEN}, self.root_chain.profile.bounty
            subject, gas = token.to_bytes(2, "big") + bucket.to_bytes(5, "big"), _TRACK + MOVED * by
            # Older payouts are delayed until the sum is moved.
            self.moves[token] = Plan("track", subject, (token, bucket), reward, 0, gas=gas, asks=asks)
        return None


def claims(till: PayoutContext, due: Sequence[ExitSeen], most: int, now: int) -> list[Plan]:
    """Return claims of valid matured standard exits, `most` per call; for short tokens the oldest first.

    Each call claims one token, so a token that uses up the gas of its call does not stop the others.
    """
    profile = till.root_chain.profile
    batches: list[tuple[int, list[int], list[tuple[ExitSeen, bytes]]]] = []
    for one in sorted(due, key=lambda one: (one.token in till.short, one.token, one.priority, one.position)):
        data = till.evidence.data(one.position)
        newer = till.newer(one.token, one.priority, one.amount)
        if data is None or newer is None:
            continue
        # Claims of short tokens are not combined, since each needs its own list.
        together = batches[-1][2] if batches and batches[-1][0] == one.token and one.token not in till.short else []
        if 0 < len(together) < most:
            together.append((one, data))
        else:
            batches.append((one.token, newer, [(one, data)]))
    plans = []
    for token, newer, batch in batches:
        items = [(one.position, data) for one, data in batch]
        gas = 80_000 + (60_000 + LISTED * len(newer)) * len(items)
        reward = profile.bounty * len(items)
        subject = batch[0][0].id
        arguments, asks = (items, newer), frozenset((token,)) - {ETHER_TOKEN}
        plans.append(Plan("processExits", subject, arguments, reward, now + _NO_HURRY, duty=False, gas=gas, asks=asks))
    return plans


def claim_game(till: PayoutContext, game: Game, state: InFlight, now: int) -> Plan | None:
    """Return the claim of a matured in-flight exit; None if it cannot be made now or a token does not answer."""
    one = game.transaction
    made = [till.evidence.data(position) for position in one.inputs]
    asks = {output.token for bit, output in enumerate(one.outputs, 4) if state.piggybacked >> bit & 1}
    asks |= {till.evidence.token(position) for bit, position in enumerate(one.inputs) if state.piggybacked >> bit & 1}
    if any(data is None for data in made) or any(holdings(till.root_chain, token) is None for token in asks):
        return None
    newer: set[int] = set()
    for index, output in enumerate(one.outputs):
        # Inputs have the tokens of outputs, or are covered in any case: listing too many buckets does no harm.
        if state.piggybacked >> (4 + index) & 1 or state.piggybacked & 15:
            newer |= set(till.newer(output.token, state.priority, output.amount) or ())
    joined = state.piggybacked.bit_count()
    arguments = (one.packed, list(game.input_ids), made, sorted(newer))
    gas = 120_000 + 60_000 * (joined + len(made)) + LISTED * len(newer) * joined
    reward = till.root_chain.profile.bounty * joined
    asked = frozenset(asks) - {ETHER_TOKEN}
    return Plan("processInFlightExit", game.id, arguments, reward, now + _NO_HURRY, duty=False, gas=gas, asks=asked)
