"""In-flight exits as the tests play them: one object for each, with its moves."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.payments.builder import PIGGYBACK_BOND, Proof, World, in_flight_id

from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender

OPEN, PAYS_OUTPUTS, PAYS_INPUTS = 1, 2, 3
PAID, SPENT = 3, 4
IN0, IN1, OUT0, OUT1 = 1, 2, 16, 32
NOT_INCLUDED = 2**56 - 1


@dataclass
class Game:
    """A payment of a payer's and a co-signer's (successor's) ether to a payee, never included."""

    world: World
    inputs: list[Proof]
    owners: list[Sender]
    ids: list[bytes]
    data: bytes

    @property
    def id(self) -> bytes:
        return in_flight_id(self.data, self.ids)

    @property
    def made(self) -> list[bytes]:
        """What made each input."""
        return [one[2] for one in self.inputs]

    @property
    def state(self) -> dict[str, int]:
        names = (
            "bond_owner",
            "competitor",
            "piggybacked",
            "blocked",
            "status",
            "contested",
            "held",
            "exitable",
            "priority",
            "started",
        )
        return dict(zip(names, self.world.in_flight_of(self.id), strict=True))

    def start(self, bits: int = 0, who: Sender | None = None, proof: Proof | None = None) -> Receipt:
        return self.world.start(who or self.world.payer, self.data, self.inputs, self.owners, bits, proof)

    def join(self, who: Sender, bit: int) -> Receipt:
        return self.world.send(who, "piggyback", self.data, self.ids, bit, self.made, value=PIGGYBACK_BOND)

    def contest(self, competitor: bytes, owner: Sender, index: int = 0, proof: Proof | None = None) -> None:
        spend = self.world.spend(competitor, owner, proof=proof)
        self.world.send(self.world.watcher, "challengeNonCanonical", self.data, self.ids, index, self.made, spend)

    def hold(self, who: Sender | None = None) -> None:
        self.world.send(who or self.world.watcher, "holdInputs", self.data, self.ids, self.made)

    def abandon(self) -> None:
        self.world.send(self.world.watcher, "deleteNonPiggybacked", self.data, self.ids)

    def claim(self, newer: tuple[int, ...] = ()) -> None:
        self.world.send(self.world.watcher, "processInFlightExit", self.data, self.ids, self.made, list(newer))

    def ripen(self) -> None:
        self.world.at(self.state["exitable"])

    def answer(self, included: Proof, who: Sender | None = None) -> None:
        self.world.send(who or self.world.watcher, "respondNonCanonical", included, self.ids, self.made)

    def stop_input(self, index: int, spender: bytes, owner: Sender) -> None:
        spend = self.world.spend(spender, owner)
        made_by = self.inputs[index][2]
        self.world.send(self.world.watcher, "challengeInputSpent", self.data, self.ids, index, made_by, spend)

    def stop_output(self, included: Proof, spender: bytes, owner: Sender) -> None:
        self.world.send(
            self.world.watcher, "challengeOutputSpent", included, self.ids, self.world.spend(spender, owner)
        )
