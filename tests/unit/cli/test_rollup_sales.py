"""A withdrawal is sold on the command line before it is final: checked, signed over, and brought by its buyer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from layer2.ethereum.anvil import AnvilNode

ETHER = 10**18
COMMAND = "rollup"
Command = Callable[..., Any]


@pytest.fixture
def place(paid_in: AnvilNode, does: Command) -> str:
    """A withdrawal of half an ether, the payer's, under an open assertion."""
    does("sequencer", "--once")
    does("withdraw", "0.5 ether", "--as", "payer")
    does("run", "--once")
    (waiting,) = does("withdrawals", "--as", "payer", "--json")
    assert waiting["standing"] == "waiting"
    return str(waiting["place"])


def test_a_withdrawal_is_checked_signed_over_and_brought_by_its_buyer(
    place: str, paid_in: AnvilNode, does: Command, fails: Command
) -> None:
    payer, payee = (paid_in.connection.signers(3)[at].address for at in (1, 2))
    checked = does("safe-to-buy", place, "--as", "payee", "--json")
    assert checked == {
        "amount": str(ETHER // 2), "owner": payer, "place": place, "safe": True, "standing": "waiting", "token": 0
    }  # fmt: skip
    before = paid_in.connection.balance(payer)
    offer = does("sign-claim", place, "payee", "--as", "payer")
    assert paid_in.connection.balance(payer) == before
    # A thief changes what it says, or hands in another one's: nothing is sent.
    record = json.loads(offer)
    attacker = paid_in.connection.signers(5)[4].address
    assert "InvalidProof" in fails("take-claim", json.dumps({**record, "to": attacker}), "--as", "attacker")
    assert "does not match" in fails("take-claim", json.dumps({**record, "amount": str(ETHER)}), "--as", "payee")
    assert "to rollup" in fails("take-claim", json.dumps({**record, "rollup": attacker}), "--as", "payee")
    Path("offer.json").write_text(offer)
    assert f"belongs to {payee}" in does("take-claim", "@offer.json", "--as", "payee")
    assert does("safe-to-buy", place, "--as", "attacker", "--json")["owner"] == payee
    assert "UnauthorizedCaller" in fails("take-claim", "@offer.json", "--as", "payee")
    assert "only its target" in fails("sign-claim", place, "attacker", "--as", "payee")
    assert "not one of yours" in fails("sign-claim", place, "payee", "--as", "payer")
    does("wait", "61 minutes")
    does("proposer", "--once")
    assert "paid: 0.5 ether" in does("claim", "--as", "payee")
    assert "paid already" in fails("safe-to-buy", place, "--as", "attacker")


def test_an_offer_that_the_seller_could_escape_with_is_not_taken(
    place: str, paid_in: AnvilNode, does: Command, fails: Command
) -> None:
    """As long as everything is final in time it is; what waits for long makes it unsafe, and nothing is sent."""
    offer = does("sign-claim", place, "payee", "--valid-for", "2 days", "--as", "payer").strip()
    assert "would escape" in fails("safe-to-buy", place, "--margin", "2 days", "--as", "payee")
    does("wait", "3 hours")
    block = paid_in.connection.block("latest")
    assert "would escape" in fails("safe-to-buy", place, "--json", "--as", "payee")
    assert "would escape" in fails("take-claim", offer, "--as", "payee")
    after = paid_in.connection.block("latest")
    assert block is not None
    assert after is not None
    assert after.number == block.number
    assert does("take-claim", offer, "--though-unsafe", "--as", "payee", "--json")["amount"] == str(ETHER // 2)


@pytest.mark.parametrize("verb", ["safe-to-buy", "take-claim"])
def test_what_is_no_withdrawal_is_one_line(paid_in: AnvilNode, fails: Command, verb: str) -> None:
    reasons = {
        "safe-to-buy": {"nonsense": "0 assertions fit", "00000000:0": "0 assertions fit", ":0": "0 assertions fit"},
        "take-claim": {
            "nonsense": "not valid JSON",
            "{}": "not an offer",
            "[]": "not an offer",
            "@missing.json": "No such",
        },
    }
    for given, reason in reasons[verb].items():
        assert reason in fails(verb, given, "--as", "payee")
