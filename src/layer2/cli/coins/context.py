"""Context of a coin command: the acting account's coins on the recorded coin chain, and an operator if available."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from layer2.api.http.errors import Unreachable
from layer2.cli.coins.deployment import CoinDeployment, coin_place_of
from layer2.cli.coins.operator_client import coin_gate_at, coin_sources_at
from layer2.cli.common.context import if_available, service_option
from layer2.cli.common.context import sources_option as sources
from layer2.cli.common.workspace import Workspace
from layer2.ethereum.assets import asset_at
from layer2.plasma.coins.chain.operator_client import CoinOperatorClient
from layer2.plasma.coins.protocol.records import CoinRecord, Kind
from layer2.plasma.coins.wallet.coin_store import CoinStore
from layer2.plasma.coins.wallet.wallet import CoinWallet
from layer2.primitives.display import format_time
from layer2.primitives.errors import InputError
from layer2.store.errors import JournalLocked
from layer2.store.journal import Journal

__all__ = ["CoinContext", "blocks_option", "coin_desk_of", "coin_named", "sources_option"]

F = TypeVar("F", bound=Callable[..., Any])
_RECOVERY = "receive the coins again: the operator, or who paid them, has their histories"


@dataclass(frozen=True, slots=True)
class CoinContext:
    """A coin owner's wallet, its deployment and the workspace."""

    workspace: Workspace
    place: CoinDeployment
    holder: CoinWallet

    def holds(self, record: CoinRecord) -> str:
        """Return a display text of a coin's content."""
        if record.kind is Kind.ERC721:
            return f"NFT {record.value} of {record.token}"
        return asset_at(self.workspace.connection, record.token).format(record.value)

    def state(self, coin: int) -> tuple[str, str]:
        """Return the state of an own coin: a word for programs, and a display text."""
        wallet = self.holder.wallet
        leaving = self.holder.exit_of(coin)
        if leaving is not None:
            return "leaving", f"exiting, to be claimed after {format_time(leaving.exitable_at)}"
        if wallet.broken(coin) is not None:
            return "broken", "BROKEN HISTORY: exit it (layer2 plasma coin exit)"
        signed = wallet.signed_over(coin)
        if signed is not None:
            return "signed", f"signed over to 0x{signed.new_owner.hex()} until block {signed.expiry}"
        if wallet.standing(coin).next_block < wallet.chain_state.next_block:
            return "behind", f"checked up to block {wallet.standing(coin).next_block - 1} only: pass an operator"
        return "free", "free"


@contextlib.contextmanager
def coin_desk_of(
    workspace: Workspace, operator: str | None = None, mirrors: tuple[str, ...] = (), *, needed: bool = True
) -> Iterator[CoinContext]:
    """Yield the acting account's coin wallet, synced to now.

    Args:
        operator: A URL, or `local`; None uses only the chain.
        mirrors: URLs and folders of other sources of block data.
        needed: True if the command requires the operator. Otherwise an unavailable operator is reported in one line on
            stderr, and the chain, mirrors and the wallet's own data are used.
    """
    place = coin_place_of(workspace)
    with contextlib.ExitStack() as held:
        gate: CoinOperatorClient | None = None
        if operator is not None and (needed or operator != "local" or any(place.operator_folder.iterdir())):
            gate = if_available(coin_gate_at(operator, place), held, needed, (Unreachable, JournalLocked))
        journal = held.enter_context(Journal(place.wallet_store, kind="coin wallet", recovery=_RECOVERY))
        wallet = CoinStore(place.chain, workspace.signer, journal, place.chain_state())
        known = [*mirrors, *(["local"] if operator == "local" and gate is None and place.bodies.is_dir() else [])]
        holder = CoinWallet(wallet, workspace.sender, gate, coin_sources_at(known, place))
        for fault in holder.sync():
            click.echo(f"coin not verified: {fault}", err=True)
        yield CoinContext(workspace, place, holder)


def sources_option(command: F) -> F:
    """Add `--operator` and `--mirror`."""
    operator: Callable[[F], F] = service_option("--operator", "LAYER2_COIN_OPERATOR", "coin operator")
    mirror = click.option("--mirror", "mirrors", multiple=True, help="URL or folder of another source of block data.")
    return operator(mirror(command))


blocks_option = sources("LAYER2_COIN_OPERATOR")
"""Adds `--operator` for sources of block data."""


def coin_named(text: str) -> int:
    """Parse a coin number as printed by `list`."""
    try:
        coin = int(text, 16 if text.lower().startswith("0x") else 10)
    except ValueError:
        coin = -1
    if not 0 <= coin < 1 << 64:
        raise InputError(f"coin {text[:40]!r}: not a coin number", hint="see: layer2 plasma coin list")
    return coin
