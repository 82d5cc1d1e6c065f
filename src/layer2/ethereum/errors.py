"""Errors of the L1 access layer. Each message names the object, the value given, the value needed and the next step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from layer2.primitives.errors import InputError, Layer2Error

__all__ = [
    "AbiError",
    "AnvilError",
    "ArtifactError",
    "ConnectionFailed",
    "ContractReverted",
    "DeploymentMismatch",
    "EthereumError",
    "FeeTooHigh",
    "InsufficientFunds",
    "NonceError",
    "NotADevChain",
    "ReorgTooDeep",
    "RpcError",
    "TransactionFailed",
    "TransactionTimeout",
    "WrongChain",
]


class EthereumError(Layer2Error):
    """Base of every error raised by `layer2.ethereum`."""


class ConnectionFailed(EthereumError):
    """The node could not be reached or its response is not JSON-RPC."""


class RpcError(EthereumError):
    """The node returned a JSON-RPC error (`number`, `reason`, optional hex `data`)."""

    def __init__(self, method: str, reason: str, *, number: int = 0, data: str | None = None) -> None:
        super().__init__(f"{method}: the node answered: {reason}", hint="check the request and the node's log")
        self.method = method
        self.reason = reason
        self.number = number
        self.data = data


class NotADevChain(EthereumError):
    """A call that only a development chain supports (mine, snapshot, time travel) was made on another chain."""


class WrongChain(EthereumError):
    """A record or signature belongs to another chain than the one connected."""


class NonceError(EthereumError):
    """The account's nonce could not be synchronised with the node's."""


class FeeTooHigh(EthereumError):
    """The network's price per gas is above the gas policy's limit."""


class AbiError(EthereumError, InputError):
    """A name is not in the ABI or the arguments do not match it."""


class ArtifactError(EthereumError):
    """A compiled contract is missing from the packaged manifest or the manifest is damaged."""


class DeploymentMismatch(EthereumError):
    """A deployment record and the chain disagree (code missing or different from the record)."""


class ReorgTooDeep(EthereumError):
    """A reorganisation was deeper than the follower's history; its logs must be scanned again."""

    def __init__(self, oldest: int, head: int) -> None:
        super().__init__(
            f"log follower: the chain changed below block {oldest}, the oldest one remembered (head {head})",
            hint="drop what was derived from the logs and rescan from the deployment block",
        )
        self.oldest = oldest
        self.head = head


class AnvilError(EthereumError):
    """The anvil binary is missing or did not start."""


class TransactionFailed(EthereumError):
    """A transaction or call failed; `receipt` is set if it was mined with status 0."""

    def __init__(self, message: str, *, receipt: Any = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.receipt = receipt


class InsufficientFunds(TransactionFailed):
    """The sender's balance does not cover the value and the gas of a transaction."""


class TransactionTimeout(TransactionFailed):
    """No version of the transaction was mined within the limits of the gas policy; it may still be mined."""


class ContractReverted(TransactionFailed):
    """A contract reverted.

    Attributes:
        selector: the first 4 bytes of the revert data; `b""` if there are none.
        name: the error's name: `Error` for a string, `Panic` for a compiler check, `""` when empty or unknown.
        args: its decoded arguments by name: `{"message": ...}` for `Error`, `{"code": ...}` for `Panic`.
        data: the raw bytes.
    """

    def __init__(
        self, selector: bytes, name: str, args: Mapping[str, Any], data: bytes, *, receipt: Any = None
    ) -> None:
        self._message = _describe(selector, name, args, data)
        super().__init__(self._message, receipt=receipt)
        self.selector = selector
        self.name = name
        self.arguments: dict[str, Any] = dict(args)
        self.data = data

    @property
    def args(self) -> dict[str, Any]:  # type: ignore[override]
        """Arguments of the error by name (replaces the positional tuple of `BaseException`)."""
        return self.arguments

    def __str__(self) -> str:
        # The base class reads the positional `args`, which this class replaces.
        return self._message

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild_reverted, (self.selector, self.name, self.arguments, self.data, self.receipt))


def _rebuild_reverted(selector: bytes, name: str, args: dict[str, Any], data: bytes, receipt: Any) -> ContractReverted:
    return ContractReverted(selector, name, args, data, receipt=receipt)


def _describe(selector: bytes, name: str, args: Mapping[str, Any], data: bytes) -> str:
    if name:
        shown = ", ".join(f"{key}={_show(value)}" for key, value in args.items())
        return f"contract reverted: {name}({shown})"
    if not data:
        return "contract reverted without data"
    return f"contract reverted with unknown error 0x{selector.hex()} ({len(data)} bytes: 0x{data[:68].hex()})"


def _show(value: object) -> str:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return repr(value) if isinstance(value, str) and not value.startswith("0x") else str(value)
