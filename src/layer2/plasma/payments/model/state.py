"""Storage and holdings of the root chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from layer2.plasma.payments.model.reserve import Reserve
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain

__all__ = ["Config", "Exit", "ExitStatus", "InFlight", "InFlightStatus", "NO_PLACE", "State", "in_flight_id"]

NO_PLACE = (1 << 56) - 1
"""Place of a competitor without inclusion, younger than every block."""

FOREVER = (1 << 40) - 1


@dataclass(frozen=True, slots=True)
class Config:
    """Durations in seconds, bonds and bounty in wei; `exit_period` is W of the rules."""

    exit_period: int = 7 * 86_400
    rotation_delay: int = 14 * 86_400
    data_delay: int = 86_400
    exit_bond: int = 10_000
    in_flight_bond: int = 12_000
    piggyback_bond: int = 14_000
    data_bond: int = 9_000
    bounty: int = 1_000


class ExitStatus(IntEnum):
    """Status of an output's exit: none, open, challenged, paid by any exit, or spent by a paid in-flight exit."""

    NONE = 0
    OPEN = 1
    CHALLENGED = 2
    PAID = 3
    SPENT = 4


class InFlightStatus(IntEnum):
    """Status of an in-flight exit: none, open, settled as canonical (pays outputs) or not (pays inputs)."""

    NONE = 0
    OPEN = 1
    PAYS_OUTPUTS = 2
    PAYS_INPUTS = 3


@dataclass(frozen=True, slots=True)
class Exit:
    """A standard exit.

    Attributes:
        time: Unix time from which on it can be claimed; once challenged, the last block that may include the spend.
        priority: the block under which it is registered while it is open.
    """

    status: ExitStatus = ExitStatus.NONE
    time: int = 0
    position: int = 0
    priority: int = 0


@dataclass(frozen=True, slots=True)
class InFlight:
    """An in-flight exit with the contract's fields; bits 0 to 3 are its inputs, bits 4 to 7 its outputs."""

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
    """The complete state of a root chain; `apply` does not change its argument.

    Attributes:
        tokens: number of assigned ids; ether is 0.
        balance: the contract's holdings by token.
        held: the part of the holdings that belongs to bonds and deferred payments.
        pending: deferred payments by owner and token.
        holds: outputs held by an in-flight exit, which no other one registers or pays meanwhile.
        data: challenger and deadline by challenged transaction; `FOREVER` once it was shown.
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
        """Return an independent copy."""
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
        """Return the standard exit of an output by its id."""
        return self.exits.get(output, NO_EXIT)

    def flight(self, number: bytes) -> InFlight:
        """Return an in-flight exit by its id."""
        return self.in_flight.get(number, NO_IN_FLIGHT)

    def covers(self, token: int) -> int:
        """Return the holdings of a token that are available for exits."""
        return self.balance.get(token, 0) - self.held.get(token, 0)


def in_flight_id(transaction: bytes, inputs: Sequence[bytes]) -> bytes:
    """Return the id of the in-flight exit of a transaction (given by hash) that spends outputs with these ids."""
    return keccak(transaction + b"".join(inputs))
