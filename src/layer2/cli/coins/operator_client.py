"""Selection of the coin operator of a command: a service by its URL, or this machine's own by its folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from layer2.cli.coins.deployment import CoinDeployment
from layer2.cli.common.endpoints import announced, listening, listening_at
from layer2.cli.common.operator_url import MARGIN, bodies_at, require_url
from layer2.plasma.coins.chain.block_sources import CoinBodies, CoinSource
from layer2.plasma.coins.chain.operator_client import CoinOperatorClient
from layer2.plasma.coins.operator.operator import CoinOperator
from layer2.primitives.worker_pool import WorkerPool
from layer2.store.errors import JournalLocked

__all__ = ["coin_gate_at", "coin_sources_at", "local_coins", "serving_coins"]


@contextlib.contextmanager
def coin_gate_at(where: str, place: CoinDeployment) -> Iterator[CoinOperatorClient]:
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
                operator = held.enter_context(local_coins(place))
            except JournalLocked:
                found = listening_at(place.operator_folder)
                if found is None:
                    raise
                where = found
            else:
                yield operator
                return
    require_url(where)
    from layer2.api.plasma.coins_client import RemoteCoins

    client = RemoteCoins(where, place.chain)
    try:
        yield client
    finally:
        client.close()


def coin_sources_at(wheres: Sequence[str], place: CoinDeployment) -> list[CoinSource]:
    """Return sources of coin block data from URLs, folders and `local`, without querying them."""
    return [CoinBodies(one) for one in bodies_at(wheres, place.bodies)]


@contextlib.contextmanager
def local_coins(place: CoinDeployment, *, workers: WorkerPool | None = None) -> Iterator[CoinOperator]:
    """Yield this machine's operator on its folder, which submits as the acting account.

    Args:
        workers: Workers that verify signatures; by default the calling thread verifies them.
    """
    workspace = place.workspace
    margin = 0 if workspace.connection.is_dev else MARGIN
    try:
        operator = CoinOperator(
            place.chain,
            workspace.sender,
            place.operator_folder,
            start_block=place.start_block,
            margin=margin,
            workers=workers,
        )
    except JournalLocked as held:
        raise JournalLocked(
            f"the operator of coins of {place.chain.address} is running on this machine",
            hint="pass its URL with --operator",
        ) from held
    try:
        yield operator
    finally:
        operator.close()


@contextlib.contextmanager
def serving_coins(operator: CoinOperator, listen: str, place: CoinDeployment) -> Iterator[str]:
    """Serve an operator over HTTP at `host:port`, announce it to other commands, and yield its URL.

    The caller steps the operator.

    Raises:
        InputError: The address is invalid or in use.
    """
    from layer2.api.plasma.coins_service import CoinService

    with (
        CoinService(operator, *listening(listen), **place.workspace.limits) as service,
        announced(place.operator_folder, service.url),
    ):
        yield service.url
