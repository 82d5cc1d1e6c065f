"""A connection to one Ethereum chain, with the same interface for any web3 provider and the in-process chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from web3 import Web3
from web3.providers import BaseProvider

from layer2.ethereum.accounts import dev_signers
from layer2.ethereum.backend import Backend, BlockId, CallRequest, Topics
from layer2.ethereum.errors import ConnectionFailed, NotADevChain, RpcError, TransactionFailed
from layer2.ethereum.records import Block, CallOutcome, Log, Receipt
from layer2.ethereum.reverts import decode_revert
from layer2.ethereum.rpc_backend import JsonRpcBackend
from layer2.ethereum.signer import Signer
from layer2.primitives.addresses import Address

__all__ = ["Connection", "Snapshot"]


class Snapshot:
    """A state of a development chain that can be restored any number of times."""

    __slots__ = ("handle", "number")

    def __init__(self, handle: Any, number: int) -> None:
        self.handle = handle
        self.number = number

    def __repr__(self) -> str:
        return f"<Snapshot at block {self.number}>"


class Connection:
    """One chain: reads, simulated calls and, on development chains, mining and time.

    Blocks are numbers or tags; addresses are checksummed strings; value in wei; time in seconds. Raises
    `ConnectionFailed` if the node does not respond and `RpcError` if it refuses.
    """

    def __init__(self, web3: Web3) -> None:
        self.web3 = web3
        self.backend: Backend = _backend_for(web3)
        self._chain_id: int | None = None
        self.epoch = 0
        """Number of reverts to a snapshot; data read from the chain in an earlier epoch may be invalid."""

    def __repr__(self) -> str:
        return f"<Connection chain={self.chain_id} height={self.block_number()} dev={self.is_dev}>"

    @classmethod
    def connect(cls, url: str, timeout: float = 30) -> Connection:
        """Connect to `http(s)://`, `ws(s)://`, or to an IPC socket given as `ipc://path` or a plain path."""
        provider: BaseProvider
        if url.startswith(("http://", "https://")):
            # The default retries would repeat a submission; the sender handles lost responses itself.
            provider = Web3.HTTPProvider(url, {"timeout": timeout}, exception_retry_configuration=None)
        elif url.startswith(("ws://", "wss://")):
            provider = Web3.LegacyWebSocketProvider(url, websocket_timeout=int(timeout))
        else:
            provider = Web3.IPCProvider(url.removeprefix("ipc://"), timeout=int(timeout))
        connection = cls.from_provider(provider)
        try:
            connection.chain_id  # noqa: B018  asked now so that a wrong address fails here
        except RpcError as failure:
            raise ConnectionFailed(
                f"{url}: not an Ethereum node: {failure.reason}", hint="check the address"
            ) from failure
        return connection

    @classmethod
    def from_provider(cls, provider: BaseProvider) -> Connection:
        """Wrap any web3 provider."""
        # No web3 middleware: the default stack requests the chain id twice before each call.
        return cls(Web3(provider, middleware=[]))

    @property
    def chain_id(self) -> int:
        """Chain id (EIP-155), requested once."""
        if self._chain_id is None:
            self._chain_id = self.backend.chain_id()
        return self._chain_id

    @property
    def is_dev(self) -> bool:
        """True on a development chain (eth-tester, anvil), where mining and time travel work."""
        return self.backend.is_dev

    def block(self, block: BlockId | bytes = "latest") -> Block | None:
        """Return a block's header by number, tag or hash; `None` if unknown."""
        return self.backend.block(block)

    def latest(self) -> Block:
        """Return the newest block."""
        block = self.backend.block("latest")
        if block is None:
            raise ConnectionFailed("the node has no latest block", hint="wait until it has synchronised")
        return block

    def block_number(self) -> int:
        """Return the newest block's number."""
        return self.latest().number

    def timestamp(self) -> int:
        """Return the newest block's time in seconds."""
        return self.latest().timestamp

    def balance(self, address: Address, block: BlockId = "latest") -> int:
        """Return an account's ether balance in wei."""
        return self.backend.balance(address, block)

    def code(self, address: Address, block: BlockId = "latest") -> bytes:
        """Return an account's code; empty for an account without code."""
        return self.backend.code(address, block)

    def nonce(self, address: Address, block: BlockId = "latest") -> int:
        """Return the number of transactions sent by the account (`pending` includes those in the node's pool)."""
        return self.backend.nonce(address, block)

    def storage(self, address: Address, slot: int, block: BlockId = "latest") -> bytes:
        """Return the 32 bytes of a storage slot."""
        return self.backend.storage(address, slot, block)

    def simulate(self, request: CallRequest, block: BlockId = "latest") -> CallOutcome:
        """Simulate a call and return its outcome, without raising for a revert."""
        return self.backend.execute(request, block)

    def call(
        self,
        to: Address | None,
        data: bytes = b"",
        *,
        value: int = 0,
        sender: Address | None = None,
        gas: int | None = None,
        block: BlockId = "latest",
    ) -> bytes:
        """Simulate a call and return its output; raise `ContractReverted` or `TransactionFailed`."""
        outcome = self.backend.execute(CallRequest(to, data, value, sender, gas), block)
        if outcome.revert is not None:
            raise decode_revert(outcome.revert)
        if outcome.failure is not None:
            raise TransactionFailed(f"call to {to}: {outcome.failure}", hint="pass more gas or other arguments")
        return outcome.output

    def logs(
        self, start: int, stop: int, address: Address | Sequence[Address], topics: Topics | None = None
    ) -> list[Log]:
        """Return the logs of blocks `start` to `stop`, both included, in chain order."""
        addresses = [address] if isinstance(address, str) else list(address)
        return self.backend.logs(start, stop, addresses, topics)

    def block_logs(self, block_hash: bytes, address: Sequence[Address], topics: Topics | None = None) -> list[Log]:
        """Return the logs of one block by its hash, in order; raise `RpcError` if the node does not have it."""
        return self.backend.block_logs(block_hash, list(address), topics)

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        """Return a mined transaction's receipt; `None` if it is unknown or not mined."""
        return self.backend.receipt(tx_hash)

    # Development chains

    def signers(self, count: int = 10) -> list[Signer]:
        """Return the development chain's first `count` funded accounts (the well-known test mnemonic)."""
        self._require_dev("signers")
        return list(dev_signers(count))

    def mine(self, blocks: int = 1) -> None:
        """Mine `blocks` blocks."""
        self._require_dev("mine")
        self.backend.mine(blocks)

    def set_next_timestamp(self, timestamp: int) -> None:
        """Set the exact time of the next block, in seconds; it must be later than the newest block's."""
        self._require_dev("set_next_timestamp")
        self.backend.set_next_timestamp(timestamp)

    def advance(self, seconds: int) -> int:
        """Mine one block exactly `seconds` (at least 1) after the newest; return the new time."""
        self._require_dev("advance")
        timestamp = self.timestamp() + max(1, seconds)
        self.backend.set_next_timestamp(timestamp)
        self.backend.mine(1)
        return timestamp

    def snapshot(self) -> Snapshot:
        """Take a snapshot of the current chain."""
        self._require_dev("snapshot")
        return Snapshot(self.backend.snapshot(), self.block_number())

    def revert(self, snapshot: Snapshot) -> None:
        """Revert to `snapshot`; later snapshots are lost, this one can be used again."""
        self._require_dev("revert")
        snapshot.handle = self.backend.revert(snapshot.handle)
        self.epoch += 1

    def _require_dev(self, what: str) -> None:
        if not self.is_dev:
            raise NotADevChain(
                f"{what}: chain {self.chain_id} is not a development chain",
                hint="connect to anvil or use layer2.ethereum.devnet.tester_connection()",
            )


def _backend_for(web3: Web3) -> Backend:
    tester = getattr(web3.provider, "ethereum_tester", None)
    if tester is None:
        return JsonRpcBackend(web3)
    # Imported here, because py-evm is an optional dependency that users of a real node do not install.
    from layer2.ethereum.tester_backend import TesterBackend

    return TesterBackend(web3, tester)
