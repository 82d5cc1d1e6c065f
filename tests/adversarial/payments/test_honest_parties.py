"""Owner, payee, piggybacker and swapper, each beside a watcher, against a thief who is also the operator.

The thief signs whatever it likes, as often as it likes, puts it into blocks that it shows or does not, plays every move
of the games with it, and says in which order the calls of a moment come: before the watcher and the honest, or after.
Everybody honest ends with what is theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.campaign import campaign
from tests.support.payments.watcher_world import ETHER, W, World

from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.records import Receipt
from layer2.ethereum.sender import Sender
from layer2.plasma.common.watcher.actions import WatchPolicy
from layer2.plasma.payments.chain.contract import ExitStatus, InFlightStatus, Proof, Spend
from layer2.plasma.payments.chain.exit_proofs import Kit, OutputExitProof
from layer2.plasma.protocol.positions import encode_position
from layer2.plasma.protocol.signing import Signed
from layer2.testing.adversaries.payments.hostile_operator import HostileOperator
from layer2.testing.isolation import isolated

POLICY = WatchPolicy(patience=0, question=None, urgent=0)
MOMENT = W // 8
CHANGE, FIRST_OUTPUT = ETHER // 4, 4


class Thief:
    """Every move that a thief has who holds the operator's key, drawn with all that goes into it."""

    def __init__(self, world: World, draw: st.DataObject) -> None:
        self.world, self.draw = world, draw
        world.hostile = HostileOperator(world.root, world.operator, world.thief)
        self.refused: Counter[str] = Counter()
        self.kits: list[Kit] = [world.deposit(world.thief, ETHER) for _ in range(2)]
        self.signed: list[tuple[Signed, tuple[Kit, ...]]] = []
        self.places: list[tuple[Signed, Proof]] = []
        self.games: list[tuple[Signed, tuple[Kit, ...]]] = []

    def choose(self, options: Any) -> Any:
        return self.draw.draw(st.sampled_from(list(options)))

    def try_(self, call: Callable[[], Receipt]) -> None:
        """A move of which the contract may think nothing."""
        named = "done"
        try:
            call()
        except ContractReverted as refusal:
            named = refusal.name
            self.refused[named] += 1
        # Refused each by a rule of the contract's that has a name: never by a panic, or for want of gas.
        assert named not in ("", "Error", "Panic")

    # ------------------------------------------------------------------------------------------------------- moves

    def sign(self) -> None:
        """A fresh payment of an output of its own, spent before or not."""
        kit = self.choose(self.kits)
        part = kit.output.amount // self.draw.draw(st.integers(1, 4))
        rows = [(self.choose((self.world.thief, self.world.payee)), part)]
        if part < kit.output.amount:
            rows.append((self.world.thief, kit.output.amount - part))
        memo = len(self.signed).to_bytes(31, "big") + b"\1"
        one = self.world.pay([(self.world.thief, kit)], rows, memo=memo)
        self.signed.append((one, (kit,)))

    def include(self) -> None:
        """A block of some of what was signed, in any order, twice if it likes; perhaps it shows it to nobody."""
        if not self.signed:
            return self.sign()
        chosen = self.draw.draw(st.lists(st.sampled_from(range(len(self.signed))), min_size=1, max_size=3))
        batch = [self.signed[at][0] for at in chosen]
        lie = self.world.hostile.block(batch, withhold=self.draw.draw(st.booleans()))
        for index, one in enumerate(batch):
            self.places.append((one, self.world.kit(lie, index).proof))
            for at, output in enumerate(one.transaction.outputs):
                if output.address == self.world.thief.address:
                    self.kits.append(self.world.hostile.kit(encode_position(lie.number, index, at)))

    def mint(self) -> None:
        """Money out of nothing."""
        lie = self.world.hostile.invalid_mint(ETHER * self.draw.draw(st.integers(1, 4)), withhold=self.choose((0, 1)))
        self.kits += [self.world.hostile.kit(position) for position in lie.loot]

    def reveal(self) -> None:
        """Show what was withheld."""
        self.world.hostile.reveal()

    def exit(self) -> None:
        """Take out an output that is its own, or was."""
        kit = self.choose(self.kits)
        self.try_(lambda: self.world.exit(self.world.thief, kit))

    def begin(self) -> None:
        """Start an in-flight exit of anything it has signed, and join with what it says."""
        if not self.signed:
            return self.sign()
        one, kits = self.choose(self.signed)
        self.games.append((one, kits))
        bits = 0
        for at, output in enumerate(one.transaction.outputs):
            if output.address == self.world.thief.address and self.draw.draw(st.booleans()):
                bits |= 1 << FIRST_OUTPUT + at
        shown = Proof.of_nothing(one.transaction.packed)
        proofs = [kit.proof for kit in kits]
        self.try_(lambda: self.world.root.start_in_flight_exit(self.world.thief, shown, proofs, one.signatures, bits))

    def join(self) -> None:
        """Join a game with a part, its own or not."""
        if self.games:
            one, kits = self.choose(self.games)
            bit = self.choose((*range(len(kits)), *range(4, 4 + len(one.transaction.outputs))))
            self.try_(lambda: self.world.join(self.world.thief, one, kits, bit))

    def contest(self) -> None:
        """Show another payment against a game, of a block or of none."""
        if self.games and self.signed:
            (one, kits), (rival, _) = self.choose(self.games), self.choose(self.signed)
            if rival.transaction.inputs == one.transaction.inputs:
                places = [place for known, place in self.places if known == rival]
                place = self.choose((None, *places))
                self.try_(lambda: self.world.contest(self.world.thief, one, kits, rival, place))

    def answer(self) -> None:
        """Show where the payment of a game stands."""
        if self.games and self.places:
            (_, kits), (_, place) = self.choose(self.games), self.choose(self.places)
            self.try_(lambda: self.world.answer(self.world.thief, place, kits))

    def stop(self) -> None:
        """Show a spend of its own against the exit of anybody."""
        if self.signed:
            rival, kits = self.choose(self.signed)
            made = tuple(one.proof for one in kits) if len(kits) > 1 else ()
            spend = Spend(Proof.of_nothing(rival.transaction.packed), b"".join(rival.signatures), made)
            kit = self.choose((*kits, *self.kits))
            self.try_(lambda: self.world.root.challenge_exit(self.world.thief, kit.proof, spend))

    def grab(self) -> None:
        """Claim all it can."""
        for kit in self.kits:
            self.try_(lambda kit=kit: self.world.root.process_exits(self.world.thief, [(kit.position, kit.made)]))
        for one, kits in self.games:
            self.try_(lambda one=one, kits=kits: self.world.settle(self.world.thief, one, kits))

    def move(self) -> None:
        """Any of them."""
        moves = (self.sign, self.include, self.mint, self.reveal, self.exit, self.begin, self.join, self.contest)
        self.choose((*moves, self.include, self.begin, self.answer, self.stop, self.grab))()


