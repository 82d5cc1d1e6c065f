"""`kill -9` of a watcher at each point where it keeps or sends: started again it does what is left, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.payments.watcher_world import ETHER, World

from layer2.ethereum.anvil import AnvilNode
from layer2.plasma.common.watcher.alerts import AlertKind
from layer2.plasma.payments.chain.contract import ExitStatus
from layer2.plasma.payments.watcher.watcher import FAULT_POINTS
from layer2.testing.kill import ForkServer, ProcessResult

pytestmark = pytest.mark.anvil

CHILD = """
import sys
from pathlib import Path
from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.watcher.watcher import Watcher
from layer2.plasma.common.watcher.actions import WatchPolicy

class Files:
    def body(self, number):
        path = Path(bodies) / str(number)
        return path.read_bytes() if path.exists() else None

url, address, folder, bodies, start = sys.argv[1:]
connection = Connection.connect(url)
sender = Sender(connection, connection.signers(6)[5])
watcher = Watcher(RootChain.at(connection, address), Files(), folder, sender=sender,
                  policy=WatchPolicy(question=None), start_block=int(start))
watcher.checkpoints.after = 1
for _ in range(2):
    report = watcher.step()
    for one in report.findings:
        print("found", one.kind.name, flush=True)
    for one in report.acts:
        print("act", one.name, one.done, flush=True)
status = watcher.status()
print("status", status.verified, status.invalid, status.exits, flush=True)
"""


@pytest.fixture(scope="module")
def node() -> Iterator[AnvilNode]:
    with AnvilNode() as one:
        yield one


@pytest.fixture(scope="module")
def nursery() -> Iterator[ForkServer]:
    with ForkServer("import layer2.plasma.payments.watcher.watcher") as one:
        yield one


@pytest.fixture
def world(node: AnvilNode, tmp_path: Path) -> Iterator[World]:
    before = node.connection.snapshot()
    one = World(node.connection, tmp_path)
    yield one
    one.close()
    node.connection.revert(before)


def run(nursery: ForkServer, node: AnvilNode, world: World, fault: str = "") -> ProcessResult:
    bodies = world.folder / "bodies"
    bodies.mkdir(exist_ok=True)
    for number in world.hostile.lies:
        body = world.hostile.body(number)
        assert body is not None
        (bodies / str(number)).write_bytes(body)
    arguments = [node.url, world.root.address, str(world.folder / "killed"), str(bodies), str(world.start)]
    ended = nursery.run(CHILD, arguments, world.folder, fault=fault)
    assert ended.killed is bool(fault), f"{fault} was not passed: {ended.out}"
    node.connection.epoch += 1
    return ended


POINTS = [*FAULT_POINTS, "files.before-rename", "journal.in-commit", "journal.after-commit"]


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("hit", [1, 2])
def test_a_watcher_killed_anywhere_stops_every_wrong_exit_once(
    nursery: ForkServer, node: AnvilNode, world: World, point: str, hit: int
) -> None:
    kits = []
    for _ in range(2):
        kit = world.deposit(world.thief)
        world.hostile.block([world.pay([(world.thief, kit)], [(world.payee, ETHER)])])
        world.exit(world.thief, kit)
        kits.append(kit)
    honest = world.deposit(world.payer)
    world.exit(world.payer, honest)
    if point.startswith("watcher.news") and hit == 2:
        # The second time there is something to read is after a stop.
        run(nursery, node, world)
        node.connection.mine(1)
        late = world.deposit(world.thief)
        world.hostile.block([world.pay([(world.thief, late)], [(world.payee, ETHER)])])
        world.exit(world.thief, late)
        kits.append(late)
    run(nursery, node, world, f"{point}:{hit}")
    run(nursery, node, world)
    last = run(nursery, node, world).words
    assert all(world.status(kit) is ExitStatus.CHALLENGED for kit in kits)
    assert world.status(honest) is ExitStatus.OPEN
    assert last == [["status", str(len(kits)), "None", "1"]], "nothing is left to find or do"
    receipts = world.connection.nonce(world.connection.signers(6)[5].address)
    assert receipts == len(kits), "each was stopped with one transaction"


@pytest.mark.parametrize("point", ["watcher.verdict.before", "watcher.verdict.durable", "watcher.body.durable"])
def test_a_watcher_killed_at_a_bad_block_still_says_so(
    nursery: ForkServer, node: AnvilNode, world: World, point: str
) -> None:
    kit = world.deposit(world.payer)
    world.hostile.invalid_mint(ETHER, beside=[world.pay([(world.payer, kit)], [(world.payee, ETHER)])])
    run(nursery, node, world, f"{point}:1")
    for _ in range(2):
        words = run(nursery, node, world).words
        assert ["found", AlertKind.BLOCK_INVALID.name] in words
        assert words[-1] == ["status", "0", "1", "0"]
