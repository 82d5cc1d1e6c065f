"""People, and a chain of one contract that can be reorganised, in memory: the protocol is `events.Chain`.

The real contract is behind the same protocol in tests/integration/payments/operator.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from layer2.plasma.payments.chain.events import BlockSubmitted, Deposited, Happening, News
from layer2.plasma.payments.operator.intake import record_of
from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.protocol.blocks import Header
from layer2.plasma.protocol.positions import deposit_position
from layer2.plasma.protocol.signing import Signed, plasma_domain, sign
from layer2.plasma.protocol.transaction import Deposit, Output, payment
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak

OPERATOR, PAYER, PAYEE, THIEF = (PrivateKey(keccak(name)) for name in (b"operator", b"payer", b"payee", b"thief"))
KEYS = {bytes.fromhex(one.address[2:]): one for one in (OPERATOR, PAYER, PAYEE, THIEF)}
ADDRESS = "0x" + "11" * 20
DOMAIN = plasma_domain(1, ADDRESS)


def raw(key: PrivateKey) -> bytes:
    return bytes.fromhex(key.address[2:])


class Ground:
    """A chain in memory: each happening is a block of its own."""

    chain_id, address, domain = 1, ADDRESS, DOMAIN
    grace = 1200

    def __init__(self) -> None:
        self.blocks: list[Happening | None] = []
        self.deposits = 0
        self.submissions = 0
        self._told = 0
        self._gone: list[tuple[int, Happening]] = []

    def again(self) -> Ground:
        """The same chain for somebody who has seen nothing of it."""
        other = Ground()
        other.blocks, other.deposits = self.blocks, self.deposits
        return other

    def add(self, one: Happening | None) -> None:
        self.blocks.append(one)

    def deposit(self, owner: PrivateKey, amount: int = 100, token: int = 0) -> int:
        """The position of a new deposit."""
        self.deposits += 1
        self.add(Deposited(Deposit(self.deposits, raw(owner), token, amount, 7)))
        return deposit_position(self.deposits)

    def mine(self, blocks: int) -> None:
        self.blocks += [None] * blocks

    def take_back(self, blocks: int) -> list[Happening | None]:
        """A reorganisation: the newest blocks are gone."""
        gone = self.blocks[-blocks:]
        for number in range(len(self.blocks), len(self.blocks) - blocks, -1):
            one = self.blocks[number - 1]
            if number <= self._told and one is not None:
                self._gone.append((number, one))
        del self.blocks[-blocks:]
        self._told = min(self._told, len(self.blocks))
        self.deposits -= sum(isinstance(one, Deposited) for one in gone)
        return gone

    def posted(self) -> list[BlockSubmitted]:
        return [one for one in self.blocks if isinstance(one, BlockSubmitted)]

    def news(self) -> News:
        new = [(at + 1, one) for at, one in enumerate(self.blocks) if at >= self._told and one is not None]
        removed, self._gone, self._told = self._gone, [], len(self.blocks)
        return News(new, removed, len(self.blocks))

    def age(self, block: int) -> int:
        return 12 * (len(self.blocks) - block)

    def submit(self, number: int, root: bytes, count: int) -> None:
        assert number == len(self.posted()) + 1
        self.submissions += 1
        self.add(BlockSubmitted(number, Header(root, 1000 + number, count)))


def pay(
    positions: int | list[int],
    to: PrivateKey = PAYEE,
    amount: int = 60,
    *,
    by: PrivateKey = PAYER,
    change: int = 40,
    token: int = 0,
    expiry: int = 1000,
    signers: list[PrivateKey] | None = None,
) -> Signed:
    inputs = [positions] if isinstance(positions, int) else positions
    outputs: list[tuple[object, int, int]] = [(to.address, token, amount)]
    if change:
        outputs.append((by.address, token, change))
    return sign(payment(inputs, outputs, expiry), DOMAIN, *(signers or [by] * len(inputs)))


def record(*args: object, **kwargs: object) -> bytes:
    return record_of(pay(*args, **kwargs))  # type: ignore[arg-type]


def outputs_of(operator: Operator, key: PrivateKey) -> dict[int, Output]:
    return {position: one for position, one, _ in operator.ledger.owned(raw(key))}


@pytest.fixture
def ground() -> Ground:
    return Ground()


@pytest.fixture
def operator(ground: Ground, tmp_path: Path) -> Iterator[Operator]:
    one = Operator(ground, tmp_path / "operator", fee_owner=OPERATOR.address, margin=0)
    yield one
    one.close()
