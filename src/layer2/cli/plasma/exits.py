"""Exit commands, which need only the main chain: exit, piggyback, claim, withdraw and kit."""

from __future__ import annotations

from collections.abc import Sequence

import click

from layer2.cli.common.command_registry import PLASMA
from layer2.cli.common.context import incomplete_option
from layer2.cli.common.output import transaction
from layer2.cli.common.tokens import token_option
from layer2.cli.common.workspace import Workspace, party_address
from layer2.cli.plasma.context import Context, desk_of, operator_option, utxo_named
from layer2.cli.plasma.deployment import place_of
from layer2.cli.plasma.pay import payment_named
from layer2.ethereum.records import Receipt
from layer2.plasma.payments.chain.contract import ExitStatus
from layer2.plasma.payments.chain.exit_proof_file import load_kits
from layer2.plasma.payments.wallet.payment_status import SentPayment
from layer2.primitives.display import format_time
from layer2.primitives.errors import InputError
from layer2.primitives.units import counted, parse_amount

__all__ = ["claim", "exit_", "kit", "piggyback", "withdraw"]


@PLASMA.verb("exit")
@click.argument("what", default="all")
@click.option("--least", default="0", help="Skip ether outputs below this amount, because an exit costs gas.")
@click.option("--distrust", type=click.IntRange(1), help="The first block that is invalid or withheld.")
@click.option("--doubtful", is_flag=True, help="With all: also outputs that another wallet of yours may have spent.")
@incomplete_option
@operator_option
def exit_(
    workspace: Workspace,
    what: str,
    least: str,
    distrust: int | None,
    doubtful: bool,
    incomplete: bool,
    operator: str,
) -> None:
    """Start an exit of WHAT: all, an output (its position), or a payment in flight (its hash).

    The operator is asked for your outputs if it is available. If it is not, the exit requires --incomplete or a named
    output: outputs unknown to this wallet may exit in the expensive way, lose their bond, or stay behind.
    """
    with desk_of(workspace, operator, needed=False) as desk:
        wallet = desk.wallet
        wallet.distrusted = distrust
        if what == "all":
            receipts = wallet.exit_all(least=parse_amount(least), doubtful=doubtful, incomplete=incomplete)
            _say_doubts(desk)
        elif (position := position_named(desk, what)) is not None:
            receipts = [wallet.exit(position)]
        else:
            receipts = wallet.exits.exit_payment(payment_named(desk, what))
        _left(desk, receipts)


def position_named(desk: Context, text: str) -> int | None:
    """Return the output position in a text, or None if it is the hash of a payment."""
    try:
        position = utxo_named(text)
    except InputError:
        return None
    fits = any(one.hex().startswith(text.lower().removeprefix("0x")) for one in desk.wallet.wallet_store.sent)
    return None if position >= 1 << 64 or (fits and position not in desk.wallet.wallet_store.coins) else position


def _say_doubts(desk: Context) -> None:
    """Warn of outputs that were left out."""
    held = [one.position for one in desk.wallet.utxos() if one.state == "doubtful"]
    if held:
        named = ", ".join(f"{one:#x}" for one in held[:4]) + (", .." if len(held) > 4 else "")
        click.echo(
            f"not exited: {counted(len(held), 'output')} ({named}) that another wallet of yours may have spent: bonds "
            "could be lost. `layer2 plasma recover` checks this; exit them by position, or all with --doubtful",
            err=True,
        )


@PLASMA.verb("piggyback")
def piggyback(workspace: Workspace) -> None:
    """Piggyback on in-flight exits by others that contain an input or output of yours."""
    with desk_of(workspace) as desk:
        receipts = desk.wallet.exits.join()
        if not receipts:
            raise InputError("piggyback: no in-flight exit contains an output of yours", hint="nothing to do")
        _left(desk, receipts)


@PLASMA.verb("claim")
def claim(workspace: Workspace) -> None:
    """Process all mature exits of yours."""
    with desk_of(workspace) as desk:
        wallet_store = desk.wallet.wallet_store
        before = {position: wallet_store.coins[position] for position in wallet_store.exits}
        receipts = desk.wallet.claim_all()
        if not receipts:
            raise InputError(
                f"{desk.wallet.signer.address}: nothing to claim now, {_waiting(desk)}",
                hint="see: layer2 plasma history",
            )
        paid = [kit for kit in before.values() if desk.place.root.exit(kit.output_id).status is ExitStatus.PAID]
        gas = sum(one.gas_used for one in receipts)
        owed = {token: desk.wallet.owed(token) for token in sorted({one.output.token for one in paid} | {0})}
        facts = {
            "transactions": [transaction(one) for one in receipts],
            "owed": {str(token): str(units) for token, units in owed.items() if units},
            "paid": [{"position": hex(one.position), "token": one.output.token, "amount": str(one.output.amount)}
                     for one in paid],
        }  # fmt: skip
        said = ", ".join(desk.wallet.show(one.output.amount, one.output.token) for one in paid) or "in-flight exits"
        # A payment that its receiver rejects still succeeds, and its amount is deferred in the contract.
        rest = "".join(
            f"\n{desk.wallet.show(units, token)} could not be paid: layer2 plasma withdraw --token {token}"
            for token, units in owed.items()
            if units
        )
        workspace.emit(facts, f"claimed: {said}, {gas:,} gas{rest}")


