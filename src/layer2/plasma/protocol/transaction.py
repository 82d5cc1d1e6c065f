"""Packed transactions with fixed widths and one encoding per meaning, and deposit records.

`type(1) | inputs<<4|outputs (1) | expiry(5) | inputs: position(8) each | outputs: owner(20) token(2) amount(12) each |
memo(32) if flagged`, all big-endian. Inputs increase strictly, amounts and owners are not zero, the length is exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from layer2.plasma.protocol.malformed import DepositMalformed, TransactionMalformed
from layer2.plasma.protocol.params import MAX_AMOUNT, MAX_BLOCK, MAX_EXPIRY, MAX_INPUTS, MAX_OUTPUTS, MAX_TOKEN
from layer2.plasma.protocol.positions import deposit_position
from layer2.primitives.addresses import Address, address_bytes, to_address
from layer2.primitives.errors import shown
from layer2.primitives.hashing import keccak

__all__ = [
    "Deposit",
    "Kind",
    "Output",
    "Transaction",
    "decode_deposit",
    "decode_transaction",
    "deposit_output_id",
    "fee_transaction",
    "output_id",
    "packed_length",
    "payment",
    "transaction_hash",
]

MEMO_FLAG = 0x80
_NOBODY = bytes(20)


class Kind(IntEnum):
    """Kind of a transaction."""

    PAYMENT = 1
    FEE = 2


class Output(NamedTuple):
    """An output: the owner's 20 bytes, the token id, and the amount in smallest units."""

    owner: bytes
    token: int
    amount: int

    @property
    def address(self) -> Address:
        """The owner as a checksummed address."""
        return to_address(self.owner)

    @classmethod
    def to(cls, owner: object, token: int, amount: int) -> Output:
        """Return an output for an owner given as an address or an object with an address."""
        return cls(address_bytes(to_address(owner)), token, amount)


@dataclass(frozen=True, slots=True)
class Transaction:
    """A well-formed transaction. The existence and amounts of its inputs are not verified here.

    Args:
        kind: a payment, or the operator's fee transaction (without inputs).
        expiry: the last block that may include it; for a fee transaction, the number of its block.
        inputs: positions of the spent outputs, strictly increasing.
        memo: 32 bytes, not all zero, or empty.

    Attributes:
        packed: the packed bytes.
        hash: `keccak(0x02 | packed)`.

    Raises (at construction):
        TransactionMalformed: a field is not valid.
    """

    kind: Kind
    expiry: int
    inputs: tuple[int, ...]
    outputs: tuple[Output, ...]
    memo: bytes = b""
    packed: bytes = field(init=False, repr=False, compare=False)
    hash: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        packed = _pack(self)
        object.__setattr__(self, "packed", packed)
        object.__setattr__(self, "hash", keccak(b"\x02" + packed))

    def output_id(self, index: int) -> bytes:
        """Return the id of an output in the contract, equal in every block that includes the transaction."""
        if not 0 <= index < len(self.outputs):
            raise TransactionMalformed(f"output {index} of {len(self.outputs)}: no such item")
        return keccak(self.hash + bytes((index,)))

    @property
    def leaf(self) -> bytes:
        """Leaf of the transaction in a block's tree."""
        return keccak(b"\0" + self.packed)

    def sums(self) -> dict[int, int]:
        """Return the sum of the outputs by token."""
        result: dict[int, int] = {}
        for _, token, amount in self.outputs:
            result[token] = result.get(token, 0) + amount
        return result


def payment(
    inputs: Iterable[int], outputs: Iterable[tuple[object, int, int]], expiry: int, memo: bytes = b""
) -> Transaction:
    """Return a payment to outputs (owner, token, amount), with inputs in any order.

    Raises:
        TransactionMalformed: a field is not valid.
    """
    found = tuple(Output.to(*one) for one in outputs)
    return Transaction(Kind.PAYMENT, expiry, tuple(sorted(inputs)), found, memo)


def fee_transaction(block: int, outputs: Iterable[tuple[object, int, int]]) -> Transaction:
    """Return the operator's fee transaction of a block; raise `TransactionMalformed` if a field is not valid."""
    return Transaction(Kind.FEE, block, (), tuple(Output.to(*one) for one in outputs))


def packed_length(inputs: int, outputs: int, memo: bool = False) -> int:
    """Return the length of a packed transaction in bytes."""
    return 7 + 8 * inputs + 34 * outputs + (32 if memo else 0)


def transaction_hash(packed: bytes) -> bytes:
    """Return the hash of a packed transaction."""
    return keccak(b"\x02" + packed)


def output_id(hashed: bytes, index: int) -> bytes:
    """Return the id of output `index` of the transaction with this hash."""
    return keccak(hashed + bytes((index,)))


