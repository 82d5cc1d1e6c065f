"""Write the gas and rate tables of `docs/costs.md` and the README from the committed measurements, or check them.

 python tools/readme_tables.py            write the tables
 python tools/readme_tables.py --check    exit 1 if a page differs from the measurements

The measurements are in `bench/results`: `gas.json` and `rate.json`, made by `layer2 bench gas channels --network anvil
--json` and `layer2 bench rate channels --json`; `rollup_gas.json`, `rollup_rate.json`, `plasma_gas.json` and
`plasma_rate.json`, by the corresponding commands for `rollup` and `plasma`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
COSTS = ROOT / "docs" / "costs.md"
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
    "locks.exit_8_of_8": "Forced exit with eight hash locks, all opened",
    "locks.exit_1_of_64": "Forced exit with 64 hash locks, one opened",
    "simplex.open": "Open a simplex channel",
    "simplex.open_3009": "The same by a signed authorisation",
    "simplex.claim_100_per_channel": "Claim, per channel in a batch of 100, payout included",
    "simplex.claim_100_session_per_channel": "The same, signed by session keys",
    "simplex.close": "Close at once, both paid",
    "simplex.payer_exit": "Payer's exit, both transactions",
    "deploy.hub": "Deploy the hub, once per chain",
    "deposit.eth": "Deposit ether to an account",
    "deposit.erc20": "Deposit a token",
    "batch.blob_1": "Post a batch in one blob, up to 13,824 transfers",
    "batch.blob_6": "Post a batch in six blobs",
    "batch.calldata_per_transfer": "Post in calldata, per transfer",
    "batch.blob_exec_per_transfer": "Post in blobs, per transfer, blob gas aside",
    "bytes.per_transfer_data": "Bytes of data per transfer",
    "bytes.per_transfer_all_in": "Bytes per transfer, state roots included",
    "forced.enqueue": "Queue a forced operation",
    "forced.include": "Carry the queue into the inbox",
    "propose": "Assert a state",
    "dispute.state": "Convict a wrong state, 27 operations among 2^20 accounts",
    "dispute.signature": "Convict on a BLS signature of 54",
    "dispute.ecdsa": "Convict on an ECDSA signature",
    "dispute.queue": "Convict on 27 queue items",
    "dispute.endpoints": "Convict a list of roots that does not fit its ends",
    "withdraw.claim": "Claim a withdrawal",
    "escape.claim": "Escape with an account's balance",
    "deploy.total": "Deploy all of it, once",
    "block.submit": "Commit to a block of up to 65,536 transactions",
    "exit.start_deposit": "Start the exit of a deposit",
    "exit.start": "Start the exit of an output",
    "exit.start_first_in_bucket": "The same, the first of its block",
    "exit.start_batched": "The same, each one more of a batch",
    "exit.challenge": "Stop the exit of what was spent",
    "exit.claim": "Have an exit paid",
    "exit.claim_batched": "The same in a batch of ten, each",
    "ife.start_1_1": "Start an in-flight exit, one input and output",
    "ife.start_2_2": "The same, two of each",
    "ife.start_4_4": "The same, four of each",
    "ife.piggyback": "Join it",
    "ife.non_canonical": "Show a competitor",
    "ife.non_canonical_included": "Show one in a block",
    "ife.respond": "Answer with its own place",
    "ife.input_spent": "Show that an input was spent",
    "ife.output_spent": "Show that an output was spent",
    "ife.claim": "Settle and pay it, two inputs, one output",
    "coin.exit": "Start the exit of a coin",
    "coin.after": "Show that a coin was spent",
    "coin.before": "Doubt a coin's history",
    "coin.respond": "Answer that",
    "coin.claim_batched": "Have coins paid in a batch of ten, each",
}
FIGURES = {
    "payments_per_second": "crash-safe payments per second, wall clock",
    "payments_per_cpu_second": "the same per second of processor time",
    "limit_per_second": "upper bound on this machine: sign, verify, group commit",
    "ratio_to_limit": "share of the limit",
    "latency_ms.p50": "latency, median, ms",
    "latency_ms.p99": "latency, 99 of 100, ms",
    "opened.seconds": "a node of 100,000 channels opens again, s (must: 3)",
    "opened.mib": "memory it grows by then, MiB (must: 150)",
}


SIZES = (1_000, 10_000, 100_000, 1_000_000)
"""Numbers of accounts in the rollup's rates; the target applies to the last."""


