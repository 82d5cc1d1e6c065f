"""How long a campaign is, and from which seed: short and the same by day, long and new each night."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
SEED = int(os.environ["LAYER2_SEED"]) if NIGHTLY else 0
"""Where campaigns that draw by themselves begin: 0 by day; `tests/conftest.py` draws and prints one each night."""


def campaign(examples: int, steps: int) -> settings:
    """Settings of a campaign; the nightly run makes twenty times the examples.

    The short one is derandomized, as the whole daily run is: a ratio of random runs would fail one day for nothing.
    """
    many = examples * 20 if NIGHTLY else examples
    return settings(max_examples=many, stateful_step_count=steps, deadline=None)


def controls(faults: Iterable[str], daily: str) -> list[Any]:
    """The controls of a machine as parameters of a test: `daily` in every run of the suite, all in the nightly one."""
    nightly = pytest.mark.skipif(not NIGHTLY, reason="nightly: controls of the machine take minutes")
    return [fault if fault == daily else pytest.param(fault, marks=nightly) for fault in faults]


def play_faulty(machine: type[RuleBasedStateMachine], examples: int, steps: int, **attributes: object) -> None:
    """Run a copy of a machine in which a fault stands; what it raises is not made smaller first.

    Args:
        attributes: what the copy has in place of the machine's own.
    """
    copy = type("Faulty", (machine,), attributes)
    copy.TestCase.settings = settings(
        campaign(examples, steps),
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        report_multiple_bugs=False,
    )
    copy.TestCase().runTest()
