"""Gas of every operation of the plasma chain, from receipts, compared with the anchors; blocks are full.

A full block holds 65,536 transactions. Storage is warm unless the name indicates otherwise: each operation has been
executed before.
"""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import deploy_with_receipt
from layer2.ethereum.devnet import tester_connection
from layer2.ethereum.sender import Sender
from layer2.plasma.payments.chain.contract import Proof
from layer2.plasma.protocol.transaction import Transaction, payment
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.errors import InputError
from layer2.testing.contracts.mocks import deploy_mock
from layer2_bench.anchors import anchors_of
from layer2_bench.coin_world import measure_coins
from layer2_bench.plasma_world import FullBlock, PlasmaWorld

__all__ = ["run_plasma_gas"]

_ETHER = 10**18
_PLENTY = 100 * _ETHER
"""Balance in wei that covers the payments of the filler blocks."""
_BATCH = 10
_EXPIRY = 10_000


def run_plasma_gas(network: str = "test") -> dict[str, Any]:
    """Measure on the in-process chain ("test") or on a new anvil ("anvil").

    Returns:
        The format of `run_gas`: `{"family", "operations": {id: {"gas", "anchor", "target"}}, "unanchored": {id: gas}}`.

    Raises:
        InputError: The network is neither of the two.
    """
    if network not in ("test", "anvil"):
        raise InputError(f"run_plasma_gas: network {network!r} given, 'test' or 'anvil' needed", hint="name one")
    if network == "anvil":
        with AnvilNode() as node:
            gas = measure(node.connection)
    else:
        gas = measure(tester_connection())
    anchors = anchors_of("plasma")
    operations = {name: {"gas": gas.pop(name), **anchors[name]} for name in anchors}
    return {"family": "plasma", "operations": operations, "unanchored": gas}


def measure(connection: Connection) -> dict[str, int]:
    """Run all scenarios and return the gas by operation id."""
    gas: dict[str, int] = {}
    for scenario in (_deployment, _deposits, _exits, _starts, _games):
        start = connection.snapshot()
        gas |= scenario(PlasmaWorld(connection))
        connection.revert(start)
    return gas | measure_coins(connection)


def _deployment(world: PlasmaWorld) -> dict[str, int]:
    sender = Sender(world.connection, world.watcher)
    row = (sender.address, ZERO_ADDRESS, ZERO_ADDRESS, *astuple(world.root.profile))
    return {"deploy.total": deploy_with_receipt(sender, load_artifact("RootChain"), row)[1].gas_used}


def _deposits(world: PlasmaWorld) -> dict[str, int]:
    root, payer = world.root, world.sender(world.payer)
    gas: dict[str, int] = {}
    token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=world.operator)
    token.transact(world.operator, "mint", world.payer.address, 10**12)
    token.transact(payer, "approve", root.address, 2**256 - 1)
    root.register_token(payer, token.address)
    for _ in range(2):
        gas["deposit.eth"] = world.deposit(world.payer, _ETHER)[1].gas_used
        gas["deposit.erc20"] = root.deposit(payer, 1, 1_000, world.payer.address).gas_used
        gas["block.submit"] = world.block(_paid(world, 1))[1].gas_used
    return gas


def _exits(world: PlasmaWorld) -> dict[str, int]:
    root, payee, watcher = world.root, world.sender(world.payee), world.sender(world.watcher)
    world.deposit(world.payer, _PLENTY)
    deposits = [world.deposit(world.payer, _ETHER)[0] for _ in range(2)]
    block, again, other = (world.block(*(_paid(world, at + start) for at in range(12)))[0] for start in (0, 50, 100))
    gas: dict[str, int] = {}
    for one in deposits:
        proof = Proof.of_deposit(one.position, one.record)
        gas["exit.start_deposit"] = root.start_exits(world.sender(world.payer), [proof]).gas_used
    gas["exit.start_first_in_bucket"] = root.start_exits(payee, [again.proof(0)]).gas_used
    root.start_exits(payee, [block.proof(0)])
    gas["exit.start"] = root.start_exits(payee, [block.proof(1)]).gas_used
    ten = root.start_exits(payee, [other.proof(at) for at in range(_BATCH)]).gas_used
    one_more = root.start_exits(payee, [other.proof(at) for at in (_BATCH, _BATCH + 1)]).gas_used
    gas["exit.start_batched"] = (ten - one_more) // (_BATCH - 2)
    spending = payment([block.proof(0).position], [(world.payer, 0, _ETHER)], _EXPIRY)
    claimed = Proof(block.proof(0).position, 0, block.transactions[0].packed)
    gas["exit.challenge"] = root.challenge_exit(watcher, claimed, world.spend(spending, world.payee)).gas_used
    world.connection.advance(3 * root.profile.exit_period)
    gas["exit.claim"] = root.process_exits(watcher, [_item(block, 1)]).gas_used
    batch = [_item(other, at) for at in range(_BATCH)]
    gas["exit.claim_batched"] = root.process_exits(watcher, batch).gas_used // _BATCH
    return gas


