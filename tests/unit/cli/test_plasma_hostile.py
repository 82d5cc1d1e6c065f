"""`layer2 plasma operator --hostile`: whatever it does, its users get out with all they had."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import pytest
from tests.unit.cli.conftest import ETHER, Command, balance

from layer2.cli.common.workspace import Workspace
from layer2.cli.plasma.deployment import place_of
from layer2.cli.plasma.hostile_operator import KINDS, HostileNode
from layer2.cli.plasma.operator_client import local_operator, serving
from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection
from layer2.primitives.errors import InputError

ALARMS = {
    "mint": {"BLOCK_INVALID", "VAULT_SHORT", "EXIT_UNKNOWN"},
    "withhold": {"BLOCK_WITHHELD", "VAULT_SHORT", "EXIT_UNKNOWN"},
    "late-reveal": {"BLOCK_WITHHELD", "VAULT_SHORT", "EXIT_UNKNOWN"},
    "reorder": {"BLOCK_INVALID", "VAULT_SHORT", "EXIT_UNKNOWN"},
    "fee-theft": {"BLOCK_INVALID", "FEE_TOO_HIGH", "VAULT_SHORT", "EXIT_UNKNOWN"},
    "censor": set(),
}
QUARTER = ETHER // 4


@pytest.mark.parametrize("kind", KINDS)
def test_every_user_gets_out_of_a_hostile_operator(
    paid_in: AnvilNode, does: Command, fails: Command, kind: str
) -> None:
    does("send", "payee", "0.5 ether", "--as", "payer")
    does("operator", "--once")
    # Accepted, and in no block yet: it may never be, or in one that nobody can believe.
    does("send", "payee", "0.25 ether", "--as", "payer")
    said = does("operator", "--hostile", kind, "--once")
    assert ("fraud" in said) is (kind != "censor")
    found = does("challenge", "--only-look", "--patience", "0 seconds", "--as", "watchtower", "--json")
    assert ALARMS[kind] <= {one["kind"] for one in found["findings"]}
    assert found["healthy"] is (kind == "censor")

    before = {who: balance_of(paid_in, who) for who in ("payer", "payee", "attacker")}
    # The payment leaves as a whole: the payer starts that, the payee joins.
    for who in ("payer", "payee"):
        does("exit", "all", "--distrust", "2", "--as", who)
    does("wait", "31 minutes")
    if kind == "late-reveal":
        assert "its data is revealed, late" in does("operator", "--hostile", kind, "--once")
        found = does("challenge", "--as", "watchtower", "--json")
        assert "BLOCK_INVALID" in {one["kind"] for one in found["findings"]}
    does("wait", "3 hours")
    # The thief is first, and in vain.
    assert "nothing to claim" in fails("claim", "--as", "attacker")
    does("claim", "--as", "payer")
    does("claim", "--as", "payee")
    assert "nothing to claim" in fails("claim", "--as", "attacker")
    due = {"payer": 2 * ETHER - 3 * QUARTER, "payee": 3 * QUARTER, "attacker": 0}
    for who, amount in due.items():
        gained = balance_of(paid_in, who) - before[who]
        # But for gas, and for bounties that go to whom claims.
        assert abs(amount - gained) < ETHER // 100, f"{who} has {gained} of {amount}"


def balance_of(node: AnvilNode, who: str) -> int:
    names = ("operator", "payer", "payee", "challenger", "attacker")
    return node.connection.balance(node.connection.signers(5)[names.index(who)].address)


def test_over_http_the_fraud_is_shown_or_not_as_it_says(paid_in: AnvilNode, does: Command, tmp_path: Path) -> None:
    does("send", "payee", "0.5 ether", "--as", "payer")
    does("operator", "--once")
    place = place_of(Workspace(paid_in.url, "operator", tmp_path / "home"))
    for number, kind in enumerate(("withhold", "mint"), start=2):
        with local_operator(place) as inner:
            node = HostileNode(kind, place, inner)
            with serving(inner, "127.0.0.1:0", place, node.body_path) as url:
                assert len(node.step()) == 1
                assert node.step() == []
                assert status(f"{url}/v1/blocks/1/body") == 200
                assert status(f"{url}/v1/blocks/{number}/body") == (200 if kind == "mint" else 404)


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as failure:
        return failure.code


def test_nobody_is_robbed_for_practice_on_a_real_chain(
    paid_in: AnvilNode, does: Command, fails: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = place_of(Workspace(paid_in.url, "operator", tmp_path / "home"))
    with local_operator(place) as inner, monkeypatch.context() as patch:
        patch.setattr(Connection, "is_dev", False)
        with pytest.raises(InputError, match="not a development chain"):
            HostileNode("mint", place, inner)
    assert "--hostile" in fails("operator", "--hostile", "kindness", "--once")
    assert balance(does, "payer") == 2 * ETHER
