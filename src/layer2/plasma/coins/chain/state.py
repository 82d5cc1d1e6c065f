"""State of the coin chain projected from its events: coins, blocks, exits and history challenges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from layer2.ethereum.contract import Event
from layer2.ethereum.event_projection import EventProjection
from layer2.ethereum.event_stream import EventBatch
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.chain.events import challenge_of, move_of, record_of
from layer2.plasma.coins.chain.exit_proofs import ChallengeView
from layer2.plasma.coins.protocol.coin_history import Move
from layer2.plasma.coins.protocol.records import CoinHeader, CoinRecord
from layer2.primitives.addresses import ZERO_ADDRESS, Address, to_address
from layer2.primitives.errors import RangeError

__all__ = ["CoinChainState", "CoinExitSeen", "Doubt"]


@dataclass(frozen=True, slots=True)
class CoinExitSeen:
    """A running exit; `number` is its transfer's block (zero for the deposit), `block` its start's Ethereum block."""

    coin: int
    number: int
    owner: Address
    exitable_at: int
    block: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """A challenge of the history of the exit's start `nonce`."""

    coin: int
    number: int
    nonce: int
    challenge: ChallengeView


class CoinChainState(EventProjection):
    """Projection of a coin chain's events, read by operator, wallet and watcher.

    Args:
        operator: Operator before the first event.

    Attributes:
        headers: Block headers by number.
        posted_in: Ethereum block in which each coin block was submitted.
        records: Records of all deposited coins, including paid ones.
        made_at: Ethereum block in which each coin was deposited.
        exits: Running exits by coin and exit block.
        leaving: Blocks of the transfers with running exits by coin, zero for the deposit.
        paid: Ethereum blocks in which coins were paid out.
        `doubts`: All history challenges by coin and exit block. Only the contract knows which are still open, because
            not every event identifies the challenge that ended.
        revealed: Transfers by coin that responses to challenges have proven on chain, in that order. Their block data
            may be unavailable otherwise.
        turns: Number of reorganisations that removed coin blocks.
    """

    def __init__(
        self, chain: CoinChain, *, start_block: int = 0, confirmations: int = 0, operator: Address = ZERO_ADDRESS
    ) -> None:
        super().__init__(chain.contract, start_block=start_block, confirmations=confirmations)
        self.headers: dict[int, CoinHeader] = {}
        self.posted_in: dict[int, int] = {}
        self.records: dict[int, CoinRecord] = {}
        self.made_at: dict[int, int] = {}
        self.exits: dict[tuple[int, int], CoinExitSeen] = {}
        self.leaving: dict[int, frozenset[int]] = {}
        self.paid: dict[int, int] = {}
        self.doubts: dict[tuple[int, int], tuple[Doubt, ...]] = {}
        self.revealed: dict[int, tuple[Move, ...]] = {}
        self.turns = 0
        self._operators: dict[str, Address] = {"current": operator}
        self._deposits: dict[Address, dict[int, int]] = {}

    def __repr__(self) -> str:
        return f"<CoinChainState coins={len(self.records)} blocks={self.posted} exits={len(self.exits)}>"

    @property
    def posted(self) -> int:
        """Number of the last coin block; blocks are numbered from 1 without gaps."""
        return len(self.headers)

    @property
    def next_block(self) -> int:
        """Number of the next coin block."""
        return len(self.headers) + 1

    @property
    def operator(self) -> Address:
        """Address that submits blocks."""
        return self._operators["current"]

    def since(self, first: int) -> list[CoinHeader]:
        """Return the headers from block `first` on."""
        return [self.headers[number] for number in range(max(1, first), self.next_block)]

    def deposits_of(self, owner: Address) -> list[int]:
        """Return the coins that an address deposited."""
        return list(self._deposits.get(owner, ()))

    def moves_of(self, coin: int) -> list[Move]:
        """Return the transfers of a coin that responses to challenges have shown, in order of blocks."""
        moves = {move.number: move for move in self.revealed.get(coin, ())}
        return [moves[number] for number in sorted(moves)]

    def take(self, batch: EventBatch[Event]) -> None:
        """Apply a batch of events, and count a reorganisation of coin blocks."""
        if any(event.name == "BlockSubmitted" for _, event in batch.removed):
            self.turns += 1
        super().take(batch)

    # ------------------------------------------------------------------------------------------------------- events

    def _on_CoinDeposited(self, args: dict[str, Any], event: Event) -> None:
        coin, record = args["coin"], record_of(args)
        self._put(self.records, coin, record)
        self._put(self.made_at, coin, event.log.block_number)
        self._put(self._deposits.setdefault(record.owner, {}), coin, coin)

    def _on_BlockSubmitted(self, args: dict[str, Any], event: Event) -> None:
        number = args["number"]
        if number != self.next_block:
            raise RangeError(
                f"coin block {number} after {self.posted}",
                hint="the node omits logs: use another node, and start again",
            )
        self._put(self.headers, number, CoinHeader(number, bytes(args["root"]), args["time"]))
        self._put(self.posted_in, number, event.log.block_number)

    def _on_OperatorChanged(self, args: dict[str, Any], event: Event) -> None:
        self._put(self._operators, "current", to_address(args["operator"]))

    def _on_ExitStarted(self, args: dict[str, Any], event: Event) -> None:
        coin, number = args["coin"], args["number"]
        seen = CoinExitSeen(coin, number, to_address(args["owner"]), args["exitableAt"], event.log.block_number)
        self._put(self.exits, (coin, number), seen)
        self._put(self.leaving, coin, self.leaving.get(coin, frozenset()) | {number})

    def _on_ExitRefuted(self, args: dict[str, Any], event: Event) -> None:
        coin, number = args["coin"], args["number"]
        self._put(self.exits, (coin, number), None)
        self._put(self.leaving, coin, self.leaving.get(coin, frozenset()) - {number} or None)

    _on_ExitCancelled = _on_ExitRefuted

    def _on_Claimed(self, args: dict[str, Any], event: Event) -> None:
        self._on_ExitRefuted(args, event)
        self._put(self.paid, args["coin"], event.log.block_number)

    def _on_ChallengedBefore(self, args: dict[str, Any], event: Event) -> None:
        place = args["coin"], args["number"]
        doubt, known = Doubt(*place, args["nonce"], challenge_of(args)), self.doubts.get(place, ())
        if doubt not in known:
            self._put(self.doubts, place, (*known, doubt))

    def _on_ChallengeBeforeResponded(self, args: dict[str, Any], event: Event) -> None:
        coin, place = args["coin"], (args["coin"], args["number"])
        self._put(self.revealed, coin, (*self.revealed.get(coin, ()), move_of(args)))
        if place in self.exits:
            self._put(self.exits, place, replace(self.exits[place], exitable_at=args["exitableAt"]))
