"""Base classes of all errors that layer2 raises deliberately."""

from __future__ import annotations

import re
from typing import ClassVar

_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


class Layer2Error(Exception):
    """Base of all errors. `str()` is one line: the problem, then the next step.

    Attributes:
        code: a stable slug for programs, by default the class name in kebab case.
        hint: the next step, if there is one.
    """

    code: ClassVar[str] = "layer2-error"
    hint: str | None

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if "code" not in cls.__dict__:
            cls.code = _WORD_START.sub("-", cls.__name__).lower()

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = " ".join(str(self.args[0]).split()) if self.args else self.code
        return f"{message}; {self.hint}" if self.hint else message


def shown(value: object, most: int = 80) -> str:
    """Format a value for an error message: truncated, and a number too long to print by its number of bits."""
    if isinstance(value, int) and value.bit_length() > 8 * most:
        return f"a number of {value.bit_length()} bits"
    try:
        return f"{value!r:.{most}}"
    except (ValueError, RecursionError):
        return f"a {type(value).__name__} that cannot be shown"


class RecoverableError(Layer2Error):
    """The caller can continue: state is unchanged."""


class FatalError(Layer2Error):
    """The process must stop using this object: its data can no longer be trusted."""


class InputError(RecoverableError):
    """The input cannot be accepted."""


class MalformedError(InputError):
    """The input has no valid decoding."""


class SignatureError(InputError):
    """A signature is invalid."""


class RangeError(InputError):
    """A number is outside its range."""
