"""Which outputs a payment spends: as few as do, and of those the smallest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from layer2.plasma.payments.chain.errors import FundsMissing
from layer2.plasma.protocol.params import MAX_INPUTS
from layer2.plasma.protocol.transaction import Output

__all__ = ["Piece", "pick"]


class Piece(Protocol):
    """An output that can be spent."""

    @property
    def position(self) -> int:
        """Where it stands."""
        ...

    @property
    def block(self) -> int:
        """Its age: the block that made it, 0 for a deposit."""
        ...

    @property
    def output(self) -> Output:
        """Owner, token, amount."""
        ...


P = TypeVar("P", bound=Piece)


def pick(free: Iterable[P], needs: Mapping[int, int], most: int = MAX_INPUTS) -> list[P]:
    """Outputs that cover what is needed of each token, `most` at most, oldest first among equals.

    Raises:
        FundsMissing: there is not enough, or only in more pieces than a transaction takes.
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
            f"{need} of token {token} needed, {have} can be spent now",
            have=have,
            need=need,
            hint="deposit, or wait for what is pending",
        )
    rows.sort(key=lambda kit: (-kit.output.amount, kit.block, kit.position))
    chosen: list[P] = []
    while need > 0:
        # The smallest that covers what is left ends it; else the biggest brings it closest.
        enough = [kit for kit in rows if kit.output.amount >= need]
        one = enough[-1] if enough else rows[0]
        rows.remove(one)
        chosen.append(one)
        need -= one.output.amount
    return chosen
