"""Structural fuzz of every entry of the rollup that decodes data of any length: what still passes does what it did.

On anvil. A call in another shape reverts, or has the same effect as the honest one: on who is paid, on who owns what,
on what stands in the inbox; and what an entry commits to is what it tells everybody in its events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from eth_abi.abi import encode
from tests.support.campaign import NIGHTLY

from layer2.ethereum.abi import select
from layer2.ethereum.backend import CallRequest
from layer2.ethereum.connection import Connection
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.primitives.bls import packed_key, signature_hint
from layer2.primitives.hashing import keccak
from layer2.rollup.protocol.calldata_chunks import commit
from layer2.rollup.protocol.messages import Escape
from layer2.rollup.state.commitments import Roots, pack_roots
from layer2.rollup.wallet.wallet import Wallet
from layer2.testing.adversaries.rollup.fraud_corpus import right_roots
from layer2.testing.fuzz.abi_mutations import bent

pytestmark = pytest.mark.parametrize("chain", [pytest.param("anvil", marks=pytest.mark.anvil)], indirect=True)

MOST = None if NIGHTLY else 60
ETHER = 10**18


@dataclass(frozen=True, slots=True)
class Call:
    """A call that passes, who makes it, and what is compared after it."""

    name: str
    args: tuple[Any, ...]
    sender: Sender
    donors: dict[tuple[int, ...], bytes]


class Stage:
    """Payer and payee with withdrawals, accounts of both kinds of key, deposits, a claim and a lie."""

    def __init__(self, l2, people) -> None:
        self.l2, self.people, self.chain = l2, people, l2.connection
        self.payer: Wallet = l2.wallet(people.payer)
        self.contract = l2.rollup.contract
        self.payer.deposit("5 ether")
        l2.sequencer.open_account(self.payer.bls.public)
        l2.post()
        self.by_key = self.payer.account(bls=True)
        self.payer.deposit("3 ether", to=self.by_key)
        for amount in (1_000, 2_000, 3_000):
            self.payer.withdraw(amount, account=self.payer.account(bls=False))
        l2.post()
        l2.settle()
        self.replica = l2.challenger.replica
        self.replica.step()
        self.final = self.replica.final()
        self.state = self.replica.state_of(self.final)
        self.anybody = Sender(self.chain, people.attacker)

    def vault(self) -> Iterator[Call]:
        one, path = self.state.withdrawals[1], list(self.state.withdrawal_path(1))
        row = (self.final.as_tuple(), Roots.of(self.state).as_tuple(), 1, (one.target, one.token, one.amount), path)
        other = b"".join(self.state.withdrawal_path(0))
        yield Call("finalizeWithdrawal", row, self.anybody, {(4,): other})
        buyer = self.people.payee.address
        yield Call("transferClaim", (*row, buyer), self.payer.sender, {(4,): other})
        out = next(one for one in self.payer.outgoing() if one.index == 1)
        until = self.chain.timestamp() + 10**6
        signature = self.payer.sign_claim(out, buyer, until)
        foreign = self.people.attacker.sign_digest(keccak(b"anything"))
        donors = {(4,): other, (7,): foreign}
        yield Call("transferClaimBySig", (*row, buyer, until, signature), self.anybody, donors)

    def inbox(self) -> Iterator[Call]:
        items, _, consumed, _, _ = self.l2.rollup.inbox()
        data = bytes(range(256)) * 3
        sequencer = Sender(self.chain, self.people.sequencer)
        yield Call("postCalldata", (self.l2.rollup.acc(items), data, consumed), sequencer, {(1,): bytes(500)})
        signature = (bytes(range(64)),)
        row = (1, 1, 0, 5, False, self.people.payee.address)
        yield Call("force", (*row, *signature), self.anybody, {(6,): bytes(65)})
        self.payer.deposit(1)
        self.l2.post()
        self.replica.step()
        end = len(self.replica.entries)
        roots = right_roots(self.replica, self.final, end)
        proposer = Sender(self.chain, self.people.stranger)
        self.contract.transact(proposer, "addBond", value=self.l2.profile.bond)
        last = self.replica.entries[-1].record.as_tuple()
        row = (self.final.as_tuple(), last, end, roots[-1], pack_roots(roots))
        yield Call("propose", row, proposer, {(4,): pack_roots([*roots, roots[-1]])})

    def court(self) -> Iterator[Call]:
        self.payer.deposit(1)
        self.l2.post()
        lie = self.l2.propose(fault="inflate", sender=self.people.attacker)
        challenger = self.l2.challenger
        judge, proof = challenger.prove(lie, challenger.first_wrong_segment(lie))
        self.contract.transact(challenger.sender, "commitChallenge", challenger.commitment(lie, judge, proof))
        self.chain.mine(self.l2.profile.reveal_blocks)
        row = (lie.as_tuple(), self.final.as_tuple(), judge, proof)
        yield Call("challenge", row, challenger.sender, {(3,): proof + bytes(32)})

    def frozen(self) -> Iterator[Call]:
        for _ in range(3):
            self.payer.deposit("1 ether")
        self.chain.advance(self.l2.profile.freeze_after + 1)
        self.payer.freeze()
        for account in (self.payer.account(bls=False), self.by_key):
            proof = self.payer.proof(account)
            one = proof.account
            word = one.token << 160 | one.nonce << 128 | one.balance
            row = (proof.claim.as_tuple(), proof.roots.as_tuple(), account, one.owner, word, list(proof.path))
            if one.address is not None:
                yield Call("escape", row, self.anybody, {(5,): bytes(32 * 32)})
                continue
            to = self.people.payer.address
            signature = self.payer.bls.sign(Escape(account, to).digest(self.l2.rollup.domain))
            voice = [packed_key(self.payer.bls.public), signature, signature_hint(signature)]
            proof_of = encode(["bytes", "bytes", "bytes"], voice)
            yield Call("escapeTo", (*row, to, proof_of), self.anybody, {(7,): proof_of[:-32]})
        index = self.payer.refundable()[1]
        raw, start = self.replica.raw_queue, self.state.queue_count
        self.replica.step()
        before = self.state.queue_acc
        for item in raw[start:index]:
            before = keccak(before + keccak(item))[4:]
        later = [keccak(item) for item in raw[index + 1 :]]
        row = (self.final.as_tuple(), Roots.of(self.state).as_tuple(), index, before, raw[index], later)
        yield Call("refund", row, self.anybody, {(4,): raw[index - 1], (5,): b"".join(later[:-1])})


def effect(stage: Stage, caller: Sender, receipt: Receipt) -> tuple[object, ...]:
    """What a call has done: every event, and what everybody holds."""
    people = vars(stage.people).values()
    told = tuple((one.name, tuple(sorted(one.args.items(), key=str))) for one in stage.contract.events(receipt))
    held = tuple(stage.chain.balance(one.address) for one in people if one.address != caller.address)
    return (repr(told), held, stage.chain.balance(stage.l2.rollup.address))


def consistent(stage: Stage, receipt: Receipt) -> bool:
    """Whether what was posted or proposed is committed to as it was told: free content, but one for everybody."""
    events = {one.name: one.args for one in stage.contract.events(receipt)}
    if "Frames" in events:
        return bytes(events["Posted"]["item"][2]) == (
            commit(events["Frames"]["data"]) if events["Frames"]["data"] else bytes(32)
        )
    if "RootsGiven" in events:
        roots, claim = bytes(events["RootsGiven"]["roots"]), events["Proposed"]["claim"]
        return bytes(claim[4]) == commit(roots) and bytes(claim[3]) == b"\0" + roots[-31:]
    raw = bytes(events["Queued"]["raw"])
    return len(raw) in range(65, 130) and stage.l2.rollup.contract.call("queue")[0] is not None


FREE = ("postCalldata", "propose", "force")
"""Entries whose data is the caller's own: any passes, and is committed to as it is told."""


