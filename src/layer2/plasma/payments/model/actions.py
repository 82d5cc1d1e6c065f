"""Entry points of the root chain as frozen records of their arguments."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "DeleteNonPiggybacked",
    "AcceptOperator",
    "Action",
    "ProposeOperator",
    "RespondNonCanonical",
    "ChallengeNonCanonical",
    "ChallengeData",
    "ChallengeExit",
    "ChallengeInputSpent",
    "ChallengeOutputSpent",
    "ProcessExits",
    "ProcessInFlightExit",
    "Deposit",
    "Freeze",
    "HoldInputs",
    "Item",
    "Piggyback",
    "Proof",
    "RegisterToken",
    "ShowData",
    "Spend",
    "StartExits",
    "StartInFlightExit",
    "SubmitBlock",
    "Track",
    "WithdrawPending",
]


@dataclass(frozen=True, slots=True)
class Proof:
    """A transaction or deposit with its place: the packed transaction, or a deposit's record.

    `position` is that of one of its outputs, 0 where a call allows a transaction without inclusion; `word` is
    `time << 32 | count` of the block; `path` holds the siblings from the bottom up, then the hash of the block's
    signatures.
    """

    position: int
    data: bytes
    word: int = 0
    path: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Spend:
    """A transaction that spends outputs, signed by the owners of all its inputs.

    `signatures`: 64 bytes for each input, in order; `inputs`: proofs of the spent outputs, in order, empty for a single
    input.
    """

    proof: Proof
    signatures: bytes
    inputs: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """An output whose exit is claimed: its position, and the transaction or deposit record."""

    position: int
    data: bytes


@dataclass(frozen=True, slots=True)
class RegisterToken:
    """Registers the next token, which assigns its id."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """Deposits `amount` of `token` for `owner`; `arrived` is the transferred amount of a dishonest token."""

    token: int
    amount: int
    owner: bytes
    arrived: int | None = None


@dataclass(frozen=True, slots=True)
class SubmitBlock:
    """Submits the next block."""

    number: int
    root: bytes
    count: int


@dataclass(frozen=True, slots=True)
class ProposeOperator:
    """Announces the next operator."""

    next: bytes


@dataclass(frozen=True, slots=True)
class AcceptOperator:
    """Takes over as operator."""


@dataclass(frozen=True, slots=True)
class StartExits:
    """Starts standard exits of outputs or deposits of the caller."""

    outputs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class ChallengeExit:
    """Challenges the exit of an output that its owner has spent."""

    output: Proof
    spend: Spend


@dataclass(frozen=True, slots=True)
class ProcessExits:
    """Pays matured exits; `newer` lists the buckets to leave out."""

    items: tuple[Item, ...]
    newer: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class WithdrawPending:
    """Withdraws the caller's deferred payment."""

    token: int
    to: bytes


@dataclass(frozen=True, slots=True)
class StartInFlightExit:
    """Starts the exit of a transaction that may not have been included."""

    transaction: Proof
    inputs: tuple[Proof, ...]
    signatures: bytes
    bits: int = 0


@dataclass(frozen=True, slots=True)
class Piggyback:
    """Piggybacks an input or output of the caller on an in-flight exit."""

    data: bytes
    input_ids: tuple[bytes, ...]
    bit: int
    input_data: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class ChallengeNonCanonical:
    """Challenges an in-flight exit with a competing transaction."""

    data: bytes
    input_ids: tuple[bytes, ...]
    input: int
    input_data: tuple[bytes, ...]
    competitor: Spend


@dataclass(frozen=True, slots=True)
class RespondNonCanonical:
    """Proves that the transaction was included before every competitor shown."""

    transaction: Proof
    input_ids: tuple[bytes, ...]
    input_data: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class HoldInputs:
    """Takes the inputs that an in-flight exit needs and no other one holds, and releases unneeded ones."""

    data: bytes
    input_ids: tuple[bytes, ...]
    input_data: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class ChallengeInputSpent:
    """Challenges a piggybacked input that another transaction has spent."""

    data: bytes
    input_ids: tuple[bytes, ...]
    input: int
    input_data: bytes
    spend: Spend


@dataclass(frozen=True, slots=True)
class ChallengeOutputSpent:
    """Challenges a piggybacked output that was spent."""

    transaction: Proof
    input_ids: tuple[bytes, ...]
    spend: Spend


@dataclass(frozen=True, slots=True)
class ProcessInFlightExit:
    """Settles a matured in-flight exit and pays the covered parts."""

    data: bytes
    input_ids: tuple[bytes, ...]
    input_data: tuple[bytes, ...]
    newer: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DeleteNonPiggybacked:
    """Deletes an in-flight exit without piggybacks after half of its period."""

    data: bytes
    input_ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Track:
    """Moves the tracked sum of a short token to the buckets from `bucket` on."""

    token: int
    bucket: int


@dataclass(frozen=True, slots=True)
class ChallengeData:
    """Challenges the operator to show a transaction of a block."""

    number: int
    index: int
    root: bytes
    word: int


@dataclass(frozen=True, slots=True)
class ShowData:
    """Shows the transaction requested by a data challenge."""

    transaction: Proof


@dataclass(frozen=True, slots=True)
class Freeze:
    """Freezes the chain, because a data challenge was not answered in time."""

    number: int
    index: int


Action = (
    RegisterToken
    | Deposit
    | SubmitBlock
    | ProposeOperator
    | AcceptOperator
    | StartExits
    | ChallengeExit
    | ProcessExits
    | WithdrawPending
    | StartInFlightExit
    | Piggyback
    | ChallengeNonCanonical
    | RespondNonCanonical
    | ChallengeInputSpent
    | ChallengeOutputSpent
    | ProcessInFlightExit
    | DeleteNonPiggybacked
    | HoldInputs
    | Track
    | ChallengeData
    | ShowData
    | Freeze
)
