"""kill -9 at each place where the journal persists, in a real process: nothing promised is lost, nothing is halved."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from layer2.store import fault_points
from layer2.store.journal import Journal

ROWS = 3
GROUPS = 6

# A node in small: it persists a group of rows and a counter, then tells the world.
NODE = """
import sys
from layer2.store.journal import Journal

path, groups, rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with Journal(path, kind="node") as journal:
    done = int(journal.get_meta("groups") or b"0")
    for group in range(done + 1, done + groups + 1):
        for row in range(rows):
            journal.append("sent", b"%d/%d" % (group, row))
        journal.put_meta("groups", b"%d" % group)
        journal.commit()
        print(group, flush=True)
"""


def node_command(path: Path, groups: int = GROUPS) -> list[str]:
    return [sys.executable, "-c", NODE, str(path), str(groups), str(ROWS)]


def environment(fault: str | None) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != "LAYER2_FAULT"}
    return inherited | ({"LAYER2_FAULT": fault} if fault else {})


def run(path: Path, fault: str | None = None) -> tuple[int, list[int]]:
    """Run the node; its exit code and the groups it reported as durable."""
    done = subprocess.run(
        node_command(path), env=environment(fault), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stderr == ""
    return done.returncode, [int(line) for line in done.stdout.split()]


def durable_groups(path: Path) -> int:
    """How many groups the file holds; fails if one is there in part, or if rows and counter disagree."""
    with Journal(path, kind="node") as journal:
        payloads = [entry.payload for entry in journal.read("sent")]
        groups = int(journal.get_meta("groups") or b"0")
    assert payloads == [b"%d/%d" % (group, row) for group in range(1, groups + 1) for row in range(ROWS)]
    return groups


def test_without_a_fault_every_group_is_durable(tmp_path: Path) -> None:
    path = tmp_path / "node.journal"
    assert run(path) == (0, [1, 2, 3, 4, 5, 6])
    assert durable_groups(path) == GROUPS


@pytest.mark.parametrize("hit", [1, 4])
@pytest.mark.parametrize(
    ("point", "kept"),
    [("journal.before-commit", 0), ("journal.in-commit", 0), ("journal.after-commit", 1)],
)
def test_a_node_killed_while_it_persists_loses_nothing_it_reported(
    tmp_path: Path, point: str, kept: int, hit: int
) -> None:
    path = tmp_path / "node.journal"
    code, reported = run(path, f"{point}:{hit}")
    assert code == -signal.SIGKILL
    assert reported == list(range(1, hit))
    held = durable_groups(path)
    assert held == hit - 1 + kept
    # The dead process holds no lock, and its successor goes on where the file ends.
    assert run(path) == (0, list(range(held + 1, held + GROUPS + 1)))
    assert durable_groups(path) == held + GROUPS


def test_a_node_killed_again_and_again_keeps_a_whole_journal(tmp_path: Path) -> None:
    path = tmp_path / "node.journal"
    for fault, gain in (("journal.in-commit:2", 1), ("journal.after-commit:2", 2), ("journal.before-commit:3", 2)):
        before = durable_groups(path)
        code, reported = run(path, fault)
        assert code == -signal.SIGKILL
        held = durable_groups(path)
        assert held == before + gain
        assert reported == list(range(before + 1, before + 1 + len(reported)))
        assert held >= max(reported)


@pytest.mark.parametrize("delay", [0.0, 0.013, 0.04])
def test_a_node_killed_at_any_moment_loses_nothing_it_reported(tmp_path: Path, delay: float) -> None:
    path = tmp_path / "node.journal"
    command = node_command(path, groups=1_000_000)
    with subprocess.Popen(command, env=environment(None), stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout is not None
        first = int(node.stdout.readline())
        time.sleep(delay)
        node.kill()
        reported = [first] + [int(line) for line in node.stdout.read().splitlines()]
    assert node.returncode == -signal.SIGKILL
    assert reported == list(range(1, len(reported) + 1))
    assert durable_groups(path) in (len(reported), len(reported) + 1)


def test_another_point_than_the_named_one_is_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    kills: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda process, number: kills.append((process, number)))
    monkeypatch.setattr(fault_points, "_name", "journal.in-commit")
    monkeypatch.setattr(fault_points, "_left", 2)
    fault_points.fault_point("journal.before-commit")
    fault_points.fault_point("journal.in-commit")
    assert kills == []
    fault_points.fault_point("journal.in-commit")
    assert kills == [(os.getpid(), signal.SIGKILL)]
