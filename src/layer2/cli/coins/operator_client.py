"""Which operator of coins a command speaks to: a service by its URL, or this machine's own by its folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from layer2.cli.coins.deployment import CoinPlace
from layer2.cli.common.endpoints import announced, listening, listening_at
from layer2.cli.common.operator_url import MARGIN, bodies_at, require_url
from layer2.plasma.coins.chain.block_sources import CoinBodies, CoinSource
from layer2.plasma.coins.chain.operator_client import CoinGate
from layer2.plasma.coins.operator.operator import CoinOperator
from layer2.primitives.worker_pool import Workers
from layer2.store.errors import JournalLocked

__all__ = ["coin_gate_at", "coin_sources_at", "local_coins", "serving_coins"]


@contextlib.contextmanager
def coin_gate_at(where: str, place: CoinPlace) -> Iterator[CoinGate]:
    """The operator at a URL, or (`local`) the one whose folder lies in the workspace, or that serves from there.

    Raises:
        InputError: neither a URL nor `local`. WrongChain: it is of another chain. Unreachable: it does not answer.
        JournalLocked: it is running, and does not serve.
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


def coin_sources_at(wheres: Sequence[str], place: CoinPlace) -> list[CoinSource]:
    """Bodies of coin blocks from URLs, folders, and `local`, this machine's operator. Nobody is asked yet."""
    return [CoinBodies(one) for one in bodies_at(wheres, place.bodies)]


@contextlib.contextmanager
def local_coins(place: CoinPlace, *, workers: Workers | None = None) -> Iterator[CoinOperator]:
    """The operator of this machine, on its folder; it submits as the acting account.

    `workers`: who checks signatures, the calling thread without it.
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
def serving_coins(operator: CoinOperator, listen: str, place: CoinPlace) -> Iterator[str]:
    """Serve an operator over HTTP at `host:port`, where other commands find it; its URL. The caller steps it.

    Raises:
        InputError: no such address, or it is taken.
    """
    from layer2.api.plasma.coins_service import CoinService

    with (
        CoinService(operator, *listening(listen), **place.workspace.limits) as service,
        announced(place.operator_folder, service.url),
    ):
        yield service.url
