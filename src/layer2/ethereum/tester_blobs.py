"""Blob support of the in-process chain: two patches of py-evm, applied once per process."""

from __future__ import annotations

from functools import cache
from typing import Any

from eth_account.typed_transactions import base

from layer2.primitives.extras import needs
from layer2.primitives.kzg import setup

with needs("devnet"):
    import eth.precompiles.point_evaluation as evaluation
    from eth.chains.base import MiningChain

__all__ = ["mend_blobs"]


@cache
def mend_blobs() -> None:
    """Patch py-evm so that blob transactions can be sent and verified.

    py-evm and eth-account load the trusted setup on each call, which takes seconds. A block that is built transaction
    by transaction does not count its blob gas, although the gas is checked later.
    """

    def shared(*_args: Any) -> Any:
        return setup()

    for module in (evaluation, base):
        module.__dict__["load_trusted_setup"] = shared
    apply = MiningChain.apply_transaction

    def apply_transaction(self: MiningChain, transaction: Any) -> Any:
        result = apply(self, transaction)
        self.header = self.get_vm(self.header).increment_blob_gas_used(self.header, transaction)
        return result

    MiningChain.apply_transaction = apply_transaction  # type: ignore[method-assign]
