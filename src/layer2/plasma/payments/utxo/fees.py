"""Fee policy of the operator, and the transactions that collect fees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from layer2.plasma.common.errors import FeeTooLow
from layer2.plasma.protocol.packed import Fields
from layer2.plasma.protocol.params import MAX_AMOUNT, MAX_OUTPUTS
from layer2.plasma.protocol.transaction import Transaction, fee_transaction
from layer2.primitives.display import format_units
from layer2.primitives.errors import RangeError

__all__ = ["MOST_COLLECTED", "FeePolicy", "collect", "collected_wrongly"]

MOST_COLLECTED = 64
"""Maximum number of tokens whose fees a block collects, because anyone can pay in unwanted tokens."""


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """Minimum fees by token in smallest units; a payment pays the fee in one of the tokens.

    Without entries, payments are free.

    Attributes:
        free_merges: True if a payment that merges outputs of one owner and token into fewer ones is free, because
            everybody benefits from it.
    """

    least: Mapping[int, int] = field(default_factory=dict)
    free_merges: bool = True

    def __post_init__(self) -> None:
        for token, fee in self.least.items():
            if not 0 <= token < 1 << 16 or not 0 <= fee <= MAX_AMOUNT:
                raise RangeError(
                    f"a fee of {fee} in token {token}: not a valid fee", hint="name token ids and smallest units"
                )

    def refuses(self, fees: Mapping[int, int], one: Fields, owner: bytes) -> FeeTooLow | None:
        """Return the error if a payment's fees are too low; `owner` owns all inputs (empty if several do)."""
        if not self.least or any(fees.get(token, 0) >= fee for token, fee in self.least.items()):
            return None
        if self.free_merges and self._merges(one, owner):
            return None
        asked = " or ".join(format_units(fee, token) for token, fee in sorted(self.least.items()))
        token = min(self.least, key=lambda other: self.least[other] - fees.get(other, 0))
        return FeeTooLow(
            f"fee {format_units(fees.get(token, 0), token)} given, {asked} needed",
            have=fees.get(token, 0),
            need=self.least[token],
            hint="leave more for the operator",
        )

    @staticmethod
    def _merges(one: Fields, owner: bytes) -> bool:
        tokens = {token for _, token, _ in one.outputs}
        return len(one.outputs) < len(one.inputs) and len(tokens) == 1 and {to for to, _, _ in one.outputs} == {owner}


def collect(number: int, owner: str, fees: Mapping[int, int], policy: FeePolicy) -> list[Transaction]:
    """Return the fee transactions of block `number` for the operator's `owner`; none if no fees were paid."""
    asked = set(policy.least) or set(fees)
    tokens = sorted(token for token in asked if fees.get(token, 0) > 0)[:MOST_COLLECTED]
    rows = [(owner, token, min(fees[token], MAX_AMOUNT)) for token in tokens]
    return [fee_transaction(number, rows[at : at + MAX_OUTPUTS]) for at in range(0, len(rows), MAX_OUTPUTS)]


def collected_wrongly(one: Fields, number: int, fees: Mapping[int, int], collected: dict[int, int]) -> Iterator[str]:
    """Yield the faults of a fee transaction of block `number`, and add its outputs to `collected`.

    Args:
        fees: fees of the block's payments by token.
        collected: fees collected by earlier fee transactions of the block, by token.
    """
    if one.expiry != number:
        yield f"it names block {one.expiry}"
    for _, token, amount in one.outputs:
        if token in collected:
            yield f"fees of token {token} are collected twice"
        elif amount > fees.get(token, 0):
            yield f"{format_units(amount, token)} are collected, {format_units(fees.get(token, 0), token)} were paid"
        collected[token] = collected.get(token, 0) + amount
