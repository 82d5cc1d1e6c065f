"""Index of all coins built from the available block data: their states, and transfers usable on chain.

A coin's state follows the contract's rules: the next transfer is the first one that spends the last, is unexpired and
is signed by the owner. Any other transfer in a block is a fault and has no effect. The owner of a coin with a fault
must exit from the state before it, because later states can be challenged with the invented transfer.

A root commits to transfers and their signatures, so the data of a block cannot be replaced.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from layer2.plasma.coins.protocol.coin_history import Evidence, History, Move, Moved, Standing
from layer2.plasma.coins.protocol.errors import HistoryBroken
from layer2.plasma.coins.protocol.records import CoinHeader, CoinRecord
from layer2.plasma.coins.protocol.sparse_merkle import SparseTree
from layer2.plasma.coins.protocol.transfer import CoinTransaction, SignedCoin, coin_signer, coin_tree, decode_coin_body
from layer2.plasma.common.errors import StateUnknown
from layer2.primitives.addresses import Address, to_address
from layer2.primitives.errors import SignatureError
from layer2.primitives.typed_data import Domain

__all__ = ["CoinIndex", "Fault"]

_TREES = 16


@dataclass(frozen=True, slots=True)
class Fault:
    """An invalid or unsigned transfer of a coin in a block."""

    coin: int
    number: int
    why: str


class CoinIndex:
    """Coin states in order of blocks up to the first missing one, and transfers of all available blocks.

    Args:
        records, headers: Live data of the chain; after a reorganisation `cut` must be called.
        body: Function that returns the data of a block by its header's hash, or None.
        chosen: Coins to index; None for all.

    Attributes:
        head: Last block whose transfers the states include.
        faults: Faults by coin, in order; they include coins that do not exist.
    """

    def __init__(
        self,
        domain: Domain,
        records: dict[int, CoinRecord],
        headers: dict[int, CoinHeader],
        body: Callable[[bytes], bytes | None],
        chosen: Collection[int] | None = None,
    ) -> None:
        self.domain = domain
        self.records, self.headers = records, headers
        self.head = 0
        self.faults: dict[int, list[Fault]] = {}
        self._body = body
        self._chosen = None if chosen is None else frozenset(chosen)
        self._standings: dict[int, Standing] = {}
        self._before: dict[int, list[tuple[int, Standing | None]]] = {}
        self._seen: dict[int, dict[int, SignedCoin]] = {}
        self._blocks: dict[int, list[int]] = {}
        self._trees: OrderedDict[bytes, SparseTree] = OrderedDict()

    def __repr__(self) -> str:
        return f"<CoinIndex coins={len(self.records)} head={self.head}>"

    # --------------------------------------------------------------------------------------------------------- coins

    def standing(self, coin: int) -> Standing | None:
        """Return the state of a coin after block `head`, or None if it does not exist."""
        found = self._standings.get(coin)
        if found is None and coin in self.records:
            found = Standing(coin, self.records[coin])
        return found

    def safe(self, coin: int) -> Standing | None:
        """Return a coin's state before its first fault; an exit from there can answer any challenge."""
        found = self.standing(coin)
        if found is None:
            return None
        first = min((one.number for one in self.faults.get(coin, ()) if one.number >= found.record.birth), default=None)
        if first is None:
            return found
        return replace(found, moves=tuple(move for move in found.moves if move.number < first))

    def coins_of(self, owner: Address) -> list[int]:
        """Return the coins of an owner as of block `head`, including paid ones."""
        chosen = (coin for coin in self.records if self._chosen is None or coin in self._chosen)
        return sorted(coin for coin in chosen if (one := self.standing(coin)) is not None and one.owner == owner)

    def history(self, coin: int) -> History:
        """Return the history that the next owner needs; raise StateUnknown if the data of a block is missing."""
        if coin not in self.records:
            raise StateUnknown(f"coin {coin:#x} was not deposited", hint="wait for it")
        record, evidence = self.records[coin], list[Evidence]()
        for number in range(record.birth, len(self.headers) + 1):
            tree = self._tree(number)
            if tree is None:
                raise StateUnknown(f"coin block {number}: no data", hint="ask again")
            proof, signed = tree.proof(coin), self._signed(coin, number)
            evidence.append(Moved(signed, proof.siblings) if signed else proof)
        return History(coin, record, tuple(evidence))

    # ------------------------------------------------------------------------------------------------------ transfers

    def spends(self, coin: int, prev: int, owner: Address) -> Iterator[Move]:
        """Yield a coin's valid transfers in available blocks that spend that of block `prev`, signed by `owner`."""
        birth = self.records[coin].birth if coin in self.records else 0
        for number, signed in sorted(self._seen.get(coin, {}).items()):
            one = signed.transaction
            shown = number >= birth and number <= one.expiry and prev == one.prev_block < number
            if shown and self._signer(one, signed.signature) == owner:
                move = self._move(number, signed)
                if move is not None:
                    yield move

    def _signer(self, one: CoinTransaction, signature: bytes) -> Address | None:
        try:
            return to_address(coin_signer(one, self.domain, signature))
        except SignatureError:
            return None

    def _move(self, number: int, signed: SignedCoin) -> Move | None:
        tree = self._tree(number)
        if tree is None:
            return None
        siblings = tree.proof(signed.transaction.coin).siblings
        return Move(self.headers[number], signed.transaction, signed.signature, siblings)

    # --------------------------------------------------------------------------------------------------------- blocks

    def see(self, number: int, batch: Sequence[SignedCoin]) -> None:
        """Add the transfers of an available block, in any order of blocks."""
        kept = [one for one in batch if self._chosen is None or one.transaction.coin in self._chosen]
        self._blocks[number] = [one.transaction.coin for one in kept]
        for one in kept:
            self._seen.setdefault(one.transaction.coin, {})[number] = one

    def saw(self, number: int) -> bool:
        """Return True if the data of a block was added."""
        return number in self._blocks

    def advance(self) -> list[Fault] | None:
        """Apply the next block and return its faults; return None if its data is missing."""
        number = self.head + 1
        if number not in self._blocks or self._tree(number) is None:
            self._forget(number)
            return None
        header, found = self.headers[number], list[Fault]()
        before: list[tuple[int, Standing | None]] = []
        for coin in self._blocks[number]:
            fault = self._follow(header, coin, before)
            if fault is not None:
                found.append(fault)
                self.faults.setdefault(coin, []).append(fault)
        self._before[number] = before
        self.head = number
        return found

    def _follow(self, header: CoinHeader, coin: int, before: list[tuple[int, Standing | None]]) -> Fault | None:
        standing = self.standing(coin)
        if standing is None:
            return Fault(coin, header.number, "there is no such coin")
        if header.number < standing.record.birth:
            return Fault(coin, header.number, "the coin is younger: that means nothing")
        signed, tree = self._seen[coin][header.number], self._trees[header.hash]
        moved = Moved(signed, tree.proof(coin).siblings)
        try:
            after = replace(standing, next_block=header.number).after(header, moved, self.domain)
        except HistoryBroken as broken:
            return Fault(coin, header.number, str(broken.args[0]))
        before.append((coin, self._standings.get(coin)))
        self._standings[coin] = after
        return None

    def cut(self, posted: int) -> None:
        """Revert all blocks after block `posted`."""
        for number in sorted((one for one in self._blocks if one > posted), reverse=True):
            for coin, standing in self._before.pop(number, []):
                if standing is None:
                    del self._standings[coin]
                else:
                    self._standings[coin] = standing
            self._forget(number)
        self.head = min(self.head, posted)

    # --------------------------------------------------------------------------------------------------------- inside

    def _forget(self, number: int) -> None:
        for coin in self._blocks.pop(number, ()):
            del self._seen[coin][number]
            left = [fault for fault in self.faults.get(coin, []) if fault.number != number]
            if left:
                self.faults[coin] = left
            else:
                self.faults.pop(coin, None)

    def _signed(self, coin: int, number: int) -> SignedCoin | None:
        return self._seen.get(coin, {}).get(number)

    def _tree(self, number: int) -> SparseTree | None:
        hashed = self.headers[number].hash
        if hashed in self._trees:
            self._trees.move_to_end(hashed)
            return self._trees[hashed]
        body = self._body(hashed)
        if body is None:
            return None
        self._trees[hashed] = tree = coin_tree(decode_coin_body(body))
        if len(self._trees) > _TREES:
            self._trees.popitem(last=False)
        return tree
