"""The root chain on a chain and its model side by side: each action goes to both, and all is compared after it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import astuple, fields, is_dataclass
from typing import Any

from eth_account import Account
from tests.support.environment import GAS, Surroundings
from tests.support.payments.machine_trails import Trails
from tests.support.payments.stage import WATCHER, Stage

from layer2.ethereum.accounts import dev_keys
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.plasma.payments.bindings.errors import RootError
from layer2.plasma.payments.chain.contract import Profile, RootChain
from layer2.plasma.payments.model import Config, Effect, Env, Paid, State, actions, apply
from layer2.plasma.payments.model.actions import Action
from layer2.plasma.payments.model.reserve import NEVER
from layer2.plasma.protocol.signing import digest
from layer2.plasma.protocol.transaction import Transaction
from layer2.primitives.addresses import address_bytes, to_address
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2.testing import deploy_mock

W = 1_001
"""Odd: half of it is rounded."""

CONFIG = Config(W, 3 * W, W // 2, 100, 120, 140, 90, 10)
PEOPLE = ("operator", "payer", "payee", "other", "closed", "thief", "watcher")
GIFT = 10**9
IN_TURN = 5
TRANSFERRED = keccak(b"Transfer(address,address,uint256)")


class World:
    """One root chain and token for all runs, each of which starts from the same block.

    `closed` is a key whose account refuses ether until it is opened (EIP-7702); the token refuses whom it is told to.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        signers = connection.signers(len(PEOPLE))
        self.address = dict(zip(PEOPLE, (address_bytes(one.address) for one in signers), strict=True))
        self.name = {address: name for name, address in self.address.items()}
        self.sender = {address_bytes(one.address): Sender(connection, one) for one in signers}
        keys = dev_keys(len(PEOPLE))
        self.key = {address: PrivateKey(key) for address, key in zip(self.address.values(), keys, strict=True)}
        operator = self.sender[self.address["operator"]]
        self.root = RootChain.deploy(operator, operator.address, Profile(*astuple(CONFIG)))
        self.contract = self.root.contract
        (struct,) = next(one for one in self.contract.abi if one.get("name") == "inFlight")["outputs"]
        self.flight_order = [one["name"] for one in struct["components"]]
        self.here = address_bytes(self.root.address)
        self.token = deploy_mock("BlacklistToken", sender=operator)
        self.bench = deploy_mock("PlasmaBench", sender=operator)
        self.root.register_token(operator, self.token.address)
        for sender in self.sender.values():
            self.token.transact(operator, "mint", sender.address, GIFT)
            self.token.transact(sender, "approve", self.root.address, 2**256 - 1)
        closed = self.sender[self.address["closed"]]
        door = deploy_mock("RejectOnceReceiver", sender=operator)
        row = {"chainId": connection.chain_id, "address": door.address, "nonce": connection.nonce(closed.address)}
        signed = Account.from_key(keys[PEOPLE.index("closed")]).sign_authorization(row)
        operator.send(operator.address, gas=200_000, authorizations=(signed,))
        self.door = Contract(connection, closed.address, door.abi)
        self.start = connection.snapshot()


class Counts:
    """Calls accepted and refused, by entry point, and stories of in-flight exits, over all runs."""

    def __init__(self) -> None:
        self.accepted: Counter[str] = Counter()
        self.refused: Counter[tuple[str, str]] = Counter()
        self.stories: Counter[str] = Counter()

    @property
    def turned_down(self) -> Counter[str]:
        total: Counter[str] = Counter()
        for (name, _), times in self.refused.items():
            total[name] += times
        return total

    def __str__(self) -> str:
        tried = self.accepted + self.turned_down
        rows = ", ".join(f"{name} {self.accepted[name]}/{times}" for name, times in sorted(tried.items()))
        errors = ", ".join(f"{name}.{error} {times}" for (name, error), times in sorted(self.refused.items()))
        return f"{self.accepted.total()} of {tried.total()} calls: {rows}; {errors}; {dict(self.stories)}"


