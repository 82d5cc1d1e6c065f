"""`kill -9` of each node at each place where it persists or sends: started again, it finishes, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.preload import ROLLUP

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection
from layer2.rollup.sequencer import sequencer
from layer2.rollup.state.commitments import Status
from layer2.rollup.state.forced_queue import Forced
from layer2.rollup.validator import challenger, proposer
from layer2.testing.kill import ForkServer

pytestmark = pytest.mark.anvil

CHILD = """
import sys
from pathlib import Path
from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.rollup.validator.challenger import Challenger
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.protocol.signed_operation import SignedOp
from layer2.rollup.validator.proposer import Proposer
from layer2.rollup.protocol.errors import NonceWrong
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.sequencer.sequencer import Sequencer

name, url, address, folder, data, *ops = sys.argv[1:]
connection = Connection.connect(url)
rollup = RollupContract.at(connection, address)
operator, _, _, stranger, _, third = connection.signers(6)
replica = Replica(rollup)
print("ready", flush=True)
if name == "sequencer":
    node = Sequencer(rollup, Sender(connection, operator), Path(folder) / "killed.journal", replica=replica, data=data)
    for op in ops:
        try:
            node.submit(SignedOp.decode(bytes.fromhex(op)))
            print("accepted", flush=True)
        except NonceWrong:
            print("known", flush=True)
    node.step()
elif name == "proposer":
    Proposer(rollup, Sender(connection, stranger), replica, data=data).step()
elif name == "challenger":
    node = Challenger(rollup, Sender(connection, third), replica)
    for _ in range(4):
        node.step()
        connection.mine(2)
else:
    replica.step()
print("done", replica.head.root.hex(), flush=True)
"""


@pytest.fixture(scope="module")
def node() -> Iterator[AnvilNode]:
    with AnvilNode() as one:
        yield one


@pytest.fixture(scope="module", params=["anvil"])
def chain(node: AnvilNode) -> Connection:
    return node.connection


@pytest.fixture(scope="module")
def nursery() -> Iterator[ForkServer]:
    with ForkServer(ROLLUP) as one:
        yield one


@pytest.fixture
def data(request: pytest.FixtureRequest) -> str:
    """Blobs, which have an archive to write, where something is posted; calldata, which is quicker, elsewhere."""
    return "blobs" if ".post." in request.node.name or "propose.after" in request.node.name else "calldata"


Run = Callable[..., list[list[str]]]


@pytest.fixture
def run(node: AnvilNode, nursery: ForkServer, l2, data: str, tmp_path: Path) -> Run:
    """Runs a node as a process of its own, to its end or to a fault point; gives what it said."""

    def start(name: str, *ops: str, fault: str = "") -> list[list[str]]:
        ended = nursery.run(
            CHILD, [name, node.url, l2.rollup.address, str(tmp_path), data, *ops], tmp_path, fault=fault
        )
        assert ended.killed is bool(fault), f"{fault} was not passed"
        node.connection.epoch += 1  # the other process has sent from the same accounts
        return ended.words

    return start


def funded(l2, people):
    payer, payee = l2.wallet(people.payer), l2.wallet(people.payee)
    payer.deposit("5 ether")
    payee.deposit("1 ether")
    l2.post()
    return payer, payee


# Opened accounts and a journal written anew have a test of their own, with the service around them.
PASSED = [one for one in sequencer.FAULT_POINTS if one.split(".")[1] in ("accept", "post")]


@pytest.mark.parametrize("point", [*PASSED, "journal.in-commit", "journal.after-commit"])
def test_a_killed_sequencer_posts_what_it_accepted_and_posts_it_once(node, l2, people, run: Run, point: str) -> None:
    payer, payee = funded(l2, people)
    start = payee.balance()
    ops = [payer.send(payee.account(), 1_000).encode().hex(), payer.send(payee.account(), 2_000).encode().hex()]
    said = run("sequencer", *ops, fault=f"{point}:1")
    accepted = said.count(["accepted"])
    run("sequencer")
    l2.sequencer.replica.step()
    got = l2.sequencer.replica.head.accounts[payee.account()].balance - start
    assert got in (0, 1_000, 3_000)
    assert got >= [0, 1_000, 3_000][accepted], "an accepted operation is lost"
    # The user, not knowing, sends both again: nothing is executed twice.
    run("sequencer", *ops)
    l2.sequencer.replica.step()
    assert l2.sequencer.replica.head.accounts[payee.account()].balance == start + 3_000
    assert l2.rebuild_from_l1() == l2.sequencer.replica.head.root


@pytest.mark.parametrize("point", proposer.FAULT_POINTS)
def test_a_killed_proposer_asserts_once_and_makes_it_final(node, l2, people, run: Run, point: str) -> None:
    funded(l2, people)
    if ".final." in point:
        run("proposer")
        node.connection.advance(l2.profile.window + 1)
    run("proposer", fault=f"{point}:1")
    run("proposer")
    node.connection.advance(l2.profile.window + 1)
    run("proposer")
    replica = l2.replica()
    replica.step()
    assert replica.final().inbox_end == 1
    assert len(replica.claims) == 2, "it was asserted twice"
    assert l2.rollup.contract.call("availableBond", people.stranger.address) == l2.profile.bond


@pytest.mark.parametrize("point", challenger.FAULT_POINTS)
def test_a_killed_challenger_still_convicts_and_is_paid_once(node, l2, people, run: Run, point: str) -> None:
    """Between announcement and proof it forgets everything: the proof is the same, so the announcement serves."""
    funded(l2, people)
    lie = l2.propose(fault="inflate", sender=people.attacker)
    run("challenger", fault=f"{point}:1")
    run("challenger")
    assert l2.rollup.status(lie.id)[2] is Status.INVALID
    assert l2.rollup.contract.call("availableBond", people.challenger.address) == l2.profile.bond // 2


def test_a_verifier_has_nothing_to_lose(l2, people, run: Run) -> None:
    """It keeps nothing: started again it knows the same from the chain alone."""
    payer, _ = funded(l2, people)
    payer.force(7, payer.account())
    l2.post()
    first, second = (run("verifier")[-1] for _ in range(2))
    assert first == second == ["done", l2.root.hex()]
    assert isinstance(l2.sequencer.replica.queue[-1], Forced)
