"""Deposits and withdrawals of deferred payouts."""

from __future__ import annotations

from layer2.plasma.coins.bindings.errors import (
    IncorrectValue,
    InsufficientTransfer,
    NothingPending,
    PaymentFailed,
    TokenNotReceived,
)
from layer2.plasma.coins.model import actions as act
from layer2.plasma.coins.model.call import Call
from layer2.plasma.coins.model.state import NOBODY, token_number
from layer2.plasma.coins.protocol.records import CoinRecord, Kind, coin_of
from layer2.plasma.payments.model.environment import Paid
from layer2.primitives.addresses import to_address

_MOST = (1 << 128) - 1


def deposit_ether(one: Call, action: act.DepositETH) -> None:
    """Create a coin of the ether sent."""
    if not one.env.value:
        raise IncorrectValue(0, 1)
    _make(one, Kind.ETHER, NOBODY, one.env.value)


def deposit_erc20(one: Call, action: act.DepositErc20) -> None:
    """Create a coin of ERC-20 tokens if the received amount equals the requested one."""
    if not action.amount:
        raise IncorrectValue(0, 1)
    if action.amount > _MOST:
        raise IncorrectValue(action.amount, _MOST)
    arrived = action.amount if action.arrived is None else action.arrived
    if arrived != action.amount:
        raise InsufficientTransfer(action.token, arrived, action.amount)
    # An ERC-721 contract accepts the amount 1 as the token number 1.
    if action.whole and arrived == 1:
        raise TokenNotReceived(action.token, 1)
    token = token_number(action.token)
    one.state.balance[token] = one.state.balance.get(token, 0) + arrived
    _make(one, Kind.ERC20, action.token, arrived)


def deposit_erc721(one: Call, action: act.DepositErc721) -> None:
    """Create a coin of an ERC-721 token of the caller."""
    place = (token_number(action.token), action.id)
    if not action.comes or place in one.state.vault:
        raise TokenNotReceived(action.token, action.id)
    one.state.vault.add(place)
    _make(one, Kind.ERC721, action.token, action.id)


def withdraw(one: Call, action: act.WithdrawPending) -> None:
    """Pay a deferred payout to an address that the caller names."""
    token = token_number(action.token)
    amount = one.state.owed.pop((one.env.sender, token), 0)
    if not amount:
        raise NothingPending(one.env.sender, action.token)
    itself = one.is_itself(action.to)
    if not one.env.reaches(action.to, token) or (itself and not token):
        raise PaymentFailed(action.to, action.token)
    # Tokens sent to the contract itself stay in it and are not owed to any account.
    if not itself:
        one.state.balance[token] -= amount
        one.effects.append(Paid(action.to, token, amount, False))


def withdraw_pending_nft(one: Call, action: act.WithdrawPendingNft) -> None:
    """Transfer a deferred ERC-721 token to an address that the caller names, without a callback to it."""
    place = (token_number(action.token), action.id)
    if one.state.owed_tokens.get(place, NOBODY) != one.env.sender:
        raise NothingPending(one.env.sender, action.token)
    del one.state.owed_tokens[place]
    if not any(action.to):
        raise PaymentFailed(action.to, action.token)
    if not one.is_itself(action.to):
        one.state.vault.remove(place)
        one.effects.append(Paid(action.to, place[0], action.id, False))


def _make(one: Call, kind: Kind, token: bytes, value: int) -> None:
    state = one.state
    state.count += 1
    coin, birth = coin_of(state.count), state.next_block
    owner = one.env.sender
    state.coins[coin] = CoinRecord(to_address(owner), kind, to_address(token), value, birth)
    one.emit("CoinDeposited", coin, owner, kind, token, value, birth)
