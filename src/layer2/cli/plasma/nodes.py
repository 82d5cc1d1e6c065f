"""Plasma node commands: operator, watcher, all in one (`run`), and a single watcher step (`challenge`)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import click

from layer2.cli.coins.deployment import coin_place_of, has_coins
from layer2.cli.coins.nodes import LISTEN, coin_operator_of, coin_watcher_of, operating_coins
from layer2.cli.common.command_registry import PLASMA
from layer2.cli.common.daemons import Daemon, run_daemons
from layer2.cli.common.endpoints import hosting_options
from layer2.cli.common.operator_client import report_service
from layer2.cli.common.options import loop_options
from layer2.cli.common.watcher_loop import Watching, report_json, told, watching, watching_options
from layer2.cli.common.workspace import Workspace
from layer2.cli.plasma.context import sources_option
from layer2.cli.plasma.deployment import PlasmaDeployment, place_of
from layer2.cli.plasma.hostile_operator import KINDS, HostileNode
from layer2.cli.plasma.operator_client import local_operator, serving, serving_watcher, sources_at
from layer2.plasma.common.watcher.actions import WatchPolicy
from layer2.plasma.common.watcher.block_sources import BodySource, LocalBodies
from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.payments.watcher.watcher import Watcher
from layer2.primitives.units import counted, format_amount, parse_amount, parse_duration
from layer2.primitives.worker_pool import WorkerPool

__all__ = ["challenge", "operator", "run", "watcher"]

F = TypeVar("F", bound=Callable[..., Any])


def serving_options(command: F) -> F:
    """Add the options of an operator that serves: `--listen`, `--workers`, `--least-fee`."""
    listen = click.option(
        "--listen", default="127.0.0.1:8570", show_default=True, help="Address to serve at, host:port."
    )
    workers = click.option(
        "--workers", default=os.cpu_count() or 1, help="Processes that verify signatures; one per core by default."
    )
    fee = click.option("--least-fee", default="0", show_default=True, help="Minimum fee of a payment in ether.")
    return listen(workers(fee(hosting_options(command))))


# ------------------------------------------------------------------------------------------------------------- daemons


def operating(inner: Operator) -> Daemon:
    """Return the daemon that builds blocks of pending payments and submits them."""

    def step() -> list[str]:
        made = inner.step()
        if made is None:
            return []
        return [f"block {made.number}: {counted(made.count, 'transaction')}, root {made.root.hex()[:8]}"]

    return Daemon("operator", step)


# ------------------------------------------------------------------------------------------------------------ commands


@PLASMA.verb("operator")
@loop_options
@serving_options
@click.option("--hostile", type=click.Choice(KINDS), help="Cheat in this way, on a development chain only.")
def operator(
    workspace: Workspace, once: bool, interval: str, listen: str, workers: int, least_fee: str, hostile: str | None
) -> None:
    """Run the operator: accept payments over HTTP, build blocks and submit them as the acting account."""
    place = place_of(workspace)
    if hostile is None:
        with _operator(place, once, listen, workers, least_fee) as inner:
            run_daemons([operating(inner)], parse_duration(interval), once=once)
        return
    with local_operator(place, least_fee=parse_amount(least_fee)) as inner, contextlib.ExitStack() as held:
        node = HostileNode(hostile, place, inner)
        if not once:
            url = held.enter_context(serving(inner, listen, place, node.body_path))
            click.echo(f"operator    serves {url}, and cheats: {hostile}")
        run_daemons([Daemon("operator", node.step)], parse_duration(interval), once=once)


@PLASMA.verb("watcher")
@watching_options
@loop_options
@hosting_options
@click.option("--serve", help="Serve findings and verified block data at host:port.")
@sources_option
def watcher(
    workspace: Workspace,
    only_look: bool,
    patience: str,
    once: bool,
    interval: str,
    serve: str | None,
    operator: tuple[str, ...],
) -> None:
    """Run a watcher: verify every block and exit, challenge exits of spent outputs, and process mature exits.

    It needs no operator to start, nor to challenge exits against which it has evidence.
    """
    place = place_of(workspace)
    with (
        _watcher(place, sources_at(operator, place), only_look, patience) as inner,
        contextlib.ExitStack() as held,
    ):
        steps: Watching = inner
        if serve is not None:
            service = held.enter_context(serving_watcher(inner, serve, place))
            click.echo(f"watcher     serves {service.url}")
            steps = service.desk
        run_daemons([watching(steps)], parse_duration(interval), once=once)


@PLASMA.verb("challenge")
@watching_options
@sources_option
def challenge(workspace: Workspace, only_look: bool, patience: str, operator: tuple[str, ...]) -> None:
    """Verify all blocks and exits once, and challenge invalid exits."""
    place = place_of(workspace)
    with _watcher(place, sources_at(operator, place), only_look, patience) as inner:
        report, standing = inner.step(), inner.status()
        facts = {
            **report_json(report),
            "healthy": standing.healthy,
            "blocks": standing.posted,
            "verified": standing.verified,
        }
        held = format_amount(workspace.connection.balance(place.root.address))
        blocks = f"{standing.verified:,} of {standing.posted:,} blocks verified"
        seen = f"{blocks}, {counted(standing.exits, 'exit')} open, {held} held"
        workspace.emit(facts, "\n".join([*told(report), seen]))


@PLASMA.verb("run")
@watching_options
@loop_options
@serving_options
@click.option("--listen-coins", default=LISTEN, show_default=True, help="Address for serving coins, host:port.")
def run(
    workspace: Workspace,
    only_look: bool,
    patience: str,
    once: bool,
    interval: str,
    listen: str,
    workers: int,
    least_fee: str,
    listen_coins: str,
) -> None:
    """Run the operator and a watcher, and both of coins too if a coin chain is deployed.

    Operator and watcher share only the chain, the account and the block data.
    """
    place = place_of(workspace)
    with (
        _operator(place, once, listen, workers, least_fee) as inner,
        _watcher(place, [LocalBodies(inner.store)], only_look, patience) as other,
        contextlib.ExitStack() as held,
    ):
        daemons = [operating(inner), watching(other)]
        if has_coins(workspace):
            there = coin_place_of(workspace)
            coins = held.enter_context(coin_operator_of(there, once, listen_coins, workers))
            judge = held.enter_context(coin_watcher_of(there, [coins], only_look, patience))
            daemons += [operating_coins(coins), watching(judge, "coinwatcher")]
        run_daemons(daemons, parse_duration(interval), once=once)


@contextlib.contextmanager
def _operator(place: PlasmaDeployment, once: bool, listen: str, workers: int, least_fee: str) -> Iterator[Operator]:
    """Yield the operator and serve it meanwhile, except with `once`, when the process ends too soon to be of use."""
    fee = parse_amount(least_fee)
    with local_operator(place, least_fee=fee, workers=None if once else WorkerPool(workers)) as inner:
        if once:
            yield inner
            return
        with serving(inner, listen, place) as url:
            report_service("operator", url, "LAYER2_PLASMA_OPERATOR")
            yield inner


@contextlib.contextmanager
def _watcher(
    place: PlasmaDeployment, sources: BodySource | Sequence[BodySource], only_look: bool, patience: str
) -> Iterator[Watcher]:
    inner = Watcher(
        place.root,
        sources,
        place.watcher_folder,
        sender=None if only_look else place.workspace.sender,
        policy=WatchPolicy(patience=parse_duration(patience)),
        start_block=place.start_block,
    )
    try:
        yield inner
    finally:
        inner.close()
