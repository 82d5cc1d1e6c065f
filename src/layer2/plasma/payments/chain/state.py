"""State of the root chain as far as its events were read: deposits, block headers, started exits."""

from __future__ import annotations

import threading

from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.chain.events import BlockSubmitted, Deposited, ExitStarted, Happening, InFlightExitStarted
from layer2.plasma.payments.chain.follower import ChainLog
from layer2.plasma.protocol.blocks import Header
from layer2.plasma.protocol.positions import block_of
from layer2.plasma.protocol.transaction import Deposit, Transaction, decode_transaction

__all__ = ["RootChainState"]


class RootChainState:
    """A projection of a root chain's events, which undoes reorganisations; several wallets may share one.

    Args:
        start_block: an L1 block at or before the contract's deployment.
        confirmations: number of L1 blocks above a block before it is read.

    Attributes:
        headers: block headers by number.
        games: started in-flight exits by id: the transaction and the ids of its inputs.
        priorities: blocks under which exits were registered, 0 for deposits.
        read: True after the first read.
    """

    def __init__(self, root: RootChain, *, start_block: int = 0, confirmations: int = 0) -> None:
        self.root = root
        self.start_block = start_block
        self.headers: dict[int, Header] = {}
        self.games: dict[bytes, tuple[Transaction, tuple[bytes, ...]]] = {}
        self.priorities: set[int] = set()
        self.read = False
        self._deposits: dict[bytes, dict[int, Deposit]] = {}
        self._log = ChainLog(root, start_block=start_block, confirmations=confirmations)
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<RootChainState {self.root.address} blocks={len(self.headers)}>"

    def step(self) -> None:
        """Read new events; raise the errors of `LogFollower.step`, after which nothing has changed."""
        with self._lock:
            news = self._log.news()
            for _, one in news.removed:
                self._take(one, back=True)
            for _, one in news.new:
                self._take(one, back=False)
            self.read = True

    def deposits_of(self, owner: bytes) -> dict[int, Deposit]:
        """Return the deposits of an owner by number."""
        return self._deposits.get(owner, {})

    def _take(self, one: Happening, *, back: bool) -> None:
        if isinstance(one, Deposited):
            mine = self._deposits.setdefault(one.deposit.owner, {})
            if back:
                mine.pop(one.deposit.number, None)
            else:
                mine[one.deposit.number] = one.deposit
        elif isinstance(one, BlockSubmitted):
            if back:
                self.headers.pop(one.number, None)
            else:
                self.headers[one.number] = one.header
        elif isinstance(one, ExitStarted):
            # Priorities undone by a reorganisation are kept, because reading an empty bucket does no harm.
            self.priorities.add(one.priority)
        elif isinstance(one, InFlightExitStarted):
            transaction = decode_transaction(one.packed)
            self.priorities.add(max(map(block_of, transaction.inputs)))
            if back:
                self.games.pop(one.id, None)
            else:
                self.games[one.id] = (transaction, one.input_ids)
