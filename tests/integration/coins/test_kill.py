"""`kill -9` at every persist point of a coin operator: what was accepted is in one block, each block on chain once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.operator.operator import FAULT_POINTS, CoinOperator
from layer2.plasma.coins.protocol.coin_history import History, check_history
from layer2.plasma.coins.protocol.transfer import coin_tree, decode_coin_body
from layer2.testing.kill import ForkServer, ProcessResult

from .conftest import PAYEE, PAYER

pytestmark = [pytest.mark.anvil, pytest.mark.slow]

POINTS = [
    *FAULT_POINTS,
    "files.before-rename",
    "journal.before-commit",
    "journal.in-commit",
    "journal.after-commit",
    "journal.in-rewrite",
]

CHILD = """
import sys
from pathlib import Path
from conftest import PAYEE, PAYER
from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.plasma.coins.chain.contract import CoinChain
from layer2.plasma.coins.operator.operator import CoinOperator
from layer2.plasma.coins.protocol.records import coin_of
from layer2.plasma.coins.protocol.transfer import CoinTransaction, sign_coin
from layer2.primitives.addresses import address_bytes

url, address, folder, script = sys.argv[1:]
chain = Connection.connect(url)
coins = CoinChain.at(chain, address)
operator = CoinOperator(coins, Sender(chain, chain.signers(1)[0]), Path(folder), margin=0)
operator.compact_at = 1
if script == "work":
    for turn in range(4):
        for at in range(3):
            one = CoinTransaction(coin_of(3 * turn + at + 1), 0, address_bytes(PAYEE.address), 1000)
            hashed = operator.submit(sign_coin(one, coins.domain, PAYER))
            # What is printed has left the process: it must never be contradicted.
            print("accepted", hashed.hex(), flush=True)
        made = operator.step()
        print("made", made.number, made.root.hex(), flush=True)
    print("finished", flush=True)
else:
    while operator.step() is not None:
        pass
    assert operator.waiting == 0
    print("resumed", operator._promises.size, flush=True)
"""


@pytest.fixture(scope="module")
def node() -> Iterator[AnvilNode]:
    with AnvilNode() as one:
        yield one


@pytest.fixture(scope="module")
def nursery() -> Iterator[ForkServer]:
    with ForkServer("import layer2.plasma.coins.operator.operator, layer2.ethereum.sender") as one:
        yield one


def prepare(node: AnvilNode) -> CoinChain:
    chain = node.connection
    operator = Sender(chain, chain.signers(1)[0])
    operator.send(PAYER.address, value=10**18)
    coins = CoinChain.deploy(operator, operator.address)
    payer = Sender(chain, LocalSigner(PAYER))
    for _ in range(12):
        coins.deposit_ether(payer, 100)
    return coins


def run(
    nursery: ForkServer, node: AnvilNode, coins: CoinChain, folder: Path, script: str, fault: str = ""
) -> ProcessResult:
    arguments = [node.url, coins.address, str(folder / "operator"), script]
    return nursery.run(CHILD, arguments, folder, fault=fault, path=[str(Path(__file__).parent)])


# The first time nothing was promised before; the second time there is something to lose.
@pytest.mark.parametrize(("point", "hit"), [(point, hit) for point in POINTS for hit in (1, 2)])
def test_what_was_accepted_before_a_kill_is_in_one_block(nursery, node, point: str, hit: int, tmp_path: Path) -> None:
    coins = prepare(node)
    worked = run(nursery, node, coins, tmp_path, "work", f"{point}:{hit}")
    assert worked.killed, f"{point} was not passed {hit} times"
    resumed = run(nursery, node, coins, tmp_path, "resume")
    assert (resumed.code, resumed.words[-1][0]) == (0, "resumed")
    operator = CoinOperator(coins, None, tmp_path / "operator", margin=0)
    headers, seen, moved = operator.chain_state.since(1), [], []
    assert len(headers) == coins.next_block() - 1
    for header in headers:
        body = decode_coin_body(operator.coin_body(header.number))
        assert coin_tree(body).root == header.root
        seen += [one.transaction.hash.hex() for one in body]
        moved += [one.transaction.coin for one in body]
    for coin, record in operator.chain_state.records.items():
        standing = check_history(History(coin, record, tuple(operator.coin_evidence(coin, 1))), headers, coins.domain)
        assert standing.owner == (PAYEE if coin in moved else PAYER).address
    for words in worked.words:
        if words[0] == "accepted":
            assert seen.count(words[1]) == 1, "an accepted transfer is lost, or in two blocks"
        elif words[0] == "made":
            assert operator.header(int(words[1])).root.hex() == words[2], "a block that was made has become another"
    operator.close()


def test_without_a_kill_the_work_is_done_and_the_journal_stays_small(nursery, node, tmp_path: Path) -> None:
    coins = prepare(node)
    worked = run(nursery, node, coins, tmp_path, "work")
    assert (worked.code, worked.words[-1]) == (0, ["finished"])
    assert run(nursery, node, coins, tmp_path, "resume").words[-1] == ["resumed", "0"]
