"""Records of listening services on this machine, by which the same user's other commands find them.

A service with its journal in a workspace folder writes a small file there while it serves. A command that finds the
journal locked reads the file. It is used only if no other user can have written it and its writer still runs; the
service at the address is verified as usual.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from layer2.api.http.connection_limits import MOST_CONNECTIONS
from layer2.cli.common.workspace import Workspace
from layer2.primitives.errors import InputError, MalformedError
from layer2.primitives.json_text import parse_json

__all__ = ["announced", "hosting_options", "listening", "listening_at", "url_at_home"]

F = TypeVar("F", bound=Callable[..., Any])

_NAME = "listening.json"
_MOST_BYTES = 4_096
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}


def listening(text: str, option: str = "--listen") -> tuple[str, int]:
    """Parse `host:port` into host and port; raise InputError."""
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise InputError(f"{option} {text!r}: not an address", hint="pass host:port, port 0 takes a free one")
    return host.strip("[]"), int(port)


@contextlib.contextmanager
def announced(folder: Path, url: str) -> Iterator[None]:
    """Record in a folder, for the duration of the context, that its service listens at a URL."""
    target, part = folder / _NAME, folder / f"{_NAME}.part"
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump({"url": url_at_home(url), "pid": os.getpid()}, file)
    part.replace(target)
    try:
        yield
    finally:
        target.unlink(missing_ok=True)


def listening_at(folder: Path) -> str | None:
    """Return the URL at which a folder's service listens, or None without a valid record."""
    try:
        handle = os.open(folder / _NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o077:
            return None
        raw = os.read(handle, _MOST_BYTES + 1)
    finally:
        os.close(handle)
    try:
        said = parse_json(raw) if len(raw) <= _MOST_BYTES else None
    except MalformedError:
        return None
    if not isinstance(said, dict) or not _is_alive(said.get("pid")) or not _is_url(said.get("url")):
        return None
    return str(said["url"])


def url_at_home(url: str) -> str:
    """Return the local form of a URL: a wildcard address becomes the loopback address."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    return f"http://{_ANY_ADDRESS.get(host, host)}:{port}"


def hosting_options(command: F) -> F:
    """Add the options of a public service, `--allow-host` and `--behind-proxy`, and store them in the workspace."""

    @functools.wraps(command)
    def wrapper(
        *args: Any, workspace: Workspace, allow_host: tuple[str, ...], behind_proxy: bool, **kwargs: Any
    ) -> Any:
        workspace.limits = {"hosts": allow_host}
        if behind_proxy:
            workspace.limits["most_per_address"] = MOST_CONNECTIONS
        return command(*args, workspace=workspace, **kwargs)

    vars(wrapper)["__click_params__"] = list(getattr(command, "__click_params__", []))
    hosts = click.option(
        "--allow-host",
        multiple=True,
        envvar="LAYER2_ALLOW_HOST",
        show_envvar=True,
        help="Accept this name in the Host header too; repeat for several.",
    )
    proxy = click.option(
        "--behind-proxy", is_flag=True, help="All connections come from a reverse proxy: no limit per address."
    )
    decorated: Any = hosts(proxy(wrapper))
    result: F = decorated
    return result


def _is_alive(pid: object) -> bool:
    if type(pid) is not int or not 0 < pid < 1 << 31:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_url(url: object) -> bool:
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = parts.path in ("", "/") and not parts.query and not parts.fragment and parts.username is None
    return parts.scheme == "http" and bool(parts.hostname) and port is not None and port > 0 and plain
