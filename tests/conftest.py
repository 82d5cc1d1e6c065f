"""Settings of every suite: how hard property tests try, which tests are slow, no run on artifacts of other sources."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.internal.conjecture import providers

from layer2.ethereum.artifacts import load_manifest, source_checksum

# Example counts written in a test win over these; deadlines say more about the machine than about the code. By day the
# examples are the same each time; the nightly run explores, and keeps and prints what fails. All is said here, since
# hypothesis itself chooses other defaults under CI.
settings.register_profile(
    "dev", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("quick", parent=settings.get_profile("dev"), max_examples=20)
settings.register_profile(
    "nightly",
    parent=settings.get_profile("dev"),
    max_examples=2_000,
    derandomize=False,
    database=DirectoryBasedExampleDatabase(".hypothesis/examples"),
    print_blob=True,
)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "dev")
settings.load_profile(PROFILE)
if PROFILE != "nightly":
    # Hypothesis also draws constants of the sources that happen to be imported, so the same seed gave other examples to
    # a test that ran alone, or beside others. No setting of its own turns that off.
    providers._get_local_constants = providers.Constants
if PROFILE == "nightly":
    # The workers inherit it, and draw from the same.
    os.environ.setdefault("LAYER2_SEED", str(secrets.randbelow(2**32)))


def pytest_report_header() -> str:
    """How the examples are drawn, and with which seed a night can be repeated."""
    seed = f", LAYER2_SEED={os.environ['LAYER2_SEED']}" if PROFILE == "nightly" else ""
    return f"examples: {PROFILE}{seed}"


ROOT = Path(__file__).resolve().parents[1]
CONTRACTS = ROOT / "contracts"
DURATIONS: dict[str, dict[str, float]] = json.loads((ROOT / "tests" / "durations.json").read_text(encoding="utf-8"))
"""Seconds of each module that takes one or more, measured by `make durations`: `test` on no node, `anvil` on one."""

SLOW = 4.0
"""Seconds from which on all tests of a module are marked `slow`: `make test` leaves them to `make check`."""


def pytest_sessionstart(session: pytest.Session) -> None:
    """Stop a run on artifacts that are older than `contracts/`: it would test what is not there any more."""
    # A mutation is compiled into a copy's artifacts alone.
    if "LAYER2_MUTATION" not in os.environ:
        require_fresh(CONTRACTS)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import slow modules where they are left out: imports are a good part of a short run."""
    chosen: str = config.option.markexpr or ""
    return True if "not slow" in chosen and is_slow(collection_path) else None


def is_slow(module: Path) -> bool:
    """Whether a module's tests are marked `slow`."""
    return module.is_relative_to(ROOT) and DURATIONS["test"].get(module.relative_to(ROOT).as_posix(), 0) >= SLOW


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of slow modules; put the longest first, directory by directory: a package has one deployment."""
    seconds: Counter[str] = Counter()
    for table in DURATIONS.values():
        seconds.update(table)
    by_directory: Counter[Path] = Counter()
    module = {item.path: item.path.relative_to(ROOT).as_posix() for item in items}
    for path, name in module.items():
        by_directory[path.parent] += seconds[name]
    for item in items:
        if is_slow(item.path):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda one: (-by_directory[one.path.parent], one.path.parent, -seconds[module[one.path]], one.path))


def require_fresh(contracts: Path) -> None:
    """Raise `pytest.UsageError` unless the packaged artifacts were compiled from these sources."""
    if load_manifest().get("source_checksum") != source_checksum(contracts):
        raise pytest.UsageError("the packaged contracts are older than contracts/; run: make artifacts")


LONGEST_ID = 80
"""Characters of a parameter in the name of a test, which goes into the environment of all processes that it starts."""


def pytest_make_parametrize_id(val: object) -> str | None:
    """Long text and bytes are named by their length and hash; for all else pytest's own name."""
    if not isinstance(val, str | bytes) or len(val) <= LONGEST_ID:
        return None
    digest = hashlib.sha256(val.encode() if isinstance(val, str) else val).hexdigest()
    return f"{type(val).__name__}-{len(val)}-{digest[:8]}"
