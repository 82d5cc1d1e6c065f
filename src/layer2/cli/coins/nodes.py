"""Coin node commands: operator, watcher, a single watcher step (`challenge`), and the guard of an owner's coins."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence

import click

from layer2.cli.coins.context import CoinContext, blocks_option, coin_desk_of, sources_option
from layer2.cli.coins.deployment import CoinDeployment, coin_place_of
from layer2.cli.coins.operator_client import coin_sources_at, local_coins, serving_coins
from layer2.cli.common.command_registry import COINS
from layer2.cli.common.daemons import Daemon, run_daemons
from layer2.cli.common.endpoints import hosting_options
from layer2.cli.common.operator_client import report_service
from layer2.cli.common.options import loop_options
from layer2.cli.common.watcher_loop import report_json, told, watching, watching_options
from layer2.cli.common.workspace import Workspace
from layer2.plasma.coins.chain.block_sources import CoinSource
from layer2.plasma.coins.operator.operator import CoinOperator
from layer2.plasma.coins.watcher.watcher import CoinWatcher
from layer2.plasma.common.watcher.actions import WatchPolicy
from layer2.primitives.units import counted, parse_duration
from layer2.primitives.worker_pool import WorkerPool

__all__ = [
    "LISTEN",
    "challenge",
    "coin_operator_of",
    "coin_watcher_of",
    "guard",
    "operating_coins",
    "operator",
    "watcher",
]

LISTEN = "127.0.0.1:8571"


def operating_coins(inner: CoinOperator) -> Daemon:
    """Return the daemon that builds blocks of pending transfers and submits them."""

    def step() -> list[str]:
        made = inner.step()
        if made is None:
            return []
        return [f"block {made.number}: {counted(made.count, 'transfer')}, root {made.root.hex()[:8]}"]

    return Daemon("coins", step)


def guarding(desk: CoinContext, though_signed: bool = False) -> Daemon:
    """Return the daemon that follows the account's coins, challenges exits by others, and answers challenges."""

    def step() -> list[str]:
        lines = [f"not verified: {fault}" for fault in desk.holder.sync()]
        for one in desk.holder.guard(though_signed=though_signed):
            lines.append(f"coin {one.coin:#x}, exit of block {one.number}: {one.name}, {one.detail}")
        return lines

    return Daemon("guard", step)


@COINS.verb("operator")
@loop_options
@hosting_options
@click.option("--listen", default=LISTEN, show_default=True, help="Address to serve at, host:port.")
@click.option(
    "--workers", default=os.cpu_count() or 1, help="Processes that verify signatures; one per core by default."
)
def operator(workspace: Workspace, once: bool, interval: str, listen: str, workers: int) -> None:
    """Run the operator: accept transfers over HTTP, build blocks and submit them as the acting account."""
    with coin_operator_of(coin_place_of(workspace), once, listen, workers) as inner:
        run_daemons([operating_coins(inner)], parse_duration(interval), once=once)


@COINS.verb("watcher")
@watching_options
@loop_options
@blocks_option
def watcher(
    workspace: Workspace, only_look: bool, patience: str, once: bool, interval: str, operator: tuple[str, ...]
) -> None:
    """Run a watcher of all coins: verify every block and exit, challenge invalid exits, process mature ones."""
    place = coin_place_of(workspace)
    with coin_watcher_of(place, coin_sources_at(operator, place), only_look, patience) as inner:
        run_daemons([watching(inner)], parse_duration(interval), once=once)


@COINS.verb("challenge")
@watching_options
@blocks_option
def challenge(workspace: Workspace, only_look: bool, patience: str, operator: tuple[str, ...]) -> None:
    """Verify all blocks and exits of coins once, and challenge invalid exits."""
    place = coin_place_of(workspace)
    with coin_watcher_of(place, coin_sources_at(operator, place), only_look, patience) as inner:
        report, standing = inner.step(), inner.status()
        facts = {
            **report_json(report),
            "healthy": standing.healthy,
            "blocks": standing.posted,
            "known": standing.known,
        }
        blocks = f"{standing.known:,} of {standing.posted:,} blocks known"
        seen = f"{blocks}, {counted(standing.coins, 'coin')}, {counted(standing.exits, 'exit')} open"
        workspace.emit(facts, "\n".join([*told(report), seen]))


@COINS.verb("guard")
@click.option("--though-signed", is_flag=True, help="Challenge also for coins signed over in blocks without data.")
@loop_options
@sources_option
def guard(
    workspace: Workspace, though_signed: bool, once: bool, interval: str, operator: str, mirrors: tuple[str, ...]
) -> None:  # fmt: skip
    """Guard your coins: challenge exits of them by others, and answer challenges of your own exits."""
    with coin_desk_of(workspace, operator, mirrors, needed=False) as desk:
        run_daemons([guarding(desk, though_signed)], parse_duration(interval), once=once)


@contextlib.contextmanager
def coin_watcher_of(
    place: CoinDeployment, sources: Sequence[CoinSource], only_look: bool, patience: str
) -> Iterator[CoinWatcher]:
    """Yield the acting account's coin watcher, for which the account's own coins justify a bond."""
    inner = CoinWatcher(
        place.chain,
        sources,
        place.watcher_folder,
        sender=None if only_look else place.workspace.sender,
        policy=WatchPolicy(patience=parse_duration(patience)),
        owners=[place.workspace.signer.address],
        start_block=place.start_block,
    )
    try:
        yield inner
    finally:
        inner.close()


@contextlib.contextmanager
def coin_operator_of(place: CoinDeployment, once: bool, listen: str, workers: int) -> Iterator[CoinOperator]:
    """Yield the operator and serve it meanwhile, except with `once`, when the process ends too soon to be of use."""
    with local_coins(place, workers=None if once else WorkerPool(workers)) as inner:
        if once:
            yield inner
            return
        with serving_coins(inner, listen, place) as url:
            report_service("coins", url, "LAYER2_COIN_OPERATOR")
            yield inner
