"""A wallet set up anew: what another one with its key has spent is in doubt until somebody can tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.integration.payments.wallet.conftest import ETHER
from tests.support.chains import steady_chain

from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import Signer
from layer2.plasma.common.watcher.actions import WatchPolicy
from layer2.plasma.common.watcher.block_sources import LocalBodies
from layer2.plasma.facade import PlasmaFacade
from layer2.plasma.payments.chain.contract import ExitStatus
from layer2.plasma.payments.chain.errors import FundsMissing
from layer2.plasma.payments.operator.client_protocol import LocalOperator
from layer2.plasma.payments.wallet.payment_status import PaymentStatus
from layer2.plasma.payments.wallet.recovery import recover
from layer2.plasma.payments.wallet.wallet import Wallet
from layer2.plasma.payments.watcher.watcher import Watcher
from layer2.primitives.addresses import Address
from layer2.testing.adversaries.payments.hostile_operator import HostileOperator


@dataclass
class Bodies:
    """The operator's bodies, but for those that are withheld."""

    inner: LocalBodies
    withheld: set[int] = field(default_factory=set)

    def body(self, number: int) -> bytes | None:
        return None if number in self.withheld else self.inner.body(number)


class Liar(LocalOperator):
    """Lists what it likes."""

    listed: tuple[int, ...] = ()

    def utxos(self, owner: Address) -> tuple[int, ...]:
        return self.listed


class Home:
    """A payer with two deposits, of which the first is spent, and a wallet of hers that knows nothing of it."""

    def __init__(self, connection: Connection, folder: Path) -> None:
        self.connection = connection
        operator, self.payer, self.payee, self.thief = connection.signers(4)
        self.plasma = PlasmaFacade.devnet(connection, operator, folder=folder)
        self.operator = Sender(connection, operator)
        first = self.plasma.wallet(self.payer)
        self.spent, self.kept = first.deposit("1 ether"), first.deposit("2 ether")
        self.sent = first.send(self.payee.address, "0.4 ether")
        self.plasma.operator.submit_block()
        self.bodies = Bodies(LocalBodies(self.plasma.operator.store))
        self.folder = folder
        self.open: list[Wallet | Watcher] = []

    def anew(self, who: Signer) -> Wallet:
        made = self.plasma.wallet(who, with_operator=False)
        self.open.append(made)
        made.look()
        return made

    def watcher(self) -> Watcher:
        start = self.plasma.local.start_block
        made = Watcher(self.plasma.root, self.bodies, start_block=start, policy=WatchPolicy(patience=0))
        self.open.append(made)
        made.step()
        return made

    def status(self, position: int) -> ExitStatus:
        known = {self.spent.position: self.spent, self.kept.position: self.kept}
        return self.plasma.root.exit(known[position].output_id).status


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(steady_chain(), tmp_path)
    yield made
    for one in made.open:
        one.close()
    made.plasma.close()


def states(wallet: Wallet) -> dict[int, str]:
    return {one.position: one.state for one in wallet.utxos()}


def test_what_was_paid_in_before_a_wallet_looked_is_in_doubt_and_stays(home: Home) -> None:
    anew = home.anew(home.payer)
    assert states(anew) == {home.spent.position: "doubtful", home.kept.position: "doubtful"}
    assert (anew.balance(incomplete=True), anew.in_doubt()) == (0, 3 * ETHER)
    assert anew.exit_all(incomplete=True) == []
    assert {kit.position for kit in anew.exits.plan().left_out} == {home.spent.position, home.kept.position}
    assert home.status(home.spent.position) is ExitStatus.NONE


def test_what_is_paid_in_later_is_not_in_doubt(home: Home) -> None:
    anew = home.anew(home.payer)
    later = anew.deposit("3 ether")
    # By somebody else too, under the eyes of this wallet.
    gift = home.plasma.wallet(home.payee).deposit("5 ether", to=home.payer.address)
    anew.look()
    assert (states(anew)[later.position], states(anew)[gift.position]) == ("free", "free")
    assert anew.balance(incomplete=True) == 8 * ETHER


def test_what_is_named_or_wanted_all_the_same_leaves(home: Home) -> None:
    anew = home.anew(home.payer)
    anew.exit(home.kept.position)
    assert states(anew) == {home.spent.position: "doubtful", home.kept.position: "leaving"}
    assert len(anew.exit_all(doubtful=True, incomplete=True)) == 1
    assert home.status(home.spent.position) is ExitStatus.OPEN


def test_doubt_outlives_the_process(home: Home) -> None:
    path = home.folder / "anew"
    for _ in range(2):
        wallet = Wallet(home.plasma.root, home.payer, path, home.plasma.local.new_chain_state())
        wallet.look()
        assert wallet.in_doubt() == 3 * ETHER
        wallet.close()


