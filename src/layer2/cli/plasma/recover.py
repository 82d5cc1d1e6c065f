"""`layer2 plasma recover`: recovery of the acting account's wallet from block data of any source."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

import click

from layer2.cli.common.command_registry import PLASMA
from layer2.cli.common.workspace import Workspace
from layer2.cli.plasma.context import Context, desk_of, sources_option
from layer2.cli.plasma.operator_client import sources_at
from layer2.plasma.payments.chain.exit_proofs import Kit
from layer2.plasma.payments.wallet.account import Utxo
from layer2.plasma.payments.wallet.recovery import Recovered, recover
from layer2.plasma.payments.watcher.watcher import Watcher

__all__ = ["recover_"]


@PLASMA.verb("recover")
@sources_option
def recover_(workspace: Workspace, operator: tuple[str, ...]) -> None:
    """Verify all blocks and find your outputs in them: for a newly set up wallet, from block data alone.

    The result shows which of your deposits another wallet has spent. Outputs paid to you are restored with their exit
    proofs.
    """
    with desk_of(workspace) as desk, tempfile.TemporaryDirectory() as folder:
        place = desk.place
        watcher = Watcher(place.root, sources_at(operator, place), folder, start_block=place.start_block)
        try:
            report = watcher.step()
            found = recover(desk.wallet, watcher)
        finally:
            watcher.close()
        for one in report.findings:
            click.echo(str(one), err=True)
        facts = {
            "blocks": found.posted,
            "verified": found.verified,
            "badBlock": found.bad_block,
            "found": [_row(one.position, one.token, one.amount) for one in found.found],
            "spent": _rows(found.spent),
            "doubtful": _rows(found.doubted),
        }
        workspace.emit(facts, "\n".join(_lines(desk, found)))


def _lines(desk: Context, found: Recovered) -> list[str]:
    def line(word: str, one: Utxo) -> str:
        return f"{one.position:#018x}  {desk.wallet.show(one.amount, one.token)}  {word}"

    lines = [f"{found.verified:,} of {found.posted:,} blocks verified"]
    lines += [line("found", one) for one in found.found]
    for word, kits in (("spent by another wallet of yours", found.spent), ("in doubt", found.doubted)):
        lines += [line(word, Utxo(kit.position, kit.output.token, kit.output.amount, word)) for kit in kits]
    if found.bad_block is not None:
        lines.append(f"BLOCK {found.bad_block} IS INVALID: layer2 plasma exit all --distrust {found.bad_block}")
    elif found.verified < found.posted:
        lines.append("blocks are missing, so spent outputs stay in doubt; pass another source of block data")
    return lines


def _rows(kits: Sequence[Kit]) -> list[dict[str, object]]:
    return [_row(one.position, one.output.token, one.output.amount) for one in kits]


def _row(position: int, token: int, amount: int) -> dict[str, object]:
    return {"position": hex(position), "token": token, "amount": str(amount)}
