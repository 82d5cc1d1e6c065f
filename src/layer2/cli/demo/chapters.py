"""The chapters of the demonstration by name: light, for front ends that load the rest when it is played."""

from __future__ import annotations

__all__ = ["CHAPTERS"]

CHAPTERS = ("channels", "rollup", "plasma")
