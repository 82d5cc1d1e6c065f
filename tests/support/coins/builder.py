"""Coin blocks, transfers and parties, written from the byte formats alone: a second reading of them beside the library.

Also the stage: a coin chain on a development chain, and people with keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract, deploy_with_receipt
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner
from layer2.primitives.addresses import ZERO_ADDRESS, Address, address_bytes
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain

ETHER = 10**18
EXIT_BOND = ETHER // 20
CHALLENGE_BOND = ETHER // 50
ANSWER_PAY = CHALLENGE_BOND // 4
JOINED = CHALLENGE_BOND - ANSWER_PAY
"""What of the bond of an answered challenge goes with the exit's."""
BOUNTY = ETHER // 500
PERIOD = 1_000
HALF = PERIOD // 2
ROTATION = 1_500
NEVER = 2**40 - 1
GOLDEN = 0x9E3779B97F4A7C15

ETHER_KIND, ERC20_KIND, ERC721_KIND = range(3)
SPENT, DOUBLE_SPENT, HISTORY_INVENTED = range(3)

TRANSFER_TYPE = keccak(b"Transfer(uint64 coin,uint40 prevBlock,address newOwner,uint40 expiry)")
EMPTY = bytes(32)
NOTHING_SHOWN: tuple[Any, ...] = (0, 0, ZERO_ADDRESS, 0, 0, EMPTY, EMPTY, [])


def coin_id(number: int) -> int:
    """The coin of the deposit `number`."""
    return number * GOLDEN % 2**64


@dataclass(frozen=True)
class Transfer:
    """One transfer of a coin."""

    coin: int
    prev_block: int
    new_owner: Address
    expiry: int = NEVER

    @property
    def packed(self) -> bytes:
        """Its 39 bytes."""
        head = b"\x01" + self.coin.to_bytes(8, "big") + self.prev_block.to_bytes(5, "big")
        return head + address_bytes(self.new_owner) + self.expiry.to_bytes(5, "big")

    def value(self, signature: bytes) -> bytes:
        """What a block holds of it and its signature of 64 bytes."""
        return keccak(b"\x02" + self.packed + signature)

    def digest(self, domain: Domain) -> bytes:
        """What its signer signs."""
        words = (self.coin, self.prev_block, int(self.new_owner, 16), self.expiry)
        return domain.digest(keccak(TRANSFER_TYPE + b"".join(word.to_bytes(32, "big") for word in words)))


def leaf(key: int, value: bytes) -> bytes:
    return keccak(b"\0" + key.to_bytes(8, "big") + value)


def node(left: bytes, right: bytes) -> bytes:
    return keccak(b"\1" + left + right)


class Tree:
    """A compact sparse tree by the definition: a subtree of one leaf is that leaf."""

    def __init__(self, values: dict[int, bytes]) -> None:
        self.values = dict(values)
        self._hashes: dict[tuple[int, int], bytes] = {}
        self.root = self._hash(sorted(values), 0, 0)

    def siblings(self, key: int) -> list[bytes]:
        """From the root down, to where the path of `key` ends."""
        path = []
        keys = sorted(self.values)
        for depth in range(64):
            if len(keys) < 2:
                break
            bit = 63 - depth
            path.append(self._hashes[depth + 1, (key >> bit) ^ 1])
            keys = [one for one in keys if one >> bit == key >> bit]
        return path

    def _hash(self, keys: list[int], depth: int, prefix: int) -> bytes:
        if not keys:
            result = EMPTY
        elif len(keys) == 1:
            result = leaf(keys[0], self.values[keys[0]])
        else:
            bit = 63 - depth
            left = [one for one in keys if not one >> bit & 1]
            right = [one for one in keys if one >> bit & 1]
            result = node(self._hash(left, depth + 1, prefix << 1), self._hash(right, depth + 1, prefix << 1 | 1))
        self._hashes[depth, prefix] = result
        return result


@dataclass(frozen=True)
class Block:
    """A submitted block."""

    number: int
    tree: Tree
    time: int

    def show(self, transfer: Transfer, signature: bytes) -> tuple[Any, ...]:
        """A transfer with its signature and branch, as the contract takes it."""
        fields = (self.number, transfer.prev_block, transfer.new_owner, transfer.expiry, self.time)
        return (*fields, signature[:32], signature[32:], self.tree.siblings(transfer.coin))


@dataclass(frozen=True)
class Coin:
    """A coin and the record of its deposit."""

    id: int
    record: tuple[Address, int, Address, int, int]


