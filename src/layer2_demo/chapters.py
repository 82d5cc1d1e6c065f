"""Names of the demonstration's chapters, in a module that loads nothing else."""

from __future__ import annotations

__all__ = ["CHAPTERS"]

CHAPTERS = ("channels", "rollup", "plasma")
