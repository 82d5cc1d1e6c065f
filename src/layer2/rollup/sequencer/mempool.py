"""Mempool of pending operations on top of the state: admission in nonce order, minimum fees, limited capacity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from layer2.node.intake import Refusals
from layer2.primitives.display import format_units
from layer2.primitives.errors import Layer2Error
from layer2.rollup.protocol.compressed_amounts import fee_of
from layer2.rollup.protocol.errors import (
    AccountUnknown,
    BalanceTooLow,
    FeeTooLow,
    FeeUnwanted,
    MempoolFull,
    NonceWrong,
    Rejected,
    SignatureWrong,
    TooLarge,
)
from layer2.rollup.protocol.params import MAX_BALANCE, MAX_NONCE
from layer2.rollup.protocol.signed_operation import FIELDS, malformed
from layer2.rollup.state.forced_queue import QueueItem, apply_item
from layer2.rollup.state.overlay import Held, StateOverlay, layer_over
from layer2.rollup.state.signature_oracle import SignatureOracle
from layer2.rollup.state.state import State

__all__ = ["Fees", "Pending", "Mempool", "VerifiedBatch"]


Pending = tuple[bytes, float, bytes, bytes]
"""A record, its time of acceptance (seconds of a monotonic clock), and the owners of its sender and receiver."""


@dataclass(frozen=True, slots=True)
class Fees:
    """Fee policy: minimum fees in smallest units, and the accounts that receive fees.

    Attributes:
        otherwise: minimum fee in tokens that are not in `least`.
        least: minimum fee by token.
        accounts: account that receives fees, by token. In other tokens, only operations without a fee are accepted.
    """

    otherwise: int = 0
    least: Mapping[int, int] = field(default_factory=dict)
    accounts: Mapping[int, int] = field(default_factory=dict)

    def least_of(self, token: int) -> int:
        """Return the minimum fee in a token."""
        return self.least.get(token, self.otherwise)


@dataclass(slots=True)
class VerifiedBatch:
    """Operations with verified signatures.

    Attributes:
        records: encoded operations.
        digests: signed digest of each operation.
        owners: owner word of each operation's signer; empty if no valid signature was found.
        refused: errors by index of operations that were rejected before signature verification.
    """

    records: Sequence[bytes]
    digests: list[bytes]
    owners: list[bytes]
    refused: dict[int, Layer2Error]


class Mempool:
    """Pending operations in order of acceptance; each one is valid on top of its predecessors.

    Attributes:
        most: maximum number of pending operations.
        pending: operations by digest.
        owners: recorded owner of each account named by an accepted operation.
        unnoted: owners that have yet to be recorded.
        fees: fee policy.
    """

    def __init__(self, most: int, head: State) -> None:
        self.most = most
        self.pending: dict[bytes, Pending] = {}
        self.owners: dict[int, bytes] = {}
        self.unnoted: list[tuple[int, bytes]] = []
        self.fees = Fees()
        self.reset(head, (), None)

    def __repr__(self) -> str:
        return f"<Mempool pending={len(self.pending)} of {self.most}>"

    def reset(
        self, head: State, coming: Sequence[QueueItem], authority: SignatureOracle | None
    ) -> tuple[list[bytes], dict[bytes, Rejected]]:
        """Apply the pending operations on top of a state and of the queue items that the next entry consumes first.

        Returns:
            Digests of operations whose nonce has been used, and errors by digest of operations that have become
            impossible. None of them is pending afterwards.
        """
        under, self.base = layer_over(head)
        for item in coming:
            assert authority is not None
            apply_item(under, item, authority)
        self._state, self._layer = layer_over(under)
        used: list[bytes] = []
        dropped: dict[bytes, Rejected] = {}
        before, self.pending = self.pending, {}
        for digest, one in before.items():
            record = one[0]
            row = self._layer.row(int.from_bytes(record[1:5], "big"))
            refusal = self._moved(one)
            if refusal is None and row is not None and row.nonce > int.from_bytes(record[5:9], "big"):
                used.append(digest)
                continue
            refusal = refusal or self._judge(record, None)
            if refusal is None:
                self.pending[digest] = one
            else:
                dropped[digest] = refusal
        return used, dropped

    def remove(self, digest: bytes) -> None:
        """Remove an operation, if it is pending; the accounts change with the next `reset`."""
        self.pending.pop(digest, None)

    def account(self, index: int) -> Held | None:
        """Return an account as of all pending operations; None if it does not exist."""
        return self._layer.row(index)

    def layer(self) -> StateOverlay:
        """Return the accounts before any pending operation."""
        return self.base

    def prevalidate(self, records: Sequence[bytes]) -> dict[int, Layer2Error]:
        """Return errors by index for records that can be rejected without verifying a signature."""
        refused: dict[int, Layer2Error] = {}
        row_of, unpack, fees = self._layer.row, FIELDS.unpack_from, self.fees
        for place, record in enumerate(records):
            fault: Layer2Error | None = malformed(record)
            if fault is None:
                _, sender, nonce, token, fee, _, _, _, _ = unpack(record)
                row = row_of(sender)
                if row is None or row.token != token:
                    fault = _unknown(sender, token)
                elif nonce < row.nonce:
                    fault = _wrong_nonce(sender, nonce, row.nonce)
                elif fee_of(fee) < fees.least_of(token):
                    fault = _low_fee(sender, fee_of(fee), fees.least_of(token))
            if fault is not None:
                refused[place] = fault
        return refused

    def admit(self, batch: VerifiedBatch, now: float) -> Refusals:
        """Admit valid operations one after another; return an error or None for each."""
        results: Refusals = []
        pending, most = self.pending, self.most
        for place, record in enumerate(batch.records):
            fault = batch.refused.get(place)
            if fault is None and len(pending) >= most:
                fault = MempoolFull(
                    f"{most} operations are pending",
                    have=len(pending),
                    need=most,
                    hint="try again after the next entry",
                )
            if fault is None:
                fault = self._judge(record, batch.owners[place])
                if fault is None:
                    pending[batch.digests[place]] = (record, now, batch.owners[place], self._named(record))
            results.append(fault)
        return results

    def _named(self, record: bytes) -> bytes:
        """Return the owner of a valid operation's receiver (empty for a withdrawal), and note both owners."""
        rows = self._layer.rows
        receiver = b"" if record[0] else self._note(int.from_bytes(record[44:48], "big"), rows)
        self._note(int.from_bytes(record[1:5], "big"), rows)
        return receiver

    def _note(self, index: int, rows: Mapping[int, Held]) -> bytes:
        owner = rows[index].owner
        if self.owners.get(index) != owner:
            self.owners[index] = owner
            self.unnoted.append((index, owner))
        return owner

    def _moved(self, one: Pending) -> Rejected | None:
        """Return an error if a reorganisation gave an account number of the operation to another owner, or None."""
        record, _, sender, receiver = one
        named = [(int.from_bytes(record[1:5], "big"), sender)]
        if not record[0]:
            named.append((int.from_bytes(record[44:48], "big"), receiver))
        for index, owner in named:
            row = self._layer.row(index)
            if row is not None and row.owner != owner:
                return AccountUnknown(
                    f"account {index}: it belongs to another owner since a reorganisation",
                    hint="ask for the account again",
                )
        return None

    def _judge(self, record: bytes, owner: bytes | None) -> Rejected | None:
        """Apply an operation on top of all others, or return its error.

        Args:
            record: the encoded operation.
            owner: owner word of the signer; None for an operation that was accepted before.
        """
        out, sender, nonce, token, fee_class, high, low, _, to = FIELDS.unpack_from(record)
        row = self._layer.row(sender)
        if row is None or row.token != token:
            return _unknown(sender, token)
        fee, amount = fee_of(fee_class), high << 64 | low
        if nonce != row.nonce or nonce >= MAX_NONCE:
            return _wrong_nonce(sender, nonce, row.nonce)
        # Operations accepted under an earlier fee policy remain accepted.
        if owner is not None and fee < self.fees.least_of(token):
            return _low_fee(sender, fee, self.fees.least_of(token))
        if fee and not self._takes(token):
            return FeeUnwanted(
                f"account {sender}: fee {fee} given, the sequencer has no account of token {token}", hint="give no fee"
            )
        if not amount or row.balance < amount + fee:
            return BalanceTooLow(
                f"account {sender} has {format_units(row.balance, row.token)}, {format_units(amount, row.token)} "
                f"and a fee of {format_units(fee, row.token)} needed",
                have=row.balance,
                need=amount + fee,
                hint="send less, or deposit more" if amount else "send more than nothing",
            )
        other = None
        if not out:
            other = self._layer.row(to)
            if other is None or other.token != token:
                return AccountUnknown(f"account {to}: unknown, or not of token {token}", hint="check the receiver")
            if to != sender and other.balance + amount > MAX_BALANCE:
                return TooLarge(f"account {to}: {amount} more would overflow its balance", hint="send less")
        if owner is not None and owner != row.owner:
            return SignatureWrong(
                f"account {sender}: the signature is not its owner's", hint="sign this operation with its key"
            )
        row.nonce = nonce + 1
        row.balance -= amount + fee
        if other is not None:
            other.balance += amount
        return None

    def _takes(self, token: int) -> bool:
        receiver = self._layer.row(self.fees.accounts.get(token, 0))
        return receiver is not None and receiver.token == token


def _unknown(sender: int, token: int) -> AccountUnknown:
    return AccountUnknown(
        f"account {sender}: unknown, or not of token {token}", hint="deposit first, and wait for the batch"
    )


def _wrong_nonce(sender: int, have: int, need: int) -> NonceWrong:
    return NonceWrong(
        f"account {sender}: nonce {have} given, {need} needed", have=have, need=need, hint="ask for the account again"
    )


def _low_fee(sender: int, have: int, need: int) -> FeeTooLow:
    return FeeTooLow(f"account {sender}: fee {have} given, {need} needed", have=have, need=need, hint="raise the fee")
