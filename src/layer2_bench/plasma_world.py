"""A root chain with full blocks of 65,536 transactions for measurements."""

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
    """A submitted block: the measured transactions come first, and the other leaves are filler."""

    number: int
    header: Header
    tree: BlockTree
    transactions: tuple[Transaction, ...]

    def proof(self, index: int, output: int = 0) -> Proof:
        """Return the inclusion proof of an output of a measured transaction."""
        at = encode_position(self.number, index, output)
        packed = self.transactions[index].packed
        word = self.header.time << 32 | self.header.count
        return Proof(at, word, packed, self.tree.proof(index))


class PlasmaWorld:
    """A root chain with its users."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        operator, self.payer, self.payee, self.watcher = connection.signers(4)
        self.operator = Sender(connection, operator)
        self.root = RootChain.deploy(self.operator, operator.address)
        self._filler = [keccak(number.to_bytes(8, "big")) for number in range(MAX_TRANSACTIONS)]

    def sender(self, signer: Signer) -> Sender:
        """Return a sender for a signer."""
        return Sender(self.connection, signer)

    def deposit(self, owner: Signer, amount: int) -> tuple[Deposit, Receipt]:
        """Deposit ether for an owner; return the deposit and its receipt."""
        receipt = self.root.deposit(self.sender(owner), 0, amount, owner.address)
        args = self.root.contract.events(receipt, "Deposited")[0].args
        made = Deposit(args["id"], address_bytes(args["owner"]), args["token"], args["amount"], args["time"])
        return made, receipt

    def block(self, *transactions: Transaction) -> tuple[FullBlock, Receipt]:
        """Submit a full block that begins with these transactions; return it and its receipt."""
        leaves = [one.leaf for one in transactions]
        tree = BlockTree.of_leaves([*leaves, *self._filler[len(leaves) :]], keccak(b""))
        number = self.root.head()[1]
        receipt = self.root.submit_block(self.operator, number, tree.root, tree.count)
        time = self.root.contract.events(receipt, "BlockSubmitted")[0].args["word"] >> 32
        return FullBlock(number, Header(tree.root, time, tree.count), tree, transactions), receipt

    def sign(self, transaction: Transaction, *owners: Signer) -> list[bytes]:
        """Return the signatures of a transaction's input owners."""
        signed = digest(transaction, self.root.domain)
        return [one.sign_digest(signed) for one in owners]

    def spend(self, transaction: Transaction, owner: Signer, proof: Proof | None = None) -> Spend:
        """Return the proof that the owner of a transaction's only input spent it; `proof` shows its inclusion."""
        shown = Proof.of_nothing(transaction.packed) if proof is None else proof
        return Spend(shown, to_compact(self.sign(transaction, owner)[0]))

    @staticmethod
    def ids(proofs: Sequence[Proof], transactions: Sequence[Transaction]) -> list[bytes]:
        """Return the ids of the outputs in these proofs."""
        return [made.output_id(proof.position & 255) for proof, made in zip(proofs, transactions, strict=True)]
