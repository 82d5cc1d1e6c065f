"""Context of a channel command: the acting account's node, opened from its journal and closed after the command."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from layer2.channels.contract.hub import HubContract
from layer2.channels.party.opening_intents import OpeningIntents
from layer2.channels.party.party import Party
from layer2.channels.party.policy import CONFIRMATIONS
from layer2.channels.party.transition import State
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.cli.common.context import unique
from layer2.cli.common.deployment import recorded
from layer2.cli.common.workspace import Workspace
from layer2.cli.deploy.channels import HUB
from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.assets import allow, asset_at
from layer2.ethereum.contract import Contract

__all__ = ["Context", "confirming", "describe", "desk_of"]

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Context:
    """A party's node, the hub contract and the workspace that pays gas."""

    workspace: Workspace
    hub: HubContract
    party: Party
    intents: OpeningIntents
    opening: tuple[ChannelKey, ...]
    """Channels whose first deposit was sent but not observed yet."""

    def key(self, text: str) -> ChannelKey:
        """Return the channel whose id begins with `text`, or the `last` open one.

        The text has at least four hex digits and must match exactly one channel.
        """
        if text == "last" and self.party.channels:
            return self._last()
        hint = "give at least four digits of one id, or `last`; --as acts as the other party"
        chosen = unique(text, "channel", list(self.party.channels), self.party.address, hint)
        return self.party.state(chosen).key

    def _last(self) -> ChannelKey:
        """Return the newest channel with a balance, or the newest channel if none has one."""
        states = [self.party.state(one) for one in reversed(self.party.channels)]
        return next((state.key for state in states if state.phase not in ("new", "closed")), states[0].key)

    def amount(self, text: str, token: str) -> int:
        """Parse an amount of a token from text."""
        return asset_at(self.hub.connection, token).parse(text)

    def show(self, amount: int, token: str) -> str:
        """Format an amount of a token for display."""
        return asset_at(self.hub.connection, token).format(amount)

    def allow(self, token: str, amount: int) -> None:
        """Approve `amount` of a token for the hub, unless it is already approved."""
        allow(self.workspace.sender, token, self.hub.address, amount)


@contextlib.contextmanager
def desk_of(workspace: Workspace, deployments: str = "deployments") -> Iterator[Context]:
    """Open the acting account's node on the hub that is recorded for the chain."""
    connection, record = workspace.connection, recorded(workspace, HUB, deployments)
    hub = HubContract(Contract(connection, record.address, load_artifact(HUB).abi))
    path = workspace.folder / f"{record.address}.journal"
    party = Party.open(workspace.signer, hub, path, confirmations=workspace.confirmations)
    try:
        for channel in party.channels:
            party.refresh(channel)
        intents = OpeningIntents(workspace.folder / f"{record.address}.opening", hub)
        yield Context(workspace, hub, party, intents, tuple(intents.recover(party)))
    finally:
        party.close()


def confirming(command: F) -> F:
    """Add `--confirmations`: the number of blocks above a block before its deposits count."""

    @functools.wraps(command)
    def wrapper(*args: Any, workspace: Workspace, confirmations: int | None, **kwargs: Any) -> Any:
        workspace.confirmations = confirmations
        return command(*args, workspace=workspace, **kwargs)

    option = click.option(
        "--confirmations",
        type=click.IntRange(min=0),
        envvar="LAYER2_CONFIRMATIONS",
        help=f"Blocks on top of a deposit before it counts; {CONFIRMATIONS} if not given, 0 on a development chain.",
    )
    vars(wrapper)["__click_params__"] = list(getattr(command, "__click_params__", []))
    decorated: Any = option(wrapper)
    result: F = decorated
    return result


def describe(desk: Context, state: State) -> dict[str, Any]:
    """Return a channel's state as known to a party for `--json`, with amounts as decimal strings."""
    return {
        "id": "0x" + state.key.id.hex(),
        "kind": "simplex" if state.key.simplex else "duplex",
        "phase": state.phase,
        "side": state.side,
        "peer": state.key.b if state.side == "A" else state.key.a,
        "token": state.key.token,
        "balance": str(state.balance),
        "peerBalance": str(state.peer_balance),
        "available": str(state.available),
        "sent": str(state.mine.amount),
        "received": str(state.theirs.amount),
        "payments": state.mine.payments + state.theirs.payments,
        "deadline": state.deadline,
    }
