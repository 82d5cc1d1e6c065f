"""Checks of the `Host` header, so that no web page reaches a loopback service under its own name.

A page whose name resolves to 127.0.0.1 (DNS rebinding) could read the service's responses, because the browser treats
the service as the page's own server. The browser, however, sends the page's name as `Host`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from aiohttp import web

from layer2.api.http.errors import HostUnknown

__all__ = ["HOSTS", "allowed_hosts", "is_loopback", "require_host"]

HOSTS = web.AppKey("hosts", object)
"""Allowed host names of an application: a frozenset, or None for all."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def is_loopback(host: str) -> bool:
    """Return True if a listening address can be reached from this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def allowed_hosts(host: str, more: Sequence[str] = ()) -> frozenset[str] | None:
    """Return the host names allowed for a service that listens at `host`; None for all."""
    if not more and not is_loopback(host):
        return None
    return frozenset(_plain(one) for one in (*_LOOPBACK, host, *more))


def require_host(given: Sequence[str], allowed: object) -> None:
    """Raise HostUnknown unless a request has exactly one `Host` header and it is `allowed`; None allows all."""
    if not isinstance(allowed, frozenset):
        return
    if len(given) != 1 or _name_of(given[0]) not in allowed:
        shown = f"{given[0]:.60}" if given else "none"
        raise HostUnknown(f"host {shown!r} is not a name of this service", hint="its operator can add it: --allow-host")


def _name_of(header: str) -> str:
    text = header.strip()
    if text.startswith("["):
        return _plain(text.partition("]")[0])
    return _plain(text.rpartition(":")[0] if text.count(":") == 1 else text)


def _plain(name: str) -> str:
    return name.strip().strip("[]").rstrip(".").lower()
