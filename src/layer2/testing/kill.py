"""Processes for crash tests, forked from a process with all imports, so that they start immediately.

A test of a node that crashes at a failpoint runs it in a separate process. Without the fork, imports would take most of
its time, mainly those of the compiler.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from layer2.primitives.wait_readable import readable
from layer2.store import fault_points

__all__ = ["ProcessResult", "ForkServer"]

_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """Result of a process; `code` is its exit code, or the negative signal number if it was killed."""

    code: int
    out: str
    err: str

    @property
    def killed(self) -> bool:
        """True if the process was killed by SIGKILL."""
        return self.code == -signal.SIGKILL

    @property
    def words(self) -> list[list[str]]:
        """Standard output, split into lines and words."""
        return [line.split() for line in self.out.splitlines()]


class ForkServer:
    """Context manager that forks processes. `preload` is Python source that each of them has already executed."""

    def __init__(self, preload: str) -> None:
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        env.pop("LAYER2_FAULT", None)
        program = "from layer2.testing.kill import _serve; _serve()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", program], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._ask(preload)

    def __repr__(self) -> str:
        return f"<ForkServer pid={self._process.pid}>"

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the fork server; repeated calls are harmless."""
        self._process.kill()
        self._process.communicate()

    def run(
        self, script: str, arguments: Sequence[str], folder: Path, *, fault: str = "", path: Sequence[str] = ()
    ) -> ProcessResult:
        """Run a script to its end, or to the failpoint `name:n`.

        Args:
            folder: Folder of the output files.
            path: Entries to insert at the front of `sys.path`.

        Raises:
            RuntimeError: The process failed without being killed; the message is its standard error.
        """
        out, err = folder / "mortal.out", folder / "mortal.err"
        answer = self._ask(
            {
                "script": script,
                "arguments": list(arguments),
                "out": str(out),
                "err": str(err),
                "fault": fault,
                "path": list(path),
            }
        )
        ended = ProcessResult(int(answer), out.read_text(), err.read_text())
        if ended.code not in (0, -signal.SIGKILL):
            raise RuntimeError(ended.err)
        return ended

    def _ask(self, what: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline() if readable(self._process.stdout, _SECONDS) else ""
        if not line:
            self.close()
            raise RuntimeError(f"no answer within {_SECONDS:.0f} seconds")
        return json.loads(line)


def _serve() -> None:
    """Execute the first line, then fork a process for each following line."""
    exec(json.loads(sys.stdin.readline()), {"__name__": "preload"})  # The source is from this project's own tests.
    print("0", flush=True)
    while line := sys.stdin.readline():
        pid = os.fork()
        if pid == 0:
            _live(json.loads(line))
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _live(what: Mapping[str, Any]) -> None:
    """Run the requested script in a forked process. Does not return."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for number, name in ((1, what["out"]), (2, what["err"])):
        os.dup2(os.open(name, flags, 0o644), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["mortal", *what["arguments"]]
    sys.path[:0] = what["path"]
    fault_points.arm(what["fault"])
    code = 1
    try:
        exec(compile(what["script"], "<mortal>", "exec"), {"__name__": "__main__"})
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
