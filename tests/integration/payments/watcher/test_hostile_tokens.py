"""Tokens that do not say what is there, burn what they get, or do so only when it counts: they stop themselves."""

from __future__ import annotations

import pytest
from tests.support.payments.watcher_world import ETHER, W, World

from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.devnet import tester_connection
from layer2.ethereum.sender import Sender
from layer2.plasma.common.watcher.alerts import Alert, AlertKind
from layer2.plasma.payments.chain.contract import ExitStatus, InFlightStatus, deposit_of_event
from layer2.plasma.payments.chain.exit_proofs import DepositExitProof, Kit
from layer2.testing.adversaries.payments.hostile_operator import pay
from layer2.testing.contracts.mocks import deploy_mock

AMOUNT = 100
ANSWERS, BURNS, REVERTS, SAYS_TOO_LITTLE, ANSWERS_DEARLY, BURNS_WHEN_MINED = range(6)
SILENT = [BURNS, REVERTS, SAYS_TOO_LITTLE, ANSWERS_DEARLY]
"""Ways not to say what is there, for less than claims may cost."""


@pytest.fixture(scope="module")
def chain() -> Connection:
    """On the in-process chain, where a token can tell a simulated call from a mined one."""
    return tester_connection()


@pytest.fixture
def token(world: World) -> Contract:
    return listed(world)


def listed(world: World) -> Contract:
    made = deploy_mock("BalanceBurnerToken", sender=world.deployer)
    world.root.register_token(world.deployer, made.address)
    made.transact(world.deployer, "mint", world.thief.address, 10 * AMOUNT)
    made.transact(world.thief, "approve", world.root.address, 10 * AMOUNT)
    return made


def put_in(world: World, number: int = 1) -> DepositExitProof:
    """The thief's deposit of a token."""
    receipt = world.root.deposit(world.thief, number, AMOUNT, world.thief.address)
    (event,) = world.root.contract.events(receipt, "Deposited")
    return DepositExitProof(deposit_of_event(event.args))


def arm(world: World, token: Contract, trouble: int) -> None:
    token.transact(world.deployer, "armWith", trouble)


def spent(world: World, who: Sender) -> Kit:
    """An exit of what is spent."""
    kit = world.deposit(who)
    world.hostile.block([world.pay([(who, kit)], [(world.payee, ETHER)])])
    world.exit(who, kit)
    return kit


@pytest.mark.parametrize("trouble", SILENT)
def test_a_token_that_does_not_say_what_is_there_stops_no_claim_of_others(
    world: World, token: Contract, trouble: int
) -> None:
    watcher = world.watch(sender=world.watcher)
    bad, good, wrong = put_in(world), world.deposit(world.payer), spent(world, world.thief)
    world.exit(world.thief, bad)
    world.exit(world.payer, good)
    arm(world, token, trouble)
    world.later(W + 1)
    before = world.connection.balance(world.watcher.address)
    report = watcher.step()
    assert sorted(report.done()) == ["challengeExit", "processExits"]
    assert [world.status(kit) for kit in (bad, good, wrong)] == [
        ExitStatus.OPEN,
        ExitStatus.PAID,
        ExitStatus.CHALLENGED,
    ]
    assert Alert(
        AlertKind.VAULT_SHORT, 1, f"{AMOUNT:,} units of token 1 registered for exits, and the token returns no balance"
    ) in (report.findings)
    assert world.connection.balance(world.watcher.address) > before, "it cost less than it earned"
    assert watcher.step().acts == []
    arm(world, token, ANSWERS)
    assert watcher.step().done() == ["processExits"]
    assert world.status(bad) is ExitStatus.PAID


def test_a_token_that_answers_is_claimed_beside_ether_in_a_call_of_its_own(world: World, token: Contract) -> None:
    """The negative twin; and several of one token are claimed together."""
    watcher = world.watch(sender=world.watcher)
    kits = [put_in(world), put_in(world), world.deposit(world.thief), world.deposit(world.thief)]
    world.exit(world.thief, *kits)
    world.later(W + 1)
    assert watcher.step().done() == ["processExits", "processExits"]
    assert [world.status(kit) for kit in kits] == [ExitStatus.PAID] * 4


def test_a_token_that_burns_only_what_is_mined_costs_a_watcher_one_call_a_day(world: World, token: Contract) -> None:
    listed(world)
    watcher = world.watch(sender=world.watcher)
    bad, good, ether = put_in(world), put_in(world, 2), world.deposit(world.payer)
    world.exit(world.thief, bad, good)
    world.exit(world.payer, ether)
    arm(world, token, BURNS_WHEN_MINED)
    world.later(W + 1)
    report = watcher.step()
    assert sorted((one.name, one.done) for one in report.acts) == [
        ("processExits", False),
        ("processExits", True),
        ("processExits", True),
    ]
    assert [world.status(kit) for kit in (bad, good, ether)] == [ExitStatus.OPEN, ExitStatus.PAID, ExitStatus.PAID]
    # Again and again it would cost its watchers all they have.
    before = world.connection.balance(world.watcher.address)
    (act,) = watcher.step().acts
    assert "token 1" in act.detail
    assert world.connection.balance(world.watcher.address) == before
    arm(world, token, ANSWERS)
    other = put_in(world)
    arm(world, token, BURNS_WHEN_MINED)
    world.exit(world.thief, other)
    world.later(W + 1)
    assert watcher.step().done() == []
    assert world.connection.balance(world.watcher.address) == before
    world.later(86_400)
    arm(world, token, ANSWERS)
    assert watcher.step().done() == ["processExits"]
    assert [world.status(kit) for kit in (bad, other)] == [ExitStatus.PAID] * 2


@pytest.mark.parametrize("trouble", SILENT)
@pytest.mark.parametrize("fee", [False, True])
def test_a_game_with_such_a_token_is_left_to_its_owners(world: World, token: Contract, trouble: int, fee: bool) -> None:
    """As an output, or as an input that has joined and is all fee: either way a claim would ask it."""
    watcher = world.watch(sender=world.watcher)
    bad, good = put_in(world), world.deposit(world.thief)
    rows = [(world.thief.address, 0, ETHER)] + ([] if fee else [(world.thief.address, 1, AMOUNT)])
    one = pay(world.root, [(world.thief.signer, bad.position), (world.thief.signer, good.position)], rows, 50)
    game = world.start_game(world.thief, one, [bad, good], 0b11 if fee else 0b11_0000)
    ether = world.deposit(world.payer)
    world.exit(world.payer, ether)
    arm(world, token, trouble)
    world.later(W + 1)
    assert watcher.step().done() == ["processExits"]
    assert world.status(ether) is ExitStatus.PAID
    arm(world, token, ANSWERS)
    assert watcher.step().done() == ["processInFlightExit"]
    assert world.root.in_flight(game).status is not InFlightStatus.OPEN


def test_money_of_a_token_that_nobody_has_registered_blinds_no_watcher(world: World) -> None:
    """An operator can mint it, and the contract lets an exit of it begin."""
    watcher = world.watch(sender=world.watcher)
    mint = world.hostile.invalid_mint(AMOUNT, token=999)
    world.hostile.steal(*mint.loot)
    wrong = spent(world, world.thief)
    good = world.deposit(world.payer)
    world.exit(world.payer, good)
    world.later(W + 1)
    assert sorted(watcher.step().done()) == ["challengeExit", "processExits"]
    assert [world.status(kit) for kit in (wrong, good)] == [ExitStatus.CHALLENGED, ExitStatus.PAID]
