"""What is no account, no amount and no duration, of every kind, and what is said of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from layer2.ethereum.signer import LocalSigner
from layer2.primitives.errors import InputError, MalformedError, RangeError


class AddressOnly:
    """What has an address and a method that signs transactions, as accounts of other libraries do."""

    address = "0x" + "11" * 20

    def sign_transaction(self, tx: dict[str, Any]) -> bytes:
        raise AssertionError("it is not asked: it is no signer")


class Claims(LocalSigner):
    """A signer whose address is not one."""

    address = "payer"  # type: ignore[assignment]

    def __init__(self) -> None:
        pass


NO_ACCOUNTS = {
    "none": None,
    "a role": "payer",
    "an address": "0x" + "11" * 20,
    "a key": b"\x21" * 32,
    "a key in hex": "0x" + "21" * 32,
    "a number": 7,
    "a float": 1.5,
    "a list": [],
    "a class": LocalSigner,
    "an account of another kind": AddressOnly(),
    "a signer without an address": Claims(),
}
NO_AMOUNTS: dict[str, tuple[Any, type[InputError], str]] = {
    "none": (None, MalformedError, "amount: NoneType given"),
    "a float": (1.5, MalformedError, "amount: float given"),
    "nan": (float("nan"), MalformedError, "amount: float given"),
    "a decimal": (Decimal(1), MalformedError, "amount: Decimal given"),
    "a truth value": (True, MalformedError, "amount: bool given"),
    "bytes": (b"1 ether", MalformedError, "amount: bytes given"),
    "a list": ([], MalformedError, "amount: list given"),
    "words": ("much", MalformedError, "is not an amount"),
    "nothing": ("", MalformedError, "is not an amount"),
    "no unit": ("1", MalformedError, "has no unit"),
    "an unknown unit": ("1 finney", MalformedError, "the unknown unit 'finney'"),
    "an exponent": ("1e18", MalformedError, "is not an amount"),
    "negative text": ("-1 ether", RangeError, "is negative"),
    "a negative number": (-1, RangeError, "is negative"),
    "too fine": ("0.0000000000000000001 ether", RangeError, "finer than one wei"),
    "too long": ("1" * 200 + " ether", MalformedError, "is not an amount"),
    "above 256 bits": (1 << 256, RangeError, "above 256 bits"),
    "far above": (10**5000, RangeError, "above 256 bits"),
    "text above 256 bits": ("9" * 80 + " ether", RangeError, "above 256 bits"),
}
"""What is none, and what is said of it: of which kind the refusal is, and which words name what is wrong."""
NO_DURATIONS: list[tuple[Any, type[InputError], str]] = [
    (None, MalformedError, "duration: NoneType given"),
    (1.5, MalformedError, "duration: float given"),
    (True, MalformedError, "duration: bool given"),
    (b"1 h", MalformedError, "duration: bytes given"),
    ("soon", MalformedError, "is not a duration"),
    ("60", MalformedError, "has no unit"),
    ("1 ms", MalformedError, "the unknown unit 'ms'"),
    ("-1 hour", RangeError, "is negative"),
    (-1, RangeError, "is negative"),
    (1 << 64, RangeError, "above 63 bits"),
    ("0.1 s", RangeError, "finer than one second"),
]
