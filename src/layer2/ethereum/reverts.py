"""Decoding of revert data into typed errors: custom errors of known ABIs, `Error(string)`, `Panic(uint256)`, empty."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from layer2.ethereum.abi import AbiEntry, Codec, error_codecs
from layer2.ethereum.errors import AbiError, ContractReverted

__all__ = ["ERROR_SELECTOR", "PANIC_SELECTOR", "ErrorDecoder", "decode_revert"]

ERROR_SELECTOR = bytes.fromhex("08c379a0")
"""Selector of `Error(string)`: `require(condition, "text")` and `revert("text")`."""

PANIC_SELECTOR = bytes.fromhex("4e487b71")
"""Selector of `Panic(uint256)`: a check that the compiler inserted."""


class ErrorDecoder:
    """Decoder of the custom errors of several ABIs, because a revert may come from an inner call."""

    def __init__(self, *abis: Iterable[AbiEntry]) -> None:
        self._errors: dict[bytes, Codec] = {}
        for abi in abis:
            for codec in error_codecs(abi):
                # The first ABI wins: a contract's own errors precede those of the contracts it calls.
                self._errors.setdefault(codec.selector, codec)

    def extended(self, *abis: Iterable[AbiEntry]) -> ErrorDecoder:
        """Return a decoder that also includes the errors of these ABIs."""
        grown = ErrorDecoder(*abis)
        grown._errors = {**grown._errors, **self._errors}
        return grown

    def decode(self, data: bytes, *, receipt: Any = None) -> ContractReverted:
        """Return the typed error of revert data; unknown or malformed data keeps its selector and raw bytes."""
        selector = data[:4] if len(data) >= 4 else b""
        name, args = self._parse(selector, data)
        return ContractReverted(selector, name, args, data, receipt=receipt)

    def _parse(self, selector: bytes, data: bytes) -> tuple[str, Mapping[str, Any]]:
        try:
            if selector == ERROR_SELECTOR:
                return "Error", {"message": _only(["string"], data)}
            if selector == PANIC_SELECTOR:
                return "Panic", {"code": _only(["uint256"], data)}
            codec = self._errors.get(selector)
            if codec is not None:
                return codec.name, codec.decode_inputs(data[4:])
        except (AbiError, DecodingError, UnicodeDecodeError, OverflowError):
            # A contract may revert with any bytes; undecodable data is shown raw.
            return "", {}
        return "", {}


def _only(types: Sequence[str], data: bytes) -> Any:
    return decode(types, data[4:])[0]


_PLAIN = ErrorDecoder()


def decode_revert(data: bytes, decoder: ErrorDecoder | None = None, *, receipt: Any = None) -> ContractReverted:
    """Return the typed error of revert data; without a decoder only `Error` and `Panic` are decoded."""
    return (decoder or _PLAIN).decode(data, receipt=receipt)
