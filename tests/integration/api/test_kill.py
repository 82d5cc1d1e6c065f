"""`kill -9` at every persist point of a serving sequencer: what was answered is posted, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.preload import ROLLUP

from layer2.ethereum.anvil import AnvilNode
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.sequencer.sequencer import FAULT_POINTS
from layer2.testing.kill import ForkServer, ProcessResult

from .conftest import PAYEE, PAYER, RICH, genesis

pytestmark = [pytest.mark.anvil, pytest.mark.slow]

POINTS = [
    *FAULT_POINTS,
    "journal.before-commit",
    "journal.in-commit",
    "journal.after-commit",
    "journal.in-rewrite",
]

CHILD = """
import sys
from pathlib import Path
from conftest import BLS_PAYER, PAYER, Pen, genesis
from types import SimpleNamespace
from layer2.api.rollup.client import RemoteSequencer
from layer2.api.rollup.service import SequencerService
from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.primitives.bls import BlsKey
from layer2.primitives.errors import Layer2Error
from layer2.rollup.l1.contract import RollupContract
from layer2.rollup.derivation.replica import Replica
from layer2.rollup.sequencer.sequencer import Sequencer

if __name__ == "__main__":
    url, address, start, folder, script = sys.argv[1:]
    chain = Connection.connect(url)
    rollup = RollupContract.at(chain, address)
    replica = Replica(rollup, start_block=int(start), genesis=genesis())
    sequencer = Sequencer(rollup, Sender(chain, chain.signers(1)[0]), Path(folder) / "s.journal", replica=replica)
    sequencer.compact_at = 1
    pen = Pen(SimpleNamespace(rollup=rollup))
    with SequencerService(sequencer) as service:
        client = RemoteSequencer(service.url, rollup)
        if script == "work":
            for turn in range(4):
                for account in (PAYER, BLS_PAYER):
                    first = client.next_nonce(account)
                    assert client.submit_many([pen.pay(account, first + at) for at in range(3)]) == [None] * 3
                    # What is printed has left the process: it must never be contradicted.
                    print("accepted", account, first + 3, flush=True)
                client.open_account(BlsKey(1000 + turn).public)
                print("opened", turn, flush=True)
                sequencer.step()
                chain.mine(70)
                sequencer.step()
            print("finished", flush=True)
        else:
            sequencer.step()
            assert sequencer.waiting == 0
            print("resumed", sequencer._promises.size, flush=True)
"""


@pytest.fixture(scope="module")
def node():
    with AnvilNode() as one:
        yield one


@pytest.fixture(scope="module")
def nursery() -> Iterator[ForkServer]:
    with ForkServer(ROLLUP) as one:
        yield one


def run(
    nursery: ForkServer, node: AnvilNode, l2: LocalRollup, folder: Path, script: str, fault: str = ""
) -> ProcessResult:
    arguments = [node.url, l2.rollup.address, str(l2.start_block), str(folder), script]
    return nursery.run(CHILD, arguments, folder, fault=fault, path=[str(Path(__file__).parent)])


# The first time nothing was promised before; the second time there is something to lose.
@pytest.mark.parametrize(
    ("point", "hit"), [(point, 2) for point in POINTS] + [("journal.in-commit", 1), ("sequencer.accept.durable", 1)]
)
def test_what_was_accepted_before_a_kill_is_posted_once(nursery, node, point: str, hit: int, tmp_path: Path) -> None:
    chain = node.connection
    l2 = LocalRollup(chain, chain.signers(1)[0], folder=tmp_path / "home", genesis=genesis())
    worked = run(nursery, node, l2, tmp_path, "work", f"{point}:{hit}")
    assert worked.killed, f"{point} was not passed {hit} times"
    resumed = run(nursery, node, l2, tmp_path, "resume")
    assert (resumed.code, resumed.words[-1][0]) == (0, "resumed")
    fresh = Replica(l2.rollup, start_block=l2.start_block, genesis=genesis())
    fresh.step()
    accounts = fresh.head.accounts
    for words in worked.words:
        if words[0] == "accepted":
            assert accounts[int(words[1])].nonce >= int(words[2]), "an accepted operation is lost"
        elif words[0] == "opened":
            assert len(accounts) >= 5 + int(words[1]), "an account that was promised is not there"
    paid = sum(accounts[one].nonce for one in (PAYER, 3))
    assert accounts[PAYEE].balance == RICH + 5 * paid, "an operation was executed twice"
    assert sum(one.balance for one in accounts.values() if one.token == 0) == 3 * RICH


def test_without_a_kill_the_work_is_done_and_the_journal_stays_small(nursery, node, tmp_path: Path) -> None:
    chain = node.connection
    l2 = LocalRollup(chain, chain.signers(1)[0], folder=tmp_path / "home", genesis=genesis())
    worked = run(nursery, node, l2, tmp_path, "work")
    assert (worked.code, worked.words[-1]) == (0, ["finished"])
    assert run(nursery, node, l2, tmp_path, "resume").words[-1] == ["resumed", "0"]
