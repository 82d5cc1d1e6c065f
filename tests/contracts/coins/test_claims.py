"""Payments: in batches, each once, and nobody's failure is another one's."""

from __future__ import annotations

import pytest
from tests.support.coins.builder import BOUNTY, ETHER, EXIT_BOND, NOTHING_SHOWN, PERIOD, Coin, Player, Stage

from layer2.ethereum.contract import Contract
from layer2.primitives.addresses import ZERO_ADDRESS, Address
from layer2.primitives.hashing import keccak
from layer2.testing.contracts.mocks import deploy_mock
from layer2.testing.revert_checks.reverts import reverts

UNIT = 10**6
RECEIVERS = ("RevertingReceiver", "GasBurnerReceiver", "ReturnBombReceiver")
REST = EXIT_BOND - BOUNTY


def receiver_of(stage: Stage, name: str) -> Contract:
    """A hostile account that the payee acts for."""
    receiver = deploy_mock(name, sender=stage.payee.sender)
    if name == "ReturnBombReceiver":
        receiver.transact(stage.payee.sender, "configure", 10_000, True)
    return receiver


def leave_as(stage: Stage, account: Contract, coin: Coin, owner: Player | None = None) -> int:
    """The owner, by default the payer, gives the coin to a contract, which exits it; the exit's number."""
    step = stage.step(coin, owner or stage.payer, account.address)
    inner = stage.chain.encode("exitTransfer", coin.id, coin.record, NOTHING_SHOWN, step.shown)
    account.transact(
        stage.payee.sender, "execute", stage.chain.address, EXIT_BOND, inner, value=EXIT_BOND, gas=1_000_000
    )
    return step.number


def nft_coin(stage: Stage, number: int = 7, name: str = "MockNft") -> tuple[Contract, Coin]:
    """The payer's coin of an ERC-721 token."""
    nft = deploy_mock(name, sender=stage.operator)
    nft.transact(stage.operator, "mint", stage.payer.address, number)
    nft.transact(stage.payer.sender, "approve", stage.chain.address, number)
    return nft, stage.made(stage.act(stage.payer, "depositErc721", nft.address, number))


def token_coin(stage: Stage, token: Contract, player: Player, amount: int = 5 * UNIT) -> Coin:
    token.transact(stage.operator, "mint", player.address, amount)
    token.transact(player.sender, "approve", stage.chain.address, amount)
    return stage.made(stage.act(player, "depositErc20", token.address, amount))


def by(stage: Stage, account: Contract, name: str, *args: object) -> None:
    """The account calls the coin chain."""
    inner = stage.chain.encode(name, *args)
    account.transact(stage.payee.sender, "execute", stage.chain.address, 0, inner, gas=1_000_000)


# ----------------------------------------------------------------------------------------------------------- batches


def test_a_batch_pays_everybody_and_its_caller(stage: Stage) -> None:
    people = (stage.payer, stage.payee, stage.thief)
    coins = [stage.deposit(person, (at + 1) * ETHER) for at, person in enumerate(people)]
    for person, coin in zip(people, coins, strict=True):
        stage.exit_deposit(person, coin)
    stage.pass_period()
    before = [stage.balance(person) for person in people]
    receipt = stage.claim(stage.operator, *((coin, 0) for coin in coins))
    assert len(stage.chain.events(receipt, "Claimed")) == 3
    assert [stage.balance(person) - had for person, had in zip(people, before, strict=True)] == [
        (at + 1) * ETHER + REST for at in range(3)
    ]
    assert stage.connection.balance(stage.chain.address) == 0


def test_the_bounty_goes_to_who_claims(stage: Stage) -> None:
    keeper = deploy_mock("RevertingReceiver", sender=stage.payee.sender)
    coins = [stage.deposit(stage.payer) for _ in range(2)]
    for coin in coins:
        stage.exit_deposit(stage.payer, coin)
    stage.pass_period()
    # A keeper that takes no ether finds its bounty owed.
    by(stage, keeper, "finalizeExits", [(coin.id, 0, coin.record) for coin in coins])
    assert stage.owed(keeper.address) == 2 * BOUNTY
    assert stage.connection.balance(stage.chain.address) == 2 * BOUNTY


