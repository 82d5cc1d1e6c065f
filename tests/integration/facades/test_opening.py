"""A channel is there when its money is: a refused opening leaves none, and a crash in between loses none."""

from __future__ import annotations

from pathlib import Path

import pytest

from layer2.channels.hub import HubFacade
from layer2.channels.party import opening_intents as intents
from layer2.channels.party.opening_intents import FAULT_POINTS, OpeningIntents
from layer2.channels.protocol.channel_key import ChannelKey
from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import ConnectionFailed, InsufficientFunds, TransactionTimeout
from layer2.ethereum.sender import Sender
from layer2.testing import deploy_mock
from layer2.testing.revert_checks.reverts import reverts

from .conftest import ETHER


class Killed(BaseException):
    """The process ended here."""


@pytest.fixture(scope="module")
def address(chain: Connection, people) -> str:
    return HubFacade.deploy(chain, people.operator).address


@pytest.fixture
def hub(chain: Connection, address: str, tmp_path: Path):
    made = HubFacade.at(chain, address, store=tmp_path)
    yield made
    made.release()


def left_in(folder: Path) -> list[Path]:
    return [one for one in folder.glob("*.opening/*") if one.is_file()]


def killed_at(point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(name: str) -> None:
        if name == point:
            raise Killed(point)

    monkeypatch.setattr(intents, "fault_point", fault)


@pytest.mark.parametrize("deposit", ["9000000 ether", str(1 << 100) + " wei"])
def test_a_refused_opening_leaves_no_channel_and_no_key(hub, people, tmp_path, deposit) -> None:
    good = hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour")
    with pytest.raises(InsufficientFunds, match="has .* ether, .* and the gas are needed"):
        hub.open(people.payer, people.payee, deposit=deposit, dispute="1 hour")
    for who in (people.payer, people.payee):
        assert hub.party(who).channels == (good.id,)
    assert left_in(tmp_path) == []
    hub.release()
    again = HubFacade.at(hub.connection, hub.address, store=tmp_path)
    assert again.party(people.payer).channels == (good.id,)
    again.release()


def test_a_token_that_is_not_there_opens_no_channel(hub, people, chain, tmp_path) -> None:
    token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=Sender(chain, people.operator))
    # Nothing of it is there: the hub's balance does not grow.
    with reverts("InsufficientTransfer", token=token.address, have=0, need=5 * 10**6):
        hub.open(people.payer, people.payee, deposit="5 USD", token=token.address, dispute="1 hour")
    assert hub.party(people.payer).channels == ()
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("point", FAULT_POINTS)
def test_a_kill_between_loses_no_money(hub, people, chain, tmp_path, point, monkeypatch) -> None:
    before = chain.balance(hub.address)
    killed_at(point, monkeypatch)
    with pytest.raises(Killed):
        hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour")
    paid = chain.balance(hub.address) - before
    assert paid == (0 if point == "intents.recorded" else ETHER)
    assert len(left_in(tmp_path)) == 1
    assert left_in(tmp_path)[0].stat().st_mode & 0o077 == 0
    monkeypatch.undo()
    hub.release()
    again = HubFacade.at(chain, hub.address, store=tmp_path)
    party = again.party(people.payer)
    assert [party.state(one).balance for one in party.channels] == ([ETHER] if paid else [])
    if paid:
        assert left_in(tmp_path) == []
        again.channel(party.state(party.channels[0]).key, people.payer, people.payee).pay("0.1 ether")
    else:
        # Nobody knows yet whether it was sent: it is kept until it can never come.
        assert len(left_in(tmp_path)) == 1
        chain.advance(86_401)
        again.release()
        assert again.party(people.payer).channels == ()
        assert left_in(tmp_path) == []
    again.release()


@pytest.mark.parametrize("failure", [ConnectionFailed("gone"), TransactionTimeout("late")])
def test_a_deposit_whose_fate_is_unknown_is_kept_and_found(hub, people, chain, tmp_path, failure, monkeypatch) -> None:
    send = HubFacade.deposit

    def sent_and_lost(self, sender, key, amount_a, amount_b=0):
        send(self, sender, key, amount_a, amount_b)
        raise failure

    monkeypatch.setattr(HubFacade, "deposit", sent_and_lost)
    with pytest.raises(type(failure)):
        hub.open(people.payer, people.payee, deposit="1 ether", dispute="1 hour")
    monkeypatch.undo()
    assert hub.party(people.payer).channels == ()
    assert len(left_in(tmp_path)) == 1
    hub.release()
    assert [hub.party(people.payer).state(one).balance for one in hub.party(people.payer).channels] == [ETHER]
    assert left_in(tmp_path) == []


def test_what_is_no_key_is_passed_over(hub, people, tmp_path) -> None:
    folder = tmp_path / "x.opening"
    folder.mkdir()
    key: ChannelKey = hub.key(people.payer.address, people.payee.address)
    (folder / key.id.hex()).write_bytes(key.encode()[:-1])
    (folder / ("00" * 32)).write_bytes(key.encode())
    found = OpeningIntents(folder, hub)
    assert found.waiting() == []
    (folder / key.id.hex()).write_bytes(key.encode())
    assert found.waiting() == [key]
