"""The coin chain on a chain and its model side by side: each action goes to both, and all is compared after it."""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple, fields, is_dataclass
from typing import Any

from eth_account import Account
from tests.support.environment import GAS, Surroundings
from tests.support.payments.lockstep import GIFT, IN_TURN, PEOPLE, TRANSFERRED, Counts, W, plain, words

from layer2.ethereum.accounts import dev_keys
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.plasma.coins.bindings.errors import CoinError
from layer2.plasma.coins.chain.contract import CoinChain, CoinProfile
from layer2.plasma.coins.model import Action, CoinState, Effect, Env, Paid, actions, apply, challenge_id
from layer2.plasma.coins.protocol.records import CoinRecord
from layer2.primitives.addresses import address_bytes, to_address
from layer2.primitives.ecdsa import PrivateKey
from layer2.testing import deploy_mock

PROFILE = CoinProfile(W, 2 * W, 100, 40, 10)
NFTS = range(1, 3 * len(PEOPLE) + 1)
ETHER = bytes(20)


class CoinWorld:
    """One coin chain and its tokens for all runs, each of which starts from the same block.

    `closed` is a key whose account refuses ether until it is opened (EIP-7702), and ERC-721 tokens for good; the
    ERC-20 token refuses whom it is told to.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        signers = connection.signers(len(PEOPLE))
        keys = dev_keys(len(PEOPLE))
        self.address = dict(zip(PEOPLE, (address_bytes(one.address) for one in signers), strict=True))
        self.sender = {address_bytes(one.address): Sender(connection, one) for one in signers}
        self.key = {one: PrivateKey(key) for one, key in zip(self.address.values(), keys, strict=True)}
        operator = self.sender[self.address["operator"]]
        self.chain = CoinChain.deploy(operator, operator.address, PROFILE)
        self.contract = self.chain.contract
        self.here = address_bytes(self.chain.address)
        self.token = deploy_mock("BlacklistToken", sender=operator)
        self.nft = deploy_mock("MockNft", sender=operator)
        self.bench = deploy_mock("PlasmaBench", sender=operator)
        self.erc20, self.erc721 = address_bytes(self.token.address), address_bytes(self.nft.address)
        self.nfts = {one: self.address[PEOPLE[one % len(PEOPLE)]] for one in NFTS}
        for one, owner in self.nfts.items():
            self.nft.transact(operator, "mint", to_address(owner), one)
        for sender in self.sender.values():
            self.token.transact(operator, "mint", sender.address, GIFT)
            self.token.transact(sender, "approve", self.chain.address, 2**256 - 1)
            self.nft.transact(sender, "setApprovalForAll", self.chain.address, True)
        closed = self.sender[self.address["closed"]]
        door = deploy_mock("RejectOnceReceiver", sender=operator)
        row = {"chainId": connection.chain_id, "address": door.address, "nonce": connection.nonce(closed.address)}
        signed = Account.from_key(keys[PEOPLE.index("closed")]).sign_authorization(row)
        operator.send(operator.address, gas=200_000, authorizations=(signed,))
        self.door = Contract(connection, closed.address, door.abi)
        self.start = connection.snapshot()


class CoinTwin(Surroundings):
    """One run on both; keeps the clock, what was paid, and which challenges are open."""

    def __init__(self, world: CoinWorld, counts: Counts) -> None:
        self.counts = counts
        self.state = CoinState(world.chain.domain, PROFILE, world.address["operator"])
        self.calls = 0
        self.agreed = True
        self.begin(world)
        self.holders = dict(world.nfts)
        self.paid: Counter[int] = Counter()
        self.records: dict[int, CoinRecord] = {}
        self.challenged: dict[bytes, tuple[int, int, int, actions.Challenge]] = {}
        self.told: dict[tuple[str, tuple[Any, ...]], tuple[Any, ...]] = {}
        self.turn = 0
        self.debts: set[tuple[int, int]] = set()

    # ------------------------------------------------------------------------------------------------ surroundings

    def _set_failing(self) -> None:
        closed, erc20 = self.world.address["closed"], int.from_bytes(self.world.erc20, "big")
        refusing = {(one, erc20) for one in self.blacklist} | {(closed, int.from_bytes(self.world.erc721, "big"))}
        self.failing = frozenset(refusing if self.open else refusing | {(closed, 0)})

    # ------------------------------------------------------------------------------------------------- one call

    def do(self, action: Action, by: bytes, value: int = 0) -> list[Effect | Paid]:
        """Make the call on both; raises what both refuse it with; AssertionError where they differ."""
        time = max(self.now + 1, self.next)
        self.next = 0
        self.calls += 1
        self.agreed = False
        self.world.connection.set_next_timestamp(time)
        action = self._as_it_goes(action, by)
        before, name = self.state.copy(), type(action).__name__
        try:
            after, effects = apply(self.state, action, Env(by, time, value, self.failing))
        except CoinError as refused:
            assert self.state == before
            self.counts.refused[name, type(refused).__name__] += 1
            self._require_refused(action, by, value, refused)
            self.agreed = True
            raise
        assert self.state == before
        receipt = self._send(action, by, value)
        self.state, self.now = after, time
        self.counts.accepted[name] += 1
        self._compare(action, by, value, effects, receipt)
        self._note(effects)
        self.agreed = True
        return effects

    def _as_it_goes(self, action: Action, by: bytes) -> Action:
        """What the tokens make of a deposit."""
        if isinstance(action, actions.DepositErc20) and action.token == self.world.erc721:
            comes = int(self.holders.get(action.amount) == by)
            return actions.DepositErc20(action.token, action.amount, comes, whole=True)
        if isinstance(action, actions.DepositErc20) and by in self.blacklist:
            return actions.DepositErc20(action.token, action.amount, 0)
        if isinstance(action, actions.DepositErc721):
            return actions.DepositErc721(action.token, action.id, self.holders[action.id] == by)
        return action

    def _require_refused(self, action: Action, by: bytes, value: int, refused: CoinError) -> None:
        name, args = in_abi(action)
        try:
            self.world.contract.call(name, *args, sender=to_address(by), value=value, block="pending")
        except ContractReverted as reverted:
            told = (reverted.name, [plain(one) for one in reverted.arguments.values()])
            expected = [plain(one) for one in refused.arguments.values()]
            assert told == (type(refused).__name__, expected), f"{name}: contract {told}, model {refused}"
            return
        raise AssertionError(f"{name}: the contract accepts what the model refuses: {refused}")

    def _send(self, action: Action, by: bytes, value: int) -> Receipt:
        name, args = in_abi(action)
        try:
            return self.world.contract.transact(self.world.sender[by], name, *args, value=value, gas=GAS)
        except ContractReverted as reverted:
            raise AssertionError(f"{name}: the contract refuses what the model accepts: {reverted}") from reverted

    def _note(self, effects: list[Effect | Paid]) -> None:
        for one in effects:
            if isinstance(one, Paid):
                continue
            row: tuple[Any, ...] = one.fields
            if one.name == "CoinDeposited":
                self.records[row[0]] = self.state.coins[row[0]]
            elif one.name == "Claimed":
                self.paid[row[0]] += 1
                assert self.paid[row[0]] == 1, f"coin {row[0]} was paid twice"
            elif one.name == "ChallengedBefore":
                challenge = actions.Challenge(*row[2])
                place = (row[0], row[1], row[3], challenge)
                self.challenged[challenge_id(*place)] = place
                left = self.state.exit(row[0], row[1]).exitable_at - self.now
                self.counts.stories["late challenge" if left < W // 2 else "challenge"] += 1
            elif one.name == "ChallengeBeforeResponded":
                self.counts.stories["answer"] += 1

    # ------------------------------------------------------------------------------------------------ comparing

    def _compare(
        self, action: Action, by: bytes, value: int, effects: list[Effect | Paid], receipt: Receipt
    ) -> None:  # fmt: skip
        logged = [
            (one.name, tuple(plain(arg) for arg in one.args.values())) for one in self.world.contract.events(receipt)
        ]
        assert logged == [(one.name, plain(one.fields)) for one in effects if isinstance(one, Effect)], f"{action}"
        self._compare_money(action, by, value, effects, receipt)
        self.compare_words(action)

    def _compare_money(
        self, action: Action, by: bytes, value: int, effects: list[Effect | Paid], receipt: Receipt
    ) -> None:  # fmt: skip
        world, here = self.world, self.world.here
        self.ether[by] -= value + receipt.gas_used * receipt.effective_gas_price
        self.ether[here] += value
        moved: list[tuple[bytes, bytes, bytes, int]] = []
        if isinstance(action, actions.DepositErc20):
            moved.append((world.erc20, by, here, action.amount))
        elif isinstance(action, actions.DepositErc721):
            moved.append((world.erc721, by, here, action.id))
        for paid in effects:
            if not isinstance(paid, Paid) or paid.deferred:
                continue
            if paid.token:
                moved.append((paid.token.to_bytes(20, "big"), here, paid.to, paid.amount))
            else:
                self.ether[here] -= paid.amount
                self.ether[paid.to] += paid.amount
        for token, _, to, number in moved:
            if token == world.erc721:
                self.holders[number] = to
        transfers = [
            (address_bytes(one.address), one.topics[1][12:], one.topics[2][12:], _amount(one))
            for one in receipt.logs
            if one.topics[0] == TRANSFERRED and one.topics[1] != one.topics[2]
        ]
        assert transfers == moved, f"{action}: tokens moved otherwise"
        real = {one: world.connection.balance(to_address(one)) for one in self.ether}
        assert real == self.ether, f"{action}: ether of {[one for one in real if real[one] != self.ether[one]]}"
        self.conserved()

    def conserved(self) -> None:
        """What the contract has is what it owes: coins, bonds and what could not be pushed, to the wei."""
        state, token = self.state, int.from_bytes(self.world.erc20, "big")
        nft = int.from_bytes(self.world.erc721, "big")
        assert state.balance.get(0, 0) == self.ether[self.world.here] == state.due(0)
        assert state.balance.get(token, 0) >= state.due(token)
        assert state.vault >= state.due_tokens()
        assert {(nft, one) for one, holder in self.holders.items() if holder == self.world.here} == state.vault

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
        contract = self.world.contract
        calls = [contract._function(name, len(args)).selector + words(*args) for name, args, _ in reads]
        answers = self.world.bench.call("many", self.world.chain.address, calls)
        for (name, args, expected), answer in zip(reads, answers, strict=True):
            assert bytes(answer) == words(*expected), f"{action}: {name}{args} is not {expected} but {answer.hex()}"

    def _reads(self) -> list[tuple[str, tuple[Any, ...], tuple[Any, ...]]]:
        """Views, their arguments, and the words that they should answer."""
        state = self.state
        self.debts |= set(state.owed_tokens)
        reads: list[tuple[str, tuple[Any, ...], tuple[Any, ...]]] = [
            ("head", (), (state.operator, state.next_block, state.count)),
            ("pendingOperator", (), state.named),
            ("blocks", (state.next_block,), (bytes(32),)),
        ]
        for owner in self.world.sender:
            for token in (ETHER, self.world.erc20):
                owed = state.owed.get((owner, int.from_bytes(token, "big")), 0)
                reads.append(("pendingWithdrawals", (owner, token), (owed,)))
        reads += [("pendingNft", place, (state.owed_tokens.get(place, ETHER),)) for place in sorted(self.debts)]
        reads += [("blocks", (number,), (header,)) for number, header in state.blocks.items()]
        for coin in self.records:
            record = state.coins.get(coin)
            reads.append(("coins", (coin,), (record.hash if record else bytes(32),)))
        reads += [("exits", place, astuple(one)) for place, one in state.exits.items()]
        reads += [("challenges", (one,), (state.challenges.get(one, 0),)) for one in self.challenged]
        return reads


def _amount(log: Any) -> int:
    """Of an ERC-20 token, or the number of an ERC-721 one."""
    return int.from_bytes(log.topics[3] if len(log.topics) > 3 else log.data, "big")


def in_abi(action: Action) -> tuple[str, list[Any]]:
    """The entry point of an action and its arguments as the ABI takes them."""
    kind = type(action).__name__
    args = [nested(getattr(action, one.name)) for one in fields(action)]
    if isinstance(action, (actions.DepositErc20, actions.DepositErc721)):
        del args[2:]
    return kind[0].lower() + kind[1:], args


def nested(value: Any) -> Any:
    """Records as tuples, tuples as lists, 20 bytes as an address."""
    if isinstance(value, bytes):
        return to_address(value) if len(value) == 20 else value
    if isinstance(value, CoinRecord):
        return value.as_tuple()
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(nested(getattr(value, one.name)) for one in fields(value))
    return [nested(one) for one in value] if isinstance(value, tuple) else value
