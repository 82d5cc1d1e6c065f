"""The whole family in one object, with the real operator and the watcher; and wallets that die at each point."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.payments.wallet.conftest import ETHER, World
from tests.support.chains import steady_chain

from layer2.ethereum.connection import Connection
from layer2.plasma.common.errors import InputSpent
from layer2.plasma.facade import PlasmaFacade
from layer2.plasma.payments.chain.contract import ExitStatus, Proof, Spend
from layer2.plasma.payments.wallet.payment_status import PaymentStatus
from layer2.plasma.payments.wallet.wallet import Wallet
from layer2.primitives.errors import InputError


@pytest.fixture
def connection() -> Connection:
    return steady_chain()


@pytest.fixture
def home(connection: Connection, tmp_path: Path) -> Iterator[PlasmaFacade]:
    operator, watcher = connection.signers(8)[0], connection.signers(8)[7]
    made = PlasmaFacade.devnet(connection, operator, folder=tmp_path, watcher=watcher)
    yield made
    made.close()


def test_the_lines_of_the_console_work(home: PlasmaFacade, connection: Connection) -> None:
    _, payer, payee, *_ = connection.signers(8)
    coin = home.wallet(payer).deposit("1 ether")
    home.wallet(payer).send(payee, "0.4 ether")
    assert home.wallet(payee).balance() == 0
    home.operator.submit_block()
    home.wallet(payee).exit_all()
    assert home.claim_all() == []
    connection.advance(home.exit_period)
    before = connection.balance(payee.address)
    assert len(home.claim_all()) == 1
    assert connection.balance(payee.address) - before >= 4 * ETHER // 10
    assert home.root.exit(coin.output_id).status is ExitStatus.NONE
    assert home.wallet(payer).balance() == 6 * ETHER // 10


def test_only_who_signs_has_a_wallet(home: PlasmaFacade) -> None:
    with pytest.raises(InputError, match="an account that signs"):
        home.wallet("0x" + "11" * 20)


def test_the_operator_refuses_what_another_wallet_of_the_key_has_spent(
    home: PlasmaFacade, connection: Connection
) -> None:
    _, payer, payee, *_ = connection.signers(8)
    home.wallet(payer).deposit("1 ether")
    twin = home.wallet(payer, with_operator=False)
    twin.payments.gate = home.local.gate
    twin.sync()
    home.wallet(payer).send(payee, "0.4 ether")
    with pytest.raises(InputSpent):
        twin.send(payee.address, "0.5 ether")
    assert [one.state for one in twin.wallet_store.sent.values()] == [PaymentStatus.REFUSED]
    twin.close()


def test_the_watcher_stops_an_exit_of_what_was_spent(home: PlasmaFacade, connection: Connection) -> None:
    _, payer, payee, *_ = connection.signers(8)
    wallet = home.wallet(payer)
    coin = wallet.deposit("1 ether")
    wallet.send(payee, "1 ether")
    home.operator.submit_block()
    wallet.exit(coin.position)
    home.wallet(payee).exit_all()
    home.watch()
    assert home.root.exit(coin.output_id).status is ExitStatus.CHALLENGED
    (kit,) = home.wallet(payee).wallet_store.coins.values()
    assert home.root.exit(kit.output_id).status is ExitStatus.OPEN
    assert wallet.distrusted is None


# ---------------------------------------------------------------------------------------------------------- crashes


class _Stop(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize(("point", "signed"), [("wallet.sign.before", 0), ("wallet.sign.durable", 1)])
def test_a_signature_goes_out_only_once_it_is_durable(
    world: World, monkeypatch: pytest.MonkeyPatch, point: str, signed: int
) -> None:
    payer = world.wallet(world.payer, name="payer")
    payer.deposit("1 ether")

    def die(name: str) -> None:
        if name == point:
            raise _Stop

    with monkeypatch.context() as patch:
        patch.setattr("layer2.plasma.payments.wallet.wallet_store.fault_point", die)
        with pytest.raises(_Stop):
            payer.send(world.payee.address, "0.4 ether")
    assert world.gate.taken == []
    payer.close()
    again: Wallet = world.wallet(world.payer, name="payer")
    again.sync()
    assert len(again.wallet_store.open) == signed
    # What was signed binds; it is handed out again as it is, never another one in its place.
    assert again.balance() == (0 if signed else ETHER)
    for one in again.wallet_store.open:
        again.payments.deliver(one.hash)
    assert len(world.gate.taken) == signed


def test_an_exit_that_started_before_the_crash_is_found(world: World, payer: Wallet) -> None:
    kit = payer.deposit("1 ether")
    world.root.start_exits(payer.sender, [kit.proof])
    assert payer.exit_all() == []
    world.mature()
    payer.look()
    payer.claim_all()
    assert world.root.exit(kit.output_id).status is ExitStatus.PAID
    assert payer.utxos() == []


def test_an_in_flight_exit_that_started_before_the_crash_is_found(world: World, payer: Wallet) -> None:
    kit = payer.deposit("1 ether")
    sent = payer.send(world.payee.address, "0.4 ether")
    world.root.start_in_flight_exit(payer.sender, sent.kit.proof, [kit.proof], sent.kit.payment.signatures, 0x20)
    assert payer.exit_all() == []
    assert payer.wallet_store.games == {sent.hash: 0x20}
    world.mature()
    assert len(payer.claim_all()) == 1
    assert world.root.exit(sent.transaction.output_id(1)).status is ExitStatus.PAID


def test_a_stopped_exit_is_not_claimed(world: World, payer: Wallet) -> None:
    kit = payer.deposit("1 ether")
    sent = payer.send(world.payee.address, "1 ether")
    payer.exit(kit.position)
    spend = Spend(Proof.of_nothing(sent.transaction.packed), sent.kit.payment.signatures[0])
    world.root.challenge_exit(world.sender, kit.proof, spend)
    world.mature()
    assert payer.claim_all() == []
