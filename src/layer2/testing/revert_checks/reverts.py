"""A strict `reverts` that compares the 4-byte selector and every decoded argument.

`ape.reverts` accepts another custom error, a string or empty data, and ignores misspelt argument names. This class does
not, and works equally for layer2 contracts and for Ape on both of its providers.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

from eth_abi.exceptions import DecodingError

from layer2.ethereum.abi import Codec
from layer2.testing.revert_checks.expected import describe_error, find_error, known_errors, matches
from layer2.testing.revert_checks.revert_data import revert_data

__all__ = ["CaughtRevert", "reverts"]


class CaughtRevert:
    """The caught revert: its raw `data`, and the error's `name` and `args` if they are known."""

    data: bytes = b""
    name: str = ""

    def __init__(self) -> None:
        self.args: dict[str, Any] = {}


class reverts:
    """Assert that the block reverts with exactly this error.

    - `reverts("Closed", hub, have=1, need=2)`: a custom error by name. `hub` is a contract, artifact, ABI, Ape instance
      or container, or a list of those; the packaged contracts by default. Every argument must be given by its ABI name,
      an unnamed one as `**{"0": value}`; `unittest.mock.ANY` matches unknown values.
    - `reverts("Closed(uint256 have,uint256 need)", have=1, need=2)`: by signature.
    - `reverts(hub.Closed, have=1, need=2)`: Ape's error.
    - `reverts("Error", message="...")`, `reverts("Panic", code=0x11)`: a string, a compiler check.
    - `reverts(selector)` with 4 bytes: the selector alone. `reverts()`: a revert without any data.

    An exception that is not a revert propagates.

    Raises:
        TypeError: The arguments of `reverts` itself are wrong.
        AssertionError: The error is unknown, the block does not revert, or it reverts with another error.
    """

    def __init__(self, error: object = None, contract: object = None, /, **args: Any) -> None:
        self._args = args
        self._contract = contract
        self._codec: Codec | None = None
        if error is None:
            error = b""
        if isinstance(error, bytes):
            self._selector = bytes(error)
            if len(error) not in (0, 4):
                raise TypeError(f"reverts: a selector has 4 bytes, {len(error)} given")
            if args:
                raise TypeError("reverts: arguments need the error's name or signature, not its selector")
        else:
            self._codec = find_error(error, contract, args)
            self._selector = self._codec.selector
            self._check_names(self._codec)
        self._caught = CaughtRevert()

    def _check_names(self, codec: Codec) -> None:
        names = [str(part.get("name") or index) for index, part in enumerate(codec.inputs)]
        wrong = sorted(set(self._args) - set(names))
        missing = [name for name in names if name not in self._args]
        if wrong or missing:
            raise TypeError(
                f"reverts: {codec.name} takes ({', '.join(names)});"
                f"{' unknown: ' + ', '.join(wrong) if wrong else ''}"
                f"{' missing: ' + ', '.join(missing) if missing else ''}"
            )

    def __enter__(self) -> CaughtRevert:
        return self._caught

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if failure is None:
            raise AssertionError(f"expected {self._expectation()}, but nothing reverted")
        data = revert_data(failure)
        if data is None:
            return False
        decoded = self._decode(data)
        self._caught.data = data
        if decoded is not None:
            self._caught.name, self._caught.args = decoded[0].name, decoded[1]
        if not self._expected(data, decoded):
            raise AssertionError(
                f"expected {self._expectation()}, but the revert was {_came(data, decoded)}"
            ) from failure
        return True

    def _expected(self, data: bytes, decoded: tuple[Codec, dict[str, Any]] | None) -> bool:
        if self._codec is None:
            return data[:4] == self._selector if self._selector else not data
        if data[:4] != self._selector or decoded is None:
            return False
        return matches(self._codec, self._args, decoded[1])

    def _decode(self, data: bytes) -> tuple[Codec, dict[str, Any]] | None:
        codec = self._codec
        if codec is None or data[:4] != codec.selector:
            codec = known_errors(self._contract).get(data[:4]) if len(data) >= 4 else None
        if codec is None:
            return None
        try:
            args = codec.decode_inputs(data[4:])
        except (DecodingError, UnicodeDecodeError, OverflowError):
            return None
        # The decoder would ignore bytes behind the arguments.
        return (codec, args) if codec.encode_inputs(list(args.values())) == data[4:] else None

    def _expectation(self) -> str:
        if self._codec is not None:
            return describe_error(self._codec, self._args)
        return f"selector 0x{self._selector.hex()}" if self._selector else "a revert without data"


def _came(data: bytes, decoded: tuple[Codec, dict[str, Any]] | None) -> str:
    if decoded is not None:
        return describe_error(*decoded)
    if not data:
        return "without data"
    return f"0x{data[:68].hex()} ({len(data)} bytes, not decodable as a known error)"