def test_what_is_not_due_is_left_out_of_a_batch(stage: Stage) -> None:
    due, young, idle, twice = (stage.deposit(stage.payer) for _ in range(4))
    stage.exit_deposit(stage.payer, due)
    stage.exit_deposit(stage.payer, twice)
    stage.pass_period()
    stage.exit_deposit(stage.payer, young)
    wrong = Coin(young.id, due.record)
    receipt = stage.claim(stage.watcher, (young, 0), (idle, 0), (twice, 0), (twice, 0), (wrong, 0), (due, 0), (due, 1))
    paid = [event.args["coin"] for event in stage.chain.events(receipt, "Claimed")]
    assert paid == [twice.id, due.id]
    assert stage.connection.balance(stage.chain.address) == 2 * ETHER + EXIT_BOND


def test_a_claim_of_nothing_due_is_refused(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    with reverts("NothingDue", stage.chain):
        stage.claim(stage.watcher)
    with reverts("NothingDue", stage.chain):
        stage.claim(stage.watcher, (coin, 0))


def test_an_exit_is_claimed_after_its_period(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    stage.exit_deposit(stage.payer, coin)
    end = stage.connection.timestamp() + PERIOD
    stage.connection.set_next_timestamp(end)
    with reverts("NothingDue", stage.chain):
        stage.claim(stage.watcher, (coin, 0))
    stage.connection.set_next_timestamp(end + 1)
    stage.claim(stage.watcher, (coin, 0))


# ----------------------------------------------------------------------------------------------------- hostile payees


@pytest.mark.parametrize("name", RECEIVERS)
def test_a_payee_that_takes_no_ether_is_owed_and_the_others_are_paid(stage: Stage, name: str) -> None:
    hostile, fine = stage.deposit(stage.payer), stage.deposit(stage.watcher)
    receiver = receiver_of(stage, name)
    number = leave_as(stage, receiver, hostile)
    stage.exit_deposit(stage.watcher, fine)
    stage.pass_period()
    before = stage.balance(stage.watcher)
    stage.claim(stage.operator, (hostile, number), (fine, 0))
    assert stage.balance(stage.watcher) - before == ETHER + REST
    assert stage.owed(receiver.address) == ETHER + REST
    before = stage.balance(stage.thief)
    by(stage, receiver, "withdrawPending", ZERO_ADDRESS, stage.thief.address)
    assert stage.balance(stage.thief) - before == ETHER + REST
    assert stage.connection.balance(stage.chain.address) == 0
    with reverts("NothingPending", stage.chain, account=receiver.address, token=ZERO_ADDRESS):
        by(stage, receiver, "withdrawPending", ZERO_ADDRESS, stage.thief.address)


def test_what_is_owed_stays_owed_while_it_cannot_be_paid(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    receiver = receiver_of(stage, "RevertingReceiver")
    number = leave_as(stage, receiver, coin)
    stage.pass_period()
    stage.claim(stage.operator, (coin, number))
    with reverts("PaymentFailed", stage.chain, target=receiver.address, token=ZERO_ADDRESS):
        by(stage, receiver, "withdrawPending", ZERO_ADDRESS, receiver.address)
    assert stage.owed(receiver.address) == ETHER + REST


def test_nobody_takes_what_is_owed_to_another_one(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    number = leave_as(stage, receiver_of(stage, "RevertingReceiver"), coin)
    stage.pass_period()
    stage.claim(stage.operator, (coin, number))
    with reverts("NothingPending", stage.chain, account=stage.thief.address, token=ZERO_ADDRESS):
        stage.act(stage.thief, "withdrawPending", ZERO_ADDRESS, stage.thief.address)


@pytest.mark.parametrize("call", ["finalizeExits", "cancelExit", "challengeAfter", "voidChallenge", "withdrawPending"])
def test_a_payment_cannot_be_reentered(stage: Stage, call: str) -> None:
    coin, victim = stage.deposit(stage.payer), stage.deposit(stage.watcher, 9 * ETHER)
    receiver = deploy_mock("ReentrantReceiver", sender=stage.payee.sender)
    number = leave_as(stage, receiver, coin)
    stage.exit_deposit(stage.watcher, victim)
    stage.pass_period()
    args: dict[str, tuple[object, ...]] = {
        "finalizeExits": ([(coin.id, number, coin.record), (victim.id, 0, victim.record)],),
        "cancelExit": (coin.id, number),
        "challengeAfter": (coin.id, number, NOTHING_SHOWN),
        "voidChallenge": (coin.id, number, 1, (receiver.address, 0, ZERO_ADDRESS)),
        "withdrawPending": (ZERO_ADDRESS, receiver.address),
    }
    receiver.transact(
        stage.payee.sender, "arm(address,bytes)", stage.chain.address, stage.chain.encode(call, *args[call])
    )
    stage.claim(stage.operator, (coin, number))
    assert receiver.call("attempts") == 1
    assert receiver.call("lastReason") == keccak(b"ReentrantCall()")[:4]
    assert stage.connection.balance(receiver.address) == ETHER + REST
    assert stage.connection.balance(stage.chain.address) == 9 * ETHER + EXIT_BOND


# ------------------------------------------------------------------------------------------------------ hostile tokens


def test_a_blacklisted_payee_is_owed_and_the_others_are_paid(stage: Stage) -> None:
    token = deploy_mock("BlacklistToken", sender=stage.operator)
    listed, fine = token_coin(stage, token, stage.payee), token_coin(stage, token, stage.watcher)
    stage.exit_deposit(stage.payee, listed)
    stage.exit_deposit(stage.watcher, fine)
    token.transact(stage.operator, "setBlacklisted", stage.payee.address, True)
    stage.pass_period()
    before = stage.balance(stage.payee)
    stage.claim(stage.operator, (listed, 0), (fine, 0))
    assert token.call("balanceOf", stage.watcher.address) == 5 * UNIT
    assert stage.owed(stage.payee.address, token) == 5 * UNIT
    assert stage.balance(stage.payee) - before == REST
    with reverts("PaymentFailed", stage.chain, target=stage.payee.address, token=token.address):
        stage.act(stage.payee, "withdrawPending", token.address, stage.payee.address)
    stage.act(stage.payee, "withdrawPending", token.address, stage.thief.address)
    assert token.call("balanceOf", stage.thief.address) == 5 * UNIT


def test_a_token_that_answers_false_leaves_its_payments_owed(stage: Stage) -> None:
    token = deploy_mock("FalseReturningToken", sender=stage.operator)
    coin = token_coin(stage, token, stage.payee)
    stage.exit_deposit(stage.payee, coin)
    token.transact(stage.operator, "setFailing", True)
    stage.pass_period()
    stage.claim(stage.operator, (coin, 0))
    assert stage.owed(stage.payee.address, token) == 5 * UNIT
    token.transact(stage.operator, "setFailing", False)
    stage.act(stage.payee, "withdrawPending", token.address, stage.payee.address)
    assert token.call("balanceOf", stage.payee.address) == 5 * UNIT


def test_a_token_that_shrinks_reaches_no_other_coin(stage: Stage) -> None:
    token, other = (
        deploy_mock("RebasingToken", sender=stage.operator),
        deploy_mock("NoReturnToken", sender=stage.payer.sender),
    )
    other.transact(stage.payer.sender, "mint", stage.payer.address, 5 * UNIT)
    other.transact(stage.payer.sender, "approve", stage.chain.address, 5 * UNIT)
    shrunk = token_coin(stage, token, stage.payee)
    sound = stage.made(stage.act(stage.payer, "depositErc20", other.address, 5 * UNIT))
    stage.exit_deposit(stage.payee, shrunk)
    stage.exit_deposit(stage.payer, sound)
    token.transact(stage.operator, "rebase", 1, 2)
    stage.pass_period()
    stage.claim(stage.operator, (shrunk, 0), (sound, 0))
    assert other.call("balanceOf", stage.payer.address) == 5 * UNIT
    assert stage.owed(stage.payee.address, token) == 5 * UNIT


# ---------------------------------------------------------------------------------------------------------------- NFTs


@pytest.mark.parametrize("mode", [1, 2, 3, 4], ids=["refuses", "wrong answer", "burns gas", "revert bomb"])
def test_an_nft_refused_is_owed_and_goes_where_its_owner_says(stage: Stage, mode: int) -> None:
    nft, coin = nft_coin(stage)
    fine = stage.deposit(stage.watcher)
    receiver = deploy_mock("NftReceiver", sender=stage.payee.sender)
    receiver.transact(stage.payee.sender, "setMode", mode)
    number = leave_as(stage, receiver, coin)
    stage.exit_deposit(stage.watcher, fine)
    stage.pass_period()
    stage.claim(stage.operator, (coin, number), (fine, 0))
    assert nft.call("ownerOf", 7) == stage.chain.address
    assert stage.chain.call("pendingNft", nft.address, 7) == receiver.address
    assert stage.connection.balance(receiver.address) == REST
    with reverts("NothingPending", stage.chain, account=stage.thief.address, token=nft.address):
        stage.act(stage.thief, "withdrawPendingNft", nft.address, 7, stage.thief.address)
    by(stage, receiver, "withdrawPendingNft", nft.address, 7, stage.thief.address)
    assert nft.call("ownerOf", 7) == stage.thief.address
    with reverts("NothingPending", stage.chain, account=receiver.address, token=nft.address):
        by(stage, receiver, "withdrawPendingNft", nft.address, 7, stage.thief.address)


def test_an_nft_accepted_is_with_its_owner(stage: Stage) -> None:
    nft, coin = nft_coin(stage)
    receiver = deploy_mock("NftReceiver", sender=stage.payee.sender)
    number = leave_as(stage, receiver, coin)
    stage.pass_period()
    stage.claim(stage.operator, (coin, number))
    assert nft.call("ownerOf", 7) == receiver.address
    assert stage.chain.call("pendingNft", nft.address, 7) == ZERO_ADDRESS


def test_the_hook_of_an_nft_cannot_reenter(stage: Stage) -> None:
    nft, coin = nft_coin(stage)
    victim = stage.deposit(stage.watcher)
    receiver = deploy_mock("NftReceiver", sender=stage.payee.sender)
    number = leave_as(stage, receiver, coin)
    stage.exit_deposit(stage.watcher, victim)
    stage.pass_period()
    inner = stage.chain.encode("finalizeExits", [(coin.id, number, coin.record), (victim.id, 0, victim.record)])
    receiver.transact(stage.payee.sender, "arm(address,bytes)", stage.chain.address, inner)
    stage.claim(stage.operator, (coin, number))
    assert receiver.call("attempts") == 1
    assert receiver.call("lastReason") == keccak(b"ReentrantCall()")[:4]
    assert nft.call("ownerOf", 7) == receiver.address


@pytest.mark.parametrize("mode", [2, 3], ids=["frozen", "burns gas"])
def test_an_nft_that_cannot_move_waits_for_its_owner(stage: Stage, mode: int) -> None:
    nft, coin = nft_coin(stage, name="HostileNft")
    stage.exit_deposit(stage.payer, coin)
    stage.pass_period()
    nft.transact(stage.operator, "setMode", mode)
    before = stage.balance(stage.payer)
    stage.claim(stage.operator, (coin, 0))
    assert stage.balance(stage.payer) - before == REST
    if mode == 2:
        with reverts("PaymentFailed", stage.chain, target=stage.payee.address, token=nft.address):
            stage.act(stage.payer, "withdrawPendingNft", nft.address, 7, stage.payee.address)
    nft.transact(stage.operator, "setMode", 0)
    stage.act(stage.payer, "withdrawPendingNft", nft.address, 7, stage.payee.address)
    assert nft.call("ownerOf", 7) == stage.payee.address


def test_two_tokens_of_a_collection_are_two_coins(stage: Stage) -> None:
    nft, coin = nft_coin(stage)
    nft.transact(stage.operator, "mint", stage.payee.address, 8)
    nft.transact(stage.payee.sender, "approve", stage.chain.address, 8)
    other = stage.made(stage.act(stage.payee, "depositErc721", nft.address, 8))
    stage.exit_deposit(stage.payee, other)
    stage.pass_period()
    stage.claim(stage.operator, (other, 0), (Coin(other.id, coin.record), 0))
    assert [nft.call("ownerOf", 7), nft.call("ownerOf", 8)] == [stage.chain.address, stage.payee.address]


def test_bonds_that_cannot_be_pushed_are_owed(stage: Stage) -> None:
    coin = stage.deposit(stage.payer)
    receiver: Contract = receiver_of(stage, "RevertingReceiver")
    account: Address = receiver.address
    number = leave_as(stage, receiver, coin)
    by(stage, receiver, "cancelExit", coin.id, number)
    assert stage.owed(account) == EXIT_BOND
