"""Write the README's gas and rate tables from the committed measurements, or check that they agree.

    python tools/readme_tables.py            write the tables
    python tools/readme_tables.py --check    exit 1 if the README differs from the measurements

The measurements are `bench/results/gas.json` and `bench/results/rate.json`, made by
`layer2 bench gas channels --network anvil --json` and `layer2 bench rate channels --json`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
RESULTS = ROOT / "bench" / "results"
PURPOSES = {
    "eth.open": "Open a channel in ether and fund side A",
    "eth.fund_peer": "Fund side B",
    "eth.close_cooperative": "Cooperative close, both paid",
    "eth.challenge": "Start a dispute with a counter",
    "eth.counter": "Answer with a newer counter",
    "eth.settle": "Settle after the window, both paid",
    "eth.lifecycle": "Open, fund both sides, close together",
    "erc20.open": "Open a token channel and fund side A",
    "erc20.fund_peer": "Fund side B",
    "erc20.open_both_gasless": "Both sides gasless in one transaction",
    "erc20.close_cooperative": "Cooperative close, both paid",
    "erc20.settle": "Settle after the window, both paid",
    "erc20.lifecycle": "Open, fund both sides, close together",
    "htlc.exit": "Forced exit with one hash lock",
    "virtual.exit": "Forced exit of a virtual channel",
    "simplex.open": "Open a simplex channel",
    "simplex.open_3009": "The same by a signed authorisation",
    "simplex.claim_100_per_channel": "Claim, per channel in a batch of 100, payout included",
    "simplex.close": "Close at once, both paid",
    "simplex.payer_exit": "Payer's exit, both transactions",
    "deploy.hub": "Deploy the hub, once per chain",
}
FIGURES = {
    "payments_per_second": "crash-safe payments per second, wall clock",
    "payments_per_cpu_second": "the same per second of processor time",
    "limit_per_second": "bare limit of the same machine: sign, verify, group commit",
    "ratio_to_limit": "share of the limit",
    "latency_ms.p50": "latency, median, ms",
    "latency_ms.p99": "latency, 99 of 100, ms",
}


def gas_table(result: Mapping[str, Any]) -> str:
    """Markdown of the gas measurement."""
    lines = ["| operation | what | gas | best anchor | |", "|---|---|--:|--:|--:|"]
    for name, row in result["operations"].items():
        anchor = row.get("anchor")
        compared = f"{anchor['gas']:,} {anchor['name']}" if anchor else ""
        share = f"{(row['gas'] / anchor['gas'] - 1) * 100:+.0f} %" if anchor else ""
        lines.append(f"| `{name}` | {PURPOSES.get(name, '')} | {row['gas']:,} | {compared} | {share} |")
    return "\n".join(lines)


def rate_table(result: Mapping[str, Any]) -> str:
    """Markdown of the rate measurement: the figures a reader wants, in this order."""
    lines = ["| figure | value |", "|---|--:|"]
    for path, purpose in FIGURES.items():
        value: Any = result
        for name in path.split("."):
            value = value.get(name, {}) if isinstance(value, Mapping) else {}
        if isinstance(value, int | float):
            shown = f"{value:,.2f}" if isinstance(value, float) and abs(value) < 100 else f"{value:,.0f}"
            lines.append(f"| {purpose} | {shown} |")
    return "\n".join(lines)


TABLES = {"gas": gas_table, "rate": rate_table}


def filled(text: str, results: Path = RESULTS) -> str:
    """The text with every table between its markers replaced; one without a measurement is left as it is."""
    for name, table in TABLES.items():
        source = results / f"{name}.json"
        if not source.is_file():
            print(
                f"{source.relative_to(ROOT) if source.is_relative_to(ROOT) else source}: no measurement",
                file=sys.stderr,
            )
            continue
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        head, found_begin, rest = text.partition(begin)
        _, found_end, tail = rest.partition(end)
        if not found_begin or not found_end:
            raise SystemExit(f"{name}: the markers {begin} and {end} are not there, in this order")
        measured = json.loads(source.read_text(encoding="utf-8"))
        text = f"{head}{begin}\n{table(measured)}\n{end}{tail}"
    return text


def main() -> int:
    """Write or check; returns the exit code."""
    parser = argparse.ArgumentParser(description="Write the README's tables from the committed measurements.")
    parser.add_argument("--check", action="store_true", help="only say whether they agree")
    arguments = parser.parse_args()
    before = README.read_text(encoding="utf-8")
    after = filled(before)
    if arguments.check:
        if before != after:
            print(
                "README.md: its tables differ from bench/results; run: python tools/readme_tables.py",
                file=sys.stderr,
            )
        return int(before != after)
    README.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
