"""A user of coins on the real contract, with an operator, with mere bodies of blocks, and with nobody."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from layer2.plasma.coins.chain.block_sources import CoinBodies
from layer2.plasma.coins.protocol.coin_history import Evidence, Move, Moved
from layer2.plasma.coins.protocol.errors import BodyMissing, CoinRefused, CoinSpent, HistoryBroken
from layer2.plasma.coins.protocol.history_codec import decode_history, encode_history
from layer2.plasma.coins.protocol.sparse_merkle import SparseProof
from layer2.plasma.coins.protocol.transfer import SignedCoin, coin_tree, encode_coin_body
from layer2.plasma.coins.wallet.wallet import CoinWallet
from layer2.plasma.common.watcher.block_sources import LocalBodies
from layer2.plasma.payments.chain.errors import ViewIncomplete
from layer2.primitives.errors import InputError
from layer2.testing import deploy_mock

from .conftest import ETHER, PAYEE, PAYER, THIEF, Stage

Holders = Callable[..., CoinWallet]


class Liar:
    """Shows that every coin rested, by proofs that lead nowhere."""

    def coin_evidence(self, coin: int, first: int, count: int = 256) -> Sequence[Evidence]:
        return [SparseProof((b"\1" * 32,))]

    def submit(self, signed: SignedCoin) -> bytes:
        raise CoinSpent("no", hint="never")


def test_an_nft_is_deposited_passed_on_and_taken_out(stage: Stage, holders: Holders) -> None:
    payer, payee = holders(PAYER), holders(PAYEE)
    nft = deploy_mock("MockNft", sender=stage.sender)
    nft.transact(stage.sender, "mint", PAYER.address, 7)
    coin = payer.deposit_nft(nft.address, 7)
    payer.send(coin, PAYEE.address)
    handed = encode_history(payer.wallet.history(coin))
    with pytest.raises(CoinRefused, match="belongs to"):
        payee.receive(decode_history(handed))
    stage.operator.step()
    # What the payer handed over ends before the block: the operator shows that, and is believed for its proof.
    assert payee.receive(decode_history(handed)).last_block == 1
    assert payee.coins() == [coin]
    assert (payer.sync(), payer.coins()) == ([], [])
    waits = payee.exit(coin)
    assert payee.claim() == ([], None)
    stage.chain.advance(waits.exitable_at - stage.chain.timestamp() + 1)
    assert payee.claim()[0] == [coin]
    assert nft.call("ownerOf", 7) == PAYEE.address
    assert payee.coins() == []


def test_a_coin_is_fetched_from_the_operator_with_its_whole_history(stage: Stage, holders: Holders) -> None:
    payer, payee = holders(PAYER), holders(PAYEE)
    other = stage.deposit(THIEF)
    for prev in range(3):
        stage.operator.submit(stage.give(other, prev, THIEF, by=THIEF))
        stage.operator.step()
    coin = payer.deposit_ether(ETHER)
    payer.send(coin, PAYEE.address)
    stage.operator.step()
    assert payee.fetch(coin).owner == PAYEE.address
    with pytest.raises(CoinRefused, match="never deposited"):
        payee.fetch(coin + 1)
    with pytest.raises(CoinRefused, match="belongs to"):
        holders(THIEF).fetch(coin)


def test_a_token_amount_becomes_a_coin(stage: Stage, holders: Holders) -> None:
    payer = holders(PAYER)
    token = deploy_mock("MockToken", "Dollar", "USD", 0, sender=stage.sender)
    token.transact(stage.sender, "mint", PAYER.address, 500)
    coin = payer.deposit_erc20(token.address, 300)
    record = payer.wallet.standing(coin).record
    assert (record.value, record.token, token.call("balanceOf", stage.coins.address)) == (300, token.address, 300)
    with pytest.raises(InputError, match="no code"):
        payer.deposit_nft(THIEF.address, 1)


def test_sending_again_is_the_same_transfer_and_to_another_is_refused(stage: Stage, holders: Holders) -> None:
    payer = holders(PAYER)
    coin = payer.deposit_ether(ETHER)
    first = payer.send(coin, PAYEE.address)
    assert payer.send(coin, PAYEE.address) == first
    with pytest.raises(CoinRefused, match="double spend"):
        payer.send(coin, THIEF.address)
    with pytest.raises(InputError, match="no operator"):
        holders(PAYER, gate=None).send(coin, PAYEE.address)
    # Signed, and refused: the wallet remembers that the signature has left.
    other = stage.deposit()
    unlucky = holders(PAYER, gate=Liar())
    assert [type(one) for one in unlucky.sync()] == []
    with pytest.raises(CoinSpent):
        unlucky.send(other, PAYEE.address)
    assert unlucky.wallet.signed_over(other) is not None


def test_own_deposits_are_found_and_a_restart_knows_them(stage: Stage, holders: Holders) -> None:
    coin = stage.deposit()
    payer = holders(PAYER)
    assert (payer.sync(), payer.coins()) == ([], [coin])
    assert holders(PAYER).coins() == [coin]
    assert holders(THIEF).coins() == []


# ------------------------------------------------------------------------------------------------- without the operator


def test_an_operator_that_shows_nothing_does_not_spoil_a_coin(stage: Stage, holders: Holders) -> None:
    coin = stage.deposit()
    stage.operator.submit(stage.give(stage.deposit(THIEF), by=THIEF))
    stage.operator.step()
    payer = holders(PAYER, gate=Liar())
    (fault,) = payer.sync()
    assert isinstance(fault, HistoryBroken)
    assert payer.wallet.broken(coin) is None
    assert payer.wallet.standing(coin).next_block == 1
    # Files of the same blocks are enough, and the lie of the first source is not said once it is mended.
    payer = holders(PAYER, gate=Liar(), sources=[CoinBodies(LocalBodies(stage.operator.store))])
    assert payer.sync() == []
    assert payer.wallet.standing(coin).next_block == 2


def test_a_source_that_lies_does_not_keep_a_coin_from_its_payee(stage: Stage, holders: Holders) -> None:
    payer = holders(PAYER)
    coin = payer.deposit_ether(ETHER)
    start = payer.wallet.history(coin)
    payer.send(coin, PAYEE.address)
    stage.operator.step()
    bodies = CoinBodies(LocalBodies(stage.operator.store))
    with pytest.raises(HistoryBroken, match="not shown"):
        holders(PAYEE, gate=Liar()).receive(start)
    assert holders(PAYEE, gate=Liar(), sources=[bodies]).receive(start).owner == PAYEE.address
    payer.sync()
    assert holders(PAYEE, gate=Liar()).receive(payer.wallet.history(coin)).owner == PAYEE.address


def test_bodies_that_are_not_the_blocks_are_missing(stage: Stage, holders: Holders) -> None:
    class Other:
        def __init__(self, body: bytes) -> None:
            self.body = body

        def coin_body(self, number: int) -> bytes:
            return self.body

    stage.deposit()
    stage.operator.submit(stage.give(stage.deposit(THIEF), by=THIEF))
    stage.operator.step()
    for body in (b"", b"x", stage.operator.coin_body(1)[:-1] + b"\0\0", encode_coin_body([stage.give(5)])):
        (fault,) = holders(PAYER, gate=None, sources=[Other(body)]).sync()[:1]
        assert isinstance(fault, BodyMissing)


def test_a_coin_leaves_with_what_the_journal_holds_when_nobody_answers(stage: Stage, holders: Holders) -> None:
    payer, payee = holders(PAYER), holders(PAYEE)
    coin = payer.deposit_ether(ETHER)
    payer.send(coin, PAYEE.address)
    stage.operator.step()
    payee.fetch(coin)
    stage.coins.submit(stage.sender, 2, b"\7" * 32)
    alone = holders(PAYEE, gate=None)
    assert alone.sync() == []
    with pytest.raises(ViewIncomplete, match="1 of 2 blocks were not verified"):
        alone.exit(coin)
    waits = alone.exit(coin, incomplete=True)
    assert (waits.number, waits.owner) == (1, PAYEE.address)
    stage.chain.advance(stage.coins.profile.exit_period + 1)
    assert alone.claim()[0] == [coin]


def test_a_stolen_coin_is_said_to_be_broken_and_leaves(stage: Stage, holders: Holders) -> None:
    payer = holders(PAYER)
    coin = payer.deposit_ether(ETHER)
    stolen = stage.give(coin, by=THIEF, to=THIEF)
    stage.coins.submit(stage.sender, 1, coin_tree([stolen]).root)

    class Thieves(Liar):
        def coin_evidence(self, coin: int, first: int, count: int = 256) -> Sequence[Evidence]:
            return [Moved(stolen, coin_tree([stolen]).proof(coin).siblings)]

    payer = holders(PAYER, gate=Thieves())
    for _ in range(2):
        (fault,) = payer.sync()
        assert isinstance(fault, HistoryBroken)
        assert fault.proven
    with pytest.raises(CoinRefused, match="it is signed by"):
        payer.send(coin, PAYEE.address)
    assert payer.exit(coin).number == 0


def test_an_exit_is_taken_back_once(stage: Stage, holders: Holders) -> None:
    payer = holders(PAYER)
    coin = payer.deposit_ether(ETHER)
    with pytest.raises(CoinRefused, match="no exit"):
        payer.cancel(coin)
    payer.exit(coin)
    payer.cancel(coin)
    with pytest.raises(CoinRefused, match="no exit"):
        payer.cancel(coin)
    payer.send(coin, PAYEE.address)


def test_a_reorganisation_takes_back_what_was_followed(stage: Stage, holders: Holders) -> None:
    payer = holders(PAYER)
    coin = payer.deposit_ether(ETHER)
    payer.send(coin, PAYEE.address)
    before = stage.chain.snapshot()
    stage.operator.step()
    payer.sync()
    assert payer.coins() == []
    stage.chain.revert(before)
    stage.chain.mine(3)
    payer.sync()
    assert payer.coins() == [coin]
    stage.operator.step()
    payer.sync()
    assert payer.coins() == []
    again = holders(PAYER)
    assert (again.sync(), again.coins(), again.wallet.standing(coin).next_block) == ([], [], 2)


def test_what_was_signed_before_a_reorganisation_is_not_signed_to_somebody_else(stage: Stage, holders: Holders) -> None:
    payer = holders(PAYER)
    coin = payer.deposit_ether(ETHER)
    before = stage.chain.snapshot()
    payer.send(coin, PAYER.address)
    stage.operator.step()
    payer.sync()
    payer.send(coin, PAYEE.address)
    stage.chain.revert(before)
    stage.chain.mine(3)
    for reopened in (False, True):
        again = holders(PAYER) if reopened else payer
        again.wallet.look()
        with pytest.raises(CoinRefused, match="signed over to"):
            again.wallet.transfer(coin, THIEF.address, 50)
        with pytest.raises(CoinRefused, match="signed over until"):
            again.exit(coin)


# ------------------------------------------------------------------------------------------------------------- guard


def test_an_exit_of_a_coin_that_was_passed_on_is_refuted_by_its_owner(stage: Stage, holders: Holders) -> None:
    payer, payee = holders(PAYER), holders(PAYEE)
    coin = payer.deposit_ether(ETHER)
    payer.send(coin, PAYEE.address)
    stage.operator.step()
    payee.fetch(coin)
    stage.coins.make(stage.by(PAYER), payer.wallet.exit_kit(coin))
    with pytest.raises(CoinRefused, match="is exiting"):
        payee.send(coin, THIEF.address)
    (deed,) = payee.guard()
    assert (deed.name, deed.receipt is not None) == ("challengeAfter", True)
    assert payee.guard() == []
    payee.send(coin, THIEF.address)


def invented(stage: Stage, coin: int, record: tuple[object, ...]) -> None:
    """The thief and the operator together: two transfers that nobody owned, and an exit of the second."""
    moves = []
    for prev in (stage.coins.next_block() - 1, stage.coins.next_block()):
        one = stage.give(coin, prev, THIEF, by=THIEF)
        tree = coin_tree([one])
        header = stage.coins.submit(stage.sender, stage.coins.next_block(), tree.root)
        moves.append(Move(header, one.transaction, one.signature, tree.proof(coin).siblings))
    shown = [move.as_tuple() for move in moves]
    bond = stage.coins.profile.exit_bond
    stage.coins.contract.transact(stage.by(THIEF), "exitTransfer", coin, record, *shown, value=bond)


def test_an_invented_history_is_doubted_and_then_refuted(stage: Stage, holders: Holders) -> None:
    payer, payee = holders(PAYER), holders(PAYEE)
    coin = payer.deposit_ether(ETHER)
    payer.send(coin, PAYEE.address)
    stage.operator.step()
    standing = payee.fetch(coin)
    invented(stage, coin, standing.record.as_tuple())
    alone = holders(PAYEE, gate=None)
    (deed,) = alone.guard()
    assert (deed.name, deed.number) == ("challengeBefore", 3)
    assert alone.guard() == []
    stage.chain.advance(stage.coins.profile.exit_period + 1)
    (deed,) = alone.guard()
    assert deed.name == "refuteChallengeResponse"
    assert stage.coins.exit(coin, 3) is None
    assert alone.guard() == []


def test_a_doubt_that_comes_too_late_is_not_raised(stage: Stage, holders: Holders) -> None:
    payer, payee = holders(PAYER), holders(PAYEE)
    coin = payer.deposit_ether(ETHER)
    payer.send(coin, PAYEE.address)
    stage.operator.step()
    standing = payee.fetch(coin)
    invented(stage, coin, standing.record.as_tuple())
    before = stage.chain.snapshot()
    stage.chain.advance(stage.coins.profile.exit_period + 2)
    (deed,) = holders(PAYEE, gate=None).guard()
    assert (deed.name, deed.receipt) == ("nothing", None)
    assert "over" in deed.detail
    stage.chain.revert(before)
    stage.chain.advance(stage.coins.profile.exit_period - 10)
    (deed,) = holders(PAYEE, gate=None).guard()
    assert deed.name == "challengeBefore"


def test_a_coin_signed_over_is_not_defended_with_a_bond(stage: Stage, holders: Holders) -> None:
    payer, payee = holders(PAYER), holders(PAYEE)
    coin = payer.deposit_ether(ETHER)
    payer.send(coin, PAYEE.address)
    stage.operator.step()
    standing = payee.fetch(coin)
    payee.send(coin, PAYER.address)
    invented(stage, coin, standing.record.as_tuple())
    (deed,) = holders(PAYEE, gate=None).guard()
    assert (deed.call, "signed over" in deed.detail) == (None, True)
    (deed,) = holders(PAYEE, gate=None).guard(though_signed=True)
    assert deed.name == "challengeBefore"


def test_doubts_about_an_honest_exit_are_answered_in_their_time(stage: Stage, holders: Holders) -> None:
    payer, payee = holders(PAYER), holders(PAYEE)
    coin = payer.deposit_ether(ETHER)
    payer.send(coin, PAYEE.address)
    stage.operator.step()
    payee.fetch(coin)
    payee.send(coin, PAYER.address)
    stage.operator.step()
    payee.sync()
    payer.receive(payee.wallet.history(coin))
    payer.exit(coin)
    record = payer.wallet.standing(coin).record
    bond = stage.coins.profile.challenge_bond
    stage.coins.contract.transact(stage.by(THIEF), "challengeBeforeByDeposit", coin, 2, record.as_tuple(), value=bond)
    (deed,) = payer.guard()
    assert deed.name == "respondChallengeBefore"
    assert payer.guard() == []
    stage.chain.advance(stage.coins.profile.exit_period + 1)
    assert payer.claim()[0] == [coin]


def test_the_bond_of_a_doubt_comes_back_when_the_exit_ends_otherwise(stage: Stage, holders: Holders) -> None:
    payer, payee = holders(PAYER), holders(PAYEE)
    coin = payer.deposit_ether(ETHER)
    payer.send(coin, PAYEE.address)
    stage.operator.step()
    payee.fetch(coin)
    payee.send(coin, PAYER.address)
    stage.operator.step()
    payee.sync()
    payer.receive(payee.wallet.history(coin))
    # The payee passed the coin back and doubts nothing; somebody refutes the old exit while a doubt stands.
    old = payee.wallet.standing(coin)
    stage.coins.make(stage.by(PAYER), payer.wallet.exit_kit(coin))
    doubter = holders(THIEF)
    bond = stage.coins.profile.challenge_bond
    stage.coins.contract.transact(
        stage.by(THIEF), "challengeBeforeByDeposit", coin, 2, old.record.as_tuple(), value=bond
    )
    last = payer.wallet.standing(coin)
    spent = stage.give(coin, 2, THIEF, by=PAYER)
    tree = coin_tree([spent])
    header = stage.coins.submit(stage.sender, 3, tree.root)
    move = Move(header, spent.transaction, spent.signature, tree.proof(coin).siblings)
    stage.coins.contract.transact(stage.by(PAYEE), "challengeAfter", coin, last.last_block, move.as_tuple())
    (deed,) = doubter.guard()
    assert deed.name == "voidChallenge"
    assert doubter.guard() == []
