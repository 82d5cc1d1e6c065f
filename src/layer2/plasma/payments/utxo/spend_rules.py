"""Spend rules for payments, shared by the operator and watchers.

A payment spends outputs of earlier blocks and deposits, each with its owner's signature. Its outputs must not exceed
its inputs in any token; the remainder is a fee. Fee transactions come last in a block, name its number, and collect in
each token at most the fees of the block's payments, in one output per token.
"""

from __future__ import annotations

from layer2.plasma.common.errors import (
    Expired,
    InputSpent,
    InputUnknown,
    KindWrong,
    OutputExiting,
    Overspent,
    Rejected,
    SignatureWrong,
)
from layer2.plasma.payments.utxo.columns import EXITED, EXITING, SPENT
from layer2.plasma.payments.utxo.utxo_set import Found, UtxoSet
from layer2.plasma.protocol.packed import FEE, Fields
from layer2.primitives.display import format_units

__all__ = ["NOBODY", "Judgement", "basis_of", "judge"]

NOBODY = bytes(20)
"""Placeholder signer of an invalid signature; no output has this owner."""

Judgement = tuple[Rejected | None, dict[int, int], bool]
"""The rejection of a payment or None, its fees by token, and True if it spends an exiting output."""


def basis_of(ledger: UtxoSet, one: Fields) -> bytes:
    """Return the rows of the outputs that a payment spends, in order, without missing ones."""
    return b"".join([found[0] for found in map(ledger.find, one.inputs) if found is not None])


def judge(ledger: UtxoSet, one: Fields, owners: bytes | None, number: int) -> Judgement:
    """Judge a payment for block `number`.

    Args:
        owners: signers of the inputs, 20 bytes each; None if signatures were judged before.
    """
    if one.kind == FEE:
        return KindWrong("only the operator makes fee transactions", hint="send a payment"), {}, False
    if one.expiry < number:
        late = f"block {one.expiry} is the last that may include it, {number} is made now"
        return Expired(late, have=one.expiry, need=number, hint="sign it again with a later expiry"), {}, False
    fees: dict[int, int] = {}
    exiting, at, find = False, 0, ledger.find
    for position in one.inputs:
        found = find(position)
        if found is None or found[1]:
            fault = _missing(ledger, position, found)
            if fault is not None:
                return fault, {}, False
            exiting = True
        assert found is not None
        row = found[0]
        if owners is not None and row[:20] != owners[at : at + 20]:
            return (
                SignatureWrong(
                    f"input {position:#x}: the signature is not its owner's, 0x{row[:20].hex()}",
                    hint="sign this transaction with the owner's key, one signature for each input in order",
                ),
                {},
                exiting,
            )
        at += 20
        token = int.from_bytes(row[20:22], "big")
        fees[token] = fees.get(token, 0) + int.from_bytes(row[22:], "big")
    for _, token, amount in one.outputs:
        left = fees.get(token, 0) - amount
        if left < 0:
            return _overspent(ledger, one, token), {}, exiting
        fees[token] = left
    return None, fees, exiting


def _missing(ledger: UtxoSet, position: int, found: Found | None) -> Rejected | None:
    """Return the rejection for an unspendable input; None if it is spendable, though exiting."""
    if found is None:
        if ledger.passed(position):
            return InputSpent(
                f"input {position:#x}: already spent, or never existed", hint="ask for the outputs you own"
            )
        return InputUnknown(f"input {position:#x}: no such output", hint="wait for its block or deposit")
    if found[1] & SPENT:
        return InputSpent(f"input {position:#x}: spent in a block", hint="ask for the outputs you own")
    if found[1] & EXITED:
        return OutputExiting(f"input {position:#x}: paid out by the contract", hint="use another output")
    assert found[1] & EXITING
    return None


def _overspent(ledger: UtxoSet, one: Fields, token: int) -> Overspent:
    rows = [found[0] for found in map(ledger.find, one.inputs) if found is not None]
    have = sum(int.from_bytes(row[22:], "big") for row in rows if int.from_bytes(row[20:22], "big") == token)
    need = sum(amount for _, other, amount in one.outputs if other == token)
    return Overspent(
        f"the outputs need {format_units(need, token)}, the inputs have {format_units(have, token)}",
        have=have,
        need=need,
        hint="give less",
    )
