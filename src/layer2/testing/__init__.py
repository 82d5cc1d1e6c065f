"""Test support: strict `reverts`, isolation, snapshots, source checks, adversaries and mocks.

`layer2.testing.isolation` requires hypothesis and must be imported by name.
"""

from __future__ import annotations

from layer2.testing.adversaries.base import Adversary, AttackRecord, adversaries
from layer2.testing.contracts.mocks import deploy_mock, mock_names
from layer2.testing.revert_checks.revert_data import revert_data
from layer2.testing.revert_checks.reverts import CaughtRevert, reverts
from layer2.testing.snapshots import Snapshots

__all__ = [
    "Adversary",
    "AttackRecord",
    "CaughtRevert",
    "Snapshots",
    "adversaries",
    "deploy_mock",
    "mock_names",
    "revert_data",
    "reverts",
]
