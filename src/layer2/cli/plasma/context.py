"""Context of a plasma command: the acting account's wallet on the recorded root chain, and an operator if available."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from layer2.api.http.errors import Unreachable
from layer2.cli.common.workspace import Workspace
from layer2.cli.plasma.deployment import PlasmaDeployment, place_of
from layer2.cli.plasma.operator_client import gate_at
from layer2.ethereum.errors import ContractReverted
from layer2.plasma.common.errors import BlockLost, DepositsMissing
from layer2.plasma.payments.chain.errors import OperatorMisbehaved, ViewIncomplete
from layer2.plasma.payments.operator.client_protocol import OperatorClient
from layer2.plasma.payments.wallet.wallet import Wallet
from layer2.primitives.addresses import ZERO_ADDRESS, to_address
from layer2.primitives.errors import InputError
from layer2.store.errors import JournalError

__all__ = ["Context", "desk_of", "incomplete_option", "operator_option", "sources_option", "token_option", "utxo_named"]

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Context:
    """An owner's wallet, its deployment and the workspace."""

    workspace: Workspace
    place: PlasmaDeployment
    wallet: Wallet

    def token(self, text: str) -> int:
        """Return the number of a token given by number, symbol or address."""
        if text.isdigit():
            self.place.root.token_of(int(text))
            return int(text)
        if text.lower() in ("ether", "eth", ZERO_ADDRESS):
            return 0
        if text.startswith("0x"):
            address = to_address(text)
            found = [one for one, known in self._registered() if known == address]
        else:
            names = (one for one, _ in self._registered())
            found = [one for one in names if self.wallet.asset(one).symbol.lower() == text.lower()]
        if len(found) != 1:
            raise InputError(
                f"token {text!r}: {len(found)} registered tokens fit", hint="layer2 plasma register-token ADDRESS"
            )
        return found[0]

    def _registered(self) -> Iterator[tuple[int, str]]:
        number = 1
        while True:
            try:
                yield number, self.place.root.token_of(number)
            except ContractReverted:
                return
            number += 1


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
            gate = _gate(operator, place, held, needed)
        wallet = Wallet(
            place.root, workspace.signer, place.wallet_store, place.chain_state(), gate, sender=workspace.sender
        )
        held.callback(wallet.close)
        try:
            wallet.sync()
        except (OperatorMisbehaved, ViewIncomplete, Unreachable, BlockLost, DepositsMissing) as fault:
            if needed:
                raise
            click.echo(f"operator not heard: {fault}", err=True)
            wallet.look()
        yield Context(workspace, place, wallet)


def _gate(operator: str, place: PlasmaDeployment, held: contextlib.ExitStack, needed: bool) -> OperatorClient | None:
    try:
        return held.enter_context(gate_at(operator, place))
    except (Unreachable, JournalError, BlockLost, DepositsMissing) as fault:
        if needed:
            raise
        click.echo(f"operator not asked: {fault}", err=True)
        return None


def operator_option(command: F) -> F:
    """Add `--operator`."""
    return click.option(
        "--operator",
        default="local",
        show_default=True,
        envvar="LAYER2_PLASMA_OPERATOR",
        show_envvar=True,
        help="URL of the operator; local is this machine's own, by its folder, or where it listens.",
    )(command)


def incomplete_option(command: F) -> F:
    """Add `--incomplete`."""
    return click.option(
        "--incomplete", is_flag=True, help="Go by what this wallet knows, though nobody tells what all blocks hold."
    )(command)


def sources_option(command: F) -> F:
    """Add an `--operator` option that names sources of block data and can be repeated."""
    return click.option(
        "--operator",
        multiple=True,
        default=("local",),
        show_default="local",
        envvar="LAYER2_PLASMA_OPERATOR",
        show_envvar=True,
        help="Where bodies of blocks are: URL of an operator or of a watcher, a folder, or local, the folder of this "
        "machine's own operator. Several are asked in turn; none has to answer.",
    )(command)


def token_option(command: F) -> F:
    """Add `--token`."""
    return click.option("--token", default="0", help="Number, symbol or address; ether if not given.")(command)


def utxo_named(text: str) -> int:
    """Parse an output position as printed by `utxos`."""
    try:
        return int(text, 16 if text.lower().startswith("0x") else 10)
    except ValueError:
        raise InputError(f"output {text!r}: no position", hint="layer2 plasma utxos shows them") from None
