"""Which sequencer a command speaks to: a service by its URL, or this machine's own by its journal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from layer2.cli.workspace import Workspace
from layer2.primitives.errors import InputError
from layer2.rollup.contract import RollupContract
from layer2.rollup.replica import Replica
from layer2.rollup.sequencer import Sequencer
from layer2.rollup.wallet import Gate
from layer2.store.errors import JournalLocked
from layer2.store.journal import Journal

__all__ = ["gate_at", "local_sequencer"]


@contextlib.contextmanager
def gate_at(where: str, workspace: Workspace, rollup: RollupContract, replica: Replica) -> Iterator[Gate]:
    """The sequencer at a URL, or (`local`) the one whose journal lies in the workspace.

    Raises:
        InputError: neither a URL nor `local`.
        JournalLocked: it is running: speak to its URL.
    """
    if where == "local":
        with local_sequencer(workspace, rollup, replica) as sequencer:
            yield sequencer
        return
    if not where.startswith(("http://", "https://")):
        raise InputError(f"sequencer {where!r}: neither a URL nor `local`", hint="pass http://host:port")
    raise InputError(f"sequencer {where}: no client", hint="use local")


@contextlib.contextmanager
def local_sequencer(workspace: Workspace, rollup: RollupContract, replica: Replica) -> Iterator[Sequencer]:
    """The sequencer of this machine, on its journal; it posts as the acting account."""
    path = workspace.folder_of(f"sequencer-{rollup.address}") / "sequencer.journal"
    try:
        journal = Journal(path, kind=Sequencer.KIND)
    except JournalLocked as held:
        raise JournalLocked(
            f"the sequencer of {rollup.address} is running on this machine", hint="pass its URL with --sequencer"
        ) from held
    with journal:
        yield Sequencer(rollup, workspace.sender, journal, replica=replica)
