"""Frozen records of chain data: blocks, logs, receipts, call outcomes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from layer2.ethereum.errors import ConnectionFailed
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.errors import Layer2Error

__all__ = ["Block", "CallOutcome", "Log", "Receipt", "halt_reason", "hex_bytes", "hex_int"]

T = TypeVar("T")


def hex_int(value: object) -> int:
    """Return the integer of a JSON-RPC quantity (hex string), or an int that a provider already decoded."""
    if isinstance(value, str):
        return int(value, 16)
    if isinstance(value, int):
        return value
    raise TypeError(f"not a quantity: {value!r}")


def hex_bytes(value: object) -> bytes:
    """Return the bytes of JSON-RPC data (hex string), or bytes that a provider already decoded."""
    if isinstance(value, str):
        return bytes.fromhex(value[2:] if value.startswith("0x") else value)
    if isinstance(value, bytes):
        return bytes(value)
    raise TypeError(f"not data: {value!r}")


def _answered(what: str) -> Callable[[Callable[[Any, Any], T]], Callable[[Any, Any], T]]:
    """Decorate a decoder of node responses to raise ConnectionFailed for an invalid response."""

    def wrap(read: Callable[[Any, Any], T]) -> Callable[[Any, Any], T]:
        @functools.wraps(read)
        def guarded(cls: Any, raw: Any) -> T:
            try:
                return read(cls, raw)
            except ConnectionFailed:
                raise
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError, Layer2Error) as failure:
                raise ConnectionFailed(
                    f"the node's answer is not a valid {what}: {type(failure).__name__}",
                    hint="check that the URL is that of an Ethereum node",
                ) from failure

        return guarded

    return wrap


def halt_reason(text: str) -> str:
    """Return a uniform name for an abort of a call, out of gas or invalid instruction, which nodes word differently."""
    squeezed = text.lower().replace(" ", "")
    if "outofgas" in squeezed or "gasuint64" in squeezed:
        return "out of gas"
    if "invalid" in squeezed and ("opcode" in squeezed or "instruction" in squeezed):
        return "invalid instruction"
    return text


@dataclass(frozen=True, slots=True)
class Block:
    """The fields of a block header that this project uses; times in seconds, fees in wei per gas.

    `bloom`: bloom filter of its logs, 256 bytes; empty if the node does not return it.
    """

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int
    base_fee: int
    gas_limit: int
    bloom: bytes = b""

    @classmethod
    @_answered("block")
    def from_rpc(cls, raw: Mapping[str, Any]) -> Block:
        """Decode the result of `eth_getBlockBy*`."""
        return cls(
            number=hex_int(raw["number"]),
            hash=hex_bytes(raw["hash"]),
            parent_hash=hex_bytes(raw["parentHash"]),
            timestamp=hex_int(raw["timestamp"]),
            base_fee=hex_int(raw.get("baseFeePerGas") or 0),
            gas_limit=hex_int(raw["gasLimit"]),
            bloom=hex_bytes(raw.get("logsBloom") or b""),
        )


@dataclass(frozen=True, slots=True)
class Log:
    """One event log; two logs are the same event only if their block hashes are equal too."""

    address: Address
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: bytes
    tx_hash: bytes
    tx_index: int
    log_index: int

    @classmethod
    @_answered("log")
    def from_rpc(cls, raw: Mapping[str, Any]) -> Log:
        """Decode one element of `eth_getLogs` or of a receipt's `logs`."""
        return cls(
            address=to_address(raw["address"]),
            topics=tuple(hex_bytes(topic) for topic in raw["topics"]),
            data=hex_bytes(raw["data"]),
            block_number=hex_int(raw["blockNumber"]),
            block_hash=hex_bytes(raw["blockHash"]),
            tx_hash=hex_bytes(raw["transactionHash"]),
            tx_index=hex_int(raw["transactionIndex"]),
            log_index=hex_int(raw["logIndex"]),
        )


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mined transaction; `status` is 1 (success) or 0 (reverted), prices in wei per gas.

    `blob_gas` and `blob_fee` (wei) are the gas and the cost of its blobs.
    """

    tx_hash: bytes
    block_number: int
    block_hash: bytes
    gas_used: int
    status: int
    logs: tuple[Log, ...]
    contract_address: Address | None
    effective_gas_price: int
    blob_gas: int = 0
    blob_fee: int = 0

    def __repr__(self) -> str:
        failed = "" if self.status == 1 else " failed"
        return f"<Receipt 0x{self.tx_hash.hex()[:8]} block {self.block_number}, {self.gas_used:,} gas{failed}>"

    @property
    def cost(self) -> int:
        """Amount that the sender paid for gas and blobs, in wei."""
        return self.gas_used * self.effective_gas_price + self.blob_fee

    @classmethod
    @_answered("receipt")
    def from_rpc(cls, raw: Mapping[str, Any]) -> Receipt:
        """Decode the result of `eth_getTransactionReceipt`."""
        created = raw.get("contractAddress")
        blob_gas = hex_int(raw.get("blobGasUsed") or 0)
        return cls(
            tx_hash=hex_bytes(raw["transactionHash"]),
            block_number=hex_int(raw["blockNumber"]),
            block_hash=hex_bytes(raw["blockHash"]),
            gas_used=hex_int(raw["gasUsed"]),
            status=hex_int(raw["status"]),
            logs=tuple(Log.from_rpc(log) for log in raw["logs"]),
            contract_address=to_address(created) if created else None,
            effective_gas_price=hex_int(raw.get("effectiveGasPrice") or 0),
            blob_gas=blob_gas,
            blob_fee=blob_gas * hex_int(raw.get("blobGasPrice") or 0),
        )


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """Outcome of a simulated call: `output`, `revert` data, or a `failure` that is not a revert."""

    output: bytes = b""
    revert: bytes | None = None
    failure: str | None = None

    @property
    def ok(self) -> bool:
        """True if the call returned normally."""
        return self.revert is None and self.failure is None
