"""Block validation against the header on L1 and the spend rules.

A body that does not match the header is not the block's body: the block counts as withheld, and another source may have
its body. A matching body that breaks a rule proves the block invalid, so that its outputs must not be accepted and
owners exit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from layer2.plasma.common.errors import (
    Expired,
    InputSpent,
    InputUnknown,
    OutputExiting,
    Overspent,
    Rejected,
    SignatureWrong,
)
from layer2.plasma.payments.utxo.batch_signatures import check_in_parts
from layer2.plasma.payments.utxo.fees import collected_wrongly
from layer2.plasma.payments.utxo.spend_rules import judge
from layer2.plasma.payments.utxo.utxo_set import UtxoSet
from layer2.plasma.protocol.blocks import BlockTree, Header, signatures_hash
from layer2.plasma.protocol.malformed import BodyMalformed
from layer2.plasma.protocol.packed import FEE, Fields, read, split, split_body
from layer2.primitives.typed_data import Domain
from layer2.primitives.worker_pool import WorkerPool

__all__ = ["Fault", "Flaw", "Verdict", "validate"]

_MOST_FAULTS = 64
"""Maximum number of listed faults; one is enough to exit."""


class Flaw(Enum):
    """Kind of a fault."""

    BODY_MALFORMED = "the body cannot be taken apart"
    COUNT_WRONG = "the body has another count of transactions than the header"
    ROOT_WRONG = "the transactions of the body do not lead to the root of the header"
    TRANSACTION_MALFORMED = "bytes that are no transaction"
    EXPIRED = "a payment after its expiry"
    INPUT_UNKNOWN = "an input that no earlier block or deposit made"
    INPUT_SPENT = "an input that an earlier block spent"
    INPUT_EXITED = "an input that the contract has paid out"
    INPUT_LEAVING = "an input whose exit began so long ago that it may not be stopped in time"
    SPENT_TWICE = "an input that the same block spends before"
    SIGNATURE_WRONG = "an input without its owner's signature"
    OVERSPENT = "more of a token given out than taken in"
    FEE_WRONG = "a fee transaction that takes what is not its due, or names another block"
    PAYMENT_AFTER_FEES = "a payment behind a fee transaction"


_WITHHELD = {Flaw.BODY_MALFORMED, Flaw.COUNT_WRONG, Flaw.ROOT_WRONG}
_OF_REFUSAL: dict[type[Rejected], Flaw] = {
    Expired: Flaw.EXPIRED,
    InputSpent: Flaw.INPUT_SPENT,
    InputUnknown: Flaw.INPUT_UNKNOWN,
    OutputExiting: Flaw.INPUT_EXITED,
    Overspent: Flaw.OVERSPENT,
    SignatureWrong: Flaw.SIGNATURE_WRONG,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault: its kind, the index of the transaction (-1 for the whole block), and a description."""

    flaw: Flaw
    index: int
    detail: str


@dataclass(slots=True)
class Verdict:
    """Result of a block's validation.

    Attributes:
        faults: the first faults in the order of the block; empty for a valid block.
        transactions: argument of `UtxoSet.apply`, if the block is valid.
        hashes: hashes of its transactions.
        fees: fees of its payments, by token.
        collected: fees collected by the operator, by token.
        against_exits: (index, position) of each spend of an exiting output, which can challenge the exit.
    """

    number: int
    faults: list[Fault] = field(default_factory=list)
    transactions: list[Fields] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    fees: dict[int, int] = field(default_factory=dict)
    collected: dict[int, int] = field(default_factory=dict)
    against_exits: list[tuple[int, int]] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """True if the block has no faults."""
        return not self.faults

    @property
    def withheld(self) -> bool:
        """True if the body is not the body of the block."""
        return any(one.flaw in _WITHHELD for one in self.faults)

    @property
    def invalid(self) -> bool:
        """True if the block breaks a rule."""
        return not self.good and not self.withheld

    def __str__(self) -> str:
        if self.good:
            return f"block {self.number} is good: {len(self.transactions)} transactions"
        first = self.faults[0]
        place = "" if first.index < 0 else f", transaction {first.index}"
        return f"block {self.number} is {'withheld' if self.withheld else 'invalid'}{place}: {first.detail}"


