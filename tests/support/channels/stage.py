"""A model hub with its actors: acts at a time, by a caller, and checks after each act that no money was lost."""

from __future__ import annotations

from typing import Any

from tests.support.channels.strategies import ATTACKER, PAYEE, PAYER, SESSION, TOWER

from layer2.channels.model import Action, Config, Effect, Env, HubState, Pulled, Transferred, apply
from layer2.channels.model import actions as act
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.messages import hub_domain
from layer2.primitives.addresses import ZERO_ADDRESS, Address, to_address
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.typed_data import TypedMessage

DOMAIN = hub_domain(31337, "0x" + "11" * 20)
TOKEN = to_address("0x" + "cc" * 20)
NOW, OPEN_BEFORE, DELAY = 1_000_000, 1_050_000, 3_600
CONFIG = Config(DOMAIN, min_delay=60, max_delay=86_400, max_lock_duration=7_200)

SIGNERS: dict[Address, PrivateKey] = {key.address: key for key in (PAYER, PAYEE, SESSION, TOWER, ATTACKER)}
A, B, TOWER_ADDRESS, STRANGER = PAYER.address, PAYEE.address, TOWER.address, ATTACKER.address


def key(salt: int = 1, *, simplex: bool = False, token: Address = ZERO_ADDRESS, **changes: Any) -> ChannelKey:
    fields: dict[str, Any] = {"delay": DELAY, "open_before": OPEN_BEFORE, **changes}
    return ChannelKey(A, B, token, salt=salt, simplex=simplex, **fields)


DUPLEX, SIMPLEX = key(), key(simplex=True)


def sign(message: TypedMessage, signer: PrivateKey) -> bytes:
    return signer.sign(message.digest(DOMAIN))


class Stage:
    """A hub, the time, and what has come in and gone out so far."""

    def __init__(self) -> None:
        self.state = HubState(CONFIG)
        self.now = NOW
        self.failing: frozenset[Address] = frozenset()
        self.env: dict[str, Any] = {}
        self.paid: dict[Address, int] = {}
        self.taken = 0

    def do(self, action: Action, by: Address = A) -> tuple[Effect, ...]:
        env = Env(self.now, by, failing=self.failing, **self.env)
        self.state, effects = apply(self.state, action, env)
        for effect in effects:
            if isinstance(effect, Transferred):
                self.paid[effect.to] = self.paid.get(effect.to, 0) + effect.amount
            elif isinstance(effect, Pulled):
                self.taken += effect.amount
        for token in (ZERO_ADDRESS, TOKEN):
            assert self.state.liabilities(token) == self.state.balances.get(token, 0)
        assert sum(self.paid.values()) + sum(self.state.balances.values()) == self.taken
        return effects

    def fund(self, one: ChannelKey = DUPLEX, a: int = 100, b: int = 0) -> Stage:
        self.do(act.Deposit(one, a, b, value=a + b if one.token == ZERO_ADDRESS else 0))
        return self
