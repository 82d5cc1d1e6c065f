"""`kill -9` at every persist point of a real process: nothing lost, nothing contradicted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from layer2.channels.party.party import FAULT_POINTS
from layer2.testing.kill import ForkServer

POINTS = [*FAULT_POINTS, "journal.before-commit", "journal.in-commit", "journal.after-commit", "journal.in-rewrite"]

CHILD = """
import sys
from pathlib import Path
from types import SimpleNamespace
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.locks import Lock
from layer2.channels.party.party import Party
from layer2.channels.contract.channel_view import ChannelView
from layer2.ethereum.records import Block
from layer2.ethereum.signer import LocalSigner
from layer2.primitives.addresses import ZERO_ADDRESS, to_address
from layer2.primitives.hashing import sha256
from layer2.primitives.typed_data import Domain

folder, script = Path(sys.argv[1]), sys.argv[2]
payer_key, payee_key = LocalSigner(b"\\x01" * 32), LocalSigner(b"\\x02" * 32)
address = to_address("0x" + "77" * 20)

class Hub:
    address = address
    domain = Domain("layer2 ChannelHub", "1", 1, address)
    connection = SimpleNamespace(chain_id=1, is_dev=False, timestamp=lambda: 1000, code=lambda a: b"",
                                 latest=lambda: Block(1, bytes(32), bytes(32), 1000, 0, 30_000_000),
                                 block=lambda n: Block(n, bytes(32), bytes(32), 1000, 0, 30_000_000))
    def view(self, key, block=None):
        return ChannelView(key.id, 10**6, 10**6, 0, 0, 0, 0)
    def window(self, key):
        return 3600
    def max_lock_duration(self):
        return 500

key = ChannelKey(a=payer_key.address, b=payee_key.address, token=ZERO_ADDRESS, delay=60, open_before=9000, salt=1,
                 simplex=False)
hub = Hub()
payer = Party.open(payer_key, hub, folder / "payer.journal")
payee = Party.open(payee_key, hub, folder / "payee.journal")

def say(*words):
    # What is printed has left the process: it must never be contradicted.
    print(*words, flush=True)

if script == "work":
    payer.join(key); payee.join(key)
    for turn in range(4):
        for sender, receiver, name in ((payer, payee, "A"), (payee, payer, "B")):
            for payment in (batch := sender.pay_many(key.id, 3, 2)):
                say("signed", name, payment.amount, payment.signature.hex())
            receiver.receive_many(batch)
            say("received", name, batch[-1].amount)
    lock = Lock(50, 1400, 0, sha256(b"p" * 32))
    proof = payer.locks.add_lock(key.id, lock)
    say("locked", "A", proof.nonce, proof.signature.hex())
    accept = payee.locks.receive_locks(proof)
    say("accepted", "B", proof.nonce)
    payer.locks.take_accept(accept)
    say("released", "A", proof.nonce)
    payee.locks.learn(key.id, lock.condition, b"p" * 32)
    say("learnt", "B", 50)
    payer.compact(), payee.compact()
    proof = payer.locks.fulfil(key.id, lock.condition, b"p" * 32)
    say("locked", "A", proof.nonce, proof.signature.hex())
    accept = payee.locks.receive_locks(proof)
    say("accepted", "B", proof.nonce)
    say("received", "A", proof.amount)
    level = payer.locks.take_accept(accept)
    say("released", "A", proof.nonce)
    payee.receive(level)
    say("received", "A", level.amount)
    terms = payer.closing.sign_close(key.id)
    say("close", "A", terms.sent_a, terms.sent_b)
    payee.closing.sign_close(key.id, peer=terms)
    say("finished")
else:
    for node, name in ((payer, "A"), (payee, "B")):
        node.join(key)
        state = node.state(key.id)
        say("state", name, state.mine.amount, state.theirs.amount, state.mine.used_nonce,
            state.mine.signature.hex() or "-", len(state.claims), 0 if state.closing is None else 1,
            state.mine.nonce, state.theirs.nonce)
    if not payee.state(key.id).closing and not payer.state(key.id).closing:
        for sender, receiver in ((payer, payee), (payee, payer)):
            newest = sender.proofs.newest_signed(key.id)
            if newest is None:
                continue
            if hasattr(newest, "_replace"):
                receiver.receive(newest)
                continue
            level = sender.locks.take_accept(receiver.locks.receive_locks(newest))
            if level is not None:
                receiver.receive(level)
        assert payer.state(key.id).counters == payee.state(key.id).counters
        if not payer.state(key.id).mine.locks:
            payee.receive(payer.pay(key.id, 1))
    say("resumed")
"""


PRELOAD = "import layer2.channels.protocol.locks, layer2.channels.party.party, layer2.channels.contract.channel_view"


@pytest.fixture(scope="module")
def nursery() -> Iterator[ForkServer]:
    with ForkServer(PRELOAD) as one:
        yield one


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("hit", [1, 2, 5])
def test_a_kill_at_any_persist_point_loses_nothing_and_contradicts_nothing(
    nursery: ForkServer, point: str, hit: int, tmp_path: Path
) -> None:
    worked = nursery.run(CHILD, [str(tmp_path), "work"], tmp_path, fault=f"{point}:{hit}")
    # The point is real: it is passed at least twice by this work, so the first two hits must kill.
    assert worked.killed or hit > 2 or point.startswith("party.note")
    lines = nursery.run(CHILD, [str(tmp_path), "resume"], tmp_path).words
    states = {line[1]: line for line in lines if line[0] == "state"}
    assert lines[-1] == ["resumed"]
    for words in worked.words:
        if words[0] == "signed":
            state = states[words[1]]
            assert int(state[2]) >= int(words[2]), "a signed payment was forgotten"
            if int(state[2]) == int(words[2]) and int(state[4]) == 0:
                assert state[5] == words[3], "a second message was signed for the same counter"
        elif words[0] == "received":
            assert int(states["B" if words[1] == "A" else "A"][3]) >= int(words[2]), "an acknowledged payment is lost"
        elif words[0] == "locked":
            assert int(states["A"][4]) >= int(words[2]), "a signed lock proof was forgotten"
        elif words[0] == "accepted":
            assert int(states["B"][9]) >= int(words[2]), "an acceptance was forgotten"
        elif words[0] == "released":
            assert int(states["A"][8]) >= int(words[2]), "an acceptance that freed money was forgotten"
        elif words[0] == "close":
            assert states["A"][7] == "1", "a signed close was forgotten"
    if not worked.killed:
        assert worked.words[-1] == ["finished"]
