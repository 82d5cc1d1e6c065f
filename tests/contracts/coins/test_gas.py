"""What the calls of a coin chain cost, at a block of 65,536 coins."""

from __future__ import annotations

import pytest
from tests.support.coins.builder import (
    CHALLENGE_BOND,
    ETHER,
    Player,
    Stage,
    Step,
    Transfer,
    coin_id,
)

from layer2.primitives.hashing import keccak

FULL = 65_536
TARGETS = {
    "deposit.ether": 56_000,
    "block.submit": 52_500,
    "coin.exit": 125_000,
    "coin.after": 70_000,
    "coin.between": 75_000,
    "coin.before": 85_000,
    # Of which 7,600 pay whoever answers.
    "coin.respond": 76_000,
    "coin.claim_batched": 24_000,
    "deploy.coins": 3_000_000,
}
BATCH = 10


def crowd() -> dict[int, bytes]:
    """A full block but for the coins of the test, which are among the first ones."""
    return {coin_id(number): keccak(number.to_bytes(8, "big")) for number in range(64, 64 + FULL - 32)}


@pytest.fixture(scope="module")
def others() -> dict[int, bytes]:
    return crowd()


@pytest.mark.slow
def test_every_call_meets_its_target(stage: Stage, others: dict[int, bytes]) -> None:
    gas: dict[str, int] = {}
    stage.deposit(stage.thief)
    gas["deposit.ether"] = stage.act(stage.payer, "depositETH", value=ETHER).gas_used
    coin = stage.deposit(stage.payer)

    def full(owner: Player, to: Player, after: int) -> Step:
        transfer = Transfer(coin.id, after, to.address)
        return stage.include(transfer, stage.sign(owner, transfer), others)

    first = full(stage.payer, stage.payee, 0)
    second = full(stage.payee, stage.watcher, first.number)
    third = full(stage.watcher, stage.payer, second.number)
    fourth = full(stage.payer, stage.payee, third.number)
    double = full(stage.watcher, stage.thief, second.number)
    assert [len(one.shown[-1]) for one in (first, second, third, fourth, double)] == [16] * 5
    gas["block.submit"] = stage.act(stage.operator, "submitBlock", 6, keccak(b"root")).gas_used

    gas["coin.exit"] = stage.exit(stage.payer, coin, second, third).gas_used
    gas["coin.after"] = stage.spent(stage.thief, coin, third.number, fourth).gas_used
    stage.exit(stage.thief, coin, second, double)
    gas["coin.between"] = stage.double_spent(stage.payer, coin, double.number, third).gas_used
    stage.exit(stage.payee, coin, third, fourth)
    receipt = stage.act(stage.thief, "challengeBefore", coin.id, fourth.number, first.shown, value=CHALLENGE_BOND)
    gas["coin.before"] = receipt.gas_used
    challenge = (stage.thief.address, first.number, stage.payee.address)
    stage.pass_half()
    gas["coin.respond"] = stage.answer(stage.watcher, coin, fourth.number, challenge, second).gas_used

    coins = [stage.deposit(stage.payer) for _ in range(BATCH)]
    owners = [stage.player(f"owner {number}") for number in range(BATCH)]
    transfers = [Transfer(one.id, 0, owner.address) for one, owner in zip(coins, owners, strict=True)]
    signed = [(one, stage.sign(stage.payer, one)) for one in transfers]
    block = stage.submit(*signed, others=others)
    for coin, owner, (transfer, signature) in zip(coins, owners, signed, strict=True):
        stage.exit(owner, coin, None, Step(transfer, block, signature))
    stage.pass_period()
    gas["coin.claim_batched"] = stage.claim(stage.watcher, *((one, block.number) for one in coins)).gas_used // BATCH
    gas["deploy.coins"] = stage.deployment.gas_used
    assert {name: used for name, used in gas.items() if used > TARGETS[name]} == {}
