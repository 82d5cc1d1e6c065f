"""The rollup on the command line: every verb does what it says, and wrong input is one line that changes nothing."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from layer2.cli import main
from layer2.cli.common.daemons import Daemon, Troubles, run_daemons
from layer2.cli.common.workspace import Workspace
from layer2.cli.rollup.deployment import place_of
from layer2.cli.rollup.health import health_of
from layer2.cli.rollup.sequencer_client import local_sequencer, serving
from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.errors import ConnectionFailed
from layer2.ethereum.sender import Sender
from layer2.rollup.derivation.snapshot import Snapshot
from layer2.rollup.l1.batcher import Data
from layer2.rollup.l1.blob_sources import NodeBlobs
from layer2.rollup.state.commitments import pack_roots
from layer2.store.blob_archive import Archive
from layer2.testing import deploy_mock

ETHER = 10**18
Command = Callable[..., Any]


COMMAND = "rollup"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AnvilNode, Path]]:
    """Account 1 is the payer's with two ether, account 2 the payee's, of its BLS key; set up once: a node's first blob
    takes seconds."""
    folder = tmp_path_factory.mktemp("town")
    with AnvilNode() as node, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LAYER2_HOME", str(folder / "home"))
        patch.setenv("LAYER2_NETWORK", node.url)
        for words in (
            ("deploy",),
            ("deposit", "2 ether", "--as", "payer"),
            ("open", "--as", "payee"),
            ("sequencer", "--once"),
        ):
            with pytest.raises(SystemExit) as ended, contextlib.redirect_stdout(io.StringIO()):
                main(("rollup", *words))
            assert ended.value.code == 0
        yield node, folder


def settle_in(node: AnvilNode, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run here from now on."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("LAYER2_HOME", str(folder / "home"))
    monkeypatch.setenv("LAYER2_NETWORK", node.url)


@pytest.fixture
def paid_in(town: tuple[AnvilNode, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AnvilNode]:
    """The town, with files of this test's own; its chain goes back afterwards."""
    node, folder = town
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    before = node.connection.snapshot()
    settle_in(node, tmp_path, monkeypatch)
    yield node
    node.connection.revert(before)


@pytest.fixture
def standing(town: tuple[AnvilNode, Path], monkeypatch: pytest.MonkeyPatch) -> AnvilNode:
    """The town itself, for tests that change nothing."""
    settle_in(*town, monkeypatch)
    return town[0]


def balance(does: Command, who: str, token: str = "0") -> int:
    return int(does("balance", "--token", token, "--as", who, "--json")["balance"])


# ---------------------------------------------------------------------------------------------------------- paying


