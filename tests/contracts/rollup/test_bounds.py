"""What bounds the rollup: prices of token ids, where a claim goes on from, each number paid once, the real window."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.rollup.storage import number_in, put_number

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import address_bytes
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.l1.contract import DEVNET, PUBLIC, Profile, RollupContract
from layer2.rollup.state.commitments import Status, pack_roots
from layer2.testing.adversaries.rollup.fraud_corpus import right_roots
from layer2.testing.contracts.mocks import deploy_mock
from layer2.testing.revert_checks.reverts import reverts

ETHER = 10**18


def test_a_token_id_has_its_price_exactly_and_it_comes_back_to_nobody(l2, people) -> None:
    sender = Sender(l2.connection, people.payer)
    token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=sender).address
    price = l2.rollup.token_price()
    assert price == l2.profile.bond // 64
    for value in (0, price - 1, price + 1):
        with pytest.raises(ContractReverted, match=rf"IncorrectValue\(have={value}, need={price}\)"):
            l2.rollup.contract.transact(sender, "registerToken", token, value=value)
    held = l2.connection.balance(l2.rollup.address)
    l2.rollup.register_token(sender, token)
    assert l2.connection.balance(l2.rollup.address) - held == price
    assert l2.rollup.contract.call("availableBond", sender.address) == 0
    # It buys one id, and no second one for the same token.
    with reverts("InvalidToken", token=token):
        l2.rollup.register_token(sender, token)


@pytest.mark.parametrize("off", [-1, 1])
def test_a_deposit_books_exactly_the_ether_that_came_with_it(l2, people, off: int) -> None:
    sender, owner = Sender(l2.connection, people.payer), bytes(12) + address_bytes(people.payer.address)
    with reverts("IncorrectValue(uint256 have, uint256 need)", have=ETHER + off, need=ETHER):
        l2.rollup.contract.transact(sender, "deposit", 0, ETHER, owner, 0, value=ETHER + off)
    held = l2.connection.balance(l2.rollup.address)
    l2.rollup.contract.transact(sender, "deposit", 0, ETHER, owner, 0, value=ETHER)
    assert l2.connection.balance(l2.rollup.address) == held + ETHER


def slot_of(label: str) -> tuple[int, int, str]:
    """Slot, offset and type of a variable of the rollup."""
    layout = load_artifact("Rollup").storage_layout
    (row,) = [one for one in layout["storage"] if one["label"] == label]
    return int(row["slot"]), int(row["offset"]), str(row["type"])


def number_at(l2: LocalRollup, slot: int, offset: int, size: int) -> int:
    """`size` bytes of a storage slot of the rollup."""
    return number_in(l2.connection, l2.rollup.address, slot) >> 8 * offset & (1 << 8 * size) - 1


def set_number(l2: LocalRollup, slot: int, offset: int, size: int, value: int) -> None:
    """Overwrite `size` bytes of a storage slot of the rollup."""
    mask = ((1 << 8 * size) - 1) << 8 * offset
    word = number_in(l2.connection, l2.rollup.address, slot) & ~mask | value << 8 * offset
    put_number(l2.connection, l2.rollup.address, slot, word)


def test_whoever_takes_all_token_ids_pays_millions_of_bonds(l2) -> None:
    """The price doubles after every 4,096 tokens: set the list's length, as so many registrations would."""
    bond, prices = l2.profile.bond, {}
    for count in (1, 4_095, 4_096, 8_191, 8_192, 65_535):
        put_number(l2.connection, l2.rollup.address, slot_of("_tokens")[0], count)
        l2.connection.mine()
        prices[count] = l2.rollup.token_price()
    assert prices == {count: bond // 64 << count // 4_096 for count in prices}
    assert prices[65_535] == 512 * bond
    assert sum(bond // 64 << count // 4_096 for count in range(1, 65_536)) > 4_000_000 * bond


@pytest.mark.parametrize("who", ["sequencer", "others"])
def test_frames_come_at_a_pace_that_a_verifier_keeps_up_with(l2, people, who: str) -> None:
    """An hour's worth at once, then so many a second; each of both has its own share, and the queue is in neither."""
    chain = l2.connection
    sequencer, other = (Sender(chain, one) for one in (people.sequencer, people.attacker))
    pace, sender = (32, sequencer) if who == "sequencer" else (8, other)
    members = load_artifact("Rollup").storage_layout["types"]["t_struct(Head)1_storage"]["members"]
    head, (own,) = slot_of("_head")[0], [one for one in members if one["label"] == "paced"]
    place = (head, int(own["offset"])) if who == "sequencer" else slot_of("_othersPaced")[:2]

    def post(by: Sender, frames: int, at: int) -> None:
        items, _, consumed, _, _ = l2.rollup.inbox()
        chain.set_next_timestamp(at)
        l2.rollup.post_calldata(by, l2.rollup.acc(items), bytes(496 * frames), consumed)

    now = chain.timestamp() + l2.profile.sequencer_window + 100
    # Whatever was not posted is lost: nothing is saved up beyond the hour.
    post(sender, 1, now)
    assert number_at(l2, *place, 6) == now * pace + 1
    # Frames up to one below the bound were posted.
    now += l2.profile.sequencer_window + 100
    set_number(l2, *place, 6, (now + 3600) * pace - 1)
    with reverts("PostingTooFast", frames=2, **{"from": now + 1}):
        post(sender, 2, now)
    post(sender, pace + 1, now + 1)
    # Whoever has used up its share leaves the other's, and the queue, untouched.
    now += l2.profile.sequencer_window + 3
    set_number(l2, *place, 6, (now + 10_000) * pace)
    with pytest.raises(ContractReverted, match="PostingTooFast"):
        post(sender, 1, now)
    post(sequencer if who == "others" else other, 1, now)
    l2.rollup.deposit(other, 0, 5, bytes(31) + b"\1")
    items, _, consumed, _, _ = l2.rollup.inbox()
    l2.rollup.post_calldata(sequencer, l2.rollup.acc(items), b"", consumed + 1)
    # In time it is as if nothing had been.
    post(sender, 30, now + 20_000)


def test_nothing_goes_on_from_before_the_last_final_claim(l2, people) -> None:
    """What lies before it has its truth, and the data of a lie about it may be gone."""
    chain, payer = l2.connection, l2.wallet(people.payer)
    replica = l2.challenger.replica
    replica.step()
    old = replica.final()
    payer.deposit(1)
    l2.post()
    l2.settle()
    payer.deposit(1)
    l2.post()
    replica.step()
    end, last = len(replica.entries), replica.entries[-1].record
    rival = Sender(chain, people.attacker)
    roots = right_roots(replica, old, end)
    with reverts("InvalidRange", segments=0):
        l2.rollup.propose(rival, old, last, end, roots[-1], pack_roots(roots), l2.profile.bond)
    # From the last final one itself it does.
    newest = replica.final()
    assert newest.inbox_end > old.inbox_end
    roots = right_roots(replica, newest, end)
    l2.rollup.propose(rival, newest, last, end, roots[-1], pack_roots(roots), l2.profile.bond)


def test_each_of_many_withdrawals_in_one_word_of_bits_is_paid_once(l2, people) -> None:
    payer = l2.wallet(people.payer)
    for amount in (1_000, 2_000, 3_000):
        payer.withdraw(amount)
    l2.post()
    l2.settle()
    outs = payer.outgoing()
    assert len(outs) == 3
    for one in outs:
        payer.claim(one)
    held = l2.connection.balance(l2.rollup.address)
    for number, one in enumerate(outs):
        with reverts("AlreadyPaid", index=number):
            payer.claim(one)
    assert l2.connection.balance(l2.rollup.address) == held


def test_each_of_many_escapes_and_refunds_in_one_word_of_bits_is_paid_once(l2, people) -> None:
    chain, payer = l2.connection, l2.wallet(people.payer)
    payer.deposit("1 ether")
    l2.post()
    l2.settle()
    for _ in range(2):
        payer.deposit("1 ether")
    chain.advance(l2.profile.freeze_after + 1)
    payer.freeze()
    accounts, places = payer.escapable(), payer.refundable()
    assert len(accounts) == len(places) == 2
    for one in accounts:
        payer.escape(one)
    for one in places:
        payer.refund(one)
    for one in accounts:
        with reverts("AlreadyPaid", index=one):
            payer.escape(one)
    for one in places:
        with reverts("AlreadyPaid", index=one):
            payer.refund(one)


def sent(rollup, monkeypatch, call) -> tuple[str, list]:
    """What a wallet would send: the name of the call and its arguments."""
    calls = []
    with monkeypatch.context() as held:
        held.setattr(rollup, "_send", lambda sender, name, *args, value=0: calls.append((name, list(args))))
        call()
    return calls[0]


ABSURD = (2**64, 2**255, 2**256 - 1)


def refused_by_number(rollup, payer, call: tuple[str, list]) -> None:
    """A call whose third argument is a number is refused for each absurd one, and taken as it is."""
    name, row = call
    for index in ABSURD:
        with reverts("InvalidProof()"):
            rollup.contract.transact(payer.sender, name, *row[:2], index, *row[3:])
    rollup.contract.transact(payer.sender, name, *row)


def test_no_number_of_a_withdrawal_ends_in_a_panic(l2, people, monkeypatch) -> None:
    payer = l2.wallet(people.payer)
    payer.deposit("1 ether")
    l2.post()
    payer.withdraw(7)
    l2.post()
    l2.settle()
    (one,) = payer.outgoing()
    refused_by_number(l2.rollup, payer, sent(l2.rollup, monkeypatch, lambda: payer.claim(one)))


def test_no_number_of_a_deposit_ends_in_a_panic(l2, people, monkeypatch) -> None:
    payer = l2.wallet(people.payer)
    payer.deposit("1 ether")
    l2.post()
    l2.settle()
    payer.deposit("1 ether")
    l2.connection.advance(l2.profile.freeze_after + 1)
    payer.freeze()
    (one,) = payer.refundable()
    refused_by_number(l2.rollup, payer, sent(l2.rollup, monkeypatch, lambda: payer.refund(one)))


def test_no_number_of_frames_ends_in_a_panic(l2, people) -> None:
    rollup = l2.rollup
    acc = rollup.acc(rollup.inbox()[0])
    for frames in (4_097, *ABSURD):
        with reverts("InvalidBatchSize", segments=frames):
            rollup.contract.transact(l2.wallet(people.payer).sender, "postBlobs", acc, frames, 0)


def test_a_proof_is_announced_before_the_window_ends_by_as_much_as_it_waits(l2, people) -> None:
    """Announced in its last `revealBlocks` it is worthless as soon as somebody makes the lie final in time."""
    chain, profile, challenger = l2.connection, l2.profile, l2.challenger
    payer = l2.wallet(people.payer)
    for too_late in (False, True):
        payer.deposit(1)
        l2.post()
        lie = l2.propose(fault="inflate", sender=people.attacker)
        created = l2.rollup.status(lie.id)[1]
        by = profile.announce_by(created)
        assert by == created + profile.window - (profile.reveal_blocks + 1) * 12
        before = chain.snapshot()
        chain.set_next_timestamp(created + profile.window if too_late else by)
        challenger.step()
        for block in range(1, profile.reveal_blocks):
            chain.set_next_timestamp((created + profile.window if too_late else by) + 12 * block)
            chain.mine()
        if too_late:
            l2.rollup.finalize(Sender(chain, people.attacker), lie)
            assert l2.rollup.status(lie.id)[2] is Status.FINAL
        else:
            chain.set_next_timestamp(by + 12 * profile.reveal_blocks)
            challenger.step()
            assert l2.rollup.status(lie.id)[2] is Status.INVALID
        chain.revert(before)
        l2.challenger.replica.step()


@pytest.mark.parametrize(
    "change",
    [{"bond": 63}, {"window": 48, "freeze_after": 10_000}, {"freeze_after": 3_600}, {"reveal_blocks": 150}],
    ids=lambda change: ", ".join(change),
)
def test_parameters_under_which_nobody_could_be_convicted_are_refused(l2, people, change: dict[str, int]) -> None:
    profile = replace(DEVNET, **change)
    with pytest.raises(ContractReverted, match="InvalidConfig"):
        RollupContract.deploy(Sender(l2.connection, people.payer), people.payer.address, profile)
    least = {"bond": 64, "window": 49, "freeze_after": 3_601, "reveal_blocks": 149}
    fine = replace(DEVNET, **{name: least.get(name, value) for name, value in change.items()})
    assert isinstance(fine, Profile)
    assert RollupContract.deploy(Sender(l2.connection, people.payer), people.payer.address, fine).config() == fine


def test_a_public_window_is_days_longer_than_a_proof_takes() -> None:
    assert PUBLIC.announce_by(0) > PUBLIC.window - 120
