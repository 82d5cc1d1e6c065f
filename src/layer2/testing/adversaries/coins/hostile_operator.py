"""A hostile coin operator and its users: real blocks with any content on the real contract.

The data of its blocks is served (`coin_body`) unless it is withheld. `move` returns any included transfer in the
contract's format, with any signature, as a thief would submit it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from layer2.ethereum.accounts import dev_keys
from layer2.ethereum.connection import Connection
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.plasma.coins.chain.contract import COIN_DEVNET, CoinChain, CoinProfile
from layer2.plasma.coins.chain.exit_proofs import NOTHING_SHOWN, Call, ChallengeView
from layer2.plasma.coins.protocol.coin_history import Move
from layer2.plasma.coins.protocol.errors import BodyMissing
from layer2.plasma.coins.protocol.records import CoinHeader, CoinRecord
from layer2.plasma.coins.protocol.sparse_merkle import SparseTree
from layer2.plasma.coins.protocol.transfer import CoinTransaction, SignedCoin, coin_tree, encode_coin_body, sign_coin
from layer2.primitives.addresses import Address, address_bytes
from layer2.primitives.ecdsa import PrivateKey

__all__ = ["CoinNetwork", "HostileCoinOperator", "Participant"]

FOREVER = (1 << 40) - 1
_NAMES = ("operator", "payer", "payee", "other", "thief", "watcher", "second")


@dataclass(frozen=True, slots=True)
class Participant:
    """A key that signs transfers, and its sender on the chain."""

    key: PrivateKey
    sender: Sender

    @property
    def address(self) -> Address:
        """Address of the key."""
        return self.key.address


class HostileCoinOperator:
    """An operator's key without any rules.

    Attributes:
        withheld: Numbers of blocks whose data is not served.
        unsigned: Numbers of blocks whose data is served with invalid signatures.
    """

    def __init__(self, chain: CoinChain, operator: Sender) -> None:
        self.chain = chain
        self.operator = operator
        self.withheld: set[int] = set()
        self.unsigned: set[int] = set()
        self._blocks: dict[int, tuple[CoinHeader, SparseTree, dict[int, SignedCoin]]] = {}

    def __repr__(self) -> str:
        return f"<HostileCoinOperator blocks={len(self._blocks)} withheld={sorted(self.withheld)}>"

    def coin_body(self, number: int) -> bytes:
        """Return the data of a block; raise BodyMissing if it is withheld."""
        if number in self.withheld or number not in self._blocks:
            raise BodyMissing(f"block {number} is not served", hint="none")
        batch = self._blocks[number][2].values()
        if number in self.unsigned:
            return encode_coin_body(one._replace(signature=bytes(64)) for one in batch)
        return encode_coin_body(batch)

    def block(self, *batch: SignedCoin, withhold: bool = False) -> int:
        """Submit a block of any transfers; return its number."""
        tree = coin_tree(batch)
        header = self.chain.submit(self.operator, self.chain.next_block(), tree.root)
        self._blocks[header.number] = (header, tree, {one.transaction.coin: one for one in batch})
        if withhold:
            self.withheld.add(header.number)
        return header.number

    def reveal(self) -> None:
        """Serve all withheld data."""
        self.withheld.clear()
        self.unsigned.clear()

    def move(self, coin: int, number: int) -> Move:
        """Return a block's transfer of a coin in the contract's format."""
        header, tree, _ = self._blocks[number]
        one = self.signed(coin, number)
        return Move(header, one.transaction, one.signature, tree.proof(coin).siblings)

    def signed(self, coin: int, number: int) -> SignedCoin:
        """Return a block's transfer of a coin with its real signature."""
        return self._blocks[number][2][coin]


class CoinNetwork:
    """A coin chain with a hostile operator, and users with keys by name in `people`."""

    def __init__(self, connection: Connection, profile: CoinProfile = COIN_DEVNET) -> None:
        self.connection = connection
        keys = [PrivateKey(key) for key in dev_keys(len(_NAMES))]
        signers = connection.signers(len(_NAMES))
        self.people: Mapping[str, Participant] = {
            name: Participant(key, Sender(connection, signer))
            for name, key, signer in zip(_NAMES, keys, signers, strict=True)
        }
        operator = self.people["operator"].sender
        self.start = connection.block_number()
        self.chain = CoinChain.deploy(operator, operator.address, profile)
        self.hostile = HostileCoinOperator(self.chain, operator)

    def __repr__(self) -> str:
        return f"<CoinNetwork {self.chain.address}>"

    def deposit(self, who: str, amount: int) -> tuple[int, CoinRecord]:
        """Deposit ether as a coin."""
        return self.chain.deposit_ether(self.people[who].sender, amount)

    def sign(self, coin: int, who: str, to: str, prev: int = 0, expiry: int = FOREVER) -> SignedCoin:
        """Return a signed transfer by any user."""
        one = CoinTransaction(coin, prev, address_bytes(self.people[to].address), expiry)
        return sign_coin(one, self.chain.domain, self.people[who].key)

    def pass_on(self, coin: int, who: str, to: str, prev: int = 0, *, withhold: bool = False) -> int:
        """Submit a block with a single transfer; return its number."""
        return self.hostile.block(self.sign(coin, who, to, prev), withhold=withhold)

    def exit(self, who: str, coin: int, record: CoinRecord, number: int) -> Receipt:
        """Start an exit of the transfer in a block (zero: the deposit), valid or not."""
        if number == 0:
            call = Call("exitDeposit", (coin, record.as_tuple()), "exit")
        else:
            last = self.hostile.move(coin, number)
            prev = last.transaction.prev_block
            shown = self.hostile.move(coin, prev).as_tuple() if prev else NOTHING_SHOWN
            call = Call("exitTransfer", (coin, record.as_tuple(), shown, last.as_tuple()), "exit")
        return self.chain.make(self.people[who].sender, call)

    def doubt(self, who: str, coin: int, number: int, record: CoinRecord, earlier: int = 0) -> Receipt:
        """Challenge the history of an exit with the transfer of an earlier block, zero for the deposit."""
        if earlier:
            call = Call("challengeBefore", (coin, number, self.hostile.move(coin, earlier).as_tuple()), "challenge")
        else:
            call = Call("challengeBeforeByDeposit", (coin, number, record.as_tuple()), "challenge")
        return self.chain.make(self.people[who].sender, call)

    def answer(self, who: str, coin: int, number: int, challenge: ChallengeView, spend: int) -> Receipt:
        """Answer a challenge with the transfer of a block."""
        move = self.hostile.move(coin, spend)
        args = (coin, number, challenge.as_tuple(), move.as_tuple())
        return self.chain.make(self.people[who].sender, Call("respondChallengeBefore", args))

    def claim(self, who: str, coin: int, record: CoinRecord, number: int) -> Receipt:
        """Pay out an exit."""
        return self.chain.finalize_exits(self.people[who].sender, (coin, number, record), gas=1_000_000)
