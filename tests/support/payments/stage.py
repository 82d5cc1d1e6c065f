"""A root chain in the model, its plasma chain, and hands that act on it: what the game's tests share.

Signatures are stand-ins of 64 bytes, so that a campaign is fast: what they are about and by whom.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from layer2.plasma.payments.bindings.errors import RootError
from layer2.plasma.payments.model import Config, Effect, Env, ExitStatus, Paid, State, actions, apply, in_flight_id
from layer2.plasma.payments.model.actions import Action, Item, Proof, Spend
from layer2.plasma.payments.model.in_flight import counted
from layer2.plasma.protocol.blocks import BlockTree
from layer2.plasma.protocol.positions import deposit_of, encode_position, is_deposit
from layer2.plasma.protocol.signing import digest, plasma_domain
from layer2.plasma.protocol.transaction import Deposit, Output, Transaction, decode_transaction, payment
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain

OPERATOR, PAYER, PAYEE, OTHER, THIEF, WATCHER = (bytes([number]) * 20 for number in range(1, 7))
NAMES = {OPERATOR: "operator", PAYER: "payer", PAYEE: "payee", OTHER: "other", THIEF: "thief", WATCHER: "watcher"}
DOMAIN = plasma_domain(31_337, "0x" + "ab" * 20)
W = 1_000
CONFIG = Config(exit_period=W, rotation_delay=3 * W, data_delay=W // 2)


def sign(transaction: Transaction, owner: bytes) -> bytes:
    return digest(transaction, DOMAIN) + owner + bytes(12)


def recover(message: bytes, signature: bytes) -> bytes:
    return signature[32:52] if len(signature) == 64 and signature[:32] == message else b""


def refused(error: type[RootError], *acts: Callable[[], object]) -> None:
    """Each of these is refused with this error."""
    for act in acts:
        with pytest.raises(error):
            act()


class Stage:
    """Keeps the state, the clock, the blocks, and count of the money that went in and out."""

    def __init__(self, domain: Domain = DOMAIN, config: Config = CONFIG, operator: bytes = OPERATOR) -> None:
        self.state = State(domain, config, operator)
        self.config = config
        self.now = 10_000
        self.failing: frozenset[bytes | tuple[bytes, int]] = frozenset()
        self.blocks: dict[int, tuple[BlockTree, list[Transaction], int]] = {}
        self.records: dict[int, Deposit] = {}
        # In-flight exits that were started, by id.
        self.games: dict[bytes, Transaction] = {}
        self.paid: Counter[tuple[bytes, int]] = Counter()
        self.sent: Counter[bytes] = Counter()
        self.deposited: Counter[int] = Counter()
        self.accepted: Counter[str] = Counter()
        # Outputs that were paid, by id, and how often; what they are.
        self.paid_outputs: Counter[bytes] = Counter()
        self.outputs: dict[bytes, Output] = {}

    def do(self, action: Action, by: bytes, value: int = 0) -> list[Effect | Paid]:
        env = Env(by, self.now, value, self.failing, recover)
        before = self.state.copy()
        try:
            self.state, effects = apply(self.state, action, env)
        except Exception:
            assert self.state == before
            raise
        self.note(action, by, value, effects)
        return effects

    def note(self, action: Action, by: bytes, value: int, effects: list[Effect | Paid]) -> None:
        """Keep count of a call that was accepted."""
        self.sent[by] += value
        self.accepted[type(action).__name__] += 1
        for effect in effects:
            if isinstance(effect, Effect) and effect.name == "ExitPaid":
                assert isinstance(effect.fields[0], bytes)
                self.paid_outputs[effect.fields[0]] += 1
            elif isinstance(effect, Effect) and effect.name == "InFlightExitStarted":
                number, _, packed, *_ = effect.fields
                assert isinstance(number, bytes)
                assert isinstance(packed, bytes)
                self.games[number] = decode_transaction(packed)
                self.know(self.games[number])
            elif isinstance(effect, Paid) and not effect.deferred:
                self.paid[effect.to, effect.token] += effect.amount

    def sign(self, transaction: Transaction, owner: bytes) -> bytes:
        """By the owner of an input."""
        return sign(transaction, owner)

    # -------------------------------------------------------------------------------------------- the plasma chain

    def deposit(self, owner: bytes, amount: int, token: int = 0) -> int:
        while self.state.tokens <= token:
            self.do(actions.RegisterToken(), OTHER)
        number = self.state.next_deposit
        self.do(actions.Deposit(token, amount, owner), owner, 0 if token else amount)
        if not token:
            self.sent[owner] -= amount
        self.records[number] = Deposit(number, owner, token, amount, self.now)
        self.deposited[token] += amount
        self.outputs[self.records[number].output_id] = self.records[number].output
        return self.records[number].position

    def block(self, *transactions: Transaction) -> list[int]:
        """Include transactions; the positions of their first outputs."""
        number = self.state.next_block
        tree = BlockTree([one.packed for one in transactions], keccak(b"signatures"))
        self.do(actions.SubmitBlock(number, tree.root, tree.count), self.state.operator)
        self.blocks[number] = (tree, list(transactions), self.now)
        for one in transactions:
            self.know(one)
        return [encode_position(number, index, 0) for index in range(len(transactions))]

    def know(self, transaction: Transaction) -> None:
        """Remember what its outputs are."""
        self.outputs.update({transaction.output_id(at): one for at, one in enumerate(transaction.outputs)})

    def principal(self) -> Counter[bytes]:
        """What every owner was paid for outputs, bonds aside."""
        result: Counter[bytes] = Counter()
        for output, times in self.paid_outputs.items():
            result[self.outputs[output].owner] += self.outputs[output].amount * times
        return result

    def pay(
        self, inputs: Sequence[int], *outputs: tuple[bytes, int], expiry: int = 1_000, token: int = 0
    ) -> Transaction:
        return payment(inputs, [(owner, token, amount) for owner, amount in outputs], expiry)

    def data(self, position: int) -> bytes:
        """What made an output."""
        if is_deposit(position):
            return self.records[deposit_of(position)].record
        return self.blocks[position >> 24][1][position >> 8 & 0xFFFF].packed

    def output(self, position: int) -> Output:
        if is_deposit(position):
            return self.records[deposit_of(position)].output
        return self.blocks[position >> 24][1][position >> 8 & 0xFFFF].outputs[position & 0xFF]

    def id(self, position: int) -> bytes:
        if is_deposit(position):
            return self.records[deposit_of(position)].output_id
        return self.blocks[position >> 24][1][position >> 8 & 0xFFFF].output_id(position & 0xFF)

    def proof(self, position: int) -> Proof:
        if is_deposit(position):
            return Proof(position, self.data(position))
        tree, found, time = self.blocks[position >> 24]
        index = position >> 8 & 0xFFFF
        return Proof(position, found[index].packed, time << 32 | tree.count, tree.proof(index))

    def spend(self, transaction: Transaction, position: int, at: int = 0, by: bytes | None = None) -> Spend:
        """That `transaction` spends `position`; `at`: where it was included, if that is shown."""
        proof = self.proof(at) if at else Proof(0, transaction.packed)
        owners = [self.output(one).owner if one != position or by is None else by for one in transaction.inputs]
        several = transaction.inputs if len(transaction.inputs) > 1 else ()
        signatures = b"".join(self.sign(transaction, owner) for owner in owners)
        return Spend(proof, signatures, tuple(self.proof(one) for one in several))

    # -------------------------------------------------------------------------------------------------- the games

    def exit(self, *positions: int, by: bytes | None = None, value: int | None = None) -> None:
        caller = self.output(positions[0]).owner if by is None else by
        bond = self.config.exit_bond * len(positions) if value is None else value
        self.do(actions.StartExits(tuple(self.proof(one) for one in positions)), caller, bond)

    def challenge(self, position: int, spender: Transaction, at: int = 0, by: bytes = WATCHER) -> None:
        self.do(actions.ChallengeExit(self.proof(position), self.spend(spender, position, at)), by)

    def claim(self, *positions: int, by: bytes = WATCHER, newer: Sequence[int] = ()) -> None:
        items = tuple(Item(one, self.data(one)) for one in positions)
        self.do(actions.ProcessExits(items, tuple(newer)), by)

    def sources(self, transaction: Transaction) -> tuple[bytes, ...]:
        """What made each input."""
        return tuple(self.data(one) for one in transaction.inputs)

    def ids(self, transaction: Transaction) -> tuple[bytes, ...]:
        return tuple(self.id(one) for one in transaction.inputs)

    def flight_id(self, transaction: Transaction) -> bytes:
        return in_flight_id(transaction.hash, self.ids(transaction))

    def start(self, transaction: Transaction, by: bytes, bits: int = 0, at: int = 0) -> None:
        self.know(transaction)
        proof = self.proof(at) if at else Proof(0, transaction.packed)
        signatures = b"".join(self.sign(transaction, self.output(one).owner) for one in transaction.inputs)
        inputs = tuple(self.proof(one) for one in transaction.inputs)
        value = self.config.in_flight_bond + bits.bit_count() * self.config.piggyback_bond
        self.do(actions.StartInFlightExit(proof, inputs, signatures, bits), by, value)

    def join(self, transaction: Transaction, bit: int, by: bytes) -> None:
        action = actions.Piggyback(transaction.packed, self.ids(transaction), bit, self.sources(transaction))
        self.do(action, by, self.config.piggyback_bond)

    def contest(
        self, transaction: Transaction, other: Transaction, position: int, at: int = 0, by: bytes = WATCHER
    ) -> None:
        index = transaction.inputs.index(position)
        spend = self.spend(other, position, at)
        action = actions.ChallengeNonCanonical(
            transaction.packed, self.ids(transaction), index, self.sources(transaction), spend
        )
        self.do(action, by)

    def answer(self, transaction: Transaction, at: int, by: bytes = WATCHER) -> None:
        self.do(actions.RespondNonCanonical(self.proof(at), self.ids(transaction), self.sources(transaction)), by)

    def hold(self, transaction: Transaction, by: bytes = WATCHER) -> None:
        self.do(actions.HoldInputs(transaction.packed, self.ids(transaction), self.sources(transaction)), by)

    def abandon(self, transaction: Transaction, by: bytes = WATCHER) -> None:
        self.do(actions.DeleteNonPiggybacked(transaction.packed, self.ids(transaction)), by)

    def stop_input(
        self, transaction: Transaction, other: Transaction, position: int, at: int = 0, by: bytes = WATCHER
    ) -> None:
        index = transaction.inputs.index(position)
        spend = self.spend(other, position, at)
        action = actions.ChallengeInputSpent(
            transaction.packed, self.ids(transaction), index, self.data(position), spend
        )
        self.do(action, by)

    def stop_output(self, transaction: Transaction, at: int, spender: Transaction) -> None:
        action = actions.ChallengeOutputSpent(self.proof(at), self.ids(transaction), self.spend(spender, at))
        self.do(action, WATCHER)

    def settle(self, transaction: Transaction, by: bytes = WATCHER, newer: Sequence[int] = ()) -> None:
        sources = self.sources(transaction)
        self.do(actions.ProcessInFlightExit(transaction.packed, self.ids(transaction), sources, tuple(newer)), by)

    # ------------------------------------------------------------------------------------------------- what holds

    def status(self, position: int) -> ExitStatus:
        return self.state.exit(self.id(position)).status

    def priority(self, position: int) -> int:
        """The block under which the exit of an output is registered."""
        return self.state.exit(self.id(position)).priority

    def bonds(self) -> int:
        """Bonds that stand: all that the open games hold."""
        state = self.state
        total = sum(one.status == ExitStatus.OPEN for one in state.exits.values()) * self.config.exit_bond
        for flight in state.in_flight.values():
            total += self.config.in_flight_bond if flight.status == 1 else 0
            total += flight.piggybacked.bit_count() * self.config.piggyback_bond
        total += sum(until != (1 << 40) - 1 for _, until in state.data.values()) * self.config.data_bond
        return total

    def check(self) -> None:
        """Nothing is made or lost: held is the bonds and debts, the balance what came less what went."""
        state = self.state
        owed: Counter[int] = Counter()
        for (_, token), amount in state.pending.items():
            owed[token] += amount
        for token in range(state.tokens):
            held = owed[token] + (0 if token else self.bonds())
            assert state.held.get(token, 0) == held
            came = self.deposited[token] + (0 if token else self.sent.total())
            went = sum(amount for (_, paid), amount in self.paid.items() if paid == token)
            assert state.balance.get(token, 0) == came - went
            assert came >= went
            assert state.covers(token) >= 0
        self.check_ledger()

    def check_ledger(self) -> None:
        """What is registered is the sum of distinct outputs that no game has paid: each once, whatever spends it."""
        state, ways, held = self.state, Counter[bytes](), Counter[bytes]()
        for output, one in state.exits.items():
            ways[output] += one.status == ExitStatus.OPEN
        for number, flight in state.in_flight.items():
            transaction = self.games[number]
            ids = [self.id(at) for at in transaction.inputs]
            counts = flight.piggybacked & counted(flight, len(ids))
            for at, output in enumerate(ids):
                held[output] += flight.held >> at & 1
                # An input is registered by its own exit, or by one game that holds it.
                ways[output] += counts >> at & 1
            for at in range(len(transaction.outputs)):
                # An output that has joined is held by the game that made it.
                held[transaction.output_id(at)] += flight.piggybacked >> 4 + at & 1
                ways[transaction.output_id(at)] += counts >> 4 + at & 1
        assert {output for output, times in held.items() if times} == state.holds
        assert max(ways.values(), default=0) <= 1
        assert max(held.values(), default=0) <= 1
        registered: Counter[int] = Counter()
        for output, times in ways.items():
            if times:
                assert state.exit(output).status not in (ExitStatus.PAID, ExitStatus.SPENT)
                registered[self.outputs[output].token] += self.outputs[output].amount
        assert registered == Counter({token: sum_ for token, sum_ in state.reserve.total.items() if sum_})
        for token, (bucket, sum_) in state.reserve.tracked.items():
            assert sum_ == state.reserve.sum_from(token, bucket)
