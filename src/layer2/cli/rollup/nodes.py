"""Rollup node commands: sequencer, proposer, challenger, verifier; `node` is the last three, `run` all of them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import click

from layer2.cli.common.command_registry import ROLLUP
from layer2.cli.common.daemons import Daemon, Troubles, run_daemons
from layer2.cli.common.endpoints import hosting_options
from layer2.cli.common.operator_client import report_service
from layer2.cli.common.options import loop_options
from layer2.cli.common.workspace import Workspace
from layer2.cli.devnet import announce, anvil_on
from layer2.cli.rollup.deployment import RollupDeployment, place_of
from layer2.cli.rollup.health import health_of
from layer2.cli.rollup.sequencer_client import local_sequencer, serving
from layer2.ethereum.connection import Connection
from layer2.ethereum.records import Receipt
from layer2.primitives.units import counted, format_amount, parse_amount, parse_duration
from layer2.primitives.worker_pool import WorkerPool
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.sequencer.sequencer import Sequencer
from layer2.rollup.sequencer.signature_workers import SignatureWorkers
from layer2.rollup.state.commitments import Status
from layer2.rollup.validator.challenger import Challenger
from layer2.rollup.validator.proposer import Proposer

__all__ = ["challenger", "devnet", "node", "proposer", "run", "sequencer", "verifier"]

F = TypeVar("F", bound=Callable[..., Any])

PUBLIC_KEY_FEE = "0.0001 ether"
"""Fee of an account for a key on chains with real gas costs: several times its share of a frame."""


def snapshot_option(command: F) -> F:
    """Add `--snapshot`."""
    return click.option(
        "--snapshot",
        type=click.Path(exists=True, dir_okay=False),
        help="Start from the state in this file, verified against the chain; by default from the saved one.",
    )(command)


def node_options(command: F) -> F:
    """Add the options of a node that follows the chain: `--health`, `--workers`."""
    health = click.option("--health", default="", help="Serve /v1/health and /metrics of the node at host:port.")
    return health(workers_option(command))


def workers_option(command: F) -> F:
    """Add `--workers`."""
    return click.option(
        "--workers", default=os.cpu_count() or 1, help="Processes that verify signatures; one per core by default."
    )(command)


def serving_options(command: F) -> F:
    """Add the options of a sequencer that serves: `--listen`, `--workers`, `--least-fee`, `--key-fee`."""
    listen = click.option(
        "--listen", default="127.0.0.1:8560", show_default=True, help="Address to serve at, host:port."
    )
    fee = click.option("--least-fee", default="0", show_default=True, help="Minimum fee of an operation in ether.")
    key = click.option("--key-fee", help=f"Fee of an account for a key; {PUBLIC_KEY_FEE} outside development chains.")
    return listen(workers_option(fee(key(hosting_options(command)))))


# ------------------------------------------------------------------------------------------------------------- daemons


def told(rollup: RollupContract, receipts: Iterable[Receipt]) -> list[str]:
    """Return lines about the effects of transactions, from their events."""
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
    """Return the daemon that posts due batches."""

    def step() -> list[str]:
        receipt = inner.step()
        return [] if receipt is None else told(inner.rollup, [receipt])

    return Daemon("sequencer", step)


def proposing(place: RollupDeployment, replica: Replica) -> Daemon:
    """Return the daemon that proposes and finalises assertions."""
    inner = Proposer(place.rollup, place.workspace.sender, replica)
    return Daemon("proposer", lambda: told(place.rollup, inner.step()))


def challenging(place: RollupDeployment, replica: Replica) -> Daemon:
    """Return the daemon that submits fraud proofs against wrong assertions."""
    inner = Challenger(place.rollup, place.workspace.sender, replica)

    def trouble() -> list[str]:
        now, rows = place.rollup.connection.timestamp(), [*inner.faults.values()]
        for claim in inner.wrong():
            if now > inner.last_moment(claim):
                rows.append(f"assertion {claim.id.hex()[:8]} is wrong, and too little time is left for a proof")
        return rows

    return Daemon("challenger", lambda: told(place.rollup, inner.step()), trouble=trouble)


def verifying(place: RollupDeployment, replica: Replica) -> Daemon:
    """Return the daemon that rebuilds the state from L1 and reports batch results and assertion verdicts."""
    shown, judged = [replica.unread], {next(iter(replica.claims))}

    def step() -> list[str]:
        replica.step()
        # A reorganisation may have removed batches.
        before = min(shown[0], len(replica.entries))
        lines = []
        if len(replica.entries) > before:
            shown[0] = len(replica.entries)
            held = format_amount(sum(one.balance for one in replica.head.accounts.values() if one.token == 0))
            span = f"entry {shown[0]}" if shown[0] == before + 1 else f"entries {before + 1} to {shown[0]}"
            lines.append(
                f"{span} executed: {counted(len(replica.head.accounts), 'account')}, "
                f"{held}, root {replica.head.root.hex()[2:10]}"
            )
        for claim in [one for one in replica.claims.values() if one.id not in judged]:
            right, settled = replica.verdict(claim), replica.status(claim) is not Status.OPEN
            name = f"assertion {claim.id.hex()[:8]} up to entry {claim.inbox_end}"
            if right is not None:
                lines.append(f"{name} {'is right' if right else 'is WRONG'}")
            if right is not None or settled:
                # An assertion settled before this node's initial state needs no further verdict.
                judged.add(claim.id)
        return lines

    def trouble() -> list[str]:
        lost = [f"assertion {one.id.hex()[:8]} begins before entry {replica.unread}" for one in replica.out_of_reach()]
        return [*lost, *([str(replica.missing)] if replica.missing else [])]

    return Daemon("verifier", step, trouble=trouble)


def keeping(place: RollupDeployment, replica: Replica) -> Daemon:
    """Return the daemon that saves a final state from which every open assertion can be verified after a restart."""
    kept = [[one.id for one in replica.foundations()] if replica.unread else []]

    def step() -> list[str]:
        rows = replica.foundations()
        names = [one.id for one in rows]
        if names == kept[0] or not rows[0].inbox_end:
            return []
        replica.snapshot().save(place.state_file)
        kept[0] = names
        return [f"state after entry {rows[0].inbox_end} kept"]

    def trouble() -> list[str]:
        return [f"blobs cannot be archived: {place.blobs.refused}"] if place.blobs.refused else []

    return Daemon("state", step, quiet=True, trouble=trouble)


# ------------------------------------------------------------------------------------------------------------ commands


@ROLLUP.verb("sequencer")
@loop_options
@serving_options
def sequencer(workspace: Workspace, once: bool, interval: str, listen: str, workers: int, **fees: str | None) -> None:
    """Run the sequencer: accept operations over HTTP, post them and the queue as the acting account."""
    with place_of(workspace) as place, _open(place, once, listen, workers, **fees) as inner:
        run_daemons([sequencing(inner)], parse_duration(interval), once=once)


@ROLLUP.verb("proposer")
@snapshot_option
@node_options
@loop_options
def proposer(workspace: Workspace, snapshot: str | None, once: bool, workers: int, **how: str) -> None:
    """Run a proposer: assert the result of the inbox with a bond, and finalise assertions."""
    with place_of(workspace) as place, _following(place, snapshot, once, workers) as replica:
        _keep_going([proposing(place, replica), keeping(place, replica)], replica, once, **how)


@ROLLUP.verb("challenger")
@snapshot_option
@node_options
@loop_options
def challenger(workspace: Workspace, snapshot: str | None, once: bool, workers: int, **how: str) -> None:
    """Run a challenger: submit fraud proofs against wrong assertions, for half of their bonds."""
    with place_of(workspace) as place, _following(place, snapshot, once, workers) as replica:
        _keep_going([challenging(place, replica), keeping(place, replica)], replica, once, **how)


@ROLLUP.verb("verifier")
@snapshot_option
@node_options
@loop_options
def verifier(workspace: Workspace, snapshot: str | None, once: bool, workers: int, **how: str) -> None:
    """Run a verifier: rebuild the state from the main chain alone and check every assertion. Sends nothing."""
    with place_of(workspace) as place, _following(place, snapshot, once, workers) as replica:
        _keep_going([verifying(place, replica), keeping(place, replica)], replica, once, **how)


@ROLLUP.verb("node")
@snapshot_option
@node_options
@loop_options
def node(workspace: Workspace, snapshot: str | None, once: bool, workers: int, **how: str) -> None:
    """Run verifier, proposer and challenger in one, which together secure the rollup and its withdrawals."""
    with place_of(workspace) as place, _following(place, snapshot, once, workers) as replica:
        _keep_going(_node(place, replica), replica, once, **how)


@ROLLUP.verb("run")
@loop_options
@serving_options
def run(workspace: Workspace, once: bool, interval: str, listen: str, workers: int, **fees: str | None) -> None:
    """Run the sequencer, and a node that shares only the chain and the account with it."""
    _run(workspace, once, interval, listen, workers, **fees)


@ROLLUP.verb("devnet")
@click.option("--port", default=8545, show_default=True, help="Port of the chain's node.")
@loop_options
@serving_options
def devnet(
    workspace: Workspace, port: int, once: bool, interval: str, listen: str, workers: int, **fees: str | None
) -> None:
    """Start a local chain with the contracts deployed and run every node of the rollup on it, until Ctrl-C."""
    with anvil_on(port) as url:
        announce(Connection.connect(url), url)
        inner = replace(workspace, network=url)
        _run(inner, once, interval, listen, workers, **fees)


@contextlib.contextmanager
def _open(place: RollupDeployment, once: bool, listen: str, workers: int, **fees: str | None) -> Iterator[Sequencer]:
    """Yield the sequencer and serve it meanwhile, except with `once`, when the process ends too soon to be of use."""
    verifier = None if once else SignatureWorkers(workers)
    key_fee = fees["key_fee"] or ("0" if place.rollup.connection.is_dev else PUBLIC_KEY_FEE)
    least, key = parse_amount(fees["least_fee"] or "0"), parse_amount(key_fee)
    own = place.replica()
    with local_sequencer(place.workspace, place.rollup, own, least_fee=least, key_fee=key, verifier=verifier) as inner:
        if once:
            yield inner
            return
        with serving(inner, listen, place.workspace) as url:
            report_service("sequencer", url, "LAYER2_SEQUENCER")
            yield inner


def _run(workspace: Workspace, once: bool, interval: str, listen: str, workers: int, **fees: str | None) -> None:
    with place_of(workspace) as place, _open(place, once, listen, workers, **fees) as inner:
        # The node shares only the signature workers with the sequencer.
        parts = [sequencing(inner), *_node(place, place.node_replica(None, inner.verifier))]
        run_daemons(parts, parse_duration(interval), once=once)


@contextlib.contextmanager
def _following(place: RollupDeployment, snapshot: str | None, once: bool, workers: int) -> Iterator[Replica]:
    """Yield a node's replica with running workers; with `once` no workers are started, to save their start-up time."""
    held = WorkerPool(0 if once else workers)
    try:
        yield place.node_replica(snapshot, held)
    finally:
        held.close()


def _keep_going(daemons: list[Daemon], replica: Replica, once: bool, *, health: str, interval: str) -> None:
    """Run a node, and serve its health if requested."""
    troubles = Troubles()
    with contextlib.ExitStack() as held:
        if health:
            click.echo(f"health      serves {held.enter_context(health_of(replica, troubles, health))}")
        run_daemons(daemons, parse_duration(interval), once=once, troubles=troubles)


def _node(place: RollupDeployment, replica: Replica) -> list[Daemon]:
    parts = (verifying, proposing, challenging, keeping)
    return [part(place, replica) for part in parts]
