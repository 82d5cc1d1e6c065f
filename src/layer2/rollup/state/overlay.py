"""Overlay state: stores only the differences from a base state, which is never written."""

from __future__ import annotations

from collections.abc import Iterator

from layer2.primitives.errors import RangeError
from layer2.rollup.protocol.params import MAX_BALANCE, MAX_NONCE
from layer2.rollup.state.columns import AccountColumns, Row
from layer2.rollup.state.state import State

__all__ = ["Held", "StateOverlay", "layer_over"]


class Held:
    """A mutable account of an overlay."""

    __slots__ = ("balance", "nonce", "owner", "token")

    def __init__(self, owner: bytes, token: int, nonce: int, balance: int) -> None:
        self.owner = owner
        self.token = token
        self.nonce = nonce
        self.balance = balance

    def __repr__(self) -> str:
        return f"<Held token={self.token} nonce={self.nonce} balance={self.balance}>"


class StateOverlay(AccountColumns):
    """Overlay of another ledger's accounts, for reads and single operations; it has no tree and no segments.

    Attributes:
        rows: accounts that differ from the base or were read, by index.
    """

    __slots__ = ("_base", "rows")

    def __init__(self, base: AccountColumns) -> None:
        # The ledger's own columns are not created: every method that uses them is overridden or never called.
        self._base = base
        self.rows: dict[int, Held] = {}
        self.present = base.present

    def row(self, index: int) -> Held | None:
        """Return an account for modification in place; None if it does not exist."""
        try:
            return self.rows[index]
        except KeyError:
            found = self._base.read(index)
            if found is None:
                # Missing accounts are not stored, so that queries for them cannot fill the memory.
                return None
            row = self.rows[index] = Held(*found)
            return row

    def copy(self) -> AccountColumns:
        """Raise RangeError: an overlay cannot be copied, because its base may change."""
        raise RangeError("an overlay cannot be copied", hint="copy the state below and execute again")

    def __contains__(self, index: int) -> bool:
        return self.row(index) is not None

    def __iter__(self) -> Iterator[int]:
        yield from sorted({*self._base, *self.rows})

    def read(self, index: int) -> Row | None:
        """Return an account; None if it does not exist."""
        row = self.row(index)
        return None if row is None else (row.owner, row.token, row.nonce, row.balance)

    def write(self, index: int, row: Row) -> None:
        """Write an account."""
        self.present += index not in self
        self.rows[index] = Held(*row)

    def change(self, index: int, nonce: int, balance: int, token: int) -> None:
        """Write the nonce, balance and token of an existing account; raise RangeError for values that do not fit."""
        if not 0 <= nonce <= MAX_NONCE or not 0 <= balance <= MAX_BALANCE:
            raise RangeError(f"account {index}: nonce {nonce}, balance {balance}, need 32 and 128 bits")
        row = self.row(index)
        if row is None:
            raise KeyError(index)
        row.token, row.nonce, row.balance = token, nonce, balance

    def operate(self, sender: int, to: int | None, amount: int, token: int, fee: int) -> bool:
        """Execute a single operation with the rules of `AccountColumns.operate`."""
        row = self.row(sender)
        if row is None:
            raise KeyError(sender)
        if row.nonce >= MAX_NONCE:
            raise RangeError(f"account {sender}: no nonce is left")
        row.nonce += 1
        if row.token != token or not amount or row.balance < amount + fee:
            return False
        if to == sender:
            row.balance -= fee
            return True
        if to is not None:
            other = self.row(to)
            if other is None or other.token != token or other.balance + amount > MAX_BALANCE:
                return False
            other.balance += amount
        row.balance -= amount + fee
        return True


class _Above(State):
    """A state whose accounts are an overlay."""

    def __init__(self, base: State) -> None:
        self._begin(StateOverlay(base.ledger), base.keys)
        self.next_account, self.tokens = base.next_account, base.tokens
        self.queue_count, self.queue_acc = base.queue_count, base.queue_acc


def layer_over(base: State) -> tuple[State, StateOverlay]:
    """Return a state on top of `base` for trial execution, and its accounts. It has no withdrawals and no root."""
    above = _Above(base)
    assert isinstance(above.ledger, StateOverlay)
    return above, above.ledger
