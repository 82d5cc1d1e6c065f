"""A root chain with a hostile operator, users with money on it, and their actions."""

from __future__ import annotations

from collections.abc import Sequence

from layer2.ethereum.connection import Connection
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.plasma.payments.chain.contract import ExitStatus, Proof, RootChain, Spend, deposit_of_event
from layer2.plasma.payments.chain.exit_proofs import DepositExitProof, Kit, OutputExitProof
from layer2.plasma.protocol.positions import encode_position
from layer2.plasma.protocol.signing import Signed
from layer2.primitives.hashing import keccak
from layer2.testing.adversaries.payments.hostile_operator import HostileOperator, Lie, pay

__all__ = ["ETHER", "PlasmaStage"]

ETHER = 10**18
LIFETIME = 50
"""Number of blocks in which a payment may be included."""


class PlasmaStage:
    """A new root chain on a development chain with at least seven accounts."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        names = ("deployer", "operator", "payer", "payee", "thief", "watcher", "second")
        people = {
            name: Sender(connection, one) for name, one in zip(names, connection.signers(len(names)), strict=True)
        }
        self.deployer, self.operator, self.payer, self.payee, self.thief, self.watcher, self.second = people.values()
        self.start = connection.block_number()
        self.root = RootChain.deploy(self.deployer, self.operator.address)
        self.hostile = HostileOperator(self.root, self.operator, self.thief)

    def deposit(self, owner: Sender, amount: int = ETHER) -> DepositExitProof:
        """Deposit ether of an owner; return its exit data."""
        receipt = self.root.deposit(owner, 0, amount, owner.address)
        (event,) = self.root.contract.events(receipt, "Deposited")
        return DepositExitProof(deposit_of_event(event.args))

    def pay(
        self,
        spent: Sequence[tuple[Sender, Kit]],
        rows: Sequence[tuple[Sender, int]],
        *,
        expiry: int | None = None,
        memo: bytes = b"",
    ) -> Signed:
        """Return a signed payment of ether that no block includes yet."""
        inputs = [(owner.signer, kit.position) for owner, kit in spent]
        until = expiry if expiry is not None else self.hostile.following + LIFETIME
        return pay(self.root, inputs, [(to.address, 0, amount) for to, amount in rows], until, memo)

    def kit(self, lie: Lie, index: int = 0, output: int = 0) -> OutputExitProof:
        """Return the exit data of an output of a block."""
        return self.hostile.kit(encode_position(lie.number, index, output))

    def exit(self, owner: Sender, *kits: Kit) -> Receipt:
        """Start exits."""
        return self.root.start_exits(owner, [kit.proof for kit in kits])

    def status(self, kit: Kit) -> ExitStatus:
        """Return the exit status of an output."""
        return self.root.exit(kit.output_id).status

    def start_game(self, who: Sender, one: Signed, inputs: Sequence[Kit], bits: int) -> bytes:
        """Start an in-flight exit; return its id."""
        proof = Proof.of_nothing(one.transaction.packed)
        self.root.start_in_flight_exit(who, proof, [kit.proof for kit in inputs], one.signatures, bits)
        return self.game_id(one, inputs)

    def join(self, who: Sender, one: Signed, inputs: Sequence[Kit], bit: int) -> Receipt:
        """Piggyback an in-flight exit with an input or output."""
        made = [kit.made for kit in inputs]
        return self.root.piggyback(who, one.transaction.packed, [kit.output_id for kit in inputs], bit, made)

    def contest(
        self, who: Sender, one: Signed, inputs: Sequence[Kit], rival: Signed, place: Proof | None = None
    ) -> Receipt:
        """Show another payment that spends one of its inputs; `place` proves that payment's inclusion."""
        shown = place or Proof.of_nothing(rival.transaction.packed)
        known = {kit.position: kit.proof for kit in inputs}
        several = len(rival.transaction.inputs) > 1
        spend = Spend(
            shown, b"".join(rival.signatures), tuple(known[at] for at in rival.transaction.inputs) if several else ()
        )
        ids, made = [kit.output_id for kit in inputs], [kit.made for kit in inputs]
        common = next(at for at, kit in enumerate(inputs) if kit.position in rival.transaction.inputs)
        return self.root.challenge_non_canonical(who, one.transaction.packed, ids, common, made, spend)

    def answer(self, who: Sender, place: Proof, inputs: Sequence[Kit]) -> Receipt:
        """Show the inclusion of the payment."""
        return self.root.respond_non_canonical(
            who, place, [kit.output_id for kit in inputs], [kit.made for kit in inputs]
        )

    def settle(self, who: Sender, one: Signed, inputs: Sequence[Kit], newer: Sequence[int] = ()) -> Receipt:
        """Claim an in-flight exit."""
        ids, made = [kit.output_id for kit in inputs], [kit.made for kit in inputs]
        return self.root.process_in_flight_exit(who, one.transaction.packed, ids, made, newer)

    @staticmethod
    def game_id(one: Signed, inputs: Sequence[Kit]) -> bytes:
        """Return the contract's id of an in-flight exit."""
        return keccak(one.transaction.hash + b"".join(kit.output_id for kit in inputs))

    def later(self, seconds: int) -> None:
        """Advance time."""
        self.connection.advance(seconds)