class Twin(Surroundings, Stage):
    """One run on both. What `Stage` knows how to do is done to the model and to the contract."""

    def __init__(self, world: World, counts: Counts) -> None:
        Stage.__init__(self, world.root.domain, CONFIG, world.address["operator"])
        self.counts = counts
        self.state.tokens = 2
        self.state.balance = {0: 0, 1: 0}
        self.calls = 0
        self.agreed = True
        self.begin(world)
        self.told: dict[tuple[str, tuple[Any, ...]], tuple[Any, ...]] = {}
        self.turn = 0
        self.seen: set[bytes] = set()
        self.flights: set[bytes] = set()
        self.held: set[bytes] = set()
        self.asked: set[tuple[int, int]] = set()
        self.trails = Trails(counts.stories)

    # ------------------------------------------------------------------------------------------------ surroundings

    def sign(self, transaction: Transaction, owner: bytes) -> bytes:
        return self.world.key[owner].sign_compact(digest(transaction, self.state.domain))

    def _set_failing(self) -> None:
        refusing = {(one, 1) for one in self.blacklist}
        if not self.open:
            refusing.add((self.world.address["closed"], 0))
        self.failing = frozenset(refusing)

    # ------------------------------------------------------------------------------------------------- one call

    def do(self, action: Action, by: bytes, value: int = 0) -> list[Effect | Paid]:
        """Make the call on both; raises what both refuse it with; AssertionError where they differ."""
        # Who the stage takes for the watcher where nobody is named.
        by = self.world.address["watcher"] if by == WATCHER else by
        time = max(self.now + 1, self.next)
        self.next = 0
        self.calls += 1
        self.agreed = False
        self.world.connection.set_next_timestamp(time)
        if isinstance(action, actions.Deposit) and by in self.blacklist and action.token:
            action = actions.Deposit(action.token, action.amount, action.owner, 0)
        before, name = self.state, type(action).__name__
        env = Env(by, time, value, self.failing)
        try:
            after, effects = apply(before, action, env)
        except RootError as refused:
            self.counts.refused[name, type(refused).__name__] += 1
            self._require_refused(action, by, value, refused)
            self.agreed = True
            raise
        receipt = self._send(action, by, value)
        self.state, self.now = after, time
        self.counts.accepted[name] += 1
        self.note(action, by, value, effects)
        self.trails.follow(action, before, after)
        self._compare(action, by, value, effects, receipt)
        self.agreed = True
        return effects

    def _require_refused(self, action: Action, by: bytes, value: int, refused: RootError) -> None:
        name, args = in_abi(action)
        try:
            self.world.contract.call(name, *args, sender=to_address(by), value=value, block="pending")
        except ContractReverted as reverted:
            told = (reverted.name, [plain(one) for one in reverted.arguments.values()])
            expected = [plain(one) for one in refused.arguments.values()]
            if told[0] == "InsufficientTransfer":
                expected[0] = address_bytes(self.world.token.address)
            assert told == (type(refused).__name__, expected), f"{name}: contract {told}, model {refused}"
            return
        raise AssertionError(f"{name}: the contract accepts what the model refuses: {refused}")

    def _send(self, action: Action, by: bytes, value: int) -> Receipt:
        name, args = in_abi(action)
        try:
            return self.world.contract.transact(self.world.sender[by], name, *args, value=value, gas=GAS)
        except ContractReverted as reverted:
            raise AssertionError(f"{name}: the contract refuses what the model accepts: {reverted}") from reverted

    # ------------------------------------------------------------------------------------------------ comparing

    def _compare(
        self, action: Action, by: bytes, value: int, effects: list[Effect | Paid], receipt: Receipt
    ) -> None:  # fmt: skip
        world = self.world
        logged = [(one.name, tuple(plain(arg) for arg in one.args.values())) for one in world.contract.events(receipt)]
        assert logged == [(one.name, plain(one.fields)) for one in effects if isinstance(one, Effect)], f"{action}"
        self._compare_money(action, by, value, effects, receipt)
        self.compare_words(action)

    def _compare_money(
        self, action: Action, by: bytes, value: int, effects: list[Effect | Paid], receipt: Receipt
    ) -> None:  # fmt: skip
        world, here = self.world, self.world.here
        self.ether[by] -= value + receipt.gas_used * receipt.effective_gas_price
        self.ether[here] += value
        moved: list[tuple[bytes, bytes, int]] = []
        if isinstance(action, actions.Deposit) and action.token:
            moved.append((by, here, action.amount))
        for paid in effects:
            if not isinstance(paid, Paid) or paid.deferred:
                continue
            if paid.token:
                moved.append((here, paid.to, paid.amount))
            else:
                self.ether[here] -= paid.amount
                self.ether[paid.to] += paid.amount
        transfers = [
            (one.topics[1][12:], one.topics[2][12:], int.from_bytes(one.data, "big"))
            for one in receipt.logs
            if one.address == world.token.address and one.topics[0] == TRANSFERRED and one.topics[1] != one.topics[2]
        ]
        assert transfers == moved, f"{action}: the token moved otherwise"
        assert self.ether[here] == self.state.balance[0]
        real = {one: world.connection.balance(to_address(one)) for one in self.ether}
        assert real == self.ether, f"{action}: ether of {[one for one in real if real[one] != self.ether[one]]}"

    def compare_words(self, action: Action | None = None) -> None:
        """What the contract tells about its state is what the model has.

        After an action: all that changed, and in turn what should not have; without one: everything.
        """
        every = {(name, args): expected for name, args, expected in self._reads()}
        chosen = [one for one in every if every[one] != self.told.get(one)]
        rest = [one for one in every if one not in chosen]
        if action is not None and rest:
            self.turn = (self.turn + IN_TURN) % len(rest)
            rest = (rest * 2)[self.turn : self.turn + IN_TURN]
        reads = [(*one, every[one]) for one in (*chosen, *rest)]
        self.told = every
        calls = [self._encoded(name, *args) for name, args, _ in reads]
        answers = self.world.bench.call("many", self.world.root.address, calls)
        for (name, args, expected), answer in zip(reads, answers, strict=True):
            assert bytes(answer) == words(*expected), f"{action}: {name}{args} is not {expected} but {answer.hex()}"

    def _encoded(self, name: str, *args: Any) -> bytes:
        codec = self.world.contract._function(name, len(args))
        return codec.selector + words(*args)

    def _reads(self) -> list[tuple[str, tuple[Any, ...], tuple[Any, ...]]]:
        """Views, their arguments, and the words that they should answer."""
        state = self.state
        self.seen |= state.exits.keys()
        self.flights |= state.in_flight.keys()
        self.asked |= state.data.keys()
        reads: list[tuple[str, tuple[Any, ...], tuple[Any, ...]]] = [
            ("head", (), (state.operator, state.next_block, state.next_deposit, state.frozen)),
            ("pendingOperator", (), state.announced),
            ("passed", (), (state.reserve.passed,)),
        ]
        for token in (0, 1):
            reads.append(("tracked", (token,), state.reserve.tracked.get(token, (NEVER, 0))))
            reads.append(("reserveOf", (token,), (state.reserve.total.get(token, 0), state.held.get(token, 0))))
            for block in range(state.next_block):
                if block < 3 or (token, block) in state.reserve.under:
                    reads.append(("reservedUnder", (token, block), (state.reserve.under.get((token, block), 0),)))
        for owner in self.world.sender:
            for token in (0, 1):
                reads.append(("pendingWithdrawals", (owner, token), (state.pending.get((owner, token), 0),)))
        for output in sorted(self.seen):
            reads.append(("exits", (output,), astuple(state.exit(output))))
        self.held |= state.holds
        for output in sorted(self.held):
            reads.append(("isHeld", (output,), (output in state.holds,)))
        for flight in sorted(self.flights):
            reads.append(("inFlight", (flight,), flight_words(state, flight, self.world.flight_order)))
        for place in sorted(self.asked):
            reads.append(("dataChallenge", place, state.data.get(place, (0, 0))))
        return reads


