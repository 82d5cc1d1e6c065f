"""The watcher's ledger checkpoint: saved at intervals, and restored for the same blocks."""

from __future__ import annotations

from layer2.plasma.payments.chain.state import RootChainState
from layer2.plasma.payments.utxo.checkpoint import Checkpoint, CheckpointStore
from layer2.plasma.payments.watcher.block_pipeline import BlockPipeline
from layer2.primitives.errors import MalformedError
from layer2.primitives.hashing import sha256

__all__ = ["freeze", "restore"]


def freeze(checkpoints: CheckpointStore, view: RootChainState, line: BlockPipeline) -> None:
    """Save the ledger checkpoint, if enough transactions followed the last one."""
    last = line.verified
    behind = sum(view.headers[number].count for number in range(min(checkpoints.number, last) + 1, last + 1))
    if checkpoints.due(behind):
        checkpoints.save(line.books.freeze(_history(view, last)))


def restore(kept: Checkpoint, checkpoints: CheckpointStore, view: RootChainState, line: BlockPipeline) -> bool:
    """Restore the checkpoint if it belongs to these blocks and deposits; return False if it does not."""
    if line.verified != kept.number or kept.history != _history(view, kept.number):
        return False
    try:
        return line.restore(kept)
    except MalformedError as failure:
        checkpoints.drop(str(failure))
        return False


def _history(view: RootChainState, last: int) -> bytes:
    return sha256(b"".join([view.headers[number].encoded for number in range(1, last + 1)]))
