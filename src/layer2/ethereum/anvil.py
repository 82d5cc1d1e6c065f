"""A private anvil process: started on a free port, used through a local socket, terminated with this process."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from layer2.ethereum.accounts import DEV_BALANCE, DEV_MNEMONIC
from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import AnvilError
from layer2.ethereum.rpc_backend import JsonRpcBackend

__all__ = ["AnvilNode", "find_anvil"]

_PR_SET_PDEATHSIG = 1
_START_SECONDS = 20.0
_MAGIC = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"MZ")


def find_anvil(start: Path | None = None) -> Path:
    """Return the path of the platform's anvil binary; raise `AnvilError` if none is found.

    Searches next to the Python interpreter, then in `node_modules/@foundry-rs/anvil-*/bin` of `start` (default: the
    working directory) and its parents, then in PATH. Scripts are skipped: npm's `anvil` is a Node script that does not
    terminate the real process when it is terminated itself.
    """
    passed_over: list[Path] = []
    for candidate in _candidates(start or Path.cwd()):
        if not candidate.is_file() or not os.access(candidate, os.X_OK):
            continue
        if _is_binary(candidate):
            return candidate
        passed_over.append(candidate)
    scripts = f" (passed over, a script: {', '.join(map(str, passed_over))})" if passed_over else ""
    raise AnvilError(f"no anvil binary found{scripts}", hint="run: make setup")


def _candidates(start: Path) -> Iterator[Path]:
    name = "anvil.exe" if os.name == "nt" else "anvil"
    yield Path(sys.executable).parent / name
    # The parents of this package are searched too, so that an editable checkout works from any directory.
    for folder in (start, *start.parents, *Path(__file__).resolve().parents):
        yield from sorted(folder.glob(f"node_modules/@foundry-rs/anvil-*/bin/{name}"))
    on_path = shutil.which(name)
    if on_path:
        yield Path(on_path)


def _is_binary(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4).startswith(_MAGIC)


class AnvilNode:
    """A private anvil process. Use it as a context manager, or call `close()`.

    `connection` uses the node's IPC socket (several times faster than HTTP); `url` is its HTTP address. The process
    ends with `close()`, at interpreter exit, and on Linux also when this process is killed.

    Args:
        block_time: seconds between blocks, or `None` to mine each transaction immediately.
        auto_mine: if False, only `mine()` mines.
        timestamp: time of the genesis block.
    """

    def __init__(
        self,
        *,
        hardfork: str = "prague",
        accounts: int = 10,
        block_time: int | None = None,
        auto_mine: bool = True,
        timestamp: int | None = None,
        gas_limit: int = 30_000_000,
        binary: Path | None = None,
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="layer2-anvil-"))
        socket = self._folder / "ipc"
        command = [
            str(binary or find_anvil()), "--port", "0", "--ipc", str(socket), "--hardfork", hardfork,
            "--accounts", str(accounts), "--balance", str(DEV_BALANCE // 10**18), "--mnemonic", DEV_MNEMONIC,
            "--gas-limit", str(gas_limit), "--chain-id", "31337", "--order", "fees",
        ]  # fmt: skip
        if block_time is not None:
            command += ["--block-time", str(block_time)]
        elif not auto_mine:
            command.append("--no-mining")
        if timestamp is not None:
            command += ["--timestamp", str(timestamp)]
        self._log = self._folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with(os.getpid()),
            )
        self._finalizer = weakref.finalize(self, _end, self._process, self._folder)
        atexit.register(self._finalizer)
        try:
            self.url = self._wait_ready(socket)
            self.connection = Connection.connect(str(socket))
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"<AnvilNode {self.url} pid={self.pid}>"

    def __enter__(self) -> AnvilNode:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Process id of anvil itself."""
        return self._process.pid

    def close(self) -> None:
        """Terminate the process and wait for its end; further calls have no effect."""
        self._finalizer()
        atexit.unregister(self._finalizer)

    def reorg(self, depth: int, transactions: list[tuple[bytes, int]] | None = None) -> None:
        """Replace the newest `depth` blocks with the same number of new ones.

        `transactions`: raw signed transactions, each with the position of its new block (0 is the lowest replaced
        block). The transactions of the old blocks are dropped.
        """
        pairs = [["0x" + raw.hex(), position] for raw, position in transactions or []]
        backend = self.connection.backend
        assert isinstance(backend, JsonRpcBackend)  # an anvil connection is always JSON-RPC
        backend.rpc("anvil_reorg", depth, pairs)
        self.connection.epoch += 1

    def _wait_ready(self, socket: Path) -> str:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            output = self._log.read_text(errors="replace")
            listening = [line for line in output.splitlines() if line.startswith("Listening on ")]
            if listening and socket.exists():
                return "http://" + listening[0].removeprefix("Listening on ").strip()
            if self._process.poll() is not None:
                raise AnvilError(
                    f"anvil ended with code {self._process.returncode}: {output.strip()[-300:]}",
                    hint="run the same command by hand to see why",
                )
            time.sleep(0.01)
        raise AnvilError(f"anvil did not answer within {_START_SECONDS:.0f} s", hint="check the load of the machine")


def _die_with(parent: int) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)

    def before_exec() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # The parent may have died before the line above took effect.
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


def _end(process: subprocess.Popen[bytes], folder: Path) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    shutil.rmtree(folder, ignore_errors=True)
