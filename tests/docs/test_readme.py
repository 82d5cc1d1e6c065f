"""Every fenced block of the README and the docs does what it says.

`python` blocks run as typed into the console, one namespace per page, on the chain the tests run on. `console`
blocks are commands (`$ ...`) with their output, run against a node of their own. `bash` blocks are not run: their
`make` targets and `layer2` sub-commands have to exist. `text` blocks are prose.
"""

from __future__ import annotations

import doctest
import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from layer2.cli import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
KNOWN = {"python", "console", "bash", "text", "solidity", "mermaid"}


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    language: str
    body: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, found.start()) + 2, found["language"], found["body"])
        for found in FENCE.finditer(text)
    ]


def pages_with(language: str) -> list[Path]:
    return [page for page in PAGES if any(block.language == language for block in blocks_of(page))]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_every_block_says_its_language() -> None:
    unknown = [
        f"{block}: {block.language!r}" for page in PAGES for block in blocks_of(page) if block.language not in KNOWN
    ]
    assert unknown == []


@pytest.mark.parametrize("page", pages_with("bash"), ids=name_of)
def test_commands_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for block in blocks_of(page):
        if block.language != "bash":
            continue
        for line in filter(None, map(str.strip, block.body.splitlines())):
            words = shlex.split(line.rstrip("& "), comments=True)
            if words[:1] == ["make"]:
                assert words[1] in targets, f"{block}: {line}"
            elif words[:1] == ["layer2"]:
                assert_command_exists(words[1:], f"{block}: {line}")
            elif words:
                assert words[0] in {"ape", "pip", "export", "git", "cd", "source"}, f"{block}: {line}"


def assert_command_exists(words: list[str], where: str) -> None:
    command: click.Command = cli
    for word in words:
        if not isinstance(command, click.Group):
            break
        found = command.get_command(click.Context(command), word)
        assert found is not None, f"{where}: no command {word!r}"
        command = found
    known = {option for parameter in command.params for option in parameter.opts}
    used = {word.split("=")[0] for word in words if word.startswith("--")}
    assert used <= known | {"--help"}, f"{where}: no option {used - known}"


@pytest.mark.parametrize("page", pages_with("python"), ids=name_of)
def test_python_blocks_run(page: Path, project, accounts, chain, networks, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("LAYER2_HOME", str(tmp_path))
    spec = importlib.util.spec_from_file_location("ape_console_extras", ROOT / "ape_console_extras.py")
    assert spec is not None
    assert spec.loader is not None
    extras = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(extras)
    managers = {"project": project, "accounts": accounts, "chain": chain, "networks": networks}
    names = {**managers, **extras.ape_init_extras(**managers)}
    for block in blocks_of(page):
        if block.language == "python":
            # Leading newlines make a traceback name the line of the page.
            source = "\n" * (block.line - 1) + block.body
            exec(compile(source, str(page), "exec"), names)


def subject_of(block: Block) -> str:
    """Which part of the command line a session is about: those about one part follow each other."""
    found = re.match(r"\$ layer2 (rollup|plasma coin|plasma)\b", block.body)
    return found[1] if found else "channels"


def sessions() -> Iterator[tuple[Path, str]]:
    for page in pages_with("console"):
        found = [subject_of(block) for block in blocks_of(page) if block.language == "console"]
        yield from ((page, subject) for subject in dict.fromkeys(found))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "subject"), sessions(), ids=lambda one: name_of(one) if isinstance(one, Path) else one
)
def test_console_blocks_print_what_they_show(page: Path, subject: str, tmp_path: Path) -> None:
    from layer2.ethereum.anvil import AnvilNode

    with AnvilNode() as node:
        environment = {
            **os.environ,
            "LAYER2_NETWORK": node.url,
            "LAYER2_HOME": str(tmp_path / "home"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "110",
        }
        for block in blocks_of(page):
            if block.language == "console" and subject_of(block) == subject:
                run_session(block, environment, tmp_path)


def run_session(block: Block, environment: dict[str, str], folder: Path) -> None:
    checker = doctest.OutputChecker()
    for part in re.split(r"^\$ ", block.body, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        answer = subprocess.run(
            ["/bin/sh", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            cwd=folder,
            timeout=120,
            check=False,
        )
        given = answer.stdout
        same = checker.check_output(expected, given, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        assert same, f"{block}: $ {command}\nexpected:\n{expected}\ngot:\n{given}"


def test_tables_agree_with_the_measurements() -> None:
    checked = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "readme_tables.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_the_text_reaches_the_reader_in_plain_words() -> None:
    banned = re.compile(r"\b(TODO|FIXME|XXX|lorem)\b")
    assert [name_of(page) for page in PAGES if banned.search(page.read_text(encoding="utf-8"))] == []
