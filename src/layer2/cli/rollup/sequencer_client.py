"""Selection of the sequencer of a command: a service by its URL, or this machine's own by its journal."""

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
from layer2.rollup.sequencer.signature_workers import SignatureWorkers
from layer2.rollup.wallet.wallet import SequencerClient
from layer2.store.errors import JournalLocked
from layer2.store.journal import Journal

__all__ = ["gate_at", "local_sequencer", "serving"]


@contextlib.contextmanager
def gate_at(where: str, workspace: Workspace, rollup: RollupContract, replica: Replica) -> Iterator[SequencerClient]:
    """Yield the sequencer at a URL, or for `local` the one of this machine, by its journal or its listening address.

    Raises:
        InputError: The argument is neither a URL nor `local`.
        WrongChain: The sequencer serves another rollup.
        Unreachable: The sequencer does not respond.
        JournalLocked: The sequencer runs on this machine without serving.
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
    verifier: SignatureWorkers | None = None,
) -> Iterator[Sequencer]:
    """Yield this machine's sequencer on its journal, which posts as the acting account.

    Args:
        least_fee: Minimum fee of an ether operation in wei.
        key_fee: Fee in wei of an account for a key.
        verifier: Verifies signatures; by default the calling thread does.
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
    """Serve a sequencer over HTTP at `host:port`, announce it to other commands, and yield its URL.

    The caller steps the sequencer.

    Raises:
        InputError: The address is invalid or in use.
    """
    from layer2.api.rollup.service import SequencerService

    with (
        SequencerService(sequencer, *listening(listen), **workspace.limits) as service,
        announced(_folder(workspace, sequencer.rollup), service.url),
    ):
        yield service.url


def _folder(workspace: Workspace, rollup: RollupContract) -> Path:
    return workspace.folder_of(f"sequencer-{rollup.address}")
