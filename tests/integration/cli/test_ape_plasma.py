"""`ape run plasma`: the same verbs with ape's chain and ape's accounts, which sign what `layer2` would sign."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from scripts._common import ape_options

from layer2.ape import connection_from_ape
from layer2.cli.plasma.commands import build
from layer2.testing.isolation import isolated

ETHER = 10**18


class Shell:
    """Types verbs, as ape would hand them on once it is connected."""

    def __init__(self) -> None:
        self.group = build(ape_options)

    def __call__(self, *words: str, code: int = 0) -> str:
        ended = CliRunner().invoke(self.group, list(words))
        assert ended.exit_code == code, ended.output
        return ended.output

    def told(self, *words: str) -> Any:
        return json.loads(self(*words, "--json"))


@pytest.fixture
def shell(networks: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAYER2_HOME", str(tmp_path / "home"))
    with isolated(connection_from_ape(networks.active_provider)):
        yield Shell()


def test_money_goes_in_moves_and_comes_out(shell: Shell) -> None:
    shell("deploy")
    shell("deposit", "2 ether", "--as", "payer")
    shell("send", "payee", "0.5 ether", "--as", "payer")
    assert "block 1: 1 transaction," in shell("operator", "--once")
    assert shell.told("balance", "--as", "payee")["balance"] == str(ETHER // 2)
    assert shell.told("challenge", "--as", "watchtower")["verified"] == 1
    sent = shell.told("send", "payee", "0.25 ether", "--as", "payer")["payment"]
    assert "1 exit" in shell("exit", "all", "--as", "payee")
    assert "1 in-flight exit waits" in shell("exit", sent[:10], "--as", "payer")
    shell("wait", "2 hours")
    assert "0.5 ether" in shell("claim", "--as", "payee")
    assert "in-flight exits" in shell("claim", "--as", "payer")


def test_what_is_wrong_is_one_line(shell: Shell) -> None:
    assert "no deployment recorded" in shell("status", code=2)
    shell("deploy")
    for words in (("balance", "--as", "stranger"), ("send", "payee", "1", "--as", "payer"), ("exit", "0x1")):
        said = shell(*words, code=2)
        assert said.startswith("layer2: ")
        assert said.count("\n") == 1