def decode_transaction(packed: bytes) -> Transaction:
    """Decode a packed transaction; raise `TransactionMalformed` if it is not a valid one."""
    size = len(packed)
    if size < 7:
        raise TransactionMalformed(f"a transaction has 41 bytes or more, {size} were given")
    tag, counts = packed[0], packed[1]
    ins, outs = counts >> 4, counts & 15
    memo = tag & MEMO_FLAG
    layout = _LAYOUTS.get(counts)
    if layout is None or size != layout.size + (32 if memo else 0):
        raise TransactionMalformed(f"{size} bytes are not a transaction of {ins} inputs and {outs} outputs")
    if tag not in _TAGS:
        raise TransactionMalformed(f"unknown type of transaction: {tag:#04x}")
    values = layout.unpack_from(packed)
    at = 4 + ins
    outputs = tuple(
        Output(values[one], values[one + 1], values[one + 2] << 64 | values[one + 3])
        for one in range(at, at + 4 * outs, 4)
    )
    inputs, expiry, note = values[4:at], values[2] << 32 | values[3], packed[-32:] if memo else b""
    if memo and not any(note):
        raise TransactionMalformed("the memo flag is set but the memo is empty", hint="clear the flag")
    result = Transaction(Kind(tag & 0x7F), expiry, inputs, outputs, note)
    if result.packed != packed:
        raise TransactionMalformed("the bytes are not the canonical encoding")
    return result


@dataclass(frozen=True, slots=True)
class Deposit:
    """A deposit, numbered from 1, with record `owner(20) | token(2) | amount(12) | time(5)`.

    Raises (at construction):
        DepositMalformed: a number is out of range, or the amount or owner is zero.
    """

    number: int
    owner: bytes
    token: int
    amount: int
    time: int

    def __post_init__(self) -> None:
        if len(self.owner) != 20 or self.owner == _NOBODY:
            raise DepositMalformed(f"deposit {shown(self.number)} has no owner")
        if not (
            0 < self.number <= MAX_BLOCK
            and 0 <= self.token <= MAX_TOKEN
            and 0 < self.amount <= MAX_AMOUNT
            and 0 <= self.time <= MAX_EXPIRY
        ):
            raise DepositMalformed(f"{shown(self, 300)} has a number out of range")

    @property
    def record(self) -> bytes:
        """The 39 bytes of the record."""
        return (
            self.owner + self.token.to_bytes(2, "big") + self.amount.to_bytes(12, "big") + self.time.to_bytes(5, "big")
        )

    @property
    def hash(self) -> bytes:
        """Hash of the record, which the contract stores."""
        return keccak(self.record)

    @property
    def position(self) -> int:
        """Position of the deposit's output."""
        return deposit_position(self.number)

    @property
    def output_id(self) -> bytes:
        """Id of the deposit's output in the contract."""
        return deposit_output_id(self.number)

    @property
    def output(self) -> Output:
        """The output that a transaction spends."""
        return Output(self.owner, self.token, self.amount)


def decode_deposit(number: int, record: bytes) -> Deposit:
    """Decode the 39-byte record of deposit `number`; raise `DepositMalformed` if it is not valid."""
    if len(record) != 39:
        raise DepositMalformed(f"a deposit's record has 39 bytes, {len(record)} were given")
    token, amount, time = (int.from_bytes(record[a:b], "big") for a, b in ((20, 22), (22, 34), (34, 39)))
    return Deposit(number, record[:20], token, amount, time)


def deposit_output_id(number: int) -> bytes:
    """Return the id of the output of deposit `number`."""
    return keccak(b"\x03" + number.to_bytes(8, "big"))


def _layout(ins: int, outs: int) -> Struct:
    return Struct(f">BBBI{ins}Q" + "20sHIQ" * outs)


_LAYOUTS = {ins << 4 | outs: _layout(ins, outs) for ins in range(MAX_INPUTS + 1) for outs in range(1, MAX_OUTPUTS + 1)}
_TAGS = {Kind.PAYMENT, Kind.PAYMENT | MEMO_FLAG, Kind.FEE}
_LOW = (1 << 64) - 1


def _pack(one: Transaction) -> bytes:
    inputs, outputs, expiry, memo = one.inputs, one.outputs, one.expiry, one.memo
    if not 1 <= len(outputs) <= MAX_OUTPUTS:
        raise TransactionMalformed(f"a transaction has 1 to {MAX_OUTPUTS} outputs, {len(outputs)} were given")
    if one.kind == Kind.FEE:
        if inputs or memo:
            raise TransactionMalformed("a fee transaction has neither inputs nor memo")
    elif not 1 <= len(inputs) <= MAX_INPUTS:
        raise TransactionMalformed(f"a payment has 1 to {MAX_INPUTS} inputs, {len(inputs)} were given")
    if not 0 < expiry <= MAX_EXPIRY:
        raise TransactionMalformed(f"expiry {expiry} is not a block number")
    if memo and (len(memo) != 32 or not any(memo)):
        raise TransactionMalformed("a memo has 32 bytes, not all zero")
    before = -1
    for position in inputs:
        if not before < position <= 0xFFFFFFFFFFFFFFFF:
            raise TransactionMalformed(f"input {position} after {before}: inputs are uint64 and strictly increasing")
        before = position
    values: list[int | bytes] = [one.kind | (MEMO_FLAG if memo else 0), len(inputs) << 4 | len(outputs)]
    values += (expiry >> 32, expiry & 0xFFFFFFFF, *inputs)
    for owner, token, amount in outputs:
        if len(owner) != 20 or owner == _NOBODY:
            raise TransactionMalformed("an output has no owner")
        if not (0 < amount <= MAX_AMOUNT and 0 <= token <= MAX_TOKEN):
            raise TransactionMalformed(f"{amount} units of token {token}: not a valid output amount")
        values += (owner, token, amount >> 64, amount & _LOW)
    return _LAYOUTS[len(inputs) << 4 | len(outputs)].pack(*values) + memo
