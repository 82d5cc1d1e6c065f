"""Read-only rollup commands: accounts, balance, history, proof, check-proof, snapshot and status."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from layer2.cli.common.command_registry import ROLLUP
from layer2.cli.common.context import incomplete_option
from layer2.cli.common.input import read_text
from layer2.cli.common.tables import show, titled
from layer2.cli.common.tokens import token_option
from layer2.cli.common.workspace import Workspace
from layer2.cli.rollup.context import desk_of
from layer2.cli.rollup.deployment import place_of
from layer2.primitives.display import format_time
from layer2.primitives.json_text import parse_json
from layer2.primitives.units import format_amount
from layer2.rollup.derivation.account_proof import AccountProof
from layer2.rollup.state.commitments import Status

__all__ = ["accounts", "balance", "check_proof", "history", "proof", "status"]


@ROLLUP.verb("accounts")
@incomplete_option
def accounts(workspace: Workspace, incomplete: bool) -> None:
    """Show your accounts as of the inbox; fails if the data of all batches is not available."""
    with desk_of(workspace) as desk:
        if not incomplete:
            desk.wallet.require_complete("accounts")
        rows = [
            {
                "account": index,
                "key": "bls" if one.address is None else "ethereum",
                "token": one.token,
                "balance": str(one.balance),
                "nonce": one.nonce,
            }
            for index, one in desk.wallet.accounts.items()
        ]
        if workspace.as_json:
            click.echo(json.dumps(rows, indent=1))
            return
        if not rows:
            click.echo(f"no accounts of {desk.wallet.signer.address}; layer2 rollup deposit opens one")
            return
        table = titled(f"Accounts of {desk.wallet.signer.address}")
        for name in ("account", "key"):
            table.add_column(name)
        for name in ("balance", "operations"):
            table.add_column(name, justify="right")
        for row in rows:
            amount = desk.wallet.show(int(str(row["balance"])), int(str(row["token"])))
            table.add_row(str(row["account"]), str(row["key"]), amount, f"{row['nonce']:,}")
        show(table)


@ROLLUP.verb("balance")
@token_option
def balance(workspace: Workspace, token: str) -> None:
    """Show your balance of a token over all your accounts; fails if the data of all batches is not available."""
    with desk_of(workspace) as desk:
        asset = desk.token(token)
        units = desk.wallet.balance(asset)
        workspace.emit({"balance": str(units), "token": asset}, desk.wallet.show(units, asset))


@ROLLUP.verb("history")
@incomplete_option
def history(workspace: Workspace, incomplete: bool) -> None:
    """Show the history of your accounts: deposits, operations and withdrawals."""
    with desk_of(workspace) as desk:
        lines = desk.wallet.history(incomplete=incomplete)
        if workspace.as_json:
            click.echo(json.dumps([{**asdict(one), "amount": str(one.amount), "fee": str(one.fee)} for one in lines]))
            return
        if not lines:
            click.echo(f"no history of accounts of {desk.wallet.signer.address}")
            return
        table = titled(f"History of {desk.wallet.signer.address}")
        for name in ("entry", "time", "account", "what"):
            table.add_column(name)
        table.add_column("amount", justify="right")
        table.add_column("with")
        for one in lines:
            what = one.kind + (", forced" if one.forced else "") + ("" if one.done else ", failed")
            amount = "" if one.kind == "opened" else desk.wallet.show(one.amount, one.token)
            other = one.other if len(one.other) < 12 else one.other[:10] + ".."
            table.add_row(str(one.entry), format_time(one.time)[:-4], str(one.account), what, amount, other)
        show(table)


@ROLLUP.verb("proof")
@click.argument("number", metavar="ACCOUNT", type=int)
def proof(workspace: Workspace, number: int) -> None:
    """Print the proof (JSON) that ACCOUNT, of any owner, is in the last final state."""
    with desk_of(workspace) as desk:
        made = desk.wallet.proof(number)
        made.check()
        click.echo(json.dumps(made.to_json()))


@ROLLUP.verb("check-proof")
@click.argument("record")
def check_proof(workspace: Workspace, record: str) -> None:
    """Verify an account proof (RECORD, @file, or - for standard input) against the contract alone."""
    given = AccountProof.from_json(parse_json(read_text(record), "proof"))
    with desk_of(workspace) as desk:
        standing = given.check_on(desk.rollup)
        one = given.account
        amount = desk.wallet.show(one.balance, one.token)
        owner = one.address or "a BLS key"
        facts = {"account": given.index, "balance": str(one.balance), "token": one.token, "owner": owner}
        word = "final" if standing is Status.FINAL else f"NOT final ({standing.name.lower()})"
        text = f"account {given.index} of {owner} holds {amount}; the assertion is {word}"
        workspace.emit({**facts, "assertion": standing.name.lower()}, text)


@ROLLUP.verb("snapshot")
@click.argument("file", type=click.Path(dir_okay=False, writable=True))
def snapshot(workspace: Workspace, file: str) -> None:
    """Write the newest final state that precedes all open assertions to FILE, from which nodes can start."""
    with place_of(workspace) as place:
        made = place.node_replica().snapshot()
        made.save(file)
        claim = made.claim
        facts = {"accounts": len(made.state.accounts), "entries": claim.inbox_end, "root": "0x" + claim.root.hex()}
        text = f"{len(made.state.accounts):,} accounts after entry {claim.inbox_end} written to {file}"
        workspace.emit({**facts, "file": file}, text)


@ROLLUP.verb("status")
def status(workspace: Workspace) -> None:
    """Show the status of the rollup: inbox, queue, assertions and final state."""
    with place_of(workspace) as place:
        rollup, replica = place.rollup, place.replica()
        items, _, consumed, last, since = rollup.inbox()
        queued, final = rollup.queue_length(), replica.final()
        open_ = replica.open_claims()
        verdicts = [replica.verdict(one) for one in open_]
        wrong, unjudged = verdicts.count(False), verdicts.count(None)
        facts = {
            "address": rollup.address,
            "accounts": len(replica.head.accounts),
            "entries": items,
            "finalEntries": final.inbox_end,
            "frozen": replica.frozen,
            "held": str(workspace.connection.balance(rollup.address)),
            "missing": None if replica.missing is None else str(replica.missing.args[0]),
            "openAssertions": len(open_),
            "root": "0x" + replica.head.root.hex(),
            "unjudgedAssertions": unjudged,
            "waiting": queued - consumed,
            "wrongAssertions": wrong,
        }
        lines = [
            f"rollup      {rollup.address}, holds {format_amount(int(str(facts['held'])))}",
            f"inbox       {items:,} entries, the last at {format_time(last)}; {len(replica.head.accounts):,} accounts",
            f"queue       {queued - consumed:,} waiting"
            + (f" since {format_time(since)}" if queued > consumed else ""),
            f"final       up to entry {final.inbox_end:,}",
            f"assertions  {len(open_):,} open, {wrong:,} of them wrong, {unjudged:,} not judged",
            f"state root  0x{replica.head.root.hex()}",
        ]
        if replica.missing is not None:
            lines.append(f"MISSING     {replica.missing}; accounts and state root are from before it")
        if replica.frozen:
            lines.append("FROZEN      withdraw everything: layer2 rollup escape")
        workspace.emit(facts, "\n".join(lines))
