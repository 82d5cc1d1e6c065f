"""Where bodies of coin blocks come from. Nothing they give is believed before it hashes to the root on the chain."""

from __future__ import annotations

from typing import Protocol

from layer2.plasma.coins.protocol.errors import BodyMissing
from layer2.plasma.common.watcher.block_sources import BodySource

__all__ = ["BodiesOf", "BodyMissing", "CoinBodies", "CoinSource"]


class CoinSource(Protocol):
    """Somebody who may have the bodies of coin blocks: an operator, a mirror, a watcher, a folder."""

    def coin_body(self, number: int) -> bytes:
        """The body of a block as `layer2.plasma.coins.protocol.transfer.encode_coin_body` makes it, not checked here.

        Raises:
            BodyMissing: it is not to be had from this source, or not yet.
            ConnectionFailed, Unreachable: the source does not answer.
        """
        ...


class CoinBodies:
    """Coin blocks of any source of bodies: files of an operator (`LocalBodies`), a service (`RemoteBodies`)."""

    def __init__(self, source: BodySource) -> None:
        self._source = source

    def __repr__(self) -> str:
        return f"<CoinBodies {self._source}>"

    def coin_body(self, number: int) -> bytes:
        """The body of a block; raises BodyMissing, and what the source raises."""
        found = self._source.body(number)
        if found is None:
            raise BodyMissing(f"{self._source} has no body of coin block {number}", hint="ask another source, or wait")
        return found


class BodiesOf:
    """The other way round: a source of coin blocks among sources of bodies."""

    def __init__(self, source: CoinSource) -> None:
        self._source = source

    def __repr__(self) -> str:
        return f"<BodiesOf {self._source}>"

    def body(self, number: int) -> bytes | None:
        """The body of a block; None if it is not to be had. Raises what the source raises."""
        try:
            return self._source.coin_body(number)
        except BodyMissing:
            return None
