"""`layer2 channels open` that is refused leaves nothing, and `last` means a channel with money in it."""

from __future__ import annotations

import pytest
from tests.unit.cli.conftest import ETHER, Command

from layer2.cli import main
from layer2.ethereum.anvil import AnvilNode

COMMAND = "channels"


@pytest.fixture
def deployed(node: AnvilNode, capsys: pytest.CaptureFixture[str]) -> AnvilNode:
    with pytest.raises(SystemExit):
        main(["deploy"])
    capsys.readouterr()
    return node


def test_last_is_the_newest_that_is_open(deployed: AnvilNode, does: Command, fails: Command) -> None:
    me = ("--as", "challenger")
    one = does("open", "payee", "--deposit", "2 ether", "--dispute", "1 hour", *me, "--json")
    assert "layer2: " in fails("open", "payee", "--deposit", "9000000 ether", *me)
    assert [row["id"] for row in does("show", *me, "--json")] == [one["id"]]
    does("pay", "last", "0.5 ether", *me)
    assert does("show", one["id"], *me, "--json")[0]["sent"] == str(ETHER // 2)
    # One that is closed is not meant either.
    two = does("open", "payee", "--deposit", "1 ether", "--dispute", "1 hour", *me, "--json")
    does("dispute", "last", *me)
    assert does("show", two["id"], *me, "--json")[0]["phase"] == "disputed"
    deployed.connection.advance(3601)
    assert "settled" in does("settle", "last", *me)
    assert does("show", "last", *me, "--json")[0]["id"] == one["id"]


def test_a_window_of_a_second_is_warned_of(
    deployed: AnvilNode, does: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["channels", "open", "payee", "--deposit", "1 ether", "--dispute", "1 second", "--as", "payer"])
    assert ended.value.code == 0
    assert "warning: challenge window of 1 s: nobody can be sure to answer in it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("open", "payee", "--deposit", "1"), '"1 ether" or "1 wei"'),
        (("open", "payee", "--deposit", "1 ether", "--dispute", "60"), '"60 seconds" or "60 hours"'),
        (("open", "payee", "--deposit", "1 ether", "--open-for", "1"), '"1 seconds" or "1 hours"'),
        (("watch", "--once", "--interval", "5"), '"5 seconds" or "5 hours"'),
    ],
)
def test_a_bare_number_is_asked_for_its_unit(
    deployed: AnvilNode, fails: Command, words: tuple[str, ...], told: str
) -> None:
    assert told in fails(*words, "--as", "payer")
