"""Settings shared by every suite: how hard property tests try."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Example counts written in a test win over these; deadlines say more about the machine than about the code.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("nightly", parent=settings.get_profile("dev"), max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
