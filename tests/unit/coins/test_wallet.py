"""A wallet on a real coin chain: coins are received with their history, passed on, taken out and guarded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.coins.stage import FOREVER

from layer2.ethereum.connection import Connection
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner
from layer2.plasma.coins.chain.contract import COIN_DEVNET, CoinChain
from layer2.plasma.coins.chain.exit_proofs import ChallengeView, ExitView, answer, contradiction, exit_kit
from layer2.plasma.coins.protocol.coin_history import Evidence, Move, Moved
from layer2.plasma.coins.protocol.errors import CoinRefused, HistoryBroken, NotAnswerable
from layer2.plasma.coins.protocol.history_codec import decode_history, encode_history
from layer2.plasma.coins.protocol.records import CoinHeader
from layer2.plasma.coins.protocol.sparse_merkle import SparseProof
from layer2.plasma.coins.protocol.transfer import CoinTransaction, SignedCoin, coin_tree, sign_coin
from layer2.plasma.coins.wallet.coin_store import CoinStore
from layer2.primitives.addresses import address_bytes
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.errors import InputError, RangeError
from layer2.primitives.hashing import keccak
from layer2.store.journal import Journal
from layer2.testing.isolation import isolated

ETHER = 10**18


class Town:
    """A coin chain, its operator, and people with wallets."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.operator = Sender(connection, connection.signers(1)[0])
        self.chain = CoinChain.deploy(self.operator, self.operator.address)
        self.keys = {
            name: PrivateKey(keccak(b"town " + name.encode())) for name in ("payer", "payee", "watcher", "thief")
        }
        self.journals: dict[str, Journal] = {}
        self.senders = {name: Sender(connection, LocalSigner(key)) for name, key in self.keys.items()}
        for key in self.keys.values():
            self.operator.send(key.address, value=10 * ETHER)
        self.wallets: dict[str, CoinStore] = {}

    def open(self, name: str, folder: Path) -> CoinStore:
        """A wallet on its journal; one that was open before is closed."""
        if name in self.journals:
            self.journals[name].close()
        self.journals[name] = Journal(folder / f"{name}.db", kind="coin wallet")
        self.wallets[name] = CoinStore(self.chain, self.keys[name], self.journals[name])
        return self.wallets[name]

    def block(self, *batch: SignedCoin) -> dict[int, Evidence]:
        """Submit a block; the evidence of its coins, and of any other one under 0."""
        tree = coin_tree(batch)
        self.header: CoinHeader = self.chain.submit(self.operator, self.chain.next_block(), tree.root)
        self.tree = tree
        return {one.transaction.coin: Moved(one, tree.proof(one.transaction.coin).siblings) for one in batch}

    def forge(self, coin: int, prev: int, signer: str = "thief") -> SignedCoin:
        """A transfer to the thief, by the thief."""
        one = CoinTransaction(coin, prev, address_bytes(self.keys["thief"].address), FOREVER)
        return sign_coin(one, self.chain.domain, self.keys[signer])

    def paid(self, coin: int, giver: str, taker: str) -> None:
        """The coin changes hands: signed, in a block, followed by the giver, received by the taker."""
        signed = self.wallets[giver].transfer(coin, self.keys[taker].address, FOREVER)
        self.wallets[giver].follow(coin, self.block(signed)[coin])
        raw = encode_history(self.wallets[giver].history(coin))
        self.wallets[taker].receive(decode_history(raw))


@pytest.fixture(scope="module")
def built() -> Town:
    return Town(new_chain())


@pytest.fixture
def town(built: Town, tmp_path: Path) -> Iterator[Town]:
    with isolated(built.connection):
        for name in built.keys:
            built.open(name, tmp_path)
        yield built
        for journal in built.journals.values():
            journal.close()


@pytest.fixture
def coin(town: Town) -> int:
    """A coin of the payer."""
    coin, record = town.chain.deposit_ether(town.senders["payer"], ETHER)
    town.wallets["payer"].deposited(coin, record)
    return coin


