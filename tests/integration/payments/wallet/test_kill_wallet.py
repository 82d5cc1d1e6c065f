"""`kill -9` of a wallet wherever it keeps something: nothing is signed over twice, and all its money comes out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.sender import Sender
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.wallet.wallet_store import FAULT_POINTS
from layer2.testing.kill import ForkServer, ProcessResult

pytestmark = [pytest.mark.anvil, pytest.mark.slow]

CHILD = """
import sys
from pathlib import Path
from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.plasma.payments.chain.follower import ChainLog
from layer2.plasma.payments.chain.contract import RootChain
from layer2.plasma.payments.operator.client_protocol import LocalOperator
from layer2.plasma.payments.operator.operator import Operator
from layer2.plasma.payments.chain.state import RootChainState
from layer2.plasma.payments.wallet.wallet import Wallet
from layer2.primitives.rejections import Rejected

url, address, folder, start, script = sys.argv[1:]
chain, start = Connection.connect(url), int(start)
operator_signer, payer_signer, payee_signer = chain.signers(3)
root = RootChain.at(chain, address)
log = ChainLog(root, Sender(chain, operator_signer), start_block=start)
operator = Operator(log, Path(folder) / "operator", margin=0)

class Gate(LocalOperator):
    # What is printed has left the process: it must never be contradicted.
    def submit(self, payment):
        one = payment.transaction
        print("out", one.hash.hex(), *one.inputs, flush=True)
        return super().submit(payment)

def wallet(signer):
    gate = Gate(operator)
    return Wallet(root, signer, Path(folder) / signer.address, RootChainState(root, start_block=start), gate)

payer, payee = wallet(payer_signer), wallet(payee_signer)
payer.look()
if script == "work":
    for _ in range(3):
        payer.deposit("1 ether")
        print("paid in", flush=True)
    for _ in range(2):
        payer.send(payee_signer.address, "0.3 ether")
        operator.step()
        payer.sync()
    payer.merge()
    operator.step()
    payer.sync()
    payer.deposit("2 ether")
    print("paid in", flush=True)
    sent = payer.send(payee_signer.address, "0.25 ether")
    payer.exit(next(one.position for one in payer.utxos() if one.state == "free"))
    payer.exits.exit_payment(sent.hash)
    print("finished", flush=True)
else:
    payer.sync()
    for one in payer.wallet_store.open:
        try:
            payer.payments.deliver(one.hash)
        except Rejected as refusal:
            # It is exiting already.
            print("refused", refusal.code, flush=True)
    operator.step()
    payer.sync()
    payee.sync()
    try:
        # What remains is spent on: if it was spent before, this is where it shows.
        payer.send(payee_signer.address, "0.01 ether")
    except Exception as refusal:
        print("refused", refusal.code, flush=True)
    operator.step()
    payer.sync()
    payee.sync()
    for one in (payer, payee):
        one.payments.gate = None
        one.exit_all()
    chain.advance(2 * root.profile.exit_period + 1)
    for one in (payer, payee):
        one.claim_all()
    print("left", len(payer.utxos()), len(payee.utxos()), chain.balance(root.address), flush=True)
"""


@pytest.fixture(scope="module")
def node() -> Iterator[AnvilNode]:
    with AnvilNode() as one:
        yield one


@pytest.fixture(scope="module")
def nursery() -> Iterator[ForkServer]:
    with ForkServer(
        "import layer2.plasma.payments.operator.operator, layer2.plasma.payments.wallet.wallet, layer2.ethereum.sender"
    ) as one:
        yield one


def run(
    nursery: ForkServer, node: AnvilNode, root: RootChain, folder: Path, script: str, fault: str = ""
) -> ProcessResult:
    start = str(root.contract.deployment.block_number) if root.contract.deployment else "0"
    return nursery.run(CHILD, [node.url, root.address, str(folder / "files"), start, script], folder, fault=fault)


def deploy(node: AnvilNode) -> RootChain:
    operator = Sender(node.connection, node.connection.signers(1)[0])
    return RootChain.deploy(operator, operator.address)


def spent(*ended: ProcessResult) -> dict[str, set[str]]:
    """By position, the payments over it that have left the process."""
    found: dict[str, set[str]] = {}
    for words in (words for one in ended for words in one.words if words[0] == "out"):
        for position in words[2:]:
            found.setdefault(position, set()).add(words[1])
    return found


JOURNAL = ("journal.before-commit", "journal.in-commit", "journal.after-commit")
POINTS = [(point, hit) for point in FAULT_POINTS for hit in (1, 2)]
POINTS += [(point, hit) for point in JOURNAL for hit in (5, 17)]


@pytest.mark.parametrize(("point", "hit"), POINTS)
def test_a_wallet_killed_anywhere_signs_nothing_twice_and_loses_nothing(
    nursery: ForkServer, node: AnvilNode, point: str, hit: int, tmp_path: Path
) -> None:
    root = deploy(node)
    worked = run(nursery, node, root, tmp_path, "work", f"{point}:{hit}")
    assert worked.killed, f"{point} was not passed {hit} times"
    resumed = run(nursery, node, root, tmp_path, "resume")
    twice = {position: hashes for position, hashes in spent(worked, resumed).items() if len(hashes) > 1}
    assert twice == {}
    # Every deposit is out again with whoever it was paid to: the contract is empty.
    assert resumed.words[-1] == ["left", "0", "0", "0"]


def test_without_a_kill_the_same_work_is_done(nursery: ForkServer, node: AnvilNode, tmp_path: Path) -> None:
    root = deploy(node)
    worked = run(nursery, node, root, tmp_path, "work")
    assert worked.words[-1] == ["finished"]
    assert len(spent(worked)) > 3
    assert run(nursery, node, root, tmp_path, "resume").words[-1] == ["left", "0", "0", "0"]
