"""Exit proofs: the data needed to exit an output, or a payment whose inclusion is unknown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from layer2.plasma.payments.chain.contract import Proof, RootChain
from layer2.plasma.payments.chain.errors import ExitProofInvalid
from layer2.plasma.protocol.blocks import Header
from layer2.plasma.protocol.malformed import PositionMalformed
from layer2.plasma.protocol.positions import block_of, decode_position
from layer2.plasma.protocol.signing import Signed, signers_of
from layer2.plasma.protocol.transaction import Deposit, Kind, Output, Transaction
from layer2.primitives.display import format_units
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain

__all__ = ["UNSIGNED", "DepositExitProof", "Kit", "OutputExitProof", "InFlightExitProof", "require_on_chain"]

UNSIGNED = bytes(64)
"""Placeholder of a missing signature."""


@dataclass(frozen=True, slots=True)
class DepositExitProof:
    """The exit proof of a deposit, which consists of its record."""

    deposit: Deposit

    def __repr__(self) -> str:
        one = self.output
        return (
            f"<DepositExitProof {self.deposit.number} {format_units(one.amount, one.token)} for {one.address[:10]}..>"
        )

    @property
    def position(self) -> int:
        """Position of the output."""
        return self.deposit.position

    @property
    def output(self) -> Output:
        """Owner, token and amount."""
        return self.deposit.output

    @property
    def output_id(self) -> bytes:
        """Id of the output in the contract."""
        return self.deposit.output_id

    @property
    def block(self) -> int:
        """Number of the block under which the exit is registered: 0, before all blocks."""
        return 0

    @property
    def made(self) -> bytes:
        """Origin of the output: the deposit's record."""
        return self.deposit.record

    @property
    def proof(self) -> Proof:
        """The proof as the contract's argument."""
        return Proof.of_deposit(self.position, self.deposit.record)

    def require_on_chain(self, root: RootChain) -> None:
        """Raise ExitProofInvalid unless L1 has exactly this deposit."""
        if root.deposit_hash(self.deposit.number) != self.deposit.hash:
            raise ExitProofInvalid(
                f"deposit {self.deposit.number}: the chain has no such deposit, or another one",
                hint="sync, and try again",
            )


@dataclass(frozen=True, slots=True)
class OutputExitProof:
    """The exit proof of an output of a block: its transaction, its position, and the path to the header.

    Raises (at construction):
        ExitProofInvalid: the path does not lead to the header, or the transaction is not allowed in the block.
    """

    position: int
    transaction: Transaction
    header: Header
    path: tuple[bytes, ...]

    def __post_init__(self) -> None:
        try:
            place = decode_position(self.position)
        except PositionMalformed as fault:
            raise ExitProofInvalid(f"kit: {fault}", hint="ask for another one") from None
        one = self.transaction
        if place.deposit or place.output >= len(one.outputs):
            raise ExitProofInvalid(
                f"position {self.position:#x} is none of this transaction's outputs", hint="ask for another one"
            )
        if place.block > one.expiry or (one.kind is Kind.FEE and place.block != one.expiry):
            raise ExitProofInvalid(f"block {place.block} may not include a transaction until {one.expiry}")
        if not self.header.includes(place.transaction, one.packed, self.path):
            raise ExitProofInvalid(
                f"position {self.position:#x}: the path does not lead to the header", hint="ask for another proof"
            )

    def __repr__(self) -> str:
        one = self.output
        return f"<OutputExitProof {self.position:#x} {format_units(one.amount, one.token)} for {one.address[:10]}..>"

    @property
    def output(self) -> Output:
        """Owner, token and amount."""
        return self.transaction.outputs[self.position & 0xFF]

    @property
    def output_id(self) -> bytes:
        """Id of the output in the contract."""
        return self.transaction.output_id(self.position & 0xFF)

    @property
    def block(self) -> int:
        """Number of the block under which the exit is registered."""
        return block_of(self.position)

    @property
    def made(self) -> bytes:
        """Origin of the output: the packed transaction."""
        return self.transaction.packed

    @property
    def proof(self) -> Proof:
        """The proof as the contract's argument."""
        word = self.header.time << 32 | self.header.count
        return Proof(self.position, word, self.transaction.packed, self.path)

    def at(self, output: int) -> OutputExitProof:
        """Return the exit proof of another output of the same transaction."""
        return OutputExitProof(self.position & ~0xFF | output, self.transaction, self.header, self.path)

    def under(self, header: Header) -> OutputExitProof:
        """Return this proof under the header of the same block after its resubmission."""
        return OutputExitProof(self.position, self.transaction, header, self.path)

    def require_on_chain(self, root: RootChain) -> None:
        """Raise ExitProofInvalid unless L1 has exactly this header."""
        if root.block(self.block) != self.header.hash:
            raise ExitProofInvalid(
                f"block {self.block}: the chain has no such header, or another one", hint="create the exit proof again"
            )