@pytest.mark.parametrize("room", ["vault", "inbox", "court", "frozen"])
def test_an_entry_in_another_shape_reverts_or_does_the_same(l2, people, room: str) -> None:
    stage = Stage(l2, people)
    calls: Callable[[], Iterator[Call]] = getattr(stage, room)
    tries: Counter[str] = Counter()
    for number, call in enumerate(calls()):
        honest = stage.contract.encode(call.name, *call.args)
        types = next(one.input_types for one in select(stage.contract.abi, "function") if one.name == call.name)
        right = outcome(stage, call, honest)
        assert right is not None, call.name
        for shape in bent(
            types, honest[4:], attacker=bytes(range(1, 193)) * 2, donors=call.donors, most=MOST, seed=number
        ):
            data = honest[:4] + shape.data
            if not passes(stage.chain, call, stage.l2.rollup.address, data):
                tries["reverts"] += 1
                continue
            done = outcome(stage, call, data)
            assert done is not None
            tries[f"{call.name} passes"] += 1
            assert done == right or (call.name in FREE and done[-1] is True), f"{call.name}: {shape.name}"
    print(room, dict(tries))
    assert tries["reverts"] > {"vault": 80, "inbox": 30, "court": 12, "frozen": 100}[room]


def passes(chain: Connection, call: Call, rollup: str, data: bytes) -> bool:
    found = chain.simulate(CallRequest(rollup, data, 0, call.sender.address, None))
    return found.failure is None and found.revert is None


def outcome(stage: Stage, call: Call, data: bytes) -> tuple[object, ...] | None:
    """What a call does, undone again."""
    before = stage.chain.snapshot()
    receipt = call.sender.send(stage.l2.rollup.address, data)
    done = (*effect(stage, call.sender, receipt), consistent(stage, receipt) if call.name in FREE else None)
    stage.chain.revert(before)
    return done
