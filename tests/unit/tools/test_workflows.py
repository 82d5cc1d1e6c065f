"""The workflows: sound YAML, actions pinned by commit and version, least rights, and commands that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
PINNED = re.compile(r"^[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def problems_of(text: str) -> list[str]:
    """Return a line for everything that a workflow must not be."""
    workflow = yaml.safe_load(text)
    # YAML reads the key `on` as a truth value.
    found = [] if workflow.get("on", workflow.get(True)) else ["nothing starts it"]
    if workflow.get("permissions") != {}:
        found.append("rights for all jobs")
    for used in re.findall(r"uses: +(.*)$", text, re.MULTILINE):
        if not (PINNED.match(used) or (used.startswith("./") and (ROOT / used).is_file())):
            found.append(f"not pinned: {used}")
    for name, job in workflow["jobs"].items():
        if "uses" not in job and not job.get("timeout-minutes"):
            found.append(f"{name} has no time limit")
        if "permissions" not in job:
            found.append(f"{name} does not say its rights")
        found += [f"{name}: {problem}" for problem in steps_problems(job)]
    return found


def steps_problems(job: dict[str, Any]) -> Iterator[str]:
    parts = matrix_values(job)
    for step in job.get("steps", ()):
        line = step.get("run", "")
        if "${{ inputs" in line or "${{ github" in line:
            yield f"text of others in a shell: {line}"
        for words in re.findall(r"(?:\.ci/run|make) (\$\{\{ [\w.]+ \}\}|[^\s>|]+)", line):
            name = re.fullmatch(r"\$\{\{ matrix\.(\w+) \}\}", words)
            for target in parts.get(name[1], []) if name else [words]:
                if target not in TARGETS:
                    yield f"no target {target}"
        for tool in re.findall(r"tools/\w+\.py", line):
            if not (ROOT / tool).is_file():
                yield f"no {tool}"


def matrix_values(job: dict[str, Any]) -> dict[str, list[str]]:
    matrix = job.get("strategy", {}).get("matrix", {})
    values = {name: list(given) for name, given in matrix.items() if name != "include"}
    for row in matrix.get("include", ()):
        for name, value in row.items():
            values.setdefault(name, []).append(value)
    return values


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.name))
def test_a_workflow_is_sound(path: Path) -> None:
    assert problems_of(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("permissions: {}\n", "", "rights for all jobs"),
        ("@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2", "@v4", "not pinned: actions/checkout@v4"),
        (" # v4.2.2", "", "not pinned"),
        ("    timeout-minutes: 10\n", "", "gas has no time limit"),
        ("part: [lint, types,", "part: [lint, typing,", "static: no target typing"),
        ("tools/gas_difference.py", "tools/gas.py", "gas: no tools/gas.py"),
        ('"origin/$GITHUB_BASE_REF"', '"origin/${{ github.base_ref }}"', "gas: text of others in a shell"),
    ],
)
def test_a_workflow_that_is_not_is_found(old: str, new: str, problem: str) -> None:
    text = (FOLDER / "check.yml").read_text(encoding="utf-8")
    assert old in text
    assert any(problem in found for found in problems_of(text.replace(old, new)))


def test_each_part_of_make_check_runs_by_itself() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    parts = re.findall(r"^check-static: (.*)$", makefile, re.MULTILINE)[0].split()
    jobs = yaml.safe_load((FOLDER / "check.yml").read_text(encoding="utf-8"))["jobs"]
    assert set(matrix_values(jobs["static"])["part"]) == set(parts)
    recipe = re.findall(r"^check: .*\n((?:\t.*\n)+)", makefile, re.MULTILINE)[0]
    nightly = yaml.safe_load((FOLDER / "nightly.yml").read_text(encoding="utf-8"))["jobs"]["campaigns"]
    tests = re.findall(r"(test[a-z-]*)$", recipe, re.MULTILINE)
    assert len(tests) >= 2
    assert matrix_values(jobs["tests"])["part"] == matrix_values(nightly)["part"] == tests


def test_the_wheel_is_tried_on_every_python_it_names() -> None:
    jobs = yaml.safe_load((FOLDER / "wheel.yml").read_text(encoding="utf-8"))["jobs"]
    classifiers = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert matrix_values(jobs["wheel"])["python"] == re.findall(r"Python :: (3\.\d+)", classifiers)


def test_the_nightly_run_explores_and_keeps_what_fails() -> None:
    jobs = yaml.safe_load((FOLDER / "nightly.yml").read_text(encoding="utf-8"))["jobs"]
    campaigns = jobs["campaigns"]
    assert campaigns["env"]["HYPOTHESIS_PROFILE"] == "nightly"
    assert "github.run_id" in campaigns["env"]["LAYER2_SEED"]
    kept = [step["with"]["path"] for step in campaigns["steps"] if step.get("if") == "failure()"]
    assert kept == [".hypothesis/examples"]


def test_only_the_job_that_publishes_can_ask_for_an_identity() -> None:
    for path in WORKFLOWS:
        for name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items():
            wanted = {"id-token": "write"} if name == "publish" else {"contents": "read"}
            assert job["permissions"] == wanted, (path.name, name)
