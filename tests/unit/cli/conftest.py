"""`layer2` as a person types it, on a node of its own: `COMMAND` of a module says which part of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from layer2.cli import main
from layer2.ethereum.anvil import AnvilNode

ETHER = 10**18
Command = Callable[..., Any]


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AnvilNode]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAYER2_HOME", str(tmp_path / "home"))
    with AnvilNode() as node:
        monkeypatch.setenv("LAYER2_NETWORK", node.url)
        yield node


@pytest.fixture
def group(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """What comes before each command."""
    return tuple(getattr(request.module, "COMMAND", "plasma").split())


@pytest.fixture
def fails(group: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command that has to fail; its one line."""

    def run(*words: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main((*group, *words))
        captured = capsys.readouterr()
        assert ended.value.code == 2, captured.out
        assert captured.err.startswith("layer2: ")
        assert captured.err.count("\n") == 1
        return captured.err

    return run


@pytest.fixture
def does(group: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command that has to work; what it prints, decoded if it is JSON."""

    def run(*words: str) -> Any:
        with pytest.raises(SystemExit) as ended:
            main((*group, *words))
        captured = capsys.readouterr()
        assert ended.value.code == 0, captured.err
        return json.loads(captured.out) if "--json" in words else captured.out

    return run


@pytest.fixture
def paid_in(node: AnvilNode, does: Command) -> AnvilNode:
    """The payer has two ether."""
    does("deploy")
    does("deposit", "2 ether", "--as", "payer")
    return node


def balance(does: Command, who: str, *more: str) -> int:
    return int(does("balance", "--as", who, "--json", *more)["balance"])
