"""The chain takes back up to twelve blocks, and orders anew what was in them. On anvil, which can."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.primitives.hashing import keccak
from layer2.rollup.state.commitments import Status
from layer2.rollup.state.state import owner_of_address
from layer2.testing.revert_checks.reverts import reverts

pytestmark = pytest.mark.anvil

DEPTHS = list(range(1, 13))
ETHER = 10**18


@pytest.fixture
def node() -> Iterator[AnvilNode]:
    # One for each test: anvil forgets old states when it has both gone back to snapshots and reorganised.
    with AnvilNode() as one:
        yield one


@pytest.fixture(params=["anvil"])
def chain(node: AnvilNode) -> Connection:
    return node.connection


@pytest.fixture
def data(request: pytest.FixtureRequest) -> str:
    """Blobs at the least depth and the greatest: a node that has just begun takes two seconds for the first."""
    depth = request.node.callspec.params.get("depth", 0)
    return "blobs" if depth in (0, DEPTHS[0], DEPTHS[-1]) else "calldata"


@pytest.fixture
def people(chain: Connection) -> SimpleNamespace:
    names = ("sequencer", "payer", "payee", "stranger", "attacker", "challenger")
    return SimpleNamespace(**dict(zip(names, chain.signers(len(names)), strict=True)))


def funded(l2, people):
    payer, payee = l2.wallet(people.payer), l2.wallet(people.payee)
    payer.deposit("5 ether")
    payee.deposit("1 ether")
    l2.post()
    return payer, payee


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_batch_fails_cleanly_on_a_different_prefix(node, l2, people, depth: int) -> None:
    """The entry that it was made to follow is gone: it is refused, and nothing else stands in its place."""
    payer, payee = funded(l2, people)
    node.connection.mine(12)
    payer.send(payee.account(), "0.3 ether")
    l2.post()
    acc, end = l2.sequencer.replica.entries[-1].record.hash(), l2.sequencer.replica.entries[-1].record.queue_end
    node.connection.mine(depth - 1)
    node.reorg(depth)
    items = l2.rollup.inbox()[0]
    assert items == 1
    with reverts("UnexpectedAccumulator", have=l2.rollup.acc(items), given=acc):
        l2.rollup.post_calldata(Sender(l2.connection, people.sequencer), acc, bytes(496), end)
    assert l2.rollup.inbox()[0] == 1


@pytest.mark.parametrize("depth", DEPTHS)
def test_an_assertion_fails_cleanly_on_a_different_prefix(node, l2, people, depth: int) -> None:
    """What was asserted of an entry that is gone cannot be asserted of the one in its place."""
    payer, payee = funded(l2, people)
    node.connection.mine(12)
    payer.send(payee.account(), "0.3 ether")
    l2.post()
    replica = l2.proposer.replica
    replica.step()
    end, last = len(replica.entries), replica.entries[-1].record
    done = replica.execute(replica.tip(), end)
    row = (replica.tip(), last, end, done.roots[-1], b"".join(root[1:] for root in done.roots), l2.profile.bond)
    node.connection.mine(depth - 1)
    node.reorg(depth)
    proposer = Sender(l2.connection, people.stranger)
    with reverts("BatchMismatch", index=end):
        l2.rollup.propose(proposer, *row)
    # The same operation is posted again, in another entry: still not the one that was asserted of.
    l2.connection.advance(1_000)
    l2.post()
    assert l2.rollup.inbox()[0] == end
    with reverts("BatchMismatch", index=end):
        l2.rollup.propose(proposer, *row)
    l2.settle()
    assert l2.proposer.replica.final().inbox_end == end
    assert l2.rebuild_from_l1() == l2.root


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_deposit_that_was_taken_back_was_never_there(node, l2, people, depth: int) -> None:
    payer, _ = funded(l2, people)
    node.connection.mine(12)
    payer.deposit("2 ether")
    l2.sequencer.replica.step()
    assert len(l2.sequencer.replica.queue) == 3
    node.connection.mine(depth - 1)
    node.reorg(depth)
    l2.post()
    assert len(l2.sequencer.replica.queue) == 2
    assert payer.balance() == 5 * ETHER
    payer.deposit("1 ether")
    l2.post()
    assert payer.balance() == 6 * ETHER
    assert l2.rebuild_from_l1() == l2.root


@pytest.mark.parametrize("depth", DEPTHS)
def test_an_assertion_that_was_taken_back_is_made_again(node, l2, people, depth: int) -> None:
    funded(l2, people)
    node.connection.mine(12)
    l2.proposer.step()
    first = l2.proposer.replica.tip()
    assert first.inbox_end == 1
    node.connection.mine(depth - 1)
    node.reorg(depth)
    assert l2.rollup.status(first.id)[2] is Status.UNKNOWN
    l2.proposer.step()
    assert l2.rollup.status(l2.proposer.replica.tip().id)[2] is Status.OPEN
    l2.connection.advance(l2.profile.window + 1)
    l2.proposer.step()
    assert l2.proposer.replica.final().inbox_end == 1


@pytest.mark.parametrize("depth", [1, 2, 5, 12])
def test_a_commitment_that_was_taken_back_is_made_again(node, l2, people, depth: int) -> None:
    """The lie is still there, the challenger's announcement is not."""
    funded(l2, people)
    lie = l2.propose(fault="inflate", sender=people.attacker)
    node.connection.mine(12)
    l2.challenger.step()
    node.connection.mine(depth - 1)
    node.reorg(depth)
    for _ in range(6):
        l2.challenger.step()
        node.connection.mine(l2.profile.reveal_blocks)
    assert l2.rollup.status(lie.id)[2] is Status.INVALID


