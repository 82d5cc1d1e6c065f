"""The demonstration checks itself: it ends with exit code 0 only if every balance is exact to the wei."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from layer2.cli import main
from layer2.ethereum.connection import Connection
from layer2.ethereum.devnet import AnvilNode
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2_demo.audit import Audit
from layer2_demo.plasma_stage import PlasmaStage
from layer2_demo.play import run_demo
from layer2_demo.rollup_stage import RollupStage
from layer2_demo.stage import DemoFailed


def quiet() -> Console:
    return Console(record=True, width=110, file=io.StringIO())


@pytest.mark.slow
def test_the_channels_chapter_passes_in_process(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--payments", "1000", "--chapter", "channels"])
    out = capsys.readouterr().out
    assert ended.value.code == 0
    assert "Every balance is exact to the wei." in out
    assert "off by" not in out


@pytest.mark.slow
def test_the_rollup_chapter_passes_in_process() -> None:
    prevalidate = quiet()
    run_demo(new_chain(), accounts=60, transfers=400, chapters=["rollup"], out=prevalidate)
    told = prevalidate.export_text()
    assert "Every balance is exact to the wei. 400 transfers between 61 accounts." in told
    assert "proven wrong in one transaction" in told
    assert "Hubble" in told
    assert "Channels" not in told


@pytest.mark.slow
@pytest.mark.anvil
def test_the_whole_demo_passes_on_a_real_node() -> None:
    prevalidate = quiet()
    with AnvilNode() as node:
        run_demo(node.connection, payments=1_000, users=10, doublings=3, out=prevalidate)
    told = prevalidate.export_text()
    assert told.count("Every balance is exact to the wei.") == 3
    assert "10,000 transfers between 1,001 accounts" in told
    assert "off by" not in told


@pytest.mark.slow
def test_the_plasma_chapter_passes_in_process() -> None:
    prevalidate = quiet()
    run_demo(new_chain(), users=6, doublings=2, chapters=["plasma"], out=prevalidate)
    told = prevalidate.export_text()
    assert "Every balance is exact to the wei. 28 payments between 6 users, and all of them left." in told
    assert "8 owners left with all they had" in told
    assert "stopped by the watcher" in told
    assert "an honest payment in flight, in no block, paid to its payee" in told
    assert "plasma-mvp" in told
    assert "off by" not in told


@pytest.mark.slow
@pytest.mark.anvil
def test_the_plasma_chapter_passes_on_a_real_node() -> None:
    prevalidate = quiet()
    with AnvilNode() as node:
        run_demo(node.connection, users=4, doublings=1, chapters=["plasma"], out=prevalidate)
    assert "Every balance is exact to the wei." in prevalidate.export_text()


@pytest.mark.slow
def test_a_payment_that_the_books_do_not_have_stops_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = PlasmaStage.move

    def greedy(self: PlasmaStage, giver: Any, taker: Any, amount: int) -> None:
        honest(self, giver, taker, amount + (taker == self.users[3].address))

    monkeypatch.setattr(PlasmaStage, "move", greedy)
    with pytest.raises(DemoFailed, match="the balances of the operator"):
        run_demo(new_chain(), users=4, doublings=1, chapters=["plasma"], out=quiet())


@pytest.mark.slow
def test_a_user_who_should_have_a_wei_more_fails_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Audit.expect

    def greedy(self: Audit, name: str, amount: int) -> None:
        honest(self, name, amount + (name == "user 2"))

    monkeypatch.setattr(Audit, "expect", greedy)
    prevalidate = quiet()
    with pytest.raises(DemoFailed, match="the balance of user 2"):
        run_demo(new_chain(), users=4, doublings=1, chapters=["plasma"], out=prevalidate)
    assert "off by" in prevalidate.export_text()


@pytest.mark.slow
def test_a_transfer_that_the_books_do_not_have_stops_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = RollupStage.move

    def greedy(self: RollupStage, sender: int, to: int, amount: int) -> None:
        honest(self, sender, to, amount + (to == 5))

    monkeypatch.setattr(RollupStage, "move", greedy)
    with pytest.raises(DemoFailed, match="the balances of the sequencer"):
        run_demo(new_chain(), accounts=8, transfers=16, chapters=["rollup"], out=quiet())


@pytest.mark.slow
def test_a_bond_that_is_not_lost_fails_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    # Had nothing of it been burned, the rollup would hold only what its accounts have.
    monkeypatch.setattr("layer2_demo.rollup_stage._BURNT_PART", 10**30)
    prevalidate = quiet()
    with pytest.raises(DemoFailed, match="the balance of the rollup"):
        run_demo(new_chain(), accounts=8, transfers=16, chapters=["rollup"], out=prevalidate)
    assert "off by" in prevalidate.export_text()


@pytest.mark.slow
def test_a_single_wei_too_much_fails_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Audit.expect

    def greedy(self: Audit, name: str, amount: int) -> None:
        honest(self, name, amount + (name == "payee"))

    monkeypatch.setattr(Audit, "expect", greedy)
    prevalidate = quiet()
    with pytest.raises(DemoFailed, match="the balance of payee"):
        run_demo(new_chain(), payments=1_000, chapters=["channels"], out=prevalidate)
    assert "off by" in prevalidate.export_text()


def test_the_audit_counts_value_and_gas_of_each_sender() -> None:
    connection: Connection = new_chain(3)
    payer, payee, stranger = connection.signers(3)
    audit = Audit(connection, {"payer": payer.address, "payee": payee.address, "stranger": stranger.address})
    from layer2.ethereum.sender import Sender

    Sender(connection, payer).send(payee.address, value=5)
    assert [one.exact for one in audit.balances()] == [True, False, True]
    audit.expect("payee", 5)
    assert all(one.exact for one in audit.balances())
    (sent,) = audit.spent(audit.start)
    assert (sent.sender, sent.value, sent.gas_used) == (payer.address, 5, 21_000)
