"""The nodes as commands: sequencer, proposer, challenger, verifier; `node` is the last three, `run` all of them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import click

from layer2.cli.daemons import Daemon, run_daemons
from layer2.cli.devnet import announce, anvil_on
from layer2.cli.endpoints import export_line, hosting_options
from layer2.cli.gates import local_sequencer, serving
from layer2.cli.rollup_place import Place, place_of
from layer2.cli.verbs import ROLLUP
from layer2.cli.workspace import Workspace
from layer2.ethereum.connection import Connection
from layer2.ethereum.records import Receipt
from layer2.primitives.units import format_amount, parse_amount, parse_duration
from layer2.rollup.challenger import Challenger
from layer2.rollup.contract import RollupContract
from layer2.rollup.proposer import Proposer
from layer2.rollup.replica import Replica
from layer2.rollup.sequencer import Sequencer
from layer2.rollup.workers import Verifier

__all__ = ["challenger", "devnet", "node", "proposer", "run", "sequencer", "verifier"]

F = TypeVar("F", bound=Callable[..., Any])


def loop_options(command: F) -> F:
    """Add `--once` and `--interval`."""
    once = click.option("--once", is_flag=True, help="Do what is due and end.")
    every = click.option("--interval", default="2 seconds", show_default=True, help="How often to look.")
    return once(every(command))


def snapshot_option(command: F) -> F:
    """Add `--snapshot`."""
    return click.option(
        "--snapshot",
        type=click.Path(exists=True, dir_okay=False),
        help="Begin with the state in this file, checked against the chain; without it, with the one kept here.",
    )(command)


def serving_options(command: F) -> F:
    """Add what a sequencer that serves needs: `--listen`, `--workers`, `--least-fee`."""
    listen = click.option("--listen", default="127.0.0.1:8560", show_default=True, help="Where to serve, host:port.")
    workers = click.option(
        "--workers", default=os.cpu_count() or 1, help="Processes that check signatures; as many as cores."
    )
    fee = click.option("--least-fee", default="0", show_default=True, help="Of an operation in ether.")
    return listen(workers(fee(hosting_options(command))))


# ------------------------------------------------------------------------------------------------------------- daemons


def told(rollup: RollupContract, receipts: Iterable[Receipt]) -> list[str]:
    """What transactions did, from their events, in words."""
    lines = []
    for receipt in receipts:
        for event in rollup.contract.events(receipt):
            args = event.args
            name = args["id"].hex()[:8] if isinstance(args.get("id"), bytes) else ""
            said = {
                "Posted": f"posted entry {args.get('index')}, {receipt.gas_used:,} gas",
                "Proposed": f"proposed {name}, {receipt.gas_used:,} gas",
                "Finalized": f"{name} is final",
                "Committed": f"committed to a proof in block {receipt.block_number}",
                "Invalidated": f"{name} proven wrong, {receipt.gas_used:,} gas",
            }
            lines += [said[event.name]] if event.name in said else []
    return lines


def sequencing(inner: Sequencer) -> Daemon:
    """Posts what is due."""

    def step() -> list[str]:
        receipt = inner.step()
        return [] if receipt is None else told(inner.rollup, [receipt])

    return Daemon("sequencer", step)


def proposing(place: Place, replica: Replica) -> Daemon:
    """Proposes and makes final."""
    inner = Proposer(place.rollup, place.workspace.sender, replica)
    return Daemon("proposer", lambda: told(place.rollup, inner.step()))


def challenging(place: Place, replica: Replica) -> Daemon:
    """Proves wrong what is wrong."""
    inner = Challenger(place.rollup, place.workspace.sender, replica)
    seen = [replica.reorganisations]

    def step() -> list[str]:
        receipts = inner.step()
        if replica.reorganisations != seen[0]:
            seen[0] = replica.reorganisations
            inner.forget()
        return told(place.rollup, receipts)

    return Daemon("challenger", step)


def verifying(place: Place, replica: Replica) -> Daemon:
    """Rebuilds the state from the main chain and says what each entry results in, and which assertions are right."""
    shown, judged = [replica.unread], {next(iter(replica.claims))}

    def step() -> list[str]:
        replica.step()
        # A reorganisation may have taken entries back.
        before = min(shown[0], len(replica.entries))
        lines = []
        if len(replica.entries) > before:
            shown[0] = len(replica.entries)
            held = format_amount(sum(one.balance for one in replica.head.accounts.values() if one.token == 0))
            span = f"entry {shown[0]}" if shown[0] == before + 1 else f"entries {before + 1} to {shown[0]}"
            lines.append(
                f"{span} executed: {len(replica.head.accounts):,} accounts, "
                f"{held}, root {replica.head.root.hex()[2:10]}"
            )
        for claim in [one for one in replica.claims.values() if one.id not in judged]:
            judged.add(claim.id)
            word = "is right" if replica.is_right(claim) else "is WRONG"
            lines.append(f"assertion {claim.id.hex()[:8]} up to entry {claim.inbox_end} {word}")
        return lines

    return Daemon("verifier", step)


def keeping(place: Place, replica: Replica) -> Daemon:
    """Keeps the newest final state, so that the next start need not execute what lies before."""
    kept = [replica.final().id]

    def step() -> list[str]:
        final = replica.final()
        if final.id == kept[0]:
            return []
        replica.snapshot().save(place.state_file)
        kept[0] = final.id
        return [f"state after entry {final.inbox_end} kept"]

    return Daemon("state", step, quiet=True)


# ------------------------------------------------------------------------------------------------------------ commands


@ROLLUP.verb("sequencer")
@loop_options
@serving_options
def sequencer(workspace: Workspace, once: bool, interval: str, listen: str, workers: int, least_fee: str) -> None:
    """Run the sequencer: takes operations over HTTP, posts them, and the queue, as the acting account."""
    with place_of(workspace) as place, _open(place, once, listen, workers, least_fee) as inner:
        run_daemons([sequencing(inner)], parse_duration(interval), once=once)


@ROLLUP.verb("proposer")
@snapshot_option
@loop_options
def proposer(workspace: Workspace, snapshot: str | None, once: bool, interval: str) -> None:
    """Run a proposer: asserts with a bond what the inbox results in, and makes final what is due."""
    with place_of(workspace) as place:
        replica = place.node_replica(snapshot)
        run_daemons([proposing(place, replica), keeping(place, replica)], parse_duration(interval), once=once)


@ROLLUP.verb("challenger")
@snapshot_option
@loop_options
def challenger(workspace: Workspace, snapshot: str | None, once: bool, interval: str) -> None:
    """Run a challenger: proves wrong assertions wrong, for half of their bonds."""
    with place_of(workspace) as place:
        replica = place.node_replica(snapshot)
        run_daemons([challenging(place, replica), keeping(place, replica)], parse_duration(interval), once=once)


@ROLLUP.verb("verifier")
@snapshot_option
@loop_options
def verifier(workspace: Workspace, snapshot: str | None, once: bool, interval: str) -> None:
    """Run a verifier: rebuilds the state from the main chain alone and judges every assertion. Sends nothing."""
    with place_of(workspace) as place:
        replica = place.node_replica(snapshot)
        run_daemons([verifying(place, replica), keeping(place, replica)], parse_duration(interval), once=once)


@ROLLUP.verb("node")
@snapshot_option
@loop_options
def node(workspace: Workspace, snapshot: str | None, once: bool, interval: str) -> None:
    """Run verifier, proposer and challenger in one: what keeps a rollup honest and its withdrawals moving."""
    with place_of(workspace) as place:
        run_daemons(_node(place, place.node_replica(snapshot)), parse_duration(interval), once=once)


@ROLLUP.verb("run")
@loop_options
@serving_options
def run(workspace: Workspace, once: bool, interval: str, listen: str, workers: int, least_fee: str) -> None:
    """Run everything: sequencer, and a node that shares nothing with it but the chain and the account."""
    _run(workspace, once, interval, listen, workers, least_fee)


@ROLLUP.verb("devnet")
@click.option("--port", default=8545, show_default=True, help="Port of the chain's node.")
@loop_options
@serving_options
def devnet(
    workspace: Workspace, port: int, once: bool, interval: str, listen: str, workers: int, least_fee: str
) -> None:
    """Start a local chain with the contracts deployed and run every part of the rollup on it, until Ctrl-C."""
    with anvil_on(port) as url:
        announce(Connection.connect(url), url)
        inner = replace(workspace, network=url)
        _run(inner, once, interval, listen, workers, least_fee)


@contextlib.contextmanager
def _open(place: Place, once: bool, listen: str, workers: int, least_fee: str) -> Iterator[Sequencer]:
    """The sequencer, served as long as this lasts; with `once` nobody would find it, so it is not."""
    verifier = None if once else Verifier(workers)
    fee, own = parse_amount(least_fee), place.replica()
    with local_sequencer(place.workspace, place.rollup, own, least_fee=fee, verifier=verifier) as inner:
        if once:
            yield inner
            return
        with serving(inner, listen, place.workspace) as url:
            click.echo(f"sequencer   serves {url}")
            click.echo(export_line("LAYER2_SEQUENCER", url))
            yield inner


def _run(workspace: Workspace, once: bool, interval: str, listen: str, workers: int, least_fee: str) -> None:
    with place_of(workspace) as place, _open(place, once, listen, workers, least_fee) as inner:
        parts = [sequencing(inner), *_node(place, place.node_replica())]
        run_daemons(parts, parse_duration(interval), once=once)


def _node(place: Place, replica: Replica) -> list[Daemon]:
    parts = (verifying, proposing, challenging, keeping)
    return [part(place, replica) for part in parts]
