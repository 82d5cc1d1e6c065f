"""The hub on a chain and its model side by side: every action goes to both, and everything is compared after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any

from eth_abi.abi import decode, encode

from layer2.channels.bindings.errors import HubError
from layer2.channels.bindings.events import typed_event
from layer2.channels.contract.hub import HubContract, Profile
from layer2.channels.model import Action, Config, Env, HubState, Pulled, Transferred, apply
from layer2.channels.model import actions as act
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.messages import Session
from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import ZERO_ADDRESS, Address
from layer2.primitives.typed_data import TypedMessage
from layer2.testing import deploy_mock

MIN_DELAY, MAX_DELAY, MAX_LOCKS = 60, 5_000, 4_000
DELAY = 600
PEOPLE = ("payer", "payee", "attacker", "operator", "session", "tower")


class Chain:
    """One hub, token and condition for all runs; every run takes new channels."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.signers = dict(zip(PEOPLE, connection.signers(len(PEOPLE)), strict=True))
        self.senders = {name: Sender(connection, one) for name, one in self.signers.items()}
        self.parties = self.address("payer"), self.address("payee")
        operator = self.senders["operator"]
        self.hub = HubContract.deploy_contract(connection, operator, Profile(MIN_DELAY, MAX_DELAY, MAX_LOCKS))
        self.domain = HubContract(self.hub).domain
        self.token = deploy_mock("BlacklistToken", sender=operator)
        self.condition = deploy_mock("MockCondition", sender=operator)
        for name, sender in self.senders.items():
            self.token.transact(operator, "mint", self.address(name), 10**12)
            self.token.transact(sender, "approve", self.hub.address, 2**256 - 1)
        self.salt = self.words = 0

    def next_nonces(self) -> int:
        """The first of 256 deposit nonces that no run has used."""
        self.words += 1
        return self.words << 8

    def address(self, name: str) -> Address:
        return self.signers[name].address

    def key(self, token: Address = ZERO_ADDRESS, *, simplex: bool = False, lasts: int = 3_000) -> ChannelKey:
        """A new channel of payer and payee."""
        self.salt += 1
        until = self.connection.timestamp() + lasts
        return ChannelKey(self.address("payer"), self.address("payee"), token, DELAY, until, self.salt, simplex)

    def sign(self, who: str, message: TypedMessage) -> bytes:
        return self.signers[who].sign_typed(message, self.domain)

    def answer(self, target: Address, channel_id: bytes, terms: bytes, evidence: bytes) -> int | None:
        """What `MockCondition` answers, in Python."""
        if target != self.condition.address or terms[0] != 0:
            return None
        return int(decode(["uint256"], evidence)[0])


