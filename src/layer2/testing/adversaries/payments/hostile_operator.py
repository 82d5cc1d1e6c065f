"""A hostile operator of a plasma chain, which submits real but invalid blocks to the real contract.

Each method is one fraud. Its outputs can be exited with `proof`, as a thief would; its block data is served (`body`)
unless it is withheld.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer
from layer2.plasma.payments.chain.contract import Proof, RootChain
from layer2.plasma.payments.chain.exit_proofs import Kit, OutputExitProof
from layer2.plasma.protocol.blocks import BlockTree, Header
from layer2.plasma.protocol.packed import join_body
from layer2.plasma.protocol.positions import deposit_position, encode_position
from layer2.plasma.protocol.signing import Signed, digest
from layer2.plasma.protocol.transaction import Transaction, fee_transaction, payment
from layer2.primitives.ecdsa import to_compact

__all__ = ["HostileOperator", "Lie", "pay", "record_of"]

LIFETIME = 100
"""Number of blocks in which payments made here may be included."""

_NOWHERE = 0xFFFF


@dataclass(frozen=True, slots=True)
class Lie:
    """A block of the hostile operator: its header on chain, its content, and the fraud's profit.

    `loot` lists the positions of outputs that were invented or already spent.
    """

    name: str
    number: int
    header: Header
    transactions: tuple[Transaction, ...]
    loot: tuple[int, ...] = ()


def record_of(one: Signed) -> bytes:
    """Return a transaction with its signatures as encoded in block data."""
    return one.transaction.packed + b"".join(one.signatures)


def pay(
    root_chain: RootChain,
    inputs: Iterable[tuple[Signer, int]],
    outputs: Iterable[tuple[object, int, int]],
    expiry: int,
    memo: bytes = b"",
) -> Signed:
    """Return a payment of (owner, token, amount), signed by the alleged owners of the positions it spends."""
    owners = sorted(inputs, key=lambda one: one[1])
    transaction = payment([position for _, position in owners], outputs, expiry, memo)
    message = digest(transaction, root_chain.domain)
    return Signed(transaction, tuple(to_compact(signer.sign_digest(message)) for signer, _ in owners))


class HostileOperator:
    """An operator's key without any rules.

    Args:
        operator: Sender with the operator's key.
        thief: Beneficiary of the frauds, whose key signs where a signature is needed.
    """

    def __init__(self, root_chain: RootChain, operator: Sender, thief: Sender) -> None:
        self.root_chain = root_chain
        self.operator = operator
        self.thief = thief
        self.lies: dict[int, Lie] = {}
        self.withheld: set[int] = set()
        self.censored: list[Signed] = []
        self._bodies: dict[int, bytes] = {}
        self._trees: dict[int, BlockTree] = {}

    def __repr__(self) -> str:
        return f"<HostileOperator blocks={len(self.lies)} withheld={len(self.withheld)}>"

    @property
    def following(self) -> int:
        """Number of the next block."""
        return self.root_chain.head()[1]

    # ------------------------------------------------------------------------------------------------- a body source

    def body(self, number: int) -> bytes | None:
        """Return the data of a block, or None if it is withheld."""
        return None if number in self.withheld else self._bodies.get(number)

    def shown(self, number: int) -> bytes:
        """Return the data of an own block, withheld or not."""
        return self._bodies[number]

    def tree(self, number: int) -> BlockTree:
        """Return the tree of an own block, withheld or not."""
        return self._trees[number]

    def reveal(self, *numbers: int) -> None:
        """Serve the withheld data of these blocks, or of all."""
        self.withheld -= set(numbers or self.withheld)

    # ------------------------------------------------------------------------------------------------- honest and not

    def block(
        self, batch: Sequence[Signed | bytes], *, name: str = "honest", withhold: bool = False, loot: Sequence[int] = ()
    ) -> Lie:
        """Submit a block of signed transactions or records as bytes; `loot` is as in `Lie`."""
        number = self.following
        records = [one if isinstance(one, bytes) else record_of(one) for one in batch]
        tree = BlockTree.of_records(records)
        receipt = self.root_chain.submit_block(self.operator, number, tree.root, tree.count)
        (event,) = self.root_chain.contract.events(receipt, "BlockSubmitted")
        header = Header(tree.root, event.args["word"] >> 32, tree.count)
        transactions = tuple(one.transaction for one in batch if not isinstance(one, bytes))
        lie = Lie(name, number, header, transactions, tuple(loot))
        self.lies[number], self._bodies[number], self._trees[number] = lie, join_body(records), tree
        if withhold:
            self.withheld.add(number)
        return lie

    def censor(self, one: Signed) -> None:
        """Accept a payment and never include it."""
        self.censored.append(one)

    def invalid_mint(
        self, amount: int, *, token: int = 0, withhold: bool = False, beside: Sequence[Signed] = ()
    ) -> Lie:
        """Mint money for the thief from an input that never existed."""
        number = self.following
        nowhere = encode_position(max(1, number - 1), _NOWHERE, 3)
        mint = self._thiefs([nowhere], [(self.thief.address, token, amount)])
        at = encode_position(number, len(beside), 0)
        return self.block([*beside, mint], name="invalid mint", withhold=withhold, loot=[at])

    def oversized_fee(self, amount: int, *, token: int = 0, beside: Sequence[Signed] = ()) -> Lie:
        """Take more fees than the payments left."""
        number = self.following
        fee = Signed(fee_transaction(number, [(self.thief.address, token, amount)]), ())
        return self.block([*beside, fee], name="oversized fee", loot=[encode_position(number, len(beside), 0)])

    def double_spend(self, position: int, amount: int, *, token: int = 0, across: bool = False) -> Lie:
        """Spend the thief's output twice, in one block or in two; the second spend is the loot."""
        first = self._thiefs([position], [(self.thief.address, token, amount)])
        second = self._thiefs([position], [(self.thief.address, token, amount)], memo=b"\x01" * 32)
        if across:
            self.block([first], name="double spend, first half")
            return self.block([second], name="double spend", loot=[encode_position(self.following, 0, 0)])
        return self.block([first, second], name="double spend", loot=[encode_position(self.following, 1, 0)])

    def deposit_minted(self, amount: int, *, token: int = 0) -> Lie:
        """Spend a deposit that was never made."""
        missing = deposit_position(self.root_chain.head()[2])
        mint = self._thiefs([missing], [(self.thief.address, token, amount)])
        return self.block([mint], name="deposit minted", loot=[encode_position(self.following, 0, 0)])

    def deposit_minted_twice(self, deposit: int, amount: int, *, token: int = 0) -> Lie:
        """Spend the thief's deposit again after a block has spent it."""
        return self.double_spend(deposit_position(deposit), amount, token=token, across=True)

    def exited_spent(self, position: int, amount: int, *, token: int = 0) -> Lie:
        """Spend an output that the contract has paid out to the thief."""
        again = self._thiefs([position], [(self.thief.address, token, amount)])
        return self.block([again], name="exited output spent", loot=[encode_position(self.following, 0, 0)])

    def reordered(self, position: int, amount: int, *, token: int = 0) -> Lie:
        """Spend an output that only the next block creates, so that newer money has an older position."""
        number = self.following
        child = self._thiefs([encode_position(number + 1, 0, 0)], [(self.thief.address, token, amount)])
        lie = self.block([child], name="reordered", loot=[encode_position(number, 0, 0)])
        self.block([self._thiefs([position], [(self.thief.address, token, amount)])], name="reordered, second half")
        return lie

    def unsigned_spend(self, position: int, amount: int, *, token: int = 0) -> Lie:
        """Spend another owner's output with the thief's signature."""
        theft = self._thiefs([position], [(self.thief.address, token, amount)])
        return self.block([theft], name="unsigned spend", loot=[encode_position(self.following, 0, 0)])

    def malformed(self, amount: int) -> Lie:
        """Include a malformed leaf: its output has the zero address as owner."""
        good = self._thiefs([encode_position(1, _NOWHERE, 0)], [(self.thief.address, 0, amount)])
        record = bytearray(record_of(good))
        record[15:35] = bytes(20)
        return self.block([bytes(record)], name="malformed")

    def withheld_mint(self, amount: int, *, token: int = 0) -> Lie:
        """Mint money in a withheld block."""
        return self.invalid_mint(amount, token=token, withhold=True)

    def after_withheld(self, amount: int, *, beside: Sequence[Signed] = ()) -> tuple[Lie, Lie]:
        """Mint money in a withheld block, and pay it on in a visible one."""
        hidden = self.withheld_mint(amount)
        passed_on = self._thiefs([hidden.loot[0]], [(self.thief.address, 0, amount)])
        at = encode_position(self.following, len(beside), 0)
        return hidden, self.block([*beside, passed_on], name="after withheld", loot=[at])

    # ------------------------------------------------------------------------------------------------------- taking

    def kit(self, position: int) -> OutputExitProof:
        """Return the exit data of an output of any block, withheld or not."""
        number, index = position >> 24, position >> 8 & 0xFFFF
        lie = self.lies[number]
        return OutputExitProof(position, lie.transactions[index], lie.header, self._trees[number].proof(index))

    def proof(self, position: int) -> Proof:
        """Return the exit proof of an output of any block in the contract's format."""
        return self.kit(position).proof

    def steal(self, *kits: Kit | int) -> Receipt:
        """Start the thief's exits of outputs, by position or exit data."""
        found = [self.kit(one) if isinstance(one, int) else one for one in kits]
        return self.root_chain.start_exits(self.thief, [one.proof for one in found])

    def _thiefs(self, positions: Sequence[int], rows: Iterable[tuple[object, int, int]], memo: bytes = b"") -> Signed:
        owners = [(self.thief.signer, position) for position in positions]
        return pay(self.root_chain, owners, rows, self.following + LIFETIME, memo)
