"""What a wallet adds to signing: batches, a history, claims given away, forced BLS operations, refunds."""

from __future__ import annotations

import pytest

from layer2.ethereum.errors import ContractReverted
from layer2.primitives.errors import InputError
from layer2.primitives.units import parse_amount
from layer2.rollup.facade import RollupFacade
from layer2.rollup.protocol.errors import AccountUnknown, PartlyAccepted, Rejected
from layer2.rollup.sequencer.sequencer import Sequencer
from layer2.rollup.wallet.escape_hatch import force_withdrawal, freeze_and_escape, self_propose
from layer2.store.journal import Journal

ETHER = 10**18


@pytest.fixture
def home(l2) -> RollupFacade:
    return RollupFacade(l2)


@pytest.fixture
def pair(home, people):
    payer, payee = home.wallet(people.payer), home.wallet(people.payee)
    payer.deposit("2 ether")
    return payer, payee


def test_who_is_paid_gets_an_account(home, people, pair) -> None:
    payer, payee = pair
    payer.send(payee, "0.3 ether")
    payer.send(payee.account(), 5)
    payer.send(people.payee, 6)
    payer.send(people.payee.address, 7)
    assert "3 operations" not in repr(home.seal())
    batch = home.seal()
    assert (batch.operations, batch.receipt) == (4, None)
    assert "not posted" in repr(batch)
    assert batch.post() is batch
    assert f"block {batch.receipt.block_number}" in repr(batch)
    assert batch.post().receipt.block_number == home.connection.block_number()
    assert payee.balance() == parse_amount("0.3 ether") + 18
    with pytest.raises(AccountUnknown, match="has no account"):
        payer.send(people.stranger.address, 1)
    payer.deposit(9, owner=people.stranger.address)
    payer.send(people.stranger.address, 1)
    home.post()
    assert home.wallet(people.stranger).balance() == 10
    assert home.root == home.rebuild_from_l1().root


def test_many_payments_are_one_submission_and_stop_where_one_is_refused(home, pair) -> None:
    payer, payee = pair
    payer.send_many([(payee, "0.01 ether")] * 60)
    home.post()
    assert payee.balance() == parse_amount("0.6 ether")
    with pytest.raises(PartlyAccepted, match="2 of 4 payments were accepted; number 3") as refused:
        payer.send_many([(payee, 1), (payee, 2), (99, 3), (payee, 4)])
    assert refused.value.accepted == 2
    home.post()
    assert payee.balance() == parse_amount("0.6 ether") + 3
    with pytest.raises(InputError, match="no payments"):
        payer.send_many([])
    with pytest.raises(AccountUnknown):
        payer.send_many([(99, 1)])


def test_a_wallet_without_a_sequencer_says_what_it_can_do(home, people, pair) -> None:
    alone = home.wallet(people.payer, with_sequencer=False)
    for act in (lambda: alone.send(1, 1), lambda: alone.send_many([(1, 1)]), lambda: alone.open_account()):
        with pytest.raises(Rejected, match="has no sequencer"):
            act()
    assert alone.balance() == 2 * ETHER


