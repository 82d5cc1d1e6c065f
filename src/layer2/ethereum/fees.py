"""Gas prices, and the waiting time before a transaction is replaced at a higher price (EIP-1559)."""

from __future__ import annotations

from dataclasses import dataclass

from layer2.ethereum.errors import FeeTooHigh
from layer2.primitives.errors import RangeError

__all__ = ["Fees", "GasPolicy"]

_GWEI = 10**9


@dataclass(frozen=True, slots=True)
class Fees:
    """The two prices of an EIP-1559 transaction, in wei per gas."""

    max_fee: int
    priority_fee: int


@dataclass(frozen=True, slots=True)
class GasPolicy:
    """Fee limits and replacement rules of a sender.

    Attributes:
        max_fee_per_gas: maximum fee, wei per gas.
        priority_fee: the tip, wei per gas, reduced if the cap requires it.
        base_fee_multiple: headroom over the current base fee, so that it may rise for some blocks.
        bump: minimum factor by which a replacement raises both prices (nodes require 1.10, some pools 1.125).
        wait: seconds before a transaction that is not mined is replaced.
        max_replacements: maximum number of replacements.
        gas_margin: factor on an estimated gas limit.
    """

    max_fee_per_gas: int = 500 * _GWEI
    priority_fee: int = 1 * _GWEI
    base_fee_multiple: int = 2
    bump: float = 1.125
    wait: float = 60.0
    max_replacements: int = 5
    gas_margin: float = 1.2

    def __post_init__(self) -> None:
        if self.bump < 1.125:
            raise RangeError(f"gas policy: bump {self.bump} given, at least 1.125 needed", hint="use 1.125 or more")
        if self.gas_margin < 1 or self.wait <= 0 or self.max_replacements < 0 or self.base_fee_multiple < 1:
            raise RangeError(f"gas policy out of range: {self}", hint="margin and multiple >= 1, wait > 0")
        if not 0 <= self.priority_fee <= self.max_fee_per_gas:
            raise RangeError(
                f"gas policy: priority fee {self.priority_fee} not within the cap {self.max_fee_per_gas}",
                hint="raise max_fee_per_gas",
            )

    def fees(self, base_fee: int) -> Fees:
        """Return the prices to offer at a base fee; raise `FeeTooHigh` if the base fee exceeds the cap.

        The tip is reduced to fit under the cap, so that a small rise of the base fee does not block an offer at the
        cap.
        """
        if base_fee > self.max_fee_per_gas:
            raise FeeTooHigh(
                f"sender: the base fee is {base_fee} wei per gas, the policy allows {self.max_fee_per_gas}",
                hint="wait for a lower base fee or raise GasPolicy.max_fee_per_gas",
            )
        tip = min(self.priority_fee, self.max_fee_per_gas - base_fee)
        return Fees(min(base_fee * self.base_fee_multiple + tip, self.max_fee_per_gas), tip)

    def bumped(self, fees: Fees, base_fee: int) -> Fees | None:
        """Return prices that replace those of `fees`; `None` if the cap does not allow a valid bump."""
        least = Fees(self._raise(fees.max_fee), self._raise(fees.priority_fee))
        wanted = max(least.max_fee, base_fee * self.base_fee_multiple + least.priority_fee)
        if least.max_fee > self.max_fee_per_gas:
            return None
        return Fees(min(wanted, self.max_fee_per_gas), least.priority_fee)

    def _raise(self, price: int) -> int:
        # Rounded up in integer arithmetic, because nodes refuse a price one wei below their minimum.
        scaled = -(-price * round(self.bump * 10_000) // 10_000)
        return max(scaled, price + 1)
