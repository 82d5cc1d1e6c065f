"""Block submission and operator succession."""

from __future__ import annotations

from layer2.plasma.coins.bindings.errors import TooEarly, UnexpectedBlockNumber
from layer2.plasma.coins.model import actions as act
from layer2.plasma.coins.model.call import Call
from layer2.plasma.coins.model.state import NOBODY
from layer2.plasma.coins.protocol.records import CoinHeader


def submit_block(one: Call, action: act.SubmitBlock) -> None:
    """Apply the submission of the next block by the operator."""
    state = one.state
    one.require_caller(state.operator)
    if action.number != state.next_block:
        raise UnexpectedBlockNumber(action.number, state.next_block)
    state.blocks[action.number] = CoinHeader(action.number, action.root, one.env.time).hash
    state.next_block += 1
    one.emit("BlockSubmitted", action.number, action.root, one.env.time)


def propose_operator(one: Call, action: act.ProposeOperator) -> None:
    """Apply the proposal of the next operator."""
    one.require_caller(one.state.operator)
    since = one.env.time + one.state.profile.rotation_delay
    one.state.named = (action.next, since)
    one.emit("OperatorProposed", action.next, since)


def accept_operator(one: Call, action: act.AcceptOperator) -> None:
    """Apply the takeover by the proposed operator after the delay."""
    following, since = one.state.named
    one.require_caller(following)
    if one.env.time < since:
        raise TooEarly(one.env.time, since)
    one.state.operator, one.state.named = following, (NOBODY, 0)
    one.emit("OperatorChanged", following)
