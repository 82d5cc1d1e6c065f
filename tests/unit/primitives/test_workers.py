"""Workers do what they are given, and none of them outlives the node that started it, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from layer2.primitives.worker_pool import WorkerPool
from layer2.rollup.sequencer.signature_workers import SignatureWorkers

_NODE = """
import sys, time
from {module} import {name}

if __name__ == "__main__":
    workers = {name}(2)
    workers.start()
    print(*[one for one in workers._pool._processes], flush=True)
    time.sleep(600)
"""
PATIENCE = 20.0


def is_there(process: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def until(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="asks /proc which processes there are")
@pytest.mark.parametrize("kind", [WorkerPool, SignatureWorkers])
def test_workers_end_when_their_node_alone_is_killed(kind: type[WorkerPool], tmp_path: object) -> None:
    path = f"{tmp_path}/node.py"
    with open(path, "w") as file:
        file.write(_NODE.format(module=kind.__module__, name=kind.__name__))
    node = subprocess.Popen([sys.executable, path], stdout=subprocess.PIPE, text=True)
    assert node.stdout is not None
    workers = [int(one) for one in node.stdout.readline().split()]
    try:
        assert len(workers) == 2
        assert all(map(is_there, workers))
        node.send_signal(signal.SIGKILL)
        node.wait()
        assert until(lambda: not any(map(is_there, workers)))
    finally:
        node.kill()
        node.stdout.close()
        for one in workers:
            if is_there(one):
                os.kill(one, signal.SIGKILL)


def test_workers_of_a_node_that_lives_go_on() -> None:
    workers = WorkerPool(1)
    try:
        workers.start()
        before = workers.run(os.getpid, [()])
        time.sleep(0.3)
        assert workers.run(os.getpid, [()]) == before != [os.getpid()]
        assert workers.restarts == 0
    finally:
        workers.close()
