"""Structural fuzz of every entry of the root chain that takes data of any length: nobody is paid for a shape.

Exits, in-flight exits and what is said against them are played as people play them; before each call it is made in the
shapes of `layer2.testing.fuzz.abi_mutations`, and with the transactions in it cut short, made longer, and their
counts changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from tests.contracts.payments.test_validity import NEXT, ROOT, Proven
from tests.support.call_shapes import MOST, entries, fewer, some, told
from tests.support.campaign import NIGHTLY, SEED
from tests.support.payments.builder import (
    DATA_BOND,
    ETHER,
    EXIT_BOND,
    Block,
    W,
    World,
    deposit_id,
    packed,
    position_of,
)
from tests.support.payments.in_flight import IN0, OUT0, OUT1, Game
from tests.support.payments.permits import authorization, permit2_transfer

from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.testing import deploy_mock
from layer2.testing.fuzz.abi_mutations import Bend, stretched
from layer2.testing.fuzz.call_trials import Trials
from layer2.testing.isolation import isolated

FOREVER = 2**256 - 1
SCENES = {
    "exits": {"startExit", "startExits", "challengeExit", "processExits"},
    "swap": {"challengeExit"},
    "starting": {"startInFlightExit", "deleteNonPiggybacked"},
    "joining": {"piggyback", "challengeNonCanonical", "challengeInputSpent"},
    "answering": {"respondNonCanonical", "challengeOutputSpent", "processInFlightExit"},
    "losing": {"processInFlightExit"},
    "holding": {"holdInputs"},
    "data": {"showData"},
    "deposits": {"depositWithAuthorization", "depositWithPermit2"},
    "proven": {"submitProvenBlock"},
}
LEAST = 10_000 if NIGHTLY else 500


def transaction(data: bytes) -> Iterable[Bend]:
    """Its kind and its counts say how long it is."""
    return some(stretched(data, [(0, 1), (1, 1)], attacker=bytes(range(1, 65))))


def fewer_items(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """What cannot be paid is passed over."""
    return ((items, values[1]) for items in fewer(values[0]))


PLACES = (
    ("startExit", (0, 2)),
    ("challengeExit", (0, 2)),
    ("challengeExit", (1, 0, 2)),
    ("processExits", (0, 0, 1)),
    ("startInFlightExit", (0, 2)),
    ("startInFlightExit", (1, 0, 2)),
    ("piggyback", (0,)),
    ("piggyback", (3,)),
    ("challengeNonCanonical", (4, 0, 2)),
    ("challengeInputSpent", (3,)),
    ("respondNonCanonical", (0, 2)),
    ("processInFlightExit", (2, 0)),
    ("holdInputs", (2, 0)),
    ("showData", (0, 2)),
    ("depositWithAuthorization", (6,)),
    ("submitProvenBlock", (4,)),
)


class Scenes:
    """A root chain whose calls are tried, and what happens there."""

    def __init__(self, world: World, scene: str) -> None:
        self.only, self.tried = SCENES[scene], list[Trials]()
        self.world = self.trying(world)

    def trying(self, world: World) -> World:
        stranger = world.sign(packed([1], [(world.thief, 0, 1)]), world.thief) * 5
        inside = dict.fromkeys(PLACES, transaction)
        self.tried.append(
            Trials(world.chain, self.only, stranger, MOST, inside, {"processExits": fewer_items}, seed=SEED)
        )
        world.chain = self.tried[-1]  # type: ignore[assignment]
        return world

    def game(self) -> Game:
        """Of two owners, to the payee and back to the payer."""
        world = self.world
        one, two = world.deposit(world.payer), world.deposit(world.successor)
        data = packed([one.position, two.position], [(world.payee, 0, ETHER), (world.payer, 0, ETHER)])
        ids = [deposit_id(one.number), deposit_id(two.number)]
        return Game(world, [one.proof, two.proof], [world.payer, world.successor], ids, data)

    def rival(self, game: Game, index: int) -> bytes:
        return packed([game.inputs[index][0]], [(self.world.thief, 0, ETHER)])

    # ------------------------------------------------------------------------------------------------------ scenes

    def exits(self) -> None:
        world = self.world
        one = world.deposit(world.payer)
        data = packed([one.position], [(world.payee, 0, ETHER // 2), (world.payer, 0, ETHER // 2)])
        spender = packed([position_of(1, 0, 1)], [(world.payer, 0, ETHER // 2)])
        block = world.block(data, spender)
        kept = world.deposit(world.payer)
        world.exit(world.payee, block.proof(0, 0))
        world.send(world.payer, "startExits", [block.proof(0, 1), kept.proof], value=2 * EXIT_BOND)
        spend = world.spend(spender, world.payer, proof=block.proof(1))
        world.send(world.watcher, "challengeExit", block.proof(0, 1), spend)
        world.connection.advance(2 * W + 1)
        items = [(block.proof(0, 0)[0], data), (kept.position, kept.record)]
        world.send(world.watcher, "processExits", items, [1, 2])

    def swap(self) -> None:
        """An exit stopped by a spend of several inputs."""
        game = self.game()
        self.world.exit(self.world.payer, game.inputs[0])
        spend = self.world.spend(game.data, *game.owners, inputs=game.inputs)
        self.world.send(self.world.watcher, "challengeExit", game.inputs[0], spend)

    def starting(self) -> None:
        game = self.game()
        game.start()
        self.world.connection.advance(W // 2 + 1)
        game.abandon()

    def joining(self) -> None:
        game = self.game()
        game.start(OUT1)
        game.join(self.world.payee, 4)
        game.join(self.world.successor, 1)
        game.contest(self.rival(game, 1), self.world.successor, 1)
        game.stop_input(1, self.rival(game, 1), self.world.successor)

    def contested(self) -> tuple[Game, Block]:
        game = self.game()
        game.start(OUT1)
        game.join(self.world.successor, 1)
        game.join(self.world.payee, 4)
        block = self.world.block(game.data)
        game.contest(self.rival(game, 0), self.world.payer, 0)
        return game, block

    def answering(self) -> None:
        game, block = self.contested()
        game.answer(block.proof())
        game.stop_output(
            block.proof(0, 0), packed([block.proof(0, 0)[0]], [(self.world.thief, 0, ETHER)]), self.world.payee
        )
        game.ripen()
        game.claim((1, 2))

    def losing(self) -> None:
        """Its inputs are paid, not its outputs."""
        game, _ = self.contested()
        game.ripen()
        game.claim()

    def holding(self) -> None:
        """Of two games for one output the older one, contested, lets go of it, and the newer one takes it."""
        world = self.world
        source = world.deposit(world.payer)
        payments = [packed([source.position], [(world.payer, 0, ETHER)], expiry) for expiry in (1_000, 1_001)]
        ids = [deposit_id(source.number)]
        older, newer = (Game(world, [source.proof], [world.payer], ids, one) for one in payments)
        older.start(OUT0)
        newer.start(OUT0 | IN0)
        older.contest(newer.data, world.payer)
        newer.contest(older.data, world.payer)
        older.hold()
        newer.hold()

    def data(self) -> None:
        world = self.world
        one = world.deposit(world.payer)
        block = world.block(packed([one.position], [(world.payee, 0, ETHER)]), b"no transaction")
        world.send(world.watcher, "challengeData", 1, 1, block.tree.root, block.word, value=DATA_BOND)
        world.send(world.operator, "showData", block.proof(1))

    def deposits(self) -> None:
        world, nonce = self.world, bytes(range(32))
        token = deploy_mock("MockToken", "Dollar", "USD", 6, sender=world.deployer)
        world.send(world.payee, "registerToken", token.address)
        token.transact(world.deployer, "mint", world.payer.address, 1_000)
        signature = authorization(world, token, world.payer, 500, nonce)
        row = (1, 500, world.payer.address, 0, FOREVER, nonce)
        world.send(world.watcher, "depositWithAuthorization", *row, signature)
        permit2 = deploy_mock("MockPermit2", sender=world.deployer)
        there = self.trying(World(world.connection, permit2=permit2.address))
        token.transact(there.payer, "approve", permit2.address, FOREVER)
        there.send(there.payee, "registerToken", token.address)
        signature = permit2_transfer(there, permit2, token, there.payer, 500)
        there.send(there.watcher, "depositWithPermit2", 1, 500, there.payer.address, 0, FOREVER, signature)

    def proven(self) -> None:
        proven = Proven(self.world)
        proven.world = self.trying(proven.world)
        time = proven.world.now + 10
        proof = proven.proof(bytes(32), NEXT, ROOT, time << 32 | 1, proven.guardians[:2])
        proven.world.at(time)
        proven.submit(1, NEXT, proof)


@pytest.fixture(scope="module")
def built() -> World:
    return World(new_chain())


@pytest.fixture
def world(built: World) -> Iterator[World]:
    chain = built.chain
    with isolated(built.connection):
        yield built
    built.chain = chain


def test_every_entry_that_takes_data_of_any_length_is_tried(world: World) -> None:
    assert set().union(*SCENES.values()) == entries(world.chain)


def test_a_call_in_another_shape_reverts_or_does_the_same(world: World) -> None:
    ends, refusals = told("root chain", [])
    for scene in SCENES:
        with isolated(world.connection):
            chain = world.chain
            played = Scenes(world, scene)
            getattr(played, scene)()
            world.chain = chain
        assert {name for one in played.tried for name in one.tries} == SCENES[scene]
        more, errors = told(scene, played.tried)
        ends, refusals = ends + more, refusals + errors
    assert ends.total() > LEAST
    assert min(ends["same"], ends["less"]) > 5
    # Below the surface: they were read, and refused for what they say.
    wanted = {
        "startExit: InvalidTransaction",
        "startExit: InvalidProof",
        "startExits: IncorrectValue",
        "processExits: InvalidOutput",
        "challengeExit: InvalidTransaction",
        "challengeExit: InvalidProof",
        "challengeExit: InvalidSignature",
        "challengeExit: InvalidInputs",
        "startInFlightExit: InvalidTransaction",
        "startInFlightExit: InvalidInputs",
        "startInFlightExit: InvalidProof",
        "piggyback: UnexpectedInFlightStatus",
        "challengeNonCanonical: UnexpectedInFlightStatus",
        "challengeNonCanonical: InvalidInputs",
        "challengeInputSpent: InvalidTransaction",
        "respondNonCanonical: InvalidProof",
        "respondNonCanonical: InvalidInputs",
        "challengeOutputSpent: InvalidProof",
        "processInFlightExit: InvalidInputs",
        "processInFlightExit: UnexpectedInFlightStatus",
        "holdInputs: UnexpectedInFlightStatus",
        "deleteNonPiggybacked: UnexpectedInFlightStatus",
        "showData: InvalidProof",
        "depositWithAuthorization: InsufficientTransfer",
        "depositWithPermit2: InsufficientTransfer",
        "submitProvenBlock: UnexpectedVerifier",
    }
    assert wanted <= set(refusals)
