"""The sequencer of a rollup command, and its service."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from layer2.cli.common.endpoints import listening
from layer2.cli.common.operator_client import client_at, only_here, served
from layer2.cli.common.workspace import Workspace
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.sequencer.journal import RESYNC
from layer2.rollup.sequencer.key_registrations import KeyPolicy
from layer2.rollup.sequencer.sequencer import Sequencer
from layer2.rollup.sequencer.signature_workers import SignatureWorkers
from layer2.rollup.wallet.wallet import SequencerClient
from layer2.store.journal import Journal

__all__ = ["gate_at", "local_sequencer", "serving"]


def gate_at(
    where: str, workspace: Workspace, rollup: RollupContract, replica: Replica
) -> AbstractContextManager[SequencerClient]:
    """Return the sequencer at a URL or `local`, as a context; its errors are those of `client_at`."""

    def remote(url: str) -> AbstractContextManager[SequencerClient]:
        from layer2.api.rollup.client import RemoteSequencer

        return contextlib.closing(RemoteSequencer(url, rollup))

    folder = _folder(workspace, rollup)
    return client_at(where, "sequencer", folder, lambda: local_sequencer(workspace, rollup, replica), remote)


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
    with only_here(f"sequencer of {rollup.address}", "--sequencer"):
        journal = Journal(path, kind=Sequencer.KIND, recovery=RESYNC)
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


def serving(sequencer: Sequencer, listen: str, workspace: Workspace) -> AbstractContextManager[str]:
    """Return the context that serves a sequencer over HTTP at `host:port`, with the URL. The caller steps it.

    Raises:
        InputError: The address is invalid or in use.
    """
    from layer2.api.rollup.service import SequencerService

    service = SequencerService(sequencer, *listening(listen), **workspace.limits)
    return served(service, _folder(workspace, sequencer.rollup))


def _folder(workspace: Workspace, rollup: RollupContract) -> Path:
    return workspace.folder_of(f"sequencer-{rollup.address}")
