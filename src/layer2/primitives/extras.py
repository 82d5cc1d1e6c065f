"""Optional dependencies: an import that fails names the extra to install."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from layer2.primitives.errors import InputError

__all__ = ["ExtraMissing", "needs"]


class ExtraMissing(InputError, ImportError):
    """The packages of a used component are not installed."""


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Raise `ExtraMissing` if a package that is imported in this block, and belongs to this extra, is absent."""
    try:
        yield
    except ModuleNotFoundError as failure:
        package = str(failure.name).partition(".")[0]
        if package == "layer2":
            raise
        raise ExtraMissing(f"{package} is not installed", hint=f"pip install 'layer2[{extra}]'") from failure
