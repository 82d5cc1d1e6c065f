"""Reference model of the hub: `apply(state, action, env) -> (state, effects)`, with the contract's errors and events.

Reentrancy and gas are not modelled: a transfer either succeeds or is owed (`Env.failing`), and a deposit is never
re-entered.
"""

from layer2.channels.model.actions import Action
from layer2.channels.model.apply import apply
from layer2.channels.model.env import Effect, Env, Pulled, Transferred
from layer2.channels.model.state import CLOSED, Channel, Claim, Config, HubState, RawKey, payoff

__all__ = [
    "apply",
    "HubState",
    "Channel",
    "Claim",
    "Config",
    "Env",
    "Action",
    "Effect",
    "Transferred",
    "Pulled",
    "RawKey",
    "CLOSED",
    "payoff",
]
