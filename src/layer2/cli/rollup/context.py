"""Context of a rollup command: the acting account's wallet on a new replica of the rollup, and its sequencer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from layer2.cli.common.workspace import Workspace, party_address
from layer2.cli.rollup.deployment import place_of
from layer2.cli.rollup.sequencer_client import gate_at
from layer2.primitives.addresses import ZERO_ADDRESS, to_address
from layer2.primitives.errors import InputError
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.errors import AccountUnknown
from layer2.rollup.wallet.l1_actions import Outgoing
from layer2.rollup.wallet.wallet import Wallet

__all__ = [
    "Context",
    "desk_of",
    "incomplete_option",
    "outgoing_named",
    "sequencer_option",
    "token_option",
]

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Context:
    """A user's wallet, the rollup contract and the workspace."""

    workspace: Workspace
    rollup: RollupContract
    wallet: Wallet

    def token(self, text: str) -> int:
        """Return the number of a token given by number, symbol or address."""
        if text.isdigit():
            number = int(text)
            if number >= self.wallet.replica.head.tokens:
                # The token may be registered but still queued; the contract rejects unregistered ones.
                self.rollup.token_of(number)
            return number
        if text.lower() in ("ether", "eth", ZERO_ADDRESS):
            return 0
        known = range(1, self.wallet.replica.head.tokens)
        if text.startswith("0x"):
            address = to_address(text)
            found = [one for one in known if self.rollup.token_of(one) == address]
        else:
            found = [one for one in known if self.wallet.asset(one).symbol.lower() == text.lower()]
        if len(found) != 1:
            raise InputError(
                f"token {text!r}: {len(found)} registered tokens fit", hint="layer2 rollup register-token ADDRESS"
            )
        return found[0]

    def receiver(self, text: str, token: int) -> int:
        """Return the account given by its number, or by its owner's address or role."""
        if text.isdigit():
            return int(text)
        address = party_address(text, self.workspace.connection)
        for index, one in self.wallet.replica.head.accounts.items():
            if one.address == address and one.token == token:
                return index
        raise AccountUnknown(
            f"{address} has no account of token {token} in its name",
            hint="ask for the number of one, or open one: layer2 rollup deposit --owner",
        )


@contextlib.contextmanager
def desk_of(workspace: Workspace, sequencer: str | None = None) -> Iterator[Context]:
    """Yield the acting account's wallet; `sequencer` (a URL, or `local`) enables payments."""
    with place_of(workspace) as place, contextlib.ExitStack() as held:
        replica = place.replica()
        gate = None
        if sequencer is not None:
            gate = held.enter_context(gate_at(sequencer, place.workspace, place.rollup, replica))
        yield Context(workspace, place.rollup, Wallet(place.rollup, workspace.signer, replica, gate, workspace.sender))


def sequencer_option(command: F) -> F:
    """Add `--sequencer`."""
    return click.option(
        "--sequencer",
        default="local",
        show_default=True,
        envvar="LAYER2_SEQUENCER",
        show_envvar=True,
        help="URL of the sequencer; local is this machine's own, by its journal, or where it listens.",
    )(command)


def incomplete_option(command: F) -> F:
    """Add `--incomplete`."""
    return click.option(
        "--incomplete", is_flag=True, help="Go by what this wallet knows, though nobody has the data of all entries."
    )(command)


def token_option(command: F) -> F:
    """Add `--token`."""
    return click.option("--token", default="0", help="Number, symbol or address; ether if not given.")(command)


def outgoing_named(known: list[Outgoing], place: str) -> Outgoing:
    """Return an own withdrawal by its place."""
    fitting = [one for one in known if one.place == place.lower().removeprefix("0x")]
    if len(fitting) != 1:
        names = ", ".join(one.place for one in known) or "none"
        raise InputError(f"withdrawal {place!r}: none of yours (known: {names})", hint="layer2 rollup withdrawals")
    return fitting[0]
