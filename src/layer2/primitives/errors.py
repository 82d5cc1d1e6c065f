"""Base classes of every error that layer2 raises on purpose."""

from __future__ import annotations

import re
from typing import ClassVar

_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


class Layer2Error(Exception):
    """Something that was judged and refused. `str()` is one line: what happened, then what to do next.

    Attributes:
        code: a stable slug for programs, by default the class name in kebab case.
        hint: what to do next, if there is something.
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
    """A value in an error's words: cut off, and a number that Python will not print by its length."""
    if isinstance(value, int) and value.bit_length() > 8 * most:
        return f"a number of {value.bit_length()} bits"
    try:
        return f"{value!r:.{most}}"
    except (ValueError, RecursionError):
        return f"a {type(value).__name__} that cannot be shown"


class RecoverableError(Layer2Error):
    """The caller can go on: state is unchanged."""


class FatalError(Layer2Error):
    """The process must not go on with this object: what it holds can no longer be trusted."""


class InputError(RecoverableError):
    """What was given cannot be accepted."""


class MalformedError(InputError):
    """What was given has no valid reading."""


class SignatureError(InputError):
    """A signature is not what it must be."""


class RangeError(InputError):
    """A number lies outside its range."""
