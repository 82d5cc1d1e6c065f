"""Which sequencer a command speaks to: a service by its URL, or this machine's own by its journal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from layer2.cli.common.endpoints import announced, listening, listening_at
from layer2.cli.common.workspace import Workspace
from layer2.primitives.errors import InputError
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.sequencer.journal import RESYNC
from layer2.rollup.sequencer.key_registrations import KeyPolicy
from layer2.rollup.sequencer.sequencer import Sequencer
from layer2.rollup.sequencer.signature_workers import Verifier
from layer2.rollup.wallet.wallet import Gate
from layer2.store.errors import JournalLocked
from layer2.store.journal import Journal

__all__ = ["gate_at", "local_sequencer", "serving"]


@contextlib.contextmanager
def gate_at(where: str, workspace: Workspace, rollup: RollupContract, replica: Replica) -> Iterator[Gate]:
    """The sequencer at a URL, or (`local`) the one whose journal lies in the workspace, or that serves from there.

    Raises:
        InputError: neither a URL nor `local`. WrongChain: it is of another rollup. Unreachable: it does not answer.
        JournalLocked: it is running, and does not serve.
    """
    if where == "local":
        with contextlib.ExitStack() as held:
            try:
                sequencer = held.enter_context(local_sequencer(workspace, rollup, replica))
            except JournalLocked:
                found = listening_at(_folder(workspace, rollup))
                if found is None:
                    raise
                where = found
            else:
                yield sequencer
                return
    if not where.startswith(("http://", "https://")):
        raise InputError(f"sequencer {where!r}: neither a URL nor `local`", hint="pass http://host:port")
    from layer2.api.rollup.client import RemoteSequencer

    client = RemoteSequencer(where, rollup)
    try:
        yield client
    finally:
        client.close()


@contextlib.contextmanager
def local_sequencer(
    workspace: Workspace,
    rollup: RollupContract,
    replica: Replica,
    *,
    least_fee: int = 0,
    key_fee: int = 0,
    verifier: Verifier | None = None,
) -> Iterator[Sequencer]:
    """The sequencer of this machine, on its journal; it posts as the acting account.

    `least_fee`: of an operation in ether, wei; `key_fee`: of an account for a key. `verifier`: who checks signatures,
    the calling thread without it.
    """
    path = _folder(workspace, rollup) / "sequencer.journal"
    try:
        journal = Journal(path, kind=Sequencer.KIND, recovery=RESYNC)
    except JournalLocked as held:
        raise JournalLocked(
            f"the sequencer of {rollup.address} is running on this machine", hint="pass its URL with --sequencer"
        ) from held
    with journal:
        yield Sequencer(
            rollup,
            workspace.sender,
            journal,
            replica=replica,
            least_fee={0: least_fee},
            key_policy=KeyPolicy(key_fee),
            verifier=verifier,
        )


@contextlib.contextmanager
def serving(sequencer: Sequencer, listen: str, workspace: Workspace) -> Iterator[str]:
    """Serve a sequencer over HTTP at `host:port`, where other commands find it; its URL. The caller steps it.

    Raises:
        InputError: no such address, or it is taken.
    """
    from layer2.api.rollup.service import Service

    with (
        Service(sequencer, *listening(listen), **workspace.limits) as service,
        announced(_folder(workspace, sequencer.rollup), service.url),
    ):
        yield service.url


def _folder(workspace: Workspace, rollup: RollupContract) -> Path:
    return workspace.folder_of(f"sequencer-{rollup.address}")
