"""The state transition of one call to the hub."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from layer2.channels.model import actions, cooperation, disputes, funding, locks, simplex
from layer2.channels.model.actions import Action
from layer2.channels.model.base import Call
from layer2.channels.model.env import Effect, Env
from layer2.channels.model.state import HubState

ENTRY_POINTS: Mapping[type[Action], Callable[[Call, Any], None]] = {
    actions.Deposit: funding.deposit,
    actions.DepositETH: funding.deposit_eth,
    actions.DepositPulled: funding.deposit_pulled,
    actions.Close: cooperation.close,
    actions.Withdraw: cooperation.withdraw,
    actions.Move: cooperation.move,
    actions.RegisterSession: disputes.register_session,
    actions.StartClose: disputes.start_close,
    actions.StartCloseAs: disputes.start_close_as,
    actions.Post: disputes.post,
    actions.PostLocks: locks.post_locks,
    actions.Unlock: locks.unlock,
    actions.Settle: disputes.settle,
    actions.ClaimVouchers: simplex.claim,
    actions.ClaimVoucher: simplex.claim_voucher,
    actions.CloseSimplex: simplex.close_simplex,
    actions.RequestExit: simplex.request_exit,
    actions.Exit: simplex.exit_simplex,
    actions.WithdrawPending: simplex.sweep,
}
"""Model function of each entry point."""


def apply(state: HubState, action: Action, env: Env) -> tuple[HubState, tuple[Effect, ...]]:
    """Return the state after the call, and its effects.

    Raises:
        HubError: the same error, with the same fields, as the contract; `state` is unchanged.
    """
    call = Call(state, env)
    ENTRY_POINTS[type(action)](call, action)
    return call.commit(), tuple(call.effects)
