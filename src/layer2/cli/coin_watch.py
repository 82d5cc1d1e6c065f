"""`layer2 plasma coin watcher`: reads every block of coins, and contradicts every exit that is wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import click

from layer2.cli.coin_place import CoinPlace, coin_place_of
from layer2.cli.daemons import Daemon, run_daemons
from layer2.cli.plasma_gates import sources_at
from layer2.cli.rollup_nodes import loop_options
from layer2.cli.verbs import COINS
from layer2.cli.watching import told, watching_options
from layer2.cli.workspace import Workspace
from layer2.plasma.cash.source import CoinBodies, CoinSource
from layer2.plasma.cash.watcher import CoinWatcher
from layer2.plasma.watchplan import WatchPolicy
from layer2.primitives.units import parse_duration

__all__ = ["coin_watcher_of", "watcher", "watching_coins"]


def watching_coins(inner: CoinWatcher) -> Daemon:
    """Reads, judges, acts."""
    return Daemon("coin watch", lambda: told(inner.step()))


@COINS.verb("watcher")
@watching_options
@loop_options
@click.option(
    "--operator",
    "sources",
    multiple=True,
    default=("local",),
    show_default=True,
    help="Who has the bodies of blocks: a URL, a folder, or local; may be given several times.",
)
def watcher(
    workspace: Workspace, only_look: bool, patience: str, once: bool, interval: str, sources: tuple[str, ...]
) -> None:
    """Run a watcher: checks every block, contradicts wrong exits of anybody's coins, answers doubts about right ones,
    and claims what is due."""
    place = coin_place_of(workspace)
    asked = [CoinBodies(one) for one in sources_at(sources, place.bodies)]
    with coin_watcher_of(place, asked, only_look, patience) as inner:
        run_daemons([watching_coins(inner)], parse_duration(interval), once=once)


@contextlib.contextmanager
def coin_watcher_of(
    place: CoinPlace, sources: Sequence[CoinSource], only_look: bool, patience: str
) -> Iterator[CoinWatcher]:
    """A watcher of the recorded coin chain, which thinks its own account's coins worth a bond."""
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
