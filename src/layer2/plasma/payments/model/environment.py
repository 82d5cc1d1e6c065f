"""Environment and effects of a call: sender, time and value, unreachable receivers; events and payments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from layer2.plasma.payments.model.state import State
from layer2.primitives.ecdsa import signers, to_compact
from layer2.primitives.errors import SignatureError

__all__ = ["Effect", "Env", "Paid", "recovered"]


class Effect(NamedTuple):
    """An event of the contract: its name and fields, in order."""

    name: str
    fields: tuple[object, ...]


class Paid(NamedTuple):
    """A payment by the contract; if `deferred`, the amount is kept there for its owner."""

    to: bytes
    token: int
    amount: int
    deferred: bool


def recovered(digest: bytes, signature: bytes) -> bytes:
    """Return the ECDSA signer's 20 bytes, empty if invalid; accepts 64 or 65 bytes as the contract does."""
    try:
        return signers([digest], [to_compact(signature)])[0]
    except SignatureError:
        return b""


@dataclass(frozen=True, slots=True)
class Env:
    """A call's environment: `sender` (20 bytes), the block's `time` in Unix seconds, `value` in wei.

    Attributes:
        failing: owners that payments do not reach, or (owner, token id) for payments in that token.
        recover: signature recovery; tests with many thousands of calls pass a faster substitute.
    """

    sender: bytes
    time: int
    value: int = 0
    failing: frozenset[bytes | tuple[bytes, int]] = frozenset()
    recover: Callable[[bytes, bytes], bytes] = recovered

    def reaches(self, owner: bytes, token: int) -> bool:
        """Return True if a payment arrives."""
        return owner not in self.failing and (owner, token) not in self.failing


@dataclass(slots=True)
class Act:
    """A call in progress: its own copy of the state, and its effects."""

    state: State
    env: Env
    effects: list[Effect | Paid] = field(default_factory=list)

    def emit(self, name: str, *fields: object) -> None:
        """Append an event."""
        self.effects.append(Effect(name, fields))

    def hold(self, amount: int) -> None:
        """Hold ether as a bond."""
        held = self.state.held
        held[0] = held.get(0, 0) + amount

    def pay_bond(self, to: bytes, amount: int) -> None:
        """Pay out of bonds."""
        self.state.held[0] = self.state.held.get(0, 0) - amount
        self._pay(to, 0, amount)

    def owe_bond(self, to: bytes, amount: int) -> None:
        """Return a bond as a deferred payment, without an external call."""
        self._owe(to, 0, amount)

    def pay_both(self, to: bytes, token: int, amount: int, bond: int) -> None:
        """Pay an output and a returned bond; in one transfer if both are ether."""
        self.state.held[0] = self.state.held.get(0, 0) - bond
        if token:
            self._pay(to, 0, bond)
            self._pay(to, token, amount)
        else:
            self._pay(to, 0, amount + bond)

    def _pay(self, to: bytes, token: int, amount: int) -> None:
        """Pay an amount, or defer it if it does not arrive."""
        if not amount:
            return
        state = self.state
        deferred = not self.env.reaches(to, token)
        if deferred:
            state.held[token] = state.held.get(token, 0) + amount
            self._owe(to, token, amount)
        else:
            state.balance[token] -= amount
            self.effects.append(Paid(to, token, amount, deferred))

    def _owe(self, to: bytes, token: int, amount: int) -> None:
        self.state.pending[to, token] = self.state.pending.get((to, token), 0) + amount
        self.emit("PayoutDeferred", to, token, amount)
        self.effects.append(Paid(to, token, amount, True))
