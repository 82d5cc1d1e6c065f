"""Packages that a plain installation lacks, and the extra of `pip install` that brings each."""

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
}
"""By the name under which Python imports it."""


class ExtraMissing(InputError):
    """A part of layer2 was used whose packages are not installed."""


def missing_extra(failure: ImportError) -> ExtraMissing | None:
    """What to install, if that is why an import failed; None if it is a fault of this project."""
    package = (failure.name or "").partition(".")[0]
    extra = EXTRAS.get(package)
    if extra is None:
        return None
    return ExtraMissing(f"{package} is not installed", hint=f"pip install 'layer2[{extra}]'")
