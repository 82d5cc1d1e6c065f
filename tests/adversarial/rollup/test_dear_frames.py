"""Frames that are dear to judge: they hold up nobody who asks the sequencer, and cost nobody a second look."""

from __future__ import annotations

import threading

import pytest

from layer2.ethereum.sender import Sender
from layer2.primitives.bls import BlsKey, aggregate
from layer2.primitives.worker_pool import WorkerPool
from layer2.rollup.protocol.frames import Frame, FrameType, Op, encode_frame
from layer2.rollup.protocol.messages import Transfer
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2.rollup.sequencer.sequencer import Sequencer
from layer2.rollup.state.state import Account, State, owner_of_address, owner_of_key

KEYS = [BlsKey(800 + at) for at in range(4)]


class Held(WorkerPool):
    """Workers that wait until they are let go, so that it can be seen who waits with them."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.free = threading.Event(), threading.Event()

    def run(self, work, parts):
        if work.__name__ == "check_frames":
            self.begun.set()
            assert self.free.wait(60)
        return super().run(work, parts)


def genesis(people) -> State:
    state = State()
    for key in KEYS:
        state.keys[owner_of_key(key.public)] = key.public
        state.create(Account(owner_of_key(key.public), balance=10**18))
    state.create(Account(owner_of_address(people.payer.address), balance=10**18))
    return state


def frame(domain, nonce: int, *, right: bool = True) -> bytes:
    rows = [Transfer(at, nonce, 1 + at % 4, 1_000, 0, 0) for at in range(1, 5)]
    signed = [key.sign(one.digest(domain)) for key, one in zip(KEYS, rows, strict=True)]
    ops = tuple(Op(one.sender, one.to, 1_000, packed=1_000) for one in rows)
    return encode_frame(Frame(FrameType.TRANSFERS, 0, 0, 0, aggregate(signed if right else signed[1:]), ops))


@pytest.fixture
def l2(chain, people, data, tmp_path, local):
    before = chain.snapshot()
    yield local(chain, people, tmp_path, data, genesis=genesis(people))
    chain.revert(before)


def posted(l2, frames: list[bytes]) -> None:
    replica = l2.proposer.replica
    replica.step()
    last = replica.entries[-1].record if replica.entries else None
    l2.rollup.post_calldata(
        Sender(l2.connection, l2.sequencer.sender.signer),
        last.hash() if last else bytes(32),
        b"".join(frames),
        last.queue_end if last else 0,
    )


@pytest.mark.parametrize("chain", ["tester"], indirect=True)
def test_while_signatures_of_an_entry_are_judged_requests_are_answered(l2, people, tmp_path) -> None:
    held = Held()
    replica = l2.replica()
    replica.workers = held
    sequencer = Sequencer(l2.rollup, l2.sequencer.sender, tmp_path / "held", replica=replica)
    posted(l2, [frame(l2.rollup.domain, 0), frame(l2.rollup.domain, 1, right=False)])
    following = threading.Thread(target=sequencer.follow)
    following.start()
    answers: list[object] = []

    def ask() -> None:
        op = Transfer(5, 0, 1, 7, 0, 0)
        record = SignedOp(op, compact(people.payer.sign_typed(op, l2.rollup.domain))).encode()
        answers.append(sequencer.accept([sequencer.verify_batch([record])])[0])
        answers.append(sequencer.ahead(5).balance)
        with sequencer.lock:
            answers.append(len(sequencer.replica.entries))

    try:
        assert held.begun.wait(60)
        asking = threading.Thread(target=ask)
        asking.start()
        asking.join(20)
        assert answers == [[None], 10**18 - 7, 0]
    finally:
        held.free.set()
        following.join()
    assert len(sequencer.replica.entries) == 1
    assert sequencer.waiting == 1
    assert sequencer.replica.head.accounts[1].nonce == 1
    sequencer._promises.close()


def compact(signature: bytes) -> bytes:
    """The 64 bytes of EIP-2098."""
    r, s, v = signature[:32], int.from_bytes(signature[32:64], "big"), signature[64]
    return r + (s | (v - 27 & 1) << 255).to_bytes(32, "big")


def test_what_a_node_has_judged_for_its_head_it_does_not_judge_again_for_an_assertion(l2, monkeypatch) -> None:
    posted(l2, [frame(l2.rollup.domain, at, right=at % 2 == 0) for at in range(4)])
    l2.proposer.step()
    replica = l2.challenger.replica
    replica.step()
    asked = []
    run = WorkerPool.run
    monkeypatch.setattr(WorkerPool, "run", lambda self, work, parts: (asked.extend(parts), run(self, work, parts))[1])
    (claim,) = replica.open_claims()
    assert replica.verdict(claim) is True
    assert asked == []
    fresh = l2.replica()
    fresh.step()
    judged = len(asked)
    assert judged >= 1
    assert fresh.verdict(claim) is True
    assert len(asked) == judged
    assert fresh.head.root == replica.head.root == l2.proposer.replica.head.root
