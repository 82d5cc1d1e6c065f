"""Accounts and amounts of every kind: taken by all families alike, or refused before anything is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from eth_account import Account
from tests.support.nonsense import NO_ACCOUNTS, NO_AMOUNTS, NO_DURATIONS, AddressOnly, Claims

from layer2.ape import connection_from_ape
from layer2.channels.channel import Channel
from layer2.channels.hub import HubFacade
from layer2.channels.permissions import NotAParty
from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner, SignerUnusable, as_signer
from layer2.plasma.coins.devnet import LocalCoins
from layer2.plasma.devnet import LocalPlasma
from layer2.plasma.facade import PlasmaFacade
from layer2.primitives.errors import InputError, MalformedError, RangeError
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.facade import RollupFacade
from layer2.testing.isolation import isolated

from .conftest import ETHER

KEYS = (b"\x21" * 32, b"\x22" * 32)


@pytest.fixture(scope="module")
def strangers(chain: Connection) -> list[Any]:
    """Two accounts of eth-account with ether."""
    made = [Account.from_key(one) for one in KEYS]
    sender = Sender(chain, chain.signers(4)[3])
    for one in made:
        sender.send(one.address, value=10 * ETHER)
    return made


def held(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*")}


# ------------------------------------------------------------------------------------------------------- accounts


@pytest.mark.parametrize("what", NO_ACCOUNTS)
def test_what_is_no_account_is_not_taken_for_one(what) -> None:
    with pytest.raises(SignerUnusable) as refused:
        as_signer(NO_ACCOUNTS[what])
    # It may have been a secret.
    assert "21" * 8 not in str(refused.value)


def test_accounts_of_ours_and_of_eth_account_are_taken(chain) -> None:
    local = Account.from_key(KEYS[0])
    assert as_signer(local).address == local.address
    for one in chain.signers(1):
        assert as_signer(one) is one


@pytest.mark.parametrize("what", NO_ACCOUNTS)
def test_no_facade_takes_what_is_no_account_or_keeps_anything_of_it(
    chain: Connection, people: SimpleNamespace, tmp_path: Path, what: str, hub: HubFacade, channel: Channel
) -> None:
    bad: Any = NO_ACCOUNTS[what]
    known = dict(vars(hub)["_parties"]), dict(vars(hub._senders)["_senders"]), held(hub.store)
    before = chain.block_number()
    acts: list[Callable[[], Any]] = [
        lambda: HubFacade.deploy(chain, bad),
        lambda: hub.open(bad, people.payee, deposit="1 ether"),
        lambda: hub.party(bad),
        lambda: hub.sender(bad),
        lambda: hub.collect(bad),
        lambda: hub.channel(channel.key, bad),
        lambda: hub.session(bad, channel.key, channel.grant(people.operator.address, "1 gwei")),
        lambda: RollupFacade.devnet(chain, bad, folder=tmp_path),
        lambda: LocalRollup(chain, bad, folder=tmp_path),
        lambda: PlasmaFacade.devnet(chain, bad, folder=tmp_path),
        lambda: LocalPlasma(chain, bad, folder=tmp_path),
        lambda: LocalCoins(chain, bad, folder=tmp_path),
        lambda: Sender(chain, bad),
    ]
    if bad is not None:
        acts += [lambda: channel.pay("1 gwei", sender=bad), lambda: channel.settle(bad)]
    if not isinstance(bad, str):
        acts.append(lambda: hub.open(people.payer, bad, deposit="1 ether"))
    for act in acts:
        with pytest.raises(SignerUnusable):
            act()
    if isinstance(bad, str) and what != "an address":
        # A payee need not sign: text is read as its address.
        with pytest.raises(MalformedError, match="is not an address"):
            hub.open(people.payer, bad, deposit="1 ether")
    assert (dict(vars(hub)["_parties"]), dict(vars(hub._senders)["_senders"]), held(hub.store)) == known
    assert held(tmp_path) == set()
    assert chain.block_number() == before


@pytest.mark.parametrize("what", NO_ACCOUNTS)
def test_no_wallet_is_opened_for_what_is_no_account(
    l2: RollupFacade, plasma: PlasmaFacade, what: str, chain: Connection
) -> None:
    bad: Any = NO_ACCOUNTS[what]
    before = held(plasma.local.folder), chain.block_number()
    for act in (
        lambda: l2.wallet(bad),
        lambda: l2.wallet(bad, with_sequencer=False),
        lambda: l2.propose(sender=bad or 0),
        lambda: plasma.wallet(bad),
        lambda: plasma.wallet(bad, with_operator=False),
        lambda: plasma.coins.wallet(bad),
    ):
        with pytest.raises(SignerUnusable):
            act()
    assert (held(plasma.local.folder), chain.block_number()) == before


def test_accounts_of_eth_account_work_in_every_family(chain, people, strangers, hub, l2, plasma) -> None:
    one, other = strangers
    channel = hub.open(one, other, deposit="1 ether", dispute="1 hour")
    channel.pay("0.4 ether", sender=one)
    # The same keys as signers of ours are the same parties.
    again = hub.channel(channel.key, LocalSigner(KEYS[0]), LocalSigner(KEYS[1]))
    again.pay("0.1 ether", sender=LocalSigner(KEYS[1]))
    assert channel.balances == (7 * ETHER // 10, 3 * ETHER // 10)
    channel.close(sender=other)

    mine = l2.wallet(one)
    mine.deposit("1 ether")
    l2.wallet(people.payer).send(one, "0.1 ether")
    l2.post()
    assert mine.balance() == 11 * ETHER // 10

    wallet_store = plasma.wallet(one)
    wallet_store.deposit("1 ether")
    wallet_store.send(other, "0.25 ether")
    plasma.operator.submit_block()
    assert plasma.wallet(other).balance() == ETHER // 4
    coin = plasma.coins.wallet(one).deposit("0.5 ether")
    plasma.coins.wallet(one).send(coin, other)
    plasma.coins.operator.submit_block()
    plasma.coins.wallet(other).receive(coin)
    assert coin in plasma.coins.wallet(other).coins()


def test_accounts_of_ape_work_in_every_family(networks: Any, accounts: Any, tmp_path: Path) -> None:
    operator, payer, payee, attacker = accounts[:4]
    with isolated(connection_from_ape(networks.active_provider)) as connection:
        hub = HubFacade.deploy(connection, operator, store=tmp_path)
        channel = hub.open(payer, payee, deposit="1 ether", dispute="1 hour")
        channel.pay("0.4 ether", sender=payer)
        channel.pay("0.1 ether", sender=payee)
        with pytest.raises(NotAParty):
            channel.pay("0.1 ether", sender=attacker)
        assert channel.balances == (7 * ETHER // 10, 3 * ETHER // 10)
        channel.close(sender=payee)
        hub.release()
        l2 = RollupFacade.devnet(connection, operator, challenger=attacker)
        l2.wallet(payer).deposit("1 ether")
        assert l2.wallet(payer).balance() == ETHER
        plasma = PlasmaFacade.devnet(connection, operator)
        plasma.wallet(payer).deposit("1 ether")
        plasma.wallet(payer).send(payee, "0.25 ether")
        plasma.operator.submit_block()
        assert plasma.wallet(payee).balance() == ETHER // 4
        assert plasma.coins.wallet(payer).deposit("0.5 ether") in plasma.coins.wallet(payer).coins()
        plasma.close()


def test_a_bad_account_does_not_spoil_the_good_one(chain, people, tmp_path, strangers) -> None:
    hub = HubFacade.deploy(chain, people.operator, store=tmp_path)
    for bad in (AddressOnly(), Claims(), "payer"):
        with pytest.raises(SignerUnusable):
            hub.open(bad, strangers[1], deposit="1 ether")  # type: ignore[arg-type]
    assert hub.open(*strangers, deposit="1 ether", dispute="1 hour").balances == (ETHER, 0)
    hub.release()


# -------------------------------------------------------------------------------------------------------- amounts


@pytest.mark.parametrize("what", NO_AMOUNTS)
def test_no_facade_takes_what_is_no_amount(
    what: str, hub: HubFacade, channel: Channel, people: SimpleNamespace, l2: RollupFacade, plasma: PlasmaFacade
) -> None:
    bad, kind, words = NO_AMOUNTS[what]
    to = people.payee.address
    wallet, wallet_store, coins = (
        l2.wallet(people.payer),
        plasma.wallet(people.payer),
        plasma.coins.wallet(people.payer),
    )
    wallet_store.sync()
    before = hub.connection.block_number(), held(hub.store), channel.parties["A"].channels
    acts: list[Callable[[], Any]] = [
        lambda: hub.open(people.payer, people.payee, deposit=bad),
        lambda: hub.open(people.payer, people.payee, deposit="1 ether", peer_deposit=bad),
        lambda: channel.pay(bad),
        lambda: channel.pay_many(bad, 2),
        lambda: channel.request(bad),
        lambda: channel.grant(to, bad),
        lambda: channel.conditional(bad, preimage=b"\7" * 32),
        lambda: channel.virtual(bad, payer=to, payee=people.payer.address),
        lambda: channel.deposit(bad),
        lambda: channel.withdraw(bad),
        lambda: channel.withdraw("1 gwei", peer_amount=bad),
        lambda: channel.move(channel, bad),
        lambda: wallet.deposit(bad),
        lambda: wallet.send(1, bad),
        lambda: wallet.send(1, "1 gwei", fee=bad),
        lambda: wallet.send_many([(1, "1 gwei"), (1, bad)]),
        lambda: wallet.withdraw(bad),
        lambda: wallet.force(bad, to),
        lambda: wallet_store.deposit(bad),
        lambda: wallet_store.send(to, bad),
        lambda: wallet_store.send(to, "1 gwei", fee=bad),
        lambda: wallet_store.split([bad]),
        lambda: wallet_store.merge(fee=bad),
        lambda: coins.deposit(bad),
    ]
    for act in acts:
        with pytest.raises(kind, match=re.escape(words)):
            act()
    assert (hub.connection.block_number(), held(hub.store), channel.parties["A"].channels) == before
    assert l2.sequencer.waiting == 0
    assert plasma.operator.waiting == 0


@pytest.mark.parametrize(("bad", "kind", "words"), NO_DURATIONS)
def test_no_facade_takes_what_is_no_duration(
    bad: Any, kind: type[InputError], words: str, hub: HubFacade, channel: Channel, people
) -> None:
    before = hub.connection.block_number(), channel.parties["A"].channels
    acts: list[Callable[[], Any]] = [
        lambda: hub.open(people.payer, people.payee, deposit="1 ether", dispute=bad),
        lambda: hub.open(people.payer, people.payee, deposit="1 ether", open_within=bad),
        lambda: channel.request("1 gwei", valid=bad),
        lambda: channel.grant(people.payee.address, "1 gwei", valid=bad),
        lambda: channel.conditional("1 gwei", preimage=b"\7" * 32, expiry=bad),
        lambda: channel.withdraw("1 gwei", valid=bad),
        lambda: channel.move(channel, "1 gwei", valid=bad),
    ]
    for act in acts:
        with pytest.raises(kind, match=re.escape(words)):
            act()
    assert (hub.connection.block_number(), channel.parties["A"].channels) == before


@pytest.mark.parametrize("bad", [None, "x", 7, 1.5, b"", [], object()])
def test_what_is_no_proof_no_request_and_no_channel_is_refused(bad: Any, channel: Channel) -> None:
    proof = "a Payment or LockPayment needed"
    acts: list[tuple[Callable[[], Any], str]] = [
        (lambda: channel.receive(bad), proof),
        (lambda: channel.verify(bad), proof),
        (lambda: channel.honour(bad), "a PaymentRequest needed"),
        (lambda: channel.move(bad, "1 gwei"), "a channel needed"),
    ]
    if bad is not None:
        acts += [
            (lambda: channel.dispute(bad), proof),
            (lambda: channel.post(bad), proof),
            (lambda: channel.claim(bad), proof),
            (lambda: channel.close(bad), "the peer's CloseTerms needed"),
        ]
    for act, needed in acts:
        with pytest.raises(MalformedError, match=f"{type(bad).__name__} given, {needed}"):
            act()


def no_receiver(bad: Any, by: str) -> tuple[type[InputError], str]:
    """What is said of a receiver that is none: where it is an address, a number or a signer, a signer, an address."""
    if by == "address":
        return MalformedError, "address"
    if isinstance(bad, str):
        return MalformedError, "is not an address"
    if by == "number" and isinstance(bad, int):
        return (MalformedError if bad is True else RangeError), f"to is {bad}, need"
    return SignerUnusable, f"{type(bad).__name__} given, an account that signs needed"


@pytest.mark.parametrize("bad", [None, 1.5, True, b"", "payer", "0x12", "0x" + "11" * 21, [], -1, 1 << 70, object()])
def test_who_is_paid_is_somebody(bad: Any, l2: RollupFacade, plasma: PlasmaFacade, hub: HubFacade, people) -> None:
    wallet, wallet_store, coins = (
        l2.wallet(people.payer),
        plasma.wallet(people.payer),
        plasma.coins.wallet(people.payer),
    )
    coin = next(iter(coins.coins()), None) or coins.deposit("1 ether")
    acts: list[tuple[Callable[[], Any], str]] = [
        (lambda: wallet.send(bad, "1 gwei"), "number"),
        (lambda: wallet.send_many([(1, "1 gwei"), (bad, "1 gwei")]), "number"),
        (lambda: hub.open(people.payer, bad, deposit="1 ether"), "signer"),
        (lambda: wallet_store.send(bad, "1 gwei"), "address"),
        (lambda: coins.send(coin, bad), "address"),
    ]
    for act, by in acts:
        kind, words = no_receiver(bad, by)
        with pytest.raises(kind, match=words):
            act()
    assert l2.sequencer.waiting == 0
    assert plasma.operator.waiting == 0
    assert plasma.coins.operator.waiting == 0
