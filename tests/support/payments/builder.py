"""A root chain on the in-process chain, and the bytes that its games are played with: transactions, trees, signatures.

Written from the byte formats alone, independently of the library's own codec.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract, deploy
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.hashing import keccak

ETHER = 10**18
W = 10_000
ROTATION_DELAY = 500
DATA_DELAY = 300
EXIT_BOND, IN_FLIGHT_BOND, PIGGYBACK_BOND, DATA_BOND, BOUNTY = (n * 10**15 for n in (10, 30, 20, 5, 1))
NOWHERE = "0x" + "00" * 20
NEVER = 2**40 - 1
BIG = 65_536

OUTPUT_TYPE = b"Output(address owner,uint16 token,uint96 amount)"
PAYMENT_TYPE = b"Payment(uint8 kind,uint64[] inputs,Output[] outputs,uint40 expiry,bytes32 memo)" + OUTPUT_TYPE

Proof = tuple[int, int, bytes, list[bytes]]
Spend = tuple[Proof, bytes, list[Proof]]


def word(value: int | str) -> bytes:
    number = int(value, 16) if isinstance(value, str) else value
    return number.to_bytes(32, "big")


def address_of(who: Sender | str) -> str:
    return who if isinstance(who, str) else who.address


def position_of(block: int, index: int = 0, output: int = 0) -> int:
    return block << 24 | index << 8 | output


def deposit_position(number: int) -> int:
    return position_of(2**39 | number)


def packed(
    inputs: Sequence[int],
    outputs: Sequence[tuple[Sender | str, int, int]],
    expiry: int = 1000,
    memo: bytes = b"",
    kind: int | None = None,
) -> bytes:
    """A transaction as it is, right or wrong."""
    if kind is None:
        kind = 0x81 if memo else 1
    body = bytes([kind, len(inputs) << 4 | len(outputs)]) + expiry.to_bytes(5, "big")
    body += b"".join(one.to_bytes(8, "big") for one in inputs)
    for owner, token, amount in outputs:
        body += bytes.fromhex(address_of(owner)[2:]) + token.to_bytes(2, "big") + amount.to_bytes(12, "big")
    return body + memo


def tx_hash(data: bytes) -> bytes:
    return keccak(b"\x02" + data)


def output_id(data: bytes, index: int = 0) -> bytes:
    return keccak(tx_hash(data) + bytes([index]))


def deposit_id(number: int) -> bytes:
    return keccak(b"\x03" + number.to_bytes(8, "big"))


def struct_hash(data: bytes) -> bytes:
    """What is signed for a packed payment, field by field as EIP-712 has it."""
    ins, outs, expiry = data[1] >> 4, data[1] & 15, int.from_bytes(data[2:7], "big")
    at = 7 + 8 * ins
    inputs = b"".join(word(int.from_bytes(data[7 + 8 * i : 15 + 8 * i], "big")) for i in range(ins))
    outputs = b""
    for k in range(outs):
        one = data[at + 34 * k : at + 34 * k + 34]
        fields = bytes(12) + one[:20] + bytes(30) + one[20:22] + bytes(20) + one[22:]
        outputs += keccak(keccak(OUTPUT_TYPE) + fields)
    memo = data[at + 34 * outs :] or bytes(32)
    head = keccak(PAYMENT_TYPE) + word(data[0] & 0x7F) + keccak(inputs) + keccak(outputs)
    return keccak(head + word(expiry) + memo)


def node(left: bytes, right: bytes) -> bytes:
    return keccak(b"\x01" + left + right)


class Tree:
    """Over the leaves of a block; a full one of any size, its other leaves all alike, without the work.

    `signatures`: the hash of all of them, which stands on the right of the tree's own root.
    """

    def __init__(
        self, leaves: Sequence[bytes], count: int | None = None, signatures: bytes = keccak(b"signatures")
    ) -> None:
        self.count = count or len(leaves)
        filler = bytes(32) if count is None else keccak(b"\x00filler")
        self.depth = (self.count - 1).bit_length()
        level = dict(enumerate(leaves))
        self._levels = [level]
        self._fillers = [filler]
        for _ in range(self.depth):
            above = {}
            for index in {one >> 1 for one in level}:
                pair = (level.get(2 * index, filler), level.get(2 * index + 1, filler))
                above[index] = node(*pair)
            level, filler = above, node(filler, filler)
            self._levels.append(level)
            self._fillers.append(filler)
        self.signatures = signatures
        self.root = node(level[0], signatures)

    def path(self, index: int) -> list[bytes]:
        levels = zip(self._levels[: self.depth], self._fillers, strict=False)
        siblings = [level.get(index >> height ^ 1, filler) for height, (level, filler) in enumerate(levels)]
        return [*siblings, self.signatures]


@dataclass
class Block:
    number: int
    word: int
    tree: Tree
    transactions: list[bytes]

    def proof(self, index: int = 0, output: int = 0) -> Proof:
        position = position_of(self.number, index, output)
        return (position, self.word, self.transactions[index], self.tree.path(index))


@dataclass
class Deposit:
    number: int
    record: bytes

    @property
    def position(self) -> int:
        return deposit_position(self.number)

    @property
    def proof(self) -> Proof:
        return (self.position, 0, self.record, [])


def in_flight(data: bytes) -> Proof:
    return (0, 0, data, [])


def in_flight_id(data: bytes, ids: Sequence[bytes]) -> bytes:
    return keccak(tx_hash(data) + b"".join(ids))


class World:
    """A root chain with an operator, and everybody's moves."""

    def __init__(self, connection: Connection, **changes: Any) -> None:
        self.connection = connection
        people = [Sender(connection, signer) for signer in connection.signers(10)]
        self.deployer, self.operator, self.payer, self.payee, self.watcher, self.thief, self.successor = people[:7]
        config = {
            "operator": self.operator.address, "validity": NOWHERE, "permit2": NOWHERE, "exitPeriod": W,
            "rotationDelay": ROTATION_DELAY, "dataDelay": DATA_DELAY, "exitBond": EXIT_BOND,
            "inFlightBond": IN_FLIGHT_BOND, "piggybackBond": PIGGYBACK_BOND, "dataBond": DATA_BOND, "bounty": BOUNTY,
            **changes,
        }  # fmt: skip
        self.chain: Contract = deploy(self.deployer, load_artifact("RootChain"), tuple(config.values()))
        # What everybody has paid for gas, in wei.
        self.costs: Counter[str] = Counter()
        self.domain: bytes = self.chain.call("domainSeparator")

    # ------------------------------------------------------------------------------------------------------- Moves

    def send(self, who: Sender, name: str, *args: Any, value: int = 0) -> Receipt:
        receipt = self.chain.transact(who, name, *args, value=value)
        self.costs[who.address] += receipt.cost
        return receipt

    def deposit(self, owner: Sender | str, amount: int = ETHER, by: Sender | None = None) -> Deposit:
        receipt = self.send(by or self.deployer, "depositETH", address_of(owner), value=amount)
        return self.record_of(receipt)

    def record_of(self, receipt: Receipt) -> Deposit:
        (event,) = self.chain.events(receipt, "Deposited")
        args = event.args
        record = bytes.fromhex(args["owner"][2:]) + args["token"].to_bytes(2, "big")
        return Deposit(args["id"], record + args["amount"].to_bytes(12, "big") + args["time"].to_bytes(5, "big"))

    def block(self, *transactions: bytes, count: int | None = None) -> Block:
        number = self.chain.call("head")[1]
        tree = Tree([keccak(b"\x00" + one) for one in transactions], count)
        receipt = self.send(self.operator, "submitBlock", number, tree.root, tree.count)
        (event,) = self.chain.events(receipt, "BlockSubmitted")
        return Block(number, event.args["word"], tree, list(transactions))

    def sign(self, data: bytes, who: Sender, domain: bytes | None = None) -> bytes:
        """64 bytes, EIP-2098."""
        return to_compact(self.sign_long(data, who, domain))

    def sign_long(self, data: bytes, who: Sender, domain: bytes | None = None) -> bytes:
        """65 bytes."""
        return who.signer.sign_digest(keccak(b"\x19\x01" + (domain or self.domain) + struct_hash(data)))

    def spend(self, data: bytes, *owners: Sender, inputs: Sequence[Proof] = (), proof: Proof | None = None) -> Spend:
        """Signed by each owner; of several inputs with the proofs of what they spend."""
        return (proof or in_flight(data), b"".join(self.sign(data, one) for one in owners), list(inputs))

    def exit(self, who: Sender, proof: Proof) -> Receipt:
        return self.send(who, "startExit", proof, value=EXIT_BOND)

    def start(
        self, who: Sender, data: bytes, inputs: Sequence[Proof], owners: Sequence[Sender], bits: int = 0,
        proof: Proof | None = None,
    ) -> Receipt:  # fmt: skip
        value = IN_FLIGHT_BOND + bits.bit_count() * PIGGYBACK_BOND
        signatures = b"".join(self.sign(data, one) for one in owners)
        return self.send(who, "startInFlightExit", proof or in_flight(data), inputs, signatures, bits, value=value)

    # -------------------------------------------------------------------------------------------------------- Views

    @property
    def now(self) -> int:
        return self.connection.timestamp()

    def at(self, time: int) -> None:
        """The next transaction happens at this time."""
        self.connection.set_next_timestamp(time)

    def balance(self, who: Sender | str) -> int:
        return self.connection.balance(address_of(who))

    def exit_of(self, identity: bytes) -> Any:
        return self.chain.call("exits", identity)

    def in_flight_of(self, identity: bytes) -> Any:
        return self.chain.call("inFlight", identity)

    def ledger(self, token: int = 0) -> tuple[int, int]:
        reserved, held = self.chain.call("reserveOf", token)
        return reserved, held
