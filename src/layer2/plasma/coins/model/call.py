"""Context of one call: a private copy of the state, checks of the caller, and the call's effects."""

from __future__ import annotations

from dataclasses import dataclass, field

from layer2.plasma.coins.bindings.errors import IncorrectValue, UnauthorizedCaller
from layer2.plasma.coins.model.state import CoinState
from layer2.plasma.payments.model.environment import Effect, Env, Paid
from layer2.primitives.addresses import to_address

__all__ = ["Call"]


@dataclass(slots=True)
class Call:
    """A call in progress: the state that it changes, its environment, and its effects so far."""

    state: CoinState
    env: Env
    effects: list[Effect | Paid] = field(default_factory=list)

    def emit(self, name: str, *fields: object) -> None:
        """Record an event."""
        self.effects.append(Effect(name, fields))

    def require_caller(self, need: bytes) -> None:
        """Raise UnauthorizedCaller unless the caller is `need`."""
        if self.env.sender != need:
            raise UnauthorizedCaller(self.env.sender, need)

    def require_value(self, need: int) -> None:
        """Raise IncorrectValue unless exactly `need` wei were sent."""
        if self.env.value != need:
            raise IncorrectValue(self.env.value, need)

    def push(self, token: int, to: bytes, amount: int) -> None:
        """Pay an amount, or record it as owed if the payment fails."""
        if not amount:
            return
        deferred = not self.env.reaches(to, token)
        if deferred:
            self.state.owed[to, token] = self.state.owed.get((to, token), 0) + amount
            self.emit("PayoutDeferred", to, token.to_bytes(20, "big"), amount)
        else:
            self.state.balance[token] -= amount
        self.effects.append(Paid(to, token, amount, deferred))

    def push_token(self, token: int, to: bytes, number: int) -> None:
        """Transfer an ERC-721 token, or record it as owed if that fails; `Paid.amount` is the token's number."""
        deferred = not self.env.reaches(to, token)
        if deferred:
            self.state.owed_tokens[token, number] = to
            self.emit("NftPayoutDeferred", to, token.to_bytes(20, "big"), number)
        else:
            self.state.vault.remove((token, number))
        self.effects.append(Paid(to, token, number, deferred))

    def is_itself(self, account: bytes) -> bool:
        """Return True if an account is the contract itself."""
        return to_address(account) == self.state.domain.verifying_contract
