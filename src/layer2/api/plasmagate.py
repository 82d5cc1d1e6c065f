"""An operator elsewhere as wallets and watchers want it: a gate to pay through, and a source of bodies."""

from __future__ import annotations

from collections.abc import Sequence

from layer2.api.plasmaclient import RemoteOperator
from layer2.plasma.gate import Inclusion
from layer2.plasma.messages import Signed
from layer2.plasma.positions import encode_position
from layer2.plasma.refusals import StateUnknown
from layer2.primitives.addresses import Address

__all__ = ["RemoteGate"]

_PAGE = 1_000


class RemoteGate:
    """Asks an operator over HTTP; nothing it says is believed without a proof (`layer2.plasma.gate`)."""

    def __init__(self, operator: RemoteOperator) -> None:
        self.operator = operator

    def __repr__(self) -> str:
        return f"<RemoteGate {self.operator.url}>"

    def submit(self, payment: Signed) -> bytes:
        """Accept a payment durably; its hash."""
        return self.operator.submit(payment)

    def utxos(self, owner: Address) -> Sequence[int]:
        """Positions of the outputs that an owner can spend."""
        found: list[int] = []
        skip, more = 0, True
        while more:
            page = self.operator.outputs(owner, skip, _PAGE)
            rows = page["outputs"]
            found += [int(row["position"]) for row in rows if not row["exiting"]]
            skip += len(rows)
            # An operator that says "more" and shows nothing must not hold anybody up.
            more = bool(page["more"] and rows)
        return found

    def place(self, hashed: bytes) -> tuple[int, int] | None:
        """Block and index of a transaction by its hash; None if it stands in no block."""
        try:
            fate = self.operator.fate(hashed)
        except StateUnknown:
            return None
        if fate.get("state") not in ("included", "posted"):
            return None
        return int(fate["block"]), int(fate["index"])

    def inclusion(self, block: int, index: int) -> Inclusion:
        """A transaction with the proof that it is there."""
        kit = self.operator.exit_kit(encode_position(block, index, 0))
        if kit.header is None:
            raise StateUnknown(f"block {block} has no such transaction, says {self.operator.url}")
        return Inclusion(kit.header, kit.data, kit.path)

    def body(self, number: int) -> bytes | None:
        """The body of a block; None if it is not to be had."""
        try:
            return self.operator.body(number)
        except StateUnknown:
            return None
