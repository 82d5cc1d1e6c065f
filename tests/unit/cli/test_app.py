"""The command line reports errors as one line on stderr with exit code 2, and never with a traceback."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import pytest

from layer2.cli import main
from layer2.cli.app import one_line
from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.sender import Sender
from layer2.testing import deploy_mock


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(words)
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert all(name in out for name in ("bench", "channels", "demo", "deploy", "devnet", "doctor"))


def test_help_loads_no_chain_library() -> None:
    script = "import sys; from layer2.cli.app import _run; _run(['--help']); sys.exit('web3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("nonsense",), "has no command"),
        (("channels", "nonsense"), "has no command"),
        (("channels", "pay"), "Missing argument"),
        (("demo", "--payments", "10"), "10 is not in the range"),
        (("channels", "show", "--network", "http://127.0.0.1:1"), "no node answers"),
        (("channels", "open", "payee", "--deposit", "1 ether", "--network", "/nonexistent.ipc"), "nonexistent"),
    ],
)
def test_an_error_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], reason: str
) -> None:
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert err.startswith("layer2: ")
    assert err.count("\n") == 1
    assert reason in err


def test_a_taken_port_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = run(capsys, "devnet", "--port", str(port))
    assert code == 2
    assert f"port {port} cannot be used" in err


def test_one_line_keeps_the_words() -> None:
    assert one_line("a\n  b\tc ") == "a b c"


def test_two_parties_pay_and_close_through_pipes(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAYER2_HOME", str(tmp_path / "home"))
    with AnvilNode() as node:
        monkeypatch.setenv("LAYER2_NETWORK", node.url)
        assert run(capsys, "deploy")[0] == 0
        _, out, _ = run(capsys, "channels", "open", "payee", "--deposit", "2 ether", "--as", "payer", "--json")
        channel = json.loads(out)["id"]
        voucher = run(capsys, "channels", "pay", channel, "0.5 ether", "--as", "payer")[1]
        code, out, _ = run(capsys, "channels", "verify", voucher, "--as", "payee", "--json")
        assert code == 0
        assert json.loads(out)["balance"] == str(10**18 // 2)

        # The same line again pays nothing, a changed one is refused and changes nothing.
        assert json.loads(run(capsys, "channels", "verify", voucher, "--as", "payee", "--json")[1])["gained"] == "0"
        forged = json.dumps({**json.loads(voucher), "amount": str(10**18)})
        assert run(capsys, "channels", "verify", forged, "--as", "payee")[0] == 2
        shown = json.loads(run(capsys, "channels", "show", channel, "--as", "payee", "--json")[1])
        assert shown[0]["balance"] == str(10**18 // 2)

        terms = run(capsys, "channels", "close", channel, "--as", "payee")[1]
        before = node.connection.balance(node.connection.signers(3)[2].address)
        code, out, _ = run(capsys, "channels", "close", terms, "--as", "payer", "--json")
        assert code == 0
        assert json.loads(out)["phase"] == "closed"
        assert node.connection.balance(node.connection.signers(3)[2].address) - before == 10**18 // 2


def test_a_simplex_channel_is_claimed_and_left(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAYER2_HOME", str(tmp_path / "home"))
    with AnvilNode() as node:
        monkeypatch.setenv("LAYER2_NETWORK", node.url)
        run(capsys, "deploy")
        payer, payee = (one.address for one in node.connection.signers(3)[1:])
        terms = ("--deposit", "2 ether", "--dispute", "1 hour", "--simplex", "--as", "payer")
        assert run(capsys, "channels", "open", "payee", *terms)[0] == 0
        assert "nothing to claim" in run(capsys, "channels", "claim", "--as", "payee")[2]
        voucher = run(capsys, "channels", "pay", "last", "0.01 ether", "--times", "50", "--as", "payer")[1]
        run(capsys, "channels", "verify", voucher, "--as", "payee")

        before = node.connection.balance(payee)
        code, out, _ = run(capsys, "channels", "claim", "--as", "payee", "--json")
        assert (code, json.loads(out)["channels"]) == (0, 1)
        assert before < node.connection.balance(payee) < before + 10**18 // 2  # less the gas of the claim

        assert run(capsys, "channels", "exit", "last", "--as", "payer")[0] == 0
        code, _, err = run(capsys, "channels", "exit", "last", "--as", "payer")
        assert (code, err.count("\n")) == (2, 1)
        node.connection.advance(3601)
        before = node.connection.balance(payer)
        assert run(capsys, "channels", "exit", "last", "--as", "payer")[0] == 0
        assert before + 10**18 < node.connection.balance(payer) < before + 3 * 10**18 // 2


def test_a_stale_proof_is_answered_by_watch(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAYER2_HOME", str(tmp_path / "home"))
    with AnvilNode() as node:
        monkeypatch.setenv("LAYER2_NETWORK", node.url)
        run(capsys, "deploy")
        run(capsys, "channels", "open", "payee", "--deposit", "2 ether", "--dispute", "1 hour", "--as", "payer")
        old = run(capsys, "channels", "pay", "last", "0.1 ether", "--as", "payer")[1]
        newest = run(capsys, "channels", "pay", "last", "0.9 ether", "--as", "payer")[1]
        run(capsys, "channels", "verify", newest, "--as", "payee")
        assert run(capsys, "channels", "dispute", "last", "--with", old, "--as", "payer")[0] == 0

        code, _, err = run(capsys, "channels", "settle", "last", "--as", "payer")
        assert (code, err.count("\n")) == (2, 1)
        assert "post done" in run(capsys, "channels", "watch", "--once", "--as", "payee")[1]
        assert "nothing to do" in run(capsys, "channels", "watch", "--once", "--as", "payee")[1]
        node.connection.advance(3601)
        payee = node.connection.signers(3)[2].address
        before = node.connection.balance(payee)
        assert run(capsys, "channels", "settle", "last", "--as", "payer")[0] == 0
        assert node.connection.balance(payee) - before == 10**18


def test_a_token_channel_speaks_in_token_units(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAYER2_HOME", str(tmp_path / "home"))
    with AnvilNode() as node:
        monkeypatch.setenv("LAYER2_NETWORK", node.url)
        assert run(capsys, "deploy")[0] == 0
        operator, payer, payee = node.connection.signers(3)
        token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=Sender(node.connection, operator))
        token.transact(Sender(node.connection, operator), "mint", payer.address, 90_000_000)
        terms = ("--deposit", "50 USD", "--token", token.address, "--as", "payer", "--json")
        code, out, _ = run(capsys, "channels", "open", "payee", *terms)
        assert code == 0
        channel = json.loads(out)["id"]
        code, _, err = run(capsys, "channels", "pay", channel, "5 ether", "--as", "payer")
        assert (code, err.count("\n")) == (2, 1)
        assert "USD" in err
        voucher = run(capsys, "channels", "pay", channel, "12.5 USD", "--as", "payer")[1]
        out = run(capsys, "channels", "verify", voucher, "--as", "payee")[1]
        assert "12.5 USD" in out
        terms_line = run(capsys, "channels", "close", channel, "--as", "payee")[1]
        assert run(capsys, "channels", "close", terms_line, "--as", "payer")[0] == 0
        assert token.call("balanceOf", payee.address) == 12_500_000
        assert token.call("balanceOf", payer.address) == 77_500_000
