"""The verbs for when things go wrong: payments that hang, kits, wallets set up anew, money that was not taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.cli.conftest import ETHER, Command, balance

from layer2.cli import main
from layer2.cli.common.workspace import Workspace
from layer2.cli.plasma.deployment import place_of
from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.sender import Sender
from layer2.testing import deploy_mock

NOWHERE = ("--operator", "http://127.0.0.1:9")


def bodies(tmp_path: Path) -> Path:
    (found,) = (tmp_path / "home").glob("*/plasma-operator-*/bodies")
    return found


def states(does: Command, *words: str) -> dict[str, str]:
    return {row["position"]: row["state"] for row in does("utxos", "--json", *words)}


# ------------------------------------------------------------------------------------------- payments that hang


def test_a_payment_in_flight_leaves_by_its_hash_and_its_payee_joins(
    paid_in: AnvilNode, does: Command, fails: Command
) -> None:
    sent = does("send", "payee", "0.5 ether", "--as", "payer", "--json")["payment"]
    assert "may still be included" in fails("retry", sent, "--as", "payer")
    assert "may still be included" in fails("cancel", sent, "--as", "payer")
    # The short form is what `send` prints.
    assert "1 in-flight exit waits" in does("exit", sent[:10], "--as", "payer", *NOWHERE)
    assert "1 in-flight exit waits" in does("piggyback", "--as", "payee")
    assert "no in-flight exit" in fails("piggyback", "--as", "payee")
    assert "no in-flight exit" in fails("piggyback", "--as", "attacker")
    assert "nothing to claim" in fails("claim", "--as", "payer")
    before = paid_in.connection.balance(paid_in.connection.signers(3)[2].address)
    does("wait", "2 hours")
    assert "in-flight exits" in does("claim", "--as", "payer")
    assert paid_in.connection.balance(paid_in.connection.signers(3)[2].address) - before > ETHER // 2
    assert states(does, "--as", "payer") == {}


def test_what_is_no_payment_and_no_output_is_one_line(paid_in: AnvilNode, fails: Command) -> None:
    for verb in ("deliver", "retry", "cancel", "exit"):
        for text in ("0xabcdef12", "zz", "0x" + "9" * 64, "-1", ""):
            assert "layer2: " in fails(verb, "--as", "payer", "--", text)


def test_an_expired_payment_is_signed_again_or_taken_back(paid_in: AnvilNode, does: Command, fails: Command) -> None:
    for amount in ("1 ether", "4 ether"):
        does("deposit", amount, "--as", "payer")
    words = ("--as", "payer", "--json")
    lost = does("send", "payee", "0.5 ether", "--expiry", "1", *words)["payment"]
    gone = does("send", "payee", "1.5 ether", "--expiry", "1", *words)["payment"]
    kept = does("send", "payee", "3 ether", *words)["payment"]
    # The operator has lost its memory, and makes its first block of the third payment alone.
    operator = place_of(Workspace(paid_in.url, "operator", Path("home").absolute())).operator_folder
    for one in operator.glob("*.journal*"):
        one.unlink()
    assert "accepted" in does("deliver", kept, "--as", "payer")
    assert "block 1: 1 transaction," in does("operator", "--once")
    for verb in ("retry", "cancel"):
        assert "included already" in fails(verb, kept, "--as", "payer")
    again = does("retry", lost[:10], *words)["payment"]
    assert again != lost
    assert "was signed to replace it" in fails("retry", lost, "--as", "payer")
    assert "releases" in does("cancel", gone[:10], "--as", "payer")
    does("operator", "--once")
    assert (balance(does, "payee"), balance(does, "payer")) == (7 * ETHER // 2, 7 * ETHER // 2)
    # Included for good: neither is there to be replaced.
    assert "already" in fails("cancel", lost, "--as", "payer")


# ---------------------------------------------------------------------------------------------------------- kits


def test_a_kit_takes_open_payments_along(paid_in: AnvilNode, does: Command, fails: Command, tmp_path: Path) -> None:
    does("send", "payee", "0.5 ether", "--as", "payer")
    does("deposit", "1 ether", "--as", "payer")
    assert "2 outputs and 1 open payment" in does("kit", "export", "kit.json", "--as", "payer")
    elsewhere = ("--home", str(tmp_path / "elsewhere"), "--as", "payer")
    assert "2 outputs and 1 payment" in does("kit", "check", "kit.json", *elsewhere)
    said = does("kit", "exit", "kit.json", *elsewhere)
    # What the payment spends does not leave by itself: whoever has the payment would take its bond.
    assert "1 exit and 1 in-flight exit wait" in said
    assert "nothing to exit" in fails("kit", "exit", "kit.json", *elsewhere)
    assert "1 in-flight exit waits" in does("piggyback", "--as", "payee")
    does("wait", "2 hours")
    assert "1 ether" in does("claim", *elsewhere)
    assert states(does, *elsewhere) == {}
    root = place_of(Workspace(paid_in.url, "payer", tmp_path / "elsewhere")).root
    assert paid_in.connection.balance(root.address) == 0


@pytest.mark.parametrize("text", ["", "{}", "[[[[", "\x00", '{"format": 1}', "[" * 100_000])
def test_what_is_no_kit_is_refused(paid_in: AnvilNode, fails: Command, tmp_path: Path, text: str) -> None:
    (tmp_path / "kit.json").write_text(text)
    assert "layer2: " in fails("kit", "check", "kit.json")
    assert "layer2: " in fails("kit", "exit", "kit.json", "--as", "payer")


# ------------------------------------------------------------------------------------------------- wallets set up anew


def test_a_wallet_set_up_anew_leaves_out_what_may_be_spent_and_recovers_from_bodies(
    paid_in: AnvilNode, does: Command, fails: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    does("deposit", "1 ether", "--as", "payer")
    does("send", "payee", "0.5 ether", "--as", "payer")
    does("operator", "--once")
    elsewhere = ("--home", str(tmp_path / "elsewhere"), "--as", "payer")
    there = (*elsewhere, *NOWHERE)
    assert set(states(does, "--incomplete", *there).values()) == {"doubtful"}
    with pytest.raises(SystemExit):
        main(("plasma", "exit", "all", "--incomplete", *there))
    assert "not exited: 2 outputs" in capsys.readouterr().err
    # Without bodies nothing is settled; with them, from wherever, all is.
    assert "0 of 1 blocks verified" in does("recover", *there)
    folder = ("--operator", str(bodies(tmp_path)))
    found = does("recover", *there, *folder, "--json")
    assert (found["verified"], len(found["spent"]), found["doubtful"]) == (1, 1, [])
    assert set(states(does, *there).values()) == {"free"}
    assert "2 exits" in does("exit", "all", *there)


def test_doubt_is_overruled_by_name_or_by_all(paid_in: AnvilNode, does: Command, tmp_path: Path) -> None:
    does("deposit", "1 ether", "--as", "payer")
    there = ("--home", str(tmp_path / "elsewhere"), "--as", "payer", *NOWHERE)
    first, *_ = states(does, *there)
    told = does("balance", "--json", *there)
    assert (told["balance"], told["inDoubt"]) == ("0", str(3 * ETHER))
    assert "in doubt" in does("balance", *there)
    assert "1 exit" in does("exit", first, *there)
    assert "2 exits" in does("exit", "all", "--doubtful", *there)


# ------------------------------------------------------------------------------------------- what is not known


def unknown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run a command that must not answer: what it says to people, after it has said nothing to programs."""
    with pytest.raises(SystemExit) as ended:
        main(("plasma", *words))
    captured = capsys.readouterr()
    assert (ended.value.code, captured.out) == (2, "")
    return captured.err


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_what_no_operator_tells_is_an_error_and_never_a_number(
    paid_in: AnvilNode, does: Command, capsys: pytest.CaptureFixture[str], form: tuple[str, ...]
) -> None:
    away = ("--as", "payee", *NOWHERE, *form)
    # Before the first block the chain itself says all there is.
    assert "0" in str(does("balance", *away))
    does("send", "payee", "0.5 ether", "--as", "payer")
    does("operator", "--once")
    for verb in (("balance",), ("utxos",), ("exit", "all"), ("kit", "export", "kit.json")):
        assert "lacks 1 of 1 blocks" in unknown(capsys, *verb, *away)
    # Once it was told, it knows, until there is another block.
    assert does("balance", "--as", "payee", "--json")["balance"] == str(ETHER // 2)
    assert "5" in str(does("balance", *away))
    does("send", "payee", "0.25 ether", "--as", "payer")
    does("operator", "--once")
    assert "lacks 1 of 2 blocks" in unknown(capsys, "balance", *away)
    assert does("balance", "--as", "payee", "--json")["balance"] == str(3 * ETHER // 4)


def test_no_dear_exit_is_chosen_of_a_payment_that_is_in_a_block_nobody_told_of(
    paid_in: AnvilNode, does: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    does("send", "payee", "0.5 ether", "--as", "payer")
    does("operator", "--once")
    assert "lacks 1 of 1 blocks" in unknown(capsys, "exit", "all", "--as", "payer", *NOWHERE)
    # Who has been told leaves the cheap way; who insists, by what is known.
    assert "1 exit waits" in does("exit", "all", "--as", "payer")
    does("deposit", "1 ether", "--as", "payee")
    does("send", "payer", "0.5 ether", "--as", "payee")
    does("operator", "--once")
    does("balance", "--as", "payer")
    told = does("exit", "all", "--incomplete", "--as", "payee", "--json", *NOWHERE)
    assert told["complete"] is False


def test_blocks_from_the_first_distrusted_one_on_need_not_be_told(paid_in: AnvilNode, does: Command) -> None:
    does("send", "payee", "0.5 ether", "--as", "payer")
    does("operator", "--once")
    does("balance", "--as", "payee")
    does("send", "attacker", "0.25 ether", "--as", "payer")
    does("operator", "--once")
    assert "1 exit waits" in does("exit", "all", "--distrust", "2", "--as", "payee", *NOWHERE)


# ------------------------------------------------------------------------------------------- without any operator


def test_a_watcher_works_while_no_operator_answers(paid_in: AnvilNode, does: Command, tmp_path: Path) -> None:
    (deposit,) = does("utxos", "--as", "payer", "--json")
    does("send", "payee", "2 ether", "--as", "payer")
    does("operator", "--once")
    does("exit", deposit["position"], "--as", "payer")
    told = does("challenge", "--as", "watchtower", "--json", *NOWHERE, "--operator", "nowhere")
    assert [one["kind"] for one in told["findings"]] == ["SOURCE_FAULTY", "SOURCE_FAULTY"]
    assert (told["verified"], told["acts"]) == (0, [])
    # A copy of the bodies is as good as the operator.
    told = does("challenge", "--as", "watchtower", "--json", *NOWHERE, "--operator", str(bodies(tmp_path)))
    assert (told["verified"], [one["name"] for one in told["acts"]]) == (1, ["challengeExit"])
    assert "nothing to do" in does("watcher", "--once", "--as", "watchtower", *NOWHERE)


# --------------------------------------------------------------------------------------- money that was not taken


def test_what_could_not_be_paid_out_is_fetched(paid_in: AnvilNode, does: Command, fails: Command) -> None:
    payee = paid_in.connection.signers(3)[2]
    sender = Sender(paid_in.connection, payee)
    token = deploy_mock("BlacklistToken", sender=sender)
    token.transact(sender, "mint", payee.address, 500)
    does("register-token", token.address)
    assert "layer2: " in fails("register-token", token.address)
    assert "layer2: " in fails("register-token", payee.address)
    does("deposit", "500 units", "--token", token.address, "--as", "payee")
    does("exit", "all", "--as", "payee")
    token.transact(sender, "setBlacklisted", payee.address, True)
    does("wait", "2 hours")
    assert "could not be paid" in does("claim", "--as", "payee")
    assert "no deferred payout of token 0" in fails("withdraw", "--as", "payee")
    assert "layer2: " in fails("withdraw", "--token", "1", "--to", "nobody", "--as", "payee")
    fetched = does("withdraw", "--token", "1", "--to", "payer", "--as", "payee", "--json")
    assert fetched["amount"] == "500"
    assert token.call("balanceOf", paid_in.connection.signers(2)[1].address) == 500
    assert "no deferred payout of token 1" in fails("withdraw", "--token", "1", "--as", "payee")
