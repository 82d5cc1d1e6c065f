"""The names under which a service on the loopback answers: one header, one of its own names."""

from __future__ import annotations

import pytest

from layer2.api.http.errors import HostUnknown
from layer2.api.http.host_check import allowed_hosts, require_host

OWN = allowed_hosts("127.0.0.1", ["node.example"])


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8545", "127.0.0.1:1", "[::1]:80", "::1", "localhost.", "node.example"]
)
def test_its_own_names_are_answered(host: str) -> None:
    require_host([host], OWN)


@pytest.mark.parametrize(
    "given",
    [
        [],
        [""],
        ["evil.example"],
        ["localhost.evil.example"],
        ["evil.example:127.0.0.1"],
        ["127.0.0.2"],
        ["localhost", "evil.example"],
        ["evil.example", "localhost"],
        ["localhost", "localhost"],
    ],
)
def test_no_other_name_is_and_no_two(given: list[str]) -> None:
    """Of two, a proxy may have looked at the one and the service would look at the other."""
    with pytest.raises(HostUnknown, match="is not a name of this service"):
        require_host(given, OWN)


def test_who_listens_to_all_the_world_asks_for_no_name_unless_told() -> None:
    assert allowed_hosts("0.0.0.0") is None
    require_host(["anything"], allowed_hosts("192.0.2.1"))
    with pytest.raises(HostUnknown):
        require_host(["anything"], allowed_hosts("192.0.2.1", ["node.example"]))
