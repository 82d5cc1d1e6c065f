"""EIP-712 typed data: frozen messages with a precomputed type hash, and a fixed-width encoder generated per class.

Generic encoders rebuild the type string and walk a schema for each message. Here a class has its own encoder, and a
domain its separator, so a digest costs two hashes and a concatenation.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from layer2.primitives.addresses import Address, address_bytes, to_address
from layer2.primitives.errors import MalformedError, RangeError
from layer2.primitives.hashing import keccak

_DOMAIN_TYPE = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_TYPE = re.compile(r"([A-Za-z_]\w*)\((.*)\)")
_NUMBER = re.compile(r"(u?)int(\d+)")
_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])")


@dataclass(frozen=True, slots=True)
class Domain:
    """Domain of a signature (EIP-712): the contract's name and version, the chain and the address."""

    name: str
    version: str
    chain_id: int
    verifying_contract: Address
    separator: bytes = field(init=False, repr=False, compare=False)
    prefix: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.chain_id < 1 << 256:
            raise RangeError(f"chain id {self.chain_id} is not a uint256")
        object.__setattr__(self, "verifying_contract", to_address(self.verifying_contract))
        _text("name", self.name)
        _text("version", self.version)
        words = (
            _DOMAIN_TYPE,
            keccak(self.name.encode()),
            keccak(self.version.encode()),
            self.chain_id.to_bytes(32, "big"),
            bytes(12) + address_bytes(self.verifying_contract),
        )
        separator = keccak(b"".join(words))
        object.__setattr__(self, "separator", separator)
        object.__setattr__(self, "prefix", b"\x19\x01" + separator)

    def digest(self, struct_hash: bytes) -> bytes:
        """Return the 32 bytes to sign for a struct hash."""
        return keccak(self.prefix + struct_hash)


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a typed message: its Solidity type and name, and the name of the Python field."""

    type: str
    name: str
    field: str


def snake_case(name: str) -> str:
    """Convert a Solidity name to the Python one: `channelId` is `channel_id`."""
    return _HUMP.sub(lambda match: "_" + match[1].lower(), name)


def _members(text: str) -> tuple[str, tuple[Member, ...]]:
    match = _TYPE.fullmatch(text)
    if match is None:
        raise MalformedError(f"{text!r} is not a valid EIP-712 type")
    parts = [part.split(" ") for part in match[2].split(",")] if match[2] else []
    return match[1], tuple(Member(kind, name, snake_case(name)) for kind, name in parts)


class TypedMessage:
    """Base of EIP-712 messages: subclasses are frozen dataclasses that set `TYPE`.

    Fields have the snake-case names of the members, in their order. Values are validated at construction: addresses are
    normalised to checksummed strings, numbers must be in range, byte strings must have the right length.

    Raises (at construction):
        RangeError: a number outside its type.
        MalformedError: a value of the wrong kind or length.
    """

    __slots__ = ()

    TYPE: ClassVar[str]
    TYPE_HASH: ClassVar[bytes]
    NAME: ClassVar[str]
    MEMBERS: ClassVar[tuple[Member, ...]]
    _checks: ClassVar[tuple[tuple[str, Callable[[str, Any], Any]], ...]]
    _encode: ClassVar[Callable[[Any], bytes]]

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if "TYPE" not in cls.__dict__:
            return
        cls.NAME, cls.MEMBERS = _members(cls.TYPE)
        cls.TYPE_HASH = keccak(cls.TYPE.encode())
        cls._checks = tuple((member.field, _checker(member)) for member in cls.MEMBERS)
        cls._encode = staticmethod(_encoder(cls.TYPE_HASH, cls.MEMBERS))

    def __post_init__(self) -> None:
        for name, check in self._checks:
            given = getattr(self, name)
            value = check(name, given)
            if value is not given:
                object.__setattr__(self, name, value)

    def struct_hash(self) -> bytes:
        """Return `hashStruct` of EIP-712, 32 bytes."""
        return keccak(type(self)._encode(self))

    def digest(self, domain: Domain) -> bytes:
        """Return the 32 bytes to sign under `domain`."""
        return keccak(domain.prefix + keccak(type(self)._encode(self)))

    def to_eip712(self, domain: Domain) -> dict[str, Any]:
        """Return the full message in the form of wallets and of `eth_account.messages.encode_typed_data`."""
        return {
            "types": {
                "EIP712Domain": [
                    {"name": "name", "type": "string"},
                    {"name": "version", "type": "string"},
                    {"name": "chainId", "type": "uint256"},
                    {"name": "verifyingContract", "type": "address"},
                ],
                self.NAME: [{"name": member.name, "type": member.type} for member in self.MEMBERS],
            },
            "primaryType": self.NAME,
            "domain": {
                "name": domain.name,
                "version": domain.version,
                "chainId": domain.chain_id,
                "verifyingContract": domain.verifying_contract,
            },
            "message": {member.name: getattr(self, member.field) for member in self.MEMBERS},
        }

    def values(self) -> dict[str, Any]:
        """Return the fields by their Python names."""
        return {member.field: getattr(self, member.field) for member in self.MEMBERS}


def assert_fields_match(message: type[TypedMessage]) -> None:
    """Raise MalformedError unless the dataclass fields of `message` are its members, in order (a check for tests)."""
    have = tuple(item.name for item in dataclasses.fields(message))  # type: ignore[arg-type]
    need = tuple(member.field for member in message.MEMBERS)
    if have != need:
        raise MalformedError(f"{message.__name__} has the fields {have}, its TYPE names {need}")


def _checker(member: Member) -> Callable[[str, Any], Any]:
    number = _NUMBER.fullmatch(member.type)
    if number is not None:
        bits = int(number[2])
        low, high = (0, (1 << bits) - 1) if number[1] else (-(1 << bits - 1), (1 << bits - 1) - 1)

        def check_number(name: str, value: Any) -> Any:
            if type(value) is not int:
                raise MalformedError(f"{name} is {value!r}, need an int ({member.type})")
            if not low <= value <= high:
                raise RangeError(f"{name} is {value}, need {low} to {high} ({member.type})")
            return value

        return check_number
    if member.type == "address":
        return lambda name, value: to_address(value)
    if member.type == "bool":
        return lambda name, value: _exact(name, value, bool)
    if member.type == "bytes32":

        def check_word(name: str, value: Any) -> Any:
            if not isinstance(value, bytes) or len(value) != 32:
                raise MalformedError(f"{name} is {value!r:.80}, need 32 bytes")
            return value

        return check_word
    if member.type == "bytes":
        return lambda name, value: _exact(name, value, bytes)
    if member.type == "string":
        return _text
    raise MalformedError(f"{member.type} is not a supported EIP-712 member type")


def _exact(name: str, value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise MalformedError(f"{name} is {value!r:.80}, need {kind.__name__}")
    return value


def _text(name: str, value: Any) -> Any:
    _exact(name, value, str)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise MalformedError(f"{name} is {value!r:.80}, which is not valid UTF-8") from None
    return value


def _encoder(type_hash: bytes, members: tuple[Member, ...]) -> Callable[[Any], bytes]:
    """Compile `encodeData` of EIP-712 for one type: a lambda that concatenates the 32-byte words."""
    words = ["type_hash"]
    for member in members:
        value = f"m.{member.field}"
        if member.type.startswith("uint"):
            words.append(f"{value}.to_bytes(32, 'big')")
        elif member.type.startswith("int"):
            words.append(f"{value}.to_bytes(32, 'big', signed=True)")
        elif member.type == "address":
            words.append(f"bytes(12) + address_bytes({value})")
        elif member.type == "bool":
            words.append(f"int({value}).to_bytes(32, 'big')")
        elif member.type == "bytes32":
            words.append(value)
        elif member.type == "bytes":
            words.append(f"keccak({value})")
        else:
            words.append(f"keccak({value}.encode())")
    scope = {"type_hash": type_hash, "address_bytes": address_bytes, "keccak": keccak}
    # The names come from TYPE constants of this package, matched by _TYPE, never from input.
    encode: Callable[[Any], bytes] = eval(f"lambda m: {' + '.join(words)}", scope)
    return encode
