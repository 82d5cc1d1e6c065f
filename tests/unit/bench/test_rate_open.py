"""The measurement of a node that opens again."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from layer2_bench.rate_open import open_again, run_open, write


def test_a_small_node_is_measured_in_every_figure() -> None:
    found = run_open(300)
    assert found["channels"] == 300
    assert 0 < found["seconds"] < 3
    assert found["first_read_ms"] > 0
    assert set(found) == {"channels", "seconds", "mib", "first_read_ms", "targets"}


def test_a_node_that_lacks_channels_is_no_measurement(tmp_path: Path) -> None:
    write(str(tmp_path / "payee.journal"), 20)
    with pytest.raises(RuntimeError, match="20 channels, 21 were written"):
        open_again(str(tmp_path / "payee.journal"), 21)


def test_a_process_that_fails_fails_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(subprocess.CalledProcessError):
        run_open(1)
