"""The two movements of money, and what makes them fail. A failed one moves nothing and costs its sender the nonce.

What they do is written in `kernel`, once for single operations and for whole frames.
"""

from __future__ import annotations

from layer2.primitives.addresses import Address
from layer2.rollup.state.state import State, Withdrawal

__all__ = ["move", "withdraw"]


def move(state: State, sender: int, to: int, amount: int, token: int, fee: int) -> bool:
    """Transfer between accounts of `token`; whether it happened. The sender exists; its nonce always moves on."""
    return state.ledger.operate(sender, to, amount, token, fee)


def withdraw(state: State, sender: int, target: Address, amount: int, token: int, fee: int) -> bool:
    """Take money out; whether it happened. The sender exists; its nonce always moves on."""
    done = state.ledger.operate(sender, None, amount, token, fee)
    if done:
        state.take_out(Withdrawal(target, token, amount))
    return done
