"""Stage of the rollup chapter: the rollup with its nodes, a thousand users and their expected balances."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rich.console import Console

from layer2.ethereum.connection import Connection
from layer2.primitives.hashing import keccak
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.facade import RollupFacade
from layer2.rollup.l1.batcher import Data
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2_demo.audit import Balance
from layer2_demo.stage import DemoFailed, Stage

__all__ = ["Posted", "RollupStage"]

_BURNT_PART = 2
"""Divisor of a convicted proposer's bond that gives its burned part, which stays in the rollup forever."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A posted batch of transfers: bytes of its frames, gas and blob gas of its transactions."""

    kind: str
    transfers: int
    size: int
    gas: int
    blob_gas: int


class RollupStage(Stage):
    """A rollup with the expected balances of its accounts."""

    def __init__(
        self, connection: Connection, prevalidate: Console, *, accounts: int = 1_000, transfers: int = 10_000
    ) -> None:
        super().__init__(connection, prevalidate)
        self.accounts = accounts
        self.transfers = transfers
        self.l2 = RollupFacade.devnet(connection, self.operator, challenger=self.challenger, folder=self.folder.name)
        self.seeds = [keccak(b"the demo's user %d" % number) for number in range(1, accounts)]
        self.books: dict[int, int] = {}
        """Expected balances in the rollup in wei by account, computed independently of the sequencer."""
        self.posted: list[Posted] = []
        self.assertion = (0, 0)
        """Bytes of the state roots, and gas (without blob gas), of the assertion over all transfers."""
        self.verifier: Replica = self.l2.local.replica()
        self.note_deployment("deploy the rollup")

    def move(self, sender: int, to: int, amount: int) -> None:
        """Record a transfer in the books."""
        self.books[sender] -= amount
        self.books[to] += amount

    def post(self, kind: str, ops: list[SignedOp], data: Data) -> None:
        """Submit signed transfers, post them in blobs or calldata, and record the size and gas."""
        begin, sequencer = time.perf_counter(), self.l2.sequencer
        refused = [one for one in sequencer.submit_many(ops) if one is not None]
        if refused:
            raise DemoFailed(f"demo: {len(refused)} of {len(ops)} transfers were refused: {refused[0]}")
        sequencer.poster.data = data
        size = gas = blob_gas = 0
        while sequencer.pending:
            batch = self.l2.seal().post()
            size, gas, blob_gas = size + batch.size, gas + batch.gas, blob_gas + batch.blob_gas
        sequencer.poster.data = Data.AUTO
        self.scenes[-1].payments += len(ops)
        self.scenes[-1].seconds += time.perf_counter() - begin
        self.posted.append(Posted(kind, len(ops), size, gas, blob_gas))

    def check_books(self, who: str, replica: Replica) -> None:
        """Raise DemoFailed unless a replica's balances equal the books."""
        found = {index: one.balance for index, one in replica.head.accounts.items()}
        self.check(f"the balances of {who}", self.books, found)

    def balances(self) -> list[Balance]:
        """Return the ether balances of all accounts and of the rollup, which includes the burned part of the bond."""
        burned = self.l2.local.profile.bond // _BURNT_PART
        held = self.connection.balance(self.l2.address)
        return [*super().balances(), Balance("the rollup", sum(self.books.values()) + burned, held)]