class Honest:
    """Somebody with something: `due` is theirs, `lost` what bounties and bonds may have cost at most."""

    def __init__(self, world: World, who: Sender) -> None:
        self.world, self.who = world, who
        self.before = world.connection.balance(who.address)
        self.due = self.lost = self.gas = self.put_up = 0
        self.kits: list[Kit] = []

    def call(self, receipt: Receipt) -> Receipt:
        self.gas += receipt.cost
        return receipt

    def owns(self, kit: Kit) -> Kit:
        self.kits.append(kit)
        self.due += kit.output.amount
        return kit

    def leave(self) -> None:
        """Exit everything, each thing by itself, as a wallet does that the contract refuses something."""
        for kit in self.kits:
            if self.world.status(kit) is ExitStatus.NONE:
                self.call(self.world.exit(self.who, kit))
                self.lost += self.world.root.profile.bounty

    def is_whole(self) -> bool:
        have = self.world.connection.balance(self.who.address) - self.before + self.gas
        return have >= self.due - self.lost


class Fight:
    """The thief, the honest, a watcher, and who of them is first in each moment."""

    def __init__(self, world: World, draw: st.DataObject) -> None:
        self.world, self.draw = world, draw
        self.deposited = {one: world.deposit(one, ETHER) for one in (world.payer, world.payee, world.second)}
        self.thief = Thief(world, draw)
        self.watcher = world.watch(None, sender=world.watcher, policy=POLICY)
        self.owner, self.payee, self.joiner = (Honest(world, one) for one in self.deposited)

    def moment(self, *honest: Callable[[], object], moves: int = 2) -> None:
        """Some of the thief's calls before those of the watcher and the honest, and some behind them."""
        for _ in range(self.draw.draw(st.integers(0, moves))):
            self.thief.move()
        for call in (self.watcher.step, *honest):
            call()
        for _ in range(self.draw.draw(st.integers(0, moves))):
            self.thief.move()

    def end(self) -> None:
        """Time until everything is due; whoever claims first."""
        for _ in range(8):
            self.world.later(3 * MOMENT)
            self.moment(moves=1)
        self.world.hostile.reveal()
        self.world.later(2 * W)
        self.thief.grab()
        for _ in range(4):
            self.watcher.step()


