"""A node in a box: says what the test tells it to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rlp
from eth_account import Account

from layer2.ethereum.backend import BlockId, CallRequest
from layer2.ethereum.errors import RpcError
from layer2.ethereum.records import Block, CallOutcome, Receipt
from layer2.primitives.addresses import Address
from layer2.primitives.hashing import keccak


class FakeBackend:
    """Accepts transactions into a pool; mines when told; refuses with prepared answers first."""

    is_dev = False

    def __init__(self) -> None:
        self.count = 0
        self.base_fee = 10**9
        self.pool: list[tuple[bytes, dict[str, Any]]] = []
        self.receipts: dict[bytes, Receipt] = {}
        self.refusals: list[str] = []
        self.on_send: Callable[[], None] = lambda: None
        self.asked: list[str] = []
        self.blob_fee = 7
        self.takes_cells = True
        self.forms: list[bool] = []

    def chain_id(self) -> int:
        return 5

    def block(self, block: BlockId | bytes) -> Block:
        self.asked.append("block")
        return Block(1, b"\x01" * 32, b"\0" * 32, 1_000, self.base_fee, 30_000_000)

    def balance(self, address: Address, block: BlockId) -> int:
        return 7 * 10**15

    def nonce(self, address: Address, block: BlockId) -> int:
        self.asked.append("nonce")
        return self.count

    def estimate(self, request: CallRequest) -> int:
        self.asked.append("estimate")
        return 50_000

    def execute(self, request: CallRequest, block: BlockId) -> CallOutcome:
        return CallOutcome()

    def send_raw(self, raw: bytes) -> None:
        self.asked.append("send")
        raw, cells = _unwrapped(raw)
        if cells is not None:
            self.forms.append(cells)
        if self.refusals:
            raise RpcError("eth_sendRawTransaction", self.refusals.pop(0))
        self.pool.append((keccak(raw), _fields(raw)))
        self.on_send()

    def blob_base_fee(self) -> int:
        self.asked.append("blob fee")
        return self.blob_fee

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        return self.receipts.get(tx_hash)

    def mine(self, index: int) -> None:
        """Mine the pool's transaction at `index`."""
        tx_hash, _ = self.pool[index]
        self.receipts[tx_hash] = Receipt(tx_hash, 2, b"\x02" * 32, 21_000, 1, (), None, self.base_fee)
        self.count += 1


def _unwrapped(raw: bytes) -> tuple[bytes, bool | None]:
    """A transaction without its blobs, and whether they came with cell proofs."""
    if raw[0] != 3:
        return raw, None
    parts = rlp.decode(raw[1:])
    return b"\3" + rlp.encode(parts[0]), len(parts) == 5


def _fields(raw: bytes) -> dict[str, Any]:
    from eth_account.typed_transactions.typed_transaction import TypedTransaction
    from hexbytes import HexBytes

    fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    return {**fields, "sender": Account.recover_transaction(raw)}
