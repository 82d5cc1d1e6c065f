"""Access control of channel methods: one rule for each method, checked before anything is signed, stored or sent.

One process may hold both parties. The `sender` of a method names the acting account, and no party acts for another: an
account that is not a party is refused, even if the keys of a party are held here. Actions that the contract permits to
anyone are paid for by the sender.
"""

from __future__ import annotations

import enum
import functools
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from layer2.channels.party.errors import Refused
from layer2.channels.party.party import Party
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer, as_signer
from layer2.primitives.addresses import Address

__all__ = ["Actor", "NotAParty", "Rule", "Who", "acting", "acts", "rule_of", "side_of"]

Actor = Signer | Party | Sender
Who = Signer | Party | Sender | None
"""Acting account, node or sender; None selects the default of the two parties held here."""


class Rule(enum.Enum):
    """Accounts that may be the sender of a method."""

    PARTY = "either party, for its own side"
    PAYER = "the payer of a simplex channel"
    PAYEE = "the payee of a simplex channel, or either party of another"
    NAMED = "either party, for its own side; anybody, for a side that is named"
    ANYBODY = "anybody, at its own cost: the contract pays by what the parties signed"


class NotAParty(Refused):
    """Raised when the sender is not the party that must act."""


class _Drives(Protocol):
    key: ChannelKey
    parties: dict[str, Party]


P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T", bound=_Drives)


def acting(who: object) -> Actor | None:
    """Return an account, node or sender in one of these forms, or None for None; raise SignerUnusable otherwise."""
    if who is None or isinstance(who, Party | Sender):
        return who
    return as_signer(who)


def side_of(key: ChannelKey, who: Actor | Address) -> str:
    """Return the side of a party, "A" or "B"; raise NotAParty for any other account."""
    address = who if isinstance(who, str) else who.address
    if address == key.a:
        return "A"
    if address == key.b:
        return "B"
    raise NotAParty(
        f"channel {key.id.hex()[:8]}: {address} is neither payer {key.a} nor payee {key.b}",
        hint="let one of the parties act",
    )


def acts(rule: Rule) -> Callable[[Callable[Concatenate[T, P], R]], Callable[Concatenate[T, P], R]]:
    """Decorate a channel method with the rule for its `sender`, which is checked before the method runs."""

    def guard(verb: Callable[Concatenate[T, P], R]) -> Callable[Concatenate[T, P], R]:
        names = list(inspect.signature(verb).parameters)
        place = names.index("sender") - 1

        @functools.wraps(verb)
        def guarded(channel: T, /, *args: P.args, **kwargs: P.kwargs) -> R:
            given: list[Any] = list(args)
            named: dict[str, Any] = dict(kwargs)
            said = named.get("sender") if "sender" in named or place >= len(given) else given[place]
            who = _behind(channel, acting(said))
            _require(rule, channel.key, verb.__name__, who, named)
            if "sender" in named:
                named["sender"] = who
            elif place < len(given):
                given[place] = who
            return verb(channel, *given, **named)

        vars(guarded)["__rule__"] = rule
        return guarded

    return guard


def rule_of(verb: Callable[..., Any]) -> Rule | None:
    """Return the rule of a method, or None if it has none."""
    found = getattr(verb, "__rule__", None)
    return found if isinstance(found, Rule) else None


def _behind(channel: _Drives, who: Actor | None) -> Actor | None:
    """Return the node whose session key the account holds, or the sender itself."""
    for node in channel.parties.values():
        if who is not None and node.address != who.address == node.signer.address:
            return node
    return who


def _require(rule: Rule, key: ChannelKey, verb: str, who: Actor | None, given: dict[str, Any]) -> None:
    if who is None or rule is Rule.ANYBODY or (rule is Rule.NAMED and given.get("side") is not None):
        return
    side = side_of(key, who)
    wanted = {Rule.PAYER: "A", Rule.PAYEE: "B" if key.simplex else side}.get(rule, side)
    if side != wanted:
        need = key.a if wanted == "A" else key.b
        raise NotAParty(
            f"channel {key.id.hex()[:8]}: {verb} by {who.address}, {need} (side {wanted}) needed",
            hint="let that party act",
        )
