"""Every entry point of the root chain that plays a part in its games, as a frozen record of its arguments."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "AbandonInFlight",
    "AcceptOperator",
    "Action",
    "AnnounceOperator",
    "AnswerCanonical",
    "ChallengeCanonical",
    "ChallengeData",
    "ChallengeExit",
    "ChallengeInput",
    "ChallengeOutput",
    "Claim",
    "ClaimInFlight",
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
    "StartInFlight",
    "SubmitBlock",
    "Track",
    "Withdraw",
]


@dataclass(frozen=True, slots=True)
class Proof:
    """Where a transaction or deposit is found, and itself: packed, or a deposit's record.

    `position` is that of one of its outputs, 0 where a call allows a transaction that was not included; `word` is
    `time << 32 | count` of the block; `path` holds the siblings from the bottom up, and
    the hash of the block's signatures.
    """

    position: int
    data: bytes
    word: int = 0
    path: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Spend:
    """A transaction that spends something, signed by the owners of all that it spends.

    `signatures`: 64 bytes for each input, in order; `inputs`: the outputs that it spends, in order,
    none if it spends one alone.
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
    """Give the next token its id."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """Pay in `amount` of `token` for `owner`; `arrived` is what a token really moved, if it lies."""

    token: int
    amount: int
    owner: bytes
    arrived: int | None = None


@dataclass(frozen=True, slots=True)
class SubmitBlock:
    """Commit to the next block."""

    number: int
    root: bytes
    count: int


@dataclass(frozen=True, slots=True)
class AnnounceOperator:
    """Name the next operator."""

    next: bytes


@dataclass(frozen=True, slots=True)
class AcceptOperator:
    """Take over."""


@dataclass(frozen=True, slots=True)
class StartExits:
    """Start to take out outputs or deposits of the caller."""

    outputs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class ChallengeExit:
    """Stop an exit whose output its owner has spent."""

    output: Proof
    spend: Spend


@dataclass(frozen=True, slots=True)
class Claim:
    """Pay exits that have waited; `newer` are the buckets to be left out."""

    items: tuple[Item, ...]
    newer: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Fetch what could not be paid to the caller."""

    token: int
    to: bytes


@dataclass(frozen=True, slots=True)
class StartInFlight:
    """Start the exit of a transaction that may not have been included."""

    transaction: Proof
    inputs: tuple[Proof, ...]
    signatures: bytes
    bits: int = 0


@dataclass(frozen=True, slots=True)
class Piggyback:
    """Join an in-flight exit with an input or output of the caller."""

    data: bytes
    input_ids: tuple[bytes, ...]
    bit: int
    input_data: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class ChallengeCanonical:
    """Show a competitor."""

    data: bytes
    input_ids: tuple[bytes, ...]
    input: int
    input_data: tuple[bytes, ...]
    competitor: Spend


@dataclass(frozen=True, slots=True)
class AnswerCanonical:
    """Show that the transaction was included before every competitor shown."""

    transaction: Proof
    input_ids: tuple[bytes, ...]
    input_data: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class HoldInputs:
    """Take the inputs that a game needs and no other has, let go of those that it does not need."""

    data: bytes
    input_ids: tuple[bytes, ...]
    input_data: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class ChallengeInput:
    """Show that an input that joined was spent by another transaction."""

    data: bytes
    input_ids: tuple[bytes, ...]
    input: int
    input_data: bytes
    spend: Spend


@dataclass(frozen=True, slots=True)
class ChallengeOutput:
    """Show that an output that joined was spent."""

    transaction: Proof
    input_ids: tuple[bytes, ...]
    spend: Spend


@dataclass(frozen=True, slots=True)
class ClaimInFlight:
    """Settle an in-flight exit that has waited, and pay what is covered."""

    data: bytes
    input_ids: tuple[bytes, ...]
    input_data: tuple[bytes, ...]
    newer: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AbandonInFlight:
    """Drop an in-flight exit that nothing has joined by half time."""

    data: bytes
    input_ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Track:
    """While a token is short, sum up what is registered under buckets from `bucket` on."""

    token: int
    bucket: int


@dataclass(frozen=True, slots=True)
class ChallengeData:
    """Ask for a transaction of a block."""

    number: int
    index: int
    root: bytes
    word: int


@dataclass(frozen=True, slots=True)
class ShowData:
    """Show it."""

    transaction: Proof


@dataclass(frozen=True, slots=True)
class Freeze:
    """Freeze the chain because it was not shown in time."""

    number: int
    index: int


Action = (
    RegisterToken
    | Deposit
    | SubmitBlock
    | AnnounceOperator
    | AcceptOperator
    | StartExits
    | ChallengeExit
    | Claim
    | Withdraw
    | StartInFlight
    | Piggyback
    | ChallengeCanonical
    | AnswerCanonical
    | ChallengeInput
    | ChallengeOutput
    | ClaimInFlight
    | AbandonInFlight
    | HoldInputs
    | Track
    | ChallengeData
    | ShowData
    | Freeze
)
