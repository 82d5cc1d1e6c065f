"""Signatures of the wrong signer, channel, type or form."""

from __future__ import annotations

from layer2.primitives.ecdsa import ORDER, from_compact
from layer2.testing.adversaries.channels.steps import closed, dispute, funded, voucher
from layer2.testing.adversaries.channels.world import GasWorld
from layer2.testing.revert_checks.reverts import reverts


def test_a_voucher_of_somebody_else_is_refused(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payee, key)
    with reverts("SignatureInvalid", signer=world.payer.address):
        world.act(world.relayer, "post", key.as_tuple(), False, 5, voucher(world, world.relayer, key, 5))


def test_a_voucher_of_another_channel_is_refused(world: GasWorld) -> None:
    key, other = funded(world), funded(world)
    dispute(world, world.payee, key)
    with reverts("SignatureInvalid", signer=world.payer.address):
        world.act(world.relayer, "post", key.as_tuple(), False, 5, voucher(world, world.payer, other, 5))


def test_a_mirrored_signature_is_refused_and_both_forms_of_the_real_one_taken(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payee, key)
    for step, form in enumerate((lambda s: s, from_compact), 1):
        world.act(world.relayer, "post", key.as_tuple(), False, step, form(voucher(world, world.payer, key, step)))
    full = from_compact(voucher(world, world.payer, key, 9))
    mirrored = full[:32] + (ORDER - int.from_bytes(full[32:64], "big")).to_bytes(32, "big") + bytes((55 - full[64],))
    for wrong in (mirrored, full[:64] + b"\x00", full[:64] + bytes((55 - full[64],)), b"", bytes(65), full + b"\x00"):
        with reverts("SignatureInvalid", signer=world.payer.address):
            world.act(world.relayer, "post", key.as_tuple(), False, 9, wrong)


def test_a_close_signature_is_no_voucher(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payee, key)
    with reverts("SignatureInvalid", signer=world.payer.address):
        world.act(world.relayer, "post", key.as_tuple(), False, 5, closed(world, key, 5, 0)[0])
