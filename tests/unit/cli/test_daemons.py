"""Signals end a daemon in order, however many come and whatever it is just doing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType

import pytest

from layer2.cli.common.daemons import Daemon, run_daemons
from layer2.cli.common.signals import Stop, until_stopped

LOOP = """
import time
from layer2.cli.common.signals import until_stopped

with until_stopped() as stopped:
    print("ready", flush=True)
    while not stopped.is_set():
        stopped.wait(0.0002)
    time.sleep(0.3)  # the second one comes while the first is being obeyed
print("ended", flush=True)
"""


SENDER = """
import os, signal, sys, time
for line in sys.stdin:
    os.kill(os.getppid(), signal.SIGINT)
    time.sleep(int(line) * 1e-5)
    os.kill(os.getppid(), signal.SIGTERM)
    print("sent", flush=True)
"""


def test_two_signals_at_once_never_hang_the_loop_that_waits() -> None:
    # The second handler interrupts the first, or the wait's own steps.
    sender = subprocess.Popen(
        [sys.executable, "-S", "-c", SENDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert sender.stdin is not None
    assert sender.stdout is not None
    hung = 0
    for turn in range(150):
        with until_stopped() as stopped:
            sender.stdin.write(f"{turn % 20}\n")
            deadline = time.monotonic() + 5
            while not stopped.is_set() and time.monotonic() < deadline:
                stopped.wait(0.0002)
            hung += not stopped.is_set()
            assert sender.stdout.readline() == "sent\n"
    sender.stdin.close()
    assert sender.wait(10) == 0
    assert hung == 0


def test_a_daemon_of_its_own_ends_by_two_signals() -> None:
    for pause in (0.0, 0.0002):
        process = subprocess.Popen([sys.executable, "-c", LOOP], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        time.sleep(pause)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=10)[0] == "ended\n"
        assert process.returncode == 0


class Interrupting:
    """A trace that sets an object at the n-th line which its own methods run, as a signal handler may."""

    def __init__(self, stop: Stop, line: int) -> None:
        self.stop, self.left, self.done = stop, line, False

    def __call__(self, frame: FrameType, event: str, arg: object) -> Interrupting:
        if frame.f_code.co_filename.endswith("common/signals.py") and event == "line":
            self.left -= 1
            if self.left == 0:
                self.done = True
                sys.settrace(None)
                self.stop.set()
        return self


@pytest.mark.parametrize("method", ["set", "is_set", "wait"])
def test_a_handler_may_interrupt_every_step_of_the_object_it_sets(method: str) -> None:
    reached = 0
    for line in range(1, 8):
        stop = Stop()
        handler = Interrupting(stop, line)
        sys.settrace(handler)
        try:
            getattr(stop, method)(*([5] if method == "wait" and line < 3 else [0.001] if method == "wait" else []))
        finally:
            sys.settrace(None)
        reached += handler.done
        assert stop.is_set() == (handler.done or method == "set")
        stop.close()
    assert reached > 0


def test_what_was_set_before_is_not_waited_for() -> None:
    stop = Stop()
    assert not stop.wait(0.01)
    stop.set()
    for _ in range(100_000):
        stop.set()
    begun = time.monotonic()
    assert stop.wait()
    assert stop.wait(60)
    assert time.monotonic() - begun < 1
    stop.close()


def test_another_thread_wakes_the_one_that_waits() -> None:
    stop = Stop()
    timer = threading.Timer(0.1, stop.set)
    timer.start()
    assert stop.wait(10)
    timer.join()
    stop.close()


def test_the_handlers_of_before_come_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(ZeroDivisionError), until_stopped():
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] != before
        raise ZeroDivisionError
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_signal_during_a_step_ends_the_daemon_after_it(capsys) -> None:
    steps = []

    def step() -> list[str]:
        steps.append(1)
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        return ["done"]

    run_daemons([Daemon("node", step)], 3600)
    assert steps == [1]
    assert "done" in capsys.readouterr().out
