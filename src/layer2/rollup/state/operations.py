"""Transfers and withdrawals. A failed operation moves no funds, but uses its sender's nonce.

The rules are implemented once in `kernel`, for single operations and for whole frames.
"""

from __future__ import annotations

from layer2.primitives.addresses import Address
from layer2.rollup.state.state import State, Withdrawal

__all__ = ["move", "withdraw"]


def move(state: State, sender: int, to: int, amount: int, token: int, fee: int) -> bool:
    """Transfer between accounts of `token`; return True on success. The sender must exist; its nonce increases."""
    return state.ledger.operate(sender, to, amount, token, fee)


def withdraw(state: State, sender: int, target: Address, amount: int, token: int, fee: int) -> bool:
    """Withdraw from an account of `token`; return True on success. The sender must exist; its nonce increases."""
    done = state.ledger.operate(sender, None, amount, token, fee)
    if done:
        state.take_out(Withdrawal(target, token, amount))
    return done
