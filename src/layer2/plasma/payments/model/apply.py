"""State transition function of one call of the root chain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from layer2.plasma.payments.bindings.errors import RootError
from layer2.plasma.payments.model import actions as act
from layer2.plasma.payments.model import chain, exits, in_flight, settlement
from layer2.plasma.payments.model.environment import Act, Effect, Env, Paid
from layer2.plasma.payments.model.state import State

__all__ = ["apply"]

_PAYABLE = (act.Deposit, act.StartExits, act.StartInFlightExit, act.Piggyback, act.ChallengeData)
_ACTS: dict[type[Any], Callable[[Act, Any], None]] = {
    act.RegisterToken: chain.register_token,
    act.Deposit: chain.deposit,
    act.SubmitBlock: chain.submit_block,
    act.ProposeOperator: chain.propose_operator,
    act.AcceptOperator: chain.accept_operator,
    act.ChallengeData: chain.challenge_data,
    act.ShowData: chain.show_data,
    act.Freeze: chain.freeze,
    act.WithdrawPending: chain.withdraw,
    act.StartExits: exits.start_exits,
    act.ChallengeExit: exits.challenge_exit,
    act.ProcessExits: exits.claim,
    act.StartInFlightExit: in_flight.start_in_flight_exit,
    act.Piggyback: in_flight.piggyback,
    act.ChallengeNonCanonical: in_flight.challenge_non_canonical,
    act.RespondNonCanonical: in_flight.respond_non_canonical,
    act.ChallengeInputSpent: in_flight.challenge_input_spent,
    act.ChallengeOutputSpent: in_flight.challenge_output_spent,
    act.DeleteNonPiggybacked: in_flight.delete_non_piggybacked,
    act.HoldInputs: in_flight.hold_inputs,
    act.Track: chain.track,
    act.ProcessInFlightExit: settlement.process_in_flight_exit,
}


class ValueUnwanted(RootError):
    """The call does not accept ether."""

    MEANING = "The call takes no ether"


def apply(state: State, action: act.Action, env: Env) -> tuple[State, list[Effect | Paid]]:
    """Return the state and the effects of a call; raise one of `errors`, after which nothing has changed."""
    takes = isinstance(action, _PAYABLE) and not (isinstance(action, act.Deposit) and action.token)
    if env.value and not takes:
        raise ValueUnwanted()
    one = Act(state.copy(), env)
    if env.value:
        one.state.balance[0] = one.state.balance.get(0, 0) + env.value
    _ACTS[type(action)](one, action)
    return one.state, one.effects
