"""`layer2 channels watch`: goes on through what fails, says it, and ends with a code that tells."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from layer2.channels.bindings.errors import HubError
from layer2.channels.contract.hub import HubContract
from layer2.channels.watchtower.watchtower import Watchtower
from layer2.cli import main
from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.errors import ConnectionFailed

pytestmark = pytest.mark.anvil
COMMAND = "channels"
Command = Callable[..., str]


@pytest.fixture
def cheated(node: AnvilNode, does: Command, capsys: pytest.CaptureFixture[str]) -> AnvilNode:
    """The payee holds 1 ether; the payer disputes at 0.1."""
    with pytest.raises(SystemExit):
        main(("deploy",))
    capsys.readouterr()
    does("open", "payee", "--deposit", "2 ether", "--dispute", "1 hour", "--as", "payer")
    old = does("pay", "last", "0.1 ether", "--as", "payer")
    does("verify", does("pay", "last", "0.9 ether", "--as", "payer"), "--as", "payee")
    does("dispute", "last", "--with", old, "--as", "payer")
    return node


def test_it_goes_on_when_the_node_is_away_and_answers_when_it_is_back(
    cheated: AnvilNode, does: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, looks = Watchtower.step, []

    def flaky(tower: Watchtower):
        looks.append(1)
        if len(looks) <= 2:
            raise ConnectionFailed("no answer")
        if len(looks) == 4:
            signal.raise_signal(signal.SIGTERM)
        return step(tower)

    monkeypatch.setattr(Watchtower, "step", flaky)
    out = does("watch", "--interval", "1 second", "--as", "payee")
    assert out.count("not done, retrying") == 1  # told once, tried twice
    assert out.count("post done") == 1
    assert len(looks) == 4


@pytest.mark.parametrize("once", [True, False])
def test_what_could_not_be_done_is_told_by_the_exit_code(
    cheated: AnvilNode, fails: Command, does: Command, monkeypatch: pytest.MonkeyPatch, once: bool
) -> None:
    def refused(*_: object) -> None:
        if not once:
            signal.raise_signal(signal.SIGTERM)
        raise HubError()

    with monkeypatch.context() as patched:
        patched.setattr(HubContract, "send_for", refused)
        words = ("--once",) if once else ("--interval", "1 second")
        assert "undone action" in fails("watch", *words, "--as", "payee")
    assert "post done" in does("watch", "--once", "--as", "payee")
    assert "nothing to do" in does("watch", "--once", "--as", "payee")


def test_money_counts_only_as_deep_as_is_asked_for(node: AnvilNode, does: Command) -> None:
    with pytest.raises(SystemExit):
        main(("deploy",))
    does("open", "payee", "--deposit", "2 ether", "--dispute", "1 hour", "--as", "payer")
    deep = ("show", "last", "--as", "payer", "--json", "--confirmations", "4")
    assert does(*deep)[0]["available"] == "0"
    node.connection.mine(4)
    assert does(*deep)[0]["available"] == str(2 * 10**18)
