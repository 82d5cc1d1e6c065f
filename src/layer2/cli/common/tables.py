"""Tables of measured gas and rates for display."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

__all__ = ["console", "gas_table", "rate_table", "show", "titled"]


def console() -> Console:
    """Return a console on standard output, as wide as the terminal, or 110 columns if there is none."""
    probe = Console()
    return probe if probe.is_terminal else Console(width=110)


def titled(title: str) -> Table:
    """Return a table that is at least as wide as its title."""
    return Table(title=title, min_width=len(title) + 2)


def show(table: Table) -> None:
    """Print a table."""
    console().print(table)


def gas_table(result: Mapping[str, Any]) -> Table:
    """Return a table of operation, gas, best competitor, difference and target, from `layer2 bench gas --json`."""
    table = Table(title=f"Gas, {result['family']} (total transaction gas, from receipts)")
    table.add_column("operation")
    for name in ("gas", "best competitor", "difference", "target"):
        table.add_column(name, justify="right")
    for name, row in result["operations"].items():
        anchor, target = row.get("anchor"), row.get("target")
        difference = f"{(row['gas'] / anchor['gas'] - 1) * 100:+.0f} %" if anchor else ""
        met = target is None or row["gas"] <= target
        table.add_row(
            name,
            f"{row['gas']:,}",
            f"{anchor['gas']:,} {anchor['name']}" if anchor else "",
            difference,
            f"{target:,}{'' if met else ' missed'}" if target is not None else "",
            style=None if met else "red",
        )
    return table


def rate_table(result: Mapping[str, Any]) -> Table:
    """Return a table with one row for each figure of `layer2 bench rate --json`."""
    table = Table(title=f"Rate, {result.get('family', 'channels')}")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in flatten(result):
        table.add_row(name, value)
    return table


def flatten(result: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return nested figures as dotted names and printable values."""
    rows: list[tuple[str, str]] = []
    for name, value in result.items():
        if isinstance(value, Mapping):
            rows += flatten(value, f"{prefix}{name}.")
        elif isinstance(value, float):
            rows.append((prefix + name, f"{value:,.3f}" if abs(value) < 100 else f"{value:,.0f}"))
        elif isinstance(value, int) and not isinstance(value, bool):
            rows.append((prefix + name, f"{value:,}"))
        else:
            rows.append((prefix + name, str(value)))
    return rows
