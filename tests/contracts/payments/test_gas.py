"""What each operation costs in a block of 65,536 transactions, in whole transactions, against its limit."""

from __future__ import annotations

import pytest
from tests.support.payments.builder import (
    BIG,
    ETHER,
    EXIT_BOND,
    PIGGYBACK_BOND,
    W,
    World,
    deposit_id,
    output_id,
    packed,
)  # fmt: skip

from layer2.ethereum.artifacts import load_artifact
from layer2.plasma.common.watcher.actions import ANSWER_MORE, GAS
from layer2.testing import deploy_mock


def test_the_code_fits_and_its_deployment_is_within_limits(world: World) -> None:
    assert len(load_artifact("RootChain").runtime) < 24_576
    assert world.chain.deployment is not None
    assert world.chain.deployment.gas_used <= 6_000_000


def show(name: str, gas: int, limit: int) -> None:
    assert gas <= limit, name


def test_deposits_and_blocks(world: World) -> None:
    world.deposit(world.payer)
    show("deposit.eth", world.send(world.payer, "depositETH", world.payer.address, value=ETHER).gas_used, 56_000)
    token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=world.deployer)
    world.send(world.payer, "registerToken", token.address)
    token.transact(world.deployer, "mint", world.payer.address, 10**12)
    token.transact(world.payer, "approve", world.chain.address, 2**256 - 1)
    for _ in range(2):
        receipt = world.send(world.payer, "deposit", 1, 1000, world.payer.address)
    show("deposit.erc20", receipt.gas_used, 85_000)
    world.block(packed([], [(world.payer, 0, 1)], 1, kind=2))
    receipt = world.send(world.operator, "submitBlock", 2, bytes(range(1, 33)), BIG)
    show("block.submit", receipt.gas_used, 52_500)


