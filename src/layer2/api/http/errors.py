"""Errors of the services and their clients, and the encoding of errors in responses."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from layer2.plasma.coins.protocol.errors import BodyMissing, CoinExiting, CoinSpent, UnknownCoin
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
    """No route matches the path and method."""


class WrongType(InputError):
    """A request body of a content type that the service does not accept."""


class HostUnknown(InputError):
    """The `Host` header of the request is not a name of this service."""


class Busy(RecoverableError):
    """The service is overloaded or shutting down; nothing was accepted."""


class Unreachable(RecoverableError):
    """The service gave no valid response. A submission may have been accepted; query it by its id."""


class Refused(RecoverableError):
    """A rejection with an error code that this client does not know."""

    code: ClassVar[str] = "refused"


_KINDS: dict[str, type[Layer2Error]] = {
    one.code: one
    for one in (
        AccountUnknown,
        BalanceTooLow,
        BodyMalformed,
        BodyMissing,
        Busy,
        CoinExiting,
        CoinMalformed,
        CoinSpent,
        UnknownCoin,
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
    """Return an error as JSON values; `have` and `need` are decimal strings, as they may exceed JSON numbers.

    Only errors about the client's input include their message, because other messages may contain files, folders and
    URLs of this machine.
    """
    if not _is_public(error):
        return {"code": error.code, "message": _INTERNAL, "have": None, "need": None, "hint": _IN_THE_LOG}
    plain = {name: getattr(error, name, None) for name in ("have", "need")}
    numbers = {name: None if value is None else str(value) for name, value in plain.items()}
    return {"code": error.code, "message": str(error.args[0]), **numbers, "hint": error.hint}


def public_text(error: Exception) -> str:
    """Return the text of an error that clients may read: its message if it is public, otherwise only its type."""
    if isinstance(error, Layer2Error):
        return str(error) if _is_public(error) else f"{error.code}: {_IN_THE_LOG}"
    return f"{type(error).__name__}: {_IN_THE_LOG}"


def scrubbed(text: str) -> str:
    """Remove URLs and file paths from a text for the operator, so that clients may read it."""
    return _PLACES.sub("(withheld)", text)


def _is_public(error: Layer2Error) -> bool:
    return isinstance(error, InputError | Rejected) or error.code in _KINDS


def error_of(data: Any) -> Layer2Error:
    """Return the error in a response, as an instance of the class that the service raised."""
    if not isinstance(data, dict):
        return Unreachable("the service returned an unknown error", hint="check the URL")
    code, message, hint = (_text(data.get(name)) for name in ("code", "message", "hint"))
    kind = _KINDS.get(code or "", Refused)
    message = message or ""
    if not issubclass(kind, Rejected):
        return kind(message, hint=hint)
    try:
        have, need = (None if data.get(name) is None else int(data[name]) for name in ("have", "need"))
    except (TypeError, ValueError, OverflowError):
        return Unreachable("the service returned an unreadable error", hint="check the URL")
    return kind(message, have=have, need=need, hint=hint)


def _text(value: object) -> str | None:
    """Return a field that should be text, converted to text if it has another type."""
    return value if value is None or isinstance(value, str) else shown(value)


def status_of(error: Layer2Error) -> int:
    """Return the HTTP status of a request that failed as a whole; 503 for errors not caused by the client."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 503)
