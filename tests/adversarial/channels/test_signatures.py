"""Signatures of the wrong signer, channel, type or form."""

from __future__ import annotations

import pytest

from layer2.channels.protocol.messages import Close
from layer2.primitives.addresses import ZERO_ADDRESS, address_bytes
from layer2.primitives.ecdsa import ORDER, from_compact
from layer2.primitives.hashing import keccak
from layer2.testing.adversaries.channels.steps import closed, dispute, funded, voucher
from layer2.testing.adversaries.channels.world import ETHER, GasWorld
from layer2.testing.revert_checks.reverts import reverts


def test_a_voucher_of_somebody_else_is_refused(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payee, key)
    with reverts("InvalidSignature", signer=world.payer.address):
        world.act(world.relayer, "post", key.as_tuple(), False, 5, voucher(world, world.relayer, key, 5))


def test_a_voucher_of_another_channel_is_refused(world: GasWorld) -> None:
    key, other = funded(world), funded(world)
    dispute(world, world.payee, key)
    with reverts("InvalidSignature", signer=world.payer.address):
        world.act(world.relayer, "post", key.as_tuple(), False, 5, voucher(world, world.payer, other, 5))


def test_a_mirrored_signature_is_refused_and_both_forms_of_the_real_one_taken(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payee, key)
    for step, form in enumerate((lambda s: s, from_compact), 1):
        world.act(world.relayer, "post", key.as_tuple(), False, step, form(voucher(world, world.payer, key, step)))
    full = from_compact(voucher(world, world.payer, key, 9))
    mirrored = full[:32] + (ORDER - int.from_bytes(full[32:64], "big")).to_bytes(32, "big") + bytes((55 - full[64],))
    for wrong in (mirrored, full[:64] + b"\x00", full[:64] + bytes((55 - full[64],)), b"", bytes(65), full + b"\x00"):
        with reverts("InvalidSignature", signer=world.payer.address):
            world.act(world.relayer, "post", key.as_tuple(), False, 9, wrong)


def test_a_close_signature_is_no_voucher(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payee, key)
    with reverts("InvalidSignature", signer=world.payer.address):
        world.act(world.relayer, "post", key.as_tuple(), False, 5, closed(world, key, 5, 0)[0])


@pytest.mark.parametrize("garbage", [b"", bytes(64), bytes(65), b"\xff" * 65], ids=["empty", "64", "65", "ones"])
def test_garbage_is_no_signature_of_the_zero_address(world: GasWorld, garbage: bytes) -> None:
    """Recovery of garbage answers zero: were zero a signer, the other party could close over its side alone."""
    key = world.make_key()
    # A channel that the library refuses to name, by the contract's own rule for its id.
    words = bytes(44) + address_bytes(key.b) + bytes(32) + key.params.to_bytes(32, "big")
    channel = keccak(words)[:27] + key.id[27:]
    world.act(world.relayer, "depositETH", channel, False, value=ETHER)
    theirs = world.sign(world.payee, Close(channel, ETHER, 0))
    with reverts("InvalidSignature", signer=ZERO_ADDRESS):
        world.act(world.payee, "close", (ZERO_ADDRESS, key.b, key.token, key.params), ETHER, 0, garbage, theirs)