def test_a_coin_goes_from_hand_to_hand_and_out(town: Town, coin: int) -> None:
    town.paid(coin, "payer", "payee")
    town.wallets["payee"].follow(coin, (town.block(), town.tree.proof(coin))[1])
    town.paid(coin, "payee", "watcher")
    assert town.wallets["watcher"].coins() == [coin]
    assert town.wallets["payee"].coins() == []
    last = town.wallets["watcher"].standing(coin).last_block
    town.wallets["watcher"].exit(town.senders["watcher"], coin)
    town.connection.advance(COIN_DEVNET.exit_period + 1)
    before = town.connection.balance(town.keys["watcher"].address)
    record = town.wallets["watcher"].standing(coin).record
    town.chain.finalize_exits(town.operator, (coin, last, record), gas=1_000_000)
    gained = town.connection.balance(town.keys["watcher"].address) - before
    assert gained == ETHER + COIN_DEVNET.exit_bond - COIN_DEVNET.bounty
    assert not town.chain.holds(coin, record)


def test_a_deposit_goes_out_again(town: Town, coin: int) -> None:
    town.wallets["payer"].exit(town.senders["payer"], coin)
    assert town.chain.exit_of(coin, 0) == ExitView(0, 0)
    assert town.wallets["payer"].guard(coin, 0) is None


# --------------------------------------------------------------------------------------------------------- receiving


def test_a_coin_is_not_received_with_a_history_cut_short(town: Town, coin: int) -> None:
    town.paid(coin, "payer", "payee")
    history = town.wallets["payee"].history(coin)
    town.block()
    with pytest.raises(HistoryBroken, match="evidence for 1 blocks of 2"):
        town.wallets["payee"].receive(history)


def test_a_coin_is_not_received_by_somebody_else(town: Town, coin: int) -> None:
    town.paid(coin, "payer", "payee")
    with pytest.raises(CoinRefused, match="belongs to"):
        town.wallets["thief"].receive(town.wallets["payee"].history(coin))


def test_a_coin_with_another_record_is_not_received(town: Town, coin: int) -> None:
    town.paid(coin, "payer", "payee")
    history = town.wallets["payee"].history(coin)
    with pytest.raises(CoinRefused, match="not in the contract"):
        town.wallets["payee"].receive(replace(history, record=replace(history.record, value=50 * ETHER)))
    with pytest.raises(CoinRefused, match="was deposited by"):
        town.wallets["thief"].deposited(coin, history.record)


def test_a_coin_that_is_leaving_is_neither_received_nor_passed_on(town: Town, coin: int) -> None:
    payer, payee = town.wallets["payer"], town.wallets["payee"]
    signed = payer.transfer(coin, payee.address, FOREVER)
    town.chain.make(town.senders["payer"], payer.exit_kit(coin))
    payer.follow(coin, town.block(signed)[coin])
    with pytest.raises(CoinRefused, match="is exiting from block 0"):
        payee.receive(payer.history(coin))
    town.chain.make(town.senders["payee"], payer.guard(coin, 0))  # type: ignore[arg-type]
    payee.receive(payer.history(coin))
    town.wallets["payee"].exit(town.senders["payee"], coin)
    with pytest.raises(CoinRefused, match="is exiting"):
        payee.transfer(coin, town.keys["thief"].address, FOREVER)


def test_a_coin_that_an_operator_took_is_not_passed_on_and_still_goes_out(town: Town, coin: int) -> None:
    payer = town.wallets["payer"]
    stolen = town.block(town.forge(coin, 0))
    with pytest.raises(HistoryBroken, match="it is signed by"):
        payer.follow(coin, stolen[coin])
    with pytest.raises(CoinRefused, match="broke"):
        payer.transfer(coin, town.keys["payee"].address, FOREVER)
    with pytest.raises(HistoryBroken):
        payer.follow(coin, stolen[coin])
    broken = payer.broken(coin)
    assert broken is not None
    assert (broken.number, broken.proven) == (1, True)
    assert payer.standing(coin).owner == payer.address
    # The block proves what it did: nothing that anybody could show later makes the coin another's.
    payer.exit(town.senders["payer"], coin)
    assert town.chain.exit_of(coin, 0) is not None