def test_history_is_complete_and_follows_a_reorganisation(home, chain, people, pair) -> None:
    payer, payee = pair
    payer.send(payee, "0.3 ether")
    home.post()
    before = chain.snapshot()
    payee.send(payer, "0.1 ether")
    payee.withdraw("0.05 ether")
    payer.force(5, payee.account())
    payer.force("9 ether", payee.account())  # more than there is: it is consumed and does nothing
    home.post()
    mine = [(one.kind, one.amount, one.forced, one.done) for one in payee.history()]
    assert mine == [
        ("opened", 0, False, True),
        ("received", 3 * ETHER // 10, False, True),
        ("received", 5, True, True),
        ("sent", ETHER // 10, False, True),
        ("withdrawn", ETHER // 20, False, True),
    ]
    theirs = [(one.kind, one.forced, one.done) for one in payer.history()]
    assert theirs == [
        ("deposit", False, True),
        ("sent", False, True),
        ("sent", True, True),
        ("sent", True, False),
        ("received", False, True),
    ]
    assert sum(one.amount for one in payee.history() if one.kind == "received") == 3 * ETHER // 10 + 5
    chain.revert(before)
    home.sequencer.replica.step()
    assert [one.kind for one in payee.history()] == ["opened", "received"]


def test_a_deposit_that_fits_no_account_is_told_as_returned(home, people, pair) -> None:
    payer, payee = pair
    payee.open()
    # Straight to the contract: the wallet itself would refuse.
    home.rollup.deposit(payer.sender, 0, 77, payer.owners[0], payee.account())
    home.post()
    home.settle()
    assert [(one.kind, one.amount) for one in payer.history()][-1] == ("returned", 77)
    (back,) = payer.outgoing()
    assert (back.withdrawal.amount, back.standing) == (77, "claimable")
    with pytest.raises(AccountUnknown):
        payer.deposit(1, to=99)


def test_a_claim_given_away_is_paid_to_its_new_owner_only(home, chain, people, pair) -> None:
    payer, _ = pair
    stranger = home.wallet(people.stranger)
    payer.withdraw("0.5 ether")
    home.post()
    home.proposer.step()
    (out,) = payer.outgoing()
    assert (out.standing, out.withdrawal.amount) == ("waiting", ETHER // 2)
    with pytest.raises(ContractReverted, match="UnauthorizedCaller"):
        stranger.transfer_claim(out, people.stranger.address)
    payer.transfer_claim(out, people.stranger.address)
    assert payer.outgoing() == []
    chain.advance(home.local.profile.window + 1)
    home.proposer.step()
    assert payer.claim_all() == []
    before = chain.balance(people.stranger.address)
    (receipt,) = stranger.claim_all()
    assert chain.balance(people.stranger.address) - before + receipt.cost == ETHER // 2
    assert stranger.claim_all() == []


def test_an_account_of_a_bls_key_forces_its_way_out(home, chain, people, pair) -> None:
    payer, payee = pair
    payer.send(payee, "0.3 ether")
    home.post()
    alone = home.wallet(people.payee, with_sequencer=False)
    first = force_withdrawal(alone, "0.2 ether", people.payee.address, account=alone.account())
    assert first.done[0] == "queued as item 1"
    chain.advance(home.local.profile.force_delay + 1)
    if first.command == "force":
        assert force_withdrawal(alone).command == "propose"
    self_propose(alone)
    chain.advance(home.local.profile.window + 1)
    self_propose(alone)
    before = chain.balance(people.payee.address)
    (receipt,) = alone.claim_all()
    assert chain.balance(people.payee.address) - before + receipt.cost == ETHER // 5
    assert force_withdrawal(alone).next == ""
    assert alone.balance() == ETHER // 10


def test_refunds_are_proven_over_a_checkpoint_of_the_queue(home, chain, people, pair) -> None:
    payer, _ = pair
    home.settle()
    for amount in range(1, 259):
        home.rollup.deposit(payer.sender, 0, amount, payer.owners[0])
    alone = home.wallet(people.payer, with_sequencer=False)
    chain.advance(home.local.profile.freeze_after + 1)
    alone.freeze()
    alone.replica.step()
    places = alone.refundable()
    assert len(places) == 258
    # Before, at and behind the checkpoint after 256 items; item 0 was consumed.
    for place in (1, 255, 256, 258):
        before = chain.balance(people.payer.address)
        receipt = alone.refund(place)
        assert chain.balance(people.payer.address) - before + receipt.cost == place
    alone.replica.step()
    assert len(alone.refundable()) == 254
    with pytest.raises(ContractReverted, match="AlreadyPaid"):
        alone.refund(255)
    done = freeze_and_escape(home.wallet(people.stranger, with_sequencer=False))
    assert (done.done, str(done)) == ([], "nothing to do")


def test_accounts_asked_for_survive_a_restart_and_are_opened_once(home, people, pair) -> None:
    _, payee = pair
    keys = [payee.bls.public, home.wallet(people.stranger).bls.public]
    home.sequencer.open_accounts([*keys, keys[0]])
    path = home.sequencer._journal.path
    home.sequencer._journal.close()
    with Journal(path, kind=Sequencer.KIND) as journal:
        again = Sequencer(home.rollup, home.sequencer.sender, journal, replica=home.local.replica())
        assert [len(frame.ops) for frame in again.seal()] == [2]
        again.step()
        assert again.seal() == []
        again.open_accounts(keys)
        assert again.seal() == []
        assert len(again.replica.head.accounts) == 3
