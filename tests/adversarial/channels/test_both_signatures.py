"""What takes both parties' word takes no word but theirs: with one of them missing, nobody can send it."""

from __future__ import annotations

from typing import Any

import pytest

from layer2.channels.protocol.messages import Close, Move, Withdraw
from layer2.primitives.typed_data import TypedMessage
from layer2.testing.adversaries.channels.steps import LATER, funded
from layer2.testing.adversaries.channels.world import ETHER, GasWorld
from layer2.testing.revert_checks.reverts import reverts


def agreed(world: GasWorld, name: str) -> tuple[TypedMessage, tuple[Any, ...]]:
    """A message that pays the payer everything, and the arguments before the signatures."""
    key = funded(world)
    if name == "close":
        return Close(key.id, 0, ETHER), (key.as_tuple(), 0, ETHER)
    if name == "withdraw":
        return Withdraw(key.id, 2 * ETHER, 0, 0, LATER), (key.as_tuple(), 2 * ETHER, 0, LATER)
    other = funded(world)
    amounts = (2 * ETHER, 0, 2 * ETHER, 0)
    message = Move(key.id, other.id, *amounts, 0, LATER)
    return message, (key.as_tuple(), other.as_tuple(), list(amounts), LATER)


@pytest.mark.parametrize("name", ["close", "withdraw", "move"])
@pytest.mark.parametrize("sender", ["relayer", "payer"])
@pytest.mark.parametrize("instead", ["nothing", "the payer's own", "another message"])
def test_without_the_payee_nothing_is_paid_out(world: GasWorld, name: str, sender: str, instead: str) -> None:
    message, arguments = agreed(world, name)
    mine = world.sign(world.payer, message)
    forged = {
        "nothing": b"",
        "the payer's own": mine,
        "another message": world.sign(world.payee, Close(bytes(32), 0, 0)),
    }[instead]
    with reverts("InvalidSignature", signer=world.payee.address):
        world.act(getattr(world, sender), name, *arguments, mine, forged)
    world.act(getattr(world, sender), name, *arguments, mine, world.sign(world.payee, message))


@pytest.mark.parametrize("name", ["close", "withdraw", "move"])
@pytest.mark.parametrize("sender", ["relayer", "payee"])
def test_without_the_payer_nothing_is_paid_out(world: GasWorld, name: str, sender: str) -> None:
    message, arguments = agreed(world, name)
    theirs = world.sign(world.payee, message)
    for forged in (b"", theirs):
        with reverts("InvalidSignature", signer=world.payer.address):
            world.act(getattr(world, sender), name, *arguments, forged, theirs)
    world.act(getattr(world, sender), name, *arguments, world.sign(world.payer, message), theirs)
