"""The operator of a coin command, and its service."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

from layer2.cli.coins.deployment import CoinDeployment
from layer2.cli.common.block_sources import bodies_at
from layer2.cli.common.endpoints import listening
from layer2.cli.common.operator_client import DEPOSIT_MARGIN, client_at, only_here, served
from layer2.plasma.coins.chain.block_sources import CoinBodies, CoinSource
from layer2.plasma.coins.chain.operator_client import CoinOperatorClient
from layer2.plasma.coins.operator.operator import CoinOperator
from layer2.primitives.worker_pool import WorkerPool

__all__ = ["coin_gate_at", "coin_sources_at", "local_coins", "serving_coins"]


def coin_gate_at(where: str, place: CoinDeployment) -> AbstractContextManager[CoinOperatorClient]:
    """Return the operator at a URL or `local`, as a context; its errors are those of `client_at`."""

    def remote(url: str) -> AbstractContextManager[CoinOperatorClient]:
        from layer2.api.plasma.coins_client import RemoteCoins

        return contextlib.closing(RemoteCoins(url, place.chain))

    return client_at(where, "operator", place.operator_folder, lambda: local_coins(place), remote)


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
    with only_here(f"operator of coins of {place.address}", "--operator"):
        operator = CoinOperator(
            place.chain,
            workspace.sender,
            place.operator_folder,
            start_block=place.start_block,
            margin=0 if workspace.connection.is_dev else DEPOSIT_MARGIN,
            workers=workers,
        )
    with contextlib.closing(operator):
        yield operator


def serving_coins(operator: CoinOperator, listen: str, place: CoinDeployment) -> AbstractContextManager[str]:
    """Return the context that serves an operator over HTTP at `host:port`, with the URL. The caller steps the operator.

    Raises:
        InputError: The address is invalid or in use.
    """
    from layer2.api.plasma.coins_service import CoinService

    return served(CoinService(operator, *listening(listen), **place.workspace.limits), place.operator_folder)
