"""Development chains start empty, obey time, repeat themselves, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from layer2.ethereum import devnet
from layer2.ethereum.anvil import AnvilNode, find_anvil
from layer2.ethereum.connection import Connection
from layer2.ethereum.devnet import GENESIS_TIMESTAMP
from layer2.ethereum.errors import AnvilError, ConnectionFailed, NotADevChain
from layer2.ethereum.sender import Sender


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_fresh_chain_has_height_zero_and_funded_accounts() -> None:
    connection = devnet.tester_connection()
    assert connection.block_number() == 0
    assert connection.timestamp() == GENESIS_TIMESTAMP
    assert {connection.balance(one.address) for one in connection.signers(10)} == {10_000 * 10**18}


@pytest.mark.anvil
def test_fresh_anvil_has_height_zero_and_funded_accounts_and_goes_away() -> None:
    with AnvilNode() as node:
        pid = node.pid
        assert node.connection.block_number() == 0
        assert {node.connection.balance(one.address) for one in node.connection.signers(10)} == {10_000 * 10**18}
        assert Connection.connect(node.url).chain_id == node.connection.chain_id == 31_337
        assert _alive(pid)
    assert not _alive(pid)


@pytest.mark.anvil
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel ends the child only on Linux")
def test_anvil_dies_with_a_killed_parent() -> None:
    program = (
        "import time\nfrom layer2.ethereum.anvil import AnvilNode\n"
        "node = AnvilNode()\nprint(node.pid, flush=True)\ntime.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert _alive(child)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 5
    while _alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(child)


@pytest.mark.anvil
def test_anvil_ends_when_the_interpreter_exits_without_close() -> None:
    program = "from layer2.ethereum.anvil import AnvilNode\nnode = AnvilNode()\nprint(node.pid)\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not _alive(int(done.stdout))


def test_same_steps_give_the_same_chain() -> None:
    hashes = []
    for _ in range(2):
        connection = devnet.tester_connection()
        sender = Sender(connection, connection.signers(1)[0])
        sender.send(sender.address, value=1)
        connection.advance(100)
        hashes.append(connection.latest().hash)
    assert hashes[0] == hashes[1]


def test_time_moves_exactly_as_told(connection: Connection) -> None:
    start = connection.timestamp()
    assert connection.advance(3_600) == start + 3_600 == connection.timestamp()
    assert connection.advance(1) == start + 3_601 == connection.timestamp()
    connection.set_next_timestamp(start + 9_000)
    assert connection.timestamp() == start + 3_601
    connection.mine()
    assert connection.timestamp() == start + 9_000


def test_mine_adds_that_many_blocks(connection: Connection) -> None:
    height = connection.block_number()
    connection.mine(7)
    assert connection.block_number() == height + 7


def test_snapshot_serves_more_than_once(connection: Connection) -> None:
    connection.mine(2)
    start = connection.snapshot()
    height = connection.block_number()
    for _ in range(3):
        connection.mine(4)
        connection.revert(start)
        assert connection.block_number() == height


def test_call_from_an_account_without_ether_is_free(connection: Connection) -> None:
    poor = "0x000000000000000000000000000000000000bEEF"
    assert connection.call(poor, b"", sender=poor) == b""  # type: ignore[arg-type]


def test_nobody_listening_is_a_connection_failure(tmp_path: Path) -> None:
    with pytest.raises(ConnectionFailed):
        Connection.connect("http://127.0.0.1:9")
    with pytest.raises(ConnectionFailed):
        Connection.connect(str(tmp_path / "none"))


def test_dev_only_calls_are_refused_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = devnet.tester_connection()
    monkeypatch.setattr(connection.backend, "is_dev", False)
    for action in (connection.mine, connection.snapshot, connection.signers, lambda: connection.advance(1)):
        with pytest.raises(NotADevChain):
            action()


def test_scripts_are_passed_over_when_looking_for_anvil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = find_anvil()
    empty = tmp_path / "bin"
    empty.mkdir()
    monkeypatch.setattr(sys, "executable", str(empty / "python"))
    monkeypatch.setattr("layer2.ethereum.anvil.__file__", str(tmp_path / "src" / "anvil.py"))
    wrapper = empty / "anvil"
    wrapper.write_text("#!/usr/bin/env node\n")
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", str(empty))
    with pytest.raises(AnvilError, match="passed over"):
        find_anvil(tmp_path)
    place = tmp_path / "node_modules" / "@foundry-rs" / "anvil-here" / "bin"
    place.mkdir(parents=True)
    (place / "anvil").symlink_to(real)
    assert find_anvil(tmp_path / "deeper") == place / "anvil"
