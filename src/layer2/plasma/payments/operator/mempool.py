"""The mempool: accepted payments in no block yet. No two spend the same output, and none spends another's output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from layer2.node.intake import Refusals
from layer2.node.tx_status import TxStatusIndex
from layer2.plasma.common.errors import FeeTooLow, InputSpent, InputUnknown, MempoolFull, OutputExiting, Rejected
from layer2.plasma.payments.utxo.fees import FeePolicy
from layer2.plasma.payments.utxo.spend_rules import basis_of, judge
from layer2.plasma.payments.utxo.utxo_set import UtxoSet
from layer2.plasma.protocol.packed import Fields, inputs_of, read, split
from layer2.primitives.errors import Layer2Error, MalformedError

__all__ = ["Pending", "Mempool", "VerifiedBatch", "fields_of"]


class Pending(NamedTuple):
    """A pending payment: its record, its transaction's leaf, and the basis it was judged by (`rules.basis_of`)."""

    record: bytes
    leaf: bytes
    basis: bytes


class VerifiedBatch:
    """A batch of records with verified signatures: for each its transaction's hash, its leaf and its signers.

    Attributes:
        fields: decoded fields by place; None for a record that is not a valid transaction.
        refused: rejections by place, for records whose signatures need no verification.
    """

    __slots__ = ("digests", "fields", "leaves", "owners", "records", "refused")

    def __init__(
        self, records: Sequence[bytes], fields: Sequence[Fields | None], refused: dict[int, Layer2Error]
    ) -> None:
        self.records = records
        self.fields = fields
        self.refused = refused
        self.digests = [b""] * len(records)
        self.leaves = [b""] * len(records)
        self.owners = [b""] * len(records)

    def __repr__(self) -> str:
        return f"<VerifiedBatch {len(self.records)} refused={len(self.refused)}>"


def fields_of(record: bytes) -> Fields:
    """Return the fields of a valid record; raise MalformedError if it is not one."""
    parts = split(record)
    one = None if parts is None else read(parts[0])
    if one is None:
        raise MalformedError(f"a record of {len(record)} bytes is not a transaction", hint="send a packed payment")
    return one


