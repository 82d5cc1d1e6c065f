"""`ape run bench`: the measurements of `layer2 bench`, which start their own chains."""

from __future__ import annotations

from layer2_bench.commands import command as cli

__all__ = ["cli"]
