"""The check of the wheel: a module, a help text or a file that is not as promised is found."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest
from tests.support.tools import load

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def probe() -> ModuleType:
    return load("wheel_probe")


@pytest.fixture
def check() -> ModuleType:
    return load("check_wheel")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed package with a sound module."""
    folder = tmp_path / "wheeled"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "sound.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "wheeled"]:
        del sys.modules[name]


def test_one_line_that_names_a_missing_extra_excuses_a_failure(probe: ModuleType) -> None:
    line = "numba is not installed; pip install 'layer2[rollup]'"
    assert probe.excused(line, [])
    assert probe.excused(line, ["devnet"])


@pytest.mark.parametrize(
    ("line", "installed"),
    [
        ("numba is not installed; pip install 'layer2[rollup]'", ["rollup"]),
        ("No module named 'numba'", []),
        ("Traceback\nnumba is not installed; pip install 'layer2[rollup]'", []),
        ("", []),
    ],
)
def test_any_other_failure_is_not_excused(probe: ModuleType, line: str, installed: list[str]) -> None:
    assert not probe.excused(line, installed)


def test_modules_that_load_or_name_their_extra_pass(probe: ModuleType, package: Path) -> None:
    (package / "extra.py").write_text(
        "from layer2.primitives.extras import needs\nwith needs('rollup'):\n    import absent_package\n"
    )
    (package / "_private.py").write_text("import absent_package\n")
    assert probe.module_problems("wheeled", []) == (1, [])
    assert probe.module_problems("wheeled", ["rollup"])[1] == [
        "import wheeled.extra: absent_package is not installed; pip install 'layer2[rollup]'"
    ]


def test_a_module_that_fails_otherwise_is_found(probe: ModuleType, package: Path) -> None:
    (package / "late.py").write_text("import absent_package\n")
    (package / "broken.py").write_text("raise ValueError\n")
    assert probe.module_problems("wheeled", []) == (
        1,
        ["import wheeled.broken: ValueError: ", "import wheeled.late: No module named 'absent_package'"],
    )


def test_the_help_of_every_command_is_run(probe: ModuleType) -> None:
    @click.group("layer2")
    def group() -> None: ...

    @group.group("inner")
    def inner() -> None: ...

    @inner.command("leaf")
    def leaf() -> None: ...

    assert list(probe.commands(group)) == [(), ("inner",), ("inner", "leaf")]
    shown = probe.help_problems(probe.commands(group), lambda words: group.main(words, prog_name="layer2"), [])
    assert shown == (3, [])
    assert probe.help_problems(iter([("absent",)]), lambda words: group.main(words, prog_name="layer2"), [])[1]


def test_a_help_text_that_names_a_missing_extra_passes_and_a_traceback_does_not(probe: ModuleType) -> None:
    def missing(_: list[str]) -> None:
        click.echo("layer2: numba is not installed; pip install 'layer2[rollup]'", err=True)
        sys.exit(2)

    def broken(_: list[str]) -> None:
        raise ImportError("no")

    assert probe.help_problems(iter([("send",)]), missing, []) == (0, [])
    assert probe.help_problems(iter([("send",)]), missing, ["rollup"])[1]
    assert probe.help_problems(iter([("send",)]), broken, []) == (
        0,
        ["layer2 send --help: exit code 1, ImportError: no"],
    )


def test_the_readme_has_a_block_that_uses_the_library(probe: ModuleType) -> None:
    assert "HubFacade.deploy" in probe.library_block((ROOT / "README.md").read_text(encoding="utf-8"))
    with pytest.raises(ValueError, match="no Python block"):
        probe.library_block("```python\nhub.open()\n```\n")


def test_a_file_that_is_missing_or_belongs_to_a_checkout_is_found(check: ModuleType) -> None:
    assert check.content_problems(check.NEEDED) == []
    assert check.content_problems([*check.NEEDED, "layer2_demo/audit.py"]) == ["the wheel holds layer2_demo/audit.py"]
    assert check.content_problems(check.NEEDED[1:]) == ["the wheel lacks layer2/py.typed"]


def test_pythons_are_those_of_the_classifiers_and_ape_has_none_on_the_newest(check: ModuleType) -> None:
    table = check.project()
    assert check.pythons(table["classifiers"]) == ["3.11", "3.12", "3.13"]
    assert table["requires-python"] == ">=3.11,<3.14"
    assert check.extras_of(["ape", "rollup"], "3.12") == ["ape", "rollup"]
    assert check.extras_of(["ape", "rollup"], "3.13") == ["rollup"]
    assert all("python_version < '3.13'" in row for row in table["optional-dependencies"]["ape"])
