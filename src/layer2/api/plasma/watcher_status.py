"""Status of a running watcher: its reports, kept for queries during a step."""

from __future__ import annotations

import time
from collections import Counter, deque

from layer2.plasma.common.watcher.actions import Plan
from layer2.plasma.common.watcher.alerts import Act, Report
from layer2.plasma.payments.watcher.watcher import Watcher

__all__ = ["WatcherStatus"]

_ACTS = 100


class WatcherStatus:
    """A watcher and its reports since the process started. Step this object instead of the watcher.

    Attributes:
        watcher: the watcher.
        status: status after the last step.
        plans: planned transactions after the last step.
        stepped: Unix time of the last step; 0 before the first.
        acts: the latest due transactions, done or missed.
        findings: number of findings by kind.
        done: number of transactions that were done, by name.
        missed: number of due transactions that were not done, by name.
        gas: gas used by all transactions.
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
        return f"<WatcherStatus {self.watcher}>"

    def step(self) -> Report:
        """Step the watcher, record its report for queries and return it."""
        report = self.watcher.step()
        for one in report.findings:
            self.findings[one.kind.name] += 1
        for act in report.acts:
            (self.done if act.done else self.missed)[act.name] += 1
            self.gas += act.receipt.gas_used if act.receipt is not None else 0
        self.acts.extend(report.acts)
        self.status, self.plans, self.stepped = self.watcher.status(), self.watcher.plans, int(time.time())
        return report
