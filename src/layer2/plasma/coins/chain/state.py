"""State of the coin chain as read from its events: coins, block headers, exits and history challenges."""

from __future__ import annotations

import threading

from layer2.ethereum.event_stream import EventStream
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.chain.events import (
    BlockSubmitted,
    ChallengeResponded,
    CoinDeposited,
    CoinHappening,
    CoinNews,
    ExitChallenged,
    ExitFinalized,
    ExitStarted,
    happening_of,
)
from layer2.plasma.coins.chain.exit_proofs import ChallengeView
from layer2.plasma.coins.protocol.coin_history import Move
from layer2.plasma.coins.protocol.records import CoinHeader, CoinRecord
from layer2.primitives.addresses import Address
from layer2.primitives.errors import RangeError

__all__ = ["CoinChainState"]


class CoinChainState:
    """Current state of a coin chain, with reorganisations reverted. Several wallets may share one.

    Args:
        start_block: Block of the deployment, or an earlier one.
        confirmations: Number of blocks above a block before its events are read.

    Attributes:
        headers: Block headers by number.
        records: Records of all deposited coins, including paid ones.
        made_at: Ethereum block in which each coin was deposited.
        leaving: Blocks of the transfers with running exits by coin, zero for the deposit.
        paid: Coins that were paid out.
        `doubts`: All history challenges by coin and exit block, each with the exit's nonce. Only the contract knows
            which are still open.
        revealed: Transfers by coin that responses to challenges have proven on chain. Their block data may be
            unavailable otherwise.
        head: Newest Ethereum block at the last read.
        turns: Number of reorganisations that removed coin blocks.
    """

    def __init__(self, chain: CoinChain, *, start_block: int = 0, confirmations: int = 0) -> None:
        self.chain = chain
        self.start_block = start_block
        self.headers: dict[int, CoinHeader] = {}
        self.records: dict[int, CoinRecord] = {}
        self.made_at: dict[int, int] = {}
        self.leaving: dict[int, set[int]] = {}
        self.paid: set[int] = set()
        self.doubts: dict[tuple[int, int], set[tuple[ChallengeView, int]]] = {}
        self.revealed: dict[int, list[Move]] = {}
        self.head = 0
        self.turns = 0
        self._deposits: dict[Address, dict[int, None]] = {}
        self._lock = threading.Lock()
        self._log: EventStream[CoinHappening] = EventStream(
            chain.contract, happening_of, start_block=start_block, confirmations=confirmations
        )

    def __repr__(self) -> str:
        return f"<CoinChainState {self.chain.address} coins={len(self.records)} blocks={len(self.headers)}>"

    @property
    def next_block(self) -> int:
        """Number of the next coin block."""
        return len(self.headers) + 1

    def since(self, first: int) -> list[CoinHeader]:
        """Return the headers from block `first` on."""
        return [self.headers[number] for number in range(max(1, first), self.next_block)]

    def deposits_of(self, owner: Address) -> list[int]:
        """Return the coins that an address deposited."""
        return list(self._deposits.get(owner, ()))

    def step(self) -> None:
        """Read new events and apply them. Raise the errors of `LogFollower.step` and `take`."""
        with self._lock:
            self.take(self.read())

    def read(self) -> CoinNews:
        """Return the events since the last read.

        The caller must pass them to `take`, and can update its own state under the same lock.
        """
        return self._log.news()

    def take(self, news: CoinNews) -> None:
        """Apply a batch of events.

        Raises:
            RangeError: A block number is missing: the node omits logs, so the state is unreliable.
        """
        self.head = news.head
        if any(isinstance(one, BlockSubmitted) for _, one in news.removed):
            self.turns += 1
        for block, one in news.removed:
            self._note(block, one, back=True)
        for block, one in news.new:
            self._note(block, one, back=False)

    def _note(self, block: int, one: CoinHappening, *, back: bool) -> None:
        if isinstance(one, CoinDeposited):
            self._made(block, one, back=back)
        elif isinstance(one, BlockSubmitted):
            self._posted(one.header, back=back)
        elif isinstance(one, ExitChallenged):
            doubts = self.doubts.setdefault((one.coin, one.number), set())
            (doubts.discard if back else doubts.add)((one.challenge, one.nonce))
        elif isinstance(one, ChallengeResponded):
            moves = self.revealed.setdefault(one.move.transaction.coin, [])
            (moves.remove if back else moves.append)(one.move)
        else:
            running = self.leaving.setdefault(one.coin, set())
            (running.add if isinstance(one, ExitStarted) != back else running.discard)(one.number)
            if isinstance(one, ExitFinalized):
                (self.paid.discard if back else self.paid.add)(one.coin)
            if not running:
                del self.leaving[one.coin]

    def _made(self, block: int, one: CoinDeposited, *, back: bool) -> None:
        mine = self._deposits.setdefault(one.record.owner, {})
        if back:
            self.records.pop(one.coin, None)
            self.made_at.pop(one.coin, None)
            mine.pop(one.coin, None)
        else:
            self.records[one.coin] = one.record
            self.made_at[one.coin] = block
            mine[one.coin] = None

    def _posted(self, header: CoinHeader, *, back: bool) -> None:
        if back:
            self.headers.pop(header.number, None)
        elif header.number != self.next_block:
            raise RangeError(
                f"coin block {header.number} after {self.next_block - 1}",
                hint="the node leaves logs out: ask another one, and start again",
            )
        else:
            self.headers[header.number] = header