def test_a_false_signature_of_the_own_transfer_does_not_spoil_a_coin(town: Town, coin: int) -> None:
    """Whoever serves it is at fault: another source has the right one, and the coin has moved."""
    payer = town.wallets["payer"]
    signed = payer.transfer(coin, town.keys["payee"].address, FOREVER)
    (moved,) = [town.block(signed)[coin]]
    assert isinstance(moved, Moved)
    false = Moved(signed._replace(signature=bytes(64)), moved.siblings)
    with pytest.raises(HistoryBroken, match="it is not shown"):
        payer.follow(coin, false)
    assert payer.broken(coin) is None
    assert payer.follow(coin, moved).owner == town.keys["payee"].address


def test_evidence_that_shows_nothing_does_not_spoil_a_coin(town: Town, coin: int) -> None:
    payer = town.wallets["payer"]
    town.block(town.forge(coin + 1, 0))
    with pytest.raises(HistoryBroken, match="not shown that the coin rested"):
        payer.follow(coin, SparseProof((b"\1" * 32,)))
    payer.follow(coin, town.tree.proof(coin))
    payer.transfer(coin, town.keys["payee"].address, FOREVER)


# --------------------------------------------------------------------------------------------------------- passing on


def test_two_transfers_of_a_coin_are_not_signed(town: Town, coin: int) -> None:
    payer = town.wallets["payer"]
    signed = payer.transfer(coin, town.keys["payee"].address, 2)
    assert payer.transfer(coin, town.keys["payee"].address, 2) == signed
    with pytest.raises(CoinRefused, match="double spend"):
        payer.transfer(coin, town.keys["watcher"].address, 9)
    with pytest.raises(CoinRefused, match="signed over until block 2"):
        payer.exit(town.senders["payer"], coin)
    for _ in range(2):
        town.block()
        payer.follow(coin, town.tree.proof(coin))
    payer.transfer(coin, town.keys["watcher"].address, 9)


def test_a_restart_forgets_no_coin_and_signs_none_twice(town: Town, coin: int, tmp_path: Path) -> None:
    town.paid(coin, "payer", "payee")
    town.block()
    town.wallets["payee"].follow(coin, town.tree.proof(coin))
    signed = town.wallets["payee"].transfer(coin, town.keys["watcher"].address, 9)
    before = town.wallets["payee"].standing(coin)
    again = town.open("payee", tmp_path)
    assert again.standing(coin) == before
    assert again.coins() == [coin]
    with pytest.raises(CoinRefused, match="double spend"):
        again.transfer(coin, town.keys["thief"].address, 9)
    assert again.transfer(coin, town.keys["watcher"].address, 9) == signed
    assert town.open("payer", tmp_path).coins() == []


def test_a_restart_after_a_reorganisation_keeps_what_still_holds(town: Town, coin: int, tmp_path: Path) -> None:
    payer = town.wallets["payer"]
    town.block()
    payer.follow(coin, town.tree.proof(coin))
    before = town.connection.snapshot()
    signed = payer.transfer(coin, town.keys["payee"].address, FOREVER)
    payer.follow(coin, town.block(signed)[coin])
    town.connection.revert(before)
    town.block()
    again = town.open("payer", tmp_path)
    assert (again.standing(coin).next_block, again.coins()) == (2, [coin])
    again.follow(coin, town.tree.proof(coin))
    again.follow(coin, town.block(signed)[coin])
    assert again.coins() == []


def test_a_coin_signed_over_goes_out_when_blocks_are_withheld(town: Town, coin: int) -> None:
    payer = town.wallets["payer"]
    payer.transfer(coin, town.keys["payee"].address, 2)
    for _ in range(3):
        town.block()
    payer.exit(town.senders["payer"], coin, though_signed=True)
    assert town.chain.exit_of(coin, 0) is not None


def test_what_is_not_ones_own_is_not_passed_on_or_taken_out(town: Town, coin: int) -> None:
    town.paid(coin, "payer", "payee")
    for act in (
        lambda: town.wallets["payer"].transfer(coin, town.keys["thief"].address, FOREVER),
        lambda: town.wallets["payer"].exit_kit(coin),
    ):
        with pytest.raises(CoinRefused, match="belongs to"):
            act()
    with pytest.raises(CoinRefused, match="not in this wallet"):
        town.wallets["thief"].transfer(coin, town.keys["thief"].address, FOREVER)


