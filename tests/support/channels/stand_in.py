"""A stand-in for hub and chain: answers what a node asks, and counts how often it is asked."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from layer2.channels.contract.channel_view import ChannelView
from layer2.channels.party import chain_sync
from layer2.channels.party.errors import CounterNotNewer, LocksPending
from layer2.channels.party.party import Party
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.locks import Lock
from layer2.channels.protocol.messages import hub_domain
from layer2.channels.protocol.proofs import LockPayment
from layer2.ethereum.records import Block
from layer2.ethereum.signer import LocalSigner
from layer2.primitives.addresses import ZERO_ADDRESS, Address, to_address
from layer2.primitives.hashing import sha256
from layer2.primitives.typed_data import Domain

PAYER, PAYEE, ATTACKER = (LocalSigner(bytes([tag]) * 32) for tag in (1, 2, 3))
HUB = to_address("0x" + "77" * 20)
NOW = 1_000
WINDOW = 3_600


@dataclass
class StandInHub:
    """Answers what a node asks of the hub and the chain."""

    address: Address = HUB
    chain: int = 1
    now: int = NOW
    number: int = 1
    base_fee: int = 0
    is_dev: bool = False
    views: dict[bytes, ChannelView] = field(default_factory=dict)
    older: dict[tuple[bytes, int], ChannelView] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    asking: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.connection: Any = SimpleNamespace(
            chain_id=self.chain,
            is_dev=self.is_dev,
            latest=self._latest,
            block_number=lambda: self._latest().number,
            timestamp=lambda: self._latest().timestamp,
            block=lambda number: self._asked("block", self._block(number)),
            code=lambda address: self._asked("code", b""),
        )

    @property
    def domain(self) -> Domain:
        return hub_domain(self.chain, self.address)

    def view(self, key: ChannelKey, block: int | None = None) -> ChannelView:
        newest = self.views.get(key.id, ChannelView(key.id, 100, 50, 0, 0, 0, 0))
        return self._asked("view", newest if block is None else self.older.get((key.id, block), newest))

    def max_lock_duration(self) -> int:
        return 500

    def window(self, key: ChannelKey) -> int:
        return WINDOW

    def is_registered(self, owner: Address, struct_hash: bytes) -> bool:
        return self._asked("isRegistered", False)

    def _latest(self) -> Block:
        return self._asked("latest", self._block(self.number))

    def _block(self, number: int) -> Block:
        mark, parent = number.to_bytes(32, "big"), max(0, number - 1).to_bytes(32, "big")
        return Block(number, mark, parent, self.now, self.base_fee, 30_000_000)

    def _asked(self, what: str, answer: Any) -> Any:
        self.asking()
        self.calls.append(what)
        return answer


def reopened(node: Party) -> Party:
    """The node of the same journal after a restart."""
    path, signer, hub = node._table.journal.path, node.signer, node.hub
    node.close()
    return Party.open(signer, hub, path, create=False)


class Hours:
    """This machine's clock as nodes read it, moved by the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = time.monotonic()
        monkeypatch.setattr(chain_sync, "time", self)

    def monotonic(self) -> float:
        return self.now


def make_key(salt: int = 1, *, simplex: bool = False) -> ChannelKey:
    return ChannelKey(
        a=PAYER.address,
        b=PAYEE.address,
        token=ZERO_ADDRESS,
        delay=WINDOW,
        open_before=9_000,
        salt=salt,
        simplex=simplex,
    )


def hash_locked(amount: int, preimage: bytes = b"p" * 32, expiry: int = NOW + 100) -> Lock:
    return Lock(amount, expiry, 0, sha256(preimage))


def give(sender: Party, receiver: Party, proof: LockPayment) -> None:
    """Hand a lock proof over, and its acceptance and the voucher that follows back."""
    level = sender.locks.take_accept(receiver.locks.receive_locks(proof))
    if level is not None:
        with contextlib.suppress(LocksPending, CounterNotNewer):  # overtaken by the next lock proof
            receiver.receive(level)


def holds(lock: threading.RLock) -> bool:
    """Return True if the calling thread holds a lock."""
    return lock._is_owned()  # type: ignore[attr-defined,no-any-return]
