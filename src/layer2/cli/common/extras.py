"""Optional packages, and the extra of `pip install` that provides each."""

from __future__ import annotations

from layer2.primitives.errors import InputError

__all__ = ["EXTRAS", "ExtraMissing", "missing_extra"]

EXTRAS = {
    "pyblst": "rollup",
    "numpy": "rollup",
    "numba": "rollup",
    "eth": "devnet",
    "eth_tester": "devnet",
    "ape": "ape",
    "hypothesis": "testing",
}
"""Extras by the packages' import names."""


class ExtraMissing(InputError):
    """The packages of a used component are not installed."""


def missing_extra(failure: ImportError) -> ExtraMissing | None:
    """Return the error with the extra to install if that explains an import failure, else None."""
    package = (failure.name or "").partition(".")[0]
    extra = EXTRAS.get(package)
    if extra is None:
        return None
    return ExtraMissing(f"{package} is not installed", hint=f"pip install 'layer2[{extra}]'")