class Mempool:
    """Accepted payments by hash, in order of acceptance, and the payment that spends each claimed output."""

    def __init__(self, most: int, policy: FeePolicy) -> None:
        self.most = most
        self.policy = policy
        self.pending: dict[bytes, Pending] = {}
        self.claimed: dict[int, bytes] = {}

    def __repr__(self) -> str:
        return f"<Mempool pending={len(self.pending)} of {self.most}>"

    def prevalidate(self, records: Sequence[bytes], ledger: UtxoSet) -> VerifiedBatch:
        """Return a batch with the rejections that need no signature verification."""
        refused: dict[int, Layer2Error] = {}
        fields: list[Fields | None] = []
        number = ledger.head + 1
        for place, record in enumerate(records):
            parts = split(record)
            one = None if parts is None else read(parts[0])
            fields.append(one)
            if one is None:
                refused[place] = MalformedError(
                    f"a record of {len(record)} bytes is not a payment", hint="see the format"
                )
                continue
            fault, _, _ = judge(ledger, one, None, number)
            # A payment in a block or in the mempool may be submitted again by a client that received no answer.
            if fault is not None and not isinstance(fault, InputSpent):
                refused[place] = fault
        return VerifiedBatch(records, fields, refused)

    def admit(self, batch: VerifiedBatch, ledger: UtxoSet, tx_statuses: TxStatusIndex) -> Refusals:
        """Admit payments that are valid on the ledger; return each one's rejection or None.

        A payment that is already pending or in a block is accepted again without effect.
        """
        results: Refusals = []
        for place, record in enumerate(batch.records):
            hashed = batch.digests[place]
            fault: Layer2Error | None = batch.refused.get(place)
            if fault is None and not (hashed in self.pending or tx_statuses.included(hashed)):
                one = batch.fields[place]
                assert one is not None
                fault = self._judge(one, batch.owners[place], ledger)
                if fault is None:
                    self.add(hashed, Pending(record, batch.leaves[place], basis_of(ledger, one)), one)
            results.append(fault)
        return results

    def add(self, hashed: bytes, pending: Pending, one: Fields) -> None:
        """Add a payment that was judged before."""
        self.pending[hashed] = pending
        for position in one.inputs:
            self.claimed[position] = hashed

    def remove(self, hashed: bytes) -> None:
        """Remove a payment that is in a block or impossible."""
        for position in inputs_of(self.pending.pop(hashed).record):
            if self.claimed.get(position) == hashed:
                del self.claimed[position]

    def choose(
        self, ledger: UtxoSet, most: int
    ) -> tuple[list[bytes], list[Fields], dict[int, int], dict[bytes, Rejected]]:
        """Select the payments of the next block, in order of acceptance, `most` at most.

        Returns:
            Their hashes, their fields, the fees they pay by token, and the rejections of payments that have become
                impossible.
        """
        hashes: list[bytes] = []
        found: list[Fields] = []
        fees: dict[int, int] = {}
        dropped: dict[bytes, Rejected] = {}
        number = ledger.head + 1
        for hashed, pending in self.pending.items():
            if len(hashes) == most:
                break
            one = fields_of(pending.record)
            fault, paid = _again(ledger, one, pending.basis, number)
            if fault is not None:
                dropped[hashed] = fault
                continue
            hashes.append(hashed)
            found.append(one)
            for token, amount in paid.items():
                fees[token] = fees.get(token, 0) + amount
        return hashes, found, fees, dropped

    def impossible(self, ledger: UtxoSet, positions: Iterable[int]) -> dict[bytes, Rejected]:
        """Return the rejections of payments that spend one of these outputs and have become impossible."""
        dropped: dict[bytes, Rejected] = {}
        for position in positions:
            hashed = self.claimed.get(position)
            if hashed is None:
                continue
            pending = self.pending[hashed]
            fault, _ = _again(ledger, fields_of(pending.record), pending.basis, ledger.head + 1)
            if fault is not None:
                dropped[hashed] = fault
        return dropped

    def _judge(self, one: Fields, owners: bytes, ledger: UtxoSet) -> Rejected | None:
        if len(self.pending) >= self.most:
            return MempoolFull(
                f"{self.most} payments are pending",
                have=len(self.pending),
                need=self.most,
                hint="try again after a block",
            )
        fault, fees, exiting = judge(ledger, one, owners, ledger.head + 1)
        if fault is not None:
            return fault
        if exiting:
            return _exiting(one)
        for position in one.inputs:
            other = self.claimed.get(position)
            if other is not None:
                return InputSpent(
                    f"input {position:#x}: pending payment 0x{other.hex()[:8]}.. spends it", hint="spend another output"
                )
        return self._fee(fees, one, owners)

    def _fee(self, fees: dict[int, int], one: Fields, owners: bytes) -> FeeTooLow | None:
        first = owners[:20]
        return self.policy.refuses(fees, one, first if owners == first * len(one.inputs) else b"")


def _again(ledger: UtxoSet, one: Fields, basis: bytes, number: int) -> tuple[Rejected | None, dict[int, int]]:
    """Judge a payment again against its `basis`; return its rejection or None, and its fees by token.

    Signatures are not verified again, so the inputs must equal those of `basis`: after a reorganisation, L1 may have a
    different deposit at the position of a removed one.
    """
    fault, fees, exiting = judge(ledger, one, None, number)
    if fault is None and exiting:
        fault = _exiting(one)
    if fault is None and basis != basis_of(ledger, one):
        shown = ", ".join(f"{position:#x}" for position in one.inputs)
        fault = InputUnknown(
            f"one of the inputs {shown} has changed since this was accepted: the chain was reorganised",
            hint="sync the outputs, and sign again",
        )
    return fault, fees


def _exiting(one: Fields) -> OutputExiting:
    shown = ", ".join(f"{position:#x}" for position in one.inputs)
    return OutputExiting(f"one of the inputs {shown} is exiting", hint="use other outputs")
