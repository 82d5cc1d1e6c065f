"""Context of a rollup command: the acting account's wallet on a new replica of the rollup, and its sequencer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from layer2.cli.common.context import service_option
from layer2.cli.common.tokens import token_number
from layer2.cli.common.workspace import Workspace, party_address
from layer2.cli.rollup.deployment import place_of
from layer2.cli.rollup.sequencer_client import gate_at
from layer2.primitives.errors import InputError
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.errors import AccountUnknown
from layer2.rollup.wallet.l1_actions import Outgoing
from layer2.rollup.wallet.wallet import Wallet

__all__ = [
    "Context",
    "desk_of",
    "outgoing_named",
    "sequencer_option",
]


@dataclass(frozen=True, slots=True)
class Context:
    """A user's wallet, the rollup contract and the workspace."""

    workspace: Workspace
    rollup: RollupContract
    wallet: Wallet

    def token(self, text: str) -> int:
        """Return the number of a token given by number, symbol or address."""
        return token_number(
            text,
            "rollup",
            lambda: range(1, self.wallet.replica.head.tokens),
            self.rollup.token_of,
            lambda number: self.wallet.asset(number).symbol,
        )

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
            hint="pass an account number, or open one: layer2 rollup deposit --owner",
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


sequencer_option = service_option("--sequencer", "LAYER2_SEQUENCER", "sequencer")
"""Adds `--sequencer`."""


def outgoing_named(known: list[Outgoing], place: str) -> Outgoing:
    """Return an own withdrawal by its place."""
    fitting = [one for one in known if one.place == place.lower().removeprefix("0x")]
    if len(fitting) != 1:
        names = ", ".join(one.place for one in known) or "none"
        raise InputError(f"withdrawal {place!r}: not one of yours (known: {names})", hint="layer2 rollup withdrawals")
    return fitting[0]
