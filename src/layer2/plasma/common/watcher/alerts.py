"""Alerts, actions and status of a watcher."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from layer2.ethereum.records import Receipt

__all__ = ["TOLD_ONCE", "Act", "Alert", "AlertKind", "Report", "Status"]


class AlertKind(Enum):
    """Kind of an alert."""

    BLOCK_INVALID = "a block is invalid; it and all later blocks are ignored"
    FEE_TOO_HIGH = "the operator collects more fees than were paid"
    BLOCK_WITHHELD = "no source has the data of a block"
    BLOCK_SHOWN = "the data of a withheld block was revealed"
    EXIT_SPENT = "an exit of an output that its owner has spent"
    EXIT_UNKNOWN = "an exit of an output that no valid block created"
    PIGGYBACK_SPENT = "a piggybacked input or output is spent"
    NOT_CANONICAL = "an in-flight exit of a transaction that is not canonical"
    CHALLENGE_WRONG = "an in-flight exit is challenged with a younger transaction"
    ANSWER_INVALID = "an in-flight exit counts as canonical although an older competitor is known"
    EXIT_UNCHALLENGED = "an invalid exit was not challenged in time"
    OPERATOR_ANNOUNCED = "another operator was proposed"
    OPERATOR_CHANGED = "another operator has taken over"
    PARAMETERS_CHANGED = "the contract's code or parameters have changed"
    DATA_CHALLENGED = "the operator must answer a data challenge"
    FROZEN = "the chain accepts no more blocks and deposits"
    VAULT_SHORT = "the registered exits exceed the contract's holdings"
    EVENT_ODD = "an event of the contract cannot be decoded"
    SOURCE_FAULTY = "a source of block data fails or returns invalid data"
    TRANSFER_INVALID = "a block transfers a coin without its owner; the owner exits from the state before"
    TRANSFER_VOID = "a block transfers a coin that does not exist; it has no effect"
    EXIT_DOUBLE_SPENT = "an exit of a transfer whose payer had spent the coin before"
    EXIT_INVENTED = "an exit of a coin that omits the owner's transfer"
    EXIT_DOUBTED = "the history of a valid exit is challenged"
    DOUBT_UNANSWERED = "the history of an exit is challenged and no known transfer answers it"
    CHAIN_AWAY = "the L1 node does not answer"
    CHAIN_REWRITTEN = "a deep reorganisation; the chain is read again"

    @property
    def alarming(self) -> bool:
        """True if owners should exit or somebody should investigate."""
        return self in _ALARMING


_ALARMING = {
    AlertKind.BLOCK_INVALID,
    AlertKind.FEE_TOO_HIGH,
    AlertKind.BLOCK_WITHHELD,
    AlertKind.TRANSFER_INVALID,
    AlertKind.EXIT_UNCHALLENGED,
    AlertKind.PARAMETERS_CHANGED,
    AlertKind.FROZEN,
    AlertKind.VAULT_SHORT,
}

TOLD_ONCE = {
    "OperatorProposed": AlertKind.OPERATOR_ANNOUNCED,
    "OperatorChanged": AlertKind.OPERATOR_CHANGED,
    "DataChallenged": AlertKind.DATA_CHALLENGED,
    "Frozen": AlertKind.FROZEN,
}
"""Events reported once each, by name."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert.

    Attributes:
        subject: a block number, a token id, or the id of an exit or in-flight exit.
    """

    kind: AlertKind
    subject: int | bytes
    detail: str

    def __str__(self) -> str:
        name = f"0x{self.subject.hex()[:8]}.." if isinstance(self.subject, bytes) else str(self.subject)
        return f"{self.kind.name} {name}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Act:
    """A transaction that was sent, or was due and not sent.

    Attributes:
        name: the contract function.
        detail: the outcome, or the reason why nothing was sent.
        receipt: receipt of a mined transaction, successful or failed.
    """

    name: str
    subject: bytes
    done: bool
    detail: str
    receipt: Receipt | None = None


@dataclass(slots=True)
class Report:
    """New alerts and actions of one step."""

    findings: list[Alert] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)

    def kinds(self) -> set[AlertKind]:
        """Return the kinds of the alerts."""
        return {one.kind for one in self.findings}

    def done(self) -> list[str]:
        """Return the names of the functions called."""
        return [one.name for one in self.acts if one.done]


@dataclass(frozen=True, slots=True)
class Status:
    """Status of the plasma chain.

    Attributes:
        head: the last L1 block read.
        posted: number of child blocks on L1.
        verified: the last child block that was verified together with all before it.
        invalid: the first invalid child block; None if there is none.
        withheld: child blocks whose body has been missing for too long.
        exits: number of open standard exits.
        games: number of open in-flight exits.
        standing: the current alerts.
    """

    head: int
    posted: int
    verified: int
    invalid: int | None
    withheld: tuple[int, ...]
    frozen: bool
    operator: str
    exits: int
    games: int
    standing: tuple[Alert, ...]

    @property
    def healthy(self) -> bool:
        """True if no owner needs to exit."""
        return not any(one.kind.alarming for one in self.standing)
