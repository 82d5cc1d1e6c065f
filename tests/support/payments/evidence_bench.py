"""Asking the plasma contracts whether they take a piece of evidence."""

from __future__ import annotations

from typing import Any

from layer2.ethereum.contract import Contract
from layer2.ethereum.errors import ContractReverted

REFUSALS = {"InvalidTransfer", "TransferExpired", "InvalidProof", "InvalidSignature"}


def accepts(bench: Contract, name: str, *args: Any) -> bool:
    """Whether a check passes; it says no by one of its own errors and by no other."""
    try:
        bench.call(name, *args)
    except ContractReverted as refused:
        if refused.name not in REFUSALS:
            raise
        return False
    return True
