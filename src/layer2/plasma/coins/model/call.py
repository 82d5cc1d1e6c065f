"""One call under way: a state of its own, what may be asked of the caller, and what the call leaves behind."""

from __future__ import annotations

from dataclasses import dataclass, field

from layer2.plasma.coins.model.errors import AmountInvalid, CallerUnauthorized
from layer2.plasma.coins.model.state import CoinState
from layer2.plasma.payments.model.environment import Effect, Env, Paid
from layer2.primitives.addresses import to_address

__all__ = ["Call"]


@dataclass(slots=True)
class Call:
    """See the module."""

    state: CoinState
    env: Env
    effects: list[Effect | Paid] = field(default_factory=list)

    def emit(self, name: str, *fields: object) -> None:
        """Note an event."""
        self.effects.append(Effect(name, fields))

    def require_caller(self, need: bytes) -> None:
        """CallerUnauthorized unless this one calls."""
        if self.env.sender != need:
            raise CallerUnauthorized(self.env.sender, need)

    def require_value(self, need: int) -> None:
        """AmountInvalid unless this much ether came along."""
        if self.env.value != need:
            raise AmountInvalid(self.env.value, need)

    def push(self, token: int, to: bytes, amount: int) -> None:
        """Pay; what does not arrive is owed."""
        if not amount:
            return
        deferred = not self.env.reaches(to, token)
        if deferred:
            self.state.owed[to, token] = self.state.owed.get((to, token), 0) + amount
            self.emit("Deferred", to, token.to_bytes(20, "big"), amount)
        else:
            self.state.balance[token] -= amount
        self.effects.append(Paid(to, token, amount, deferred))

    def push_token(self, token: int, to: bytes, number: int) -> None:
        """Hand an ERC-721 token over; what is not taken is owed. `Paid.amount` is its number."""
        deferred = not self.env.reaches(to, token)
        if deferred:
            self.state.owed_tokens[token, number] = to
            self.emit("TokenDeferred", to, token.to_bytes(20, "big"), number)
        else:
            self.state.vault.remove((token, number))
        self.effects.append(Paid(to, token, number, deferred))

    def is_itself(self, account: bytes) -> bool:
        """Whether an account is the contract."""
        return to_address(account) == self.state.domain.verifying_contract
