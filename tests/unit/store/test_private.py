"""What a node keeps is readable by its owner alone, wherever it lies, whatever the umask, whoever makes it."""

from __future__ import annotations

import ast
import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from layer2.cli.common.endpoints import announced
from layer2.cli.common.workspace import Workspace
from layer2.plasma.common.watcher.block_cache import BlockCache
from layer2.plasma.payments.chain.exit_proof_file import save_kits
from layer2.rollup.derivation.snapshot import Snapshot
from layer2.rollup.state.commitments import Assertion
from layer2.rollup.state.state import State
from layer2.store.blob_archive import Archive
from layer2.store.errors import JournalError
from layer2.store.file_store import FileStore
from layer2.store.journal import Journal
from layer2.store.private_files import make_folder, open_private, private_database

SOURCE = Path(__file__).resolve().parents[3] / "src" / "layer2"


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def journal(folder: Path) -> Any:
    made = Journal(folder / "deep" / "one.journal", kind="test")
    made.append_durable("rows", b"secret")
    return made


def archive(folder: Path) -> Any:
    made = Archive(folder / "deep" / "blobs.archive")
    made.put(b"key", b"data")
    return made


def files(folder: Path) -> None:
    FileStore(folder / "deep" / "bodies").put("1", b"body")


def watch_store(folder: Path) -> Any:
    return BlockCache(folder / "deep" / "watch.db")


def kits(folder: Path) -> None:
    root: Any = SimpleNamespace(connection=SimpleNamespace(chain_id=1), address="0x" + "11" * 20)
    save_kits(folder / "deep" / "kits.json", root, [])


def snapshot(folder: Path) -> None:
    claim = Assertion(bytes(32), 4, 9, bytes(32), bytes(32), False)
    make_folder(folder / "deep")
    Snapshot(claim, bytes(32), State()).save(folder / "deep" / "state.snapshot")


def workspace(folder: Path) -> None:
    connection = SimpleNamespace(chain_id=7, is_dev=False)
    made = Workspace("", "", folder / "deep")
    vars(made)["connection"] = connection
    made.folder_of("node")


def endpoint(folder: Path) -> Any:
    make_folder(folder / "deep")
    held = contextlib.ExitStack()
    held.enter_context(announced(folder / "deep", "http://127.0.0.1:1"))
    return held


CREATORS: list[Callable[[Path], Any]] = [
    journal, archive, files, watch_store, kits, snapshot, workspace, endpoint
]  # fmt: skip


@pytest.mark.parametrize("creator", CREATORS, ids=lambda one: one.__name__)
def test_everything_that_is_made_is_for_its_owner_alone(creator, tmp_path: Path, umask: int) -> None:
    made = creator(tmp_path)
    found = sorted(tmp_path.rglob("*"))
    assert len(found) >= 2
    for path in found:
        assert path.stat().st_mode & 0o077 == 0, f"{path.name} is {oct(path.stat().st_mode)}"
    if made is not None:
        made.close()


def test_what_was_open_to_others_is_closed_when_it_is_used_again(tmp_path: Path) -> None:
    for name, use in (("one.journal", lambda path: Journal(path, kind="test")), ("one.archive", Archive)):
        path = tmp_path / name
        use(path).close()
        path.chmod(0o644)
        made = use(path)
        assert path.stat().st_mode & 0o077 == 0
        made.close()


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    make_folder(shared / "mine" / "deeper")
    assert shared.stat().st_mode & 0o777 == 0o755
    assert (shared / "mine").stat().st_mode & 0o777 == 0o700


def test_a_private_file_is_written_anew_and_was_never_open_to_others(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"longer than what comes")
    path.chmod(0o666)
    with open_private(path) as file:
        assert path.stat().st_mode & 0o777 == 0o600
        file.write(b"short")
    assert path.read_bytes() == b"short"


def test_a_place_that_cannot_be_used_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for use in (
        lambda: Journal(tmp_path / "file" / "x", kind="test"),
        lambda: Archive(tmp_path / "file" / "x"),
        lambda: FileStore(tmp_path / "file" / "x"),
        lambda: BlockCache(tmp_path / "file" / "x"),
    ):
        with pytest.raises(JournalError):
            use()
    with pytest.raises(OSError, match="Not a directory"):
        private_database(tmp_path / "file" / "x")


# ----------------------------------------------------------------------------------- nobody makes files elsewhere

ELSEWHERE = {
    "ethereum/deployments.py": "records of deployments are public, and are shared with the repository",
    "ethereum/anvil.py": "the log of a development node, in a temporary folder of ours",
    "cli/devnet.py": "the log of a development node, in a temporary folder of ours",
    "cli/common/command_registry.py": "writes text of help, by click, into no file",
    "cli/common/endpoints.py": "opened with the rights themselves",
    "store/private_files.py": "here it is done",
}
WRITES = {"mkdir", "makedirs", "write_text", "write_bytes", "touch", "mkstemp", "NamedTemporaryFile", "mkfifo"}
MODES = {"w", "wb", "wt", "w+", "a", "ab", "at", "x", "xb", "xt"}


def writing_calls(source: str) -> Iterator[str]:
    """What in a module makes files or folders."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        values = [*node.args, *(key.value for key in node.keywords)]
        words = {one.value for one in values if isinstance(one, ast.Constant) and isinstance(one.value, str)}
        if name in WRITES:
            yield name
        elif name == "open" and words & MODES:
            yield "open"
        elif name == "open" and "O_CREAT" in ast.dump(node):
            yield "os.open"


def test_no_module_makes_files_that_others_can_read() -> None:
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        calls = list(writing_calls(path.read_text()))
        if calls and not name.startswith("testing/") and name not in ELSEWHERE:
            found[name] = calls
    # The journal's lock is opened with the rights themselves.
    assert {name for name in found if name not in ("store/journal.py", "store/exclusive.py")} == set()


def test_every_database_is_made_private_first() -> None:
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text()
        if "sqlite3.connect(" in text and "testing" not in path.parts:
            assert "private_database(" in text or "Holder(" in text, path.name


def test_the_exceptions_are_still_needed() -> None:
    for name in ELSEWHERE:
        assert list(writing_calls((SOURCE / name).read_text())), name


@pytest.mark.parametrize(
    "source", ["Path('x').mkdir()", "open('name', 'w')", "p.open('wb')", "os.open('x', os.O_CREAT)", "p.write_text('')"]
)
def test_the_search_finds_what_makes_files(source: str) -> None:
    assert list(writing_calls(source))


@pytest.mark.parametrize("source", ["open('name')", "p.open('rb')", "os.open('name', os.O_RDONLY)", "open_private(p)"])
def test_the_search_passes_over_what_reads(source: str) -> None:
    assert not list(writing_calls(source))
