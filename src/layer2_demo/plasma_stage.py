"""Stage of the plasma chapter: root chain, operator, watcher, a hundred users and their expected balances."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner, Signer
from layer2.plasma.common.watcher.actions import WatchPolicy
from layer2.plasma.common.watcher.block_sources import LocalBodies
from layer2.plasma.facade import PlasmaFacade
from layer2.plasma.payments.watcher.watcher import Watcher
from layer2.plasma.protocol.positions import encode_position
from layer2.plasma.protocol.signing import Signed
from layer2.primitives.addresses import Address, address_bytes
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2_demo.audit import Balance
from layer2_demo.stage import DemoFailed, Stage

__all__ = ["PlasmaStage"]


class PlasmaStage(Stage):
    """A plasma chain with the expected balances of its users."""

    def __init__(self, connection: Connection, prevalidate: Console, *, users: int = 100, doublings: int = 5) -> None:
        super().__init__(connection, prevalidate)
        self.keys = [PrivateKey(keccak(b"the demo's owner %d" % number)) for number in range(users)]
        self.users: list[Signer] = [LocalSigner(key) for key in self.keys]
        self.doublings = doublings
        """Number of rounds in which every output is paid on and thereby split in two."""
        self.l2 = PlasmaFacade.devnet(connection, self.operator, folder=self.folder.name)
        self.root = self.l2.root
        self.watcher = Watcher(
            self.root,
            LocalBodies(self.l2.operator.store),
            Path(self.folder.name) / "watcher",
            sender=self.sender(self.watchtower),
            policy=WatchPolicy(patience=0, question=None, claims=0),
            start_block=self.l2.local.start_block,
        )
        self.books: dict[Address, int] = {}
        """Expected balances on the plasma chain in wei by address, computed independently of the operator."""
        self.outputs: list[list[tuple[int, int]]] = [[] for _ in self.users]
        """Position and amount of each user's outputs."""
        self.stuck = 0
        """Amount in wei that stays in the contract: the bond of an exit that can never be paid."""
        self.gas: dict[str, float] = {}
        self.note_deployment("deploy the root chain")
        self.gas["deploy.total"] = self.scenes[-1].gas

    def sender(self, who: Signer) -> Sender:
        """Return a sender for an account."""
        return Sender(self.connection, who)

    def move(self, giver: Address | None, taker: Address | None, amount: int) -> None:
        """Record a payment in the books, or a deposit or exit if one side is None."""
        if giver is not None:
            self.books[giver] = self.books.get(giver, 0) - amount
        if taker is not None:
            self.books[taker] = self.books.get(taker, 0) + amount

    def block(self, payments: Sequence[Signed]) -> list[int]:
        """Submit payments and build a block of them; return the position of each payment's first output."""
        begin, operator = time.perf_counter(), self.l2.operator
        operator.follow()
        refused = [one for one in operator.submit_many(payments) if one is not None]
        if refused:
            raise DemoFailed(f"demo: {len(refused)} of {len(payments)} payments were refused: {refused[0]}")
        made = operator.submit_block()
        self.check("payments in the block", len(payments), 0 if made is None else made.count)
        places = []
        for one in payments:
            tx_status = operator.tx_status(one.transaction.hash)
            assert tx_status is not None  # The payment was accepted just above.
            places.append(encode_position(tx_status.block, tx_status.index, 0))
        self.scenes[-1].payments += len(payments)
        self.scenes[-1].seconds += time.perf_counter() - begin
        return places

    def check_books(self, who: str) -> None:
        """Raise DemoFailed unless the operator's UTXO set equals the books."""
        operator = self.l2.operator
        operator.follow()
        found = {}
        with operator.lock:
            for address in self.books:
                rows = operator.ledger.owned(address_bytes(address))
                found[address] = sum(output.amount for _, output, leaves in rows if not leaves)
        self.check(f"the balances of {who}", self.books, found)

    def balances(self) -> list[Balance]:
        """Return the balances of all accounts, with exact users merged into one row, and of the contract."""
        every = super().balances()
        people = [one for one in every if not one.name.startswith("user ")]
        users = [one for one in every if one.name.startswith("user ")]
        people += [one for one in users if not one.exact]
        expected, actual = sum(one.expected for one in users), sum(one.actual for one in users)
        held = self.connection.balance(self.root.address)
        return [
            *people,
            Balance(f"{len(users)} users", expected, actual),
            Balance("the root chain", sum(self.books.values()) + self.stuck, held),
        ]

    def close(self) -> None:
        """Close all files and remove them."""
        self.watcher.close()
        self.l2.close()
        super().close()
