"""Run solhint and print its findings as `file:line: rule: message`, without its banner."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOLHINT = ROOT / "node_modules" / ".bin" / "solhint"


def main() -> int:
    """Run solhint; return 0 if it checked every source without findings."""
    count = sum(1 for path in (ROOT / "contracts").rglob("*.sol") if ".cache" not in path.parts)
    command = [str(SOLHINT), "contracts/**/*.sol", "--formatter", "json", "--noPoster", "--disc"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    start = done.stdout.find("[")
    if start < 0:
        print(f"solhint gave no report: {(done.stderr or done.stdout).strip()[-1000:]}", file=sys.stderr)
        return 1
    findings = [item for item in json.JSONDecoder().raw_decode(done.stdout[start:])[0] if "ruleId" in item]
    for item in findings:
        print(f"{item['filePath']}:{item['line']}: {item['ruleId']}: {item['message']}", file=sys.stderr)
    print(f"solhint: {count} files, {len(findings)} findings")
    return 1 if findings or done.returncode or not count else 0


if __name__ == "__main__":
    sys.exit(main())
