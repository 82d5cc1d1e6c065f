"""A chain that takes blocks with a proof only: the verifier judges this block after this state and cannot write."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.support.payments.builder import ETHER, Tree, W, World, output_id, packed, position_of, word

from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender
from layer2.primitives.hashing import keccak
from layer2.testing import deploy_mock, reverts

ROOT, NEXT, THEN = (bytes([number]) * 32 for number in (1, 2, 3))
PAID = 3


class Proven:
    """A chain whose blocks two of three guardians sign."""

    def __init__(self, world: World) -> None:
        self.guardians: list[Sender] = [world.payer, world.payee, world.watcher]
        addresses = [one.address for one in self.guardians]
        self.verifier: Contract = deploy_mock("QuorumValidity", addresses, 2, sender=world.deployer)
        self.world = World(world.connection, validity=self.verifier.address)
        self.chain = self.world.chain

    def proof(
        self, before: bytes, after: bytes, root: bytes, header: int, who: Sequence[Sender], chain: str | None = None
    ) -> bytes:
        row = (word(self.world.connection.chain_id), word(self.verifier.address), word(chain or self.chain.address))
        message = keccak(b"".join(row) + before + after + root + word(header))
        signers = sorted(who, key=lambda one: int(one.address, 16))
        return b"".join(one.signer.sign_digest(message) for one in signers)

    def submit(self, number: int, after: bytes, proof: bytes, root: bytes = ROOT, count: int = 1) -> None:
        self.world.send(self.world.operator, "submitProvenBlock", number, root, count, after, proof)


@pytest.fixture
def proven(world: World) -> Proven:
    return Proven(world)


def test_a_block_that_enough_have_signed_moves_the_state(proven: Proven) -> None:
    state = bytes(32)
    for number, after in ((1, NEXT), (2, THEN)):
        time = proven.world.now + 10
        proof = proven.proof(state, after, ROOT, time << 32 | 1, proven.guardians[number - 1 : number + 1])
        proven.world.at(time)
        proven.submit(number, after, proof)
        assert proven.chain.call("stateRoot") == after
        assert proven.chain.call("blocks", number) == keccak(ROOT + word(time << 32 | 1))
        state = after


@pytest.mark.parametrize(
    "wrong",
    ["state before", "state after", "root", "count", "time", "chain", "too few", "one twice", "a stranger", "nothing"],
)
def test_a_proof_of_anything_else_is_refused(proven: Proven, wrong: str) -> None:
    world, time = proven.world, proven.world.now + 10
    who = proven.guardians[:2]
    if wrong == "too few":
        who = who[:1]
    elif wrong == "one twice":
        who = [who[0], who[0]]
    elif wrong == "a stranger":
        who = [who[0], world.thief]
    header = time + (wrong == "time") << 32 | 1 + (wrong == "count")
    proof = proven.proof(
        THEN if wrong == "state before" else bytes(32),
        THEN if wrong == "state after" else NEXT,
        THEN if wrong == "root" else ROOT,
        header,
        who,
        world.deployer.address if wrong == "chain" else None,
    )
    world.at(time)
    with reverts("UnexpectedVerifier", proven.chain, given=True):
        proven.submit(1, NEXT, b"" if wrong == "nothing" else proof)
    assert proven.chain.call("head")[1] == 1
    assert proven.chain.call("stateRoot") == bytes(32)
    right = proven.proof(bytes(32), NEXT, ROOT, time + 1 << 32 | 1, proven.guardians[:2])
    world.at(time + 1)
    proven.submit(1, NEXT, right)


def test_a_proof_serves_once_and_its_operator_only(proven: Proven) -> None:
    world, time = proven.world, proven.world.now + 10
    proof = proven.proof(bytes(32), NEXT, ROOT, time << 32 | 1, proven.guardians[:2])
    world.at(time)
    with reverts("UnauthorizedCaller", proven.chain, caller=world.thief.address, need=world.operator.address):
        world.send(world.thief, "submitProvenBlock", 1, ROOT, 1, NEXT, proof)
    world.at(time)
    proven.submit(1, NEXT, proof)
    with reverts("UnexpectedBlockNumber", proven.chain, given=1, next=2):
        proven.submit(1, NEXT, proof)
    with reverts("UnexpectedVerifier", proven.chain, given=True):
        proven.submit(2, NEXT, proof)


def test_no_block_passes_without_its_proof_and_exits_are_the_same(proven: Proven) -> None:
    world = proven.world
    mine = world.deposit(world.payer)
    data = packed([mine.position], [(world.payee, 0, ETHER)])
    with reverts("UnexpectedVerifier", proven.chain, given=False):
        world.block(data)
    tree, time = Tree([keccak(b"\x00" + data)]), world.now + 10
    header = time << 32 | 1
    proof = proven.proof(bytes(32), NEXT, tree.root, header, proven.guardians[:2])
    world.at(time)
    proven.submit(1, NEXT, proof, tree.root)
    world.exit(world.payee, (position_of(1), header, data, tree.path(0)))
    world.at(time + 2 * W)
    world.send(world.watcher, "processExits", [(position_of(1), data)], [])
    assert world.exit_of(output_id(data))[0] == PAID


def test_a_verifier_that_calls_back_changes_nothing(world: World) -> None:
    """It tries to add a block of its own, to deposit, to freeze: it is asked in a way that lets it write nothing."""
    verifier = deploy_mock("ReentrantValidity", sender=world.deployer)
    there = World(world.connection, validity=verifier.address)
    state = there.chain.call("stateRoot")
    calls = [
        there.chain.encode("submitProvenBlock", 2, ROOT, 1, THEN, b""),
        there.chain.encode("registerToken", verifier.address),
        there.chain.encode("depositETH", world.thief.address),
    ]
    for number, payload in enumerate(calls, 1):
        verifier.transact(world.deployer, "arm", payload)
        there.send(there.operator, "submitProvenBlock", number, ROOT, 1, NEXT, b"")
        assert there.chain.call("head")[1:3] == (number + 1, 1)
        assert there.chain.call("stateRoot") == NEXT != state
    # The control: a call that only reads succeeds, and then this verifier says no.
    verifier.transact(world.deployer, "arm", there.chain.encode("head"))
    with reverts("UnexpectedVerifier", there.chain, given=True):
        there.send(there.operator, "submitProvenBlock", 4, ROOT, 1, NEXT, b"")
