"""Voucher locks (virtual channels) and contract locks (application state) against strangers and hostile conditions."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from eth_abi.abi import encode

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.lock_openings import Opened, encode_openings, resolve_message
from layer2.channels.protocol.locks import (
    Lock,
    contract_lock,
    contract_resolution,
    virtual_channel_id,
    voucher_lock,
    voucher_resolution,
)
from layer2.channels.protocol.messages import LockVoucher, Voucher
from layer2.ethereum.contract import Contract
from layer2.ethereum.errors import ContractReverted
from layer2.primitives.hashing import keccak
from layer2.testing import deploy_mock
from layer2.testing.adversaries.channels.steps import funded, hash_lock, locked, paid, unlocking
from layer2.testing.adversaries.channels.world import ETHER, GasWorld, Player
from layer2.testing.revert_checks.reverts import reverts

SALT = b"\x07" * 32
WORTH = ETHER // 10


@dataclass(frozen=True)
class Standing:
    """A lock whose proof the payee has posted."""

    world: GasWorld
    key: ChannelKey
    lock: Lock

    @classmethod
    def make(cls, world: GasWorld, lock: Lock) -> Standing:
        key = funded(world)
        world.act(world.payee, "postLocks", key.as_tuple(), False, locked(world, key, 1, 0, [lock]), b"")
        return cls(world, key, lock)

    def unlock(self, by: Player, resolution: bytes, consent: bytes = b"", *, gas: int = 6_000_000) -> int:
        row = unlocking(self.key, 0, [self.lock], {0: resolution}, {0: consent})
        return self.world.hub.transact(by.sender, "unlock", *row, gas=gas).gas_used

    def consent(self, resolution: bytes, by: Player | None = None) -> bytes:
        message = resolve_message(self.key.id, "A", self.lock, resolution)
        return self.world.sign(by or self.world.payee, message)

    def earned(self) -> int:
        return paid(self.world, self.key)[1] - ETHER


def expiry(world: GasWorld) -> int:
    return world.connection.timestamp() + 600


@pytest.fixture
def virtual(world: GasWorld) -> Standing:
    """The relayer plays the far end: it pays the payee through the virtual channel that the lock names."""
    lock = voucher_lock(WORTH, expiry(world), world.relayer.address, world.payee.address, SALT)
    return Standing.make(world, lock)


def streamed(world: GasWorld, amount: int, *, signer: Player | None = None, salt: bytes = SALT) -> bytes:
    """A resolution: what the relayer has streamed to the payee through the virtual channel."""
    payer, payee = world.relayer.address, world.payee.address
    message = Voucher(virtual_channel_id(payer, payee, salt), amount)
    return voucher_resolution(payer, payee, salt, amount, world.sign(signer or world.relayer, message))


# -------------------------------------------------------------------------------------------------- voucher locks


@pytest.mark.parametrize(("signed", "pays"), [(7, 7), (WORTH, WORTH), (50 * ETHER, WORTH)])
def test_a_voucher_lock_pays_what_was_streamed_up_to_the_lock(virtual: Standing, signed: int, pays: int) -> None:
    virtual.unlock(virtual.world.payee, streamed(virtual.world, signed))
    assert virtual.earned() == pays


def test_a_voucher_above_its_lock_takes_nothing_of_the_lock_beside_it(world: GasWorld) -> None:
    """What is released stays below the sum of all locks: each lock has to be a bound of its own."""
    lock = voucher_lock(WORTH, expiry(world), world.relayer.address, world.payee.address, SALT)
    locks, key = [lock, hash_lock(world, keccak(b"never shown"), ETHER // 2)], funded(world)
    world.act(world.payee, "postLocks", key.as_tuple(), False, locked(world, key, 1, 0, locks), b"")
    world.act(world.payee, "unlock", *unlocking(key, 0, locks, {0: streamed(world, WORTH + ETHER // 3)}))
    assert paid(world, key) == (ETHER - WORTH, ETHER + WORTH)


def test_the_payer_cannot_use_up_a_voucher_lock_with_an_old_voucher(virtual: Standing) -> None:
    world = virtual.world
    for thief in (world.payer, world.relayer):
        with reverts("InvalidSignature", signer=world.payee.address):
            virtual.unlock(thief, streamed(world, 1))
        with reverts("InvalidSignature", signer=world.payee.address):
            virtual.unlock(thief, streamed(world, 1), virtual.consent(streamed(world, 1), thief))
    virtual.unlock(world.payee, streamed(world, WORTH))
    assert virtual.earned() == WORTH


def test_a_contract_cannot_sign_for_a_virtual_channel(world: GasWorld) -> None:
    """It could say yes to the payee, and no when the payee brings the voucher to the chain."""
    wallet = deploy_mock("ReentrantWallet1271", sender=world.operator)
    lock = voucher_lock(WORTH, expiry(world), wallet.address, world.payee.address, SALT)
    standing = Standing.make(world, lock)
    with reverts("NothingUnlocked", channelId=standing.key.id):
        standing.unlock(world.payee, voucher_resolution(wallet.address, world.payee.address, SALT, WORTH, bytes(65)))


def test_a_voucher_of_somebody_else_or_of_another_virtual_channel_opens_nothing(virtual: Standing) -> None:
    world = virtual.world
    for wrong in (
        streamed(world, WORTH, signer=world.payee),
        streamed(world, WORTH, salt=b"\x08" * 32),
        streamed(world, WORTH)[:-64],
        b"\x01",
    ):
        with reverts("NothingUnlocked", channelId=virtual.key.id):
            virtual.unlock(world.payee, wrong)


def test_a_voucher_of_a_real_channel_is_none_of_a_virtual_one(virtual: Standing) -> None:
    world = virtual.world
    real = world.sign(world.relayer, Voucher(virtual.key.id, WORTH))
    with reverts("NothingUnlocked", channelId=virtual.key.id):
        resolution = voucher_resolution(world.relayer.address, world.payee.address, SALT, WORTH, real)
        virtual.unlock(world.payee, resolution)


def test_anybody_resolves_a_voucher_lock_as_its_receiver_consented(virtual: Standing) -> None:
    world = virtual.world
    newest, old = streamed(world, WORTH), streamed(world, 1)
    consent = virtual.consent(newest)
    with reverts("InvalidSignature", signer=world.payee.address):
        virtual.unlock(world.relayer, old, consent)
    world.connection.advance(300)
    virtual.unlock(world.payer, newest, consent)
    assert virtual.earned() == WORTH


def test_an_old_consent_does_not_use_a_lock_up(virtual: Standing) -> None:
    world = virtual.world
    for worth in (5, 1, WORTH, 9):
        resolution = streamed(world, worth)
        if worth in (1, 9):
            with reverts("NothingUnlocked", channelId=virtual.key.id):
                virtual.unlock(world.payer, resolution, virtual.consent(resolution))
        else:
            virtual.unlock(world.payer, resolution, virtual.consent(resolution))
    assert virtual.earned() == WORTH


def test_a_receivers_own_choice_cannot_be_raised_again(virtual: Standing) -> None:
    world = virtual.world
    virtual.unlock(world.payee, streamed(world, 5))
    newest = streamed(world, WORTH)
    for by in (world.payee, world.relayer):
        with reverts("NothingUnlocked", channelId=virtual.key.id):
            virtual.unlock(by, newest, virtual.consent(newest))
    assert virtual.earned() == 5


def test_a_receiver_raises_what_was_resolved_by_an_old_consent(virtual: Standing) -> None:
    world = virtual.world
    virtual.unlock(world.payer, streamed(world, 5), virtual.consent(streamed(world, 5)))
    virtual.unlock(world.payee, streamed(world, 8))
    newest = streamed(world, WORTH)
    virtual.unlock(world.relayer, newest, virtual.consent(newest))
    assert virtual.earned() == WORTH


def test_a_consent_for_one_channel_or_lock_serves_for_no_other(virtual: Standing) -> None:
    world, newest = virtual.world, streamed(virtual.world, WORTH)
    other = Standing.make(world, virtual.lock)
    longer = Standing.make(
        world, voucher_lock(WORTH, expiry(world) + 1, world.relayer.address, world.payee.address, SALT)
    )
    for foreign in (other.consent(newest), longer.consent(newest)):
        with reverts("InvalidSignature", signer=world.payee.address):
            virtual.unlock(world.relayer, newest, foreign)
    virtual.unlock(world.relayer, newest, virtual.consent(newest))


def test_the_middle_of_a_path_takes_up_stream_what_was_taken_from_it_down_stream(world: GasWorld) -> None:
    """The payee reveals at the last second; the mediator still has the gap between the two expiries."""
    payer, payee, far = world.payer, world.payee, world.relayer
    down_until, up_until = expiry(world), expiry(world) + 300
    newest = streamed(world, WORTH)
    # Up stream the mediator (payee of this channel) is owed by the payer under a longer lock.
    up = Standing.make(world, voucher_lock(WORTH, up_until, far.address, payee.address, SALT))
    down = Standing.make(world, voucher_lock(WORTH, down_until, far.address, payee.address, SALT))
    world.connection.set_next_timestamp(down_until)
    down.unlock(payee, newest)
    world.connection.set_next_timestamp(up_until)
    up.unlock(payee, newest)
    assert payer.address == up.key.a
    assert up.earned() == WORTH


# ------------------------------------------------------------------------------------------------- contract locks


@pytest.fixture
def condition(world: GasWorld) -> Contract:
    return deploy_mock("MockCondition", sender=world.operator)


def judged(world: GasWorld, condition: Contract, mode: int, worth: int) -> tuple[Standing, bytes]:
    terms = bytes((mode,))
    standing = Standing.make(world, contract_lock(WORTH, expiry(world), condition.address, terms))
    return standing, contract_resolution(condition.address, terms, encode(["uint256"], [worth]))


@pytest.mark.parametrize(("worth", "pays"), [(9, 9), (WORTH, WORTH), (2**256 - 1, WORTH)])
def test_a_contract_lock_pays_what_the_condition_says_up_to_the_lock(
    world: GasWorld, condition: Contract, worth: int, pays: int
) -> None:
    standing, resolution = judged(world, condition, 0, worth)
    standing.unlock(world.payee, resolution)
    assert standing.earned() == pays


def test_a_worthless_verdict_leaves_the_lock_for_a_better_one(world: GasWorld, condition: Contract) -> None:
    standing, nothing = judged(world, condition, 0, 0)
    with reverts("NothingUnlocked", channelId=standing.key.id):
        standing.unlock(world.payee, nothing)
    _, better = judged(world, condition, 0, 9)
    standing.unlock(world.payee, better)
    assert standing.earned() == 9


@pytest.mark.parametrize("mode", [1, 2, 3, 5], ids=["reverts", "burns", "answers short", "revert bomb"])
def test_a_hostile_condition_pays_nothing_and_leaves_the_lock(world: GasWorld, condition: Contract, mode: int) -> None:
    standing, resolution = judged(world, condition, mode, WORTH)
    with reverts("NothingUnlocked", channelId=standing.key.id):
        standing.unlock(world.payee, resolution)
    assert standing.earned() == 0


def test_a_condition_that_answers_a_bomb_costs_no_more_than_its_cap(world: GasWorld, condition: Contract) -> None:
    standing, resolution = judged(world, condition, 4, 9)
    assert standing.unlock(world.payee, resolution) < 2_200_000
    assert standing.earned() == 9


def test_only_the_receiver_chooses_the_evidence(world: GasWorld, condition: Contract) -> None:
    standing, best = judged(world, condition, 0, WORTH)
    _, poor = judged(world, condition, 0, 1)
    for thief in (world.payer, world.relayer):
        with reverts("InvalidSignature", signer=world.payee.address):
            standing.unlock(thief, poor)
    standing.unlock(world.payee, best)
    assert standing.earned() == WORTH


def test_other_terms_or_another_contract_open_nothing(world: GasWorld, condition: Contract) -> None:
    standing, _ = judged(world, condition, 1, WORTH)
    evidence = encode(["uint256"], [WORTH])
    other = deploy_mock("MockCondition", sender=world.operator)
    for target, terms in ((condition, b"\x00"), (other, b"\x01"), (condition, b"\x01\x00")):
        with reverts("NothingUnlocked", channelId=standing.key.id):
            standing.unlock(world.payee, contract_resolution(target.address, terms, evidence))


@pytest.mark.parametrize("claimed", [2, 2**32 - 25, 2**32 - 24, 2**32 - 1])
def test_terms_that_claim_to_be_longer_than_they_are_stop_no_other_lock(
    world: GasWorld, condition: Contract, claimed: int
) -> None:
    preimage, terms = keccak(b"preimage"), b"\x00"
    locks = [hash_lock(world, preimage), contract_lock(WORTH, expiry(world), condition.address, terms)]
    key = funded(world)
    world.act(world.payee, "postLocks", key.as_tuple(), False, locked(world, key, 1, 0, locks), b"")
    wrong = bytes.fromhex(condition.address[2:]) + claimed.to_bytes(4, "big") + terms
    with reverts("NothingUnlocked", channelId=key.id):
        world.act(world.payee, "unlock", *unlocking(key, 0, locks, {1: wrong}))
    world.act(world.payee, "unlock", *unlocking(key, 0, locks, {0: preimage, 1: wrong}))
    assert paid(world, key)[1] - ETHER == locks[0].amount


def test_terms_as_long_as_they_claim_open_their_lock_among_others(world: GasWorld, condition: Contract) -> None:
    preimage, terms, evidence = keccak(b"preimage"), b"\x00", encode(["uint256"], [WORTH])
    locks = [hash_lock(world, preimage), contract_lock(WORTH, expiry(world), condition.address, terms)]
    key = funded(world)
    world.act(world.payee, "postLocks", key.as_tuple(), False, locked(world, key, 1, 0, locks), b"")
    right = contract_resolution(condition.address, terms, evidence)
    world.act(world.payee, "unlock", *unlocking(key, 0, locks, {0: preimage, 1: right}))
    assert paid(world, key)[1] - ETHER == locks[0].amount + WORTH


def test_an_unlock_cannot_be_starved_into_keeping_the_lock(world: GasWorld, condition: Contract) -> None:
    """With too little gas for the condition the call reverts whole; it never passes for a condition that failed."""
    standing, resolution = judged(world, condition, 2, WORTH)
    need = 2_000_000 * 64 // 63 + 50_000
    with pytest.raises(ContractReverted) as caught:
        standing.unlock(world.payee, resolution, gas=1_000_000)
    assert (caught.value.name, caught.value.arguments["need"]) == ("InsufficientGas", need)


def test_an_account_without_code_is_no_condition(world: GasWorld) -> None:
    terms = b"\x00"
    lock = contract_lock(WORTH, expiry(world), world.relayer.address, terms)
    standing = Standing.make(world, lock)
    with reverts("NothingUnlocked", channelId=standing.key.id):
        evidence = encode(["uint256"], [WORTH])
        standing.unlock(world.payee, contract_resolution(world.relayer.address, terms, evidence))


def test_an_unknown_kind_of_lock_stays_locked(world: GasWorld) -> None:
    key, until = funded(world), expiry(world)
    leaf = WORTH.to_bytes(14, "big") + until.to_bytes(6, "big") + b"\x03" + bytes(32)
    message = LockVoucher(key.id, 0, 1, WORTH, until, keccak(leaf))
    proof = (0, 1, WORTH, until, message.locks_root, world.sign(world.payer, message))
    world.act(world.payee, "postLocks", key.as_tuple(), False, proof, b"")
    with reverts("NothingUnlocked", channelId=key.id):
        rows = encode_openings([Opened(0, leaf, b"", b"\x01")])
        world.act(world.payee, "unlock", key.as_tuple(), False, WORTH, rows, [])
