"""A plain installation has channels and plasma; what needs an extra says which, in one line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

OPTIONAL = ["ape", "eth", "eth_tester", "hypothesis", "llvmlite", "numba", "numpy", "pyblst"]
PLAIN = (
    "layer2.channels",
    "layer2.plasma",
    "layer2.store",
    "layer2.cli.channels",
    "layer2.cli.plasma.commands",
    "layer2.cli.coins",
)
WITHOUT = f"import sys; sys.modules.update(dict.fromkeys({OPTIONAL!r}));"


def python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", WITHOUT + program], capture_output=True, text=True, check=False)


def test_channels_and_plasma_need_no_extra() -> None:
    done = python(
        "import importlib, pkgutil, layer2;"
        "every = [one.name for one in pkgutil.walk_packages(layer2.__path__, 'layer2.')];"
        f"names = [name for name in every if name.startswith({PLAIN!r})];"
        "[importlib.import_module(name) for name in names]; print(len(names))"
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 150


@pytest.mark.parametrize("group", ["channels", "rollup", "plasma", "demo", "devnet", "bench", "doctor"])
def test_the_help_of_every_group_works_without_extras_or_names_one(group: str) -> None:
    done = python(f"from layer2.cli import main; main([{group!r}, '--help'])")
    assert done.returncode == 0 or "pip install 'layer2[" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["rollup", "status"], ["rollup", "send", "--help"], ["devnet"]])
def test_what_needs_an_extra_says_which_in_one_line(words: list[str]) -> None:
    done = python(f"from layer2.cli import main; main({words!r})")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("layer2: ")
    assert done.stderr.count("\n") == 1
    assert "not installed; pip install 'layer2[rollup]'" in done.stderr


def test_what_needs_none_works_without() -> None:
    done = python("from layer2.cli import main; main(['plasma', 'coin', 'send', '--help'])")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_doctor_tells_what_each_family_lacks() -> None:
    done = python("from layer2.cli import main; main(['doctor', '--json'])")
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert {name: rows[name]["state"] for name in ("channels", "plasma", "rollup")} == {
        "channels": "ok",
        "plasma": "ok",
        "rollup": "absent",
    }
    assert "pip install 'layer2[rollup]'" in rows["rollup"]["found"]
