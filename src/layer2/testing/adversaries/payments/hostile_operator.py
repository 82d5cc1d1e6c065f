"""A hostile operator of a plasma chain: real blocks of real bytes, submitted to the real contract, and wrong.

Each method is one fraud. What it makes can be taken out with `proof`, as a thief would; its bodies are served as a
source of bodies (`body`) unless they are withheld.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer
from layer2.plasma.payments.chain.contract import Proof, RootChain
from layer2.plasma.payments.chain.exit_proofs import Kit, OutputKit
from layer2.plasma.protocol.blocks import BlockTree, Header
from layer2.plasma.protocol.packed import join_body
from layer2.plasma.protocol.positions import deposit_position, encode_position
from layer2.plasma.protocol.signing import Signed, digest
from layer2.plasma.protocol.transaction import Transaction, fee_transaction, payment
from layer2.primitives.ecdsa import to_compact

__all__ = ["HostileOperator", "Lie", "pay", "record_of"]

LIFETIME = 100
"""Blocks within which payments that are made here may be included."""

_NOWHERE = 0xFFFF


@dataclass(frozen=True, slots=True)
class Lie:
    """A block of the hostile operator: its header on chain, what is in it, and what the fraud gave to its maker.

    `loot`: positions of outputs that nobody has paid for, or that were spent before.
    """

    name: str
    number: int
    header: Header
    transactions: tuple[Transaction, ...]
    loot: tuple[int, ...] = ()


def record_of(one: Signed) -> bytes:
    """A transaction with its signatures, as it stands in a body."""
    return one.transaction.packed + b"".join(one.signatures)


def pay(
    root_chain: RootChain,
    inputs: Iterable[tuple[Signer, int]],
    outputs: Iterable[tuple[object, int, int]],
    expiry: int,
    memo: bytes = b"",
) -> Signed:
    """A payment of (owner, token, amount), signed by whoever is said to own the positions it spends."""
    owners = sorted(inputs, key=lambda one: one[1])
    transaction = payment([position for _, position in owners], outputs, expiry, memo)
    message = digest(transaction, root_chain.domain)
    return Signed(transaction, tuple(to_compact(signer.sign_digest(message)) for signer, _ in owners))


class HostileOperator:
    """Holds the operator's key and obeys nothing.

    Args:
        operator: the sender of the key.
        thief: for whom it cheats; signs what there is to sign.
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
        """The number of the next block."""
        return self.root_chain.head()[1]

    # ------------------------------------------------------------------------------------------------- a body source

    def body(self, number: int) -> bytes | None:
        """The body of a block, unless it is withheld."""
        return None if number in self.withheld else self._bodies.get(number)

    def shown(self, number: int) -> bytes:
        """The body of a block of its own, withheld or not."""
        return self._bodies[number]

    def tree(self, number: int) -> BlockTree:
        """The tree of a block of its own, withheld or not."""
        return self._trees[number]

    def reveal(self, *numbers: int) -> None:
        """Serve what was withheld: these blocks, or all."""
        self.withheld -= set(numbers or self.withheld)

    # ------------------------------------------------------------------------------------------------- honest and not

    def block(
        self, batch: Sequence[Signed | bytes], *, name: str = "honest", withhold: bool = False, loot: Sequence[int] = ()
    ) -> Lie:
        """A block of anything: signed transactions, or records as bytes. `loot`: see `Lie`."""
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
        """Take a payment and never include it."""
        self.censored.append(one)

    def invalid_mint(
        self, amount: int, *, token: int = 0, withhold: bool = False, beside: Sequence[Signed] = ()
    ) -> Lie:
        """Money for the thief out of an input that never was."""
        number = self.following
        nowhere = encode_position(max(1, number - 1), _NOWHERE, 3)
        mint = self._thiefs([nowhere], [(self.thief.address, token, amount)])
        at = encode_position(number, len(beside), 0)
        return self.block([*beside, mint], name="invalid mint", withhold=withhold, loot=[at])

    def oversized_fee(self, amount: int, *, token: int = 0, beside: Sequence[Signed] = ()) -> Lie:
        """More fees than payments left."""
        number = self.following
        fee = Signed(fee_transaction(number, [(self.thief.address, token, amount)]), ())
        return self.block([*beside, fee], name="oversized fee", loot=[encode_position(number, len(beside), 0)])

    def double_spend(self, position: int, amount: int, *, token: int = 0, across: bool = False) -> Lie:
        """The thief's output is spent twice, in one block or in two; the second time is the loot."""
        first = self._thiefs([position], [(self.thief.address, token, amount)])
        second = self._thiefs([position], [(self.thief.address, token, amount)], memo=b"\x01" * 32)
        if across:
            self.block([first], name="double spend, first half")
            return self.block([second], name="double spend", loot=[encode_position(self.following, 0, 0)])
        return self.block([first, second], name="double spend", loot=[encode_position(self.following, 1, 0)])

    def deposit_minted(self, amount: int, *, token: int = 0) -> Lie:
        """A deposit that was never made is spent as if it had been."""
        missing = deposit_position(self.root_chain.head()[2])
        mint = self._thiefs([missing], [(self.thief.address, token, amount)])
        return self.block([mint], name="deposit minted", loot=[encode_position(self.following, 0, 0)])

    def deposit_minted_twice(self, deposit: int, amount: int, *, token: int = 0) -> Lie:
        """The thief's deposit, which a block has spent, is spent by another one."""
        return self.double_spend(deposit_position(deposit), amount, token=token, across=True)

    def exited_spent(self, position: int, amount: int, *, token: int = 0) -> Lie:
        """An output that the contract has paid out to the thief is spent."""
        again = self._thiefs([position], [(self.thief.address, token, amount)])
        return self.block([again], name="exited output spent", loot=[encode_position(self.following, 0, 0)])

    def reordered(self, position: int, amount: int, *, token: int = 0) -> Lie:
        """A block spends what only the next one makes, out of the thief's output: younger money with an older age."""
        number = self.following
        child = self._thiefs([encode_position(number + 1, 0, 0)], [(self.thief.address, token, amount)])
        lie = self.block([child], name="reordered", loot=[encode_position(number, 0, 0)])
        self.block([self._thiefs([position], [(self.thief.address, token, amount)])], name="reordered, second half")
        return lie

    def unsigned_spend(self, position: int, amount: int, *, token: int = 0) -> Lie:
        """Somebody else's output goes to the thief with the thief's signature."""
        theft = self._thiefs([position], [(self.thief.address, token, amount)])
        return self.block([theft], name="unsigned spend", loot=[encode_position(self.following, 0, 0)])

    def malformed(self, amount: int) -> Lie:
        """A leaf that is no transaction: its output has an owner of zeros."""
        good = self._thiefs([encode_position(1, _NOWHERE, 0)], [(self.thief.address, 0, amount)])
        record = bytearray(record_of(good))
        record[15:35] = bytes(20)
        return self.block([bytes(record)], name="malformed")

    def withheld_mint(self, amount: int, *, token: int = 0) -> Lie:
        """An invalid mint that nobody can see."""
        return self.invalid_mint(amount, token=token, withhold=True)

    def after_withheld(self, amount: int, *, beside: Sequence[Signed] = ()) -> tuple[Lie, Lie]:
        """A mint in a withheld block, and a payment of it in one that everybody can see."""
        hidden = self.withheld_mint(amount)
        passed_on = self._thiefs([hidden.loot[0]], [(self.thief.address, 0, amount)])
        at = encode_position(self.following, len(beside), 0)
        return hidden, self.block([*beside, passed_on], name="after withheld", loot=[at])

    # ------------------------------------------------------------------------------------------------------- taking

    def kit(self, position: int) -> OutputKit:
        """What it takes to exit an output of any block, withheld or not."""
        number, index = position >> 24, position >> 8 & 0xFFFF
        lie = self.lies[number]
        return OutputKit(position, lie.transactions[index], lie.header, self._trees[number].proof(index))

    def proof(self, position: int) -> Proof:
        """The same, as the contract takes it."""
        return self.kit(position).proof

    def steal(self, *kits: Kit | int) -> Receipt:
        """The thief starts exits of outputs, by position or kit."""
        found = [self.kit(one) if isinstance(one, int) else one for one in kits]
        return self.root_chain.start_exits(self.thief, [one.proof for one in found])

    def _thiefs(self, positions: Sequence[int], rows: Iterable[tuple[object, int, int]], memo: bytes = b"") -> Signed:
        owners = [(self.thief.signer, position) for position in positions]
        return pay(self.root_chain, owners, rows, self.following + LIFETIME, memo)