def gas_table(result: Mapping[str, Any]) -> str:
    """Return the gas measurement as Markdown."""
    lines = ["| operation | what | gas | best competitor measured | |", "|---|---|--:|--:|--:|"]
    for name, row in result["operations"].items():
        anchor = row.get("anchor")
        compared = f"{shown(anchor['gas'])} {anchor['name']}" if anchor else ""
        share = f"{(row['gas'] / anchor['gas'] - 1) * 100:+.0f} %" if anchor else ""
        lines.append(f"| `{name}` | {PURPOSES.get(name, '')} | {shown(row['gas'])} | {compared} | {share} |")
    return "\n".join(lines)


def rate_table(result: Mapping[str, Any]) -> str:
    """Return the main figures of the rate measurement as Markdown."""
    lines = ["| figure | value |", "|---|--:|"]
    for path, purpose in FIGURES.items():
        value: Any = result
        for name in path.split("."):
            value = value.get(name, {}) if isinstance(value, Mapping) else {}
        if isinstance(value, int | float):
            lines.append(f"| {purpose} | {shown(value)} |")
    return "\n".join(lines)


def rollup_rate_table(result: Mapping[str, Any]) -> str:
    """Return the rollup's rates as Markdown, each with the bare limit of the same run and its target."""
    state = result["transition"]
    rows = []
    for accounts, found in state["accounts"].items():
        run = found["uniform"]
        rows.append(
            (
                f"transition with state roots, {int(accounts):,} accounts, transfers/s on one core",
                run["transfers_per_second"],
                run["limit_per_second"],
                f">= {shown(state['targets']['transfers_per_second'])}" if int(accounts) == max(SIZES) else "",
            )
        )
    for path, purpose in (("ecdsa", "signed by Ethereum keys"), ("bls", "signed by BLS keys")):
        run = result[f"sequencer_{path}"]
        (name, least), *_ = run["targets"].items()
        target = f">= {shown(least)}" + (" of the limit" if name == "ratio_to_limit" else "")
        what = f"accepted over HTTP and durable, {purpose}, operations/s"
        rows.append((what, run["operations_per_second"], run["limit_per_second"], target))
    replay, proofs = result["replay"], result["proofs"]
    what = "a full blob replayed by a verifier, every signature checked, transfers/s"
    rows.append((what, replay["transfers_per_second"], replay["limit_per_second"], ""))
    worst = replay["worst"]
    bound = f"{worst['posted_per_second']} a second may be posted"
    what = f"the dearest frame for a verifier, ms of the processor, waste included ({bound})"
    dearest = max(worst[name]["cpu_ms_per_frame"] for name in ("strangers", "dice", "crowd"))
    rows.append((what, dearest, worst["limit_ms_per_frame"], ""))
    rows.append(("a proof of a state dispute among 2^20 accounts, ms", proofs["state_ms"], proofs["limit_ms"], ""))
    rows.append(
        ("memory at a million accounts, MiB", state["rss_mib"], None, f"< {shown(state['targets']['rss_mib'])}")
    )
    return limits_table(rows)


def plasma_rate_table(result: Mapping[str, Any]) -> str:
    """Return plasma's rates as Markdown, each with the bare limit of the same run and its target."""
    core, http, block, sparse = (result[name] for name in ("core", "http", "block", "sparse"))
    shared, judged, memory = core["with_workers"], result["validation"], result["memory"]
    count = f"{block['transactions']:,}"
    rows = [
        (
            "operator, from signed payments to a durable block, payments per second of one core",
            core["transactions_per_cpu_second"],
            core["limit_per_second"],
            "",
        ),
        (
            "the same by the clock",
            core["transactions_per_second"],
            None,
            f">= {shown(core['targets']['transactions_per_second'])}",
        ),
        (
            f"by the clock, signatures checked by {shared['processes']} workers",
            shared["transactions_per_second"],
            None,
            "",
        ),
        (
            f"accepted over HTTP and durable, batches of {http['batch']}, payments per second of one core",
            http["payments_per_cpu_second"],
            http["limit_per_second"],
            "",
        ),
        (
            "the same by the clock",
            http["payments_per_second"],
            None,
            f">= {shown(http['targets']['payments_per_second'])}",
        ),
        (
            f"root of {count} transactions, ms",
            block["root_ms"],
            block["limit_root_ms"],
            f"<= {block['targets']['root_ms']}",
        ),
        (
            f"block of {count} transactions to disk, ms",
            block["persist_ms"],
            block["limit_persist_ms"],
            f"<= {block['targets']['persist_ms']}",
        ),
        (
            f"a watcher judges {count} transactions, every signature checked, s on one core",
            judged["seconds_per_block"],
            judged["limit_seconds_per_block"],
            f"<= {shown(judged['targets']['seconds_per_block'])}",
        ),
        (
            "tree of coins with keys all over, leaves/s",
            sparse["spread"]["leaves_per_second"],
            sparse["spread"]["limit_per_second"],
            f">= {shown(sparse['targets']['leaves_per_second'])}",
        ),
    ]
    for name in ("operator", "watcher"):
        what = f"memory of the {name} at {memory['outputs']:,} outputs, bytes for each"
        rows.append((what, memory[f"{name}_bytes_per_output"], memory["limit_bytes_per_output"], ""))
    return limits_table(rows)


