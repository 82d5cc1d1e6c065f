"""Campaigns of a hostile operator who works for a thief: whatever they do, every honest owner ends whole, to the wei.

Owners do one thing: when a watcher says that the chain is not healthy, they start exits of what older blocks made, and
in-flight exits of payments that may or may not have been included. Watchers do the rest.
"""

from __future__ import annotations

from collections import Counter

import pytest
from tests.support.payments.watcher_world import ETHER, W, World

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.records import Receipt
from layer2.plasma.common.watcher.actions import WatchPolicy
from layer2.plasma.payments.chain.contract import ExitStatus, InFlightStatus, Proof
from layer2.plasma.payments.chain.exit_proofs import DepositExitProof, Kit
from layer2.plasma.protocol.signing import Signed
from layer2.testing.adversaries.payments.hostile_operator import Lie
from layer2.testing.revert_checks.reverts import reverts

QUARTER = ETHER // 4
POLICY = WatchPolicy(patience=60, question=None, urgent=0)


class Campaign:
    """Three honest owners, money in blocks and in flight, a thief with a deposit, a watcher with a key."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.people = {"payer": world.payer, "payee": world.payee, "second": world.second}
        self.before = {name: world.connection.balance(one.address) for name, one in self.people.items()}
        self.thief_before = world.connection.balance(world.thief.address)
        self.gas: Counter[str] = Counter()
        self.bounties: Counter[str] = Counter()
        self.watcher = world.watch("campaign", sender=world.watcher, policy=POLICY)
        self.deposits = {name: self.deposit(name, amount) for name, amount in self.amounts.items()}
        self.booty = world.deposit(world.thief)
        first = world.hostile.block(
            [world.pay([(world.payer, self.deposits["payer"])], [(world.payee, QUARTER), (world.payer, 3 * QUARTER)])]
        )
        self.kits: dict[str, list[Kit]] = {
            "payer": [world.kit(first, output=1)],
            "payee": [self.deposits["payee"]],
            "second": [self.deposits["second"]],
        }
        # Spent by a payment that the operator has, and may or may not include.
        self.spent = world.kit(first)
        self.in_flight = world.pay([(world.payee, self.spent)], [(world.second, QUARTER)])
        self.game = b""
        assert self.watcher.step().findings == []
        assert self.watcher.status().healthy

    amounts = {"payer": ETHER, "payee": 2 * ETHER, "second": 3 * ETHER}  # noqa: RUF012
    total = 6 * ETHER

    def deposit(self, name: str, amount: int) -> DepositExitProof:
        who = self.people[name]
        balance = self.world.connection.balance(who.address)
        kit = self.world.deposit(who, amount)
        self.gas[name] += balance - amount - self.world.connection.balance(who.address)
        return kit

    def paid_by(self, name: str, receipt: Receipt, bonds: int) -> None:
        self.gas[name] += receipt.cost
        self.bounties[name] += bonds

    # ------------------------------------------------------------------------------------------------- what owners do

    def leave(self) -> None:
        """Everybody starts to take out what is theirs."""
        world = self.world
        for name, kits in self.kits.items():
            self.paid_by(name, world.exit(self.people[name], *kits), len(kits))
        self.rescue()

    def rescue(self) -> None:
        """The payment in flight: its payer starts its exit, its payee joins."""
        world, one = self.world, self.in_flight
        proof = Proof.of_nothing(one.transaction.packed)
        receipt = world.root.start_in_flight_exit(world.payee, proof, [self.spent.proof], one.signatures, 0)
        self.paid_by("payee", receipt, 0)
        self.game = world.game_id(one, [self.spent])
        receipt = world.root.piggyback(world.second, one.transaction.packed, [self.spent.output_id], 4)
        self.paid_by("second", receipt, 1)

    # ------------------------------------------------------------------------------------------------- what thieves do

    def grab(self, *kits: Kit) -> list[str]:
        """The thief claims whatever it can, with every list of buckets that could help; why it could not."""
        world, refusals = self.world, []
        for kit in kits:
            everything = sorted({one >> 1 for one in range(world.root.head()[1] + 1)})
            for newer in ([], [kit.block >> 1], everything, everything[-1:]):
                try:
                    world.root.process_exits(world.thief, [(kit.position, kit.made)], newer)
                except ContractReverted as failure:
                    refusals.append(failure.name or "")
        return refusals

    # ------------------------------------------------------------------------------------------------------- the end

    def settle(self) -> None:
        """All time passes; watchers do what is due."""
        for _ in range(3):
            self.watcher.step()
            self.world.later(W + 1)
        for _ in range(3):
            self.watcher.step()

    def check(self) -> None:
        """Everybody has what is theirs, to the wei; the thief has gained nothing."""
        root, connection = self.world.root, self.world.connection
        shift = {"payer": -QUARTER, "payee": 0, "second": QUARTER}
        for name, who in self.people.items():
            have = connection.balance(who.address) + root.pending(who.address, 0)
            need = self.before[name] + shift[name] - self.gas[name] - self.bounties[name] * root.profile.bounty
            assert have == need, f"{name} has {have - need:+} wei"
        thief = self.world.thief.address
        assert connection.balance(thief) + root.pending(thief, 0) <= self.thief_before
        _, held = root.reserve_of(0)
        assert connection.balance(root.address) >= held


def commit(campaign: Campaign, fraud: str) -> list[Lie]:
    """What the operator does, with as much loot as there is."""
    world, hostile, booty = campaign.world, campaign.world.hostile, campaign.booty
    everything = campaign.total + ETHER
    match fraud:
        case "invalid mint":
            return [hostile.invalid_mint(everything)]
        case "invalid mint beside the payment":
            return [hostile.invalid_mint(everything, beside=[campaign.in_flight])]
        case "oversized fee":
            return [hostile.oversized_fee(everything, beside=[campaign.in_flight])]
        case "double spend in one block":
            return [hostile.double_spend(booty.position, ETHER)]
        case "double spend across blocks":
            return [hostile.double_spend(booty.position, ETHER, across=True)]
        case "deposit minted":
            return [hostile.deposit_minted(everything)]
        case "deposit minted twice":
            return [hostile.deposit_minted_twice(booty.deposit.number, ETHER)]
        case "spent before it is made":
            return [hostile.reordered(booty.position, everything)]
        case "unsigned spend":
            return [hostile.unsigned_spend(campaign.kits["second"][0].position, 3 * ETHER)]
        case "exited output spent":
            world.exit(world.thief, booty)
            world.later(W + 1)
            campaign.watcher.step()
            assert world.status(booty) is ExitStatus.PAID
            return [hostile.exited_spent(booty.position, everything)]
        case "withheld mint":
            return [hostile.withheld_mint(everything)]
        case "withheld with the payment":
            return [hostile.invalid_mint(everything, beside=[campaign.in_flight], withhold=True)]
        case "mint behind a withheld block":
            return list(hostile.after_withheld(everything))
        case _:
            raise ValueError(fraud)


FRAUDS = [
    "invalid mint",
    "invalid mint beside the payment",
    "oversized fee",
    "double spend in one block",
    "double spend across blocks",
    "deposit minted",
    "deposit minted twice",
    "unsigned spend",
    "spent before it is made",
    "exited output spent",
    "withheld mint",
    "withheld with the payment",
    "mint behind a withheld block",
]


def noticed(campaign: Campaign) -> None:
    campaign.world.later(61)
    campaign.watcher.step()
    assert not campaign.watcher.status().healthy


@pytest.mark.parametrize("fraud", FRAUDS)
def test_everybody_is_whole_whatever_the_operator_does(world: World, fraud: str) -> None:
    campaign = Campaign(world)
    lies = commit(campaign, fraud)
    loot = [world.hostile.kit(position) for lie in lies for position in lie.loot]
    world.hostile.steal(*loot)
    noticed(campaign)
    campaign.leave()
    campaign.settle()
    campaign.grab(*loot, campaign.booty)
    campaign.check()
    assert world.root.in_flight(campaign.game).status is InFlightStatus.PAYS_OUTPUTS


@pytest.mark.parametrize("fraud", FRAUDS)
def test_a_thief_who_claims_first_leaves_older_exits_covered(world: World, fraud: str) -> None:
    """Nobody claims for the owners until long after the loot could be taken."""
    campaign = Campaign(world)
    lies = commit(campaign, fraud)
    loot = [world.hostile.kit(position) for lie in lies for position in lie.loot]
    world.hostile.steal(*loot)
    noticed(campaign)
    campaign.leave()
    world.later(3 * W)
    refusals = campaign.grab(*loot)
    mints = fraud not in ("double spend in one block", "double spend across blocks", "deposit minted twice")
    if mints:
        assert set(refusals) == {"NotCovered"}, "loot was paid"
    campaign.settle()
    campaign.grab(*loot)
    campaign.check()


def test_a_withheld_block_that_is_shown_at_the_last_moment_comes_too_late(world: World) -> None:
    campaign = Campaign(world)
    hidden = world.hostile.withheld_mint(campaign.total + ETHER)
    noticed(campaign)
    campaign.leave()
    world.later(2 * W - 300)
    world.hostile.reveal()
    world.hostile.steal(*hidden.loot)
    campaign.watcher.step()
    assert campaign.watcher.status().invalid == hidden.number
    world.later(2 * W)
    campaign.grab(*[world.hostile.kit(position) for position in hidden.loot])
    campaign.settle()
    campaign.check()


def test_who_is_censored_leaves_through_the_contract(world: World) -> None:
    """Nothing is wrong with any block: a payment is never included, and its payee is paid all the same."""
    campaign = Campaign(world)
    world.hostile.censor(campaign.in_flight)
    world.hostile.block([world.pay([(world.thief, campaign.booty)], [(world.thief, ETHER)])])
    assert campaign.watcher.step().findings == []
    assert campaign.watcher.status().healthy
    campaign.leave()
    campaign.settle()
    campaign.check()
    assert world.root.in_flight(campaign.game).status is InFlightStatus.PAYS_OUTPUTS


def test_owners_who_do_not_leave_lose_to_a_mint(world: World) -> None:
    """The negative twin: the ledger protects who has registered, not who sleeps."""
    campaign = Campaign(world)
    lie = world.hostile.invalid_mint(campaign.total)
    world.hostile.steal(*lie.loot)
    noticed(campaign)
    world.later(3 * W)
    campaign.grab(world.hostile.kit(lie.loot[0]))
    thief = world.connection.balance(world.thief.address)
    assert thief > campaign.thief_before


def test_a_payer_who_signs_twice_with_the_operators_help_robs_nobody(world: World) -> None:
    """The thief's payment to an owner and its contradiction, both in blocks that are withheld, both in flight."""
    campaign = Campaign(world)
    hostile = world.hostile
    one = world.pay([(world.thief, campaign.booty)], [(world.thief, ETHER)])
    other = world.pay([(world.thief, campaign.booty)], [(world.thief, ETHER)], memo=b"\2" * 32)
    blocks = [hostile.block([each], withhold=True) for each in (one, other)]
    games = [world.start_game(world.thief, each, [campaign.booty], 0b1_0000) for each in (one, other)]
    noticed(campaign)
    campaign.leave()
    loot = [hostile.kit(lie.number << 24) for lie in blocks]
    # What its games hold leaves by no exit beside them.
    with reverts("OutputHeld", id=loot[0].output_id):
        hostile.steal(*loot)
    campaign.settle()
    hostile.reveal()
    campaign.settle()
    for each, game in zip((one, other), games, strict=True):
        claim_game(world, each, campaign.booty, game)
    campaign.grab(*[hostile.kit(lie.number << 24) for lie in blocks])
    campaign.check()


def claim_game(world: World, one: Signed, made: Kit, game: bytes) -> None:
    """The thief claims a game as often as it likes: a settled one has nothing left."""
    arguments = (one.transaction.packed, [made.output_id], [made.made], [])
    for _ in range(2):
        if world.root.in_flight(game).piggybacked:
            world.root.process_in_flight_exit(world.thief, *arguments)
        else:
            with reverts("UnexpectedInFlightStatus", id=game, status=world.root.in_flight(game).status):
                world.root.process_in_flight_exit(world.thief, *arguments)
    assert world.root.in_flight(game).piggybacked == 0
