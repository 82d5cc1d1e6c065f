"""Self-service commands for users without a working sequencer: force, propose and escape."""

from __future__ import annotations

import click

from layer2.cli.common.command_registry import ROLLUP
from layer2.cli.common.context import incomplete_option
from layer2.cli.common.workspace import Workspace, party_address
from layer2.cli.rollup.context import Context, desk_of
from layer2.primitives.errors import InputError
from layer2.rollup.wallet.escape_hatch import StepResult, force_withdrawal, freeze_and_escape, self_propose

__all__ = ["escape", "force", "propose"]


def _report(desk: Context, result: StepResult, idle: str) -> None:
    command = f"layer2 rollup {result.command}" if result.command else ""
    lines = result.lines() or [idle]
    if result.next:
        lines[-1] += f": {command}"
    facts = {"done": result.done, "next": result.next, "command": command, "at": result.at, "gas": result.gas}
    desk.workspace.emit(facts, "\n".join(lines))


@ROLLUP.verb("force")
@click.argument("amount", required=False)
@click.argument("to", required=False)
@click.option("--from", "source", type=int, help="Number of your account that pays.")
def force(workspace: Workspace, amount: str | None, to: str | None, source: int | None) -> None:
    """Force a transfer (TO an account number) or withdrawal (TO an address or role) past the sequencer.

    The first call queues it. A later call without arguments includes overdue items in the inbox and prints the next
    step.
    """
    if (amount is None) != (to is None):
        raise InputError("force: give both an amount and a receiver, or neither", hint="layer2 rollup force AMOUNT TO")
    with desk_of(workspace) as desk:
        target: int | str = ""
        if to is not None:
            target = int(to) if to.isdigit() else party_address(to, workspace.connection)
        _report(desk, force_withdrawal(desk.wallet, amount, target, source), "nothing to do")


@ROLLUP.verb("propose")
@click.option("--withdraw-bond", is_flag=True, help="Then withdraw the free part of your bond.")
def propose(workspace: Workspace, withdraw_bond: bool) -> None:
    """Propose an assertion yourself: rebuild the state, finalise what is due, and assert the rest with a bond."""
    with desk_of(workspace) as desk:
        result = self_propose(desk.wallet)
        free = int(desk.rollup.contract.call("availableBond", desk.wallet.signer.address))
        if withdraw_bond and free:
            result.did(
                f"took back {desk.wallet.show(free)} of the bond", desk.rollup.withdraw_bond(workspace.sender, free)
            )
        _report(desk, result, "everything in the inbox is asserted and final")


@ROLLUP.verb("escape")
@incomplete_option
def escape(workspace: Workspace, incomplete: bool) -> None:
    """Freeze a stopped rollup when possible, and collect accounts, deposits and withdrawals.

    The command fails if the data of the last final state is not available.
    """
    with desk_of(workspace) as desk:
        result = freeze_and_escape(desk.wallet, incomplete=incomplete)
        _report(desk, result, "frozen, and nothing of yours remains")
