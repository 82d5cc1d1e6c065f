"""What a dispute costs among a million accounts: one frame of 54 transfers between 108 of them, all different."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.primitives.bls import BlsKey, aggregate
from layer2.rollup.accounts import Account, State, owner_of_key
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.frames import Frame, FrameType, Op, encode_frame
from layer2.rollup.messages import Transfer
from layer2.rollup.records import pack_roots

pytestmark = pytest.mark.anvil

ACCOUNTS = 1 << 20
TX_GAS_CAP = 16_777_216
"""EIP-7825."""


@pytest.fixture(scope="module")
def chain() -> Iterator[Connection]:
    with AnvilNode() as node:
        yield node.connection


def crowd(senders: dict[int, BlsKey], receivers: list[int]) -> State:
    """A million accounts; made directly, since nobody has the time for a million deposits."""
    state, filler = State(), Account(bytes(12) + b"\x07" * 20, 0, 3, 10**18)
    for index in range(1, ACCOUNTS):
        state.put(index, filler)
    for index, key in senders.items():
        owner = owner_of_key(key.public)
        state.keys[owner] = key.public
        state.put(index, Account(owner, 0, 5, 10**18))
    for number, index in enumerate(receivers):
        state.put(index, Account(bytes(12) + bytes((number + 1,)) * 20, 0, 1, 10**17))
    state.next_account = ACCOUNTS
    return state


def test_every_dispute_about_a_full_frame_fits_one_transaction(chain, people, tmp_path: Path) -> None:
    chosen = random.Random(7).sample(range(1, ACCOUNTS), 108)
    senders, receivers = {index: BlsKey(1_000 + index) for index in chosen[:54]}, chosen[54:]
    l2 = LocalRollup(chain, people.sequencer, folder=tmp_path, genesis=crowd(senders, receivers))
    pairs = list(zip(senders, receivers, strict=True))
    domain = l2.rollup.domain
    signed = [senders[one].sign(Transfer(one, 5, to, 1_000, 0, 0x21).digest(domain)) for one, to in pairs]
    ops = tuple(Op(one, to, 1_000, packed=1_000) for one, to in pairs)
    frame = Frame(FrameType.TRANSFERS, 0, 0x21, receivers[0], aggregate(signed), ops)
    l2.rollup.post_calldata(Sender(chain, people.sequencer), bytes(32), encode_frame(frame), 0)
    replica = l2.challenger.replica
    replica.step()
    (parent,) = replica.claims.values()
    first, second = replica.execute(parent, 1).roots
    start, lie = l2.genesis.root, b"\0" + bytes(range(31))
    gas = {}
    before = chain.snapshot()
    for name, roots in (
        ("to warm up", [start, lie]),
        ("first half", [lie, second]),
        ("second half", [first, lie]),
        ("skipped", [start, start]),
    ):
        record = replica.entries[0].record
        liar = Sender(chain, people.attacker)
        l2.rollup.propose(liar, parent, record, 1, roots[-1], pack_roots(roots), l2.profile.bond)
        l2.challenger.step()
        chain.mine(2)
        gas[name] = l2.challenger.step()[-1].gas_used
        chain.revert(before)
        l2.challenger.forget()
    print(gas)
    assert gas["first half"] < 2_000_000
    assert gas["second half"] < 2_000_000
    assert gas["skipped"] < TX_GAS_CAP
