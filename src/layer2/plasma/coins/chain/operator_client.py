"""Interfaces of an operator that a coin wallet uses, local or remote. Every response is verified with proofs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

from layer2.plasma.coins.chain.block_sources import BodyMissing, CoinSource
from layer2.plasma.coins.chain.state import CoinChainState
from layer2.plasma.coins.protocol.coin_history import Evidence, Moved
from layer2.plasma.coins.protocol.sparse_merkle import SparseTree
from layer2.plasma.coins.protocol.transfer import SignedCoin, coin_tree, decode_coin_body
from layer2.plasma.protocol.malformed import BodyMalformed

__all__ = ["BodyEvidence", "CoinOperatorClient", "EvidenceSource"]

_KEPT = 8
_MOST = 256


class EvidenceSource(Protocol):
    """Source of inclusion and exclusion proofs for a coin."""

    def coin_evidence(self, coin: int, first: int, count: int = _MOST) -> Sequence[Evidence]:
        """Return proofs for at most `count` blocks from `first` on; an empty sequence if there are no more."""
        ...


class CoinOperatorClient(EvidenceSource, Protocol):
    """An operator in this process (`CoinOperator`) or behind HTTP (`layer2.api.plasma.coins_client.RemoteCoins`)."""

    def submit(self, signed: SignedCoin) -> bytes:
        """Accept a transfer durably and return its hash; raise the reason of a rejection."""
        ...


class BodyEvidence:
    """Proofs computed from block data of any source, which work when no operator responds.

    Args:
        chain_state: Chain state with the headers against which block data is verified.
    """

    def __init__(self, source: CoinSource, chain_state: CoinChainState) -> None:
        self.source = source
        self._chain_state = chain_state
        self._blocks: OrderedDict[bytes, tuple[SparseTree, dict[int, SignedCoin]]] = OrderedDict()

    def __repr__(self) -> str:
        return f"<BodyEvidence {self.source}>"

    def coin_evidence(self, coin: int, first: int, count: int = _MOST) -> list[Evidence]:
        """Return proofs for the submitted blocks from `first` on, at most `count`.

        Raises:
            BodyMissing: The source lacks the first block or returns data that does not match its root.
        """
        found: list[Evidence] = []
        for header in self._chain_state.since(first)[:count]:
            try:
                tree, moved = self._block(header.number, header.root)
            except BodyMissing:
                if not found:
                    raise
                break
            proof = tree.proof(coin)
            found.append(Moved(moved[coin], proof.siblings) if coin in moved else proof)
        return found

    def _block(self, number: int, root: bytes) -> tuple[SparseTree, dict[int, SignedCoin]]:
        known = self._blocks.get(root)
        if known is None:
            try:
                batch = decode_coin_body(self.source.coin_body(number))
            except BodyMalformed as fault:
                raise BodyMissing(f"{self.source} gives no body of block {number}: {fault}") from fault
            tree = coin_tree(batch)
            if tree.root != root:
                raise BodyMissing(f"{self.source} returned data that is not block {number}", hint="ask another source")
            known = self._blocks[root] = tree, {one.transaction.coin: one for one in batch}
        self._blocks.move_to_end(root)
        while len(self._blocks) > _KEPT:
            self._blocks.popitem(last=False)
        return known
