"""Exit kits: all that it takes to get an output, or a payment that nobody has seen included, out of the contract."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from layer2.plasma.payments.chain.contract import Proof, RootChain
from layer2.plasma.payments.chain.errors import KitWrong
from layer2.plasma.protocol.blocks import Header
from layer2.plasma.protocol.malformed import PositionMalformed
from layer2.plasma.protocol.positions import block_of, decode_position
from layer2.plasma.protocol.signing import Signed, signers_of
from layer2.plasma.protocol.transaction import Deposit, Kind, Output, Transaction
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain

__all__ = ["UNSIGNED", "DepositKit", "Kit", "OutputKit", "PaymentKit", "require_on_chain"]

UNSIGNED = bytes(64)
"""Stands for a signature that is not there yet."""


@dataclass(frozen=True, slots=True)
class DepositKit:
    """A deposit: its record is all there is to it."""

    deposit: Deposit

    def __repr__(self) -> str:
        one = self.output
        return f"<Deposit {self.deposit.number} {one.amount} of token {one.token} for {one.address[:10]}..>"

    @property
    def position(self) -> int:
        """Where it stands among outputs."""
        return self.deposit.position

    @property
    def output(self) -> Output:
        """Owner, token, amount."""
        return self.deposit.output

    @property
    def output_id(self) -> bytes:
        """By what the contract knows it."""
        return self.deposit.output_id

    @property
    def block(self) -> int:
        """Under which block it leaves: 0, before all."""
        return 0

    @property
    def made(self) -> bytes:
        """What made it: the record."""
        return self.deposit.record

    @property
    def proof(self) -> Proof:
        """As the contract takes it."""
        return Proof.of_deposit(self.position, self.deposit.record)

    def require_on_chain(self, root: RootChain) -> None:
        """Raises KitWrong unless the chain has this very deposit."""
        if root.deposit_hash(self.deposit.number) != self.deposit.hash:
            raise KitWrong(f"deposit {self.deposit.number}: the chain has none, or another", hint="look it up again")


@dataclass(frozen=True, slots=True)
class OutputKit:
    """An output of a block: its transaction, where it stands, and the path from there to the header.

    Raises (at construction):
        KitWrong: the path does not lead to the header, or the transaction may not stand there.
    """

    position: int
    transaction: Transaction
    header: Header
    path: tuple[bytes, ...]

    def __post_init__(self) -> None:
        try:
            place = decode_position(self.position)
        except PositionMalformed as fault:
            raise KitWrong(f"kit: {fault}", hint="ask for another") from None
        one = self.transaction
        if place.deposit or place.output >= len(one.outputs):
            raise KitWrong(f"position {self.position:#x} is none of this transaction's outputs", hint="ask for another")
        if place.block > one.expiry or (one.kind is Kind.FEE and place.block != one.expiry):
            raise KitWrong(f"block {place.block} may not include a transaction until {one.expiry}")
        if not self.header.includes(place.transaction, one.packed, self.path):
            raise KitWrong(
                f"position {self.position:#x}: the path does not lead to the header", hint="ask for another proof"
            )

    def __repr__(self) -> str:
        one = self.output
        return f"<Output {self.position:#x} {one.amount} of token {one.token} for {one.address[:10]}..>"

    @property
    def output(self) -> Output:
        """Owner, token, amount."""
        return self.transaction.outputs[self.position & 0xFF]

    @property
    def output_id(self) -> bytes:
        """By what the contract knows it."""
        return self.transaction.output_id(self.position & 0xFF)

    @property
    def block(self) -> int:
        """Under which block it leaves."""
        return block_of(self.position)

    @property
    def made(self) -> bytes:
        """What made it: the transaction, packed."""
        return self.transaction.packed

    @property
    def proof(self) -> Proof:
        """As the contract takes it."""
        word = self.header.time << 32 | self.header.count
        return Proof(self.position, word, self.transaction.packed, self.path)

    def at(self, output: int) -> OutputKit:
        """The kit of another output of the same transaction."""
        return OutputKit(self.position & ~0xFF | output, self.transaction, self.header, self.path)

    def under(self, header: Header) -> OutputKit:
        """The same under the header that the block has now: it was submitted again after a reorganisation."""
        return OutputKit(self.position, self.transaction, header, self.path)

    def require_on_chain(self, root: RootChain) -> None:
        """Raises KitWrong unless the chain has this very header."""
        if root.block(self.block) != self.header.hash:
            raise KitWrong(f"block {self.block}: the chain has another header, or none", hint="renew the kit")


Kit = DepositKit | OutputKit


@dataclass(frozen=True, slots=True)
class PaymentKit:
    """A signed payment with the kits of what it spends: an in-flight exit. `included`: one of its outputs, if known.

    Raises (at construction):
        KitWrong: the kits are not those of its inputs, more goes out than comes in, or `included` is of another.
    """

    payment: Signed
    inputs: tuple[Kit, ...]
    included: OutputKit | None = None

    def __post_init__(self) -> None:
        one = self.transaction
        if one.kind is not Kind.PAYMENT or len(self.payment.signatures) != len(one.inputs):
            raise KitWrong("a payment needs a signature for each of its inputs")
        if tuple(kit.position for kit in self.inputs) != one.inputs:
            raise KitWrong("the kits are not those of the payment's inputs", hint="give one for each, in order")
        if len(set(self.input_ids)) != len(self.inputs):
            raise KitWrong("a payment spends the same money twice")
        left: dict[int, int] = {}
        for kit in self.inputs:
            left[kit.output.token] = left.get(kit.output.token, 0) + kit.output.amount
        for token, amount in one.sums().items():
            if amount > left.get(token, 0):
                raise KitWrong(f"{amount} of token {token} go out, {left.get(token, 0)} come in")
        if self.included is not None and self.included.transaction != one:
            raise KitWrong("the proof of inclusion is of another transaction")

    def __repr__(self) -> str:
        known = f"in block {self.included.block}" if self.included else "not seen in a block"
        return f"<Payment 0x{self.hash.hex()[:8]} {len(self.inputs)} inputs, {known}>"

    @property
    def transaction(self) -> Transaction:
        """What was signed."""
        return self.payment.transaction

    @property
    def hash(self) -> bytes:
        """Of the transaction."""
        return self.transaction.hash

    @property
    def input_ids(self) -> tuple[bytes, ...]:
        """Ids of the outputs that it spends."""
        return tuple(kit.output_id for kit in self.inputs)

    @property
    def exit_id(self) -> bytes:
        """By what the contract knows its in-flight exit."""
        return keccak(self.hash + b"".join(self.input_ids))

    @property
    def complete(self) -> bool:
        """Whether there is a signature for each input, or only `UNSIGNED` for some."""
        return UNSIGNED not in self.payment.signatures

    @property
    def made(self) -> tuple[bytes, ...]:
        """What made each input."""
        return tuple(kit.made for kit in self.inputs)

    @property
    def proof(self) -> Proof:
        """As the contract takes it: of its inclusion, or of nothing."""
        return self.included.proof if self.included else Proof.of_nothing(self.transaction.packed)

    @property
    def block(self) -> int:
        """Under which block it leaves: that of its youngest input."""
        return max(kit.block for kit in self.inputs)

    def bits_of(self, owner: bytes, *, inputs: bool = True, outputs: bool = True) -> int:
        """The inputs (bits 0 to 3) and outputs (4 to 7) of an owner."""
        mine = sum(1 << at for at, kit in enumerate(self.inputs) if inputs and kit.output.owner == owner)
        return mine | sum(16 << at for at, one in enumerate(self.transaction.outputs) if outputs and one.owner == owner)

    def require_signed(self, domain: Domain) -> None:
        """Raises KitWrong unless the owner of each input has signed."""
        found = signers_of([self.payment], domain)[0]
        for kit, signer in zip(self.inputs, found, strict=True):
            if signer != kit.output.owner:
                raise KitWrong(f"the owner {kit.output.address} of an input has not signed", hint="ask for a signature")

    def require_on_chain(self, root: RootChain) -> None:
        """Raises KitWrong unless the chain has what it spends, its owners have signed, and it is where it says."""
        self.require_signed(root.domain)
        for kit in self.inputs:
            kit.require_on_chain(root)
        if self.included is not None:
            self.included.require_on_chain(root)


def require_on_chain(root: RootChain, kits: Iterable[Kit | PaymentKit]) -> None:
    """Raises KitWrong for the first that does not lead to what the chain has."""
    for kit in kits:
        kit.require_on_chain(root)
