"""How long a stateful campaign is: short and the same in every run of the suite, long and random in the nightly run."""

from __future__ import annotations

import os

from hypothesis import settings

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"


def campaign(examples: int, steps: int) -> settings:
    """Settings of a campaign; the nightly run makes twenty times the examples.

    The short one is derandomized: a ratio of random runs would fail one day for nothing.
    """
    many = examples * 20 if NIGHTLY else examples
    return settings(
        max_examples=many, stateful_step_count=steps, deadline=None, derandomize=not NIGHTLY, print_blob=False
    )
