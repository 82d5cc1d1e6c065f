"""The rule that the search plays is the contract's: both do the same, step by step, and refuse the same.

Claims are empty words here: a judge in nine bytes of code says what it is told, so that right and wrong are the test's.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from eth_abi.abi import encode
from tests.support.campaign import NIGHTLY
from tests.support.chains import new_chain

from layer2.ethereum.connection import Connection
from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.hashing import keccak
from layer2.rollup.l1.contract import Profile, RollupContract
from layer2.rollup.protocol.calldata_chunks import commit
from layer2.rollup.state.commitments import GENESIS, NO_ITEM, Assertion, ItemRecord, Status, pack_roots
from layer2.testing.search.rollup import assertion_rule as rule

pytestmark = [pytest.mark.anvil, pytest.mark.machine]

STEP = 1_000
"""Seconds of a step."""
HALF = STEP // 2
"""Calls of one step come a second apart, in its first half; the contract's periods end between two steps."""
PERIODS = rule.Periods(window=2, freeze_after=6, reveal=2, delay=1)
PROFILE = Profile(
    PERIODS.delay * STEP + HALF,
    STEP,
    PERIODS.window * STEP + HALF,
    PERIODS.freeze_after * STEP + HALF,
    PERIODS.reveal,
    10**18,
)
RUNS, ACTS = (200, 60) if NIGHTLY else (6, 45)
NAMES = {"open": Status.OPEN, "final": Status.FINAL, "invalid": Status.INVALID, "released": Status.RELEASED}

# guilty(claim, claim, bytes) answers with the first word of the bytes.
OBEDIENT = bytes.fromhex("6101c4355f5260205ff3")
INIT = bytes.fromhex("69") + OBEDIENT + bytes.fromhex("5f52600a6016f3")


@dataclass
class Twin:
    """The contract and the rule beside it. `chain`: in steps and blocks as the contract saw them."""

    connection: Connection
    rollup: RollupContract
    people: dict[str, Sender]
    start: int
    chain: rule.Chain
    records: list[ItemRecord]
    claims: list[Assertion]
    seconds: int = 0

    @classmethod
    def new(cls, connection: Connection) -> Twin:
        names = ("sequencer", "liar", "challenger", "proposer")
        people = {name: Sender(connection, one) for name, one in zip(names, connection.signers(4), strict=True)}
        made = people["sequencer"].send(None, INIT)
        assert connection.code(made.contract_address) == OBEDIENT
        rollup = RollupContract.deploy(
            people["sequencer"], people["sequencer"].address, PROFILE, [made.contract_address]
        )
        for one in people.values():
            rollup.contract.transact(one, "addBond", value=100 * 10**18)
        start = connection.timestamp() + STEP
        first = Assertion(bytes(32), 0, 0, GENESIS, bytes(32), False)
        return cls(connection, rollup, people, start, rule.Chain(), [], [first])

    def call(self, who: str, name: str, *args: Any, value: int = 0) -> bool:
        """Whether the contract does it, in the next second of the step."""
        self.seconds += 1
        assert self.seconds < HALF - 1
        self.connection.set_next_timestamp(self.start + self.chain.time * STEP + self.seconds)
        self.chain = self.chain._replace(block=self.connection.block_number() + 1)
        try:
            self.rollup.contract.transact(self.people[who], name, *args, value=value)
        except ContractReverted:
            self.connection.mine()
            return False
        return True

    def both(self, what: str, done: rule.Chain | None, who: str, name: str, *args: Any, value: int = 0) -> bool:
        """One act on both; they must agree about it."""
        passed = self.call(who, name, *args, value=value)
        assert passed == (done is not None), f"{what}: the contract {'does' if passed else 'refuses'} it"
        if done is not None:
            self.chain = done._replace(block=self.chain.block)
        return passed

    def passes(self) -> None:
        self.chain = rule.begin(self.chain)
        self.seconds = 0

    # ------------------------------------------------------------------------------------------------------- the acts

    def post(self, takes: bool) -> bool:
        items, _, consumed, _, _ = self.rollup.inbox()
        end = self.rollup.queue_length() if takes else consumed
        self.peek()
        done = rule.post(self.chain, PERIODS, takes)
        args = (self.rollup.acc(items), bytes(496), end)
        passed = self.both(f"post, takes {takes}", done, "sequencer", "postCalldata", *args)
        if passed:
            logs = self.connection.logs(
                self.connection.block_number(), self.connection.block_number(), [self.rollup.address], None
            )
            for event in (self.rollup.contract.decode_log(log) for log in logs):
                if event is not None and event.name == "Posted":
                    self.records.append(ItemRecord.of(event.args["item"]))
        return passed

    def enqueue(self) -> bool:
        args = (0, 1, 0, 1, False, ZERO_ADDRESS, b"")
        return self.both("enqueue", rule.enqueue(self.chain), "liar", "force", *args)

    def propose(self, parent: int, end: int, right: bool, number: int) -> bool:
        done = rule.propose(self.chain, rule.SOUND, parent, end, right, "liar", number)
        before = self.claims[parent]
        record = self.records[end - 1]
        count = max(1, record.segments - before.segments)
        roots = [b"\0" + keccak(b"%d %d %d %d" % (parent, end, right, number))[1:]] * count
        args = (before.as_tuple(), record.as_tuple(), end, roots[-1], pack_roots(roots))
        passed = self.both(f"propose {parent} {end}", done, "liar", "propose", *args)
        if passed:
            self.claims.append(Assertion(before.id, end, record.segments, roots[-1], commit(pack_roots(roots)), False))
        return passed

    def finalize(self, place: int) -> bool:
        self.peek()
        done = rule.finalize(self.chain, rule.SOUND, PERIODS, place)
        return self.both(f"finalize {place}", done, "liar", "finalize", self.claims[place].as_tuple())

    def announce(self, who: str, place: int) -> bool:
        known = any(row[:2] == (who, place) for row in self.chain.announced)
        self.call(who, "commitChallenge", self.commitment(who, place))
        if not known:
            done = rule.announce(self.chain, who, place)
            assert done is not None
            self.chain = done
        return True

    def challenge(self, who: str, place: int) -> bool:
        self.peek()
        done = rule.challenge(self.chain, rule.SOUND, PERIODS, who, place)
        parent = self.claims[self.chain.claims[place].parent]
        args = (self.claims[place].as_tuple(), parent.as_tuple(), 0, self.proof(place))
        return self.both(f"challenge {place}", done, who, "challenge", *args)

    def discard(self, place: int) -> bool:
        parent = self.claims[self.chain.claims[place].parent]
        args = (self.claims[place].as_tuple(), parent.as_tuple())
        return self.both(f"discard {place}", rule.discard(self.chain, place), "challenger", "discard", *args)

    def freeze(self) -> bool:
        self.peek()
        covered = self.chain.claims[self.chain.last].end
        following = self.records[covered] if covered < len(self.records) else NO_ITEM
        done = rule.freeze(self.chain, rule.SOUND, PERIODS)
        args = (self.claims[self.chain.last].as_tuple(), following.as_tuple())
        return self.both("freeze", done, "liar", "freeze", *args)

    def peek(self) -> None:
        """The block in which the next call will be."""
        self.chain = self.chain._replace(block=self.connection.block_number() + 1)

    def proof(self, place: int) -> bytes:
        return (0 if self.chain.claims[place].right else 1).to_bytes(32, "big")

    def commitment(self, who: str, place: int) -> bytes:
        row = [self.people[who].address, self.claims[place].id, 0, keccak(self.proof(place))]
        return keccak(encode(["address", "bytes32", "uint256", "bytes32"], row))

    # --------------------------------------------------------------------------------------------------------- agree

    def agree(self) -> None:
        for place, one in enumerate(self.chain.claims):
            assert self.rollup.status(self.claims[place].id)[2] is NAMES[one.status], place
        assert self.rollup.finality()[0] == self.claims[self.chain.last].id
        items, _, _, _, since = self.rollup.inbox()
        assert items == len(self.chain.posted)
        assert bool(since) == (self.chain.waits != rule.FREE)


