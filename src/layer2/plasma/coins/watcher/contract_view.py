"""State of the coin chain projected from its events: coins, blocks, exits and history challenges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from layer2.ethereum.contract import Event
from layer2.ethereum.event_projection import EventProjection
from layer2.plasma.coins.chain.events import move_of
from layer2.plasma.coins.chain.exit_proofs import ChallengeView
from layer2.plasma.coins.protocol.coin_history import Move
from layer2.plasma.coins.protocol.records import CoinHeader, CoinRecord, Kind
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.errors import RangeError

__all__ = ["CoinExitSeen", "CoinView", "Doubt"]


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


class CoinView(EventProjection):
    """Projection of events to state.

    Only the contract knows which challenges are open, because not every event identifies the challenge that ended.
    """

    def __init__(self, operator: Address) -> None:
        super().__init__()
        self.headers: dict[int, CoinHeader] = {}
        self.posted_in: dict[int, int] = {}
        self.records: dict[int, CoinRecord] = {}
        self.paid_in: dict[int, int] = {}
        self.exits: dict[tuple[int, int], CoinExitSeen] = {}
        self.doubts: dict[Doubt, int] = {}
        self.revealed: dict[tuple[int, int], Move] = {}
        self.words: dict[str, Address] = {"operator": operator}

    def moves_of(self, coin: int) -> list[Move]:
        """Return the transfers of a coin that responses to challenges have shown, in order of blocks."""
        return [move for (one, _), move in sorted(self.revealed.items()) if one == coin]

    def __repr__(self) -> str:
        return f"<CoinView coins={len(self.records)} blocks={self.posted} exits={len(self.exits)}>"

    @property
    def posted(self) -> int:
        """Number of the last block; blocks are numbered from 1 without gaps."""
        return len(self.headers)

    @property
    def operator(self) -> Address:
        """Address that submits blocks."""
        return self.words["operator"]

    # ------------------------------------------------------------------------------------------------------- events

    def _on_CoinDeposited(self, args: dict[str, Any], event: Event) -> None:
        record = CoinRecord(args["owner"], Kind(args["kind"]), args["token"], args["value"], args["birth"])
        self._put(self.records, args["coin"], record)

    def _on_BlockSubmitted(self, args: dict[str, Any], event: Event) -> None:
        number = args["number"]
        if number != self.posted + 1:
            raise RangeError(f"block {number} after {self.posted}", hint="the node leaves logs out")
        self._put(self.headers, number, CoinHeader(number, bytes(args["root"]), args["time"]))
        self._put(self.posted_in, number, event.log.block_number)

    def _on_OperatorChanged(self, args: dict[str, Any], event: Event) -> None:
        self._put(self.words, "operator", to_address(args["operator"]))

    def _on_ExitStarted(self, args: dict[str, Any], event: Event) -> None:
        coin, number = args["coin"], args["number"]
        seen = CoinExitSeen(coin, number, to_address(args["owner"]), args["exitableAt"], event.log.block_number)
        self._put(self.exits, (coin, number), seen)

    def _on_ExitRefuted(self, args: dict[str, Any], event: Event) -> None:
        self._put(self.exits, (args["coin"], args["number"]), None)

    _on_ExitCancelled = _on_ExitRefuted

    def _on_Claimed(self, args: dict[str, Any], event: Event) -> None:
        self._on_ExitRefuted(args, event)
        self._put(self.paid_in, args["coin"], event.log.block_number)

    def _on_ChallengedBefore(self, args: dict[str, Any], event: Event) -> None:
        challenger, earlier, owner = args["challenge"]
        challenge = ChallengeView(to_address(challenger), int(earlier), to_address(owner))
        self._put(self.doubts, Doubt(args["coin"], args["number"], args["nonce"], challenge), event.log.block_number)

    def _on_ChallengeBeforeResponded(self, args: dict[str, Any], event: Event) -> None:
        move, place = move_of(args), (args["coin"], args["number"])
        self._put(self.revealed, (args["coin"], move.number), move)
        if place in self.exits:
            self._put(self.exits, place, replace(self.exits[place], exitable_at=args["exitableAt"]))
