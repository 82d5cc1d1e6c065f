"""Checks the `Host` header, so that no web page reaches a service on the loopback under a name of its own.

A page whose name is made to resolve to 127.0.0.1 (DNS rebinding) may read what it asks there, as the browser thinks
that it asks its own server. But the browser sends the page's name as `Host`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from aiohttp import web

from layer2.api.http.errors import HostUnknown

__all__ = ["HOSTS", "allowed_hosts", "is_loopback", "require_host"]

HOSTS = web.AppKey("hosts", object)
"""The names that an application answers to: a frozenset, or None for all."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def is_loopback(host: str) -> bool:
    """Whether an address to listen at can be reached from this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def allowed_hosts(host: str, more: Sequence[str] = ()) -> frozenset[str] | None:
    """The names a service that listens at `host` answers to; None for all."""
    if not more and not is_loopback(host):
        return None
    return frozenset(_plain(one) for one in (*_LOOPBACK, host, *more))


def require_host(given: Sequence[str], allowed: object) -> None:
    """Raise HostUnknown unless the `Host` headers of a request are one that is `allowed`; None allows all."""
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