class Twin:
    """One run: the model, the channels of the run, and what was accepted."""

    def __init__(self, chain: Chain, counts: Twin.Counts) -> None:
        self.chain, self.counts = chain, counts
        self.now = chain.connection.timestamp() + 10
        self.state = HubState(Config(chain.domain, MIN_DELAY, MAX_DELAY, MAX_LOCKS))
        self.keys: list[ChannelKey] = []
        self.nonces = chain.next_nonces()
        self.calls = 0
        self.paid: Counter[Address] = Counter()
        self.blacklist: frozenset[Address] = frozenset()
        self.tokens = (ZERO_ADDRESS, chain.token.address)
        self._before = {token: self._held(token) for token in self.tokens}
        self._owed = {(who, token): self._owes(who, token) for who in chain.parties for token in self.tokens}

    class Counts:
        """Calls tried and accepted, by entry point, over all runs."""

        def __init__(self) -> None:
            self.tried: Counter[str] = Counter()
            self.taken: Counter[str] = Counter()
            self.refused: Counter[str] = Counter()
            """By the name of the error."""

        def __str__(self) -> str:
            rows = ", ".join(f"{name} {self.taken[name]}/{self.tried[name]}" for name in sorted(self.tried))
            errors = ", ".join(f"{name} {times}" for name, times in sorted(self.refused.items()))
            return f"{self.taken.total()} of {self.tried.total()} calls accepted: {rows}; {errors}"

    def open(self, *keys: ChannelKey) -> None:
        """Watch these channels too."""
        self.keys.extend(keys)

    def set_blacklisted(self, names: Iterable[str]) -> None:
        """From now on the token refuses exactly these accounts."""
        wanted = frozenset(self.chain.address(name) for name in names)
        for account in wanted ^ self.blacklist:
            self._tick()
            self.chain.token.transact(self.chain.senders["operator"], "setBlacklisted", account, account in wanted)
        self.blacklist = wanted

    def do(self, action: Action, by: str) -> bool:
        """Make the call on both; compare verdicts, events, words and money; whether it was accepted."""
        name = type(action).__name__
        name = name[0].lower() + name[1:]
        self._tick()
        self.counts.tried[name] += 1
        self.calls += 1
        before = self.state
        refused: HubError | None = None
        effects: tuple[Any, ...] = ()
        try:
            self.state, effects = apply(before, action, self._env(action, by))
        except HubError as error:
            refused = error
        verdict, logged = self._send(name, action, by)
        assert meaning(verdict) == meaning(refused), f"{name}: contract {verdict}, model {refused}"
        assert logged == tuple(one for one in effects if not isinstance(one, Transferred | Pulled))
        if verdict is not None:
            self.counts.refused[type(refused).__name__] += 1
            return False
        self.counts.taken[name] += 1
        for one in effects:
            if isinstance(one, Transferred):
                self.paid[one.to] += one.amount
        self._compare(before, action, by)
        return True

    def wait(self, until: int) -> None:
        """The next call happens at `until` at the earliest."""
        self.now = max(self.now, until - 1)

    def _tick(self) -> None:
        self.now += 1
        self.chain.connection.set_next_timestamp(self.now)

    def _env(self, action: Action, by: str) -> Env:
        token = token_of(action)
        caller = self.chain.address(by)
        failing = self.blacklist if token == self.chain.token.address else frozenset()

        def pull(_: Address, source: Address, amount: int) -> int:
            return 0 if source in self.blacklist else amount

        return Env(self.now, caller, failing=failing, pull=pull, condition=self.chain.answer)

    def _send(self, name: str, action: Action, by: str) -> tuple[HubError | None, tuple[Any, ...]]:
        row = {field.name: getattr(action, field.name) for field in fields(action)}
        value = row.pop("value", 0)
        try:
            receipt = self.chain.hub.transact(
                self.chain.senders[by], name, *map(in_abi, row.values()), value=value, gas=4_000_000
            )
        except ContractReverted as reverted:
            return HubError.from_revert(reverted.name, reverted.arguments), ()
        return None, tuple(typed_event(event.name, event.args) for event in self.chain.hub.events(receipt))

    def _compare(self, before: HubState, action: Action, by: str) -> None:
        named = {one.id for one in vars_of(action) if isinstance(one, ChannelKey)}
        named |= {action.channel_id} if isinstance(action, act.DepositETH) else set()
        if isinstance(action, act.RegisterSession):
            entry = (self.chain.address(by), session_hash(action))
            assert self.chain.hub.call("isRegistered", *entry)
            assert entry in self.state.sessions
        for owner in self.chain.parties if isinstance(action, act.DepositPulled) else ():
            used = sum(1 << nonce for account, nonce in self.state.deposit_nonces if account == owner)
            assert self.chain.hub.call("depositNonces", owner, self.nonces >> 8) == used >> self.nonces
        for key in self.keys:
            words = tuple(self.chain.hub.call("channel", key.id))
            assert words == self.state.channel(key.id).words(key.simplex), f"{action} differs in {key}"
            if key.id not in named and not isinstance(action, act.ClaimVouchers):
                assert self.state.channel(key.id) == before.channel(key.id), f"{action} touched {key}"
        token = token_of(action)
        inside = self._held(token) - self._before[token]
        assert inside == self.state.balances.get(token, 0) == self.state.liabilities(token)
        for who in self.chain.parties:
            assert self._owes(who, token) - self._owed[who, token] == self.state.owed.get((who, token), 0)

    def _held(self, token: Address) -> int:
        hub = self.chain.hub.address
        if token == ZERO_ADDRESS:
            return self.chain.connection.balance(hub)
        return int(self.chain.token.call("balanceOf", hub))

    def _owes(self, who: Address, token: Address) -> int:
        return int(self.chain.hub.call("pendingWithdrawals", who, token))


def vars_of(action: Action) -> list[Any]:
    """The action's fields."""
    return [getattr(action, field.name) for field in fields(action)]


def token_of(action: Action) -> Address:
    """The asset a call is about; ether where it does not say."""
    for one in vars_of(action):
        if isinstance(one, ChannelKey):
            return one.token
    return getattr(action, "token", ZERO_ADDRESS)


def session_hash(action: act.RegisterSession) -> bytes:
    """The struct hash under which a session is registered."""
    grant = (action.cap, action.valid_until, action.rights)
    return Session(action.channel_id, action.session_key, *grant).struct_hash()


def in_abi(value: Any) -> Any:
    """A field of an action as the ABI takes it."""
    if isinstance(value, ChannelKey):
        return value.as_tuple()
    if isinstance(value, act.Pull):
        types = ["uint256", "uint256", "bytes", "uint48", "bytes", "uint256"]
        consent = encode(types, [0, 0, b"", value.valid_until, value.deposit_signature, value.nonce])
        return int(value.source), value.side_b, value.amount, consent if value.source is act.Source.PERMIT else b""
    if is_dataclass(value):
        return tuple(in_abi(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, tuple):
        return [in_abi(one) for one in value]
    return value


def meaning(error: HubError | None) -> tuple[str, dict[str, Any]] | None:
    """An error without the clock: why a mined call failed is found out by a call, a second off."""
    if error is None:
        return None
    clock = ("timestamp", "latest")
    return type(error).__name__, {name: value for name, value in error.arguments.items() if name not in clock}
