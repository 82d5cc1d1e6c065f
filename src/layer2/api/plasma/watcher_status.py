"""A watcher that is asked while it works: what it has told, kept for whoever wants to know."""

from __future__ import annotations

import time
from collections import Counter, deque

from layer2.plasma.common.watcher.actions import Plan
from layer2.plasma.common.watcher.alerts import Act, Report
from layer2.plasma.payments.watcher.watcher import Watcher

__all__ = ["WatchDesk"]

_ACTS = 100


class WatchDesk:
    """A watcher and what it has told since the process began. Step it instead of the watcher.

    Attributes:
        status, plans: of the last step.
        stepped: when that was, Unix seconds; 0 before the first.
        acts: the last ones; `done`, `missed`: how many by name, `findings`: by kind, `gas`: of all.
    """

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.status = watcher.status()
        self.plans: tuple[Plan, ...] = ()
        self.stepped = 0
        self.acts: deque[Act] = deque(maxlen=_ACTS)
        self.findings: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.gas = 0

    def __repr__(self) -> str:
        return f"<WatchDesk {self.watcher}>"

    def step(self) -> Report:
        """Do all that is due, and tell it to whoever asks."""
        report = self.watcher.step()
        for one in report.findings:
            self.findings[one.kind.name] += 1
        for act in report.acts:
            (self.done if act.done else self.missed)[act.name] += 1
            self.gas += act.receipt.gas_used if act.receipt is not None else 0
        self.acts.extend(report.acts)
        self.status, self.plans, self.stepped = self.watcher.status(), self.watcher.plans, int(time.time())
        return report