def limits_table(rows: Sequence[tuple[str, int | float, int | float | None, str]]) -> str:
    """Return figures as Markdown, each with its limit and its target."""
    lines = ["| figure | measured | upper bound, same run | target |", "|---|--:|--:|--:|"]
    for what, value, limit, target in rows:
        lines.append(f"| {what} | {shown(value)} | {'' if limit is None else shown(limit)} | {target} |")
    return "\n".join(lines)


def shown(value: int | float) -> str:
    """Format a number for display, with two decimal places for small fractions."""
    if isinstance(value, float) and abs(value) < 100:
        return f"{value:,.2f}"
    return f"{value:,.1f}" if isinstance(value, float) and abs(value) < 1_000 else f"{value:,.0f}"


def costs_table(results: Path) -> str:
    """Return the README's summary of all families as Markdown: an operation, and its gas in each of them."""
    found = {
        name: json.loads((results / f"{file}.json").read_text(encoding="utf-8"))["operations"]
        for name, file in (("channels", "gas"), ("rollup", "rollup_gas"), ("plasma", "plasma_gas"))
    }
    lines = ["| gas | channels | rollup | plasma |", "|---|--:|--:|--:|"]
    for what, *cells in SUMMARY:
        row = []
        for family, (operation, text) in zip(found, cells, strict=True):
            row.append(text.format(shown(found[family][operation]["gas"])) if operation else text)
        lines.append(f"| {what} | {' | '.join(row)} |")
    return "\n".join(lines)


SUMMARY = (
    ("to begin", ("eth.open", "{} opens and funds"), ("deposit.eth", "{} deposits"), ("deposit.eth", "{} deposits")),
    (
        "a payment",
        ("", "0: a signature"),
        ("batch.blob_exec_per_transfer", "{} and a place in a blob"),
        ("block.submit", "{} for 65,536 payments"),
    ),
    (
        "to end",
        ("eth.close_cooperative", "{} for both"),
        ("withdraw.claim", "{} a withdrawal"),
        ("exit.claim_batched", "{} an exit, of ten"),
    ),
    (
        "against a cheat",
        ("eth.counter", "{} answers a stale proof"),
        ("dispute.state", "{} convicts a wrong state"),
        ("exit.challenge", "{} stops a wrong exit"),
    ),
)
"""Rows of the summary: for each family an operation of its gas measurement, and the text around the figure."""

TABLES = {
    "gas": ("gas", gas_table),
    "rate": ("rate", rate_table),
    "rollup-gas": ("rollup_gas", gas_table),
    "plasma-gas": ("plasma_gas", gas_table),
    "rollup-rate": ("rollup_rate", rollup_rate_table),
    "plasma-rate": ("plasma_rate", plasma_rate_table),
}
"""Measurement and table function of each marker in `docs/costs.md`."""


def filled(text: str, results: Path = RESULTS) -> str:
    """Return the text with the table between each pair of markers replaced, if its measurement exists."""
    for name, (measurement, table) in TABLES.items():
        source = results / f"{measurement}.json"
        if not source.is_file():
            print(
                f"{source.relative_to(ROOT) if source.is_relative_to(ROOT) else source}: no measurement",
                file=sys.stderr,
            )
            continue
        text = put(text, name, table(json.loads(source.read_text(encoding="utf-8"))))
    return text


def put(text: str, name: str, table: str) -> str:
    """Return the text with a table between the markers of its name; raise SystemExit without them."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    head, found_begin, rest = text.partition(begin)
    _, found_end, tail = rest.partition(end)
    if not found_begin or not found_end:
        raise SystemExit(f"{name}: the markers {begin} and {end} are not there, in this order")
    return f"{head}{begin}\n{table}\n{end}{tail}"


def main() -> int:
    """Write or check the tables; return the exit code."""
    parser = argparse.ArgumentParser(description="Write the tables of pages from the committed measurements.")
    parser.add_argument("--check", action="store_true", help="only say whether they agree")
    arguments = parser.parse_args()
    before = {path: path.read_text(encoding="utf-8") for path in (README, COSTS)}
    after = {README: put(before[README], "costs", costs_table(RESULTS)), COSTS: filled(before[COSTS])}
    stale = [path for path in before if before[path] != after[path]]
    if arguments.check:
        for path in stale:
            name = path.relative_to(ROOT)
            print(f"{name}: its tables differ from bench/results; run: python tools/readme_tables.py", file=sys.stderr)
        return int(bool(stale))
    for path in stale:
        path.write_text(after[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
