"""Standard exits: what is proven to be there and unspent comes out, once; what was spent is stopped."""

from __future__ import annotations

from unittest.mock import ANY

import pytest
from tests.support.payments.builder import (
    BOUNTY,
    DATA_BOND,
    ETHER,
    EXIT_BOND,
    NEVER,
    Block,
    Deposit,
    Proof,
    W,
    World,
    deposit_id,
    deposit_position,
    output_id,
    packed,
    position_of,
)  # fmt: skip

from layer2.testing import deploy_mock, reverts

OPEN, CHALLENGED, PAID = 1, 2, 3


@pytest.fixture
def deposit(world: World) -> Deposit:
    return world.deposit(world.payer, 3 * ETHER)


@pytest.fixture
def payment(world: World, deposit: Deposit) -> bytes:
    return packed([deposit.position], [(world.payee, 0, ETHER), (world.payer, 0, 2 * ETHER)], 5)


def item(proof: Proof) -> tuple[int, bytes]:
    return proof[0], proof[2]


def claim(world: World, *proofs: Proof, newer: tuple[int, ...] = ()) -> None:
    world.send(world.watcher, "processExits", [item(one) for one in proofs], list(newer))


def changed(proof: Proof, **fields: object) -> Proof:
    names = ("position", "word", "data", "path")
    return tuple(fields.get(name, value) for name, value in zip(names, proof, strict=True))  # type: ignore[return-value]


def test_an_output_comes_out_after_its_time_and_the_claimer_earns(world: World, payment: bytes) -> None:
    block = world.block(payment)
    world.exit(world.payee, block.proof())
    status, time, position, priority = world.exit_of(output_id(payment))
    assert (status, time, position, priority) == (OPEN, (block.word >> 32) + 2 * W, block.proof()[0], 1)
    assert world.ledger() == (ETHER, EXIT_BOND)
    assert world.chain.call("reservedUnder", 0, 1) == ETHER
    world.at(time - 1)
    with reverts("TooEarly", world.chain, now_=time - 1, **{"from": time}):
        claim(world, block.proof())
    before = world.balance(world.payee)
    world.at(time)
    claim(world, block.proof())
    assert world.balance(world.payee) - before == ETHER + EXIT_BOND - BOUNTY
    assert world.exit_of(output_id(payment))[0] == PAID
    assert world.ledger() == (0, 0)
    assert world.balance(world.chain.address) == 2 * ETHER


def test_an_old_output_waits_for_one_period(world: World, payment: bytes) -> None:
    block = world.block(payment)
    world.at((block.word >> 32) + 5 * W)
    world.exit(world.payee, block.proof())
    assert world.exit_of(output_id(payment))[1] == world.now + W


def test_a_deposit_comes_out_under_block_zero_after_one_period(world: World, deposit: Deposit) -> None:
    world.exit(world.payer, deposit.proof)
    assert world.exit_of(deposit_id(1)) == (OPEN, world.now + W, deposit.position, 0)
    assert world.chain.call("reservedUnder", 0, 0) == 3 * ETHER
    world.at(world.now + W)
    claim(world, deposit.proof)
    assert world.balance(world.chain.address) == 0


def test_two_equal_deposits_both_come_out(world: World) -> None:
    one, two = world.deposit(world.payer), world.deposit(world.payer)
    world.exit(world.payer, one.proof)
    world.exit(world.payer, two.proof)
    world.at(world.now + W)
    claim(world, one.proof, two.proof)
    assert world.balance(world.chain.address) == 0


def test_a_deposit_that_differs_from_its_record_is_refused(world: World, deposit: Deposit) -> None:
    richer = deposit.record[:22] + (4 * ETHER).to_bytes(12, "big") + deposit.record[34:]
    thiefs = bytes.fromhex(world.thief.address[2:]) + deposit.record[20:]
    for data in (richer, thiefs, deposit.record + b"\0", deposit.record[:-1], b""):
        with reverts("InvalidProof", world.chain, position=deposit.position):
            world.exit(world.thief, changed(deposit.proof, data=data))
    for position in (deposit.position + 1, deposit.position + 256, deposit_position(2), deposit_position(0)):
        with reverts("InvalidProof", world.chain, position=position):
            world.exit(world.payer, changed(deposit.proof, position=position))


