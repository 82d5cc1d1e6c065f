"""What surrounds a call: who calls when with what, who cannot be paid; and what a call leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from layer2.plasma.payments.model.state import State
from layer2.primitives.ecdsa import signers, to_compact
from layer2.primitives.errors import SignatureError

__all__ = ["Effect", "Env", "Paid", "recovered"]


class Effect(NamedTuple):
    """An event of the contract: its name and fields, in their order."""

    name: str
    fields: tuple[object, ...]


class Paid(NamedTuple):
    """Money that left the contract, or, if `deferred`, waits for its owner there."""

    to: bytes
    token: int
    amount: int
    deferred: bool


def recovered(digest: bytes, signature: bytes) -> bytes:
    """The 20 bytes of who signed by ECDSA, empty if nobody: what the contract accepts, in 64 or 65 bytes."""
    try:
        return signers([digest], [to_compact(signature)])[0]
    except SignatureError:
        return b""


@dataclass(frozen=True, slots=True)
class Env:
    """A call: `sender` (20 bytes), the block's `time` in seconds, `value` in wei.

    Attributes:
        failing: owners whom a payment does not reach; with a token's id, whom payments in that token do not.
        recover: who signed a digest; tests of many thousand calls give a faster stand-in.
    """

    sender: bytes
    time: int
    value: int = 0
    failing: frozenset[bytes | tuple[bytes, int]] = frozenset()
    recover: Callable[[bytes, bytes], bytes] = recovered

    def reaches(self, owner: bytes, token: int) -> bool:
        """Whether a payment arrives."""
        return owner not in self.failing and (owner, token) not in self.failing


@dataclass(slots=True)
class Act:
    """One call under way: a state of its own, and what it leaves behind."""

    state: State
    env: Env
    effects: list[Effect | Paid] = field(default_factory=list)

    def emit(self, name: str, *fields: object) -> None:
        """Note an event."""
        self.effects.append(Effect(name, fields))

    def hold(self, amount: int) -> None:
        """Take ether as a bond."""
        held = self.state.held
        held[0] = held.get(0, 0) + amount

    def pay_bond(self, to: bytes, amount: int) -> None:
        """Pay out of bonds."""
        self.state.held[0] = self.state.held.get(0, 0) - amount
        self._pay(to, 0, amount)

    def owe_bond(self, to: bytes, amount: int) -> None:
        """A bond comes back, and waits for its owner: no call goes out."""
        self._owe(to, 0, amount)

    def pay_both(self, to: bytes, token: int, amount: int, bond: int) -> None:
        """Pay an output, and what comes back of bonds with it: at once if both are ether."""
        self.state.held[0] = self.state.held.get(0, 0) - bond
        if token:
            self._pay(to, 0, bond)
            self._pay(to, token, amount)
        else:
            self._pay(to, 0, amount + bond)

    def _pay(self, to: bytes, token: int, amount: int) -> None:
        """What does not arrive is kept for its owner."""
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
        self.emit("PaymentDeferred", to, token, amount)
        self.effects.append(Paid(to, token, amount, True))
