"""The watcher of coins on the command line: looks, acts with its key, and refuses what is no source."""

from __future__ import annotations

from pathlib import Path

from tests.unit.cli.test_coins import Command, coin_of, does, nft, node

from layer2.cli.coin_gates import local_coins, serving_coins
from layer2.cli.coin_place import coin_place_of
from layer2.cli.workspace import Workspace
from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.contract import Contract

__all__ = ["does", "nft", "node"]


def test_a_watcher_stops_an_exit_of_what_was_passed_on(
    nft: Contract, node: AnvilNode, does: Command, tmp_path: Path
) -> None:
    coin = coin_of(does, "deposit", "1 ether", "--as", "payer")
    does("send", coin, "payee", "--as", "payer")
    does("operator", "--once")
    # Another wallet of the payer, which has forgotten what it signed.
    does("exit", coin, "--as", "payer", "--home", str(tmp_path / "elsewhere"))
    place = coin_place_of(Workspace(node.url, "operator", tmp_path / "home"))
    with local_coins(place) as operator, serving_coins(operator, "127.0.0.1:0") as url:
        look = does("watcher", "--operator", url, "--once", "--only-look", "--as", "attacker")
        assert "EXIT_SPENT" in look
        assert "challengeSpent" not in look
        said = does("watcher", "--operator", url, "--once", "--as", "attacker")
        assert "challengeSpent" in said
        assert ": done" in said
        assert "challengeSpent" not in does("watcher", "--operator", url, "--once", "--as", "attacker")
    assert does("status", "--json")["exits"] == 0
    there = does("watcher", "--once", "--as", "attacker")
    assert "SOURCE_FAULTY" not in there