def test_only_the_owner_exits_and_only_with_the_bond(world: World, payment: bytes) -> None:
    block = world.block(payment)
    with reverts("UnauthorizedCaller", world.chain, caller=world.thief.address, need=world.payee.address):
        world.exit(world.thief, block.proof())
    for value in (0, EXIT_BOND - 1, EXIT_BOND + 1):
        with reverts("IncorrectValue", world.chain, have=value, need=EXIT_BOND):
            world.send(world.payee, "startExit", block.proof(), value=value)
    with reverts("IncorrectValue", world.chain, have=EXIT_BOND, need=2 * EXIT_BOND):
        world.send(world.payee, "startExits", [block.proof(), block.proof()], value=EXIT_BOND)


def test_an_exit_is_started_once_also_in_one_call_and_after_it_was_paid(world: World, payment: bytes) -> None:
    block = world.block(payment)
    identity = output_id(payment)
    with reverts("UnexpectedExitStatus", world.chain, id=identity, status=OPEN):
        world.send(world.payee, "startExits", [block.proof(), block.proof()], value=2 * EXIT_BOND)
    world.exit(world.payee, block.proof())
    with reverts("UnexpectedExitStatus", world.chain, id=identity, status=OPEN):
        world.exit(world.payee, block.proof())
    world.at(world.now + 2 * W)
    claim(world, block.proof())
    for again in (lambda: claim(world, block.proof()), lambda: world.exit(world.payee, block.proof())):
        with reverts("UnexpectedExitStatus", world.chain, id=identity, status=PAID):
            again()


# -------------------------------------------------------------------------------------------------------- Proofs


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8])
def test_every_transaction_is_proven_at_its_index_and_at_no_other(world: World, deposit: Deposit, count: int) -> None:
    payments = [packed([deposit.position], [(world.payee, 0, 1 + k)], 9) for k in range(count)]
    block = world.block(*payments)
    size = 1 << block.tree.depth
    for index in range(count):
        proof = block.proof(index)
        for other in [*range(2 * size), 255, 65_535]:
            if other == index:
                continue
            position = position_of(1, other)
            with reverts("InvalidProof", world.chain, position=position):
                world.chain.call(
                    "startExit", changed(proof, position=position), sender=world.payee.address, value=EXIT_BOND
                )
        world.exit(world.payee, proof)


def test_paths_of_another_length_are_refused(world: World, payment: bytes) -> None:
    others = [packed([deposit_position(1)], [(world.payer, 0, 1 + k)]) for k in range(4)]
    block = world.block(payment, *others)
    proof = block.proof()
    for path in (proof[3][:-1], [*proof[3], bytes(32)], []):
        with reverts("InvalidProof", world.chain, position=proof[0]):
            world.exit(world.payee, changed(proof, path=path))
    word_ = proof[1]
    for wrong in (word_ + 1, word_ - 1, word_ + (1 << 32), word_ | 1 << 255):
        with reverts("InvalidProof", world.chain, position=proof[0]):
            world.exit(world.payee, changed(proof, word=wrong))


@pytest.mark.parametrize(
    "name",
    ["padded", "zero amount", "nobody", "unsorted", "doubled", "no expiry", "memo zero", "memo missing", "type 3",
     "five outputs", "no inputs", "fee with input", "short", "fee with memo"],
)  # fmt: skip
def test_what_is_no_transaction_does_not_exit_though_it_is_in_a_block(world: World, name: str) -> None:
    mine, one, two = (world.payee, 0, ETHER), deposit_position(1), deposit_position(2)
    data = {
        "padded": packed([one], [mine]) + b"\0",
        "zero amount": packed([one], [mine, (world.payer, 0, 0)]),
        "nobody": packed([one], [mine, ("0x" + "00" * 20, 0, 1)]),
        "unsorted": packed([two, one], [mine]),
        "doubled": packed([one, one], [mine]),
        "no expiry": packed([one], [mine], 0),
        "memo zero": packed([one], [mine], memo=bytes(32), kind=0x81),
        "memo missing": packed([one], [mine], kind=0x81),
        "type 3": packed([one], [mine], kind=3),
        "five outputs": packed([one], [mine] * 5),
        "no inputs": packed([], [mine]),
        "fee with input": packed([one], [mine], 1, kind=2),
        "short": packed([one], [mine])[:-1],
        "fee with memo": packed([], [mine], 1, memo=b"\x01" * 32, kind=0x82),
    }[name]
    block = world.block(data)
    with reverts("InvalidTransaction", world.chain):
        world.exit(world.payee, block.proof())


