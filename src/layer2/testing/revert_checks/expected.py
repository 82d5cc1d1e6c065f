"""Resolution of expected errors: by name, signature, class or selector of a known ABI."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from unittest.mock import ANY

from layer2.ethereum.abi import Codec, canonical_type, error_codecs
from layer2.ethereum.artifacts import artifact_names, load_artifact
from layer2.ethereum.errors import ArtifactError
from layer2.primitives.addresses import to_address

__all__ = ["describe_error", "find_error", "known_errors", "matches"]

_BUILT_IN = (
    Codec({"type": "error", "name": "Error", "inputs": [{"name": "message", "type": "string"}]}),
    Codec({"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]}),
)
_SIGNATURE = re.compile(r"^(\w+)\((.*)\)$")


def find_error(error: object, contract: object, names: Collection[str] = ()) -> Codec:
    """Return the one matching error.

    `names` lists the expected arguments, because contracts may name the arguments of the same error differently.

    Raises:
        TypeError: The object is not an error.
        AssertionError: The name is unknown.
    """
    if isinstance(error, str):
        signature = _SIGNATURE.match(error)
        if signature:
            return _from_signature(signature.group(1), signature.group(2))
        return _by_name(error, contract, names)
    abi = getattr(error, "abi", error)
    if getattr(abi, "type", None) == "error":
        return _from_ape(abi)
    if isinstance(abi, Mapping) and abi.get("type") == "error":
        return Codec(abi)
    raise TypeError(f"reverts: {error!r} is not an error: pass a name, a signature, an ABI error or a selector")


def known_errors(contract: object) -> dict[bytes, Codec]:
    """Return the errors that a message may name by selector: built-in, the contract's, the packaged contracts'."""
    found = [*_BUILT_IN, *(_errors_of(contract) if contract is not None else []), *_packaged()]
    return {codec.selector: codec for codec in reversed(found)}


def describe_error(codec: Codec, args: Mapping[str, Any]) -> str:
    """Return text such as `Closed(have=1, need=2)`."""
    return f"{codec.name}({', '.join(f'{name}={_show(value)}' for name, value in args.items())})"


def matches(codec: Codec, expected: Mapping[str, Any], actual: Mapping[str, Any]) -> bool:
    """Return True if all arguments are equal.

    Addresses compare in any form, and bytes also as hex; a bool does not equal an integer.
    """
    kinds = {str(part.get("name") or index): str(part["type"]) for index, part in enumerate(codec.inputs)}
    return all(_equal(kinds[name], expected[name], value) for name, value in actual.items())


def _equal(kind: str, expected: Any, actual: Any) -> bool:
    if expected is ANY:
        return True
    if expected == actual and isinstance(expected, bool) == isinstance(actual, bool):
        return True
    if isinstance(expected, (list, tuple)) and kind.endswith("]"):
        inner = kind[: kind.rindex("[")]
        return len(expected) == len(actual) and all(
            _equal(inner, one, other) for one, other in zip(expected, actual, strict=True)
        )
    if kind == "address":
        target = getattr(expected, "address", expected)
        return isinstance(target, (str, bytes)) and bool(to_address(target) == actual)
    if kind.startswith("bytes") and isinstance(expected, str):
        return bool(bytes.fromhex(expected.removeprefix("0x")) == actual)
    return False


def _show(value: Any) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else repr(value)


def _by_name(name: str, contract: object, arguments: Collection[str]) -> Codec:
    for codec in _BUILT_IN:
        if codec.name == name:
            return codec
    pool = _errors_of(contract) if contract is not None else _packaged()
    same = [codec for codec in pool if codec.name == name]
    found = {codec.signature for codec in same}
    named = [codec for codec in same if {str(part.get("name")) for part in codec.inputs} == set(arguments)]
    if len(found) == 1:
        return (named or same)[0]
    if arguments and len({codec.signature for codec in named}) == 1:
        return named[0]
    where = "the contract" if contract is not None else "the packaged contracts"
    if found:
        raise AssertionError(f"reverts: {where} have several errors {name!r}: name one of {', '.join(sorted(found))}")
    names = ", ".join(sorted({codec.name for codec in pool})) or "none"
    raise AssertionError(f"reverts: {where} have no error {name!r}; known: {names}")


def _errors_of(contract: Any) -> list[Codec]:
    """Return the errors of a contract, artifact, Ape instance or container, ABI list, or a sequence of those."""
    if isinstance(contract, (list, tuple)):
        if all(isinstance(entry, Mapping) for entry in contract):
            return list(error_codecs(contract))
        return [codec for one in contract for codec in _errors_of(one)]
    contract_type = getattr(contract, "contract_type", None)
    if contract_type is not None:
        return [_from_ape(entry) for entry in contract_type.errors]
    inner = getattr(contract, "contract", None)
    abi = getattr(contract, "abi", None)
    if isinstance(abi, list):
        return list(error_codecs(abi))
    if inner is not None:
        return _errors_of(inner)
    raise TypeError(f"reverts: {contract!r} has no ABI: pass a contract, an artifact or an ABI")


def _packaged() -> list[Codec]:
    found: list[Codec] = []
    for mocks in (False, True):
        try:
            names: Iterable[str] = artifact_names(mocks=mocks)
        except ArtifactError:
            # Before the first compilation no contract is packaged, and names need a contract.
            continue
        for name in names:
            found += error_codecs(load_artifact(name, mocks=mocks).abi)
    return found


def _from_signature(name: str, inside: str) -> Codec:
    """Parse `Closed(uint256 have, uint256 need)`; names are optional, structs are not supported."""
    if "(" in inside:
        raise TypeError(f"reverts: {name}: structs in a signature are not supported: pass a contract instead")
    inputs: list[dict[str, str]] = []
    for part in filter(None, (piece.strip() for piece in inside.split(","))):
        words = part.split()
        inputs.append({"type": words[0], "name": words[-1] if len(words) > 1 else ""})
    return Codec({"type": "error", "name": name, "inputs": inputs})


def _from_ape(abi: Any) -> Codec:
    return Codec({"type": "error", "name": abi.name, "inputs": [_plain(part) for part in abi.inputs]})


def _plain(part: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {"type": str(part.type), "name": part.name or ""}
    if part.components:
        plain["components"] = [_plain(inner) for inner in part.components]
    canonical_type(plain)
    return plain
