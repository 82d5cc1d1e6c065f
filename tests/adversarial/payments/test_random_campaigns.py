"""Moves of honest owners, the operator, the thief and the watcher in any order: no owner who leaves in time loses."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.payments.watcher_world import ETHER, W, World

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.plasma.common.watcher.actions import WatchPolicy
from layer2.plasma.payments.chain.contract import ExitStatus
from layer2.plasma.payments.chain.exit_proofs import Kit
from layer2.testing.adversaries.payments.hostile_operator import HostileOperator
from layer2.testing.isolation import isolated

PARTS = ETHER // 16
POLICY = WatchPolicy(patience=0, question=None, urgent=0)


class Random:
    """A chain in which payments are made at random, and frauds, thefts and claims happen at random."""

    def __init__(self, world: World, draw: st.DataObject) -> None:
        self.world, self.draw = world, draw
        # What it had made before is gone with the chain.
        world.hostile = HostileOperator(world.root, world.operator, world.thief)
        self.people: list[Sender] = [world.payer, world.payee, world.second]
        self.owned: dict[str, list[tuple[Kit, int]]] = {one.address: [] for one in self.people}
        self.loot: list[Kit] = []
        self.watcher = world.watch(None, sender=world.watcher, policy=POLICY)
        for one in [*self.people, world.thief]:
            kit = world.deposit(one, ETHER)
            if one is world.thief:
                self.booty = kit
            else:
                self.owned[one.address].append((kit, ETHER))

    def choose(self, *options: Any) -> Any:
        return self.draw.draw(st.sampled_from(options))

    def honest_block(self) -> None:
        payer, payee = self.choose(*self.people), self.choose(*self.people)
        have = self.owned[payer.address]
        if not have:
            return
        kit, amount = have.pop(self.draw.draw(st.integers(0, len(have) - 1)))
        part = PARTS * self.draw.draw(st.integers(1, 4))
        rows = [(payee, part), (payer, amount - part)] if part < amount else [(payee, amount)]
        block = self.world.hostile.block([self.world.pay([(payer, kit)], rows)])
        for output, (to, given_) in enumerate(rows):
            self.owned[to.address].append((self.world.kit(block, output=output), given_))

    def fraud(self) -> None:
        hostile = self.world.hostile
        what = self.choose("mint", "fee", "withheld", "twice", "stolen", "deposit")
        amount = ETHER * self.draw.draw(st.integers(1, 5))
        if what == "mint":
            lie = hostile.invalid_mint(amount)
        elif what == "fee":
            lie = hostile.oversized_fee(amount)
        elif what == "withheld":
            lie = hostile.withheld_mint(amount)
        elif what == "twice":
            lie = hostile.double_spend(self.booty.position, ETHER, across=self.choose(True, False))
        elif what == "stolen":
            owners = [kits for kits in self.owned.values() if kits]
            kit, have = owners[0][0]
            lie = hostile.unsigned_spend(kit.position, have)
        else:
            lie = hostile.deposit_minted(amount)
        self.loot += [hostile.kit(position) for position in lie.loot]

    def theft(self) -> None:
        fresh = [kit for kit in self.loot if self.world.status(kit) is ExitStatus.NONE]
        if fresh:
            self.world.hostile.steal(self.choose(*fresh))

    def grab(self) -> None:
        buckets = sorted({one >> 1 for one in range(self.world.root.head()[1] + 1)})
        for kit in self.loot:
            newer = self.draw.draw(st.lists(st.sampled_from(buckets), unique=True, max_size=4).map(sorted))
            for choice in ([], newer, buckets):
                try:
                    self.world.root.process_exits(self.world.thief, [(kit.position, kit.made)], choice)
                except ContractReverted as failure:
                    self.refused(failure)

    @staticmethod
    def refused(failure: ContractReverted) -> None:
        if failure.name not in ("NotCovered", "TooEarly", "UnexpectedExitStatus"):
            raise failure

    def leave(self) -> dict[str, int]:
        """Every owner exits everything; what each is due."""
        due = {}
        for one in self.people:
            kits = self.owned[one.address]
            due[one.address] = sum(amount for _, amount in kits)
            if kits:
                self.world.exit(one, *[kit for kit, _ in kits])
        return due


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(draw=st.data())
def test_whoever_leaves_in_time_is_paid_whatever_else_happens(world: World, draw: st.DataObject) -> None:
    with isolated(world.connection):
        one = Random(world, draw)
        for _ in range(draw.draw(st.integers(0, 4))):
            one.honest_block()
        assert one.watcher.step().findings == []
        for _ in range(draw.draw(st.integers(1, 3))):
            one.fraud()
            one.choose(one.theft, lambda: None)()
        one.watcher.step()
        assert not one.watcher.status().healthy
        due = one.leave()
        before = {each: world.connection.balance(each) for each in due}
        exits = {each: len(one.owned[each]) for each in due}
        for _ in range(draw.draw(st.integers(1, 4))):
            one.choose(one.theft, one.grab, one.watcher.step, lambda: world.later(W // 2))()
        world.later(3 * W)
        for move in draw.draw(st.permutations([one.grab, one.watcher.step, one.grab, one.theft])):
            move()
        for _ in range(3):
            one.watcher.step()
        back = world.root.profile.exit_bond - world.root.profile.bounty
        for each, amount in due.items():
            assert world.connection.balance(each) - before[each] == amount + exits[each] * back
