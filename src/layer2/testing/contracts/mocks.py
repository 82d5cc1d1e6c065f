"""Deployment of the hostile and auxiliary contracts in `contracts/mocks`."""

from __future__ import annotations

from typing import Any

from layer2.ethereum.artifacts import artifact_names, load_artifact
from layer2.ethereum.contract import Contract, deploy
from layer2.ethereum.sender import Sender

__all__ = ["deploy_mock", "mock_names"]


def deploy_mock(name: str, *args: Any, sender: Sender, value: int = 0) -> Contract:
    """Deploy a mock by name with constructor arguments and `value` wei; raise `ArtifactError` for an unknown name.

    The usual token is `deploy_mock("MockToken", "Dollar", "USD", 6, sender=deployer)`.
    """
    return deploy(sender, load_artifact(name, mocks=True), *args, value=value)


def mock_names() -> list[str]:
    """Return the mocks that can be deployed, without interfaces, libraries and abstract contracts."""
    return [name for name in artifact_names(mocks=True) if _deployable(name)]


def _deployable(name: str) -> bool:
    artifact = load_artifact(name, mocks=True)
    return bool(artifact.bytecode) and any(entry["type"] != "error" for entry in artifact.abi)