@PLASMA.verb("withdraw")
@token_option
@click.option("--to", default="", help="An address or a role; your own address by default.")
def withdraw(workspace: Workspace, token: str, to: str) -> None:
    """Withdraw your deferred payouts."""
    with desk_of(workspace) as desk:
        asset = desk.token(token)
        units = desk.wallet.owed(asset)
        if not units:
            raise InputError(f"withdraw: no deferred payout of token {asset}", hint="claims are paid to you directly")
        receipt = desk.wallet.withdraw(asset, party_address(to, workspace.connection) if to else None)
        facts = {"amount": str(units), "token": asset, **transaction(receipt)}
        workspace.emit(facts, f"{desk.wallet.show(units, asset)} withdrawn, {receipt.gas_used:,} gas")


@PLASMA.verb("kit")
@click.argument("action", type=click.Choice(["export", "check", "exit"]))
@click.argument("file", type=click.Path(dir_okay=False))
@incomplete_option
@operator_option
def kit(workspace: Workspace, action: str, file: str, incomplete: bool, operator: str) -> None:
    """Export the exit data of your outputs to FILE, check such a file, or exit from one without an operator."""
    if action == "export":
        with desk_of(workspace, operator, needed=False) as desk:
            if not incomplete:
                desk.wallet.require_complete("kit export")
            desk.wallet.export_kits(file)
            _told(workspace, desk, file)
    elif action == "check":
        _check(workspace, file)
    else:
        _exit_from(workspace, file)


def _told(workspace: Workspace, desk: Context, file: str) -> None:
    found = load_kits(file, desk.place.root)
    facts = {"file": file, "outputs": len(found.outputs), "payments": len(found.payments)}
    text = (
        f"{counted(len(found.outputs), 'output')} and {counted(len(found.payments), 'open payment')} written to {file}"
    )
    workspace.emit(facts, text)


def _check(workspace: Workspace, file: str) -> None:
    root = place_of(workspace).root
    found = load_kits(_present(file), root)
    rows = [
        {
            "position": hex(one.position),
            "owner": one.output.address,
            "token": one.output.token,
            "amount": str(one.output.amount),
            "exit": root.exit(one.output_id).status.name.lower(),
        }
        for one in found.outputs
    ]
    lines = [
        f"{row['position']}  {row['amount']} of token {row['token']} for {row['owner']}, exit {row['exit']}"
        for row in rows
    ]
    lines.append(f"{counted(len(rows), 'output')} and {counted(len(found.payments), 'payment')}, all match the chain")
    workspace.emit({"outputs": rows, "payments": len(found.payments)}, "\n".join(lines))


def _exit_from(workspace: Workspace, file: str) -> None:
    with desk_of(workspace) as desk:
        wallet = desk.wallet
        wallet.import_kits(_present(file))
        for one in load_kits(file, desk.place.root).payments:
            # The payment was signed elsewhere and must exit as a whole, so its inputs must not exit individually.
            mine = any(each.output.owner == wallet.owner for each in one.inputs)
            if mine and one.hash not in wallet.wallet_store.sent:
                wallet.wallet_store.sign(SentPayment(one, "kit"))
        if not wallet.complete:
            click.echo(
                "outputs chosen from the file alone, without the blocks since it was written: a bond is "
                "lost for each output that was spent since",
                err=True,
            )
        _left(desk, wallet.exit_all(incomplete=True))


def _present(file: str) -> str:
    with open(file, encoding="utf-8"):
        return file


def _left(desk: Context, receipts: Sequence[Receipt]) -> None:
    if not receipts:
        raise InputError(f"{desk.wallet.signer.address}: nothing to exit, {_waiting(desk)}", hint="layer2 plasma utxos")
    gas = sum(one.gas_used for one in receipts)
    rows = [transaction(one) for one in receipts]
    facts = {"transactions": rows, "exits": _exits(desk), "complete": desk.wallet.complete}
    desk.workspace.emit(facts, f"{_waiting(desk)}; {counted(len(receipts), 'transaction')}, {gas:,} gas")


def _exits(desk: Context) -> list[dict[str, object]]:
    wallet_store, root = desk.wallet.wallet_store, desk.place.root
    rows: list[dict[str, object]] = []
    for position in sorted(wallet_store.exits):
        one = wallet_store.coins[position]
        state = root.exit(one.output_id)
        amount = {"token": one.output.token, "amount": str(one.output.amount)}
        rows.append({"position": hex(position), **amount, "status": state.status.name.lower(), "at": state.time})
    return rows


def _waiting(desk: Context) -> str:
    rows = _exits(desk)
    games = len(desk.wallet.wallet_store.games) + len(desk.wallet.wallet_store.joined)
    waiting = [counted(len(rows), "exit")] * bool(rows) + [counted(games, "in-flight exit")] * bool(games)
    if not waiting:
        return "no exit waits"
    said = " and ".join(waiting) + (" waits" if len(rows) + games == 1 else " wait")
    times = [int(str(row["at"])) for row in rows if row["status"] == "open"]
    now = desk.place.root.connection.timestamp()
    due = sum(time <= now for time in times)
    if due:
        return f"{said}; {due} due, but older exits come first and take everything that is left"
    return said + (f", the first until {format_time(min(times))}" if times else "")
