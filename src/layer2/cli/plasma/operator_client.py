"""Selection of the operator of a command: a service by its URL, or this machine's own by its folder."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from layer2.cli.common.endpoints import announced, listening, listening_at
from layer2.cli.common.operator_url import MARGIN, bodies_at, require_url
from layer2.cli.plasma.deployment import PlasmaDeployment
from layer2.plasma.common.watcher.block_sources import BodySource
from layer2.plasma.payments.chain.follower import ChainLog
from layer2.plasma.payments.operator.client_protocol import LocalOperator, OperatorClient
from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.payments.utxo.fees import FeePolicy
from layer2.plasma.payments.watcher.watcher import Watcher
from layer2.primitives.worker_pool import WorkerPool
from layer2.store.errors import JournalLocked

if TYPE_CHECKING:
    from layer2.api.plasma.remote_operator import RemoteOperatorClient
    from layer2.api.plasma.watcher_service import WatchService

__all__ = [
    "gate_at",
    "local_operator",
    "serving",
    "serving_watcher",
    "sources_at",
]


@contextlib.contextmanager
def gate_at(where: str, place: PlasmaDeployment) -> Iterator[OperatorClient]:
    """Yield the operator at a URL, or for `local` the one of this machine, by its folder or its listening address.

    Raises:
        InputError: The argument is neither a URL nor `local`.
        WrongChain: The operator serves another chain.
        Unreachable: The operator does not respond.
        JournalLocked: The operator runs on this machine without serving.
    """
    if where == "local":
        with contextlib.ExitStack() as held:
            try:
                operator = held.enter_context(local_operator(place))
            except JournalLocked:
                found = listening_at(place.operator_folder)
                if found is None:
                    raise
                where = found
            else:
                yield LocalOperator(operator)
                return
    with _remote(where, place) as gate:
        yield gate


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
    try:
        operator = Operator(
            chain,
            place.operator_folder,
            fee_owner=place.root.head()[0],
            policy=FeePolicy({0: least_fee}) if least_fee else None,
            margin=0 if workspace.connection.is_dev else MARGIN,
            workers=workers,
        )
    except JournalLocked as held:
        raise JournalLocked(
            f"the operator of {place.root.address} is running on this machine", hint="pass its URL with --operator"
        ) from held
    try:
        yield operator
    finally:
        operator.close()


@contextlib.contextmanager
def serving(
    operator: Operator, listen: str, place: PlasmaDeployment, bodies: Callable[[int], Path] | None = None
) -> Iterator[str]:
    """Serve an operator over HTTP at `host:port`, announce it to other commands, and yield its URL.

    The caller steps the operator.

    Args:
        bodies: Returns the path of a block's data; the operator's own files by default.

    Raises:
        InputError: The address is invalid or in use.
    """
    from layer2.api.plasma.payments_service import PlasmaService

    with (
        PlasmaService(operator, *listening(listen), bodies=bodies, **place.workspace.limits) as service,
        announced(place.operator_folder, service.url),
    ):
        yield service.url


@contextlib.contextmanager
def serving_watcher(watcher: Watcher, serve: str, place: PlasmaDeployment) -> Iterator[WatchService]:
    """Serve a watcher over HTTP at `host:port`. The caller steps its desk. Raises the errors of `serving`."""
    from layer2.api.plasma.watcher_service import WatchService

    with WatchService(watcher, *listening(serve, "--serve"), **place.workspace.limits) as service:
        yield service


@contextlib.contextmanager
def _remote(where: str, place: PlasmaDeployment) -> Iterator[RemoteOperatorClient]:
    require_url(where)
    from layer2.api.plasma.payments_client import RemoteOperator
    from layer2.api.plasma.remote_operator import RemoteOperatorClient

    client = RemoteOperator(where, place.root)
    try:
        yield RemoteOperatorClient(client)
    finally:
        client.close()
