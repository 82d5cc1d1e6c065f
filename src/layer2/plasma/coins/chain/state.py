"""What the coin chain itself says, as far as it was read: coins, headers of blocks, exits and doubts about them."""

from __future__ import annotations

import threading

from layer2.ethereum.event_stream import EventLog
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.chain.events import (
    BlockPosted,
    CoinHappening,
    CoinMade,
    CoinNews,
    CoinPaid,
    Doubted,
    ExitBegun,
    Revealed,
    happening_of,
)
from layer2.plasma.coins.chain.exit_proofs import ChallengeView
from layer2.plasma.coins.protocol.coin_history import Move
from layer2.plasma.coins.protocol.records import CoinHeader, CoinRecord
from layer2.primitives.addresses import Address
from layer2.primitives.errors import RangeError

__all__ = ["CoinSight"]


class CoinSight:
    """Follows a coin chain; several wallets may share one. Holds what the chain has now: a reorganisation is undone.

    Args:
        start_block: at which the contract was deployed, or before.
        confirmations: blocks above one before it is believed.

    Attributes:
        headers: of the blocks, by number.
        records: of the coins that were made, paid ones too.
        made_at: the block of the chain in which a coin was made.
        leaving: by coin, the blocks of the transfers whose exits run, zero for the deposit.
        paid: coins that are no more.
        doubts: challenges ever made against the exit of a coin and block, each with the exit's nonce. Whether one is
            still open, the contract says.
        revealed: by coin, the transfers that answers to challenges have shown to the contract, of blocks that nobody
            may have shown otherwise.
        head: the newest block of the chain, when it was read last.
        turns: how often the chain took blocks of coins back.
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
        self._log: EventLog[CoinHappening] = EventLog(
            chain.contract, happening_of, start_block=start_block, confirmations=confirmations
        )

    def __repr__(self) -> str:
        return f"<CoinSight {self.chain.address} coins={len(self.records)} blocks={len(self.headers)}>"

    @property
    def next_block(self) -> int:
        """The number of the block to come."""
        return len(self.headers) + 1

    def since(self, first: int) -> list[CoinHeader]:
        """The headers from a block on."""
        return [self.headers[number] for number in range(max(1, first), self.next_block)]

    def deposits_of(self, owner: Address) -> list[int]:
        """The coins that somebody deposited."""
        return list(self._deposits.get(owner, ()))

    def step(self) -> None:
        """Read on. Raises what `LogFollower.step` and `take` raise."""
        with self._lock:
            self.take(self.read())

    def read(self) -> CoinNews:
        """What happened since the last time, which the caller has to `take`: for who keeps more in line with it."""
        return self._log.news()

    def take(self, news: CoinNews) -> None:
        """Note what happened.

        Raises:
            RangeError: a block without the one before it: the node leaves logs out, and nothing here can be believed.
        """
        self.head = news.head
        if any(isinstance(one, BlockPosted) for _, one in news.removed):
            self.turns += 1
        for block, one in news.removed:
            self._note(block, one, back=True)
        for block, one in news.new:
            self._note(block, one, back=False)

    def _note(self, block: int, one: CoinHappening, *, back: bool) -> None:
        if isinstance(one, CoinMade):
            self._made(block, one, back=back)
        elif isinstance(one, BlockPosted):
            self._posted(one.header, back=back)
        elif isinstance(one, Doubted):
            doubts = self.doubts.setdefault((one.coin, one.number), set())
            (doubts.discard if back else doubts.add)((one.challenge, one.nonce))
        elif isinstance(one, Revealed):
            moves = self.revealed.setdefault(one.move.transaction.coin, [])
            (moves.remove if back else moves.append)(one.move)
        else:
            running = self.leaving.setdefault(one.coin, set())
            (running.add if isinstance(one, ExitBegun) != back else running.discard)(one.number)
            if isinstance(one, CoinPaid):
                (self.paid.discard if back else self.paid.add)(one.coin)
            if not running:
                del self.leaving[one.coin]

    def _made(self, block: int, one: CoinMade, *, back: bool) -> None:
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
