"""A coin's life on paper: blocks with their trees and headers, people with keys, no chain."""

from __future__ import annotations

from dataclasses import dataclass, field

from layer2.plasma.coins.protocol.coin_history import Evidence, History, Moved
from layer2.plasma.coins.protocol.records import CoinHeader, CoinRecord, Kind, coin_of
from layer2.plasma.coins.protocol.sparse_merkle import SparseTree
from layer2.plasma.coins.protocol.transfer import CoinTransaction, SignedCoin, coin_domain, coin_tree, sign_coin
from layer2.primitives.addresses import ZERO_ADDRESS, address_bytes
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak

PAYER, PAYEE, WATCHER, THIEF = (PrivateKey(keccak(b"cash %d" % n)) for n in range(4))
DOMAIN = coin_domain(1337, "0x" + "c0" * 20)
COIN = coin_of(5)
RECORD = CoinRecord(PAYER.address, Kind.ETHER, ZERO_ADDRESS, 10**18, 1)
FOREVER = 2**40 - 1


def transfer(to: PrivateKey, prev: int, *, coin: int = COIN, expiry: int = FOREVER) -> CoinTransaction:
    return CoinTransaction(coin, prev, address_bytes(to.address), expiry)


def crowd(number: int, count: int = 20) -> list[SignedCoin]:
    """Transfers of other coins."""
    return [SignedCoin(transfer(WATCHER, 0, coin=coin_of(100 + number + at * 7)), bytes(64)) for at in range(count)]


@dataclass
class Paper:
    """Blocks on paper, and the history of COIN in them."""

    headers: list[CoinHeader] = field(default_factory=list)
    trees: list[SparseTree] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)

    def block(self, signed: SignedCoin | None = None, *, others: int = 20) -> int:
        """The next block, with a transfer of COIN or without; its number."""
        number = len(self.headers) + 1
        batch = crowd(number, others) + ([signed] if signed else [])
        tree = coin_tree(batch)
        self.trees.append(tree)
        self.headers.append(CoinHeader(number, tree.root, 1_000 + number))
        proof = tree.proof(COIN)
        self.evidence.append(Moved(signed, proof.siblings) if signed else proof)
        return number

    def move(self, owner: PrivateKey, to: PrivateKey, prev: int, expiry: int = FOREVER) -> int:
        """A block that moves COIN; its number."""
        return self.block(sign_coin(transfer(to, prev, expiry=expiry), DOMAIN, owner))

    @property
    def history(self) -> History:
        return History(COIN, RECORD, tuple(self.evidence))


def usual() -> Paper:
    """Payer, payee in block 2, watcher in block 4; block 5 without it."""
    paper = Paper()
    paper.block()
    paper.move(PAYER, PAYEE, 0)
    paper.block()
    paper.move(PAYEE, WATCHER, 2)
    paper.block()
    return paper