def test_an_operator_says_what_it_still_lists(home: Home) -> None:
    anew = home.anew(home.payer)
    anew.payments.gate = home.plasma.local.gate
    anew.sync()
    change = home.sent.transaction
    assert states(anew)[home.kept.position] == "free"
    assert states(anew)[home.spent.position] == "doubtful"
    assert anew.balance() == 2 * ETHER + change.outputs[1].amount
    anew.exit_all()
    assert home.status(home.kept.position) is ExitStatus.OPEN
    assert home.status(home.spent.position) is ExitStatus.NONE
    with pytest.raises(FundsMissing):
        anew.send(home.payee.address, "1 ether")


def test_an_operator_that_hides_a_deposit_does_not_make_it_vanish(home: Home) -> None:
    anew = home.anew(home.payer)
    anew.payments.gate = Liar(home.plasma.operator)
    anew.sync()
    assert states(anew)[home.kept.position] == "doubtful"
    anew.exit_all(doubtful=True)
    assert home.status(home.kept.position) is ExitStatus.OPEN


def test_bodies_convict_an_operator_that_lists_what_is_spent(home: Home) -> None:
    anew = home.anew(home.payer)
    liar = Liar(home.plasma.operator)
    liar.listed = (home.spent.position,)
    anew.payments.gate = liar
    anew.sync()
    assert states(anew)[home.spent.position] == "free"
    found = recover(anew, home.watcher())
    assert [kit.position for kit in found.spent] == [home.spent.position]
    assert home.spent.position not in states(anew)


def test_all_bodies_settle_all_doubt_without_any_operator(home: Home) -> None:
    anew, payee = home.anew(home.payer), home.anew(home.payee)
    found = recover(anew, home.watcher())
    assert (found.verified, found.posted, found.doubted, found.bad_block) == (1, 1, (), None)
    assert [kit.position for kit in found.spent] == [home.spent.position]
    change = home.sent.transaction.outputs[1].amount
    assert sorted(one.amount for one in anew.utxos()) == sorted([2 * ETHER, change])
    assert set(states(anew).values()) == {"free"}
    # What others paid is found too, with the proof that takes it out.
    assert [one.amount for one in recover(payee, home.watcher()).found] == [4 * ETHER // 10]
    payee.exit_all()
    home.connection.advance(home.plasma.exit_period + 1)
    assert len(payee.claim_all()) == 1
    # Again it finds nothing new.
    again = recover(anew, home.watcher())
    assert (again.found, again.spent, again.doubted) == ((), (), ())


def test_with_a_body_missing_nothing_is_taken_for_unspent(home: Home) -> None:
    home.plasma.wallet(home.payer).send(home.payee.address, "0.1 ether")
    home.plasma.operator.submit_block()
    home.bodies.withheld = {2}
    later = home.plasma.wallet(home.payee).deposit("7 ether")
    anew, payee = home.anew(home.payer), home.anew(home.payee)
    watcher = home.watcher()
    found = recover(anew, watcher)
    assert (found.verified, found.posted) == (1, 2)
    assert [kit.position for kit in found.spent] == [home.spent.position]
    assert home.kept.position in {kit.position for kit in found.doubted}
    # Paid in behind the missing block, where the ledger has not come to: it is not lost for that.
    assert later.position in {kit.position for kit in recover(payee, watcher).doubted}
    home.bodies.withheld.clear()
    watcher.step()
    assert recover(anew, watcher).doubted == ()


def test_a_block_that_spends_without_a_signature_spends_nothing(home: Home) -> None:
    hostile = HostileOperator(home.plasma.root, home.operator, Sender(home.connection, home.thief))
    theft = hostile.unsigned_spend(home.kept.position, 2 * ETHER)
    anew = home.anew(home.payer)
    honest = home.bodies
    watcher = Watcher(home.plasma.root, [honest, hostile], start_block=home.plasma.local.start_block)
    home.open.append(watcher)
    watcher.step()
    found = recover(anew, watcher)
    assert (found.bad_block, anew.distrusted) == (theft.number, theft.number)
    assert states(anew)[home.kept.position] == "doubtful"
    assert home.kept.position not in {kit.position for kit in found.spent}


def test_payments_of_a_backup_are_found_in_the_blocks(home: Home) -> None:
    first = home.plasma.wallet(home.payer)
    sent = first.send(home.payee.address, "0.1 ether")
    assert first.wallet_store.payment(sent.hash).state is PaymentStatus.PENDING
    home.plasma.operator.submit_block()
    recover(first, home.watcher())
    assert first.wallet_store.payment(sent.hash).state is PaymentStatus.INCLUDED


def test_a_kit_that_was_kept_settles_the_doubt_of_what_it_holds(home: Home, tmp_path: Path) -> None:
    first = home.plasma.wallet(home.payer)
    first.sync()
    first.export_kits(tmp_path / "kits.json")
    anew = home.anew(home.payer)
    taken = {one.position for one in anew.import_kits(tmp_path / "kits.json")}
    assert home.kept.position in taken
    assert states(anew)[home.kept.position] == "free"
    assert states(anew)[home.spent.position] == "doubtful"
