"""Check that a tag may be released: its version is the package's, and CHANGELOG.md has a dated section for it.

python tools/check_release.py v0.1.0
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SECTION = re.compile(
    r"^## \[(?P<version>[^\]]+)\](?: - (?P<date>[^\n]*))?\n(?P<body>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL
)


def problems_of(tag: str, project: Mapping[str, Any], declared: str, changelog: str) -> list[str]:
    """Return a line for everything that speaks against the release of a tag."""
    version = tag.removeprefix("v")
    found = []
    if not re.fullmatch(r"v\d+\.\d+\.\d+", tag):
        found.append(f"the tag is {tag!r}, not vMAJOR.MINOR.PATCH")
    if project["version"] != version:
        found.append(f"pyproject.toml has version {project['version']}")
    if declared != version:
        found.append(f"layer2.__version__ is {declared}")
    if "urls" not in project:
        found.append("pyproject.toml has no [project.urls]")
    sections = {section["version"]: section for section in SECTION.finditer(changelog)}
    if version not in sections:
        found.append(f"CHANGELOG.md has no section [{version}]")
    elif not re.fullmatch(r"\d{4}-\d\d-\d\d", sections[version]["date"] or ""):
        found.append(f"CHANGELOG.md: section [{version}] has no date")
    if "Unreleased" not in sections:
        found.append("CHANGELOG.md has no section [Unreleased]")
    elif sections["Unreleased"]["body"].strip():
        found.append(f"CHANGELOG.md: entries under Unreleased belong under [{version}]")
    return found


def main(arguments: list[str]) -> int:
    """Print every problem of the tag; return 1 if there is one."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    source = (ROOT / "src" / "layer2" / "__init__.py").read_text(encoding="utf-8")
    declared = re.search(r'^__version__ = "(.*)"$', source, re.MULTILINE)
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    problems = problems_of(arguments[0], project, declared[1] if declared else "absent", changelog)
    for problem in problems:
        print(f"{arguments[0]}: {problem}", file=sys.stderr)
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
