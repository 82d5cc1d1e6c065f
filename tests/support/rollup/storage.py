"""Storage of contracts on the in-process chain, read and overwritten: for bounds that no test could reach by itself."""

from __future__ import annotations

from typing import Any

from layer2.ethereum.connection import Connection
from layer2.primitives.addresses import Address, address_bytes

__all__ = ["number_in", "put_number"]


def number_in(chain: Connection, address: Address, slot: int) -> int:
    """A storage slot, as the next transaction finds it."""
    return int(_pending(chain).get_vm().state.get_storage(address_bytes(address), slot))


def put_number(chain: Connection, address: Address, slot: int, value: int) -> None:
    """Overwrite a slot in the block that is being made."""
    pending = _pending(chain)
    vm = pending.get_vm()
    vm.state.set_storage(address_bytes(address), slot, value)
    vm.state.persist()
    pending.header = pending.header.copy(state_root=vm.state.state_root)


def _pending(chain: Connection) -> Any:
    """The chain of py-evm whose header is that of the next block."""
    return chain.backend._chain  # type: ignore[attr-defined]
