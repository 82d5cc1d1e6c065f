"""Services say where they listen in a file beside their journals, and commands believe only what can be true."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.unit.cli.conftest import ETHER, Command, balance

from layer2.cli.common.endpoints import announced, listening_at, url_at_home
from layer2.ethereum.anvil import AnvilNode

URL = "http://127.0.0.1:8560"


def write(folder: Path, content: object, mode: int = 0o600) -> None:
    path = folder / "listening.json"
    path.unlink(missing_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(mode)


def test_what_listens_is_found_for_as_long_as_it_does(tmp_path: Path) -> None:
    assert listening_at(tmp_path) is None
    with announced(tmp_path, URL):
        assert listening_at(tmp_path) == URL
        assert (tmp_path / "listening.json").stat().st_mode & 0o777 == 0o600
        assert len(list(tmp_path.iterdir())) == 1
    assert listening_at(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "found"), [("http://0.0.0.0:8560", URL), ("http://[::]:8560", "http://[::1]:8560"), (URL, URL)]
)
def test_who_listens_everywhere_is_found_on_the_loopback(tmp_path: Path, url: str, found: str) -> None:
    with announced(tmp_path, url):
        assert listening_at(tmp_path) == found
    assert url_at_home(url) == found


def test_what_a_killed_service_left_behind_is_not_believed(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-S", "-c", ""])
    gone.wait()
    write(tmp_path, {"url": URL, "pid": gone.pid})
    assert listening_at(tmp_path) is None
    # The next one writes its own over it.
    with announced(tmp_path, URL):
        assert listening_at(tmp_path) == URL


def test_a_cut_write_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "listening.json.part").write_text("{")
    with announced(tmp_path, URL):
        assert listening_at(tmp_path) == URL


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o606, 0o620])
def test_a_file_that_others_may_use_is_not_believed(tmp_path: Path, mode: int) -> None:
    write(tmp_path, {"url": URL, "pid": os.getpid()}, mode)
    assert listening_at(tmp_path) is None
    write(tmp_path, {"url": URL, "pid": os.getpid()})
    assert listening_at(tmp_path) == URL


def test_a_file_of_another_user_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"url": URL, "pid": os.getpid()})
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    assert listening_at(tmp_path) is None


def test_a_link_a_folder_and_a_pipe_are_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write(elsewhere, {"url": URL, "pid": os.getpid()})
    (tmp_path / "listening.json").symlink_to(elsewhere / "listening.json")
    assert listening_at(tmp_path) is None
    (tmp_path / "listening.json").unlink()
    (tmp_path / "listening.json").mkdir()
    assert listening_at(tmp_path) is None
    (tmp_path / "listening.json").rmdir()
    os.mkfifo(tmp_path / "listening.json", 0o600)
    assert listening_at(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[" * 4_000,
        "[]",
        "null",
        "7",
        "x" * 5_000,
        {},
        {"url": URL},
        {"pid": 1},
        {"url": URL, "pid": "1"},
        {"url": URL, "pid": True},
        {"url": URL, "pid": 0},
        {"url": URL, "pid": -1},
        {"url": URL, "pid": 1 << 40},
        {"url": 7, "pid": None},
        {"url": "file:///etc/passwd"},
        {"url": "http://127.0.0.1"},
        {"url": "http://127.0.0.1:99999"},
        {"url": "http://127.0.0.1:x"},
        {"url": "http://user:secret@127.0.0.1:8560"},
        {"url": "http://127.0.0.1:8560/path?query"},
        {"url": "http://[::1:8560"},
        {"url": "https://node.example:8560"},
    ],
    ids=range(24),
)
def test_what_is_no_address_is_not_believed(tmp_path: Path, content: object) -> None:
    if isinstance(content, dict) and "url" in content and len(content) == 1 and content["url"] != URL:
        content = {**content, "pid": os.getpid()}
    write(tmp_path, content)
    assert listening_at(tmp_path) is None


# ------------------------------------------------------------------------------------------ as a person types it


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_with_plasma_run_on_every_command_finds_it(node: AnvilNode, does: Command) -> None:
    """What the tutorial's reader met: a balance of nothing, and a dear exit of what was in a block already."""
    does("deploy")
    does("coin", "deploy")
    does("deposit", "2 ether", "--as", "payer")
    port, coins = free_port(), free_port()
    places = ["--listen", f"127.0.0.1:{port}", "--listen-coins", f"127.0.0.1:{coins}"]
    running = subprocess.Popen(
        [
            Path(sys.executable).with_name("layer2"),
            "plasma",
            "run",
            "--interval",
            "1 second",
            "--workers",
            "1",
            *places,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert running.stdout is not None
        said = [running.stdout.readline() for _ in range(4)]
        assert said[1].strip() == f"export LAYER2_PLASMA_OPERATOR=http://127.0.0.1:{port}"
        assert said[3].strip() == f"export LAYER2_COIN_OPERATOR=http://127.0.0.1:{coins}"
        does("send", "payee", "0.6 ether", "--as", "payer")
        deadline = time.monotonic() + 30
        while balance(does, "payee") == 0 and time.monotonic() < deadline:
            time.sleep(0.3)
        assert balance(does, "payee") == 6 * ETHER // 10
        assert "1 exit" in does("exit", "all", "--as", "payer")
        coin = does("coin", "deposit", "0.5 ether", "--as", "payer", "--json")["coin"]
        time.sleep(3)  # the operator looks at the chain once a second
        does("coin", "send", coin, "payee", "--as", "payer")
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(20)
    assert running.returncode == 0


@pytest.mark.parametrize(
    ("words", "variables"),
    [
        (("balance",), ["LAYER2_NETWORK", "LAYER2_ACCOUNT", "LAYER2_HOME", "LAYER2_PLASMA_OPERATOR"]),
        (("watcher",), ["LAYER2_PLASMA_OPERATOR", "LAYER2_ALLOW_HOST"]),
        (("coin", "list"), ["LAYER2_NETWORK", "LAYER2_COIN_OPERATOR"]),
        (("coin", "guard"), ["LAYER2_COIN_OPERATOR"]),
        (("coin", "operator"), ["LAYER2_ALLOW_HOST"]),
    ],
)
def test_the_help_names_the_variables(does: Command, words: tuple[str, ...], variables: list[str]) -> None:
    told = does(*words, "--help")
    for one in variables:
        assert one in told
