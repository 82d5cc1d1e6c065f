"""Pure model of the coin chain: `apply(state, action, env) -> (state, effects)`, with its errors and events.

Reentrancy and gas are not modelled: a payment either succeeds or is deferred (`Env.failing`).
"""

from layer2.plasma.coins.model.actions import Action, Challenge, ExitClaim, Shown
from layer2.plasma.coins.model.apply import apply
from layer2.plasma.coins.model.state import CoinState, Exit, Reason, challenge_id, token_number
from layer2.plasma.payments.model.environment import Effect, Env, Paid

__all__ = [
    "apply",
    "challenge_id",
    "token_number",
    "Action",
    "Challenge",
    "CoinState",
    "ExitClaim",
    "Effect",
    "Env",
    "Exit",
    "Paid",
    "Reason",
    "Shown",
]
