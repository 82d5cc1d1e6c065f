"""`kill -9` of a watchtower at each point where it writes or sends: started again, it does what is left to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from layer2.channels.hub import HubFacade
from layer2.channels.watchtower.store import WatchtowerStore
from layer2.channels.watchtower.watchtower import FAULT_POINTS, Watchtower
from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.sender import Sender
from layer2.primitives.units import parse_amount
from layer2.store.journal import Journal
from layer2.testing.kill import ForkServer, ProcessResult

pytestmark = pytest.mark.anvil

CHILD = """
import sys
from layer2.channels.hub import HubFacade
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.proofs import Payment
from layer2.channels.watchtower.watchtower import Watchtower
from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender

url, address, journal, *watched = sys.argv[1:]
connection = Connection.connect(url)
tower = Watchtower(connection, HubFacade.at(connection, address), Sender(connection, connection.signers(4)[3]),
                   journal=journal, settle=True)
for one in watched:
    key, amount, signature = one.split(",")
    key = ChannelKey.decode(bytes.fromhex(key))
    tower.watch(key, "A", Payment(key.id, int(amount), bytes.fromhex(signature)))
    print("kept", key.id.hex(), amount, flush=True)
for answer in tower.step():
    print("answer", answer.act, answer.done, flush=True)
"""


@pytest.fixture(scope="module")
def node() -> Iterator[AnvilNode]:
    with AnvilNode() as one:
        yield one


@pytest.fixture(scope="module")
def nursery() -> Iterator[ForkServer]:
    with ForkServer("import layer2.channels.hub, layer2.channels.watchtower.watchtower") as one:
        yield one


def run(
    nursery: ForkServer, node: AnvilNode, hub: HubFacade, folder: Path, watched: list[str], fault: str = ""
) -> ProcessResult:
    arguments = [node.url, hub.address, str(folder / "tower.journal"), *watched]
    return nursery.run(CHILD, arguments, folder, fault=fault)


@pytest.mark.parametrize("point", FAULT_POINTS)
@pytest.mark.parametrize("hit", [1, 2])
def test_a_tower_killed_anywhere_still_answers(
    nursery: ForkServer, node: AnvilNode, tmp_path: Path, point: str, hit: int
) -> None:
    operator, payer, payee, tower = node.connection.signers(4)
    hub = HubFacade.deploy(node.connection, operator, store=tmp_path / "parties")
    channels, given = [], []
    for _ in range(2):
        channel = hub.open(payer, payee, deposit="1 ether", dispute="1 hour")
        old, new = channel.pay("0.1 ether"), channel.pay("0.2 ether")
        channel.dispute(old, sender=payer)
        channels.append(channel)
        given.append(f"{channel.key.encode().hex()},{new.amount},{new.signature.hex()}")
    ended = run(nursery, node, hub, tmp_path, given, f"{point}:{hit}")
    assert ended.killed, ended.out
    kept = [words[1] for words in ended.words if words[0] == "kept"]
    # What the tower has acknowledged it still has, whatever came after.
    with Journal(tmp_path / "tower.journal", kind=WatchtowerStore.KIND) as journal:
        again = Watchtower(node.connection, hub, Sender(node.connection, tower), journal=journal)
        assert set(kept) <= {one.key.id.hex() for one in again.watched}
    assert run(nursery, node, hub, tmp_path, given).code == 0
    assert [channel.view().sent_a for channel in channels] == [parse_amount("0.3 ether")] * 2
