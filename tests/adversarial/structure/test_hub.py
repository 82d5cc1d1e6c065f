"""Structural fuzz of every entry of the channel hub: what still passes does what the honest call does.

Each entry is called as people do, and before that in the shapes of `layer2.testing.fuzz.abi_mutations`: members
emptied, shortened, lengthened, moved onto each other and behind the end, with an attacker's bytes there; and so inside
of what the hub reads byte by byte: openings of locks, rows of claims, proofs of sessions, authorisations of pulls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from eth_abi.abi import encode
from tests.support.call_shapes import MOST, entries, fewer, some, told
from tests.support.campaign import NIGHTLY, SEED
from tests.support.channels.token_pulls import PERMIT_DATA, Permitting, by_permit, permit_of

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.lock_openings import Opened, encode_openings, read_openings, resolve_message
from layer2.channels.protocol.locks import (
    HASH_LOCK,
    Lock,
    contract_lock,
    contract_resolution,
    virtual_channel_id,
    voucher_lock,
    voucher_resolution,
)
from layer2.channels.protocol.messages import RIGHT_TO_CLOSE, RIGHT_TO_PAY, Move, Session, Voucher, Withdraw
from layer2.channels.protocol.session_keys import SESSION_MAGIC, encode_session
from layer2.ethereum.contract import Contract
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak, sha256
from layer2.primitives.typed_data import TypedMessage
from layer2.testing import deploy_mock
from layer2.testing.adversaries.channels.steps import (
    LATER,
    accepted,
    closed,
    funded,
    locked,
    row_of,
    unlocking,
    voucher,
)
from layer2.testing.adversaries.channels.world import ETHER, GasWorld, Player
from layer2.testing.fuzz.abi_mutations import Bend, bent, stretched
from layer2.testing.fuzz.call_trials import Trials
from layer2.testing.isolation import isolated

HOT, THIEF = PrivateKey(keccak(b"hot key")), PrivateKey(keccak(b"thief"))
PREIMAGE, SALT = keccak(b"preimage"), keccak(b"salt")
STRANGER = THIEF.sign_compact(keccak(b"anything")) * 5
ROW, SESSION_ROW = 116, 223

SCENES = {
    "deposits": {"depositPulled"},
    "permits": {"depositPulled"},
    "cooperation": {"withdraw", "move", "close"},
    "disputes": {"startClose", "post", "startCloseAs"},
    "locks": {"postLocks"},
    "openings": {"unlock"},
    "simplex": {"claimVouchers", "claimVoucher", "closeSimplex"},
}
LEAST = 10_000 if NIGHTLY else 700


def packed(data: bytes) -> Iterable[Bend]:
    return some(stretched(data, (), attacker=STRANGER))


def pulls(data: bytes) -> Iterable[Bend]:
    """`Source` says what lies in it; here the third word does."""
    by_word = {96: ["uint256", "uint256", "bytes"], 192: PERMIT_DATA}
    types = by_word.get(int.from_bytes(data[64:96], "big"), ["bytes32", "uint256", "uint256", "bytes"])
    return bent(types, data, attacker=STRANGER, most=4 * MOST, seed=SEED)


def openings(data: bytes) -> Iterable[Bend]:
    """The lengths of consents, of resolutions, and of the terms within the last one."""
    lengths, at = [], 0
    for one in read_openings(data):
        lengths += [(at + 54, 2), (at + 56, 3)]
        at += 59 + len(one.consent)
        terms, at = (at + 20, 4), at + len(one.resolution)
    return some(stretched(data, [terms, *lengths], attacker=STRANGER), 8 * MOST)


def fewer_pulls(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """An authorisation that does not hold counts for nothing, and stops no other."""
    return ((values[0], rows) for rows in fewer(values[1]))


def fewer_rows(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """What is not payable is skipped."""
    payee, token, plain, of_sessions = values
    rows = [plain[at : at + ROW] for at in range(0, len(plain), ROW)]
    for left in fewer(rows):
        for others in (b"", of_sessions):
            yield payee, token, b"".join(left), others


def fewer_opened(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """A lock that cannot be resolved is still shown, and pays nothing."""
    key, side, limit, rows, siblings = values
    known = list(read_openings(rows))
    for bits in range(1 << len(known)):
        left = [one if bits >> at & 1 else Opened(one.index, one.leaf, b"", b"") for at, one in enumerate(known)]
        yield key, side, limit, encode_openings(left), siblings


INSIDE = {
    **{("depositPulled", (1, at, 3)): pulls for at in range(3)},
    ("unlock", (3,)): openings,
    **{
        place: packed
        for place in (
            ("claimVouchers", (2,)), ("claimVouchers", (3,)), ("post", (3,)), ("startCloseAs", (2,)),
            ("claimVoucher", (2,)),
            ("closeSimplex", (3,)), ("postLocks", (2, 5)), ("postLocks", (3,)),
        )
    },
}  # fmt: skip
LESS = {"depositPulled": fewer_pulls, "claimVouchers": fewer_rows, "unlock": fewer_opened}


class Stage:
    """A hub whose calls are tried; payer, payee and a relayer who has no signature of its own to give."""

    def __init__(self, world: GasWorld, scene: str) -> None:
        self.world, self.only, self.tried = world, SCENES[scene], list[Trials]()
        world.hub = self.trying(world.hub)

    def trying(self, hub: Contract) -> Any:
        self.tried.append(Trials(hub, self.only, STRANGER, 2 * MOST, INSIDE, LESS, seed=SEED))
        return self.tried[-1]

    def act(self, player: Player, name: str, key: ChannelKey, *args: Any) -> None:
        self.world.act(player, name, key.as_tuple(), *args)

    def both(self, message: TypedMessage) -> list[bytes]:
        return [self.world.sign(one, message) for one in (self.world.payer, self.world.payee)]

    def session(self, key: ChannelKey, by: Player, rights: int) -> bytes:
        session = Session(key.id, HOT.address, ETHER, LATER, rights)
        return encode_session(session, self.world.sign(by, session))

    def by_session(self, key: ChannelKey, amount: int) -> bytes:
        return self.hot(key, amount) + self.session(key, self.world.payer, RIGHT_TO_PAY) + SESSION_MAGIC

    def hot(self, key: ChannelKey, amount: int) -> bytes:
        return HOT.sign_compact(Voucher(key.id, amount).digest(self.world.domain))

    # ------------------------------------------------------------------------------------------------------ scenes

    def deposits(self) -> None:
        world = self.world
        key = world.make_key(token=True)
        half = world.authorization(world.payer, key, 7, side_b=False)
        self.act(world.relayer, "depositPulled", key, [half, world.consented(world.payee, key, 9, side_b=True)])
        # Its own allowance is the caller's to spend, whatever amount a shape makes it say: it has no more.
        world.token.transact(world.payer.sender, "approve", world.hub.address, 11)
        self.act(world.payer, "depositPulled", key, [(0, False, 11, b"")])

    def permits(self) -> None:
        world = self.world
        world.token.transact(world.payer.sender, "approve", world.hub.address, 0)
        key = world.make_key(token=True)
        pull = by_permit(world, world.payer, key, 7, permit_of(world, world.payer, 7))
        self.act(world.relayer, "depositPulled", key, [pull])
        permitting = Permitting(world)
        permitting.hub = self.trying(permitting.hub)
        key = permitting.key()
        permitting.deposit(key, permitting.pull(key, 7), permitting.pull(key, 5, nonce=1))

    def cooperation(self) -> None:
        world = self.world
        key, to = funded(world), funded(world)
        self.act(world.relayer, "withdraw", key, 5, 6, LATER, *self.both(Withdraw(key.id, 5, 6, 0, LATER)))
        signed = self.both(Move(key.id, to.id, 7, 8, 9, 6, 1, LATER))
        self.act(world.relayer, "move", key, to.as_tuple(), [7, 8, 9, 6], LATER, *signed)
        self.act(world.relayer, "close", key, 3, 4, *closed(world, key, 3, 4))

    def disputes(self) -> None:
        world = self.world
        key, other = funded(world), funded(world)
        self.act(world.payee, "startClose", key, 5, voucher(world, world.payer, key, 5))
        self.act(world.relayer, "post", key, False, 6, voucher(world, world.payer, key, 6))
        self.act(world.relayer, "post", key, False, 7, self.by_session(key, 7))
        world.operator.send(HOT.address, value=ETHER)
        hot = Player(HOT, Sender(world.connection, LocalSigner(HOT)))
        right = self.session(other, world.payee, RIGHT_TO_CLOSE)
        self.act(hot, "startCloseAs", other, True, right, 9, voucher(world, world.payer, other, 9))

    def locks(self) -> None:
        world = self.world
        key, locks = funded(world), [Lock(5, world.connection.timestamp() + 600, HASH_LOCK, sha256(PREIMAGE))]
        self.act(world.payer, "startClose", key, 0, b"")
        proof, accept = locked(world, key, 1, 5, locks), accepted(world, key, 1, 5, locks)
        self.act(world.relayer, "postLocks", key, False, proof, accept)
        self.act(world.payee, "postLocks", key, False, locked(world, key, 2, 5, locks), b"")

    def openings(self) -> None:
        world = self.world
        key, until = funded(world), world.connection.timestamp() + 600
        condition = deploy_mock("MockCondition", sender=world.operator)
        payer, payee, terms = world.relayer.address, world.payee.address, b"\0terms"
        locks = [
            Lock(5, until, HASH_LOCK, sha256(PREIMAGE)),
            voucher_lock(50, until, payer, payee, SALT),
            Lock(5, until, HASH_LOCK, sha256(SALT)),
            contract_lock(50, until, condition.address, terms),
        ]
        self.act(world.payee, "postLocks", key, False, locked(world, key, 1, 5, locks), b"")
        stream = world.sign(world.relayer, Voucher(virtual_channel_id(payer, payee, SALT), 9))
        known = {
            0: PREIMAGE,
            1: voucher_resolution(payer, payee, SALT, 9, stream),
            3: contract_resolution(condition.address, terms, encode(["uint256"], [7])),
        }
        with isolated(world.connection):
            # The receiver needs no consent: what it brings is judged by itself.
            world.act(world.payee, "unlock", *unlocking(key, 5, locks, known))
        consents = {at: world.sign(world.payee, resolve_message(key.id, "A", locks[at], known[at])) for at in (1, 3)}
        world.act(world.relayer, "unlock", *unlocking(key, 5, locks, known, consents))

    def simplex(self) -> None:
        world = self.world
        first, second, third = (funded(world, simplex=True) for _ in range(3))
        rows = b"".join(row_of(one, 5, voucher(world, world.payer, one, 5)) for one in (first, second))
        session = row_of(third, 5, self.hot(third, 5)) + self.session(third, world.payer, RIGHT_TO_PAY)
        world.act(world.relayer, "claimVouchers", world.payee.address, first.token, rows, session)
        self.act(world.relayer, "claimVoucher", first, 7, self.by_session(first, 7))
        self.act(world.relayer, "claimVoucher", second, 7, voucher(world, world.payer, second, 7))
        newest, consent = voucher(world, world.payer, first, 9), closed(world, first, 9, 0)[1]
        self.act(world.relayer, "closeSimplex", first, 9, newest, consent)


@pytest.fixture(scope="module")
def built() -> GasWorld:
    return GasWorld(new_chain())


@pytest.fixture
def world(built: GasWorld) -> Iterator[GasWorld]:
    hub = built.hub
    with isolated(built.connection):
        yield built
    built.hub = hub


def test_every_entry_that_takes_data_of_any_length_is_tried(world: GasWorld) -> None:
    assert set().union(*SCENES.values()) == entries(world.hub)


def test_a_call_in_another_shape_reverts_or_does_the_same(world: GasWorld) -> None:
    ends, refusals = told("hub", [])
    for scene in SCENES:
        with isolated(world.connection):
            hub = world.hub
            stage = Stage(world, scene)
            getattr(stage, scene)()
            world.hub = hub
        assert {name for one in stage.tried for name in one.tries} == SCENES[scene]
        more, errors = told(scene, stage.tried)
        ends, refusals = ends + more, refusals + errors
    assert ends.total() > LEAST
    assert min(ends["same"], ends["less"]) > 10
    # Below the surface: they were read, and refused for what they say.
    wanted = {
        "depositPulled: BytesOutside", "depositPulled: InvalidSignature", "withdraw: InvalidSignature",
        "move: InvalidSignature", "close: InvalidSignature", "startClose: InvalidSignature", "post: InvalidSignature",
        "post: SessionExceeded", "startCloseAs: InvalidSignature", "postLocks: InvalidSignature",
        "unlock: MalformedRows", "unlock: LocksMismatch", "unlock: InvalidSignature",
        "claimVouchers: MalformedRows", "claimVoucher: InvalidSignature", "closeSimplex: InvalidSignature",
    }  # fmt: skip
    assert wanted <= set(refusals)
    assert refusals["depositPulled: BytesOutside"] > 20
