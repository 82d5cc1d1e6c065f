"""`kill -9` at every persist point of an operator: what was accepted is in one block, and each block on chain once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.chain.exit_proofs import DepositExitProof
from layer2.plasma.payments.chain.follower import ChainLog
from layer2.plasma.payments.operator.intake import record_of
from layer2.plasma.payments.operator.operator import FAULT_POINTS, Operator
from layer2.plasma.payments.utxo.block_validation import validate
from layer2.plasma.payments.utxo.utxo_set import UtxoSet
from layer2.plasma.protocol.signing import sign
from layer2.plasma.protocol.transaction import payment
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
from layer2.plasma.payments.chain.follower import ChainLog
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.protocol.signing import sign
from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.protocol.transaction import payment

url, address, folder, script = sys.argv[1:]
chain = Connection.connect(url)
contract = RootChain.at(chain, address)
log = ChainLog(contract, Sender(chain, chain.signers(1)[0]))
operator = Operator(log, Path(folder), fee_owner=log.sender.address, margin=0)
operator.compact_at = operator.checkpoints.after = 1
if script == "work":
    for turn in range(4):
        places = [1 << 63 | (3 * turn + at + 1) << 24 for at in range(3)]
        for place in places:
            one = payment([place], [(PAYEE.address, 0, 60), (PAYER.address, 0, 39)], 1000)
            hashed = operator.submit(sign(one, contract.domain, PAYER))
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
    with ForkServer(
        "import layer2.plasma.payments.operator.operator, layer2.plasma.payments.chain.follower, layer2.ethereum.sender"
    ) as one:
        yield one


def prepare(node: AnvilNode) -> RootChain:
    chain = node.connection
    operator, funder = (Sender(chain, one) for one in chain.signers(2))
    contract = RootChain.deploy(operator, operator.address)
    for _ in range(12):
        contract.deposit(funder, 0, 100, PAYER.address)
    return contract


def run(
    nursery: ForkServer, node: AnvilNode, contract: RootChain, folder: Path, script: str, fault: str = ""
) -> ProcessResult:
    arguments = [node.url, contract.address, str(folder / "operator"), script]
    return nursery.run(CHILD, arguments, folder, fault=fault, path=[str(Path(__file__).parent)])


# The first time nothing was promised before; the second time there is something to lose.
@pytest.mark.parametrize(("point", "hit"), [(point, hit) for point in POINTS for hit in (1, 2)])
def test_what_was_accepted_before_a_kill_is_in_one_block(nursery, node, point: str, hit: int, tmp_path: Path) -> None:
    contract = prepare(node)
    worked = run(nursery, node, contract, tmp_path, "work", f"{point}:{hit}")
    assert worked.killed, f"{point} was not passed {hit} times"
    resumed = run(nursery, node, contract, tmp_path, "resume")
    assert (resumed.code, resumed.words[-1][0]) == (0, "resumed")
    operator = Operator(ChainLog(contract), tmp_path / "operator", margin=0)
    assert operator.checkpoints.fault == "", "a copy that was being written is none, and the one before is good"
    watcher, seen = UtxoSet(), []
    for number in sorted(operator.books.deposits):
        watcher.deposit(operator.books.deposits[number])
    for number in range(1, contract.head()[1]):
        header = operator.header(number)
        verdict = validate(watcher, number, header, operator.store.path(number).read_bytes(), contract.domain)
        assert verdict.good, str(verdict)
        watcher.apply(number, verdict.transactions)
        seen += [hashed.hex() for hashed in verdict.hashes]
    for words in worked.words:
        if words[0] == "accepted":
            assert seen.count(words[1]) == 1, "an accepted payment is lost, or in two blocks"
        elif words[0] == "made":
            assert operator.header(int(words[1])).root.hex() == words[2], "a block that was made has become another"
    assert watcher.totals() == {0: 1200}
    operator.close()
    # The same without the copy of the ledger.
    shutil.rmtree(tmp_path / "operator" / "ledger")
    replayed = Operator(ChainLog(contract), tmp_path / "operator", margin=0)
    assert sorted(replayed.ledger.unspent()) == sorted(operator.ledger.unspent()) == sorted(watcher.unspent())
    replayed.close()


def test_without_a_kill_the_work_is_done_and_the_journal_stays_small(nursery, node, tmp_path: Path) -> None:
    contract = prepare(node)
    worked = run(nursery, node, contract, tmp_path, "work")
    assert (worked.code, worked.words[-1]) == (0, ["finished"])
    assert run(nursery, node, contract, tmp_path, "resume").words[-1] == ["resumed", "0"]


LATE_POINTS = [
    (f"journal.{point}", hit) for point in ("before-commit", "in-commit", "after-commit") for hit in (1, 2, 3)
]
"""The first commit gives the block up, the second says what has become impossible, the third makes it anew."""


@pytest.mark.parametrize(("point", "hit"), [*LATE_POINTS, ("operator.body.durable", 1), ("operator.submit.before", 1)])
def test_a_kill_while_a_late_block_is_given_up_loses_nothing(nursery, node, point: str, hit: int, tmp_path) -> None:
    """A block that was not submitted, of two payments; one of the deposits that they spend has long been leaving."""
    chain = node.connection
    contract = prepare(node)
    Sender(chain, chain.signers(2)[1]).send(PAYER.address, value=10**18)
    operator = Operator(ChainLog(contract, Sender(chain, chain.signers(1)[0])), tmp_path / "operator", margin=0)
    places = [1 << 63 | number << 24 for number in (1, 2)]
    rows = [(PAYEE.address, 0, 60), (PAYER.address, 0, 39)]
    payments = [sign(payment([place], rows, 1000), contract.domain, PAYER) for place in places]
    operator.submit_many(payments)
    old = operator.make_block()
    kit = DepositExitProof(operator.books.deposits[1])
    operator.close()
    contract.start_exits(Sender(chain, LocalSigner(PAYER)), [kit.proof])
    chain.advance(contract.profile.grace)
    assert run(nursery, node, contract, tmp_path, "resume", f"{point}:{hit}").killed
    resumed = run(nursery, node, contract, tmp_path, "resume")
    assert (resumed.code, resumed.words[-1][0]) == (0, "resumed")
    operator = Operator(ChainLog(contract), tmp_path / "operator", margin=0)
    assert contract.head()[1] == 2
    assert operator.header(1).root not in (old.root, bytes(32))
    assert operator.store.records(1)[:-1] == [record_of(payments[1])], "what can be in a block, and a fee transaction"
    assert (operator.waiting, operator.ledger.totals()) == (0, {0: 1200})
    operator.close()
