"""Sources of coin block data. Callers must verify the data against the root on the chain."""

from __future__ import annotations

from typing import Protocol

from layer2.plasma.coins.protocol.errors import BodyMissing
from layer2.plasma.common.watcher.block_sources import BodySource

__all__ = ["BodiesOf", "BodyMissing", "CoinBodies", "CoinSource"]


class CoinSource(Protocol):
    """Source of coin block data: an operator, a mirror, a watcher or a folder."""

    def coin_body(self, number: int) -> bytes:
        """Return the data of a block as encoded by `encode_coin_body`, unverified.

        Raises:
            BodyMissing: This source does not have the data, or does not have it yet.
            ConnectionFailed, Unreachable: The source does not respond.
        """
        ...


class CoinBodies:
    """Adapter from a `BodySource` (`LocalBodies` for files, `RemoteBodies` for a service) to a `CoinSource`."""

    def __init__(self, source: BodySource) -> None:
        self._source = source

    def __repr__(self) -> str:
        return f"<CoinBodies {self._source}>"

    def coin_body(self, number: int) -> bytes:
        """Return the data of a block; raise BodyMissing, or any error of the source."""
        found = self._source.body(number)
        if found is None:
            raise BodyMissing(f"{self._source} has no data of coin block {number}", hint="ask another source, or wait")
        return found


class BodiesOf:
    """Adapter from a `CoinSource` to a `BodySource`."""

    def __init__(self, source: CoinSource) -> None:
        self._source = source

    def __repr__(self) -> str:
        return f"<BodiesOf {self._source}>"

    def body(self, number: int) -> bytes | None:
        """Return the data of a block, or None if it is unavailable; raise any other error of the source."""
        try:
            return self._source.coin_body(number)
        except BodyMissing:
            return None
