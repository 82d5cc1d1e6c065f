"""Encoders and decoders from a contract's ABI (JSON), computed once per contract.

Structs are decoded as named tuples, addresses as checksummed strings, `bytesN` as bytes.
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError

from layer2.ethereum.errors import AbiError
from layer2.primitives.addresses import to_address
from layer2.primitives.errors import Layer2Error
from layer2.primitives.hashing import keccak

__all__ = ["AbiEntry", "Codec", "canonical_type", "error_codecs", "select", "signature_of"]

AbiEntry = Mapping[str, Any]
_ARRAY = re.compile(r"^(.*)\[(\d*)\]$")


def canonical_type(entry: AbiEntry) -> str:
    """Return the type as written in a signature, with structs as tuples."""
    kind = str(entry["type"])
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(canonical_type(part) for part in entry["components"])
    return f"({inner}){kind[len('tuple') :]}"


def signature_of(entry: AbiEntry) -> str:
    """Return `name(type,type)` for a function, event or error."""
    return f"{entry['name']}({','.join(canonical_type(part) for part in entry['inputs'])})"


class Codec:
    """Encoder and decoder of one function, error or event."""

    __slots__ = (
        "entry",
        "input_types",
        "inputs",
        "name",
        "output_types",
        "outputs",
        "selector",
        "signature",
        "topic",
    )

    def __init__(self, entry: AbiEntry) -> None:
        self.entry = entry
        self.inputs: Sequence[AbiEntry] = entry.get("inputs", ())
        self.outputs: Sequence[AbiEntry] = entry.get("outputs", ())
        self.input_types = [canonical_type(part) for part in self.inputs]
        self.output_types = [canonical_type(part) for part in self.outputs]
        self.name = str(entry.get("name", "constructor"))
        self.signature = f"{self.name}({','.join(self.input_types)})"
        self.topic = keccak(self.signature.encode())
        self.selector = self.topic[:4]

    def encode_inputs(self, args: Sequence[Any]) -> bytes:
        """Encode the arguments without the selector; raise `AbiError` naming the invalid argument."""
        if len(args) != len(self.inputs):
            raise AbiError(
                f"{self.signature}: {len(args)} arguments given, {len(self.inputs)} needed",
                hint=f"pass ({', '.join(str(part.get('name') or part['type']) for part in self.inputs)})",
            )
        values = [_prepare(part, value) for part, value in zip(self.inputs, args, strict=True)]
        try:
            return encode(self.input_types, values)
        except (EncodingError, OverflowError, ValueError, TypeError) as failure:
            raise AbiError(f"{self.signature}: {failure}", hint="check the arguments' types and ranges") from failure

    def decode_inputs(self, data: bytes) -> dict[str, Any]:
        """Decode arguments by name (unnamed ones by position, `"0"`, `"1"`, ...); raise `AbiError` for invalid data."""
        try:
            values = decode(self.input_types, data)
        except (DecodingError, OverflowError, UnicodeDecodeError) as failure:
            raise AbiError(
                f"{self.signature}: the arguments ({len(data)} bytes) are not {self.input_types}", hint="wrong ABI"
            ) from failure
        return {
            _label(part, index): _present(part, value)
            for index, (part, value) in enumerate(zip(self.inputs, values, strict=True))
        }

    def decode_outputs(self, data: bytes) -> Any:
        """Decode the outputs as None, a single value, or a tuple of values; raise `AbiError` if the data is invalid."""
        try:
            values = decode(self.output_types, data)
        except (DecodingError, OverflowError, UnicodeDecodeError) as failure:
            raise AbiError(
                f"{self.signature}: the returned {len(data)} bytes are not {self.output_types}",
                hint="check that a contract with this ABI is at this address",
            ) from failure
        shown = tuple(_present(part, value) for part, value in zip(self.outputs, values, strict=True))
        if not shown:
            return None
        return shown[0] if len(shown) == 1 else _named(self.outputs, shown)

    def decode_event(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """Decode an event log's arguments by name; indexed dynamic arguments are their 32-byte hashes."""
        indexed = [part for part in self.inputs if part.get("indexed")]
        skip = 0 if self.entry.get("anonymous") else 1
        plain = [part for part in self.inputs if not part.get("indexed")]
        if len(topics) != len(indexed) + skip:
            raise AbiError(f"{self.signature}: {len(topics)} topics, {len(indexed) + skip} needed", hint="wrong ABI")
        try:
            from_data = iter(decode([canonical_type(part) for part in plain], data))
            from_topics = iter(_topic_value(part, t) for part, t in zip(indexed, topics[skip:], strict=True))
            return {
                _label(part, index): _present(part, next(from_topics if part.get("indexed") else from_data))
                for index, part in enumerate(self.inputs)
            }
        except (DecodingError, OverflowError, UnicodeDecodeError) as failure:
            raise AbiError(f"{self.signature}: log does not decode: {failure}", hint="wrong ABI") from failure


