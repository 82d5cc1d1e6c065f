"""The contract's state from its events, each of which can be undone: exits, blocks and data challenges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from layer2.ethereum.contract import Event
from layer2.ethereum.event_projection import EventProjection
from layer2.plasma.payments.chain.contract import deposit_of_event
from layer2.plasma.protocol.blocks import Header
from layer2.plasma.protocol.transaction import Deposit, Transaction, decode_transaction
from layer2.primitives.addresses import address_bytes
from layer2.primitives.errors import RangeError

__all__ = ["ExitSeen", "Game", "Question", "View"]


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
    """An open in-flight exit; `answered` is True if its inclusion was shown against a competitor."""

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


class View(EventProjection):
    """The state of a RootChain contract, built from its events."""

    def __init__(self, operator: str = "") -> None:
        super().__init__()
        self.headers: dict[int, Header] = {}
        self.deposits: dict[int, Deposit] = {}
        self.exits: dict[bytes, ExitSeen] = {}
        self.games: dict[bytes, Game] = {}
        self.questions: dict[tuple[int, int], Question] = {}
        self.shown: dict[tuple[int, int], bytes] = {}
        self.tokens: dict[int, str] = {}
        self.words: dict[str, Any] = {"operator": operator, "frozen": False}

    def __repr__(self) -> str:
        return f"<View blocks={len(self.headers)} exits={len(self.exits)} games={len(self.games)}>"

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

    # ------------------------------------------------------------------------------------------------------- events

    def _on_Deposited(self, args: dict[str, Any], event: Event) -> None:
        self._put(self.deposits, args["id"], deposit_of_event(args))

    def _on_TokenRegistered(self, args: dict[str, Any], event: Event) -> None:
        self._put(self.tokens, args["id"], str(args["token"]))

    def _on_BlockSubmitted(self, args: dict[str, Any], event: Event) -> None:
        number, word = args["number"], args["word"]
        if number != self.posted + 1:
            raise RangeError(f"block {number} after {self.posted}", hint="the node leaves logs out")
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
        self._put(self.games, game.id, game)

    def _on_InFlightExitChallengeResponded(self, args: dict[str, Any], event: Event) -> None:
        game = self.games.get(args["id"])
        if game is not None:
            self._put(self.games, game.id, replace(game, answered=True))

    def _on_InFlightExitDeleted(self, args: dict[str, Any], event: Event) -> None:
        self._put(self.games, args["id"], None)

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
