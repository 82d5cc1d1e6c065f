"""The two movements of money, and what makes them fail. A failed one moves nothing and costs its sender the nonce."""

from __future__ import annotations

from layer2.primitives.addresses import Address
from layer2.rollup.accounts import State, Withdrawal
from layer2.rollup.params import MAX_BALANCE

__all__ = ["move", "withdraw"]


def move(state: State, sender: int, to: int, amount: int, token: int, fee: int) -> bool:
    """Transfer between accounts of `token`; whether it happened. The sender exists; its nonce always moves on."""
    account, other = state.accounts[sender], state.accounts.get(to)
    fits = other is not None and account.token == other.token == token and amount > 0
    if fits and account.balance >= amount + fee and sender == to:
        state.change(sender, balance=account.balance - fee, nonces=1)
        return True
    if other is None or not fits or account.balance < amount + fee or other.balance + amount > MAX_BALANCE:
        state.change(sender, balance=account.balance, nonces=1)
        return False
    state.change(sender, balance=account.balance - amount - fee, nonces=1)
    state.change(to, balance=other.balance + amount)
    return True


def withdraw(state: State, sender: int, target: Address, amount: int, token: int, fee: int) -> bool:
    """Take money out; whether it happened."""
    account = state.accounts[sender]
    if account.token != token or amount == 0 or account.balance < amount + fee:
        state.change(sender, balance=account.balance, nonces=1)
        return False
    state.change(sender, balance=account.balance - amount - fee, nonces=1)
    state.take_out(Withdrawal(target, token, amount))
    return True
