"""Atomic swaps: both get what was agreed, or both keep what they had."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.integration.payments.wallet.conftest import ETHER, World

from layer2.plasma.payments.chain.errors import (
    ExitProofInvalid,
    ExitProofMalformed,
    FundsMissing,
    PaymentUnknown,
    SwapInvalid,
)
from layer2.plasma.payments.chain.exit_proofs import UNSIGNED, DepositExitProof, InFlightExitProof
from layer2.plasma.payments.wallet.payment_status import PaymentStatus
from layer2.plasma.payments.wallet.swaps import Offer
from layer2.plasma.payments.wallet.wallet import Wallet
from layer2.plasma.protocol.signing import Signed, digest
from layer2.plasma.protocol.transaction import Output, Transaction
from layer2.primitives.ecdsa import to_compact


@pytest.fixture
def maker(world: World) -> Wallet:
    made = world.wallet(world.maker)
    made.deposit("1 ether")
    return made


@pytest.fixture
def taker(world: World) -> Wallet:
    world.give_tokens(world.payee, 1_000)
    made = world.wallet(world.payee)
    made.deposit(1_000, token=1)
    return made


@pytest.fixture
def offer(maker: Wallet, taker: Wallet) -> Offer:
    return maker.swaps.propose(taker.signer.address, give="0.4 ether", want=300, want_token=1)


def resigned(wallet: Wallet, half: InFlightExitProof, transaction: Transaction) -> InFlightExitProof:
    """Another payment over the same inputs, signed by the taker."""
    signature = to_compact(wallet.signer.sign_digest(digest(transaction, wallet.root.domain)))
    signatures = tuple(UNSIGNED if one == UNSIGNED else signature for one in half.payment.signatures)
    return InFlightExitProof(Signed(transaction, signatures), half.inputs)


def test_both_get_what_was_agreed(world: World, maker: Wallet, taker: Wallet, offer: Offer) -> None:
    half = taker.swaps.accept(Offer.from_text(offer.to_text()))
    sent = maker.swaps.complete(offer, half)
    taker.swaps.note(sent.kit)
    assert taker.wallet_store.payment(sent.hash).kit.complete
    world.gate.block()
    maker.sync()
    taker.sync()
    assert (maker.balance(), maker.balance(1)) == (6 * ETHER // 10, 300)
    assert (taker.balance(), taker.balance(1, incomplete=True)) == (4 * ETHER // 10, 700)


def test_nothing_happens_if_the_maker_does_not_sign(world: World, maker: Wallet, taker: Wallet, offer: Offer) -> None:
    half = taker.swaps.accept(offer)
    assert world.gate.taken == []
    assert (maker.balance(incomplete=True), taker.balance(1, incomplete=True)) == (ETHER, 0)
    with pytest.raises(FundsMissing):
        taker.send(world.payer.address, 1, token=1)
    for _ in range(100):
        world.gate.empty()
    taker.cancel(half.hash)
    world.gate.block()
    taker.sync()
    assert taker.balance(1) == 1_000


def test_either_leaves_by_an_in_flight_exit(world: World, maker: Wallet, taker: Wallet, offer: Offer) -> None:
    half = taker.swaps.accept(offer)
    # Without the other signature there is no exit to start, and one of the input alone could be stopped.
    assert taker.exit_all(incomplete=True) == []
    with pytest.raises(ExitProofInvalid, match="has not signed"):
        taker.exits.exit_payment(half.hash)
    sent = maker.swaps.complete(offer, half)
    taker.swaps.note(sent.kit)
    world.gate.block(withheld=True)
    (receipt,) = taker.exit_all(incomplete=True)
    (joined,) = world.root.contract.events(receipt, "Piggybacked")
    mine = sent.kit.bits_of(taker.owner)
    assert joined.args["bits"] == mine
    assert mine & 15
    assert mine >> 4
    maker.exit_all(incomplete=True)
    world.mature()
    taker.claim_all()
    maker.claim_all()
    assert (world.balance(world.payee, 1), world.balance(world.maker, 1)) == (700, 300)
    assert world.root.reserve_of(0)[0] == world.root.reserve_of(1)[0] == 0


def test_the_maker_signs_nothing_but_his_offer(world: World, maker: Wallet, taker: Wallet, offer: Offer) -> None:
    half = taker.swaps.accept(offer)
    one = half.transaction
    outputs = list(one.outputs)
    at = next(at for at, row in enumerate(outputs) if row.owner == maker.owner and row.token == 1)
    short = outputs.copy()
    short[at] = Output(maker.owner, 1, 299)
    stolen = outputs.copy()
    stolen[at] = Output(taker.owner, 1, 300)
    more = outputs.copy()
    more = [row for row in more if not (row.owner == maker.owner and row.token == 0)]
    for rows in (short, stolen, more):
        wrong = resigned(taker, half, replace(one, outputs=tuple(rows)))
        with pytest.raises(SwapInvalid, match="was agreed"):
            maker.swaps.complete(offer, wrong)
    with pytest.raises(SwapInvalid, match="at the latest"):
        maker.swaps.complete(offer, resigned(taker, half, replace(one, expiry=one.expiry + 1)))
    with pytest.raises(SwapInvalid, match="at the latest"):
        maker.swaps.complete(offer, resigned(taker, half, replace(one, memo=b"\1" * 32)))
    blank = InFlightExitProof(Signed(one, (UNSIGNED,) * len(one.inputs)), half.inputs)
    with pytest.raises(SwapInvalid, match="has not signed"):
        maker.swaps.complete(offer, blank)
    assert world.gate.taken == []
    assert maker.balance(incomplete=True) == ETHER


def test_other_outputs_of_the_maker_are_not_taken_along(maker: Wallet, taker: Wallet, offer: Offer) -> None:
    other = maker.deposit("2 ether")
    wide = replace(offer, inputs=(*offer.inputs, other))
    with pytest.raises(SwapInvalid, match="other outputs than were offered"):
        maker.swaps.complete(offer, taker.swaps.accept(wide))
    assert maker.balance(incomplete=True) == 3 * ETHER


def test_a_greedy_taker_gets_no_signature(maker: Wallet, taker: Wallet, offer: Offer) -> None:
    half = taker.swaps.accept(replace(offer, give=(0, 5 * ETHER // 10)))
    with pytest.raises(SwapInvalid, match="was agreed"):
        maker.swaps.complete(offer, half)


def test_what_was_offered_must_still_be_free(world: World, maker: Wallet, taker: Wallet, offer: Offer) -> None:
    half = taker.swaps.accept(offer)
    maker.send(world.payer.address, "0.1 ether")
    with pytest.raises(SwapInvalid, match="not free any more"):
        maker.swaps.complete(offer, half)


def test_the_taker_binds_nothing_for_a_wrong_offer(world: World, maker: Wallet, taker: Wallet, offer: Offer) -> None:
    (kit,) = offer.inputs
    assert isinstance(kit, DepositExitProof)
    richer = DepositExitProof(replace(kit.deposit, amount=2 * ETHER))
    with pytest.raises(ExitProofInvalid):
        taker.swaps.accept(replace(offer, inputs=(richer,)))
    for wrong in (
        replace(offer, taker=world.watcher.address),
        replace(offer, maker=world.watcher.address),
        replace(offer, contract=world.watcher.address),
        replace(offer, chain_id=1),
        replace(offer, give=(0, 2 * ETHER)),
        replace(offer, expiry=offer.expiry + 1),
    ):
        with pytest.raises(SwapInvalid):
            taker.swaps.accept(wrong)
    with pytest.raises(FundsMissing):
        taker.swaps.accept(replace(offer, want=(1, 1_001)))
    maker.exit_all()
    with pytest.raises(SwapInvalid, match="is not an unspent output"):
        taker.swaps.accept(offer)
    assert taker.balance(1) == 1_000


def test_signatures_of_another_swap_are_not_noted(maker: Wallet, taker: Wallet, offer: Offer) -> None:
    half = taker.swaps.accept(offer)
    with pytest.raises(ExitProofInvalid, match="has not signed"):
        taker.swaps.note(half)
    with pytest.raises(PaymentUnknown):
        maker.swaps.note(half)
    assert taker.wallet_store.payment(half.hash).state is PaymentStatus.PENDING


def test_one_token_is_not_swapped_for_itself(maker: Wallet, taker: Wallet) -> None:
    with pytest.raises(SwapInvalid, match="not a swap"):
        maker.swaps.propose(taker.signer.address, give=1, want=1)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": "another"}', '{"format": "layer2 plasma swap offer"}', '{"a": 1, "a": 2}']
)
def test_what_is_no_offer_is_refused(text: str) -> None:
    with pytest.raises(ExitProofMalformed):
        Offer.from_text(text)


def test_an_offer_with_more_in_it_is_refused(offer: Offer) -> None:
    text = offer.to_text()
    assert Offer.from_text(text) == offer
    with pytest.raises(ExitProofMalformed):
        Offer.from_text(text[:-1] + ', "note": "hello"}')
