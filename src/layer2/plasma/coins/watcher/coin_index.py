"""All coins by all bodies that are there: how each stands, and which transfers could be shown to the contract.

A coin stands as the contract would have it: the first transfer that spends the last one, in time and signed by its
owner, is the next; anything else that a block says about it is a fault, and changes nothing. Whoever owns a coin with
a fault leaves from the state before it: any later one can be challenged with what the fault invented.

A root binds transfers and their signatures: what a body says is what the block says, and nobody else can answer.
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

__all__ = ["CoinBooks", "Fault"]

_TREES = 16


@dataclass(frozen=True, slots=True)
class Fault:
    """What a block says about a coin that no owner signed, or not so."""

    coin: int
    number: int
    why: str


class CoinBooks:
    """Standings in the order of the blocks, as far as all bodies are there; transfers of any body that is there.

    Args:
        records, headers: what the chain says; they change under the books, which `cut` follows.
        body: the bytes of a block by its header's hash.
        chosen: of which coins; None: of all.

    Attributes:
        head: the last block up to which the standings go.
        faults: by coin, in order; also of coins that there are not.
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
        return f"<CoinBooks coins={len(self.records)} head={self.head}>"

    # --------------------------------------------------------------------------------------------------------- coins

    def standing(self, coin: int) -> Standing | None:
        """How a coin stands after block `head`; None: there is no such coin."""
        found = self._standings.get(coin)
        if found is None and coin in self.records:
            found = Standing(coin, self.records[coin])
        return found

    def safe(self, coin: int) -> Standing | None:
        """How it stood before the first fault: from there its owner leaves, and nothing answers that against it."""
        found = self.standing(coin)
        if found is None:
            return None
        first = min((one.number for one in self.faults.get(coin, ()) if one.number >= found.record.birth), default=None)
        if first is None:
            return found
        return replace(found, moves=tuple(move for move in found.moves if move.number < first))

    def coins_of(self, owner: Address) -> list[int]:
        """Whose coins they are by all blocks up to `head`, paid ones too."""
        chosen = (coin for coin in self.records if self._chosen is None or coin in self._chosen)
        return sorted(coin for coin in chosen if (one := self.standing(coin)) is not None and one.owner == owner)

    def history(self, coin: int) -> History:
        """What the next owner needs: the evidence of all blocks. Raises StateUnknown while one is not to be had."""
        if coin not in self.records:
            raise StateUnknown(f"coin {coin} was not made", hint="wait until it is")
        record, evidence = self.records[coin], list[Evidence]()
        for number in range(record.birth, len(self.headers) + 1):
            tree = self._tree(number)
            if tree is None:
                raise StateUnknown(f"coin block {number}: no body", hint="ask again")
            proof, signed = tree.proof(coin), self._signed(coin, number)
            evidence.append(Moved(signed, proof.siblings) if signed else proof)
        return History(coin, record, tuple(evidence))

    # ------------------------------------------------------------------------------------------------------ transfers

    def spends(self, coin: int, prev: int, owner: Address) -> Iterator[Move]:
        """Transfers of a coin in any block that is there, in order, that spend that of block `prev` and are signed."""
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
        """The body of a block is there, whichever."""
        kept = [one for one in batch if self._chosen is None or one.transaction.coin in self._chosen]
        self._blocks[number] = [one.transaction.coin for one in kept]
        for one in kept:
            self._seen.setdefault(one.transaction.coin, {})[number] = one

    def saw(self, number: int) -> bool:
        """Whether it was there."""
        return number in self._blocks

    def advance(self) -> list[Fault] | None:
        """Go on with the next block; what is wrong about it. None: there is none, or its body is not there any more."""
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
        """Blocks after this one were taken back."""
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
