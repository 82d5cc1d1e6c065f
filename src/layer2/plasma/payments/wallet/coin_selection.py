"""Coin selection: a payment spends as few outputs as possible, and the smallest that suffice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from layer2.plasma.payments.chain.errors import FundsMissing
from layer2.plasma.protocol.params import MAX_INPUTS
from layer2.plasma.protocol.transaction import Output
from layer2.primitives.display import format_units

__all__ = ["SelectedInputs", "pick"]


class SelectedInputs(Protocol):
    """A spendable output."""

    @property
    def position(self) -> int:
        """Position of the output."""
        ...

    @property
    def block(self) -> int:
        """Number of the block that made the output; 0 for a deposit."""
        ...

    @property
    def output(self) -> Output:
        """Owner, token and amount."""
        ...


P = TypeVar("P", bound=SelectedInputs)


def pick(free: Iterable[P], needs: Mapping[int, int], most: int = MAX_INPUTS) -> list[P]:
    """Return at most `most` outputs that cover the needed amount of each token, oldest first among equals.

    Raises:
        FundsMissing: the outputs do not suffice, or more than `most` would be needed.
    """
    rows = list(free)
    found: list[P] = []
    for token, need in sorted(needs.items()):
        if need:
            found += _of_token([kit for kit in rows if kit.output.token == token], token, need)
    if len(found) > most:
        raise FundsMissing(
            f"{len(found)} outputs would be needed, a transaction takes {most}",
            have=most,
            need=len(found),
            hint="merge first",
        )
    return found


def _of_token(rows: list[P], token: int, need: int) -> list[P]:
    have = sum(kit.output.amount for kit in rows)
    if have < need:
        raise FundsMissing(
            f"{format_units(need, token)} needed, {format_units(have, token)} can be spent now",
            have=have,
            need=need,
            hint="deposit, or wait for pending payments",
        )
    rows.sort(key=lambda kit: (-kit.output.amount, kit.block, kit.position))
    chosen: list[P] = []
    while need > 0:
        # Take the smallest output that covers the remainder, or else the largest.
        enough = [kit for kit in rows if kit.output.amount >= need]
        one = enough[-1] if enough else rows[0]
        rows.remove(one)
        chosen.append(one)
        need -= one.output.amount
    return chosen
