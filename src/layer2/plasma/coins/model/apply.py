"""State transition function of the coin chain model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from layer2.plasma.coins.bindings.errors import CoinError
from layer2.plasma.coins.model import actions as act
from layer2.plasma.coins.model import chain, exits, history, money
from layer2.plasma.coins.model.call import Call
from layer2.plasma.coins.model.state import CoinState
from layer2.plasma.payments.model.environment import Effect, Env, Paid

__all__ = ["apply"]

_PAYABLE = (
    act.DepositETH,
    act.ExitDeposit,
    act.ExitTransfer,
    act.ChallengeBefore,
    act.ChallengeBeforeByDeposit,
)
_ACTS: dict[type[Any], Callable[[Call, Any], None]] = {
    act.SubmitBlock: chain.submit_block,
    act.ProposeOperator: chain.propose_operator,
    act.AcceptOperator: chain.accept_operator,
    act.DepositETH: money.deposit_ether,
    act.DepositErc20: money.deposit_erc20,
    act.DepositErc721: money.deposit_erc721,
    act.WithdrawPending: money.withdraw,
    act.WithdrawPendingNft: money.withdraw_pending_nft,
    act.ExitDeposit: exits.exit_deposit,
    act.ExitTransfer: exits.exit_transfer,
    act.CancelExit: exits.cancel_exit,
    act.ChallengeAfter: exits.challenge_after,
    act.ChallengeBetween: exits.challenge_between,
    act.FinalizeExits: exits.claim,
    act.ChallengeBefore: history.challenge_before,
    act.ChallengeBeforeByDeposit: history.challenge_before_by_deposit,
    act.RespondChallengeBefore: history.respond_challenge_before,
    act.RefuteChallengeResponse: history.refute_challenge_response,
    act.VoidChallenge: history.void_challenge,
}


class ValueUnwanted(CoinError):
    """The call does not accept ether; the contract reverts without an error."""

    MEANING = "The call takes no ether"


def apply(state: CoinState, action: act.Action, env: Env) -> tuple[CoinState, list[Effect | Paid]]:
    """Return the state after a call and its effects; raise one of `errors` without changing the given state."""
    if env.value and not isinstance(action, _PAYABLE):
        raise ValueUnwanted()
    one = Call(state.copy(), env)
    if env.value:
        one.state.balance[0] = one.state.balance.get(0, 0) + env.value
    _ACTS[type(action)](one, action)
    return one.state, one.effects
