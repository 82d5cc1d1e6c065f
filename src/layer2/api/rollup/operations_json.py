"""Request formats of the sequencer: operations as objects, hex or bytes."""

from __future__ import annotations

from typing import Any

from layer2.api.http.json_fields import bytes_of, listed, number_of, require_count
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.errors import Layer2Error, MalformedError
from layer2.rollup.protocol.messages import Transfer, Withdraw
from layer2.rollup.protocol.signed_operation import SignedOp, split_records

__all__ = ["MOST_OPERATIONS", "operation_json", "records_of_bytes", "records_of_json"]

MOST_OPERATIONS = 4_096
"""Maximum number of operations in one request."""

_NUMBERS = ("sender", "nonce", "amount", "token", "fee")


def records_of_json(data: Any) -> tuple[list[bytes], dict[int, Layer2Error]]:
    """Return the records of a list of operations (hex or objects), and errors by index of undecodable ones."""
    return listed(data, "operations", MOST_OPERATIONS, _record)


def records_of_bytes(body: bytes) -> list[bytes]:
    """Return the records of a binary request: each one is preceded by one byte with its length."""
    records = split_records(body)
    require_count(len(records), "operations", MOST_OPERATIONS)
    return records


def operation_json(op: SignedOp) -> dict[str, Any]:
    """Return an operation as an object."""
    one = op.message
    kind = "withdraw" if isinstance(one, Withdraw) else "transfer"
    return {"type": kind, **one.values(), "amount": str(one.amount), "signature": "0x" + op.signature.hex()}


def _record(one: Any) -> bytes:
    if not isinstance(one, dict) or one.get("type") not in ("transfer", "withdraw"):
        raise MalformedError("not an operation", hint="give hex, or an object with type transfer or withdraw")
    bits = {"amount": 128, "token": 16, "fee": 8}
    sender, nonce, amount, token, fee = (number_of(name, one.get(name), bits.get(name, 32)) for name in _NUMBERS)
    signature = bytes_of(one.get("signature"))
    if len(signature) not in (48, 64, 65):
        raise MalformedError(f"a signature of {len(signature)} bytes", hint="48 by a BLS key, 64 or 65 by Ethereum's")
    signature = to_compact(signature) if len(signature) == 65 else signature
    if one["type"] == "transfer":
        return SignedOp(Transfer(sender, nonce, number_of("to", one.get("to")), amount, token, fee), signature).encode()
    return SignedOp(Withdraw(sender, nonce, one.get("to"), amount, token, fee), signature).encode()  # type: ignore[arg-type] # checked there