Kit = DepositExitProof | OutputExitProof


@dataclass(frozen=True, slots=True)
class InFlightExitProof:
    """The proof for an in-flight exit: a signed payment, and the exit proofs of its inputs.

    Attributes:
        included: exit proof of one of its outputs; None if its inclusion is unknown.

    Raises (at construction):
        ExitProofInvalid: the proofs are not those of its inputs, its outputs exceed its inputs, or `included` is of
            another transaction.
    """

    payment: Signed
    inputs: tuple[Kit, ...]
    included: OutputExitProof | None = None

    def __post_init__(self) -> None:
        one = self.transaction
        if one.kind is not Kind.PAYMENT or len(self.payment.signatures) != len(one.inputs):
            raise ExitProofInvalid("a payment needs a signature for each of its inputs")
        if tuple(kit.position for kit in self.inputs) != one.inputs:
            raise ExitProofInvalid("the kits are not those of the payment's inputs", hint="give one for each, in order")
        if len(set(self.input_ids)) != len(self.inputs):
            raise ExitProofInvalid("a payment spends the same money twice")
        left: dict[int, int] = {}
        for kit in self.inputs:
            left[kit.output.token] = left.get(kit.output.token, 0) + kit.output.amount
        for token, amount in one.sums().items():
            if amount > left.get(token, 0):
                raise ExitProofInvalid(
                    f"{format_units(amount, token)} go out, {format_units(left.get(token, 0), token)} come in"
                )
        if self.included is not None and self.included.transaction != one:
            raise ExitProofInvalid("the proof of inclusion is of another transaction")

    def __repr__(self) -> str:
        known = f"in block {self.included.block}" if self.included else "not seen in a block"
        return f"<InFlightExitProof 0x{self.hash.hex()[:8]} {len(self.inputs)} inputs, {known}>"

    @property
    def transaction(self) -> Transaction:
        """The signed transaction."""
        return self.payment.transaction

    @property
    def hash(self) -> bytes:
        """Hash of the transaction."""
        return self.transaction.hash

    @property
    def input_ids(self) -> tuple[bytes, ...]:
        """Ids of the spent outputs."""
        return tuple(kit.output_id for kit in self.inputs)

    @property
    def exit_id(self) -> bytes:
        """Id of the payment's in-flight exit in the contract."""
        return keccak(self.hash + b"".join(self.input_ids))

    @property
    def complete(self) -> bool:
        """True if each input has a signature, False if some are `UNSIGNED`."""
        return UNSIGNED not in self.payment.signatures

    @property
    def made(self) -> tuple[bytes, ...]:
        """Origins of the inputs."""
        return tuple(kit.made for kit in self.inputs)

    @property
    def proof(self) -> Proof:
        """The proof as the contract's argument, with the inclusion if it is known."""
        return self.included.proof if self.included else Proof.of_nothing(self.transaction.packed)

    @property
    def block(self) -> int:
        """Number of the block under which the exit is registered: that of the youngest input."""
        return max(kit.block for kit in self.inputs)

    def bits_of(self, owner: bytes, *, inputs: bool = True, outputs: bool = True) -> int:
        """Return the bits of an owner's inputs (0 to 3) and outputs (4 to 7)."""
        mine = sum(1 << at for at, kit in enumerate(self.inputs) if inputs and kit.output.owner == owner)
        return mine | sum(16 << at for at, one in enumerate(self.transaction.outputs) if outputs and one.owner == owner)

    def require_signed(self, domain: Domain) -> None:
        """Raise ExitProofInvalid unless the owner of each input has signed."""
        found = signers_of([self.payment], domain)[0]
        for kit, signer in zip(self.inputs, found, strict=True):
            if signer != kit.output.owner:
                raise ExitProofInvalid(
                    f"the owner {kit.output.address} of an input has not signed", hint="ask for a signature"
                )

    def require_on_chain(self, root: RootChain) -> None:
        """Raise ExitProofInvalid unless L1 has the inputs and the inclusion, and the owners have signed."""
        self.require_signed(root.domain)
        for kit in self.inputs:
            kit.require_on_chain(root)
        if self.included is not None:
            self.included.require_on_chain(root)


def require_on_chain(root: RootChain, kits: Iterable[Kit | InFlightExitProof]) -> None:
    """Raise ExitProofInvalid for the first proof that does not match L1."""
    for kit in kits:
        kit.require_on_chain(root)
