"""Deposits, blocks, operator changes, data challenges."""

from __future__ import annotations

from layer2.plasma.payments.bindings.errors import (
    ChainFrozen,
    IncorrectValue,
    InsufficientTransfer,
    InvalidAmount,
    InvalidCount,
    InvalidProof,
    MissingOwner,
    NothingPending,
    PaymentFailed,
    TooEarly,
    UnauthorizedCaller,
    UnexpectedBlockNumber,
    UnexpectedDataStatus,
    UnknownToken,
)
from layer2.plasma.payments.model import actions as act
from layer2.plasma.payments.model.environment import Act, Paid
from layer2.plasma.payments.model.evidence import stands
from layer2.plasma.payments.model.state import FOREVER
from layer2.plasma.protocol.blocks import Header
from layer2.plasma.protocol.params import MAX_AMOUNT, MAX_TRANSACTIONS, MOST_ETHER
from layer2.plasma.protocol.transaction import Deposit
from layer2.primitives.addresses import address_bytes
from layer2.primitives.hashing import keccak


def register_token(one: Act, action: act.RegisterToken) -> None:
    """Assign the next token id; the contract verifies that the address is a token."""
    one.emit("TokenRegistered", one.state.tokens)
    one.state.tokens += 1


def deposit(one: Act, action: act.Deposit) -> None:
    """Receive and record a deposit."""
    state, token = one.state, action.token
    if not 0 <= token < state.tokens:
        raise UnknownToken(token)
    amount = one.env.value if token == 0 else action.amount
    arrived = amount if action.arrived is None or token == 0 else action.arrived
    if arrived != amount:
        # The model knows a token by its id, which stands in the place of its address.
        raise InsufficientTransfer(token.to_bytes(20, "big"), arrived, amount)
    if not 0 < amount <= MAX_AMOUNT or (token == 0 and state.balance[0] >= MOST_ETHER):
        raise InvalidAmount(amount)
    if not any(action.owner):
        raise MissingOwner()
    if state.frozen:
        raise ChainFrozen()
    record = Deposit(state.next_deposit, action.owner, token, amount, one.env.time)
    state.next_deposit += 1
    state.deposits[record.number] = record.hash
    if token:
        state.balance[token] = state.balance.get(token, 0) + amount
    one.emit("Deposited", record.owner, record.number, token, amount, record.time)


def submit_block(one: Act, action: act.SubmitBlock) -> None:
    """Record the next block of the operator."""
    state = one.state
    if one.env.sender != state.operator:
        raise UnauthorizedCaller(one.env.sender, state.operator)
    if state.frozen:
        raise ChainFrozen()
    if action.number != state.next_block:
        raise UnexpectedBlockNumber(action.number, state.next_block)
    if not 1 <= action.count <= MAX_TRANSACTIONS:
        raise InvalidCount(action.count)
    header = Header(action.root, one.env.time, action.count)
    state.blocks[action.number] = header.hash
    state.next_block += 1
    one.emit("BlockSubmitted", action.number, action.root, one.env.time << 32 | action.count)


def propose_operator(one: Act, action: act.ProposeOperator) -> None:
    """Announce the next operator, on behalf of the current one."""
    if one.env.sender != one.state.operator:
        raise UnauthorizedCaller(one.env.sender, one.state.operator)
    since = one.env.time + one.state.config.rotation_delay
    one.state.announced = (action.next, since)
    one.emit("OperatorProposed", action.next, since)


def accept_operator(one: Act, action: act.AcceptOperator) -> None:
    """Make the announced operator take over, after the delay."""
    following, since = one.state.announced
    if one.env.sender != following:
        raise UnauthorizedCaller(one.env.sender, following)
    if one.env.time < since:
        raise TooEarly(one.env.time, since)
    one.state.operator, one.state.announced = following, (bytes(20), 0)
    one.emit("OperatorChanged", following)


def challenge_data(one: Act, action: act.ChallengeData) -> None:
    """Open a data challenge for a transaction of a block."""
    state = one.state
    if state.frozen:
        raise ChainFrozen()
    withdraw_bond(one, state.config.data_bond)
    header = keccak(action.root + action.word.to_bytes(32, "big"))
    if state.blocks.get(action.number) != header or action.index >= action.word & 0xFFFFFFFF:
        raise InvalidProof(action.number)
    if (action.number, action.index) in state.data:
        raise UnexpectedDataStatus(action.number, action.index)
    until = one.env.time + state.config.data_delay
    state.data[action.number, action.index] = (one.env.sender, until)
    one.emit("DataChallenged", action.number, action.index, one.env.sender, until)


def show_data(one: Act, action: act.ShowData) -> None:
    """Answer a data challenge and pay its bond to the caller.

    Any caller may answer. The shown bytes need not be a valid transaction, which would prove the block invalid.
    """
    state = one.state
    key = (action.transaction.position >> 24, action.transaction.position >> 8 & 0xFFFF)
    if key not in state.data or state.data[key][1] == FOREVER:
        raise UnexpectedDataStatus(*key)
    stands(one, action.transaction)
    state.data[key] = (state.data[key][0], FOREVER)
    one.emit("DataShown", *key, action.transaction.data)
    one.pay_bond(one.env.sender, state.config.data_bond)


def freeze(one: Act, action: act.Freeze) -> None:
    """Freeze the chain after an unanswered data challenge: no more blocks and deposits."""
    state, key = one.state, (action.number, action.index)
    if key not in state.data or state.data[key][1] == FOREVER:
        raise UnexpectedDataStatus(*key)
    challenger, until = state.data[key]
    if one.env.time < until:
        raise TooEarly(one.env.time, until)
    state.frozen = True
    del state.data[key]
    one.emit("Frozen", *key)
    one.pay_bond(challenger, state.config.data_bond)


def withdraw(one: Act, action: act.WithdrawPending) -> None:
    """Pay the caller's deferred payment."""
    key = (one.env.sender, action.token)
    amount = one.state.pending.pop(key, 0)
    if not amount:
        raise NothingPending(*key)
    one.state.held[action.token] -= amount
    one.emit("PendingWithdrawn", one.env.sender, action.token, amount, action.to)
    itself = action.to == address_bytes(one.state.domain.verifying_contract)
    if not one.env.reaches(action.to, action.token) or (itself and not action.token):
        raise PaymentFailed(action.to, action.token)
    # Tokens sent to the contract itself remain there and benefit those who exit.
    if not itself:
        one.state.balance[action.token] -= amount
        one.effects.append(Paid(action.to, action.token, amount, False))


def track(one: Act, action: act.Track) -> None:
    """Track the sum of a short token registered under buckets from one on; stop tracking otherwise."""
    state, token = one.state, action.token
    if not 0 <= token < state.tokens:
        raise UnknownToken(token)
    if state.reserve.total.get(token, 0) <= max(0, state.covers(token)):
        state.reserve.tracked.pop(token, None)
        one.emit("Tracked", token, FOREVER)
        return
    state.reserve.track(token, action.bucket)
    one.emit("Tracked", token, action.bucket)


def withdraw_bond(one: Act, need: int) -> None:
    """Hold the bond; raise IncorrectValue unless it is exactly the value sent."""
    if one.env.value != need:
        raise IncorrectValue(one.env.value, need)
    one.hold(need)
