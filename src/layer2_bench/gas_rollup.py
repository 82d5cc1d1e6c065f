"""Gas of every operation of the rollup, from receipts, compared with the anchors. Disputes use 2^20 accounts.

Storage is warm. A dispute is measured with all data in blobs and with all data in calldata, and the greater gas counts.
The gas of a dispute is that of the transaction that proves the fraud.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import deploy_with_receipt
from layer2.ethereum.devnet import tester_connection
from layer2.ethereum.sender import Sender
from layer2.primitives.errors import InputError
from layer2.primitives.hashing import keccak
from layer2.rollup.devnet import JUDGES
from layer2.rollup.protocol.blob_encoding import blobs_for
from layer2.rollup.protocol.frames import LIMITS, FrameType
from layer2.rollup.protocol.params import FIELD_BYTES, FRAME_BYTES, FRAMES_PER_BLOB, OPS_PER_SEGMENT
from layer2.rollup.state.commitments import Assertion
from layer2.rollup.state.state import owner_of_address
from layer2.testing.contracts.mocks import deploy_mock
from layer2_bench.anchors import anchors_of
from layer2_bench.rollup_world import RollupWorld

__all__ = ["run_rollup_gas"]

_SIX = 6
_LIST = 1_024
"""Number of withdrawals in the list of a measured claim."""
_PER_FRAME = LIMITS[FrameType.TRANSFERS]
_NOISE = b"\xfe" + b"\xa5" * (FRAME_BYTES - 1)
"""A frame without zero bytes, the least compressible data."""


def run_rollup_gas(network: str = "anvil") -> dict[str, Any]:
    """Measure on a new anvil ("anvil"), or on the in-process chain ("test"), whose pairings take minutes.

    Returns:
        The format of `run_gas`: `{"family", "operations": {id: {"gas", "anchor", "target"}}, "unanchored": {id: gas}}`.

    Raises:
        InputError: The network is neither of the two.
    """
    if network not in ("test", "anvil"):
        raise InputError(f"run_rollup_gas: network {network!r} given, 'test' or 'anvil' needed", hint="name one")
    gas: dict[str, float] = {}
    for data in ("blobs", "calldata"):
        if network == "anvil":
            with AnvilNode() as node:
                found = measure(node.connection, data)
        else:
            found = measure(tester_connection(), data)
        for name, value in found.items():
            gas[f"{name}.{data}" if name.startswith("dispute.") else name] = value
    for name in [one for one in gas if one.startswith("dispute.") and one.endswith(".blobs")]:
        whole = name.removesuffix(".blobs")
        gas[whole] = max(gas[name], gas.get(f"{whole}.calldata", 0))
    anchors = anchors_of("rollup")
    operations = {name: {"gas": gas.pop(name), **anchors[name]} for name in anchors}
    return {"family": "rollup", "operations": operations, "unanchored": gas}


def measure(connection: Connection, data: str) -> dict[str, float]:
    """Run all scenarios with data in blobs or in calldata; return gas (or bytes) by operation id."""
    world = RollupWorld(connection, data)
    try:
        gas: dict[str, float] = dict(_disputes(world))
        if data == "blobs":
            gas |= _deployment(connection, world)
            gas |= _user_calls(world)
            gas |= _batches(world)
            gas |= _exits(world)
        else:
            gas |= _calldata(world)
    finally:
        world.close()
    return gas


def _deployment(connection: Connection, world: RollupWorld) -> dict[str, float]:
    """Return the gas of deploying the rollup and all its judges."""
    sender, l2 = Sender(connection, world.other), world.l2
    made = [deploy_with_receipt(sender, load_artifact(name)) for name in JUDGES]
    judges = [contract.address for contract, _ in made]
    row = (sender.address, *dataclasses.astuple(l2.profile))
    _, last = deploy_with_receipt(sender, load_artifact("Rollup"), row, judges, judges[1], l2.genesis.root)
    total = last.gas_used + sum(receipt.gas_used for _, receipt in made)
    return {"deploy.total": total}


def _user_calls(world: RollupWorld) -> dict[str, float]:
    l2, connection = world.l2, world.connection
    user = l2.wallet(world.user)
    gas: dict[str, float] = {}
    token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=user.sender)
    token.transact(user.sender, "mint", user.signer.address, 10**12)
    number = int(l2.rollup.contract.events(user.register_token(token.address))[0].args["id"])
    for _ in range(3):
        gas["deposit.eth"] = l2.rollup.deposit(user.sender, 0, 10**15, owner_of_address(user.signer.address)).gas_used
        user.deposit(5, token=number)
        gas["deposit.erc20"] = user.deposit(5, token=number).gas_used
        gas["forced.enqueue"] = user.force(1, world.receiver, account=world.own).gas_used
    connection.advance(l2.profile.force_delay + 1)
    alone = l2.wallet(world.user, with_sequencer=False)
    alone.replica.step()
    gas["forced.include"] = alone.include().gas_used
    return gas


def _batches(world: RollupWorld) -> dict[str, float]:
    gas: dict[str, float] = {}
    one = _NOISE * FRAMES_PER_BLOB
    assert blobs_for(len(one) // FRAME_BYTES) == 1
    world.post(one)
    gas["batch.blob_1"] = world.post(one)
    world.l2.proposer.step()
    world.l2.settle()
    gas["batch.blob_6"] = world.post(one * _SIX)
    gas["propose"] = world.l2.proposer.step()[-1].gas_used
    transfers = _PER_FRAME * FRAMES_PER_BLOB * _SIX
    gas["batch.blob_exec_per_transfer"] = round((gas["batch.blob_6"] + gas["propose"]) / transfers, 3)
    gas["bytes.per_transfer_data"] = round(FRAME_BYTES / _PER_FRAME, 3)
    roots = FIELD_BYTES * -(-_PER_FRAME // OPS_PER_SEGMENT)
    gas["bytes.per_transfer_all_in"] = round((FRAME_BYTES + roots) / _PER_FRAME, 3)
    return gas


def _calldata(world: RollupWorld) -> dict[str, float]:
    frames = 128
    world.l2.settle()
    world.post(_NOISE * frames)
    world.l2.settle()
    posted = world.post(_NOISE * frames)
    proposed = world.l2.proposer.step()[-1].gas_used
    return {"batch.calldata_per_transfer": round((posted + proposed) / (frames * _PER_FRAME), 2)}


def _exits(world: RollupWorld) -> dict[str, float]:
    l2, connection = world.l2, world.connection
    gas: dict[str, float] = {}
    world.post(world.withdrawal_frames(_LIST))
    l2.settle()
    user = l2.wallet(world.user, with_sequencer=False)
    for one in user.outgoing()[:3]:
        gas["withdraw.claim"] = user.claim(one).gas_used
    user.deposit(10**15)
    connection.advance(l2.profile.freeze_after + 1)
    user.freeze()
    state = l2.challenger.replica
    state.step()
    # One address owns several accounts, and the second one finds warm storage.
    mine = user.escapable()
    for index in mine[:2]:
        gas["escape.claim"] = user.escape(index).gas_used
    return gas


def _disputes(world: RollupWorld) -> dict[str, float]:
    """Return the gas of each kind of dispute about the first batches, after the challenger's first fraud proof."""
    l2 = world.l2
    gas: dict[str, float] = {}
    world.force_signed()
    frames = world.bls_frame() + world.ecdsa_frame() + world.bls_frame()
    world.post(frames, queue_end=l2.rollup.queue_length())
    replica = world.replica
    right = replica.execute(replica.final(), len(replica.entries)).roots
    # The segments are: the queue, two of the BLS frame, two of the ECDSA frame, and two of a frame with used nonces.
    assert len(right) == 7
    assert right[1] != right[0], "the first BLS frame is executed"
    assert right[5] == right[4] == right[6], "the second one is signed for nonces that are gone"
    world.lie(0)
    world.convict()
    cases: dict[str, tuple[int, bytes | None]] = {
        "dispute.queue": (0, None),
        "dispute.state": (1, None),
        "dispute.state_second_half": (2, None),
        "dispute.signature": (1, right[0]),
        "dispute.ecdsa": (3, None),
        "dispute.ecdsa_second_half": (4, None),
        "dispute.signature_executed": (5, None),
    }
    for name, (segment, root) in cases.items():
        world.lie(segment, root)
        gas[name] = world.convict()
    if world.poster.data.value == "blobs":
        _wrong_end(world, right)
        gas["dispute.endpoints"] = world.convict()
    # The most expensive queue has 27 items signed by BLS keys, each with its own pairing.
    world.force_by_keys()
    world.post(b"", queue_end=l2.rollup.queue_length())
    after = replica.execute(replica.final(), len(replica.entries)).roots
    assert len(after) == 8
    assert after[7] != after[6], "the forced operations are executed"
    world.lie(7)
    gas["dispute.queue_by_keys"] = world.convict()
    return gas


def _wrong_end(world: RollupWorld, right: list[bytes]) -> Assertion:
    """Propose valid roots with a claimed final root that differs from the last of them."""
    return world.lie(len(right), claimed=b"\0" + keccak(right[-1])[1:])