def fight(test: Callable[[Fight], None]) -> Callable[..., None]:
    """A test of one role, with a chain as it was for each example."""

    @settings(campaign(3, 1), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    @given(draw=st.data())
    def run(world: World, draw: st.DataObject) -> None:
        with isolated(world.connection):
            test(Fight(world, draw))

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@fight
def test_an_owner_who_leaves_in_time_is_whole(one: Fight) -> None:
    """A deposit, and an output of a block that she has seen."""
    world, owner = one.world, one.owner
    block = world.hostile.block([world.pay([(world.payee, one.deposited[world.payee])], [(world.payer, ETHER)])])
    assert one.watcher.step().findings == []
    owner.owns(one.deposited[world.payer])
    owner.owns(world.kit(block))
    for _ in range(one.draw.draw(st.integers(0, 3))):
        one.moment()
        world.later(MOMENT)
    one.moment(owner.leave)
    one.end()
    assert owner.is_whole()


@fight
def test_a_payee_who_has_seen_the_block_is_whole(one: Fight) -> None:
    """The thief pays out of a deposit, which it signs away again and again from then on."""
    world, payee, thief = one.world, one.payee, one.thief
    source = thief.kits[0]
    thief.signed.append((world.pay([(world.thief, source)], [(world.payee, ETHER)]), (source,)))
    block = world.hostile.block([thief.signed[0][0]])
    thief.places.append((thief.signed[0][0], world.kit(block).proof))
    assert one.watcher.step().findings == []
    payee.owns(world.kit(block))
    for _ in range(one.draw.draw(st.integers(0, 3))):
        one.moment()
        world.later(MOMENT)
    one.moment(payee.leave)
    one.end()
    assert payee.is_whole()


@fight
def test_who_joins_with_the_output_of_an_honest_payment_is_whole(one: Fight) -> None:
    """The operator includes the payment, shown or not, or never; payer and payee leave by it."""
    world, payer, joiner = one.world, one.owner, one.joiner
    kit = one.deposited[world.payer]
    signed = world.pay([(world.payer, kit)], [(world.second, 3 * CHANGE), (world.payer, CHANGE)])
    one.thief.signed.append((signed, (kit,)))
    one.thief.games.append((signed, (kit,)))
    profile = world.root.profile

    def begin() -> None:
        game = world.root.in_flight(world.game_id(signed, (kit,)))
        if game.status is InFlightStatus.NONE:
            shown = Proof.of_nothing(signed.transaction.packed)
            bits = 1 << FIRST_OUTPUT + 1
            payer.call(world.root.start_in_flight_exit(world.payer, shown, [kit.proof], signed.signatures, bits))
        elif not game.piggybacked >> FIRST_OUTPUT + 1 & 1:
            payer.call(world.join(world.payer, signed, (kit,), FIRST_OUTPUT + 1))
        payer.lost += profile.bounty

    def join() -> None:
        joiner.call(world.join(world.second, signed, (kit,), FIRST_OUTPUT))
        joiner.lost += profile.bounty

    payer.due, joiner.due = CHANGE, 3 * CHANGE
    for _ in range(one.draw.draw(st.integers(0, 2))):
        one.moment()
    one.moment(begin)
    world.later(MOMENT)
    one.moment(join)
    one.end()
    assert (payer.is_whole(), joiner.is_whole()) == (True, True)


@fight
def test_who_swaps_with_the_thief_has_the_one_or_the_other(one: Fight) -> None:
    """The thief signs its part away once more; whoever swapped loses no more than the bond of the start."""
    world, payer = one.world, one.owner
    mine, theirs = one.deposited[world.payer], one.thief.kits[0]
    kits: tuple[Kit, ...] = tuple(sorted((mine, theirs), key=lambda kit: kit.position))
    owners = {mine.position: world.payer, theirs.position: world.thief}
    spent = [(owners[kit.position], kit) for kit in kits]
    swap = world.pay(spent, [(world.payer, ETHER), (world.thief, ETHER)])
    one.thief.signed.append((swap, kits))
    one.thief.games.append((swap, kits))
    profile, bit = world.root.profile, kits.index(mine)

    def begin() -> None:
        game = world.root.in_flight(world.game_id(swap, kits))
        bits = 1 << bit | 1 << FIRST_OUTPUT
        if game.status is InFlightStatus.NONE:
            proofs, shown = [kit.proof for kit in kits], Proof.of_nothing(swap.transaction.packed)
            payer.call(world.root.start_in_flight_exit(world.payer, shown, proofs, swap.signatures, bits))
        else:
            for part in (bit, FIRST_OUTPUT):
                payer.call(world.join(world.payer, swap, kits, part))
        payer.lost += 2 * profile.bounty + profile.in_flight_bond

    payer.due = ETHER
    for _ in range(one.draw.draw(st.integers(0, 2))):
        one.moment()
    one.moment(begin)
    one.end()
    assert payer.is_whole()


def test_the_thief_reaches_the_games(world: World) -> None:
    """The moves are no moves against a wall: some of each kind are taken by the contract."""
    done: Counter[str] = Counter()

    @settings(
        campaign(5, 1),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(draw=st.data())
    def run(draw: st.DataObject) -> None:
        with isolated(world.connection):
            thief = Thief(world, draw)
            for _ in range(12):
                thief.move()
            done["games"] += sum(
                world.root.in_flight(world.game_id(*row)).status is InFlightStatus.OPEN for row in thief.games
            )
            done["exits"] += sum(world.status(kit) is not ExitStatus.NONE for kit in thief.kits)
            done["outputs"] += sum(isinstance(kit, OutputExitProof) for kit in thief.kits)
            done.update(thief.refused)

    run()
    assert all(done[name] for name in ("games", "exits", "outputs")), done
    assert len(done) > 6, done


def test_without_a_watcher_the_payee_is_robbed(world: World) -> None:
    """The control: the thief takes out what it has paid with, and the youngest output is not covered any more."""
    with isolated(world.connection):
        one = Fight(world, None)  # type: ignore[arg-type]
        thief, payee = one.thief, one.payee
        source = thief.kits[0]
        block = world.hostile.block([world.pay([(world.thief, source)], [(world.payee, ETHER)])])
        payee.owns(world.kit(block))
        world.exit(world.thief, source)
        for owner, kit in one.deposited.items():
            world.exit(owner, kit)
        world.exit(world.thief, thief.kits[1])
        world.later(3 * W)
        for kit in (*thief.kits, *one.deposited.values()):
            world.root.process_exits(world.thief, [(kit.position, kit.made)])
        payee.leave()
        world.later(3 * W)
        assert world.status(payee.kits[0]) is ExitStatus.OPEN
        thief.try_(lambda: world.root.process_exits(world.payee, [(payee.kits[0].position, payee.kits[0].made)]))
        assert thief.refused == {"NotCovered": 1}
