"""Channels in tokens of six decimals, without return values, and with a contract as a party, through the node."""

from __future__ import annotations

import pytest

from layer2.channels.contract import calls as hubcalls
from layer2.channels.hub import HubFacade
from layer2.channels.party.session_party import SessionParty
from layer2.channels.protocol.messages import RIGHT_TO_PAY, Session, Voucher
from layer2.channels.protocol.proofs import Payment
from layer2.channels.protocol.session_keys import SessionGrant
from layer2.channels.watchtower.watchtower import Watchtower
from layer2.ethereum.assets import asset_at
from layer2.ethereum.connection import Connection
from layer2.ethereum.contract import Contract
from layer2.ethereum.sender import Sender
from layer2.primitives.errors import InputError, MalformedError, SignatureError
from layer2.testing import deploy_mock


@pytest.fixture
def token(hub: HubFacade, chain: Connection, people) -> Contract:
    dollar = deploy_mock("MockToken", "Dollar", "USD", 6, sender=Sender(chain, people.operator))
    for one in (people.payer, people.payee):
        dollar.transact(Sender(chain, people.operator), "mint", one.address, 100_000_000)
    return dollar


def test_a_token_channel_speaks_in_the_tokens_own_units(hub, people, token) -> None:
    channel = hub.open(people.payer, people.payee, deposit="50 USD", dispute="1 hour", token=token.address)
    channel.pay("12.5 USD")
    channel.pay("0.000001 token")
    channel.pay(1)
    assert channel.balances == (37_499_998, 12_500_002)
    assert "payer=37.499998 USD payee=12.500002 USD" in repr(channel)
    channel.close()
    assert token.call("balanceOf", people.payee.address) == 112_500_002
    assert token.call("balanceOf", people.payer.address) == 87_499_998


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("5 ether", "an amount of USD .* needed"),
        ("5 wei", "an amount of USD .* needed"),
        ("0.0000001 USD", "finer than one smallest unit"),
        ("5 EUR", "unknown unit 'eur'"),
    ],
)
def test_an_amount_of_something_else_or_too_fine_is_refused(hub, people, token, amount: str, words: str) -> None:
    channel = hub.open(people.payer, people.payee, deposit="50 USD", dispute="1 hour", token=token.address)
    with pytest.raises(InputError, match=words):
        channel.pay(amount)
    assert channel.balances == (50_000_000, 0)


def test_an_account_is_no_token(hub, people) -> None:
    with pytest.raises(InputError, match="no code"):
        hub.open(people.payer, people.payee, deposit=5, token=people.attacker.address)


def test_a_stale_proof_in_a_token_channel_is_answered_and_settled(hub, chain, people, token, tower_sender) -> None:
    channel = hub.open(people.payer, people.payee, deposit="50 USD", dispute="1 hour", token=token.address)
    old, new = channel.pay("1 USD"), channel.pay("9 USD")
    tower = Watchtower(chain, hub, tower_sender, settle=True)
    tower.watch(channel.key, "A", new)
    channel.dispute(old, sender=people.payer)
    assert [(one.act, one.done) for one in tower.step()] == [("post", True)]
    chain.advance(3601)
    assert [(one.act, one.done) for one in tower.step()] == [("settle", True)]
    assert token.call("balanceOf", people.payee.address) == 110_000_000


def test_a_token_without_return_values_goes_in_and_out(hub, chain, people) -> None:
    silent = deploy_mock("NoReturnToken", sender=Sender(chain, people.operator))
    silent.transact(Sender(chain, people.operator), "mint", people.payer.address, 1_000)
    channel = hub.open(people.payer, people.payee, deposit=600, dispute="1 hour", token=silent.address)
    channel.deposit(100)
    channel.pay(250)
    channel.close()
    assert silent.call("balanceOf", people.payee.address) == 250
    assert silent.call("balanceOf", people.payer.address) == 750


def test_a_symbol_that_is_no_word_is_not_shown(hub, chain, people) -> None:
    shouting = deploy_mock("MockToken", "Evil", "USD; rm -rf", 6, sender=Sender(chain, people.operator))
    asset = asset_at(chain, shouting.address)
    assert (asset.symbol, asset.decimals) == ("", 6)
    with pytest.raises(MalformedError, match="the token"):
        asset.parse("5 ether")


def test_a_payee_takes_payments_of_a_smart_wallet_by_a_key_that_it_registered_for_good(
    hub, chain, people, tmp_path
) -> None:
    """A wallet could deny its ERC-1271 signature later; a session that it registered on chain it cannot take back."""
    paying = Sender(chain, people.payer)
    wallet = deploy_mock("SmartWallet", people.payer.address, sender=Sender(chain, people.operator))
    key = hub.key(wallet.address, people.payee.address, dispute="1 hour")
    hub.deposit_eth(hub.sender(people.operator), key, 10**18)
    payee = hub.party(people.payee)
    payee.join(key)
    signed = people.payer.sign_digest(Voucher(key.id, 500).digest(hub.domain))
    with pytest.raises(SignatureError):
        payee.receive(Payment(key.id, 500, signed))
    session = Session(key.id, people.payer.address, 10**18, chain.timestamp() + 86_400, RIGHT_TO_PAY)
    grant = SessionGrant(session, wallet.address, b"")
    payer = SessionParty.open_for(people.payer, wallet.address, hub, tmp_path / "wallet.journal")
    with pytest.raises(SignatureError, match="registered"):
        payer.accept(key, grant)
    call = hubcalls.register_session(session)
    wallet.transact(paying, "execute", hub.address, 0, hub.contract.encode(call.name, *call.args))
    payer.accept(key, grant)
    payment = payer.pay(key.id, 500)
    assert payee.receive(payment) == 500
    with pytest.raises(SignatureError):
        payee.receive(payment._replace(amount=600))
    channel = hub.channel(key, people.payee)
    channel.dispute(sender=people.payee)
    assert channel.view().sent_a == 500
    payer.close()