def act(twin: Twin, dice: random.Random) -> tuple[str, bool]:
    claims = len(twin.chain.claims)
    choice = dice.choices(
        ("post", "enqueue", "propose", "finalize", "announce", "challenge", "discard", "freeze", "passes"),
        (3, 2, 6, 5, 4, 4, 2, 1, 5),
    )[0]
    place, who = dice.randrange(claims), dice.choice(("liar", "challenger"))
    if choice == "post":
        takes = dice.random() < 0.6
        return choice, twin.post(takes)
    if choice == "propose":
        if not twin.records:
            return "nothing", True
        end = dice.randint(1, len(twin.records))
        return choice, twin.propose(place, end, dice.random() < 0.5, dice.randrange(2))
    if choice in ("announce", "challenge"):
        if not place:
            return "nothing", True
        return choice, getattr(twin, choice)(who, place)
    if choice in ("finalize", "discard"):
        return ("nothing", True) if not place else (choice, getattr(twin, choice)(place))
    if choice == "passes":
        for _ in range(dice.choice((1, 1, 2, 3))):
            twin.passes()
        return choice, True
    return choice, getattr(twin, choice)()


@pytest.fixture(scope="module")
def connection() -> Connection:
    return new_chain()


def test_the_rule_of_the_search_and_the_contract_do_the_same(connection: Connection) -> None:
    seen: Counter[tuple[str, bool]] = Counter()
    ends: Counter[str] = Counter()
    for run in range(RUNS):
        before = connection.snapshot()
        twin, dice = Twin.new(connection), random.Random(run)
        for _ in range(ACTS):
            seen[act(twin, dice)] += 1
            twin.agree()
        ends.update(one.status for one in twin.chain.claims)
        ends["frozen"] += twin.chain.frozen
        connection.revert(before)
    print(dict(seen), dict(ends))
    for name in ("post", "enqueue", "propose", "finalize", "challenge"):
        assert seen[name, True], name
    for name in ("propose", "finalize", "challenge"):
        assert seen[name, False], name
    assert min(ends["open"], ends["final"], ends["invalid"]) > 0
