"""A node accessed through JSON-RPC (anvil, geth, a provider), without web3's lossy formatting of reverts."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, cast

from web3 import Web3
from web3.exceptions import Web3Exception
from web3.types import RPCEndpoint

from layer2.ethereum.backend import BlockId, CallRequest, Topics
from layer2.ethereum.errors import ConnectionFailed, NotADevChain, RpcError
from layer2.ethereum.records import Block, CallOutcome, Log, Receipt, halt_reason, hex_bytes, hex_int
from layer2.primitives.addresses import Address

__all__ = ["JsonRpcBackend"]

_DEV_CLIENTS = ("anvil", "hardhat")
# Names of aborts other than REVERT. They carry no data, so they are not a contract's response.
_HALTS = (
    "evm error", "out of gas", "outofgas", "invalid opcode", "invalid jump", "stack underflow",
    "stack overflow", "gas uint64 overflow", "write protection", "max code size", "intrinsic gas",
)  # fmt: skip


class JsonRpcBackend:
    """JSON-RPC through any web3 provider; the provider's own middleware still applies."""

    def __init__(self, web3: Web3) -> None:
        self.web3 = web3
        self._traces: bool | None = None
        self.takes_cells = True

    def rpc(self, method: str, *params: Any) -> Any:
        """Send one request; raise `RpcError` for an error response, `ConnectionFailed` without a response."""
        response = self._respond(method, params)
        error = response.get("error")
        if error is not None:
            raise _rpc_error(method, error)
        return response.get("result")

    def _respond(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        provider = cast(Any, self.web3.provider)
        request = provider.request_func(self.web3, self.web3.middleware_onion)
        try:
            return cast(dict[str, Any], request(RPCEndpoint(method), list(params)))
        except Web3Exception as failure:
            raise RpcError(method, str(failure)) from failure
        # Errors of requests are OSErrors; web3's IPC timeout derives from BaseException, like KeyboardInterrupt.
        except OSError as failure:
            raise self._unreachable(method, failure) from failure
        except BaseException as failure:
            if type(failure).__module__ == "web3._utils.threads":
                raise self._unreachable(method, failure) from failure
            raise

    def _unreachable(self, method: str, failure: BaseException) -> ConnectionFailed:
        where = getattr(self.web3.provider, "endpoint_uri", getattr(self.web3.provider, "ipc_path", self.web3.provider))
        if "refused" in str(failure) or isinstance(failure, FileNotFoundError):
            return ConnectionFailed(f"no node answers at {where}", hint="start one: layer2 devnet")
        return ConnectionFailed(
            f"{method}: no answer from {where}: {failure}",
            hint="check that the node runs and that its address is right",
        )

    @functools.cached_property
    def client(self) -> str:
        """Client version reported by the node, in lower case."""
        return str(self.rpc("web3_clientVersion")).lower()

    @functools.cached_property
    def is_dev(self) -> bool:
        """True if the node is a development chain, where blocks are mined and time is set on demand."""
        return self.client.startswith(_DEV_CLIENTS)

    def chain_id(self) -> int:
        """Return the chain id (EIP-155)."""
        return hex_int(self.rpc("eth_chainId"))

    def block(self, block: BlockId | bytes) -> Block | None:
        """Return a header by number, tag or hash; `None` if unknown."""
        if isinstance(block, bytes):
            raw = self.rpc("eth_getBlockByHash", "0x" + block.hex(), False)
        else:
            raw = self.rpc("eth_getBlockByNumber", _tag(block), False)
        return Block.from_rpc(raw) if raw else None

    def transaction_count(self, block: int) -> int:
        """Return the number of transactions in a block."""
        return hex_int(self.rpc("eth_getBlockTransactionCountByNumber", hex(block)))

    def execute(self, request: CallRequest, block: BlockId) -> CallOutcome:
        """Simulate a call and return its outcome."""
        response = self._respond("eth_call", [_call_params(request), _tag(block)])
        error = response.get("error")
        if error is None:
            return CallOutcome(output=hex_bytes(response["result"]))
        return _outcome_of(_rpc_error("eth_call", error))

    def estimate(self, request: CallRequest) -> int:
        """Return the node's gas estimate; raise `RpcError` if it refuses."""
        # The pending block has the time set for the next block, as the mined transaction will.
        block = ["pending"] if self.is_dev else []
        return hex_int(self.rpc("eth_estimateGas", _call_params(request), *block))

    def trace_revert(self, tx_hash: bytes) -> CallOutcome | None:
        """Return the outcome of a failed transaction from the node's trace; `None` if the node cannot trace."""
        if self._traces is False:
            return None
        try:
            trace = self.rpc("debug_traceTransaction", "0x" + tx_hash.hex(), {"tracer": "callTracer"})
        except RpcError:
            # Most public nodes do not trace; the caller replays the call instead.
            self._traces = False
            return None
        self._traces = True
        error = str(trace.get("error") or "")
        if not error:
            return None
        if "revert" in error.lower():
            return CallOutcome(revert=hex_bytes(trace.get("output") or "0x"))
        return CallOutcome(failure=halt_reason(error))

    def send_raw(self, raw: bytes) -> None:
        """Submit a signed transaction; raise `RpcError` if it is refused."""
        self.rpc("eth_sendRawTransaction", "0x" + raw.hex())

    def blob_base_fee(self) -> int:
        """Return the price in wei of a unit of blob gas in the next block."""
        return hex_int(self.rpc("eth_blobBaseFee"))

    def blob(self, versioned_hash: bytes, block: int) -> bytes | None:
        """Return a blob if the node is anvil; other nodes serve blobs through their beacon API only."""
        if not self.client.startswith("anvil"):
            return None
        raw = self.rpc("anvil_getBlobByHash", "0x" + versioned_hash.hex())
        return hex_bytes(raw) if raw else None

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        """Return a mined transaction's receipt, else `None`."""
        raw = self.rpc("eth_getTransactionReceipt", "0x" + tx_hash.hex())
        return Receipt.from_rpc(raw) if raw and raw.get("blockNumber") is not None else None

    def logs(self, start: int, stop: int, addresses: Sequence[Address], topics: Topics | None) -> list[Log]:
        """Return the logs of blocks `start` to `stop`, both included."""
        return self._logs({"fromBlock": hex(start), "toBlock": hex(stop)}, addresses, topics)

    def block_logs(self, block_hash: bytes, addresses: Sequence[Address], topics: Topics | None) -> list[Log]:
        """Return the logs of one block by its hash, which nodes read from its receipts, not from a lagging index."""
        return self._logs({"blockHash": "0x" + block_hash.hex()}, addresses, topics)

    def _logs(self, query: dict[str, Any], addresses: Sequence[Address], topics: Topics | None) -> list[Log]:
        query["address"] = list(addresses)
        if topics is not None:
            query["topics"] = [_topic(topic) for topic in topics]
        return [Log.from_rpc(raw) for raw in self.rpc("eth_getLogs", query)]

    def nonce(self, address: Address, block: BlockId) -> int:
        """Return an account's transaction count."""
        return hex_int(self.rpc("eth_getTransactionCount", address, _tag(block)))

    def balance(self, address: Address, block: BlockId) -> int:
        """Return an account's ether balance in wei."""
        return hex_int(self.rpc("eth_getBalance", address, _tag(block)))

    def code(self, address: Address, block: BlockId) -> bytes:
        """Return an account's code."""
        return hex_bytes(self.rpc("eth_getCode", address, _tag(block)))

    def storage(self, address: Address, slot: int, block: BlockId) -> bytes:
        """Return a storage slot, 32 bytes."""
        return hex_bytes(self.rpc("eth_getStorageAt", address, hex(slot), _tag(block))).rjust(32, b"\0")

    def _dev_rpc(self, method: str, *params: Any) -> Any:
        if not self.is_dev:
            raise NotADevChain(
                f"{method}: {self.client} is not a development chain",
                hint="use anvil or the in-process chain for this",
            )
        return self.rpc(method, *params)

    def mine(self, blocks: int) -> None:
        """Mine `blocks` blocks."""
        self._dev_rpc("anvil_mine" if self.client.startswith("anvil") else "hardhat_mine", hex(blocks))

    def set_next_timestamp(self, timestamp: int) -> None:
        """Set the next block's time in seconds."""
        self._dev_rpc("evm_setNextBlockTimestamp", hex(timestamp))

    def snapshot(self) -> Any:
        """Take a snapshot of the chain; return a handle for `revert`."""
        return self._dev_rpc("evm_snapshot")

    def revert(self, snapshot: Any) -> Any:
        """Revert to a snapshot; return the handle for the next revert."""
        if self.client.startswith("anvil"):
            # A transaction left in the pool would count in its sender's pending nonce, and nothing could follow it.
            self._dev_rpc("anvil_dropAllTransactions")
        if not self._dev_rpc("evm_revert", snapshot):
            raise NotADevChain(
                f"snapshot {snapshot!r} no longer exists", hint="a revert to an older snapshot discards it"
            )
        # The node consumes the snapshot; a new one lets the same snapshot serve several reverts.
        return self.snapshot()


def _outcome_of(error: RpcError) -> CallOutcome:
    if error.data is not None:
        return CallOutcome(revert=hex_bytes(error.data))
    reason = error.reason.lower()
    if "revert" in reason:
        return CallOutcome(revert=b"")
    if any(word in reason for word in _HALTS):
        return CallOutcome(failure=halt_reason(error.reason))
    raise error


def _rpc_error(method: str, error: Any) -> RpcError:
    if isinstance(error, str):
        return RpcError(method, error)
    data = error.get("data")
    # Some nodes wrap the data in an object or prefix it with "Reverted ".
    if not isinstance(data, str) and data is not None:
        data = data.get("data") if hasattr(data, "get") else None
    if isinstance(data, str):
        data = data.removeprefix("Reverted ").strip()
        if not data.startswith("0x"):
            data = None
    return RpcError(method, str(error.get("message") or "unknown error"), number=int(error.get("code") or 0), data=data)


def _call_params(request: CallRequest) -> dict[str, str]:
    params = {"data": "0x" + request.data.hex()}
    if request.to is not None:
        params["to"] = request.to
    if request.sender is not None:
        params["from"] = request.sender
    if request.value:
        params["value"] = hex(request.value)
    if request.gas is not None:
        params["gas"] = hex(request.gas)
    return params


def _tag(block: BlockId) -> str:
    return hex(block) if isinstance(block, int) else block


def _topic(topic: bytes | Sequence[bytes] | None) -> Any:
    if topic is None:
        return None
    if isinstance(topic, bytes):
        return "0x" + topic.hex()
    return ["0x" + one.hex() for one in topic]