def validate(
    ledger: UtxoSet,
    number: int,
    header: Header,
    body: bytes,
    domain: Domain,
    workers: WorkerPool | None = None,
    *,
    spendable: Callable[[int], int] | None = None,
) -> Verdict:
    """Validate the body of block `number` on `ledger`, which must be at the preceding block and is not changed.

    Args:
        header: the block's header on L1.
        domain: EIP-712 domain of the contract.
        workers: processes that verify signatures; by default the calling thread verifies them.
        spendable: returns the Unix time until which an exiting output may be spent; by default it may be spent forever.
    """
    verdict = Verdict(number)
    try:
        records = split_body(body)
    except BodyMalformed as failure:
        return _whole(verdict, Flaw.BODY_MALFORMED, str(failure))
    if len(records) != header.count:
        return _whole(verdict, Flaw.COUNT_WRONG, f"{len(records)} transactions, the header says {header.count}")
    verdict.hashes, leaves, owners = check_in_parts(workers or WorkerPool(), domain.prefix, records)
    root = BlockTree.of_leaves(leaves, signatures_hash(records)).root
    if root != header.root:
        return _whole(
            verdict, Flaw.ROOT_WRONG, f"root 0x{root.hex()[:8]}.., the header has 0x{header.root.hex()[:8]}.."
        )
    for fault in _faults(
        ledger, verdict, records, owners, lambda one: spendable is None or header.time <= spendable(one)
    ):
        verdict.faults.append(fault)
        if len(verdict.faults) == _MOST_FAULTS:
            break
    return verdict


def _whole(verdict: Verdict, flaw: Flaw, detail: str) -> Verdict:
    verdict.faults.append(Fault(flaw, -1, detail))
    return verdict


def _faults(
    ledger: UtxoSet, verdict: Verdict, records: Sequence[bytes], owners: Sequence[bytes], in_time: Callable[[int], bool]
) -> Iterator[Fault]:
    number, spent, left = verdict.number, set[int](), verdict.fees
    closed = False
    for index, record in enumerate(records):
        parts = split(record)
        one = None if parts is None else read(parts[0])
        if one is None:
            yield Fault(Flaw.TRANSACTION_MALFORMED, index, f"{len(record)} bytes that are no transaction")
            continue
        verdict.transactions.append(one)
        if one.kind == FEE:
            closed = True
            for detail in collected_wrongly(one, number, left, verdict.collected):
                yield Fault(Flaw.FEE_WRONG, index, detail)
            continue
        if closed:
            yield Fault(Flaw.PAYMENT_AFTER_FEES, index, "a payment stands behind a fee transaction")
        refusal, paid, exiting = judge(ledger, one, owners[index], number)
        if refusal is not None:
            yield Fault(_OF_REFUSAL[type(refusal)], index, str(refusal.args[0]))
        for position in one.inputs:
            if position in spent:
                yield Fault(Flaw.SPENT_TWICE, index, f"input {position:#x} is spent before in this block")
            spent.add(position)
        for token, amount in paid.items():
            left[token] = left.get(token, 0) + amount
        if exiting:
            leaving = list(_exiting(ledger, index, one))
            verdict.against_exits += leaving
            for _, position in leaving:
                if not in_time(position):
                    yield Fault(Flaw.INPUT_LEAVING, index, f"input {position:#x} has been leaving for too long")


def _exiting(ledger: UtxoSet, index: int, one: Fields) -> Iterator[tuple[int, int]]:
    for position in one.inputs:
        found = ledger.find(position)
        if found is not None and found[1]:
            yield index, position
