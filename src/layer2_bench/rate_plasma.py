"""Speed of plasma's components, each with the bare library limit of the same run."""

from __future__ import annotations

from typing import Any

from layer2.plasma.protocol.params import MAX_TRANSACTIONS
from layer2_bench.rate_blocks import run_block, run_sparse, run_validation
from layer2_bench.rate_memory import OUTPUTS, run_memory
from layer2_bench.rate_operator import FULL, run_core, run_http

__all__ = ["run_plasma_rate"]


def run_plasma_rate(share: int = 1) -> dict[str, Any]:
    """Run all plasma measurements, which takes some minutes for full blocks.

    Args:
        share: Divisor of the block size; targets are meaningful only for 1.

    Returns:
        `{"family", "core", "http", "block", "validation", "sparse", "memory"}`, each as returned by its own function.
    """
    return {
        "family": "plasma",
        "core": run_core(FULL // share),
        "http": run_http(MAX_TRANSACTIONS // 2 // share),
        "block": run_block(MAX_TRANSACTIONS // share),
        "validation": run_validation(MAX_TRANSACTIONS // share),
        "sparse": run_sparse(MAX_TRANSACTIONS // share),
        "memory": run_memory(OUTPUTS // share),
    }
