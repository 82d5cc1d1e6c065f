"""What bodies mean: operations as objects, as hex, as bytes. Anything else is a MalformedError, whatever it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from layer2.primitives.ecdsa import to_compact
from layer2.primitives.errors import Layer2Error, MalformedError
from layer2.primitives.jsontext import parse_json
from layer2.rollup.mempool import SignedOp, split_records
from layer2.rollup.messages import Transfer, Withdraw
from layer2.rollup.refusals import TooLarge

__all__ = ["MOST_OPERATIONS", "bytes_of", "listed", "number_of", "operation_json", "read_json", "records_of_bytes",
           "records_of_json", "require_count"]  # fmt: skip

MOST_OPERATIONS = 4_096
"""Of one request."""

_DEEPEST = 16

_NUMBERS = ("sender", "nonce", "amount", "token", "fee")


def read_json(body: bytes) -> Any:
    """Plain JSON; numbers with a fraction or an exponent are refused, since no amount is one."""
    return parse_json(body, "the body", deepest=_DEEPEST)


def records_of_json(data: Any) -> tuple[list[bytes], dict[int, Layer2Error]]:
    """The records of a list of operations, hex or objects; by place, what could not be read (empty records)."""
    return listed(data, "operations", MOST_OPERATIONS, _record)


def listed(
    data: Any, what: str, most: int, record: Callable[[Any], bytes]
) -> tuple[list[bytes], dict[int, Layer2Error]]:
    """The records of a list, each in hex or as what `record` reads; by place, what could not be read.

    Args:
        what: name of the things, under which an object has the list.
    """
    if isinstance(data, dict):
        data = data.get(what)
    if not isinstance(data, list):
        raise MalformedError(f"no list of {what}", hint=f"send [..] or {{{what}: [..]}}")
    require_count(len(data), what, most)
    records: list[bytes] = []
    faults: dict[int, Layer2Error] = {}
    for place, one in enumerate(data):
        try:
            records.append(bytes_of(one) if isinstance(one, str) else record(one))
        except Layer2Error as fault:
            faults[place] = fault
            records.append(b"")
    return records, faults


def require_count(count: int, what: str, most: int) -> None:
    """Raise MalformedError for none, TooLarge for more than `most` at once."""
    if not count:
        raise MalformedError(f"no {what}", hint="send at least one")
    if count > most:
        raise TooLarge(f"{count} {what} at once", have=count, need=most, hint="send fewer")


def records_of_bytes(body: bytes) -> list[bytes]:
    """The records of the binary form: each behind one byte with its length."""
    records = split_records(body)
    require_count(len(records), "operations", MOST_OPERATIONS)
    return records


def operation_json(op: SignedOp) -> dict[str, Any]:
    """An operation as an object."""
    one = op.message
    kind = "withdraw" if isinstance(one, Withdraw) else "transfer"
    return {"type": kind, **one.values(), "amount": str(one.amount), "signature": "0x" + op.signature.hex()}


def bytes_of(text: Any, size: int | None = None) -> bytes:
    """Bytes from 0x and hex digits; `size`: how many there must be."""
    if not isinstance(text, str) or text[:2] != "0x":
        raise MalformedError(f"{type(text).__name__} given, no hex", hint="give 0x and hex digits")
    try:
        found = bytes.fromhex(text[2:])
    except ValueError:
        raise MalformedError(f"{text!r:.40} is no hex", hint="give 0x and hex digits") from None
    # Python skips blanks.
    if 2 * len(found) + 2 != len(text) or size not in (None, len(found)):
        raise MalformedError(f"{len(found)} bytes of hex given, {size or 'no blanks'} needed", hint="check it")
    return found


def number_of(name: str, given: Any, bits: int = 32) -> int:
    """A number from an integer or a decimal string."""
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 50:
        given = int(given)
    if type(given) is not int:
        raise MalformedError(f"{name} is {given!r:.40}, need an integer or a decimal string", hint="no fractions")
    if not 0 <= given < 1 << bits:
        shown = given if given.bit_length() < 300 else f"of {given.bit_length()} bits"
        if given < 0:
            raise MalformedError(f"{name} is {shown}, need zero or more", hint="give a number that fits")
        raise TooLarge(f"{name} is {shown}, need {bits} bits", hint="give a number that fits")
    return given


def _record(one: Any) -> bytes:
    if not isinstance(one, dict) or one.get("type") not in ("transfer", "withdraw"):
        raise MalformedError("no operation", hint="give hex, or an object with type transfer or withdraw")
    bits = {"amount": 128, "token": 16, "fee": 8}
    sender, nonce, amount, token, fee = (number_of(name, one.get(name), bits.get(name, 32)) for name in _NUMBERS)
    signature = bytes_of(one.get("signature"))
    if len(signature) not in (48, 64, 65):
        raise MalformedError(f"a signature of {len(signature)} bytes", hint="48 by a BLS key, 64 or 65 by Ethereum's")
    signature = to_compact(signature) if len(signature) == 65 else signature
    if one["type"] == "transfer":
        return SignedOp(Transfer(sender, nonce, number_of("to", one.get("to")), amount, token, fee), signature).encode()
    return SignedOp(Withdraw(sender, nonce, one.get("to"), amount, token, fee), signature).encode()  # type: ignore[arg-type] # checked there
