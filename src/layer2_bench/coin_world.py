"""Gas of the coin chain's calls, with full blocks of 65,536 coins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import deploy_with_receipt
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer
from layer2.plasma.coins.protocol.sparse_merkle import SparseTree
from layer2.plasma.coins.protocol.transfer import CoinTransaction, SignedCoin, coin_domain
from layer2.primitives.addresses import ZERO_ADDRESS, address_bytes
from layer2.primitives.ecdsa import to_compact
from layer2.primitives.hashing import keccak

__all__ = ["measure_coins"]

_ETHER = 10**18
_FULL = 65_536
_BATCH = 10
_EXPIRY = 10_000
_PERIOD = 3_600
_BONDS = (_ETHER // 50, _ETHER // 50, _ETHER // 500)
"""Exit bond, challenge bond and the claim's bounty, in wei."""

_NOTHING: tuple[Any, ...] = (0, 0, ZERO_ADDRESS, 0, 0, bytes(32), bytes(32), [])


@dataclass(frozen=True, slots=True)
class _Step:
    """A coin transaction in a block, in the contract's format."""

    number: int
    owner: str
    shown: tuple[Any, ...]


class _CoinWorld:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        operator, self.payer, self.payee, self.watcher, *self.others = connection.signers(10)
        self.operator = Sender(connection, operator)
        config = (operator.address, _PERIOD, 2 * _PERIOD, *_BONDS)
        self.chain, self.deployment = deploy_with_receipt(self.operator, load_artifact("CoinChain"), config)
        self.domain = coin_domain(connection.chain_id, self.chain.address)
        self._crowd = [(int.from_bytes(keccak(b"crowd %d" % at)[:8], "big"), keccak(b"%d" % at)) for at in range(_FULL)]

    def act(self, who: Signer, name: str, *args: Any, value: int = 0, gas: int | None = None) -> Receipt:
        return self.chain.transact(Sender(self.connection, who), name, *args, value=value, gas=gas)

    def deposit(self, owner: Signer) -> tuple[int, tuple[Any, ...], int]:
        """Deposit a coin; return the coin, its record and the gas."""
        receipt = self.act(owner, "depositETH", value=_ETHER)
        args = self.chain.events(receipt, "CoinDeposited")[0].args
        return (
            args["coin"],
            tuple(args[name] for name in ("owner", "kind", "token", "value", "birth")),
            receipt.gas_used,
        )

    def block(self, *given: tuple[int, int, Signer, Signer]) -> tuple[list[_Step], int]:
        """Submit a full block that transfers coins (coin, last block, from, to); return its steps and the gas."""
        moved = [
            self._signed(CoinTransaction(coin, last, address_bytes(to.address), _EXPIRY), owner)
            for coin, last, owner, to in given
        ]
        leaves = [(one.transaction.coin, one.value) for one in moved]
        tree = SparseTree([*leaves, *self._crowd[len(moved) :]])
        number = self.chain.call("head")[1]
        receipt = self.act(self.operator.signer, "submitBlock", number, tree.root)
        time = self.chain.events(receipt, "BlockSubmitted")[0].args["time"]
        steps = []
        for (one, signature), (_, _, _, to) in zip(moved, given, strict=True):
            fields = (number, one.prev_block, to.address, one.expiry, time, signature[:32], signature[32:])
            steps.append(_Step(number, to.address, (*fields, list(tree.proof(one.coin).siblings))))
        return steps, receipt.gas_used

    def _signed(self, one: CoinTransaction, owner: Signer) -> SignedCoin:
        return SignedCoin(one, to_compact(owner.sign_digest(one.digest(self.domain))))

    def exit(self, owner: Signer, coin: int, record: tuple[Any, ...], before: _Step | None, last: _Step) -> Receipt:
        shown = _NOTHING if before is None else before.shown
        return self.act(owner, "exitTransfer", coin, record, shown, last.shown, value=_BONDS[0])


def measure_coins(connection: Connection) -> dict[str, int]:
    """Return the gas of coin exits and challenges by operation id, with warm storage."""
    world = _CoinWorld(connection)
    payer, payee, watcher, thief = world.payer, world.payee, world.watcher, world.others[0]
    gas: dict[str, int] = {"coin.deploy": world.deployment.gas_used}
    world.deposit(payer)
    coin, record, gas["coin.deposit"] = world.deposit(payer)
    (first,), _ = world.block((coin, 0, payer, payee))
    start = connection.snapshot()
    # The previous transfer is the deposit, so that one proof less is needed.
    gas["coin.exit_first"] = world.exit(payee, coin, record, None, first).gas_used
    connection.revert(start)
    (second,), gas["coin.block"] = world.block((coin, first.number, payee, watcher))
    (third,), _ = world.block((coin, second.number, watcher, payer))
    (fourth,), _ = world.block((coin, third.number, payer, payee))
    (double,), _ = world.block((coin, second.number, watcher, thief))
    gas["coin.exit"] = world.exit(payer, coin, record, second, third).gas_used
    spent = (coin, third.number, fourth.shown)
    gas["coin.after"] = world.act(thief, "challengeAfter", *spent).gas_used
    world.exit(thief, coin, record, second, double)
    other = (coin, double.number, third.shown)
    gas["coin.between"] = world.act(payer, "challengeBetween", *other).gas_used
    world.exit(payee, coin, record, third, fourth)
    earlier = (coin, fourth.number, first.shown)
    gas["coin.before"] = world.act(thief, "challengeBefore", *earlier, value=_BONDS[1]).gas_used
    # The last second of each period still belongs to the challengers.
    connection.advance(_PERIOD // 2 + 1)
    answer = (coin, fourth.number, (thief.address, first.number, payee.address), second.shown)
    gas["coin.respond"] = world.act(watcher, "respondChallengeBefore", *answer).gas_used
    made = [world.deposit(payer) for _ in range(_BATCH)]
    owners = [world.others[at % len(world.others)] for at in range(_BATCH)]
    steps, _ = world.block(*((one[0], 0, payer, owner) for one, owner in zip(made, owners, strict=True)))
    for one, owner, step in zip(made, owners, steps, strict=True):
        world.exit(owner, one[0], one[1], None, step)
    connection.advance(_PERIOD + 1)
    dues = [(one[0], step.number, one[1]) for one, step in zip(made, steps, strict=True)]
    gas["coin.claim_batched"] = world.act(watcher, "finalizeExits", dues, gas=3_000_000).gas_used // _BATCH
    return gas
