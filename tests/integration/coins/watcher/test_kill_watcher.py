"""`kill -9` of a watcher of coins wherever it keeps or sends: started again it does what is left, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.coins.watcher_world import ETHER, CoinWorld

from layer2.ethereum.anvil import AnvilNode
from layer2.plasma.coins.watcher.watcher import COIN_FAULT_POINTS
from layer2.testing.kill import ForkServer, ProcessResult

pytestmark = pytest.mark.anvil

CHILD = """
import sys
from pathlib import Path
from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.protocol.errors import BodyMissing
from layer2.plasma.coins.watcher.watcher import CoinWatcher
from layer2.plasma.common.watcher.actions import WatchPolicy

class Files:
    def coin_body(self, number):
        path = Path(bodies) / str(number)
        if not path.exists():
            raise BodyMissing("not here", hint="none")
        return path.read_bytes()

url, address, folder, bodies, start = sys.argv[1:]
connection = Connection.connect(url)
signers = connection.signers(6)
sender = Sender(connection, signers[5])
watcher = CoinWatcher(CoinChain.at(connection, address), Files(), folder, sender=sender,
                      policy=WatchPolicy(question=None), owners=[signers[2].address], start_block=int(start))
for _ in range(2):
    for one in watcher.step().acts:
        print("act", one.name, one.done, flush=True)
status = watcher.status()
print("status", status.known, status.exits, len(status.standing), flush=True)
"""


@pytest.fixture(scope="module")
def node() -> Iterator[AnvilNode]:
    with AnvilNode() as one:
        yield one


@pytest.fixture(scope="module")
def nursery() -> Iterator[ForkServer]:
    with ForkServer("import layer2.plasma.coins.watcher.watcher") as one:
        yield one


@pytest.fixture
def world(node: AnvilNode, tmp_path: Path) -> Iterator[CoinWorld]:
    before = node.connection.snapshot()
    one = CoinWorld(node.connection, tmp_path)
    yield one
    one.close()
    node.connection.revert(before)


def run(nursery: ForkServer, node: AnvilNode, world: CoinWorld, fault: str = "") -> ProcessResult:
    bodies = world.folder / "bodies"
    bodies.mkdir(exist_ok=True)
    for number in range(1, world.chain.next_block()):
        (bodies / str(number)).write_bytes(world.hostile.coin_body(number))
    arguments = [node.url, world.chain.address, str(world.folder / "killed"), str(bodies), str(world.start)]
    ended = nursery.run(CHILD, arguments, world.folder, fault=fault)
    assert ended.killed is bool(fault), f"{fault} was not passed: {ended.out}"
    node.connection.epoch += 1
    return ended


def spent(world: CoinWorld) -> int:
    coin, record, _ = world.chain_of("thief", "payee")
    world.exit("thief", coin, record, 0)
    return coin


@pytest.mark.parametrize("point", [*COIN_FAULT_POINTS, "journal.in-commit", "journal.after-commit"])
@pytest.mark.parametrize("hit", [1, 2])
def test_a_watcher_killed_anywhere_stops_every_wrong_exit_once(
    nursery: ForkServer, node: AnvilNode, world: CoinWorld, point: str, hit: int
) -> None:
    coins = [spent(world) for _ in range(2)]
    honest, record = world.deposit("payer", ETHER)
    world.exit("payer", honest, record, 0)
    if point.startswith("watcher.news") and hit == 2:
        # The second time there is something to read is after a stop.
        run(nursery, node, world)
        node.connection.mine(1)
        coins.append(spent(world))
    run(nursery, node, world, f"{point}:{hit}")
    run(nursery, node, world)
    last = run(nursery, node, world).words
    assert not any(world.runs(coin, 0) for coin in coins)
    assert world.runs(honest, 0)
    assert last == [["status", str(len(coins)), "1", "0"]], "nothing is left to find or do"
    assert world.connection.nonce(world.people["watcher"].address) == len(coins), "each was stopped once"


@pytest.mark.parametrize("point", ["watcher.act.before", "watcher.act.sent", "watcher.act.mined"])
def test_a_watcher_killed_at_a_bond_puts_up_one(
    nursery: ForkServer, node: AnvilNode, world: CoinWorld, point: str
) -> None:  # fmt: skip
    coin, record, numbers = world.chain_of("payer", "payee")
    one = world.pass_on(coin, "thief", "thief", numbers[0])
    two = world.pass_on(coin, "thief", "thief", one)
    world.exit("thief", coin, record, two)
    run(nursery, node, world, f"{point}:1")
    for _ in range(2):
        run(nursery, node, world)
    assert world.chain.contract.call("exits", coin, two)[3] == 1
    assert world.connection.nonce(world.people["watcher"].address) == 1
