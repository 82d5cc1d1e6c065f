"""Exhaustive search over pure models: an honest side against an adversary that may sign and order anything.

`engine` searches one `Game`; `channels`, `rollup` and `plasma` contain the games of their families, each a function
`games(bound)` for the bounds `small` and `large`. `python -m layer2.testing.search` plays them.
"""

from __future__ import annotations

from layer2.testing.search.engine import Act, Finding, Game, Outcome, SearchError, explore

__all__ = ["Act", "Finding", "Game", "Outcome", "SearchError", "explore"]
