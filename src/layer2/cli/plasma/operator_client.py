"""The operator of a payments command, and its services."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from layer2.cli.common.block_sources import bodies_at
from layer2.cli.common.endpoints import listening
from layer2.cli.common.operator_client import DEPOSIT_MARGIN, client_at, only_here, served
from layer2.cli.plasma.deployment import PlasmaDeployment
from layer2.plasma.common.watcher.block_sources import BodySource
from layer2.plasma.payments.chain.follower import ChainLog
from layer2.plasma.payments.operator.client_protocol import LocalOperator, OperatorClient
from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.payments.utxo.fees import FeePolicy
from layer2.plasma.payments.watcher.watcher import Watcher
from layer2.primitives.worker_pool import WorkerPool

if TYPE_CHECKING:
    from layer2.api.plasma.watcher_service import WatchService

__all__ = ["gate_at", "local_operator", "serving", "serving_watcher", "sources_at"]


def gate_at(where: str, place: PlasmaDeployment) -> AbstractContextManager[OperatorClient]:
    """Return the operator at a URL or `local`, as a context; its errors are those of `client_at`."""

    @contextlib.contextmanager
    def local() -> Iterator[OperatorClient]:
        with local_operator(place) as operator:
            yield LocalOperator(operator)

    @contextlib.contextmanager
    def remote(url: str) -> Iterator[OperatorClient]:
        from layer2.api.plasma.payments_client import RemoteOperator
        from layer2.api.plasma.remote_operator import RemoteOperatorClient

        with contextlib.closing(RemoteOperator(url, place.root)) as client:
            yield RemoteOperatorClient(client)

    return client_at(where, "operator", place.operator_folder, local, remote)


def sources_at(wheres: Sequence[str], place: PlasmaDeployment) -> list[BodySource]:
    """Return sources of block data from URLs of operators and watchers, folders, and `local`, this machine's operator.

    The sources are not queried yet. A watcher reports unavailable or hostile sources, and needs only one good source.
    """
    return bodies_at(wheres, place.bodies)


@contextlib.contextmanager
def local_operator(
    place: PlasmaDeployment, *, least_fee: int = 0, workers: WorkerPool | None = None
) -> Iterator[Operator]:
    """Yield this machine's operator on its folder, which submits as the acting account.

    Args:
        least_fee: Minimum fee of a payment in wei.
        workers: Workers that verify signatures; by default the calling thread verifies them.
    """
    workspace = place.workspace
    chain = ChainLog(place.root, workspace.sender, start_block=place.start_block)
    with only_here(f"operator of {place.address}", "--operator"):
        operator = Operator(
            chain,
            place.operator_folder,
            fee_owner=place.root.head()[0],
            policy=FeePolicy({0: least_fee}) if least_fee else None,
            margin=0 if workspace.connection.is_dev else DEPOSIT_MARGIN,
            workers=workers,
        )
    with contextlib.closing(operator):
        yield operator


def serving(
    operator: Operator, listen: str, place: PlasmaDeployment, bodies: Callable[[int], Path] | None = None
) -> AbstractContextManager[str]:
    """Return the context that serves an operator over HTTP at `host:port`, with the URL. The caller steps the operator.

    Args:
        bodies: Returns the path of a block's data; the operator's own files by default.

    Raises:
        InputError: The address is invalid or in use.
    """
    from layer2.api.plasma.payments_service import PlasmaService

    service = PlasmaService(operator, *listening(listen), bodies=bodies, **place.workspace.limits)
    return served(service, place.operator_folder)


def serving_watcher(watcher: Watcher, serve: str, place: PlasmaDeployment) -> WatchService:
    """Return the service of a watcher at `host:port`, not started. The caller steps its desk."""
    from layer2.api.plasma.watcher_service import WatchService

    return WatchService(watcher, *listening(serve, "--serve"), **place.workspace.limits)