def test_money_is_paid_in_sent_and_there_after_the_post(paid_in: AnvilNode, does: Command) -> None:
    sent = does("send", "2", "0.3 ether", "--as", "payer", "--json")
    assert (sent["account"], sent["nonce"], sent["amount"]) == (1, 0, str(3 * ETHER // 10))
    assert balance(does, "payee") == 0
    assert "posted entry 2" in does("sequencer", "--once")
    assert balance(does, "payee") == 3 * ETHER // 10
    does("send", "payer", "0.1 ether", "--as", "payee")  # by the owner's role
    does("sequencer", "--once")
    assert (balance(does, "payer"), balance(does, "payee")) == (18 * ETHER // 10, 2 * ETHER // 10)
    (account,) = does("accounts", "--as", "payee", "--json")
    assert (account["account"], account["key"], account["nonce"]) == (2, "bls", 1)
    assert "account 2 is open" in does("open", "--as", "payee")
    assert "nothing to do" in does("sequencer", "--once")


def test_a_batch_comes_from_arguments_a_file_or_a_pipe(
    paid_in: AnvilNode, does: Command, fails: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert does("batch", "2=0.1 ether", "2=5 units", "--as", "payer", "--json")["count"] == 2
    (tmp_path / "rows.csv").write_text("# to, amount\n2, 0.2 ether\n\n2,7 units\n")
    assert does("batch", "@rows.csv", "--as", "payer", "--json")["count"] == 2
    monkeypatch.setattr("sys.stdin", io.StringIO("2,0.3 ether\n"))
    assert does("batch", "-", "--as", "payer", "--json")["count"] == 1
    assert "1 of 2 payments were accepted" in fails("batch", "2=1 units", "99=1 units", "--as", "payer")
    does("sequencer", "--once")
    assert balance(does, "payee") == 6 * ETHER // 10 + 13


def test_a_withdrawal_is_given_away_and_claimed_by_its_new_owner(
    paid_in: AnvilNode, does: Command, fails: Command
) -> None:
    does("withdraw", "0.5 ether", "--as", "payer")
    does("run", "--once")
    (waiting,) = does("withdrawals", "--as", "payer", "--json")
    assert (waiting["standing"], waiting["amount"]) == ("waiting", str(ETHER // 2))
    assert "1 not final yet" in fails("claim", "--as", "payer")
    assert "not one of yours" in fails("transfer-claim", "00000000:0", "challenger", "--as", "payer")
    does("transfer-claim", waiting["place"], "challenger", "--as", "payer")
    assert does("withdrawals", "--as", "payer", "--json") == []
    does("wait", "61 minutes")
    assert "is final" in does("proposer", "--once")
    assert "nothing to claim" in fails("claim", "--as", "payer")
    challenger = paid_in.connection.signers(4)[3].address
    before = paid_in.connection.balance(challenger)
    does("claim", waiting["place"], "--as", "challenger")
    assert before + 4 * ETHER // 10 < paid_in.connection.balance(challenger) < before + ETHER // 2
    (paid,) = does("withdrawals", "--as", "challenger", "--json")
    assert paid["standing"] == "paid"


def test_history_tells_what_happened(paid_in: AnvilNode, does: Command) -> None:
    assert "no history" in does("history", "--as", "attacker")
    does("send", "2", "0.3 ether", "--as", "payer")
    does("force", "0.1 ether", "2", "--as", "payer")
    does("sequencer", "--once")
    lines = does("history", "--as", "payer", "--json")
    # The queue goes first: what was forced takes the step that the transfer was signed for.
    assert [(one["kind"], one["forced"], one["done"]) for one in lines] == [
        ("deposit", False, True),
        ("sent", True, True),
    ]
    assert [one["kind"] for one in does("history", "--as", "payee", "--json")] == ["opened", "received"]
    assert "received, forced" in does("history", "--as", "payee")


def test_a_proof_is_checked_and_a_forged_one_refused(paid_in: AnvilNode, does: Command, fails: Command) -> None:
    assert "wait for a final assertion" in fails("proof", "1")
    does("node", "--once")
    does("wait", "61 minutes")
    does("node", "--once")
    proof = does("proof", "1").strip()
    checked = does("check-proof", proof, "--json")
    assert (checked["balance"], checked["assertion"]) == (str(2 * ETHER), "final")
    forged = json.dumps({**json.loads(proof), "balance": str(3 * ETHER)})
    assert "does not lead" in fails("check-proof", forged)
    assert "not valid JSON" in fails("check-proof", "nonsense")
    assert "not an account proof" in fails("check-proof", "{}")


def test_tokens_are_paid_in_their_own_units(paid_in: AnvilNode, does: Command, fails: Command) -> None:
    operator, payer = paid_in.connection.signers(2)
    token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=Sender(paid_in.connection, operator))
    token.transact(Sender(paid_in.connection, operator), "mint", payer.address, 90_000_000)
    assert "0 registered tokens fit" in fails("deposit", "50 USD", "--token", "USD", "--as", "payer")
    assert does("register-token", token.address, "--json")["token"] == 1
    does("sequencer", "--once")
    assert "50 USD paid in" in does("deposit", "50 USD", "--token", "USD", "--as", "payer")
    does("open", "--token", token.address, "--as", "payee")
    does("sequencer", "--once")
    to = does("accounts", "--as", "payee", "--json")[-1]["account"]
    assert "USD" in fails("send", str(to), "1 ether", "--token", "1", "--as", "payer")
    assert "12.5 USD" in does("send", str(to), "12.5 USD", "--token", "usd", "--as", "payer")
    does("withdraw", "7.5 USD", "--token", "1", "--as", "payer")
    does("run", "--once")
    does("wait", "61 minutes")
    does("proposer", "--once")
    does("claim", "--as", "payer")
    assert (balance(does, "payer", "1"), balance(does, "payee", "USD")) == (30_000_000, 12_500_000)
    assert token.call("balanceOf", payer.address) == 47_500_000


# ------------------------------------------------------------------------------------------------------- wrong input


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("send", "2", "9 ether"), "account 1 has 2 ether, 9 ether and a fee of 0 ether needed"),
        (("send", "99", "1 ether"), "account 99: unknown"),
        (("send", "attacker", "1 ether"), "has no account"),
        (("send", "2", "much"), "is not an amount"),
        (("send", "2", "-1 ether"), "negative amount"),
        (("send", "2", "0"), "send more than nothing"),
        (("send", "2", "1 ether", "--from", "2"), "account 2 does not belong to"),
        (("send", "2", "1 ether", "--fee", "123 wei"), "not a valid class"),
        (("send", "2", "1 ether", "--token", "7"), "UnknownTokenId"),
        (("send", "2", "1 ether", "--sequencer", "ftp://nowhere"), "neither a URL nor `local`"),
        (("batch", "2"), "TO=AMOUNT needed"),
        (("batch", "@missing.csv"), "No such file"),
        (("withdraw", "9 ether"), "9 ether and a fee"),
        (("withdraw", "1 ether", "--to", "0x12"), "0x12"),
        (("deposit", "1 ether", "--to", "99"), "account 99"),
        (("deposit", "0"), "IncorrectValue"),
        (("claim",), "nothing to claim, 0 not final yet"),
        (("force", "1 ether"), "or neither"),
        (("force", "--as", "attacker"), "no queued item of this account"),
        (("register-token", "0x0000000000000000000000000000000000000001"), "InvalidToken"),
        (("proof", "1"), "account 1"),
        (("deploy",), "already deployed"),
        (("accounts", "--account", "nobody"), "neither a role"),
    ],
)
def test_wrong_input_is_one_line_and_changes_nothing(
    standing: AnvilNode, does: Command, fails: Command, words: tuple[str, ...], reason: str
) -> None:
    before = does("status", "--json")
    words = words if {"--account", "--as"} & set(words) else (*words, "--as", "payer")
    assert reason in fails(*words)
    assert does("status", "--json") == before


def test_a_rollup_that_works_is_not_escaped_from(paid_in: AnvilNode, does: Command, fails: Command) -> None:
    assert "freeze the rollup" in does("escape", "--as", "payer")  # entry 1 waits for an assertion
    does("node", "--once")
    does("wait", "61 minutes")
    does("node", "--once")
    assert "the rollup works" in fails("escape", "--as", "payer")


def test_without_a_deployment_or_a_chain_it_says_so(node: AnvilNode, fails: Command) -> None:
    assert "no deployment recorded" in fails("status")
    assert "no deployment recorded" in fails("send", "1", "1 ether")
    assert "no node answers" in fails("status", "--network", "http://127.0.0.1:1")


def test_a_sequencer_that_runs_here_is_not_gone_past(paid_in: AnvilNode, fails: Command, does: Command) -> None:
    workspace = Workspace(paid_in.url, "operator", Path("home"))
    with place_of(workspace) as place, local_sequencer(workspace, place.rollup, place.replica()) as inner:
        assert "is running on this machine" in fails("send", "2", "1 ether", "--as", "payer")
        with serving(inner, "127.0.0.1:0", workspace):
            does("send", "2", "0.5 ether", "--as", "payer")
            assert inner.waiting == 1
        assert "is running on this machine" in fails("send", "2", "1 ether", "--as", "payer")
    does("send", "2", "0.5 ether", "--as", "payer")


# ------------------------------------------------------------------------------------------------------- left alone


def test_with_the_sequencer_off_a_user_forces_proposes_and_claims(
    paid_in: AnvilNode, does: Command, fails: Command
) -> None:
    queued = does("force", "1.5 ether", "payer", "--as", "payer", "--json")
    assert queued["done"] == ["queued as item 1"]
    assert (queued["command"], queued["at"] > paid_in.connection.timestamp()) == ("layer2 rollup force", True)
    assert does("force", "--as", "payer", "--json")["done"] == []  # not yet
    does("wait", "11 minutes")
    carried = does("force", "--as", "payer", "--json")
    assert carried["command"] == "layer2 rollup propose"
    assert balance(does, "payer") == ETHER // 2
    proposed = does("propose", "--as", "payer", "--json")
    assert len(proposed["done"]) == 1
    assert does("propose", "--as", "payer", "--json")["at"] == proposed["at"]
    does("wait", "61 minutes")
    assert "took back 1 ether" in does("propose", "--withdraw-bond", "--as", "payer")
    assert does("force", "--as", "payer", "--json")["command"] == "layer2 rollup claim"
    payer = paid_in.connection.signers(2)[1].address
    before = paid_in.connection.balance(payer)
    does("claim", "--as", "payer")
    assert before + 14 * ETHER // 10 < paid_in.connection.balance(payer) < before + 15 * ETHER // 10
    assert "nothing to claim" in fails("claim", "--as", "payer")


def test_when_all_has_stopped_accounts_and_deposits_are_paid(paid_in: AnvilNode, does: Command) -> None:
    does("send", "2", "0.25 ether", "--as", "payer")
    does("run", "--once")
    does("wait", "61 minutes")
    does("node", "--once")
    does("deposit", "0.5 ether", "--as", "payer")
    waiting = does("escape", "--as", "payer", "--json")
    assert (waiting["done"], waiting["command"]) == ([], "layer2 rollup escape")
    does("wait", "5 hours")
    done = does("escape", "--as", "payer", "--json")["done"]
    assert done == ["froze the rollup", "account 1 paid: 1.75 ether", "deposit 1 paid back: 0.5 ether"]
    assert "nothing of yours remains" in does("escape", "--as", "payer")
    assert does("escape", "--as", "payee", "--json")["done"] == ["account 2 paid: 0.25 ether"]
    status = does("status", "--json")
    assert (status["frozen"], status["held"]) == (True, str(ETHER))  # the proposer's bond


# ----------------------------------------------------------------------------------------------------------- nodes


def test_the_challenger_convicts_what_the_verifier_calls_wrong(paid_in: AnvilNode, does: Command) -> None:
    workspace = Workspace(paid_in.url, "attacker", Path("home"))
    with place_of(workspace) as place:
        replica = place.replica()
        done = replica.execute(replica.tip(), 1)
        roots = [*done.roots[:-1], b"\0" * 2 + done.roots[-1][2:]]
        row = (replica.tip(), replica.entries[0].record, 1, roots[-1], pack_roots(roots), ETHER)
        place.rollup.propose(workspace.sender, *row)
    assert does("status", "--json")["wrongAssertions"] == 1
    assert "is WRONG" in does("verifier", "--once")
    # Each command is a process that knows nothing of the last one.
    assert "committed to a proof" in does("challenger", "--once")
    paid_in.connection.mine(2)
    assert "proven wrong" in does("challenger", "--once")
    assert "nothing to do" in does("challenger", "--once")
    assert does("status", "--json")["openAssertions"] == 0


def test_a_node_begins_with_the_state_it_kept_or_with_one_it_is_given(
    paid_in: AnvilNode, does: Command, fails: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    does("node", "--once")
    does("wait", "61 minutes")
    told = does("node", "--once")
    assert "state       state after entry 1 kept" in told
    assert "entry 1 executed" in told
    # Started again, it executes nothing of what is final.
    assert "executed" not in does("node", "--once")
    made = does("snapshot", "given.snapshot", "--json")
    assert (made["accounts"], made["entries"]) == (2, 1)
    assert "executed" not in does("verifier", "--once", "--snapshot", "given.snapshot")
    file = Path("given.snapshot")
    file.write_bytes(file.read_bytes()[:-1])
    assert "damaged" in fails("verifier", "--once", "--snapshot", "given.snapshot")
    # What it kept itself and finds damaged it does without, and says so.
    (kept,) = Path("home").rglob("state.snapshot")
    kept.write_bytes(b"rubbish")
    with pytest.raises(SystemExit):
        main(("rollup", "verifier", "--once"))
    said = capsys.readouterr()
    assert "is not a snapshot of a rollup" in said.err
    assert "entry 1 executed" in said.out


def test_a_node_that_would_begin_behind_an_open_lie_rebuilds_or_refuses(
    paid_in: AnvilNode, does: Command, fails: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    does("batch", "2=0.1 ether", "--as", "payer")
    does("sequencer", "--once")
    with place_of(Workspace(paid_in.url, "operator", Path("home"))) as place:
        replica = place.replica()
        truth, lie = (replica.execute(replica.final(), end).roots for end in (1, 2))
        lie[-1] = b"\0" * 31 + b"\7"
        row = (place.workspace.sender, replica.final(), replica.entries[0].record, 1, truth[-1], pack_roots(truth))
        place.rollup.propose(*row, ETHER)
        does("wait", "30 minutes")
        row = (place.workspace.sender, replica.final(), replica.entries[1].record, 2, lie[-1], pack_roots(lie))
        place.rollup.propose(*row, ETHER)
        does("wait", "31 minutes")
        replica.step()
        (claim,) = (one for one in replica.claims.values() if one.inbox_end == 1)
        place.rollup.finalize(place.workspace.sender, claim)
        replica.step()
        # What nodes used to keep and share: the newest final state, whatever is open from before it.
        Snapshot(claim, replica.entries[0].record.hash(), replica.state_of(claim)).save("newest.snapshot")
        Path("newest.snapshot").replace(place.state_file)
        Path("newest.snapshot").write_bytes(place.state_file.read_bytes())
    assert "cannot be verified" in fails("challenger", "--once", "--snapshot", "newest.snapshot")
    with pytest.raises(SystemExit):
        main(("rollup", "challenger", "--once"))
    said = capsys.readouterr()
    assert "starting from the first entry" in said.err
    assert "committed to a proof" in said.out
    paid_in.connection.mine(2)
    assert "proven wrong" in does("challenger", "--once")


def test_a_verifier_calls_nothing_wrong_that_it_does_not_know(paid_in: AnvilNode, does: Command) -> None:
    for _ in range(3):
        does("batch", "2=0.1 ether", "--as", "payer")
        does("run", "--once")
        does("wait", "61 minutes")
        does("proposer", "--once")
    assert "state after entry" in does("node", "--once") or list(Path("home").rglob("state.snapshot"))
    told = does("verifier", "--once")
    assert "executed" not in told
    assert "WRONG" not in told


def test_how_a_node_stands_is_served(paid_in: AnvilNode) -> None:
    with place_of(Workspace(paid_in.url, "operator", Path("home"))) as place:
        replica, troubles = place.node_replica(), Troubles()
        with health_of(replica, troubles, "127.0.0.1:0") as url:
            with urllib.request.urlopen(url + "/v1/health") as answer:
                assert json.load(answer)["ok"] is True
            troubles.note("challenger", ["an assertion is not judged"])
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(url + "/v1/health")
            assert refused.value.code == 503
            assert "not judged" in json.load(refused.value)["failure"]
            with urllib.request.urlopen(url + "/metrics") as answer:
                assert "layer2_rollup_node_failures{} 1" in answer.read().decode().replace("failures 1", "failures{} 1")


def test_blobs_that_were_seen_are_kept_and_read_without_the_node(paid_in: AnvilNode, does: Command) -> None:
    """A node of the chain forgets blobs after some days: what was read once is read again from the archive."""
    does("batch", "2=0.1 ether", "--as", "payer")
    workspace = Workspace(paid_in.url, "operator", Path("home"))
    with place_of(workspace) as place, local_sequencer(workspace, place.rollup, place.replica()) as sequencer:
        sequencer.poster.data = Data.BLOBS
        sequencer.step()
    with place_of(workspace) as place:
        place.blobs.sources.clear()
        assert place.replica().missing is None
        place.blobs.archive = Archive()
        assert place.replica().missing is not None


def test_what_nobody_has_the_data_for_is_an_error_and_no_number(
    paid_in: AnvilNode, does: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and nothing on standard output, for people and for programs; twins with a node that has it."""
    known, fetch = paid_in.connection.block_number(), NodeBlobs.fetch
    does("send", "2", "0.1 ether", "--as", "payer")
    does("withdraw", "0.2 ether", "--as", "payer")
    workspace = Workspace(paid_in.url, "operator", Path("home"))
    with place_of(workspace) as place, local_sequencer(workspace, place.rollup, place.replica()) as sequencer:
        sequencer.poster.data = Data.BLOBS
        sequencer.step()
    does("proposer", "--once")
    does("wait", "61 minutes")
    does("proposer", "--once")
    elsewhere = ("--as", "payer", "--home", "elsewhere")
    with monkeypatch.context() as patch:
        # After some weeks a node has forgotten them.
        patch.setattr(NodeBlobs, "fetch", lambda node, name, at: fetch(node, name, at) if at <= known else None)
        for verb in ("balance", "accounts", "history", "withdrawals", "claim", "escape"):
            for more in ((), ("--json",)):
                with pytest.raises(SystemExit) as ended:
                    main(("rollup", verb, *more, *elsewhere))
                said = capsys.readouterr()
                assert (verb, ended.value.code, said.out) == (verb, 2, "")
                assert "so its data is incomplete" in said.err
                assert said.err.count("\n") == 1
        status = does("status", "--json", *elsewhere)
        assert "none of 1 sources" in status["missing"]
        assert "MISSING" in does("status", *elsewhere)
        (account,) = does("accounts", "--incomplete", "--json", *elsewhere)
        assert account["balance"] == str(2 * ETHER)
        assert [one["kind"] for one in does("history", "--incomplete", "--json", *elsewhere)] == ["deposit"]
        assert does("withdrawals", "--incomplete", "--json", *elsewhere) == []
    assert does("status", "--json", *elsewhere)["missing"] is None
    assert does("balance", "--json", *elsewhere)["balance"] == str(17 * ETHER // 10)
    assert does("accounts", "--json", *elsewhere)[0]["nonce"] == 2
    assert [one["kind"] for one in does("history", "--json", *elsewhere)] == ["deposit", "sent", "withdrawn"]
    assert [one["standing"] for one in does("withdrawals", "--json", *elsewhere)] == ["claimable"]


def test_a_daemon_outlives_a_chain_that_does_not_answer_and_ends_when_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rounds = []

    def step() -> list[str]:
        rounds.append(1)
        if len(rounds) == 1:
            raise ConnectionFailed("the node is away")
        signal.raise_signal(signal.SIGTERM)
        return ["back again"]

    run_daemons([Daemon("node", step)], 0)
    out = capsys.readouterr().out
    assert "not done, retrying" in out
    assert "back again" in out
    assert len(rounds) == 2
    rounds.clear()
    with pytest.raises(ConnectionFailed):
        run_daemons([Daemon("node", step)], 0, once=True)
