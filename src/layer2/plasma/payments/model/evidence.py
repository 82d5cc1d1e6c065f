"""Proofs required by calls: inclusion, ownership and spends, shared by all kinds of exits."""

from __future__ import annotations

from typing import NamedTuple

from layer2.plasma.payments.bindings.errors import (
    InvalidInputs,
    InvalidOutput,
    InvalidProof,
    InvalidSignature,
    InvalidSpend,
    InvalidTransaction,
    LateInclusion,
    UnbalancedAmounts,
)
from layer2.plasma.payments.model.actions import Proof, Spend
from layer2.plasma.payments.model.environment import Act
from layer2.plasma.payments.model.state import FOREVER, NO_PLACE
from layer2.plasma.protocol.blocks import inclusion_root
from layer2.plasma.protocol.malformed import TransactionMalformed
from layer2.plasma.protocol.positions import block_of, is_deposit
from layer2.plasma.protocol.signing import digest
from layer2.plasma.protocol.transaction import (
    Kind,
    Output,
    Transaction,
    decode_deposit,
    decode_transaction,
    deposit_output_id,
    output_id,
    transaction_hash,
)
from layer2.primitives.hashing import keccak


class Claimed(NamedTuple):
    """An output identified by the data that made it; `block` is its age in the reserves, 0 for a deposit."""

    id: bytes
    output: Output
    position: int
    block: int


class Spent(NamedTuple):
    """A spend: its hash, its place (`NO_PLACE` without inclusion), and the last block that may include it."""

    hash: bytes
    place: int
    until: int


def transaction_of(data: bytes) -> Transaction:
    """Decode a transaction; raise InvalidTransaction if it is not valid."""
    try:
        return decode_transaction(data)
    except TransactionMalformed:
        raise InvalidTransaction() from None


def named(act: Act, position: int, data: bytes) -> Claimed:
    """Return the output at a position from its origin: a verified deposit, or an unverified transaction.

    The existence of a transaction follows from the id of its output: no exit is open for the id of an invented one.
    """
    if is_deposit(position):
        number = position >> 24 & (1 << 39) - 1
        if position & 0xFFFFFF or act.state.deposits.get(number) != keccak(data):
            raise InvalidProof(position)
        return Claimed(deposit_output_id(number), decode_deposit(number, data).output, position, 0)
    index = position & 0xFF
    if len(data) < 2 or index >= data[1] & 0x0F:
        raise InvalidOutput(position)
    try:
        output = decode_transaction(data).outputs[index]
    except TransactionMalformed:
        output = Output(bytes(20), 0, 0)
    return Claimed(output_id(transaction_hash(data), index), output, position, block_of(position))


def stands(act: Act, proof: Proof) -> None:
    """Raise InvalidProof unless the data, valid or not, is at a position in a block."""
    number, index = proof.position >> 24, proof.position >> 8 & 0xFFFF
    root = inclusion_root(proof.word & 0xFFFFFFFF, index, proof.data, proof.path)
    if root is None or act.state.blocks.get(number) != keccak(root + proof.word.to_bytes(32, "big")):
        raise InvalidProof(proof.position)


def included(act: Act, proof: Proof) -> Transaction:
    """Return the transaction at a position, with verified and permitted inclusion."""
    number = proof.position >> 24
    transaction = transaction_of(proof.data)
    stands(act, proof)
    late = number != transaction.expiry if transaction.kind == Kind.FEE else number > transaction.expiry
    if late:
        raise LateInclusion(number, transaction.expiry)
    return transaction


def proven(act: Act, proof: Proof) -> tuple[Claimed, int]:
    """Return the proven output at a position, and the time of its block; 0 for a deposit."""
    if is_deposit(proof.position):
        return named(act, proof.position, proof.data), 0
    included(act, proof)
    return named(act, proof.position, proof.data), proof.word >> 32


def alive(act: Act, proof: Proof) -> Transaction:
    """Return a payment that may still be included or is proven to be included."""
    transaction = transaction_of(proof.data)
    if transaction.kind != Kind.PAYMENT:
        raise InvalidTransaction()
    if proof.position:
        included(act, proof)
    elif transaction.expiry < act.state.next_block:
        raise LateInclusion(0, transaction.expiry)
    return transaction


class Inputs(NamedTuple):
    """Proven and signed inputs of a payment, the latest time of their blocks, and the greatest block number."""

    found: list[Claimed]
    made: int
    youngest: int


def inputs_of(act: Act, transaction: Transaction, inputs: tuple[Proof, ...], signatures: bytes) -> Inputs:
    """Return the inputs of a payment, each proven, distinct, and signed for by its owner."""
    count = len(transaction.inputs)
    if len(inputs) != count or len(signatures) != 64 * count:
        raise InvalidInputs(count)
    found: list[Claimed] = []
    youngest = made = 0
    for index, proof in enumerate(inputs):
        if proof.position != transaction.inputs[index]:
            raise InvalidSpend(transaction.inputs[index], proof.position)
        claimed, time = proven(act, proof)
        signed_by(act, transaction, claimed.output.owner, signatures[64 * index : 64 * index + 64])
        if any(claimed.id == other.id for other in found):
            raise InvalidInputs(index)
        found.append(claimed)
        youngest, made = max(youngest, claimed.block), max(made, time)
    return Inputs(found, made, youngest)


def balanced(inputs: list[Claimed], transaction: Transaction) -> None:
    """Raise UnbalancedAmounts if the outputs exceed the inputs of a token."""
    have: dict[int, int] = {}
    for found in inputs:
        have[found.output.token] = have.get(found.output.token, 0) + found.output.amount
    for _, token, amount in transaction.outputs:
        have[token] = have.get(token, 0) - amount
        if have[token] < 0:
            raise UnbalancedAmounts(token)


def spent(act: Act, spend: Spend, position: int, owner: bytes) -> Spent:
    """Return a spend of `position` by a payment signed by all owners, which is included or still may be.

    A partly signed payment does not spend anything.
    """
    proof = spend.proof
    transaction = alive(act, proof)
    given = position if position in transaction.inputs else transaction.inputs[-1]
    if given != position or not given:
        raise InvalidSpend(given, position)
    if len(transaction.inputs) == 1:
        signed_by(act, transaction, owner, spend.signatures)
    else:
        balanced(inputs_of(act, transaction, spend.inputs, spend.signatures).found, transaction)
        if not proof.position:
            act.emit("SpendShown", transaction.hash, spend.signatures)
    if proof.position:
        return Spent(transaction.hash, proof.position >> 8, FOREVER)
    return Spent(transaction.hash, NO_PLACE, transaction.expiry)


def signed_by(act: Act, transaction: Transaction, owner: bytes, signature: bytes) -> None:
    """Raise InvalidSignature unless `owner` has signed the transaction."""
    if act.env.recover(digest(transaction, act.state.domain), signature) != owner:
        raise InvalidSignature(owner)