def select(abi: Iterable[AbiEntry], kind: str) -> Iterator[Codec]:
    """Yield the codecs of all `function`, `event` or `error` entries of an ABI."""
    return (Codec(entry) for entry in abi if entry["type"] == kind)


def error_codecs(abi: Iterable[AbiEntry]) -> Iterator[Codec]:
    """Yield the codecs of an ABI's custom errors."""
    return select(abi, "error")


def _label(part: AbiEntry, index: int) -> str:
    return str(part.get("name") or index)


def _topic_value(part: AbiEntry, topic: bytes) -> Any:
    kind = canonical_type(part)
    if kind in ("string", "bytes") or kind.endswith("]") or kind.startswith("("):
        return _Hashed(topic)
    return decode([kind], topic)[0]


class _Hashed(bytes):
    """Hash of an indexed dynamic argument, which cannot be decoded."""


def _element(part: AbiEntry) -> AbiEntry | None:
    match = _ARRAY.match(str(part["type"]))
    return {**part, "type": match.group(1)} if match else None


def _prepare(part: AbiEntry, value: Any) -> Any:
    element = _element(part)
    if element is not None:
        return [_prepare(element, one) for one in value]
    kind = str(part["type"])
    if kind == "tuple":
        components = part["components"]
        if isinstance(value, Mapping):
            missing = [one["name"] for one in components if one["name"] not in value]
            if missing:
                raise AbiError(f"struct {part.get('name') or ''}: field {missing[0]} is missing", hint="add it")
            value = [value[one["name"]] for one in components]
        if len(value) != len(components):
            raise AbiError(f"struct needs {len(components)} fields, {len(value)} given", hint="check the struct")
        return tuple(_prepare(one, item) for one, item in zip(components, value, strict=True))
    if kind == "address":
        try:
            return to_address(getattr(value, "address", value))
        except Layer2Error as failure:
            raise AbiError(f"argument {part.get('name')}: {failure}", hint="pass a 20-byte address") from failure
    if kind.startswith("bytes") and isinstance(value, str):
        try:
            return bytes.fromhex(value.removeprefix("0x"))
        except ValueError as failure:
            raise AbiError(f"argument {part.get('name')}: {value!r} is not hex", hint="pass bytes") from failure
    if kind.startswith("bytes") and kind != "bytes" and isinstance(value, bytes):
        # eth-abi would silently pad a short value; here a wrong length is always a mistake.
        size = int(kind[5:])
        if len(value) != size:
            raise AbiError(
                f"argument {part.get('name')}: {len(value)} bytes given, {kind} needed",
                hint=f"pass {size} bytes",
            )
    return value


def _present(part: AbiEntry, value: Any) -> Any:
    if isinstance(value, _Hashed):
        return bytes(value)
    element = _element(part)
    if element is not None:
        return [_present(element, one) for one in value]
    kind = str(part["type"])
    if kind == "tuple":
        items = [_present(one, item) for one, item in zip(part["components"], value, strict=True)]
        return _named(part["components"], items)
    return to_address(value) if kind == "address" else value


def _named(parts: Sequence[AbiEntry], values: Sequence[Any]) -> tuple[Any, ...]:
    names = tuple(str(part.get("name") or "") for part in parts)
    if not all(names):
        return tuple(values)
    return _tuple_type(names)(*values)


@lru_cache(maxsize=512)
def _tuple_type(names: tuple[str, ...]) -> Callable[..., tuple[Any, ...]]:
    return cast(Callable[..., tuple[Any, ...]], namedtuple("Struct", names, rename=True))