def test_an_output_that_is_not_there_is_refused(world: World, payment: bytes) -> None:
    block = world.block(payment)
    for output in (2, 3, 15, 255):
        proof = block.proof(output=output)
        with reverts("InvalidOutput", world.chain, position=proof[0]):
            world.exit(world.payee, proof)


def test_a_payment_included_after_its_expiry_and_a_fee_of_another_block_are_refused(world: World) -> None:
    late = packed([deposit_position(1)], [(world.payee, 0, 1)], 1)
    fee = packed([], [(world.payee, 0, 1)], 2, kind=2)
    right = world.block(late)
    world.exit(world.payee, right.proof())
    block = world.block(late, fee)
    with reverts("LateInclusion", world.chain, number=2, expiry=1):
        world.exit(world.payee, block.proof(0))
    world.exit(world.payee, block.proof(1))
    again = world.block(fee)
    with reverts("LateInclusion", world.chain, number=3, expiry=2):
        world.exit(world.payee, again.proof(0))


def test_a_memo_changes_nothing_but_the_id(world: World, deposit: Deposit) -> None:
    data = packed([deposit.position], [(world.payee, 0, ETHER)], memo=b"\x05" * 32)
    block = world.block(data)
    world.exit(world.payee, block.proof())
    spender = packed([block.proof()[0]], [(world.payer, 0, ETHER)], memo=b"\x06" * 32)
    world.send(world.watcher, "challengeExit", block.proof(), world.spend(spender, world.payee))
    assert world.exit_of(output_id(data))[0] == CHALLENGED


# ----------------------------------------------------------------------------------------------------- Challenges


def bare(proof: Proof) -> Proof:
    return (proof[0], 0, proof[2], [])


def exit_of_spent(world: World, payment: bytes, expiry: int = 5) -> tuple[Block, bytes]:
    block = world.block(payment)
    world.exit(world.payee, block.proof())
    return block, packed([block.proof()[0]], [(world.payer, 0, ETHER)], expiry)


def test_a_spent_output_is_stopped_by_its_spender_and_the_bond_goes_to_the_watcher(
    world: World, payment: bytes
) -> None:
    block, spender = exit_of_spent(world, payment)
    world.connection.advance(1)
    before = world.balance(world.chain.address)
    world.send(world.watcher, "challengeExit", bare(block.proof()), world.spend(spender, world.payee))
    assert before - world.balance(world.chain.address) == EXIT_BOND
    assert world.exit_of(output_id(payment)) == (CHALLENGED, 5, block.proof()[0], 0)
    assert world.ledger() == (0, 0)
    with reverts("UnexpectedExitStatus", world.chain, id=output_id(payment), status=CHALLENGED):
        world.send(world.watcher, "challengeExit", bare(block.proof()), world.spend(spender, world.payee))
    world.at(world.now + 3 * W)
    with reverts("UnexpectedExitStatus", world.chain, id=output_id(payment), status=CHALLENGED):
        claim(world, block.proof())


def test_a_challenge_needs_the_owners_signature_over_this_contract_and_chain(world: World, payment: bytes) -> None:
    block, spender = exit_of_spent(world, payment)
    other = World(world.connection)
    right = world.sign_long(spender, world.payee)
    half = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    high = right[:32] + (half - int.from_bytes(right[32:64], "big")).to_bytes(32, "big") + bytes([55 - right[64]])
    wrong = [
        world.sign(spender, world.thief), world.sign(spender, world.payee, other.domain), high, bytes(65), b"",
        right + b"\0", right[:64],
    ]  # fmt: skip
    for signature in wrong:
        if signature == right[:64] and right[64] == 27:
            continue
        with reverts("InvalidSignature", world.chain, owner=world.payee.address):
            world.send(world.watcher, "challengeExit", bare(block.proof()), ((0, 0, spender, []), signature, []))
    compact = right[:32] + bytes([right[32] | (right[64] - 27) << 7]) + right[33:64]
    world.send(world.watcher, "challengeExit", bare(block.proof()), ((0, 0, spender, []), compact, []))


