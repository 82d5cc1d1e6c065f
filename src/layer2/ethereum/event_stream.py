"""Decoded events of one contract, each delivered once, and the events that a reorganisation reverted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from layer2.ethereum.contract import Contract, Event
from layer2.ethereum.log_follower import LogFollower
from layer2.ethereum.records import Log

__all__ = ["EventStream", "EventBatch"]

H = TypeVar("H")


@dataclass(frozen=True)
class EventBatch(Generic[H]):
    """A batch: revert `removed` in the given order (newest first), then apply `new` (chain order).

    Each event comes with its block's number. `head`: the newest block of the chain. `oldest`: first block whose events
    a later batch can remove.
    """

    new: Sequence[tuple[int, H]] = field(default_factory=list)
    removed: Sequence[tuple[int, H]] = field(default_factory=list)
    head: int = 0
    oldest: int = 0


class EventStream(Generic[H]):
    """Follows a contract from its first block on, with a cursor in memory.

    Args:
        meaning: converts an event for the follower; None skips it.
        start_block: the block of the contract's deployment, or an earlier one.
        confirmations: blocks required above a block before it is read.
    """

    def __init__(
        self, contract: Contract, meaning: Callable[[Event], H | None], *, start_block: int = 0, confirmations: int = 0
    ) -> None:
        self._contract = contract
        self._meaning = meaning
        self._follower = LogFollower(
            contract.connection, contract.address, start_block=start_block, confirmations=confirmations
        )

    def __repr__(self) -> str:
        return f"<EventStream {self._contract.address} next={self.next_block}>"

    @property
    def next_block(self) -> int:
        """First block of the chain that has not been read."""
        return self._follower.cursor.next_block

    def news(self) -> EventBatch[H]:
        """Return the events since the last call, or since `start_block`; raise the errors of `LogFollower`."""
        update = self._follower.step()
        return EventBatch(self._read(update.new), self._read(update.removed), update.head, self._follower.cursor.oldest)

    def _read(self, logs: list[Log]) -> list[tuple[int, H]]:
        found = []
        for log in logs:
            event = self._contract.decode_log(log)
            one = None if event is None else self._meaning(event)
            if one is not None:
                found.append((log.block_number, one))
        return found