def test_a_transfer_needs_a_block_to_come(town: Town, coin: int) -> None:
    town.block()
    town.wallets["payer"].follow(coin, town.tree.proof(coin))
    with pytest.raises(RangeError, match="before the next block 2"):
        town.wallets["payer"].transfer(coin, town.keys["payee"].address, 1)
    with pytest.raises(CoinRefused, match="not submitted yet"):
        town.wallets["payer"].follow(coin, town.tree.proof(coin))


# ------------------------------------------------------------------------------------------------------------- guard


def test_an_invented_exit_is_challenged_with_the_last_true_transfer(town: Town, coin: int) -> None:
    town.paid(coin, "payer", "payee")
    payee = town.wallets["payee"]
    first = town.forge(coin, 1)
    one = town.block(first)[coin]
    header_one = town.header
    second = town.forge(coin, 2)
    two = town.block(second)[coin]
    assert isinstance(one, Moved)
    assert isinstance(two, Moved)
    record = payee.standing(coin).record
    shown = [
        Move(header, moved.signed.transaction, moved.signed.signature, moved.siblings).as_tuple()
        for header, moved in ((header_one, one), (town.header, two))
    ]
    town.chain.contract.transact(
        town.senders["thief"],
        "exitTransfer",
        coin,
        record.as_tuple(),
        *shown,
        value=COIN_DEVNET.exit_bond,
    )
    with pytest.raises(HistoryBroken):
        payee.follow(coin, one)
    call = payee.guard(coin, 3)
    assert call is not None
    assert (call.name, call.bond) == ("challengeBefore", "challenge")
    town.chain.make(town.senders["payee"], call)
    with pytest.raises(NotAnswerable):
        answer(payee.standing(coin), ExitView(3, 2), ChallengeView(payee.address, 1, payee.address))


def test_each_kind_of_exit_meets_its_contradiction(town: Town, coin: int) -> None:
    for giver, taker in (("payer", "payee"), ("payee", "watcher"), ("watcher", "payer")):
        town.paid(coin, giver, taker)
    standing = town.wallets["payer"].standing(coin)
    assert contradiction(standing, ExitView(3, 2)) is None
    said = {
        (number, prev): contradiction(standing, ExitView(number, prev))
        for number, prev in ((0, 0), (1, 0), (2, 1), (7, 1), (7, 2), (7, 3), (8, 7))
    }
    names = {place: call.name if call else None for place, call in said.items()}
    assert names == {
        (0, 0): "challengeAfter",
        (1, 0): "challengeAfter",
        (2, 1): "challengeAfter",
        (7, 1): "challengeBetween",
        (7, 2): "challengeBetween",
        (7, 3): None,
        (8, 7): "challengeBefore",
    }


def test_an_honest_exit_answers_every_challenge(town: Town, coin: int) -> None:
    for giver, taker in (("payer", "payee"), ("payee", "watcher"), ("watcher", "payer")):
        town.paid(coin, giver, taker)
    payer, thief = town.wallets["payer"], town.keys["thief"].address
    standing = payer.standing(coin)
    town.chain.make(town.senders["payer"], exit_kit(standing))
    chain = town.chain.contract
    bond = COIN_DEVNET.challenge_bond
    chain.transact(town.senders["thief"], "challengeBeforeByDeposit", coin, 3, standing.record.as_tuple(), value=bond)
    chain.transact(town.senders["thief"], "challengeBefore", coin, 3, standing.moves[0].as_tuple(), value=bond)
    town.connection.advance(COIN_DEVNET.exit_period // 2 + 1)
    for number, owner in ((0, town.keys["payer"].address), (1, town.keys["payee"].address)):
        challenge = ChallengeView(thief, number, owner)
        town.chain.make(town.senders["payer"], answer(standing, ExitView(3, 2), challenge))
    town.connection.advance(COIN_DEVNET.exit_period // 2 + 1)
    town.chain.finalize_exits(town.operator, (coin, 3, standing.record), gas=1_000_000)
    assert not town.chain.holds(coin, standing.record)


def test_an_address_without_code_is_no_coin_chain(town: Town) -> None:
    assert CoinChain.at(town.connection, town.chain.address).profile == COIN_DEVNET
    with pytest.raises(InputError, match="no code"):
        CoinChain.at(town.connection, town.keys["thief"].address)