def flight_words(state: State, number: bytes, order: list[str]) -> tuple[Any, ...]:
    """An in-flight exit in the order of the contract's struct."""
    one = state.flight(number)
    return tuple(getattr(one, re.sub("([A-Z])", r"_\1", name).lower()) for name in order)


def words(*values: Any) -> bytes:
    """Values of one word each as the ABI has them."""
    return b"".join(one.rjust(32, b"\0") if isinstance(one, bytes) else int(one).to_bytes(32, "big") for one in values)


def plain(value: Any) -> Any:
    """A value as both sides can be compared by: addresses as bytes, enums as numbers, lists as tuples."""
    if isinstance(value, str):
        return address_bytes(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if isinstance(value, (list, tuple)):
        return tuple(plain(one) for one in value)
    return int(value)


ADDRESSES = {("Deposit", "owner"), ("Withdraw", "to"), ("ProposeOperator", "next")}


def in_abi(action: Action) -> tuple[str, list[Any]]:
    """The entry point of an action and its arguments as the ABI takes them."""
    kind = type(action).__name__
    name = kind[0].lower() + kind[1:]
    args = [
        to_address(getattr(action, one.name)) if (kind, one.name) in ADDRESSES else nested(getattr(action, one.name))
        for one in fields(action)
    ]
    if isinstance(action, actions.Deposit):
        return (name, args[:3]) if action.token else ("depositETH", [args[2]])
    if isinstance(action, actions.StartExits) and len(action.outputs) == 1:
        return "startExit", [args[0][0]]
    return name, args


def nested(value: Any) -> Any:
    """Records as tuples, tuples as lists."""
    if isinstance(value, actions.Proof):
        return value.position, value.word, value.data, list(value.path)
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(nested(getattr(value, one.name)) for one in fields(value))
    return [nested(one) for one in value] if isinstance(value, tuple) else value
