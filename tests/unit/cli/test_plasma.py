"""Plasma on the command line: every verb does what it says, and wrong input is one line that changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.cli.conftest import ETHER, Command, balance

from layer2.cli.common.workspace import Workspace
from layer2.cli.plasma.deployment import place_of
from layer2.cli.plasma.operator_client import local_operator, serving
from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.sender import Sender
from layer2.plasma.protocol.positions import deposit_of
from layer2.plasma.protocol.transaction import deposit_output_id
from layer2.testing import deploy_mock


def workspace_of(node: AnvilNode, who: str, home: Path) -> Workspace:
    return Workspace(node.url, who, home)


def test_money_is_paid_in_sent_and_there_with_the_next_block(paid_in: AnvilNode, does: Command, fails: Command) -> None:
    sent = does("send", "payee", "0.3 ether", "--as", "payer", "--json")
    assert sent["outputs"][0]["amount"] == str(3 * ETHER // 10)
    assert (balance(does, "payer"), balance(does, "payee")) == (0, 0)
    assert "block 1: 1 transaction," in does("operator", "--once")
    assert (balance(does, "payer"), balance(does, "payee")) == (17 * ETHER // 10, 3 * ETHER // 10)
    assert "nothing to do" in does("operator", "--once")
    assert [row["what"] for row in does("history", "--as", "payer", "--json")][:2] == ["deposit", "send"]
    status = does("status", "--json")
    assert (status["blocks"], status["transactions"], status["held"]) == (1, 1, str(2 * ETHER))


def test_what_cannot_be_paid_is_one_line_and_signs_nothing(paid_in: AnvilNode, does: Command, fails: Command) -> None:
    assert "layer2: " in fails("send", "payee", "3 ether", "--as", "payer")
    assert "nor `local`" in fails("send", "payee", "1 wei", "--as", "payer", "--operator", "nowhere")
    assert "32 bytes" in fails("send", "payee", "1 wei", "--as", "payer", "--memo", "0x00")
    assert "two are needed" in fails("merge", "--as", "payer")
    assert "already deployed" in fails("deploy")
    assert "no output" in fails("exit", "0x1", "--as", "payer")
    assert "nothing to exit" in fails("exit", "all", "--as", "payee")
    assert "nothing to claim" in fails("claim", "--as", "payer")
    assert "no deferred payout of token 0" in fails("withdraw", "--as", "payer")
    assert balance(does, "payer") == 2 * ETHER
    assert does("history", "--as", "payer", "--json")[1:] == []


def test_small_outputs_are_merged(paid_in: AnvilNode, does: Command) -> None:
    does("deposit", "1 ether", "--as", "payer")
    assert does("merge", "--as", "payer", "--json")["inputs"] == 2
    does("operator", "--once")
    (one,) = does("utxos", "--as", "payer", "--json")
    assert (one["amount"], one["state"]) == (str(3 * ETHER), "free")


def test_an_exit_needs_no_operator_and_is_claimed(
    paid_in: AnvilNode, does: Command, fails: Command, tmp_path: Path
) -> None:
    does("send", "payee", "0.5 ether", "--as", "payer")
    does("operator", "--once")
    does("kit", "export", "kit.json", "--as", "payee")
    # The operator and its folder are gone, and so is the wallet's memory: the chain and the kit are enough.
    elsewhere = ("--home", str(tmp_path / "elsewhere"), "--as", "payee")
    assert "1 output and 0 payments" in does("kit", "check", "kit.json", *elsewhere)
    assert "lacks 1 of 1 blocks" in fails("exit", "all", *elsewhere)
    assert "nothing to exit" in fails("exit", "all", "--incomplete", *elsewhere)
    assert "1 exit" in does("kit", "exit", "kit.json", *elsewhere)
    assert "nothing to claim now, 1 exit" in fails("claim", *elsewhere)
    does("wait", "121 minutes")
    (paid,) = does("claim", "--json", *elsewhere)["paid"]
    assert paid["amount"] == str(ETHER // 2)
    assert does("utxos", "--json", "--incomplete", *elsewhere) == []


def test_a_kit_that_was_changed_is_refused(paid_in: AnvilNode, does: Command, fails: Command, tmp_path: Path) -> None:
    does("send", "payee", "0.5 ether", "--as", "payer")
    does("operator", "--once")
    does("kit", "export", "kit.json", "--as", "payee")
    text = (tmp_path / "kit.json").read_text()
    (tmp_path / "kit.json").write_text(text.replace('"chainId": 31337', '"chainId": 1'))
    assert "layer2: " in fails("kit", "check", "kit.json")
    assert "No such file" in fails("kit", "check", "absent.json")
    assert "layer2: " in fails("kit", "exit", "kit.json", "--as", "payee")


def test_the_watcher_stops_an_exit_of_what_was_spent(paid_in: AnvilNode, does: Command, tmp_path: Path) -> None:
    workspace = workspace_of(paid_in, "payer", tmp_path / "home")
    (deposit,) = does("utxos", "--as", "payer", "--json")
    does("send", "payee", "2 ether", "--as", "payer")
    does("operator", "--once")
    # The payer takes out what she has paid with, which her own wallet would not plan.
    assert "1 exit" in does("exit", deposit["position"], "--as", "payer")
    looked = does("challenge", "--only-look", "--as", "watchtower", "--json")
    assert ([one["kind"] for one in looked["findings"]], looked["acts"]) == (["EXIT_SPENT"], [])
    assert "challengeExit" in does("watcher", "--once", "--as", "attacker")
    root = place_of(workspace).root
    assert root.exit(_id_of(deposit["position"])).status.name == "CHALLENGED"


def _id_of(position: str) -> bytes:
    return deposit_output_id(deposit_of(int(position, 16)))


def test_payments_go_over_http_and_exits_do_without(
    paid_in: AnvilNode, does: Command, fails: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = place_of(workspace_of(paid_in, "operator", tmp_path / "home"))
    with local_operator(place) as operator, serving(operator, "127.0.0.1:0", place) as url:
        there = ("--operator", url)
        # Where it listens is found without being told.
        does("send", "payee", "1 ether", "--as", "payer")
        assert operator.waiting == 1
        operator.step()
        assert balance(does, "payee", *there) == ETHER
        assert does("challenge", "--only-look", "--as", "watchtower", "--json", *there)["verified"] == 1
        assert balance(does, "payee") == balance(does, "attacker") + ETHER == ETHER
    with local_operator(place):
        # One that runs and does not serve is not gone past.
        assert "is running" in fails("send", "payee", "1 ether", "--as", "payer")
    assert "layer2: " in fails("send", "payee", "1 ether", "--as", "payer", *there)
    assert "1 exit" in does("exit", "all", "--as", "payee", *there)


def test_tokens_are_swapped_by_three_lines_of_text(paid_in: AnvilNode, does: Command, fails: Command) -> None:
    payee = paid_in.connection.signers(3)[2]
    token = deploy_mock("MockToken", "Dollar", "USD", 0, sender=Sender(paid_in.connection, payee))
    token.transact(Sender(paid_in.connection, payee), "mint", payee.address, 500)
    assert does("register-token", token.address, "--json")["token"] == 1
    does("deposit", "500 units", "--token", "1", "--as", "payee")
    offer = does("swap-offer", "payee", "1 ether", "300 units", "--want-token", "1", "--as", "payer").strip()
    assert "layer2: " in fails("swap-accept", offer, "--as", "attacker")
    half = does("swap-accept", offer, "--as", "payee").strip()
    whole = does("swap-complete", offer, half, "--as", "payer").strip()
    does("swap-note", whole, "--as", "payee")
    does("operator", "--once")
    assert (balance(does, "payer", "--token", "1"), balance(does, "payee")) == (300, ETHER)
    assert "not JSON" in fails("swap-note", "{", "--as", "payee")


def test_an_operator_and_a_watcher_run_in_one(paid_in: AnvilNode, does: Command) -> None:
    does("send", "payee", "1 ether", "--as", "payer")
    said = does("run", "--once", "--only-look")
    assert "block 1" in said
    assert "ALARM" not in said
