"""The pure model of the root chain: `apply(state, action, env) -> (state, effects)`, with its errors and events.

Reentrancy and gas are not modelled: a payment either arrives or is deferred (`Env.failing`).
"""

from layer2.plasma.payments.model.actions import Action
from layer2.plasma.payments.model.apply import apply
from layer2.plasma.payments.model.environment import Effect, Env, Paid
from layer2.plasma.payments.model.reserve import Reserve
from layer2.plasma.payments.model.state import Config, Exit, ExitStatus, InFlight, InFlightStatus, State, in_flight_id

__all__ = [
    "apply",
    "Action",
    "State",
    "Config",
    "Env",
    "Effect",
    "Paid",
    "Exit",
    "ExitStatus",
    "InFlight",
    "InFlightStatus",
    "Reserve",
    "in_flight_id",
]
