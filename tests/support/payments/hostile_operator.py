"""An operator of the tests: makes whatever block it is told to, submits it to the real contract, and lies on demand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from layer2.ethereum.sender import Sender
from layer2.plasma.common.errors import FeeTooLow, StateUnknown
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.operator.client_protocol import Inclusion
from layer2.plasma.protocol.blocks import BlockTree, Header
from layer2.plasma.protocol.signing import Signed
from layer2.plasma.protocol.transaction import Transaction, fee_transaction
from layer2.primitives.addresses import Address, address_bytes
from layer2.primitives.hashing import keccak


class Forge:
    """A gate with a memory of its blocks and no rules."""

    def __init__(self, root: RootChain, sender: Sender) -> None:
        self.root = root
        self.sender = sender
        self.taken: list[Signed] = []
        self.blocks: dict[int, tuple[BlockTree, list[Transaction]]] = {}
        self.withheld: set[int] = set()
        self.refusing = False
        self.lie: Callable[[Inclusion], Inclusion] = lambda one: one
        self.extra: list[int] = []
        self.told: int | None = None
        self.places: dict[bytes, tuple[int, int]] = {}

    # ---------------------------------------------------------------------------------------------------------- gate

    def submit(self, payment: Signed) -> bytes:
        self.taken.append(payment)
        if self.refusing:
            raise FeeTooLow("fee 0 given, 1 needed", have=0, need=1)
        return payment.transaction.hash

    def reach(self) -> int:
        return len(self.blocks) if self.told is None else self.told

    def utxos(self, owner: Address) -> Sequence[int]:
        spent = {position for _, rows in self.blocks.values() for one in rows for position in one.inputs}
        found = [
            number << 24 | index << 8 | at
            for number, (_, rows) in self.blocks.items()
            if number not in self.withheld
            for index, one in enumerate(rows)
            for at, output in enumerate(one.outputs)
            if output.owner == address_bytes(owner)
        ]
        return [one for one in found if one not in spent] + self.extra

    def place(self, hashed: bytes) -> tuple[int, int] | None:
        if hashed in self.places:
            return self.places[hashed]
        for number, (_, rows) in self.blocks.items():
            for index, one in enumerate(rows):
                if one.hash == hashed and number not in self.withheld:
                    return number, index
        return None

    def inclusion(self, block: int, index: int) -> Inclusion:
        if block not in self.blocks or block in self.withheld:
            raise StateUnknown(f"block {block} is not there")
        tree, rows = self.blocks[block]
        return self.lie(Inclusion(self.header(block), rows[index].packed, tree.proof(index)))

    # ------------------------------------------------------------------------------------------------------- operator

    def header(self, number: int) -> Header:
        tree, _ = self.blocks[number]
        topics = [self.root.contract.topic("BlockSubmitted"), number.to_bytes(32, "big")]
        connection = self.root.connection
        (log,) = connection.logs(0, connection.block_number(), self.root.address, topics)
        event = self.root.contract.decode_log(log)
        assert event is not None
        return Header(tree.root, event.args["word"] >> 32, tree.count)

    def block(self, *rows: Transaction, withheld: bool = False) -> int:
        """Submit a block of these; of everything taken since the last one if there are none."""
        chosen = list(rows) or [one.transaction for one in self.taken]
        if not rows:
            self.taken.clear()
        number = self.root.head()[1]
        tree = BlockTree([one.packed for one in chosen], keccak(b"signatures"))
        self.root.submit_block(self.sender, number, tree.root, tree.count)
        self.blocks[number] = (tree, chosen)
        if withheld:
            self.withheld.add(number)
        return number

    def empty(self) -> int:
        """A block that concerns nobody."""
        return self.block(fee_transaction(self.root.head()[1], [(self.sender.address, 0, 1)]))

    def mint(self, owner: str, amount: int, token: int = 0, withheld: bool = False) -> int:
        """A fraud: a fee transaction that collects what nobody paid; the block's number."""
        made = fee_transaction(self.root.head()[1], [(owner, token, amount)])
        return self.block(made, withheld=withheld)
