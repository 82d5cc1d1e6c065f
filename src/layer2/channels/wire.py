"""The JSON form of what parties send each other off chain: one message, its signature, and for locks their leaves.

One meaning has one encoding: an object with exactly the members of the EIP-712 type, `type` and `signature`; numbers as
decimal strings without leading zeros, bytes as lower-case 0x-hex, addresses with their EIP-55 checksum.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from layer2.channels.locks import LockSet
from layer2.channels.messages import Close, LockVoucher, Move, Session, Voucher, Watch, Withdraw
from layer2.primitives.addresses import to_address
from layer2.primitives.errors import MalformedError, RangeError
from layer2.primitives.typed_data import Member

__all__ = ["MAX_BYTES", "MESSAGE_TYPES", "Message", "Signed", "decode", "encode"]

MAX_BYTES = 65_536
"""No longer message is read: room for some 400 locks and a long contract signature."""

Message = Voucher | LockVoucher | Close | Withdraw | Move | Session | Watch
MESSAGE_TYPES: tuple[type[Message], ...] = (Voucher, LockVoucher, Close, Withdraw, Move, Session, Watch)
"""What can be sent."""

_BY_NAME: dict[str, type[Message]] = {one.NAME: one for one in MESSAGE_TYPES}
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,77}", re.ASCII)
_HEX = re.compile(r"0x(?:[0-9a-f]{2})*", re.ASCII)
_UINT = re.compile(r"uint(\d+)")


@dataclass(frozen=True, slots=True)
class Signed:
    """A message with its signature: 64 or 65 bytes, a session proof, or what an ERC-1271 account takes.

    A `LockVoucher` travels with its `locks`, which must be the ones that it hashes and sums up.

    Raises:
        MalformedError: no signature, locks that are not the message's, or locks where none belong.
    """

    message: Message
    signature: bytes
    locks: LockSet | None = None

    def __post_init__(self) -> None:
        if not self.signature:
            raise MalformedError("signature: empty", hint="sign the message before sending it")
        if not isinstance(self.message, LockVoucher):
            if self.locks is not None:
                raise MalformedError(f"locks: a {self.message.NAME} has none")
            return
        if self.locks is None:
            raise MalformedError("locks: missing", hint="send a LockVoucher with its locks")
        for name, have in (
            ("locks_hash", self.locks.hash()),
            ("locked", self.locks.locked),
            ("last_expiry", self.locks.last_expiry),
        ):
            if have != getattr(self.message, name):
                raise MalformedError(f"locks: their {name} is not the one in the message")


def encode(signed: Signed) -> bytes:
    """One line of JSON, at most MAX_BYTES; raises MalformedError if it would be longer."""
    message = signed.message
    body: dict[str, Any] = {"type": message.NAME}
    for member in message.MEMBERS:
        value = getattr(message, member.field)
        body[member.name] = "0x" + value.hex() if isinstance(value, bytes) else str(value)
    if signed.locks is not None:
        body["locks"] = "0x" + signed.locks.encode().hex()
    body["signature"] = "0x" + signed.signature.hex()
    text = json.dumps(body, separators=(",", ":")).encode()
    _require_size(len(text))
    return text


def decode(data: bytes, *expected: type[Message]) -> Signed:
    """Read one message, of one of the `expected` types if any are named. Signatures are not verified here.

    Raises:
        MalformedError: naming the field, for anything that `encode` does not write.
    """
    _require_size(len(data))
    body = _parse(data)
    kind = _BY_NAME.get(_text(body, "type"))
    if kind is None or (expected and kind not in expected):
        names = ", ".join(one.NAME for one in expected or MESSAGE_TYPES)
        raise MalformedError(f"type: {body['type'][:40]!r} given, need one of {names}")
    has_locks = kind is LockVoucher
    known = {"type", "signature", *(member.name for member in kind.MEMBERS)} | ({"locks"} if has_locks else set())
    for name in body:
        if name not in known:
            raise MalformedError(f"{name[:40]}: a {kind.NAME} has no such field")
    values = {member.field: _read(member, _text(body, member.name)) for member in kind.MEMBERS}
    message = cast(Callable[..., Message], kind)(**values)
    return Signed(message, _hex("signature", _text(body, "signature")), _locks(body) if has_locks else None)


def _require_size(size: int) -> None:
    if size > MAX_BYTES:
        raise MalformedError(f"message: {size} bytes, need at most {MAX_BYTES}")


def _parse(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data.decode("utf-8"), object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as failure:
        raise MalformedError(f"message: no JSON object: {str(failure)[:80]}") from None
    if not isinstance(body, dict):
        raise MalformedError(f"message: a JSON {type(body).__name__}, need an object")
    return body


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise MalformedError(f"{name[:40]}: given twice")
        found[name] = value
    return found


def _text(body: dict[str, Any], name: str) -> str:
    if name not in body:
        raise MalformedError(f"{name}: missing")
    value = body[name]
    if not isinstance(value, str):
        raise MalformedError(f"{name}: a JSON {type(value).__name__}, need a string")
    return value


def _hex(name: str, text: str) -> bytes:
    if _HEX.fullmatch(text) is None:
        raise MalformedError(f"{name}: {text[:20]!r} is no lower-case 0x-hex")
    return bytes.fromhex(text[2:])


def _read(member: Member, text: str) -> Any:
    number = _UINT.fullmatch(member.type)
    if number is not None:
        if _DECIMAL.fullmatch(text) is None:
            raise MalformedError(f"{member.name}: {text[:20]!r} is no decimal number")
        value = int(text)
        if value >> int(number[1]):
            raise MalformedError(f"{member.name}: {value} does not fit {member.type}")
        return value
    if member.type == "address":
        try:
            address = to_address(text)
        except MalformedError as failure:
            raise MalformedError(f"{member.name}: {failure}") from None
        if address != text:
            raise MalformedError(f"{member.name}: {text} is not checksummed", hint=f"write {address}")
        return address
    word = _hex(member.name, text)
    if len(word) != 32:
        raise MalformedError(f"{member.name}: {len(word)} bytes, need 32")
    return word


def _locks(body: dict[str, Any]) -> LockSet:
    try:
        return LockSet.decode(_hex("locks", _text(body, "locks")))
    except (MalformedError, RangeError) as failure:
        raise MalformedError(str(failure) if str(failure).startswith("locks:") else f"locks: {failure}") from None
