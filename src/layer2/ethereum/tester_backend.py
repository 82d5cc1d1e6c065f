"""The in-process chain (eth-tester on py-evm), accessed below web3: exact revert data, and about ten times faster.

web3's eth-tester provider converts revert data to text, which cannot always be converted back (a string error that
looks like bytes is decoded as a custom error). It also charges simulated calls for gas, and searches for every receipt
from the head. The underlying py-evm chain has the true values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException
from web3 import Web3

from layer2.ethereum.backend import BlockId, CallRequest, Topics
from layer2.ethereum.errors import RpcError
from layer2.ethereum.records import Block, CallOutcome, Log, Receipt, halt_reason
from layer2.ethereum.sidecars import blobs_of
from layer2.ethereum.tester_blobs import mend_blobs
from layer2.primitives.addresses import ZERO_ADDRESS, Address, address_bytes, to_address
from layer2.primitives.extras import needs

with needs("devnet"):
    from eth._utils.calculations import fake_exponential
    from eth.exceptions import HeaderNotFound, Revert, VMError
    from eth.vm.forks.cancun.constants import MIN_BLOB_BASE_FEE
    from eth.vm.forks.prague.constants import BLOB_BASE_FEE_UPDATE_FRACTION_PRAGUE
    from eth.vm.spoof import SpoofTransaction
    from eth_tester.exceptions import TransactionFailed as TesterFailed
    from eth_tester.exceptions import TransactionNotFound

__all__ = ["Effect", "TesterBackend"]


@dataclass(frozen=True, slots=True)
class Effect:
    """All effects of a call: its outcome, the state root over all accounts and storage after it, and its events."""

    outcome: CallOutcome
    state: bytes
    logs: tuple[tuple[Address, tuple[bytes, ...], bytes], ...]


class TesterBackend:
    """An `EthereumTester` with the py-evm backend (ours or the one that ape starts)."""

    is_dev = True
    takes_cells = False

    def __init__(self, web3: Web3, tester: Any) -> None:
        self.web3 = web3
        self._tester = tester
        self._chain_id: int | None = None
        self._blobs: dict[bytes, bytes] = {}
        mend_blobs()

    @property
    def _chain(self) -> Any:
        # Read on each access, because a revert to genesis replaces the chain object.
        return self._tester.backend.chain

    def chain_id(self) -> int:
        """Return the chain id (EIP-155)."""
        return self.web3.eth.chain_id

    def _header(self, block: BlockId | bytes) -> Any:
        chain = self._chain
        if isinstance(block, bytes):
            header = chain.get_block_header_by_hash(block)
            if chain.get_canonical_block_header_by_number(header.block_number).hash != block:
                raise HeaderNotFound(f"0x{block.hex()} is not on the canonical chain")
            return header
        if block == "pending":
            return chain.header
        newest = chain.header.block_number - 1
        number = {"latest": newest, "safe": newest, "finalized": newest, "earliest": 0}.get(str(block), block)
        if not isinstance(number, int) or not 0 <= number <= newest:
            raise HeaderNotFound(f"no block {block}")
        return chain.get_canonical_block_header_by_number(number)

    def _known_header(self, method: str, block: BlockId) -> Any:
        try:
            return self._header(block)
        except HeaderNotFound as failure:
            raise RpcError(method, str(failure)) from failure

    def block(self, block: BlockId | bytes) -> Block | None:
        """Return a header by number, tag or hash; `None` if unknown."""
        try:
            header = self._header(block)
        except HeaderNotFound:
            return None
        return Block(
            header.block_number, bytes(header.hash), bytes(header.parent_hash),
            header.timestamp, header.base_fee_per_gas, header.gas_limit, header.bloom.to_bytes(256, "big"),
        )  # fmt: skip

    def transaction_count(self, block: int) -> int:
        """Return the number of transactions in a block."""
        return len(self._chain.get_canonical_block_by_number(block).transactions)

    def execute(self, request: CallRequest, block: BlockId) -> CallOutcome:
        """Simulate a call and return its outcome."""
        return self._run(request, block)[0]

    def perform(self, request: CallRequest) -> Effect:
        """Run a call in the next block and return all its effects; the chain is unchanged."""
        vm, result, _ = self._apply(request, "pending")
        vm.state.lock_changes()
        return Effect(
            _outcome(result),
            bytes(vm.state.make_state_root()),
            tuple(
                (to_address(address), tuple(topic.to_bytes(32, "big") for topic in topics), bytes(data))
                for address, topics, data in result.get_log_entries()
            ),
        )

    def _run(self, request: CallRequest, block: BlockId) -> tuple[CallOutcome, int]:
        _, result, gas = self._apply(request, block)
        return _outcome(result), gas - result.get_gas_remaining()

    def _apply(self, request: CallRequest, block: BlockId) -> tuple[Any, Any, int]:
        # A zero base fee makes the call free, like eth_call on every other node.
        header = self._known_header("eth_call", block).copy(base_fee_per_gas=0)
        vm = self._chain.get_vm(at_header=header)
        sender = address_bytes(request.sender or ZERO_ADDRESS)
        gas = request.gas if request.gas is not None else header.gas_limit
        unsigned = vm.get_transaction_builder().new_unsigned_dynamic_fee_transaction(
            chain_id=self._chain.chain_id,
            nonce=vm.state.get_nonce(sender),
            max_priority_fee_per_gas=0,
            max_fee_per_gas=0,
            gas=gas,
            to=address_bytes(request.to) if request.to is not None else b"",
            value=request.value,
            data=request.data,
            access_list=(),
        )
        try:
            result = vm.state.apply_transaction(SpoofTransaction(unsigned, from_=sender))
        except (ValidationError, VMError) as failure:
            raise RpcError("eth_call", str(failure)) from failure
        return vm, result, gas

    def estimate(self, request: CallRequest) -> int:
        """Return the least gas with which the call succeeds in the next block; raise `RpcError` if it always fails."""
        limit = int(self._chain.header.gas_limit)
        outcome, used = self._run(replace(request, gas=limit), "pending")
        if not outcome.ok:
            raise RpcError("eth_estimateGas", outcome.failure or "execution reverted")
        # Enough unless an inner call depends on a share of the remaining gas (EIP-150) or on a stipend; then search.
        low, high = used - 1, min(limit, used + used // 63 + 2_300)
        if not self._enough(request, high):
            low, high = high, limit
        while low + max(1, high // 100) < high:
            middle = (low + high) // 2
            if self._enough(request, middle):
                high = middle
            else:
                low = middle
        return high

    def _enough(self, request: CallRequest, gas: int) -> bool:
        try:
            return self._run(replace(request, gas=gas), "pending")[0].ok
        except RpcError:
            return False  # below the intrinsic cost

    def trace_revert(self, tx_hash: bytes) -> CallOutcome | None:
        """Return `None`: this chain has no traces."""
        return None

    def send_raw(self, raw: bytes) -> None:
        """Submit a signed transaction; raise `RpcError` if it is refused."""
        try:
            self._tester.send_raw_transaction("0x" + raw.hex())
        except (TesterFailed, ValidationError, VMError, RLPException) as failure:
            raise RpcError("eth_sendRawTransaction", str(failure)) from failure
        # The chain stores only the hashes of blobs.
        self._blobs.update(blobs_of(raw))

    def blob_base_fee(self) -> int:
        """Return the price in wei of a unit of blob gas in the next block."""
        excess = self._chain.header.excess_blob_gas
        return int(fake_exponential(MIN_BLOB_BASE_FEE, excess, BLOB_BASE_FEE_UPDATE_FRACTION_PRAGUE))

    def blob(self, versioned_hash: bytes, block: int) -> bytes | None:
        """Return a blob that was submitted to this chain."""
        return self._blobs.get(versioned_hash)

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        """Return a mined transaction's receipt, else `None`."""
        try:
            raw = self._tester.backend.get_transaction_receipt(tx_hash)
        except TransactionNotFound:
            return None
        if raw["block_number"] is None:
            return None
        created = raw["contract_address"]
        return Receipt(
            tx_hash=bytes(tx_hash),
            block_number=raw["block_number"],
            block_hash=bytes(raw["block_hash"]),
            gas_used=raw["gas_used"],
            status=raw["status"],
            logs=tuple(
                Log(
                    to_address(log["address"]), _topics(log["topics"]), bytes(log["data"]),
                    raw["block_number"], bytes(raw["block_hash"]), bytes(tx_hash),
                    raw["transaction_index"], log["log_index"],
                )
                for log in raw["logs"]
            ),
            contract_address=to_address(created) if created else None,
            effective_gas_price=raw["effective_gas_price"],
            blob_gas=raw.get("blob_gas_used") or 0,
            # In eth-tester, the field named price contains the total fee.
            blob_fee=raw.get("blob_gas_price") or 0,
        )  # fmt: skip

    def logs(self, start: int, stop: int, addresses: Sequence[Address], topics: Topics | None) -> list[Log]:
        """Return the logs of blocks `start` to `stop`, both included."""
        wanted = {address_bytes(address) for address in addresses}
        newest = self._chain.header.block_number - 1
        return [
            log
            for number in range(start, min(stop, newest) + 1)
            for log in self._block_logs(number)
            if (not wanted or address_bytes(log.address) in wanted) and _matches(log.topics, topics)
        ]

    def block_logs(self, block_hash: bytes, addresses: Sequence[Address], topics: Topics | None) -> list[Log]:
        """Return the logs of one block by its hash; raise `RpcError` if it is unknown."""
        block = self.block(block_hash)
        if block is None:
            raise RpcError("eth_getLogs", f"unknown block 0x{block_hash.hex()}")
        return self.logs(block.number, block.number, addresses, topics)

    def _block_logs(self, number: int) -> Iterator[Log]:
        chain = self._chain
        header = chain.get_canonical_block_header_by_number(number)
        if header.bloom == 0:
            return
        block = chain.get_block_by_header(header)
        index = 0
        receipts = block.get_receipts(chain.chaindb)
        for position, (transaction, receipt) in enumerate(zip(block.transactions, receipts, strict=True)):
            for log in receipt.logs:
                yield Log(
                    to_address(log.address),
                    tuple(topic.to_bytes(32, "big") for topic in log.topics),
                    bytes(log.data),
                    number,
                    bytes(header.hash),
                    bytes(transaction.hash),
                    position,
                    index,
                )
                index += 1

    def _state(self, method: str, block: BlockId) -> Any:
        return self._chain.get_vm(at_header=self._known_header(method, block)).state

    def nonce(self, address: Address, block: BlockId) -> int:
        """Return an account's transaction count."""
        return int(self._state("eth_getTransactionCount", block).get_nonce(address_bytes(address)))

    def balance(self, address: Address, block: BlockId) -> int:
        """Return an account's ether balance in wei."""
        return int(self._state("eth_getBalance", block).get_balance(address_bytes(address)))

    def code(self, address: Address, block: BlockId) -> bytes:
        """Return an account's code."""
        return bytes(self._state("eth_getCode", block).get_code(address_bytes(address)))

    def storage(self, address: Address, slot: int, block: BlockId) -> bytes:
        """Return a storage slot, 32 bytes."""
        value = self._state("eth_getStorageAt", block).get_storage(address_bytes(address), slot)
        return int(value).to_bytes(32, "big")

    def mine(self, blocks: int) -> None:
        """Mine `blocks` blocks."""
        self._tester.mine_blocks(blocks)

    def set_next_timestamp(self, timestamp: int) -> None:
        """Set the next block's time in seconds."""
        newest = self._header("latest").timestamp
        if timestamp <= newest:
            raise RpcError("evm_setNextBlockTimestamp", f"{timestamp} is not after the latest block's {newest}")
        self._chain.set_header_timestamp(timestamp)

    def snapshot(self) -> Any:
        """Take a snapshot of the chain; return a handle for `revert`."""
        return self._tester.take_snapshot()

    def revert(self, snapshot: Any) -> Any:
        """Revert to a snapshot; return the handle for the next revert."""
        self._tester.revert_to_snapshot(snapshot)
        return snapshot


def _outcome(result: Any) -> CallOutcome:
    if not result.is_error:
        return CallOutcome(output=bytes(result.output))
    if isinstance(result.error, Revert):
        return CallOutcome(revert=bytes(result.output))
    return CallOutcome(failure=halt_reason(f"{type(result.error).__name__}: {result.error}"))


def _topics(topics: Sequence[Any]) -> tuple[bytes, ...]:
    return tuple(topic.to_bytes(32, "big") if isinstance(topic, int) else bytes(topic) for topic in topics)


def _matches(topics: tuple[bytes, ...], wanted: Topics | None) -> bool:
    if wanted is None:
        return True
    if len(wanted) > len(topics):
        return False
    for have, want in zip(topics, wanted, strict=False):
        if want is None:
            continue
        if have not in ((want,) if isinstance(want, bytes) else tuple(want)):
            return False
    return True
