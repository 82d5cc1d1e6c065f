"""State of the root chain projected from its events: deposits, blocks, exits and data challenges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from layer2.ethereum.contract import Event
from layer2.ethereum.event_projection import EventProjection
from layer2.plasma.payments.chain.contract import RootChain, deposit_of_event
from layer2.plasma.protocol.blocks import Header
from layer2.plasma.protocol.positions import block_of
from layer2.plasma.protocol.transaction import Deposit, Transaction, decode_transaction
from layer2.primitives.addresses import address_bytes
from layer2.primitives.errors import RangeError

__all__ = ["ExitSeen", "Game", "Question", "RootChainState"]


@dataclass(frozen=True, slots=True)
class ExitSeen:
    """An open standard exit.

    Attributes:
        time: Unix time from which on it can be claimed.
        priority: the child block under which it is registered.
        block, tx: L1 block and transaction that started it.
    """

    id: bytes
    owner: bytes
    position: int
    token: int
    amount: int
    time: int
    priority: int
    block: int
    tx: bytes


@dataclass(frozen=True, slots=True)
class Game:
    """An in-flight exit; `answered` is True if its inclusion was shown against a competitor."""

    id: bytes
    transaction: Transaction
    input_ids: tuple[bytes, ...]
    signatures: tuple[bytes, ...]
    block: int
    tx: bytes
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A data challenge, which the operator must answer by time `until`; 0 after the answer."""

    number: int
    index: int
    until: int


class RootChainState(EventProjection):
    """Projection of a root chain's events, read by wallet and watcher.

    Args:
        operator: the operator before the first event.

    Attributes:
        headers: block headers by number.
        deposits: deposits by number.
        exits: open standard exits by id.
        games: all started in-flight exits by id.
        open_games: those of them that were not deleted.
        priorities: blocks under which exits were registered, 0 for deposits. Those of reverted events are kept, because
            reading an empty bucket does no harm.
        questions: data challenges by block and transaction.
        shown: transactions shown in response to data challenges.
    """

    def __init__(self, root: RootChain, *, start_block: int = 0, confirmations: int = 0, operator: str = "") -> None:
        super().__init__(root.contract, start_block=start_block, confirmations=confirmations)
        self.headers: dict[int, Header] = {}
        self.deposits: dict[int, Deposit] = {}
        self.exits: dict[bytes, ExitSeen] = {}
        self.games: dict[bytes, Game] = {}
        self.open_games: dict[bytes, Game] = {}
        self.priorities: set[int] = set()
        self.questions: dict[tuple[int, int], Question] = {}
        self.shown: dict[tuple[int, int], bytes] = {}
        self.tokens: dict[int, str] = {}
        self.words: dict[str, Any] = {"operator": operator, "frozen": False}
        self._deposits: dict[bytes, dict[int, Deposit]] = {}

    def __repr__(self) -> str:
        return f"<RootChainState blocks={self.posted} exits={len(self.exits)} games={len(self.open_games)}>"

    @property
    def posted(self) -> int:
        """The last child block; child blocks are numbered from 1 without gaps."""
        return len(self.headers)

    @property
    def operator(self) -> str:
        """The account that may submit blocks."""
        return str(self.words["operator"])

    @property
    def frozen(self) -> bool:
        """True if the chain is frozen, so that no block can be submitted."""
        return bool(self.words["frozen"])

    def deposits_of(self, owner: bytes) -> dict[int, Deposit]:
        """Return the deposits of an owner by number."""
        return self._deposits.get(owner, {})

    # ------------------------------------------------------------------------------------------------------- events

    def _on_Deposited(self, args: dict[str, Any], event: Event) -> None:
        deposit = deposit_of_event(args)
        self._put(self.deposits, deposit.number, deposit)
        self._put(self._deposits.setdefault(deposit.owner, {}), deposit.number, deposit)

    def _on_TokenRegistered(self, args: dict[str, Any], event: Event) -> None:
        self._put(self.tokens, args["id"], str(args["token"]))

    def _on_BlockSubmitted(self, args: dict[str, Any], event: Event) -> None:
        number, word = args["number"], args["word"]
        if number != self.posted + 1:
            raise RangeError(f"block {number} after {self.posted}", hint="the node omits logs: use another node")
        self._put(self.headers, number, Header(args["root"], word >> 32, word & 0xFFFFFFFF))

    def _on_OperatorChanged(self, args: dict[str, Any], event: Event) -> None:
        self._put(self.words, "operator", str(args["operator"]))

    def _on_ExitStarted(self, args: dict[str, Any], event: Event) -> None:
        seen = ExitSeen(
            args["id"],
            address_bytes(args["owner"]),
            args["position"],
            args["token"],
            args["amount"],
            args["time"],
            args["priority"],
            event.log.block_number,
            event.log.tx_hash,
        )
        self.priorities.add(seen.priority)
        self._put(self.exits, seen.id, seen)

    def _on_ExitChallenged(self, args: dict[str, Any], event: Event) -> None:
        self._put(self.exits, args["id"], None)

    _on_ExitPaid = _on_OutputSpent = _on_ExitEnded = _on_ExitChallenged

    def _on_InFlightExitStarted(self, args: dict[str, Any], event: Event) -> None:
        game = Game(
            args["id"],
            decode_transaction(args["data"]),
            tuple(args["inputIds"]),
            tuple(args["signatures"][at : at + 64] for at in range(0, len(args["signatures"]), 64)),
            event.log.block_number,
            event.log.tx_hash,
        )
        self.priorities.add(max(map(block_of, game.transaction.inputs)))
        self._put(self.games, game.id, game)
        self._put(self.open_games, game.id, game)

    def _on_InFlightExitChallengeResponded(self, args: dict[str, Any], event: Event) -> None:
        game = self.open_games.get(args["id"])
        if game is not None:
            self._put(self.open_games, game.id, replace(game, answered=True))

    def _on_InFlightExitDeleted(self, args: dict[str, Any], event: Event) -> None:
        self._put(self.open_games, args["id"], None)

    def _on_DataChallenged(self, args: dict[str, Any], event: Event) -> None:
        number, index = args["number"], args["index"]
        self._put(self.questions, (number, index), Question(number, index, args["until"]))

    def _on_DataShown(self, args: dict[str, Any], event: Event) -> None:
        number, index = args["number"], args["index"]
        self._put(self.questions, (number, index), Question(number, index, 0))
        self._put(self.shown, (number, index), bytes(args["data"]))

    def _on_Frozen(self, args: dict[str, Any], event: Event) -> None:
        self._put(self.questions, (args["number"], args["index"]), None)
        self._put(self.words, "frozen", True)
