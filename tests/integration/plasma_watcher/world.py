"""A root chain whose operator does what a test says, people with money in it, and watchers of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from layer2.ethereum.connection import Connection
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.plasma.contract import DEVNET, ExitStatus, Proof, RootChain, deposit_of_event
from layer2.plasma.kits import DepositKit, Kit, OutputKit
from layer2.plasma.messages import Signed
from layer2.plasma.positions import encode_position
from layer2.plasma.watcher import Watcher
from layer2.plasma.watchplan import WatchPolicy
from layer2.primitives.hashing import keccak
from layer2.testing.plasmafrauds import HostileOperator, Lie, pay

ETHER = 10**18
W = DEVNET.exit_period
EAGER = WatchPolicy(patience=0, question=None, urgent=0)
"""Calls a block withheld at once, and asks nothing."""


class World:
    def __init__(self, connection: Connection, folder: Path) -> None:
        self.connection = connection
        self.folder = folder
        names = ("deployer", "operator", "payer", "payee", "thief", "watcher", "second")
        people = {
            name: Sender(connection, one) for name, one in zip(names, connection.signers(len(names)), strict=True)
        }
        self.deployer, self.operator, self.payer, self.payee, self.thief, self.watcher, self.second = people.values()
        self.start = connection.block_number()
        self.root = RootChain.deploy(self.deployer, self.operator.address)
        self.hostile = HostileOperator(self.root, self.operator, self.thief)
        self._watchers: list[Watcher] = []

    # ------------------------------------------------------------------------------------------------------- watching

    def watch(
        self, name: str | None = "one", *, sender: Sender | None = None, policy: WatchPolicy = EAGER, **options: Any
    ) -> Watcher:
        """A watcher that keeps what it sees in a folder of this name."""
        folder = None if name is None else self.folder / name
        source = options.pop("source", self.hostile)
        one = Watcher(
            self.root, source, folder, sender=sender, policy=policy, start_block=self.start, **options
        )  # fmt: skip
        self._watchers.append(one)
        return one

    def close(self) -> None:
        for one in self._watchers:
            one.close()

    # ---------------------------------------------------------------------------------------------------------- moves

    def deposit(self, owner: Sender, amount: int = ETHER) -> DepositKit:
        receipt = self.root.deposit(owner, 0, amount, owner.address)
        (event,) = self.root.contract.events(receipt, "Deposited")
        return DepositKit(deposit_of_event(event.args))

    def pay(
        self,
        spent: Sequence[tuple[Sender, Kit]],
        rows: Sequence[tuple[Sender, int]],
        *,
        expiry: int | None = None,
        memo: bytes = b"",
    ) -> Signed:
        inputs = [(owner.signer, kit.position) for owner, kit in spent]
        until = expiry if expiry is not None else self.hostile.following + 50
        return pay(self.root, inputs, [(to.address, 0, amount) for to, amount in rows], until, memo)

    def kit(self, lie: Lie, index: int = 0, output: int = 0) -> OutputKit:
        return self.hostile.kit(encode_position(lie.number, index, output))

    def exit(self, owner: Sender, *kits: Kit) -> Receipt:
        return self.root.start_exits(owner, [kit.proof for kit in kits])

    def status(self, kit: Kit) -> ExitStatus:
        return self.root.exit(kit.output_id).status

    def start_game(self, who: Sender, one: Signed, inputs: Sequence[Kit], bits: int) -> bytes:
        """Start an in-flight exit; its id."""
        proof = Proof.of_nothing(one.transaction.packed)
        self.root.start_in_flight(who, proof, [kit.proof for kit in inputs], one.signatures, bits)
        return self.game_id(one, inputs)

    @staticmethod
    def game_id(one: Signed, inputs: Sequence[Kit]) -> bytes:
        return keccak(one.transaction.hash + b"".join(kit.output_id for kit in inputs))

    def later(self, seconds: int) -> None:
        self.connection.advance(seconds)
