"""Common parts of games on the coin chain's model: one coin, its blocks and calls, and the recipients of payouts."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, ClassVar

from layer2.plasma.coins.bindings.errors import CoinError
from layer2.plasma.coins.chain.exit_proofs import Call
from layer2.plasma.coins.model import CoinState, Env, Shown, actions, apply, evidence
from layer2.plasma.coins.model.actions import Action, Challenge
from layer2.plasma.coins.protocol.coin_history import Move
from layer2.plasma.coins.protocol.config import CoinProfile
from layer2.plasma.coins.protocol.records import CoinHeader, CoinRecord
from layer2.plasma.coins.protocol.sparse_merkle import presence_root
from layer2.plasma.coins.protocol.transfer import CoinTransaction, SignedCoin, coin_domain, coin_tree
from layer2.plasma.payments.model.environment import Effect
from layer2.primitives.addresses import address_bytes
from layer2.testing.search.payments.world import BEGUN, OPERATOR, Changes, Faults, put_back, recover

__all__ = ["CoinTable", "CoinWorld", "action_of", "later", "shown"]

DOMAIN = coin_domain(1, "0x" + "ab" * 20)
LAST = 99
"""Expiry of transfers, which is never reached in these games."""

Block = tuple[int, int]
"""Time of a block, and the block that its transfer spends."""


@dataclass(frozen=True)
class CoinWorld:
    """A state of the coin chain with its time.

    Attributes:
        key: Identity of the state for memoisation.
        blocks: Blocks of the adversary.
        bonds: Number of bonds of the adversary.
        `told`: Transfers that responses have shown to the honest owners.
        paid: Recipients of the coin's payouts.
    """

    key: tuple[Hashable, ...]
    state: CoinState = field(compare=False, hash=False, repr=False)
    time: int
    blocks: tuple[Block, ...] = ()
    bonds: int = 0
    told: tuple[Shown, ...] = ()
    paid: bytes = b""


def key_of(state: CoinState, time: int) -> tuple[Hashable, ...]:
    """Return the identity of a state, in which all past times are equal."""
    return (
        state.next_block,
        tuple(sorted(state.coins)),
        tuple(
            sorted(
                (place, replace(one, exitable_at=max(-1, one.exitable_at - time)).__repr__())
                for place, one in state.exits.items()
            )
        ),
        tuple(sorted((known, max(-1, until - time)) for known, until in state.challenges.items())),
        tuple(sorted(state.balance.items())),
    )


def later(world: CoinWorld) -> CoinWorld:
    """Advance time."""
    return replace(world, key=key_of(world.state, world.time + 1), time=world.time + 1)


def shown(move: Move) -> Shown:
    """Return a transfer in the model's format."""
    return _shown(move.as_tuple())


def _shown(given: tuple[Any, ...]) -> Shown:
    number, prev, owner, expiry, time, r, vs, siblings = given
    return Shown(number, prev, address_bytes(owner), expiry, time, r, vs, tuple(siblings))


def action_of(call: Call, record: CoinRecord) -> Action:
    """Return a call of the library in the model's format."""
    coin, number, *rest = call.args
    match call.name:
        case "challengeAfter":
            return actions.ChallengeAfter(coin, number, _shown(rest[0]))
        case "challengeBetween":
            return actions.ChallengeBetween(coin, number, _shown(rest[0]))
        case "challengeBefore":
            return actions.ChallengeBefore(coin, number, _shown(rest[0]))
        case "challengeBeforeByDeposit":
            return actions.ChallengeBeforeByDeposit(coin, number, record)
        case "respondChallengeBefore":
            challenger, earlier, owner = rest[0]
            doubt = Challenge(address_bytes(challenger), earlier, address_bytes(owner))
            return actions.RespondChallengeBefore(coin, number, doubt, _shown(rest[1]))
        case _:
            raise ValueError(call.name)


class CoinTable:
    """A coin of `value`, deposited by `owner`, and a chain model on which calls are made."""

    faults: ClassVar[Faults] = {}

    def __init__(self, control: str, profile: CoinProfile, owner: bytes, value: int) -> None:
        remembered: Changes = ((evidence, "presence_root", lru_cache(presence_root)),)
        self.changes = (*remembered, *self.faults.get(control, ()))
        self.profile = profile
        state = CoinState(DOMAIN, profile, OPERATOR)
        state.balance[0] = 0
        self.first = CoinWorld(key_of(state, BEGUN), state, BEGUN)
        self.must(actions.DepositETH(), owner, value)
        ((self.coin, self.record),) = self.first.state.coins.items()

    def within(self) -> AbstractContextManager[None]:
        """Return the context of a game, with its changes to the model."""
        return put_back(self.changes)

    def move(self, number: int, time: int, prev: int, owner: bytes, signer: bytes, expiry: int = LAST) -> Move:
        """Return a transfer to `owner` in its own block with any signer, valid or not."""
        one = CoinTransaction(self.coin, prev, owner, expiry)
        signature = one.digest(DOMAIN) + signer + bytes(12)
        tree = coin_tree([SignedCoin(one, signature)])
        header = CoinHeader(number, tree.root, time)
        return Move(header, one, signature, tree.proof(self.coin).siblings)

    def submit(self, move: Move) -> Action:
        """Return the call that submits a transfer's block."""
        return actions.SubmitBlock(move.number, move.header.root)

    def do(self, world: CoinWorld, action: Action, by: bytes, value: int = 0) -> CoinWorld | None:
        """Return the world after a call, or None if it is rejected."""
        try:
            state, effects = apply(world.state, action, Env(by, world.time, value, recover=recover))
        except CoinError:
            return None
        paid, told = world.paid, world.told
        for effect in effects:
            if isinstance(effect, Effect) and effect.name == "Claimed":
                assert isinstance(effect.fields[2], bytes)
                paid += effect.fields[2]
        if isinstance(action, actions.RespondChallengeBefore) and action.spend not in told:
            told = (*told, action.spend)
        return replace(world, key=key_of(state, world.time), state=state, paid=paid, told=told)

    def must(self, action: Action, by: bytes, value: int = 0) -> None:
        """Execute a call before the game begins; raise AssertionError if it is rejected."""
        after = self.do(self.first, action, by, value)
        if after is None:
            raise AssertionError(f"{action} was refused")
        self.first = CoinWorld(after.key, after.state, after.time)