@pytest.mark.parametrize("depth", [1, 2, 5, 12])
def test_a_conviction_that_was_taken_back_is_repeated(node, l2, people, depth: int) -> None:
    funded(l2, people)
    lie = l2.propose(fault="inflate", sender=people.attacker)
    node.connection.mine(12)
    l2.challenger.step()
    node.connection.mine(12)
    l2.challenger.step()
    assert l2.rollup.status(lie.id)[2] is Status.INVALID
    node.connection.mine(depth - 1)
    node.reorg(depth)
    assert l2.rollup.status(lie.id)[2] is Status.OPEN
    for _ in range(6):
        l2.challenger.step()
        node.connection.mine(l2.profile.reveal_blocks)
    assert l2.rollup.status(lie.id)[2] is Status.INVALID


def mined(connection: Connection, raw: bytes) -> None:
    """Wait for a transaction that was sent raw."""
    end = time.monotonic() + 10
    while connection.receipt(keccak(raw)) is None:
        assert time.monotonic() < end, "the deposit is not mined"
        time.sleep(0.02)


def swap_deposits(node: AnvilNode, l2, first, second, amount: int) -> Callable[[int], None]:
    """Two new accounts are opened, then the chain orders their deposits the other way round."""
    raws = []
    for signer in (first, second):
        data = l2.rollup.contract.encode("deposit", 0, amount, owner_of_address(signer.address), 0)
        connection = l2.connection
        raws.append(
            signer.sign_transaction(
                {
                    "type": 2,
                    "chainId": connection.chain_id,
                    "nonce": connection.nonce(signer.address),
                    "gas": 300_000,
                    "maxFeePerGas": 10**10,
                    "maxPriorityFeePerGas": 1,
                    "value": amount,
                    "data": "0x" + data.hex(),
                    "to": l2.rollup.address,
                }
            )
        )
        connection.backend.send_raw(raws[-1])
        mined(connection, raws[-1])
    l2.post()
    return lambda depth: node.reorg(depth, [(raws[1], 0), (raws[0], 1)])


def test_a_payment_never_goes_to_whom_the_receivers_number_went(node, l2, people) -> None:
    """A payment names an account by its number. After a reorganisation the number may be somebody else's: what was
    promised to the old owner must not be posted for the new one."""
    payer, _ = funded(l2, people)
    swap = swap_deposits(node, l2, people.stranger, people.attacker, ETHER)
    receiver = l2.wallet(people.stranger).account()
    start = l2.connection.block_number()
    payer.send(receiver, "0.5 ether")
    l2.post()
    swap(l2.connection.block_number() - start + 3)
    l2.post()
    l2.post()
    accounts = l2.sequencer.replica.head.accounts
    assert accounts[receiver].address == people.attacker.address, "the chain did not swap the accounts"
    assert l2.wallet(people.attacker).balance() == ETHER


def test_one_operation_of_a_number_that_moved_spoils_nobody_elses(node, l2, people) -> None:
    """Signed by the old owner of an account, it can no longer be executed: it must not stand in a frame again."""
    payer, payee = funded(l2, people)
    swap = swap_deposits(node, l2, people.stranger, people.attacker, ETHER)
    start = l2.connection.block_number()
    l2.wallet(people.stranger).send(payee.account(), "0.25 ether")
    payer.send(payee.account(), "0.5 ether")
    l2.post()
    swap(l2.connection.block_number() - start + 3)
    l2.post()
    l2.post()
    assert payee.balance() == 3 * ETHER // 2
    assert l2.sequencer.pending == ()
    assert l2.wallet(people.attacker).balance() == ETHER


def test_a_number_that_moved_to_another_kind_of_key_spoils_no_frame(node, l2, people) -> None:
    """One BLS signature stands for all operations of a frame: one that is no longer its sender's spoils them all."""
    payer, payee = funded(l2, people)
    other = l2.wallet(people.stranger)
    l2.sequencer.open_account(payer.bls.public)
    l2.post()
    mine = payer.account(bls=True)
    payer.deposit("1 ether", to=mine)
    l2.post()
    start = l2.connection.block_number()
    l2.sequencer.open_account(other.bls.public)
    l2.post()
    moved = other.account(bls=True)
    payer.deposit("1 ether", to=mine)
    other.rollup.deposit(other.sender, 0, ETHER, other.accounts[moved].owner, moved)
    l2.post()
    other.send(payee.account(), "0.25 ether", account=moved)
    payer.send(payee.account(), "0.5 ether", account=mine)
    l2.post()
    node.reorg(l2.connection.block_number() - start)
    thief = l2.wallet(people.attacker, with_sequencer=False)
    thief.deposit("1 ether")  # gets the number
    node.connection.advance(l2.profile.force_delay + 1)
    thief.include()
    for _ in range(3):
        l2.post()
    assert l2.sequencer.replica.head.accounts[moved].address == people.attacker.address
    assert payee.balance() == 3 * ETHER // 2
    assert l2.sequencer.pending == ()
