"""Context of a plasma command: the acting account's wallet on the recorded root chain, and an operator if available."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import click

from layer2.api.http.errors import Unreachable
from layer2.cli.common.context import if_available, service_option
from layer2.cli.common.context import sources_option as sources
from layer2.cli.common.tokens import token_number
from layer2.cli.common.workspace import Workspace
from layer2.cli.plasma.deployment import PlasmaDeployment, place_of
from layer2.cli.plasma.operator_client import gate_at
from layer2.ethereum.errors import ContractReverted
from layer2.plasma.common.errors import BlockLost, DepositsMissing
from layer2.plasma.payments.chain.errors import OperatorMisbehaved, ViewIncomplete
from layer2.plasma.payments.wallet.wallet import Wallet
from layer2.primitives.errors import InputError
from layer2.store.errors import JournalError

__all__ = ["Context", "desk_of", "operator_option", "sources_option", "utxo_named"]

UNAVAILABLE = (Unreachable, JournalError, BlockLost, DepositsMissing)
"""Faults of an operator that a command can do without."""


@dataclass(frozen=True, slots=True)
class Context:
    """An owner's wallet, its deployment and the workspace."""

    workspace: Workspace
    place: PlasmaDeployment
    wallet: Wallet

    def token(self, text: str) -> int:
        """Return the number of a token given by number, symbol or address."""
        return token_number(
            text, "plasma", self._registered, self.place.root.token_of, lambda number: self.wallet.asset(number).symbol
        )

    def _registered(self) -> Iterator[int]:
        for number in itertools.count(1):
            try:
                self.place.root.token_of(number)
            except ContractReverted:
                return
            yield number


@contextlib.contextmanager
def desk_of(workspace: Workspace, operator: str | None = None, *, needed: bool = True) -> Iterator[Context]:
    """Yield the acting account's wallet, synced to now.

    Args:
        operator: A URL, or `local`; None uses only the chain.
        needed: True if the command requires the operator. Otherwise an unavailable or misbehaving operator is reported
            in one line on stderr, and the chain and the wallet's own data are used.
    """
    place = place_of(workspace)
    with contextlib.ExitStack() as held:
        gate = None
        if operator is not None and (needed or operator != "local" or any(place.operator_folder.iterdir())):
            gate = if_available(gate_at(operator, place), held, needed, UNAVAILABLE)
        wallet = Wallet(
            place.root, workspace.signer, place.wallet_store, place.chain_state(), gate, sender=workspace.sender
        )
        held.callback(wallet.close)
        try:
            wallet.sync()
        except (OperatorMisbehaved, ViewIncomplete, *UNAVAILABLE) as fault:
            if needed:
                raise
            click.echo(f"the operator was not used: {fault}", err=True)
            wallet.look()
        yield Context(workspace, place, wallet)


operator_option = service_option("--operator", "LAYER2_PLASMA_OPERATOR", "operator")
"""Adds `--operator`."""

sources_option = sources("LAYER2_PLASMA_OPERATOR")
"""Adds `--operator` for sources of block data."""


def utxo_named(text: str) -> int:
    """Parse an output position as printed by `utxos`."""
    try:
        return int(text, 16 if text.lower().startswith("0x") else 10)
    except ValueError:
        raise InputError(f"output {text!r}: not a position", hint="see: layer2 plasma utxos") from None
