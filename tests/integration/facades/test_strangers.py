"""Every public verb of rollup, plasma and coins has its rule: a stranger is refused, or anybody may, and who pays.

A verb that is new and not listed here fails the first test. What the other rules say follows from what a verb takes:
it names nothing that could be another's.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest
from tests.support.facade_verbs import (
    COINS_FREE,
    COINS_REFUSED,
    PLASMA_FREE,
    PLASMA_PARTS,
    PLASMA_REFUSED,
    POSITION,
    ROLLUP_FREE,
    ROLLUP_REFUSED,
    RULES,
    Rule,
    frozen,
    named,
)

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.plasma.coins.devnet import DevnetCoinWallet
from layer2.plasma.facade import DevnetWallet as PlasmaWallet
from layer2.plasma.facade import PlasmaFacade
from layer2.plasma.payments.wallet.payment_status import SentPayment
from layer2.primitives.rejections import Rejected
from layer2.rollup.devnet import LocalRollup
from layer2.rollup.facade import DevnetWallet as RollupWallet
from layer2.rollup.facade import RollupFacade
from layer2.rollup.wallet.l1_actions import Outgoing
from layer2.testing import deploy_mock

from .conftest import ETHER


def public(kind: type) -> dict[str, object]:
    return {name: one for name, one in inspect.getmembers(kind) if not name.startswith("_")}


@pytest.mark.parametrize("kind", RULES, ids=lambda kind: f"{kind.__module__.split('.')[1]} {kind.__name__}")
def test_every_public_verb_has_its_rule(kind: type) -> None:
    """And who takes a sender is refused, or may be anybody."""
    assert sorted(public(kind)) == sorted(RULES[kind])
    rows = public(kind).items()
    taking = [name for name, one in rows if callable(one) and "sender" in inspect.signature(one).parameters]
    assert {RULES[kind][name] for name in taking} <= {Rule.REFUSED, Rule.ANYBODY}


def test_a_verb_that_is_new_has_no_rule_yet() -> None:
    class Growing(RollupWallet):
        def give_away(self, account: int) -> None:
            """Is not listed."""

    assert set(public(Growing)) - set(RULES[RollupWallet]) == {"give_away"}


def test_every_refusal_and_every_freedom_is_tried_here() -> None:
    tried = {RollupWallet: set(ROLLUP_REFUSED), DevnetCoinWallet: set(COINS_REFUSED)}
    for kind, part in PLASMA_PARTS.items():
        tried[kind] = {name.rpartition(".")[2] for name in PLASMA_REFUSED if name.rpartition(".")[0] == part}
    for kind in RULES:
        assert named(kind, Rule.REFUSED) == sorted(tried.get(kind, set())), kind
    free = {
        RollupWallet: ROLLUP_FREE,
        PlasmaWallet: PLASMA_FREE,
        DevnetCoinWallet: COINS_FREE,
        RollupFacade: {"propose": 0},
    }
    for kind in RULES:
        assert named(kind, Rule.ANYBODY) == sorted(free.get(kind, {})), kind


@pytest.fixture
def undone(chain):
    """The chain afterwards is the chain before."""
    before = chain.snapshot()
    yield chain
    chain.revert(before)


# --------------------------------------------------------------------------------------------------------- rollup


@pytest.fixture(scope="module")
def l2(chain, people, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollupFacade]:
    """All in calldata: the first blob of a process takes longer than all that is done here."""
    made = RollupFacade(LocalRollup(chain, people.operator, folder=tmp_path_factory.mktemp("l2"), data="calldata"))
    made.wallet(people.payer).deposit("2 ether")
    yield made
    made.close()


@pytest.fixture(scope="module")
def paying(l2: RollupFacade, people) -> Outgoing:
    """The payer has accounts of both keys in a final state, a withdrawal that is due, and a deposit that waits."""
    payer = l2.wallet(people.payer)
    payer.deposit("0.5 ether", to=payer.open())
    payer.withdraw("0.2 ether", account=payer.account(bls=False))
    l2.post()
    l2.settle()
    (out,) = payer.outgoing()
    l2.local.rollup.deposit(payer.sender, 0, ETHER // 10, payer.owners[0], 0)
    return out


@pytest.mark.parametrize("name", sorted(ROLLUP_REFUSED))
def test_a_stranger_moves_no_account_and_no_withdrawal_of_another(l2, people, paying, undone, name: str) -> None:
    payer, stranger = l2.wallet(people.payer), l2.wallet(people.attacker)
    mine = payer.account(bls=True)
    if name == "escape":
        frozen(l2, people)
        stranger = l2.wallet(people.attacker, with_sequencer=False)
    act, error, words = ROLLUP_REFUSED[name]
    before = payer.balance(), l2.sequencer.waiting, undone.block_number(), undone.balance(people.payer.address)
    with pytest.raises(error, match=words):
        act(stranger, mine, paying, None)
    assert (payer.balance(), l2.sequencer.waiting) == before[:2]
    assert (undone.block_number(), undone.balance(people.payer.address)) == before[2:]
    assert payer.outgoing()[0].paid is False


@pytest.mark.parametrize("name", ["send", "send_many", "withdraw"])
def test_without_a_sequencer_a_wallet_says_that_first(l2, people, paying, name: str) -> None:
    alone = l2.wallet(people.attacker, with_sequencer=False)
    with pytest.raises(Rejected, match=f"^{name}: this wallet has no sequencer"):
        ROLLUP_REFUSED[name][0](alone, l2.wallet(people.payer).account(bls=True), paying, None)


@pytest.mark.parametrize("name", sorted(ROLLUP_FREE))
def test_what_anybody_may_of_a_rollup_costs_its_caller_alone(l2, people, paying, undone, name: str) -> None:
    prepare, act, gained = ROLLUP_FREE[name]
    token = deploy_mock("MockToken", "Euro", "EUR", 6, sender=Sender(undone, people.operator)).address
    mine = l2.wallet(people.payer).account(bls=True)
    if prepare is not None:
        prepare(l2, people)
    stranger = l2.wallet(people.attacker, with_sequencer=False)
    stranger.replica.step()
    before = undone.balance(people.payer.address), undone.balance(people.attacker.address)
    act(stranger, mine, paying, token)
    assert undone.balance(people.payer.address) - before[0] == gained
    paid = before[1] - undone.balance(people.attacker.address)
    assert paid > 0 if name != "sign_claim" else paid == 0
    if name == "include":
        assert l2.rollup.inbox()[2] == l2.rollup.queue_length()
    if name == "deposit":
        assert paid > 3 * ETHER // 10


def test_who_signed_for_nothing_of_its_own_has_signed_nothing(l2, people, paying, undone) -> None:
    """What the target itself signs serves whoever brings it."""
    payer, stranger = l2.wallet(people.payer), l2.wallet(people.attacker)
    to = people.payee.address
    with pytest.raises(ContractReverted, match="InvalidProof"):
        payer.take_claim(paying, to, 2**40, stranger.sign_claim(paying, to, 2**40))
    stranger.take_claim(paying, to, 2**40, payer.sign_claim(paying, to, 2**40))
    payer.replica.step()
    assert payer.outgoing() == []
    assert [one.place for one in payer.outgoing(to)] == [paying.place]


def test_anybody_asserts_with_a_bond_of_its_own(l2: RollupFacade, people, paying, undone) -> None:
    rich = undone.balance(people.attacker.address), undone.balance(people.operator.address)
    l2.post()
    rich = rich[0], undone.balance(people.operator.address)
    made = l2.propose(sender=people.attacker)
    assert l2.rollup.status(made.claim.id)[0] == people.attacker.address
    assert undone.balance(people.attacker.address) <= rich[0] - l2.local.profile.bond
    assert undone.balance(people.operator.address) == rich[1]


# --------------------------------------------------------------------------------------------------------- plasma


@pytest.fixture(scope="module")
def paid(plasma: PlasmaFacade, people) -> SentPayment:
    made = plasma.wallet(people.payer).send(people.payee.address, "0.2 ether")
    plasma.operator.submit_block()
    return made


@pytest.fixture(scope="module")
def offer(plasma: PlasmaFacade, people, paid: SentPayment):
    """By the payer, for the payee."""
    sender = Sender(plasma.connection, people.operator)
    token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=sender)
    plasma.wallet(people.operator).register_token(token.address)
    plasma.wallet(people.payer).sync()
    return plasma.wallet(people.payer).swaps.propose(people.payee.address, give="0.1 ether", want=5, want_token=1)


@pytest.mark.parametrize("name", sorted(PLASMA_REFUSED))
def test_a_stranger_moves_no_output_of_another(plasma: PlasmaFacade, people, name, paid, offer) -> None:
    payer, stranger = plasma.wallet(people.payer), plasma.wallet(people.attacker)
    assert POSITION in [one.position for one in payer.utxos()]
    before = payer.balance(), plasma.connection.block_number(), plasma.operator.waiting
    act, error, words = PLASMA_REFUSED[name]
    with pytest.raises(error, match=words):
        act(stranger, paid, offer)
    assert (payer.balance(), plasma.connection.block_number(), plasma.operator.waiting) == before


def test_kits_of_another_are_not_taken_over(plasma: PlasmaFacade, people, paid, tmp_path) -> None:
    """Whoever has them knows where the money is, and owns none of it."""
    payer, stranger = plasma.wallet(people.payer), plasma.wallet(people.attacker)
    kits = payer.export_kits(tmp_path / "kits")
    assert payer.balance() == 18 * ETHER // 10
    assert stranger.import_kits(kits) == []
    assert stranger.adopt(payer.wallet_store.coins.values()) == []
    assert stranger.balance() == 0


@pytest.mark.parametrize("name", sorted(PLASMA_FREE))
def test_what_anybody_may_of_a_plasma_chain_costs_its_caller_alone(plasma, people, paid, offer, undone, name) -> None:
    token = deploy_mock("MockToken", "Euro", "EUR", 6, sender=Sender(undone, people.operator)).address
    payer, stranger = plasma.wallet(people.payer), plasma.wallet(people.attacker)
    before = payer.balance(), undone.balance(people.payer.address), undone.balance(people.attacker.address)
    PLASMA_FREE[name](stranger, people.payer.address, token)
    assert payer.balance() - before[0] == (3 * ETHER // 10 if name == "deposit" else 0)
    assert undone.balance(people.payer.address) == before[1]
    assert before[2] - undone.balance(people.attacker.address) > payer.balance() - before[0]


# ---------------------------------------------------------------------------------------------------------- coins


@pytest.fixture(scope="module")
def coin(plasma: PlasmaFacade, people) -> int:
    return plasma.coins.wallet(people.payer).deposit("1 ether")


@pytest.mark.parametrize("name", sorted(COINS_REFUSED))
def test_a_stranger_moves_no_coin_of_another(plasma: PlasmaFacade, people, name, coin) -> None:
    payer, stranger = plasma.coins.wallet(people.payer), plasma.coins.wallet(people.attacker)
    before = payer.coins(), plasma.connection.block_number(), plasma.coins.operator.waiting
    act, error, words = COINS_REFUSED[name]
    with pytest.raises(error, match=words):
        act(stranger, coin)
    assert (payer.coins(), plasma.connection.block_number(), plasma.coins.operator.waiting) == before
    assert stranger.coins() == []


@pytest.mark.parametrize("name", sorted(COINS_FREE))
def test_what_anybody_makes_a_coin_of_is_its_own(plasma, people, coin, undone, name: str) -> None:
    operator, stranger = Sender(undone, people.operator), plasma.coins.wallet(people.attacker)
    token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=operator)
    token.transact(operator, "mint", people.attacker.address, 5)
    nft = deploy_mock("MockNft", sender=operator)
    nft.transact(operator, "mint", people.attacker.address, 7)
    payer = plasma.coins.wallet(people.payer)
    before = payer.coins(), undone.balance(people.payer.address), undone.balance(people.attacker.address)
    made = COINS_FREE[name](stranger, token, nft)
    assert (payer.coins(), undone.balance(people.payer.address)) == before[:2]
    assert undone.balance(people.attacker.address) < before[2]
    assert made in stranger.coins()
