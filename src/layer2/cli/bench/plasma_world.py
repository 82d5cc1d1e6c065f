"""A root chain with full blocks, for measuring: what is asked about lies in a block of 65,536 transactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from layer2.ethereum.connection import Connection
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer
from layer2.plasma.payments.chain.contract import Proof, RootChain, Spend
from layer2.plasma.protocol.blocks import BlockTree, Header
from layer2.plasma.protocol.params import MAX_TRANSACTIONS
from layer2.plasma.protocol.positions import encode_position
from layer2.plasma.protocol.signing import digest
from layer2.plasma.protocol.transaction import Deposit, Transaction
from layer2.primitives.addresses import address_bytes
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.hashing import keccak

__all__ = ["FullBlock", "PlasmaWorld"]


@dataclass(frozen=True, slots=True)
class FullBlock:
    """A block on the chain: the transactions asked about come first, the rest are leaves of nothing."""

    number: int
    header: Header
    tree: BlockTree
    transactions: tuple[Transaction, ...]

    def proof(self, index: int, output: int = 0) -> Proof:
        """Of an output of one of them."""
        at = encode_position(self.number, index, output)
        packed = self.transactions[index].packed
        word = self.header.time << 32 | self.header.count
        return Proof(at, word, packed, self.tree.proof(index))


class PlasmaWorld:
    """A root chain and the people around it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        operator, self.payer, self.payee, self.watcher = connection.signers(4)
        self.operator = Sender(connection, operator)
        self.root = RootChain.deploy(self.operator, operator.address)
        self._filler = [keccak(number.to_bytes(8, "big")) for number in range(MAX_TRANSACTIONS)]

    def sender(self, signer: Signer) -> Sender:
        """Sends for somebody."""
        return Sender(self.connection, signer)

    def deposit(self, owner: Signer, amount: int) -> tuple[Deposit, Receipt]:
        """Ether of somebody."""
        receipt = self.root.deposit(self.sender(owner), 0, amount, owner.address)
        args = self.root.contract.events(receipt, "Deposited")[0].args
        made = Deposit(args["id"], address_bytes(args["owner"]), args["token"], args["amount"], args["time"])
        return made, receipt

    def block(self, *transactions: Transaction) -> tuple[FullBlock, Receipt]:
        """A full block with these in front."""
        leaves = [one.leaf for one in transactions]
        tree = BlockTree.of_leaves([*leaves, *self._filler[len(leaves) :]], keccak(b""))
        number = self.root.head()[1]
        receipt = self.root.submit_block(self.operator, number, tree.root, tree.count)
        time = self.root.contract.events(receipt, "BlockSubmitted")[0].args["word"] >> 32
        return FullBlock(number, Header(tree.root, time, tree.count), tree, transactions), receipt

    def sign(self, transaction: Transaction, *owners: Signer) -> list[bytes]:
        """The signatures of the owners of its inputs."""
        signed = digest(transaction, self.root.domain)
        return [one.sign_digest(signed) for one in owners]

    def spend(self, transaction: Transaction, owner: Signer, proof: Proof | None = None) -> Spend:
        """That the owner of its one input has spent it; with a proof that it was included, or without."""
        shown = Proof.of_nothing(transaction.packed) if proof is None else proof
        return Spend(shown, to_compact(self.sign(transaction, owner)[0]))

    @staticmethod
    def ids(proofs: Sequence[Proof], transactions: Sequence[Transaction]) -> list[bytes]:
        """Of the outputs that these proofs show."""
        return [made.output_id(proof.position & 255) for proof, made in zip(proofs, transactions, strict=True)]
