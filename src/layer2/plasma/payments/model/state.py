"""What the root chain stores, and what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from layer2.plasma.payments.model.reserve import Reserve
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain

__all__ = ["Config", "Exit", "ExitStatus", "InFlight", "InFlightStatus", "NO_PLACE", "State", "in_flight_id"]

NO_PLACE = (1 << 56) - 1
"""The place of a competitor that was not included: younger than every block."""

FOREVER = (1 << 40) - 1


@dataclass(frozen=True, slots=True)
class Config:
    """How long things take (seconds) and what is put up (wei). `exit_period` is W of the rules."""

    exit_period: int = 7 * 86_400
    rotation_delay: int = 14 * 86_400
    data_delay: int = 86_400
    exit_bond: int = 10_000
    in_flight_bond: int = 12_000
    piggyback_bond: int = 14_000
    data_bond: int = 9_000
    bounty: int = 1_000


class ExitStatus(IntEnum):
    """Of an output: none; waiting; stopped by a spender; paid, by whichever game; spent by a paid in-flight exit."""

    NONE = 0
    OPEN = 1
    CHALLENGED = 2
    PAID = 3
    SPENT = 4


class InFlightStatus(IntEnum):
    """None; waiting; settled as canonical: outputs are paid; settled as not: inputs are paid."""

    NONE = 0
    OPEN = 1
    PAYS_OUTPUTS = 2
    PAYS_INPUTS = 3


@dataclass(frozen=True, slots=True)
class Exit:
    """A standard exit. `time`: when it can be claimed; once challenged, the last block that may hold the spender.

    `priority`: the block under which it is registered, while it waits.
    """

    status: ExitStatus = ExitStatus.NONE
    time: int = 0
    position: int = 0
    priority: int = 0


@dataclass(frozen=True, slots=True)
class InFlight:
    """An in-flight exit. Bits 0 to 3 are its inputs, bits 4 to 7 its outputs; fields as in the contract."""

    bond_owner: bytes = bytes(20)
    started_at: int = 0
    exitable_at: int = 0
    status: InFlightStatus = InFlightStatus.NONE
    piggybacked: int = 0
    competitor: int = 0
    priority: int = 0
    blocked: int = 0
    contested: bool = False
    held: int = 0


NO_EXIT = Exit()
NO_IN_FLIGHT = InFlight()


@dataclass(slots=True)
class State:
    """The whole of a root chain. `apply` does not change the one it is given.

    Attributes:
        tokens: ids given out; ether is 0.
        balance: what the contract has of each token.
        held: the part of it that belongs to bonds and deferred payments.
        pending: deferred payments, by owner and token.
        holds: outputs that an in-flight exit holds: no other game registers or pays them meanwhile.
        data: who asked for which transaction, and until when; `FOREVER` once it was shown.
    """

    domain: Domain
    config: Config
    operator: bytes
    next_block: int = 1
    next_deposit: int = 1
    frozen: bool = False
    announced: tuple[bytes, int] = (bytes(20), 0)
    tokens: int = 1
    blocks: dict[int, bytes] = field(default_factory=dict)
    deposits: dict[int, bytes] = field(default_factory=dict)
    exits: dict[bytes, Exit] = field(default_factory=dict)
    in_flight: dict[bytes, InFlight] = field(default_factory=dict)
    holds: set[bytes] = field(default_factory=set)
    reserve: Reserve = field(default_factory=Reserve)
    balance: dict[int, int] = field(default_factory=dict)
    held: dict[int, int] = field(default_factory=dict)
    pending: dict[tuple[bytes, int], int] = field(default_factory=dict)
    data: dict[tuple[int, int], tuple[bytes, int]] = field(default_factory=dict)

    def copy(self) -> State:
        """An independent state with the same content."""
        return replace(
            self,
            blocks=dict(self.blocks),
            deposits=dict(self.deposits),
            exits=dict(self.exits),
            in_flight=dict(self.in_flight),
            reserve=self.reserve.copy(),
            balance=dict(self.balance),
            held=dict(self.held),
            pending=dict(self.pending),
            data=dict(self.data),
            holds=set(self.holds),
        )

    def exit(self, output: bytes) -> Exit:
        """The exit of an output by its id."""
        return self.exits.get(output, NO_EXIT)

    def flight(self, number: bytes) -> InFlight:
        """An in-flight exit by its id."""
        return self.in_flight.get(number, NO_IN_FLIGHT)

    def covers(self, token: int) -> int:
        """What of a token is there to pay exits from."""
        return self.balance.get(token, 0) - self.held.get(token, 0)


def in_flight_id(transaction: bytes, inputs: Sequence[bytes]) -> bytes:
    """The id of the in-flight exit of a transaction (its hash) that spends the outputs of these ids."""
    return keccak(transaction + b"".join(inputs))