def _starts(world: PlasmaWorld) -> dict[str, int]:
    """Start in-flight exits with 1, 2 and 4 inputs and outputs, among other exits of the same blocks."""
    gas: dict[str, int] = {}
    for count in (1, 2, 4):
        block = world.block(*(_paid(world, 10 * count + at, world.payer) for at in range(count + 1)))[0]
        proofs = [block.proof(at) for at in range(count + 1)]
        payer = world.sender(world.payer)
        world.root.start_exits(payer, proofs[count:])
        moved = payment([one.position for one in proofs[:count]], [(world.payee, 0, _ETHER)] * count, _EXPIRY)
        shown = Proof.of_nothing(moved.packed)
        signatures = world.sign(moved, *([world.payer] * count))
        receipt = world.root.start_in_flight_exit(payer, shown, proofs[:count], signatures, 0)
        gas[f"ife.start_{count}_{count}"] = receipt.gas_used
    return gas


def _games(world: PlasmaWorld) -> dict[str, int]:
    root, payer, payee, watcher = world.root, world.payer, world.payee, world.watcher
    mine, yours, theirs = (world.sender(one) for one in (payer, payee, watcher))
    world.deposit(payer, _PLENTY)
    made = world.block(*(_paid(world, at, payer) for at in range(3)))[0]
    proofs = [made.proof(at) for at in range(3)]
    root.start_exits(mine, proofs[2:])
    moved = payment([one.position for one in proofs[:2]], [(payee, 0, _ETHER)] * 2, _EXPIRY)
    ids = world.ids(proofs[:2], made.transactions[:2])
    sources = [one.packed for one in made.transactions[:2]]
    included = world.block(moved)[0]
    rival = payment([proofs[0].position], [(payer, 0, _ETHER)], _EXPIRY)
    later = world.block(rival)[0]
    root.start_in_flight_exit(mine, Proof.of_nothing(moved.packed), proofs[:2], world.sign(moved, payer, payer), 0)
    packed = moved.packed
    gas: dict[str, int] = {}
    # One call piggybacks both inputs.
    gas["ife.piggyback_first"] = root.piggyback(mine, packed, ids, 1, sources).gas_used
    gas["ife.piggyback"] = root.piggyback(yours, packed, ids, 4).gas_used
    root.piggyback(yours, packed, ids, 5)
    spend = world.spend(rival, payer)
    gas["ife.non_canonical"] = root.challenge_non_canonical(theirs, packed, ids, 0, sources, spend).gas_used
    spend = world.spend(rival, payer, later.proof(0))
    gas["ife.non_canonical_included"] = root.challenge_non_canonical(theirs, packed, ids, 0, sources, spend).gas_used
    gas["ife.respond"] = root.respond_non_canonical(yours, included.proof(0), ids, [b"", sources[1]]).gas_used
    other = payment([proofs[1].position], [(payer, 0, _ETHER)], _EXPIRY)
    gas["ife.input_spent"] = root.challenge_input_spent(
        theirs, packed, ids, 1, sources[1], world.spend(other, payer)
    ).gas_used
    onward = payment([included.proof(0, 1).position], [(payer, 0, _ETHER)], _EXPIRY)
    spent = included.proof(0, 1)
    gas["ife.output_spent"] = root.challenge_output_spent(theirs, spent, ids, world.spend(onward, payee)).gas_used
    world.connection.advance(3 * root.profile.exit_period)
    gas["ife.claim"] = root.process_in_flight_exit(theirs, packed, ids, sources).gas_used
    return gas


def _paid(world: PlasmaWorld, number: int, owner: object = None) -> Transaction:
    """Return a payment of one ether to the payee or `owner`; each number gives a distinct payment."""
    funded = 1 << 63 | 1 << 24
    return payment([funded], [(owner or world.payee, 0, _ETHER)], _EXPIRY + 1 + number)


def _item(block: FullBlock, index: int) -> tuple[int, bytes]:
    return block.proof(index).position, block.transactions[index].packed
