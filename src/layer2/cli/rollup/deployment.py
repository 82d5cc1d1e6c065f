"""The rollup recorded for a chain, and its local files: archived blobs and a final state."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from layer2.cli.common.deployment import recorded
from layer2.cli.common.workspace import Workspace
from layer2.cli.deploy.rollup import NAME
from layer2.primitives.worker_pool import WorkerPool
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.derivation.snapshot import Snapshot
from layer2.rollup.l1.blob_sources import Blobs
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.errors import SnapshotWrong
from layer2.store.blob_archive import Archive
from layer2.store.errors import JournalError

__all__ = ["RollupDeployment", "place_of"]

_BEACON = "LAYER2_BEACON"
"""Environment variable with the URL of a beacon node, queried for blobs that the chain's own node does not serve."""


@dataclass(frozen=True, slots=True)
class RollupDeployment:
    """The recorded rollup contract, and the data to follow it from its first block."""

    workspace: Workspace
    rollup: RollupContract
    start_block: int
    blobs: Blobs

    @property
    def state_file(self) -> Path:
        """Path of the last final state that this machine's nodes saved."""
        return _folder(self.workspace, self.rollup) / "state.snapshot"

    def replica(self) -> Replica:
        """Return a new replica that has read the whole chain."""
        return self._follow(None)

    def node_replica(self, snapshot: str | None = None, workers: WorkerPool | None = None) -> Replica:
        """Return a replica that starts from a final state if available: from a file, or saved by an earlier run.

        The replica can verify every open assertion.

        Args:
            snapshot: File with the state to start from; by default the saved one, if there is one.
            workers: Workers that verify signatures; by default the calling thread verifies them.

        Raises:
            SnapshotWrong: The named file is not a state of this rollup, or open assertions start before it. A saved
                state is skipped in that case with a message, and all batches are executed from the first one.
        """
        if snapshot is not None:
            return self._begin(Snapshot.load(snapshot), workers)
        if self.state_file.exists():
            try:
                return self._begin(Snapshot.load(self.state_file), workers)
            except (SnapshotWrong, OSError) as fault:
                click.echo(f"{fault}; starting from the first entry", err=True)
        return self._follow(None, workers)

    def _begin(self, snapshot: Snapshot, workers: WorkerPool | None) -> Replica:
        fresh = self._follow(snapshot, workers)
        lost = fresh.out_of_reach()
        if lost:
            raise SnapshotWrong(
                f"snapshot: {len(lost)} open assertions ({lost[0].id.hex()[:8]}, ..) start before its entry "
                f"{snapshot.claim.inbox_end}, so they cannot be verified",
                hint="use an older snapshot, or none",
            )
        return fresh

    def _follow(self, snapshot: Snapshot | None, workers: WorkerPool | None = None) -> Replica:
        fresh = Replica(self.rollup, start_block=self.start_block, blobs=self.blobs, snapshot=snapshot, workers=workers)
        fresh.step()
        return fresh


@contextlib.contextmanager
def place_of(workspace: Workspace, deployments: str = "deployments") -> Iterator[RollupDeployment]:
    """Yield the rollup recorded for the chain."""
    connection, record = workspace.connection, recorded(workspace, NAME, deployments)
    rollup = RollupContract.at(connection, record.address)
    archive = _archive(_folder(workspace, rollup) / "blobs.archive")
    try:
        yield RollupDeployment(
            workspace, rollup, record.block, Blobs.of(connection, archive, os.environ.get(_BEACON, ""))
        )
    finally:
        archive.close()


def _archive(path: Path) -> Archive:
    """Return the blob archive, or an empty one if the disk fails; archived blobs only save a second download."""
    try:
        return Archive(path)
    except (JournalError, OSError) as fault:
        click.echo(f"{fault}; continuing without it", err=True)
        return Archive()


def _folder(workspace: Workspace, rollup: RollupContract) -> Path:
    return workspace.folder_of(f"rollup-{rollup.address}")
