"""The typed errors are the contract's, one to one, with the same fields in the same order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from layer2.channels.bindings.errors import HubError, StaleCounter
from layer2.primitives.errors import Layer2Error

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"
SOURCES = (CONTRACTS / "interfaces" / "IChannelHubErrors.sol", CONTRACTS / "lib" / "Calldata.sol")


def declared() -> dict[str, tuple[str, ...]]:
    found = re.findall(r"^\s*error (\w+)\(([^)]*)\);", "".join(source.read_text() for source in SOURCES), re.MULTILINE)
    return {name: tuple(part.split()[1] for part in fields.split(",") if part) for name, fields in found}


def test_every_declared_error_has_its_class_and_no_class_is_left_over() -> None:
    assert declared()
    assert {name: kind.FIELDS for name, kind in HubError.kinds().items()} == declared()


@pytest.mark.parametrize("kind", HubError.kinds().values())
def test_each_error_shows_its_values_in_one_line(kind: type[HubError]) -> None:
    error = kind(*range(len(kind.FIELDS)))
    assert isinstance(error, Layer2Error)
    assert "\n" not in str(error)
    for index, field in enumerate(kind.FIELDS):
        assert f"{field} {index}" in str(error)
    with pytest.raises(TypeError):
        kind(*range(len(kind.FIELDS) + 1))


def test_a_decoded_revert_becomes_the_typed_error_and_a_foreign_one_none() -> None:
    values = {"channelId": bytes(32), "have": 5, "given": 4}
    assert HubError.from_revert("StaleCounter", values) == StaleCounter(bytes(32), 5, 4)
    assert HubError.from_revert("StaleCounter", {"have": 5}) is None
    assert HubError.from_revert("Panic", {"code": 1}) is None
    assert HubError.from_revert(None, {}) is None