def test_a_challenge_must_spend_this_output(world: World, payment: bytes) -> None:
    block, _ = exit_of_spent(world, payment)
    position = block.proof()[0]
    for spent in (position + 1, position + 256, position - 256 if position > 256 else 1):
        other = packed([spent], [(world.payer, 0, 1)])
        with reverts("InvalidSpend", world.chain, position=spent, need=position):
            world.send(world.watcher, "challengeExit", bare(block.proof()), world.spend(other, world.payee))
    fee = packed([], [(world.payer, 0, 1)], 2, kind=2)
    with reverts("InvalidTransaction", world.chain):
        world.send(world.watcher, "challengeExit", bare(block.proof()), world.spend(fee, world.payee))


def test_an_expired_spender_stops_an_exit_only_if_it_was_included_and_then_for_ever(
    world: World, payment: bytes
) -> None:
    block, spender = exit_of_spent(world, payment, expiry=2)
    included = world.block(spender)
    with reverts("LateInclusion", world.chain, number=0, expiry=2):
        world.send(world.watcher, "challengeExit", bare(block.proof()), world.spend(spender, world.payee))
    late = world.block(spender)
    with reverts("LateInclusion", world.chain, number=3, expiry=2):
        world.send(
            world.watcher, "challengeExit", bare(block.proof()), world.spend(spender, world.payee, proof=late.proof())
        )
    spend = world.spend(spender, world.payee, proof=included.proof())
    world.send(world.watcher, "challengeExit", bare(block.proof()), spend)
    assert world.exit_of(output_id(payment))[:2] == (CHALLENGED, NEVER)
    with reverts("ExitBlocked", world.chain, id=output_id(payment), until=NEVER):
        world.exit(world.payee, block.proof())


def test_whoever_was_stopped_by_a_payment_that_was_dropped_tries_again_after_its_expiry(
    world: World, payment: bytes
) -> None:
    block, spender = exit_of_spent(world, payment, expiry=2)
    world.send(world.watcher, "challengeExit", bare(block.proof()), world.spend(spender, world.payee))
    with reverts("ExitBlocked", world.chain, id=output_id(payment), until=2):
        world.exit(world.payee, block.proof())
    world.block(packed([], [(world.operator, 0, 1)], 2, kind=2))
    world.exit(world.payee, block.proof())
    world.at(world.now + 2 * W)
    claim(world, block.proof())


def test_an_output_included_twice_and_spent_in_one_place_is_stopped_in_the_other(world: World, payment: bytes) -> None:
    first = world.block(payment)
    second = world.block(payment)
    spender = packed([first.proof()[0]], [(world.payer, 0, ETHER)])
    world.exit(world.payee, second.proof())
    with reverts("UnexpectedExitStatus", world.chain, id=output_id(payment), status=OPEN):
        world.exit(world.payee, first.proof())
    with reverts("InvalidProof", world.chain, position=first.proof()[0]):
        world.send(world.watcher, "challengeExit", bare(first.proof()), world.spend(spender, world.payee))
    world.send(world.watcher, "challengeExit", first.proof(), world.spend(spender, world.payee))
    assert world.chain.call("reservedUnder", 0, 2) == 0


# ------------------------------------------------------------------------------------------------------- Payments


@pytest.mark.parametrize("name", ["RevertingReceiver", "GasBurnerReceiver", "ReturnBombReceiver"])
def test_who_cannot_be_paid_stops_nobody_and_fetches_it_later(world: World, name: str) -> None:
    receiver = deploy_mock(name, sender=world.deployer)
    good = world.deposit(world.payer)
    bad = world.deposit(receiver.address)
    if name == "ReturnBombReceiver":
        receiver.transact(world.deployer, "configure", 1 << 20, True)
    start = world.chain.encode("startExit", bad.proof)
    execute = receiver.encode("execute", world.chain.address, EXIT_BOND, start)
    world.deployer.send(receiver.address, execute, EXIT_BOND)
    world.exit(world.payer, good.proof)
    world.at(world.now + W)
    claim(world, bad.proof, good.proof)
    owed = ETHER + EXIT_BOND - BOUNTY
    assert world.exit_of(deposit_id(good.number))[0] == PAID
    assert world.chain.call("pendingWithdrawals", receiver.address, 0) == owed
    assert world.ledger() == (0, owed)
    fetch = world.chain.encode("withdrawPending", 0, world.successor.address)
    before = world.balance(world.successor)
    receiver.transact(world.deployer, "execute", world.chain.address, 0, fetch)
    assert world.balance(world.successor) - before == owed
    assert world.ledger() == (0, 0)
    with reverts("NothingPending", world.chain, owner=world.payer.address, token=0):
        world.send(world.payer, "withdrawPending", 0, world.payer.address)


