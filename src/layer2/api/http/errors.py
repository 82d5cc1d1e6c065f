"""Errors of the services and their clients, and how errors travel."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from layer2.plasma.coins.protocol.errors import BodyMissing, CoinLeaving, CoinSpent, CoinUnknown
from layer2.plasma.common.errors import (
    DepositsMissing,
    Expired,
    InputSpent,
    InputUnknown,
    KindWrong,
    OutputExiting,
    Overspent,
)
from layer2.plasma.payments.chain.errors import FundsMissing
from layer2.plasma.protocol.malformed import BodyMalformed, CoinMalformed, PositionMalformed, TransactionMalformed
from layer2.primitives.errors import (
    InputError,
    Layer2Error,
    MalformedError,
    RangeError,
    RecoverableError,
    SignatureError,
    shown,
)
from layer2.primitives.rejections import FeeTooLow, MempoolFull, Rejected, SignatureWrong, StateUnknown, TooLarge
from layer2.rollup.protocol.errors import AccountUnknown, BalanceTooLow, DataMissing, FeeUnwanted, NonceWrong

__all__ = [
    "Busy",
    "HostUnknown",
    "NotFound",
    "Unreachable",
    "WrongType",
    "error_of",
    "public_text",
    "scrubbed",
    "status_of",
    "to_json",
]


class NotFound(InputError):
    """There is nothing at this address, or not by this method."""


class WrongType(InputError):
    """A body of a kind that the service does not read."""


class HostUnknown(InputError):
    """The request is for a host name that this service does not answer to."""


class Busy(RecoverableError):
    """The service has more to do than it can, or ends just now: nothing was accepted."""


class Unreachable(RecoverableError):
    """A service does not answer, or not as one. What was sent may have been accepted: ask for it by its id."""


class Refused(RecoverableError):
    """A refusal of a kind that this client does not know."""

    code: ClassVar[str] = "refused"


_KINDS: dict[str, type[Layer2Error]] = {
    one.code: one
    for one in (
        AccountUnknown,
        BalanceTooLow,
        BodyMalformed,
        BodyMissing,
        Busy,
        CoinLeaving,
        CoinMalformed,
        CoinSpent,
        CoinUnknown,
        DataMissing,
        DepositsMissing,
        Expired,
        FeeTooLow,
        FeeUnwanted,
        FundsMissing,
        HostUnknown,
        InputError,
        InputSpent,
        InputUnknown,
        KindWrong,
        MalformedError,
        MempoolFull,
        NonceWrong,
        NotFound,
        OutputExiting,
        Overspent,
        PositionMalformed,
        RangeError,
        Rejected,
        SignatureError,
        SignatureWrong,
        StateUnknown,
        TooLarge,
        TransactionMalformed,
        WrongType,
    )
}
_PLACES = re.compile(r"\w+://[^\s'\"]+|(?<![\w.])/[^\s'\":;,]+")
_INTERNAL = "the service cannot do this now"
_IN_THE_LOG = "the operator of the service finds the cause in its log"
_STATUS: tuple[tuple[type[Layer2Error], int], ...] = (
    (NotFound, 404),
    (AccountUnknown, 404),
    (StateUnknown, 404),
    (BodyMissing, 404),
    (FundsMissing, 409),
    (HostUnknown, 421),
    (TooLarge, 413),
    (WrongType, 415),
    (InputError, 400),
    (Rejected, 409),
)


def to_json(error: Layer2Error) -> dict[str, Any]:
    """An error as it travels; `have` and `need` as decimal strings, since they may pass what JSON numbers hold.

    Only errors about what the client sent travel in words: others may name files, folders and URLs of this machine.
    """
    if not _is_public(error):
        return {"code": error.code, "message": _INTERNAL, "have": None, "need": None, "hint": _IN_THE_LOG}
    plain = {name: getattr(error, name, None) for name in ("have", "need")}
    numbers = {name: None if value is None else str(value) for name, value in plain.items()}
    return {"code": error.code, "message": str(error.args[0]), **numbers, "hint": error.hint}


def public_text(error: Exception) -> str:
    """What a stranger may read of an error: its words, or only of which kind it is."""
    if isinstance(error, Layer2Error):
        return str(error) if _is_public(error) else f"{error.code}: {_IN_THE_LOG}"
    return f"{type(error).__name__}: {_IN_THE_LOG}"


def scrubbed(text: str) -> str:
    """A text for strangers that was written for the operator: URLs and paths of files are taken out."""
    return _PLACES.sub("(withheld)", text)


def _is_public(error: Layer2Error) -> bool:
    return isinstance(error, InputError | Rejected) or error.code in _KINDS


def error_of(data: Any) -> Layer2Error:
    """The error that was sent, of the class that the service raised."""
    if not isinstance(data, dict):
        return Unreachable("the service answers with no error of ours", hint="check the URL")
    code, message, hint = (_text(data.get(name)) for name in ("code", "message", "hint"))
    kind = _KINDS.get(code or "", Refused)
    message = message or ""
    if not issubclass(kind, Rejected):
        return kind(message, hint=hint)
    try:
        have, need = (None if data.get(name) is None else int(data[name]) for name in ("have", "need"))
    except (TypeError, ValueError, OverflowError):
        return Unreachable("the service answers with an error that cannot be read", hint="check the URL")
    return kind(message, have=have, need=need, hint=hint)


def _text(value: object) -> str | None:
    """What a service should have sent as text, in words whatever it is."""
    return value if value is None or isinstance(value, str) else shown(value)


def status_of(error: Layer2Error) -> int:
    """The HTTP status of a request that failed as a whole: 503 for what is not the client's fault."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 503)
