"""Transactions, packed: fixed widths, one encoding for each meaning; and records of deposits.

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
    """What a transaction does."""

    PAYMENT = 1
    FEE = 2


class Output(NamedTuple):
    """What a transaction gives to somebody: the owner's 20 bytes, the token's id, smallest units."""

    owner: bytes
    token: int
    amount: int

    @property
    def address(self) -> Address:
        """The owner as a checksummed address."""
        return to_address(self.owner)

    @classmethod
    def to(cls, owner: object, token: int, amount: int) -> Output:
        """An output to anything that is or has an address."""
        return cls(address_bytes(to_address(owner)), token, amount)


@dataclass(frozen=True, slots=True)
class Transaction:
    """A well-formed transaction. Whether its inputs exist and cover its outputs is not its own business.

    Args:
        kind: payment, or the operator's fee transaction (no inputs).
        expiry: the last block that may include it; of a fee transaction the number of its block.
        inputs: positions of outputs that are spent, strictly increasing.
        memo: 32 bytes, not all zero, or none.

    Attributes:
        packed: its bytes.
        hash: `keccak(0x02 | packed)`.

    Raises (at construction):
        TransactionMalformed: anything else.
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
        """The id of an output, by which the contract knows it: the same in every block that includes this."""
        if not 0 <= index < len(self.outputs):
            raise TransactionMalformed(f"output {index} of {len(self.outputs)}: there is none")
        return keccak(self.hash + bytes((index,)))

    @property
    def leaf(self) -> bytes:
        """What stands for it in a block's tree."""
        return keccak(b"\0" + self.packed)

    def sums(self) -> dict[int, int]:
        """What it gives out, by token."""
        result: dict[int, int] = {}
        for _, token, amount in self.outputs:
            result[token] = result.get(token, 0) + amount
        return result


def payment(
    inputs: Iterable[int], outputs: Iterable[tuple[object, int, int]], expiry: int, memo: bytes = b""
) -> Transaction:
    """A payment of (owner, token, amount); inputs in any order. Raises `TransactionMalformed`."""
    found = tuple(Output.to(*one) for one in outputs)
    return Transaction(Kind.PAYMENT, expiry, tuple(sorted(inputs)), found, memo)


def fee_transaction(block: int, outputs: Iterable[tuple[object, int, int]]) -> Transaction:
    """The operator's collection of fees in block `block`. Raises `TransactionMalformed`."""
    return Transaction(Kind.FEE, block, (), tuple(Output.to(*one) for one in outputs))


def packed_length(inputs: int, outputs: int, memo: bool = False) -> int:
    """Bytes of a packed transaction of so many inputs and outputs."""
    return 7 + 8 * inputs + 34 * outputs + (32 if memo else 0)


def transaction_hash(packed: bytes) -> bytes:
    """The hash of a packed transaction."""
    return keccak(b"\x02" + packed)


def output_id(hashed: bytes, index: int) -> bytes:
    """The id of output `index` of the transaction with this hash."""
    return keccak(hashed + bytes((index,)))


def decode_transaction(packed: bytes) -> Transaction:
    """The transaction in `packed`; raises `TransactionMalformed` unless it is exactly one."""
    size = len(packed)
    if size < 7:
        raise TransactionMalformed(f"a transaction has 41 bytes or more, {size} were given")
    tag, counts = packed[0], packed[1]
    ins, outs = counts >> 4, counts & 15
    memo = tag & MEMO_FLAG
    layout = _LAYOUTS.get(counts)
    if layout is None or size != layout.size + (32 if memo else 0):
        raise TransactionMalformed(f"{size} bytes are no transaction of {ins} inputs and {outs} outputs")
    if tag not in _TAGS:
        raise TransactionMalformed(f"there are no transactions of type {tag:#04x}")
    values = layout.unpack_from(packed)
    at = 4 + ins
    outputs = tuple(
        Output(values[one], values[one + 1], values[one + 2] << 64 | values[one + 3])
        for one in range(at, at + 4 * outs, 4)
    )
    inputs, expiry, note = values[4:at], values[2] << 32 | values[3], packed[-32:] if memo else b""
    if memo and not any(note):
        raise TransactionMalformed("a memo is flagged and empty", hint="leave the flag out")
    result = Transaction(Kind(tag & 0x7F), expiry, inputs, outputs, note)
    if result.packed != packed:
        raise TransactionMalformed("the bytes are not the one encoding of what they say")
    return result


@dataclass(frozen=True, slots=True)
class Deposit:
    """What was put into the contract: `owner(20) | token(2) | amount(12) | time(5)`, numbered from 1.

    Raises (at construction):
        DepositMalformed: a number out of range, an amount or owner of zero.
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
        """Its 39 bytes."""
        return (
            self.owner + self.token.to_bytes(2, "big") + self.amount.to_bytes(12, "big") + self.time.to_bytes(5, "big")
        )

    @property
    def hash(self) -> bytes:
        """What the contract keeps of it."""
        return keccak(self.record)

    @property
    def position(self) -> int:
        """Where it stands among outputs."""
        return deposit_position(self.number)

    @property
    def output_id(self) -> bytes:
        """By what the contract knows its output."""
        return deposit_output_id(self.number)

    @property
    def output(self) -> Output:
        """What it is to a transaction that spends it."""
        return Output(self.owner, self.token, self.amount)


def decode_deposit(number: int, record: bytes) -> Deposit:
    """Deposit `number` from its 39 bytes; raises `DepositMalformed`."""
    if len(record) != 39:
        raise DepositMalformed(f"a deposit's record has 39 bytes, {len(record)} were given")
    token, amount, time = (int.from_bytes(record[a:b], "big") for a, b in ((20, 22), (22, 34), (34, 39)))
    return Deposit(number, record[:20], token, amount, time)


def deposit_output_id(number: int) -> bytes:
    """The id of the output that deposit `number` made."""
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
        raise TransactionMalformed(f"expiry {expiry} is no block")
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
            raise TransactionMalformed(f"{amount} of token {token} cannot be given")
        values += (owner, token, amount >> 64, amount & _LOW)
    return _LAYOUTS[len(inputs) << 4 | len(outputs)].pack(*values) + memo
