"""Health of a rollup node that its command steps, served over HTTP for monitoring."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from layer2.cli.common.daemons import Troubles
from layer2.primitives.errors import InputError
from layer2.rollup.derivation.replica import Replica

__all__ = ["health_of"]


@contextlib.contextmanager
def health_of(replica: Replica, troubles: Troubles, listen: str) -> Iterator[str]:
    """Serve `/v1/health` and `/metrics` at `host:port`, and yield the URL.

    Raises:
        InputError: `listen` is not an address, or it is in use.
    """
    from layer2.api.http.node_health import NodeHealth

    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise InputError(f"--health {listen!r}: not an address", hint="pass host:port, port 0 takes a free one")

    def tell() -> dict[str, Any]:
        failures = troubles.lines()
        return {
            "ok": not failures,
            "failure": failures[0] if failures else None,
            "failures": len(failures),
            "entries": len(replica.entries),
            "unread": replica.unread,
            "open_assertions": len(replica.open_claims()),
        }

    with NodeHealth(replica, tell, host.strip("[]"), int(port)) as service:
        yield service.url
