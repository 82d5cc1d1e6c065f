"""Blobs on the in-process chain: two mends of py-evm, made once for every chain of this process."""

from __future__ import annotations

from functools import cache
from typing import Any

import eth.precompiles.point_evaluation as evaluation
from eth.chains.base import MiningChain
from eth_account.typed_transactions import base

from layer2.primitives.kzg import setup

__all__ = ["mend_blobs"]


@cache
def mend_blobs() -> None:
    """Let blobs be sent and opened.

    py-evm and eth-account load the trusted setup at each call, which takes seconds; and a block that is built
    transaction by transaction does not count the blob gas that it is then checked for.
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