@dataclass(frozen=True)
class Step:
    """A transfer in a block, with the signature that the block holds, of 64 bytes."""

    transfer: Transfer
    block: Block
    signature: bytes

    @property
    def number(self) -> int:
        """Of its block."""
        return self.block.number

    @property
    def shown(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        return self.block.show(self.transfer, self.signature)


@dataclass(frozen=True)
class Player:
    """A person: a key, and its transaction sender."""

    key: PrivateKey
    sender: Sender

    @property
    def address(self) -> Address:
        """Where it is paid."""
        return self.key.address


class Stage:
    """A coin chain with its operator, and people who each have ether."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.operator = Sender(connection, connection.signers(1)[0])
        settings = (self.operator.address, PERIOD, ROTATION, EXIT_BOND, CHALLENGE_BOND, BOUNTY)
        self.chain, self.deployment = deploy_with_receipt(self.operator, load_artifact("CoinChain"), settings)
        self.domain = Domain("layer2 plasma coins", "1", connection.chain_id, self.chain.address)
        names = ("payer", "payee", "watcher", "thief")
        self.payer, self.payee, self.watcher, self.thief = (self.player(name) for name in names)

    def player(self, name: str) -> Player:
        """A person with 100 ether."""
        key = PrivateKey(keccak(b"coins " + name.encode()))
        self.operator.send(key.address, value=100 * ETHER)
        return Player(key, Sender(self.connection, LocalSigner(key)))

    # ------------------------------------------------------------------------------------------------- the chain

    def act(self, player: Player | Sender, name: str, *args: Any, value: int = 0, gas: int | None = None) -> Receipt:
        """Call the coin chain."""
        sender = player.sender if isinstance(player, Player) else player
        return self.chain.transact(sender, name, *args, value=value, gas=gas)

    def balance(self, player: Player) -> int:
        return self.connection.balance(player.address)

    def made(self, receipt: Receipt) -> Coin:
        """The coin of a deposit."""
        args = self.chain.events(receipt, "CoinDeposited")[0].args
        record = (args["owner"], args["kind"], args["token"], args["value"], args["birth"])
        return Coin(args["coin"], record)

    def deposit(self, player: Player, value: int = ETHER) -> Coin:
        """A coin of ether."""
        return self.made(self.act(player, "depositETH", value=value))

    def submit(self, *signed: tuple[Transfer, bytes], others: dict[int, bytes] | None = None) -> Block:
        """The next block, with these transfers, their signatures, and other keys."""
        tree = Tree({one.coin: one.value(signature) for one, signature in signed} | (others or {}))
        number = self.chain.call("head")[1]
        receipt = self.act(self.operator, "submitBlock", number, tree.root)
        return Block(number, tree, self.chain.events(receipt, "BlockSubmitted")[0].args["time"])

    def sign(self, player: Player, transfer: Transfer) -> bytes:
        return player.key.sign_compact(transfer.digest(self.domain))

    def include(self, transfer: Transfer, signature: bytes, others: dict[int, bytes] | None = None) -> Step:
        """A block that holds a transfer with this signature, right or wrong."""
        return Step(transfer, self.submit((transfer, signature), others=others), signature)

    def step(self, coin: Coin, owner: Player, to: Player | Address, after: int | Step = 0, expiry: int = NEVER) -> Step:
        """`owner` signs the coin over, and a block holds it."""
        target = to.address if isinstance(to, Player) else to
        transfer = Transfer(coin.id, after.number if isinstance(after, Step) else after, target, expiry)
        return self.include(transfer, self.sign(owner, transfer))

    def again(self, step: Step) -> Step:
        """The operator puts the same transfer in one more block."""
        return self.include(step.transfer, step.signature)

    # ------------------------------------------------------------------------------------------------------ exits

    def exit(self, player: Player | Sender, coin: Coin, prev: Step | None, last: Step) -> Receipt:
        """Start the exit of a transfer."""
        shown = prev.shown if prev else NOTHING_SHOWN
        return self.act(player, "exitTransfer", coin.id, coin.record, shown, last.shown, value=EXIT_BOND)

    def exit_deposit(self, player: Player, coin: Coin) -> Receipt:
        return self.act(player, "exitDeposit", coin.id, coin.record, value=EXIT_BOND)

    def spent(self, player: Player, coin: Coin, number: int, spend: Step) -> Receipt:
        return self.act(player, "challengeAfter", coin.id, number, spend.shown)

    def double_spent(self, player: Player, coin: Coin, number: int, other: Step) -> Receipt:
        return self.act(player, "challengeBetween", coin.id, number, other.shown)

    def history(self, player: Player, coin: Coin, number: int, earlier: Step | None) -> tuple[Address, int, Address]:
        """Challenge with an earlier transfer, or with the deposit; the challenge."""
        if earlier is None:
            self.act(player, "challengeBeforeByDeposit", coin.id, number, coin.record, value=CHALLENGE_BOND)
            return (player.address, 0, coin.record[0])
        self.act(player, "challengeBefore", coin.id, number, earlier.shown, value=CHALLENGE_BOND)
        return (player.address, earlier.number, earlier.transfer.new_owner)

    def answer(self, player: Player, coin: Coin, number: int, challenge: tuple[Any, ...], spend: Step) -> Receipt:
        return self.act(player, "respondChallengeBefore", coin.id, number, challenge, spend.shown)

    def claim(self, player: Player | Sender, *dues: tuple[Coin, int], gas: int = 3_000_000) -> Receipt:
        """Pay exits; with ample gas, so that a push is never starved."""
        return self.act(player, "finalizeExits", [(coin.id, number, coin.record) for coin, number in dues], gas=gas)

    def running(self, coin: Coin, number: int) -> bool:
        return bool(self.chain.call("exits", coin.id, number)[0] != ZERO_ADDRESS)

    def owed(self, account: Address, token: Contract | None = None) -> int:
        return int(self.chain.call("pendingWithdrawals", account, token.address if token else ZERO_ADDRESS))

    def pass_half(self) -> None:
        """To the second half of the period of an exit just started."""
        self.connection.advance(HALF)

    def pass_period(self) -> None:
        self.connection.advance(PERIOD)
