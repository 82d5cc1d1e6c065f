"""Request formats of the operator: payments as objects, hex or bytes. Invalid input raises MalformedError."""

from __future__ import annotations

from typing import Any

from layer2.api.http.json_fields import bytes_of, listed, number_of, require_count
from layer2.plasma.protocol.packed import split_body
from layer2.plasma.protocol.signing import Signed, signed
from layer2.plasma.protocol.transaction import Kind, Output, Transaction
from layer2.primitives.errors import Layer2Error, MalformedError

__all__ = ["MOST_PAYMENTS", "payment_json", "records_of_bytes", "records_of_json"]

MOST_PAYMENTS = 2_048
"""Maximum number of payments in one request."""


def records_of_bytes(body: bytes) -> list[bytes]:
    """Return the records of a binary request, encoded like a block body.

    The encoding of each record is `length(2) | packed | signatures(64 each)`.
    """
    if not body:
        raise MalformedError("the request has no payments", hint="send at least one")
    records = split_body(body)
    require_count(len(records), "payments", MOST_PAYMENTS)
    return records


def records_of_json(data: Any) -> tuple[list[bytes], dict[int, Layer2Error]]:
    """Return the records of a list of payments (hex or objects), and errors by index of undecodable ones."""
    return listed(data, "payments", MOST_PAYMENTS, _record)


def payment_json(one: Signed) -> dict[str, Any]:
    """Return a payment as an object."""
    made: Transaction = one.transaction
    return {
        "inputs": [str(position) for position in made.inputs],
        "outputs": [{"owner": row.address, "token": row.token, "amount": str(row.amount)} for row in made.outputs],
        "expiry": made.expiry,
        "memo": "0x" + made.memo.hex() if made.memo else None,
        "signatures": ["0x" + signature.hex() for signature in one.signatures],
    }


def _record(one: Any) -> bytes:
    if not isinstance(one, dict):
        raise MalformedError("not a payment", hint="give hex, or an object with inputs, outputs, expiry and signatures")
    inputs, outputs, signatures = (_list(name, one.get(name)) for name in ("inputs", "outputs", "signatures"))
    memo = one.get("memo")
    # The inputs are not sorted here, because the signatures follow their order.
    made = Transaction(
        Kind.PAYMENT,
        number_of("expiry", one.get("expiry"), 40),
        tuple(number_of("input", position, 64) for position in inputs),
        tuple(_output(row) for row in outputs),
        b"" if memo is None else bytes_of(memo, 32),
    )
    parts = signed(made, [bytes_of(given) for given in signatures])
    return made.packed + b"".join(parts.signatures)


def _list(name: str, given: Any) -> list[Any]:
    if not isinstance(given, list) or not 0 < len(given) <= 4:
        raise MalformedError(f"{name}: a list of 1 to 4 needed", hint="one signature for each input")
    return given


def _output(row: Any) -> Output:
    if not isinstance(row, dict) or not isinstance(row.get("owner"), str):
        raise MalformedError("an output has no owner", hint="give owner, token and amount")
    token, amount = number_of("token", row.get("token", 0), 16), number_of("amount", row.get("amount"), 96)
    return Output.to(row["owner"], token, amount)