def test_exits(world: World) -> None:
    payer, payee = world.payer, world.payee
    one = world.deposit(payer, 100 * ETHER)
    transactions = [packed([one.position], [(payee, 0, ETHER)], 9000 + k) for k in range(20)]
    first = world.block(*transactions, count=BIG)
    world.block(*[packed([one.position], [(payee, 0, ETHER)], 8000 + k) for k in range(20)], count=BIG)
    third = world.block(*[packed([one.position], [(payee, 0, ETHER)], 7000 + k) for k in range(20)], count=BIG)
    fresh = world.block(packed([one.position], [(payee, 0, ETHER)], 6000), count=BIG)
    two = world.deposit(payer, ETHER)
    three = world.deposit(payer, ETHER)
    world.exit(payer, two.proof)
    show("exit.start deposit", world.exit(payer, three.proof).gas_used, 70_000)
    show("exit.start first in bucket", world.exit(payee, fresh.proof(0)).gas_used, 120_000)
    world.exit(payee, first.proof(0))
    show("exit.start steady", world.exit(payee, first.proof(1)).gas_used, 85_000)
    proofs = [third.proof(k) for k in range(11)]
    ten = world.send(payee, "startExits", proofs[:10], value=10 * EXIT_BOND).gas_used
    single = world.send(payee, "startExits", proofs[10:], value=EXIT_BOND).gas_used
    show("exit.batch marginal", (ten - single) // 9, 60_000)
    spender = packed([first.proof(0)[0]], [(payer, 0, ETHER)], 9000)
    receipt = world.send(
        world.watcher,
        "challengeExit",
        (first.proof(0)[0], 0, transactions[0], []),
        world.spend(spender, payee),
    )
    show("exit.challenge", receipt.gas_used, 62_000)
    world.at(world.now + 3 * W)
    items = [(proof[0], proof[2]) for proof in proofs]
    receipt = world.send(world.watcher, "processExits", items[10:], [])
    show("claim.single", receipt.gas_used, 62_000)
    receipt = world.send(world.watcher, "processExits", items[:10], [])
    show("claim.batched 10", receipt.gas_used // 10, 24_000)
    assert world.exit_of(output_id(transactions[1]))[0] == 1
    assert world.exit_of(deposit_id(two.number))[0] == 1


def made(world: World, count: int, owner: object) -> list[tuple]:
    """Outputs of one ether each, the n-th with n inputs and outputs of its own."""
    one = world.deposit(world.payer, 100 * ETHER)
    filled = [packed([one.position], [(owner, 0, ETHER)], 9000 + k) for k in range(count)]
    block = world.block(*filled, count=BIG)
    return [block.proof(k) for k in range(count)]


@pytest.mark.parametrize(("n", "limit"), [(1, 120_000), (2, 150_000), (4, 215_000)])
def test_starting_in_flight(world: World, n: int, limit: int) -> None:
    proofs = made(world, n + 1, world.payer)
    world.exit(world.payer, proofs[n])
    data = packed([proof[0] for proof in proofs[:n]], [(world.payee, 0, ETHER)] * n)
    receipt = world.start(world.payer, data, proofs[:n], [world.payer] * n)
    show(f"ife.start {n}-{n}", receipt.gas_used, limit)


def test_the_games_of_an_in_flight_exit(world: World) -> None:
    payer, payee, watcher = world.payer, world.payee, world.watcher
    proofs = made(world, 3, payer)
    world.exit(payer, proofs[2])
    ids = [output_id(proof[2]) for proof in proofs[:2]]
    data = packed([proof[0] for proof in proofs[:2]], [(payee, 0, ETHER)] * 2)
    included = world.block(data, count=BIG)
    competitor = packed([proofs[0][0]], [(payer, 0, ETHER)])
    later = world.block(competitor, count=BIG)
    world.start(payer, data, proofs[:2], [payer, payer])
    value = PIGGYBACK_BOND
    # The first takes both inputs for the game, and its own output: a slot each.
    first_join = world.send(payee, "piggyback", data, ids, 4, [], value=value).gas_used
    show("ife.piggyback output, first", first_join, 117_000)
    receipt = world.send(payer, "piggyback", data, ids, 1, [b"", proofs[1][2]], value=value)
    show("ife.piggyback input", receipt.gas_used, 70_000)
    sources = [proof[2] for proof in proofs[:2]]
    receipt = world.send(watcher, "challengeNonCanonical", data, ids, 0, sources, world.spend(competitor, payer))
    show("ife.noncanonical in flight", receipt.gas_used, 80_000)
    spend = world.spend(competitor, payer, proof=later.proof())
    receipt = world.send(watcher, "challengeNonCanonical", data, ids, 0, sources, spend)
    show("ife.noncanonical included", receipt.gas_used, 100_000)
    receipt = world.send(payee, "respondNonCanonical", included.proof(), ids, [b"", proofs[1][2]])
    # An input that has joined leaves the ledger: what made it has to be shown. Without one it stays below 62,000.
    show("ife.respond", receipt.gas_used, 67_000)
    other = packed([proofs[1][0]], [(payer, 0, ETHER)])
    receipt = world.send(watcher, "challengeInputSpent", data, ids, 1, proofs[1][2], world.spend(other, payer))
    show("ife.input spent", receipt.gas_used, 82_000)
    world.send(payee, "piggyback", data, ids, 5, [], value=value)
    spender = packed([included.proof(output=1)[0]], [(payer, 0, ETHER)])
    receipt = world.send(watcher, "challengeOutputSpent", included.proof(output=1), ids, world.spend(spender, payee))
    show("ife.output spent", receipt.gas_used, 84_000)
    world.at(world.now + 3 * W)
    receipt = world.send(watcher, "processInFlightExit", data, ids, sources, [])
    show("ife.claim 2 inputs 1 output", receipt.gas_used, 160_000)


def test_a_quarrel_about_four_tokens_stays_affordable(world: World) -> None:
    """The dearest there is: each of four outputs is the only one registered in its token."""
    payer, payee, watcher = world.payer, world.payee, world.watcher
    deposits = [world.deposit(payer)]
    for number in (1, 2, 3):
        token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=world.deployer)
        world.send(payer, "registerToken", token.address)
        token.transact(world.deployer, "mint", payer.address, ETHER)
        token.transact(payer, "approve", world.chain.address, ETHER)
        deposits.append(world.record_of(world.send(payer, "deposit", number, ETHER, payer.address)))
    data = packed([one.position for one in deposits], [(payee, number, ETHER) for number in range(4)])
    included = world.block(data, count=BIG)
    rival = packed([deposits[0].position], [(payer, 0, ETHER)])
    ids = [deposit_id(one.number) for one in deposits]
    world.start(payer, data, [one.proof for one in deposits], [payer] * 4)
    for bit in (4, 5, 6, 7):
        world.send(payee, "piggyback", data, ids, bit, [], value=PIGGYBACK_BOND)
    made = [one.record for one in deposits]
    receipt = world.send(watcher, "challengeNonCanonical", data, ids, 0, made, world.spend(rival, payer))
    show("ife.noncanonical four tokens", receipt.gas_used, GAS["challengeNonCanonical"])
    assert [world.ledger(number)[0] for number in range(4)] == [0] * 4
    receipt = world.send(payee, "respondNonCanonical", included.proof(), ids, made)
    show("ife.respond four tokens", receipt.gas_used, GAS["respondNonCanonical"] + 3 * ANSWER_MORE)
    assert [world.ledger(number)[0] for number in range(4)] == [ETHER] * 4
