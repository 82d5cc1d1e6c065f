"""Memory of a million plasma outputs in an operator and in a watcher.

Each is filled in its own process by blocks of payments with one input and four outputs, and the growth of the process
is measured. The limit is the size of the packed rows alone: owner, token and amount.
"""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from layer2.plasma.payments.chain.events import BlockSubmitted, Deposited
from layer2.plasma.payments.utxo.chain_view import DepositAndExitIndex
from layer2.plasma.payments.utxo.utxo_set import UtxoSet
from layer2.plasma.payments.watcher.block_pipeline import BlockPipeline
from layer2.plasma.protocol.blocks import Header
from layer2.plasma.protocol.packed import PAYMENT, ROW, Fields
from layer2.plasma.protocol.params import MAX_OUTPUTS, MAX_TRANSACTIONS
from layer2.plasma.protocol.positions import deposit_position
from layer2.plasma.protocol.transaction import Deposit
from layer2.primitives.hashing import keccak

__all__ = ["grown", "resident", "run_memory"]

OUTPUTS = 1_000_000
_EACH = 10
"""Outputs per owner, because owners are paid repeatedly at the same address."""
_AMOUNT = 10**15


def run_memory(outputs: int = OUTPUTS) -> dict[str, Any]:
    """Measure the bytes per unspent output, with ten outputs per owner.

    Returns:
        Bytes for the operator, which has an index by owner, and for the watcher, which has none; the limit, and its
        ratio to each.
    """
    found = {name: _measured(name, outputs) for name in ("operator", "watcher")}
    return {
        "outputs": outputs,
        **{f"{name}_bytes_per_output": value for name, value in found.items()},
        "limit_bytes_per_output": ROW,
        "ratio_to_limit": {name: round(ROW / value, 3) for name, value in found.items()},
    }


def _measured(name: str, outputs: int) -> float:
    code = f"from layer2_bench.rate_memory import grown; print(grown({name!r}, {outputs}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return round(int(done.stdout) / outputs, 1)


def grown(name: str, outputs: int) -> int:
    """Return the bytes by which this process grows with `outputs` outputs, without the working memory of a block."""
    count = min(MAX_TRANSACTIONS, -(-outputs // MAX_OUTPUTS))
    blocks = -(-outputs // (MAX_OUTPUTS * count))
    deposits = [Deposit(at, bytes(19) + b"\1", 0, _AMOUNT, 1) for at in range(1, count * (blocks + 1) + 1)]
    books = DepositAndExitIndex(UtxoSet(), 0, _nowhere)
    line = BlockPipeline(_nowhere)
    for one in deposits:
        books.ledger.deposit(one) if name == "operator" else line.push(1, Deposited(one))
    del deposits
    line.following()
    line.forget(2)
    before = 0
    for number in range(1, blocks + 2):
        if number == 2:
            before = resident()
        if name == "operator":
            books.apply(number, _block(number, count), list)
        else:
            line.push(1 + number, BlockSubmitted(number, Header(bytes(32), 1, count)))
            line.following()
            line.accept(_block(number, count), list)
    return resident() - before


def _block(number: int, count: int) -> Sequence[Fields]:
    made = []
    for at in range((number - 1) * count, number * count):
        rows = [(_owner((at * MAX_OUTPUTS + part) // _EACH), 0, _AMOUNT // 4) for part in range(MAX_OUTPUTS)]
        packed = b"".join(
            owner + token.to_bytes(2, "big") + amount.to_bytes(12, "big") for owner, token, amount in rows
        )
        made.append(Fields(PAYMENT, 1 << 30, (deposit_position(at + 1),), tuple(rows), b"", packed))
    return made


def _owner(number: int) -> bytes:
    return keccak(number.to_bytes(8, "big"))[12:]


def _nowhere(hashed: bytes, first: int, last: int) -> None:
    return None


def resident() -> int:
    """Return the resident memory of this process in bytes."""
    gc.collect()
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) << 10 for line in status.read_text().splitlines() if "VmRSS" in line)
    # Other systems report only the peak, which is greater.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1 << 10)
