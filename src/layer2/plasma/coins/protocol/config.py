"""Parameters of a coin chain, and standard profiles."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["COIN_DEVNET", "COIN_PUBLIC", "CoinProfile"]

_DAY = 86_400
_ETHER = 10**18


@dataclass(frozen=True, slots=True)
class CoinProfile:
    """Parameters of a coin chain: durations in seconds, amounts in wei (`ICoinChain.Config`)."""

    exit_period: int
    rotation_delay: int
    exit_bond: int
    challenge_bond: int
    bounty: int

    @property
    def answer_pay(self) -> int:
        """Share of a challenge bond paid for a response to the challenge; the rest is added to the exit's bond."""
        return self.challenge_bond // 4


COIN_PUBLIC = CoinProfile(7 * _DAY, 14 * _DAY, _ETHER // 20, _ETHER // 50, _ETHER // 500)
"""Profile for public chains: half a week to answer a challenge, and half a week to challenge after a response."""

COIN_DEVNET = CoinProfile(3_600, 3_600, _ETHER // 20, _ETHER // 50, _ETHER // 500)
"""Profile for development chains, with periods of one hour."""