def test_a_claimer_that_starves_a_payment_of_gas_is_refused(world: World) -> None:
    receiver = deploy_mock("GasBurnerReceiver", sender=world.deployer)
    deposit = world.deposit(receiver.address)
    start = world.chain.encode("startExit", deposit.proof)
    world.deployer.send(receiver.address, receiver.encode("execute", world.chain.address, EXIT_BOND, start), EXIT_BOND)
    world.at(world.now + W)
    data = world.chain.encode("processExits", [item(deposit.proof)], [])
    with reverts("InsufficientGas", world.chain, have=ANY, need=100_000 * 64 // 63 + 50_000):
        world.thief.send(world.chain.address, data, 0, 170_000, decoder=world.chain.decoder)


def test_a_batch_passes_over_what_cannot_be_paid_now(world: World, payment: bytes) -> None:
    deposit, other = world.deposit(world.payer), world.deposit(world.payer)
    world.exit(world.payer, deposit.proof)
    world.at(world.now + W)
    with reverts("NothingToPay", world.chain):
        claim(world, other.proof, other.proof)
    claim(world, other.proof, deposit.proof, deposit.proof)
    assert world.exit_of(deposit_id(deposit.number))[0] == PAID


def test_a_blacklisting_token_delays_its_victim_alone(world: World) -> None:
    token = deploy_mock("BlacklistToken", sender=world.deployer)
    world.send(world.deployer, "registerToken", token.address)
    token.transact(world.deployer, "mint", world.deployer.address, 100)
    token.transact(world.deployer, "approve", world.chain.address, 100)
    victim = world.record_of(world.send(world.deployer, "deposit", 1, 40, world.payer.address))
    other = world.record_of(world.send(world.deployer, "deposit", 1, 60, world.payee.address))
    world.exit(world.payer, victim.proof)
    world.exit(world.payee, other.proof)
    token.transact(world.deployer, "setBlacklisted", world.payer.address, True)
    world.at(world.now + W)
    claim(world, victim.proof, other.proof)
    assert token.call("balanceOf", world.payee.address) == 60
    assert world.ledger(1) == (0, 40)
    with reverts("PaymentFailed", world.chain, to=world.payer.address, token=1):
        world.send(world.payer, "withdrawPending", 1, world.payer.address)
    world.send(world.payer, "withdrawPending", 1, world.successor.address)
    assert token.call("balanceOf", world.successor.address) == 40
    assert world.ledger(1) == (0, 0)


def test_nothing_reenters_from_a_payment(world: World) -> None:
    receiver = deploy_mock("ReentrantReceiver", sender=world.deployer)
    deposit = world.deposit(receiver.address)
    again = world.chain.encode("processExits", [item(deposit.proof)], [])
    start = world.chain.encode("startExit", deposit.proof)
    world.deployer.send(receiver.address, b"", ETHER, 100_000)
    receiver.transact(world.deployer, "execute", world.chain.address, EXIT_BOND, start)
    receiver.transact(world.deployer, "arm(address,bytes)", world.chain.address, again)
    world.deposit(world.payer)
    world.at(world.now + W)
    claim(world, deposit.proof)
    assert (receiver.call("attempts"), receiver.call("succeeded")) == (1, False)
    assert world.balance(world.chain.address) == ETHER


def test_exits_go_on_while_the_chain_is_frozen(world: World, payment: bytes) -> None:
    block = world.block(payment)
    world.send(world.watcher, "challengeData", 1, 0, block.tree.root, block.word, value=DATA_BOND)
    world.at(world.now + W)
    world.send(world.watcher, "freeze", 1, 0)
    world.exit(world.payee, block.proof())
    world.at(world.now + 2 * W)
    claim(world, block.proof())
