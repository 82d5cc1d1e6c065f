"""Coins on the command line: every verb does what it says, and wrong input is one line that changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from layer2.cli import main
from layer2.cli.coins.deployment import coin_place_of
from layer2.cli.coins.operator_client import local_coins, serving_coins
from layer2.cli.common.workspace import Workspace
from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender
from layer2.testing import deploy_mock

ETHER = 10**18
Command = Callable[..., Any]


COMMAND = "plasma coin"


@pytest.fixture
def fails(group: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command that has to fail; its last line."""

    def run(*words: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main((*group, *words))
        captured = capsys.readouterr()
        assert ended.value.code == 2, captured.out
        said = captured.err.splitlines()
        assert said[-1].startswith("layer2: ")
        assert all(line.startswith("not followed: ") for line in said[:-1])
        return said[-1]

    return run


@pytest.fixture
def nft(node: AnvilNode, does: Command) -> Contract:
    """The payer has the NFT 7, and there is a coin chain."""
    does("deploy")
    operator, payer = node.connection.signers(2)
    made = deploy_mock("MockNft", sender=Sender(node.connection, operator))
    made.transact(Sender(node.connection, operator), "mint", payer.address, 7)
    return made


def coin_of(does: Command, *words: str) -> str:
    return str(does(*words, "--json")["coin"])


def states(does: Command, who: str, *more: str) -> list[str]:
    return [row["state"] for row in does("list", "--as", who, "--json", *more)]


def test_an_nft_goes_from_hand_to_hand_and_out(nft: Contract, node: AnvilNode, does: Command, fails: Command) -> None:
    coin = coin_of(does, "deposit-nft", nft.address, "7", "--as", "payer")
    assert "NFT 7 of" in does("list", "--as", "payer")
    sent = does("send", coin, "payee", "--as", "payer", "--history", "coin.history", "--json")
    assert Path("coin.history").stat().st_size == sent["bytes"]
    assert states(does, "payer") == ["signed"]
    assert "belongs to" in fails("receive", "coin.history", "--as", "payee")
    assert "block 1: 1 transfer," in does("operator", "--once")
    assert "nothing to do" in does("operator", "--once")
    assert "1 transfer verified" in does("receive", "coin.history", "--as", "payee")
    assert (states(does, "payee"), states(does, "payer")) == (["free"], [])
    scheduler = does("history", coin, "--as", "payee", "--json")["owners"]
    assert [row["block"] for row in scheduler] == [0, 1]
    assert "layer2 plasma coin guard" in does("exit", coin, "--as", "payee")
    assert states(does, "payee") == ["leaving"]
    assert "nothing to claim now, 1 exit" in fails("claim", "--as", "payee")
    assert "nothing to do" in does("guard", "--once", "--as", "payee")
    does("wait", "61 minutes")
    assert does("claim", "--as", "payee", "--json")["paid"][0]["holds"] == f"NFT 7 of {nft.address}"
    assert nft.call("ownerOf", 7) == node.connection.signers(3)[2].address
    status = does("status", "--json")
    assert (status["blocks"], status["coins"], status["paid"], status["exits"]) == (1, 1, 1, 0)
    assert states(does, "payee") == []


def test_what_cannot_be_is_one_line_and_changes_nothing(nft: Contract, does: Command, fails: Command) -> None:
    coin = coin_of(does, "deposit", "1 ether", "--as", "payer")
    assert "already deployed" in fails("deploy")
    assert "not a coin number" in fails("send", "one", "payee", "--as", "payer")
    assert "not a coin number" in fails("exit", str(1 << 64), "--as", "payer")
    assert "not in this wallet" in fails("send", "5", "payee", "--as", "payer")
    assert "nor `local`" in fails("send", coin, "payee", "--as", "payer", "--operator", "nowhere")
    assert "layer2: " in fails("send", coin, "nobody", "--as", "payer")
    assert "neither a file nor a coin" in fails("receive", "absent.file", "--as", "payee")
    assert "never deposited" in fails("receive", "5", "--as", "payee")
    Path("rubbish").write_bytes(b"rubbish")
    assert "86 bytes" in fails("receive", "rubbish", "--as", "payee")
    assert "no exit" in fails("cancel", coin, "--as", "payer")
    assert "nothing to claim" in fails("claim", "--as", "payer")
    assert "no deferred payout of" in fails("withdraw", "--as", "payer")
    assert "is not pending" in fails("withdraw", "--token", nft.address, "--nft", "7", "--as", "payer")
    assert "layer2: " in fails("deposit", "much", "--as", "payer")
    assert "no code" in fails("deposit", "5 units", "--token", "0x" + "11" * 20, "--as", "payer")
    assert "no code" in fails("deposit-nft", "0x" + "11" * 20, "7", "--as", "payer")
    assert "layer2: " in fails("deposit-nft", nft.address, "7", "--as", "attacker")
    assert "not an address" in fails("operator", "--listen", "here")
    assert states(does, "payer") == ["free"]


def test_a_coin_goes_over_http_and_leaves_without(
    nft: Contract, node: AnvilNode, does: Command, fails: Command, tmp_path: Path
) -> None:
    coin = coin_of(does, "deposit", "1 ether", "--as", "payer")
    place = coin_place_of(Workspace(node.url, "operator", tmp_path / "home"))
    with local_coins(place) as operator, serving_coins(operator, "127.0.0.1:0", place) as url:
        there = ("--operator", url)
        operator.step()
        does("send", coin, "payee", "--as", "payer")
        assert "double spend" in fails("send", coin, "attacker", "--as", "payer", *there)
        does("send", coin, "payee", "--as", "payer", *there)
        operator.step()
        # Whose own operator runs asks it by its URL, and can read its files all the same.
        assert states(does, "payer") == []
        assert "yours" in does("receive", coin, "--as", "payee", *there)
        assert states(does, "payer", "--mirror", url) == []
    assert "layer2: " in fails("send", coin, "payer", "--as", "payee", *there)
    assert "is exiting" in does("exit", coin, "--as", "payee", *there)
    does("cancel", coin, "--as", "payee")
    assert states(does, "payee", *there) == ["free"]


def test_an_exit_of_what_was_passed_on_is_stopped_by_the_guard(
    nft: Contract, does: Command, fails: Command, tmp_path: Path
) -> None:
    coin = coin_of(does, "deposit", "1 ether", "--as", "payer")
    does("send", coin, "payee", "--as", "payer")
    does("operator", "--once")
    does("receive", coin, "--as", "payee")
    assert "belongs to" in fails("exit", coin, "--as", "payer")
    # Another wallet of the payer, which has forgotten what it signed, and asks no operator.
    elsewhere = ("--as", "payer", "--home", str(tmp_path / "elsewhere"))
    assert "1 of 1 blocks were not verified" in fails("exit", coin, *elsewhere)
    assert "is exiting" in does("exit", coin, "--incomplete", *elsewhere)
    assert "is exiting" in fails("send", coin, "attacker", "--as", "payee")
    assert "challengeAfter" in does("guard", "--once", "--as", "payee")
    assert "nothing to do" in does("guard", "--once", "--as", "payee")
    assert does("status", "--json")["exits"] == 0
    does("send", coin, "attacker", "--as", "payee")


def test_a_watcher_stops_it_for_an_owner_who_sleeps(nft: Contract, does: Command, tmp_path: Path) -> None:
    coin = coin_of(does, "deposit", "1 ether", "--as", "payer")
    does("send", coin, "payee", "--as", "payer")
    does("operator", "--once")
    does("exit", coin, "--incomplete", "--as", "payer", "--home", str(tmp_path / "elsewhere"))
    looked = does("challenge", "--only-look", "--as", "attacker", "--json")
    assert ([one["kind"] for one in looked["findings"]], looked["acts"]) == (["EXIT_SPENT"], [])
    assert (looked["blocks"], looked["known"]) == (1, 1)
    assert "challengeAfter" in does("watcher", "--once", "--as", "watchtower")
    assert does("status", "--json")["exits"] == 0


def test_a_coin_that_is_signed_over_leaves_only_if_it_is_meant(nft: Contract, does: Command, fails: Command) -> None:
    coin = coin_of(does, "deposit", "1 ether", "--as", "payer")
    does("send", coin, "payee", "--as", "payer")
    assert "signed over until" in fails("exit", coin, "--as", "payer")
    does("exit", coin, "--as", "payer", "--though-signed")
    # The operator has let go of the transfer, since the coin leaves; taken back, it can be sent again.
    assert "nothing to do" in does("operator", "--once")
    does("cancel", coin, "--as", "payer")
    does("send", coin, "payee", "--as", "payer")
    assert "block 1" in does("operator", "--once")


def test_all_nodes_run_in_one(nft: Contract, does: Command, capsys: pytest.CaptureFixture[str]) -> None:
    coin = coin_of(does, "deposit", "1 ether", "--as", "payer")
    does("send", coin, "payee", "--as", "payer")
    for words in (("deploy",), ("run", "--once", "--only-look")):
        with pytest.raises(SystemExit) as ended:
            main(("plasma", *words))
        assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "coins       block 1: 1 transfer," in said
    assert "ALARM" not in said


def test_a_token_amount_is_a_coin(nft: Contract, node: AnvilNode, does: Command) -> None:
    payer = Sender(node.connection, node.connection.signers(2)[1])
    token = deploy_mock("MockToken", "Dollar", "USD", 0, sender=payer)
    token.transact(payer, "mint", payer.address, 500)
    made = does("deposit", "300 USD", "--token", token.address, "--as", "payer", "--json")
    assert (made["holds"], made["kind"], made["value"]) == ("300 USD", "erc20", "300")
