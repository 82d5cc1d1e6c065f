"""Run Slither on the Foundry build and check its findings.

Slither also succeeds if it has analysed nothing, so the number of contracts is checked here. Findings of medium impact
and above fail unless `tools/slither_allow.toml` lists them with a reason.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
ALLOWED = ROOT / "tools" / "slither_allow.toml"
JUDGED = ("High", "Medium")
LEFT_OUT = "contracts/mocks/|node_modules/"

Json = dict[str, Any]


def analysed(output: str) -> int:
    """Return the number of contracts that Slither reports as analysed."""
    found = re.search(r"analyzed \((\d+) contracts", output)
    return int(found.group(1)) if found else 0


def allowances() -> list[dict[str, str]]:
    """Return the accepted findings: `check`, a part of the finding's text in `where`, and the `reason`."""
    with ALLOWED.open("rb") as file:
        entries: list[dict[str, str]] = tomllib.load(file).get("allow", [])
    for entry in entries:
        if not all(entry.get(key, "").strip() for key in ("check", "where", "reason")):
            raise SystemExit(f"{ALLOWED.name}: every entry needs check, where and reason; got {entry}")
    return entries


def judge(findings: list[Json], allowed: list[dict[str, str]]) -> tuple[list[Json], list[dict[str, str]]]:
    """Return the findings that are not accepted, and the acceptances that match no finding."""
    used: set[int] = set()
    refused = []
    for finding in findings:
        if finding["impact"] not in JUDGED:
            continue
        matches = [
            index
            for index, entry in enumerate(allowed)
            if entry["check"] == finding["check"] and entry["where"] in finding["description"]
        ]
        used.update(matches)
        if not matches:
            refused.append(finding)
    return refused, [entry for index, entry in enumerate(allowed) if index not in used]


def main() -> int:
    """Build, analyse and check; return 0 if no finding or unused acceptance remains."""
    # Slither also reads stale builds in this folder.
    shutil.rmtree(ROOT / "out" / "build-info", ignore_errors=True)
    build = [str(BIN / "forge"), "build", "--build-info", "--force", "--quiet", "--root", str(ROOT)]
    if subprocess.run(build, cwd=ROOT, check=False).returncode:
        print("forge build failed", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "slither.json"
        command = [
            str(BIN / "slither"),
            ".",
            "--compile-force-framework",
            "foundry",
            "--foundry-ignore-compile",
        ]
        command += ["--filter-paths", LEFT_OUT, "--json", str(report)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        count = analysed(done.stdout + done.stderr)
        if not count or not report.is_file():
            print(f"Slither analysed no contract.\n{done.stderr[-2000:]}", file=sys.stderr)
            return 1
        findings: list[Json] = json.loads(report.read_text(encoding="utf-8")).get("results", {}).get("detectors", [])
    refused, unused = judge(findings, allowances())
    for finding in refused:
        print(f"{finding['impact']} {finding['check']}: {finding['description'].strip()}", file=sys.stderr)
    for entry in unused:
        print(
            f"{ALLOWED.name}: nothing matches {entry['check']} in {entry['where']}; remove it",
            file=sys.stderr,
        )
    print(f"slither: {count} contracts, {len(findings)} findings, {len(refused)} not accepted")
    return 1 if refused or unused else 0


if __name__ == "__main__":
    sys.exit(main())
