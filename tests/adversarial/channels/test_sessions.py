"""Session keys beyond their limits."""

from __future__ import annotations

import pytest

from layer2.channels.protocol.channel_key import ChannelKey
from layer2.channels.protocol.messages import RIGHT_TO_CLOSE, RIGHT_TO_PAY, Session, Voucher
from layer2.channels.protocol.session_keys import SESSION_MAGIC, encode_session
from layer2.ethereum.errors import ContractReverted
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner
from layer2.primitives.addresses import ZERO_ADDRESS
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2.testing.adversaries.channels.steps import LATER, dispute, funded, paid, voucher
from layer2.testing.adversaries.channels.world import ETHER, GasWorld, Player
from layer2.testing.revert_checks.reverts import reverts

HOT = PrivateKey(keccak(b"hot key"))
BOTH = RIGHT_TO_PAY | RIGHT_TO_CLOSE


def right(world: GasWorld, key: ChannelKey, by: Player, **changes: int) -> bytes:
    """A session of the hot key for one party, as `startCloseAs` takes it."""
    fields = {"cap": 100, "valid_until": LATER, "rights": BOTH, **changes}
    session = Session(key.id, HOT.address, **fields)
    return encode_session(session, world.sign(by, session))


def payment(world: GasWorld, key: ChannelKey, amount: int, session: bytes, hot: PrivateKey = HOT) -> bytes:
    return hot.sign_compact(Voucher(key.id, amount).digest(world.domain)) + session + SESSION_MAGIC


@pytest.mark.parametrize(
    ("cap", "until", "rights", "error"),
    [
        (100, LATER, RIGHT_TO_PAY, None),
        (99, LATER, RIGHT_TO_PAY, "SessionExceeded"),
        (100, 1, RIGHT_TO_PAY, "ExpiredConsent"),
        (100, LATER, 2, "SessionExceeded"),
    ],
)
def test_a_session_key_pays_within_its_limits_only(
    world: GasWorld, cap: int, until: int, rights: int, error: str | None
) -> None:
    key = funded(world)
    dispute(world, world.payee, key)
    proof = payment(world, key, 100, right(world, key, world.payer, cap=cap, valid_until=until, rights=rights))
    if error is None:
        world.act(world.relayer, "post", key.as_tuple(), False, 100, proof)
        assert world.hub.call("channel", key.id)[1] & (1 << 112) - 1 == 100
    else:
        with pytest.raises(ContractReverted, match=error):
            world.act(world.relayer, "post", key.as_tuple(), False, 100, proof)


def test_a_session_of_another_channel_or_another_owner_pays_nothing(world: GasWorld) -> None:
    key, other = funded(world), funded(world)
    dispute(world, world.payee, key)
    for session in (right(world, other, world.payer), right(world, key, world.payee)):
        with reverts("InvalidSignature", signer=world.payer.address):
            world.act(world.relayer, "post", key.as_tuple(), False, 9, payment(world, key, 9, session))
    world.act(world.relayer, "post", key.as_tuple(), False, 9, payment(world, key, 9, right(world, key, world.payer)))


def test_a_session_pays_by_its_own_key_only(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payee, key)
    session = right(world, key, world.payer)
    with reverts("InvalidSignature", signer=HOT.address):
        proof = payment(world, key, 9, session, PrivateKey(keccak(b"thief")))
        world.act(world.relayer, "post", key.as_tuple(), False, 9, proof)


def test_a_session_for_the_zero_key_pays_nothing(world: GasWorld) -> None:
    """Recovery of garbage answers zero: were zero a key, anybody could spend such a session."""
    key = funded(world)
    dispute(world, world.payee, key)
    session = Session(key.id, ZERO_ADDRESS, 100, LATER, BOTH)
    proof = bytes(64) + encode_session(session, world.sign(world.payer, session)) + SESSION_MAGIC
    with reverts("InvalidSignature", signer=world.payer.address):
        world.act(world.relayer, "post", key.as_tuple(), False, 9, proof)


def test_a_session_key_closes_for_its_owner_only_and_with_the_right_to(world: GasWorld) -> None:
    key = funded(world)
    hot = Player(HOT, Sender(world.connection, LocalSigner(HOT)))
    world.operator.send(HOT.address, value=ETHER)
    newest = voucher(world, world.payer, key, 9)
    of_payee = right(world, key, world.payee)
    with reverts("InvalidSignature", signer=world.payer.address):
        world.act(hot, "startCloseAs", key.as_tuple(), False, of_payee, 0, b"")
    with reverts("UnauthorizedCaller(address caller)", caller=world.relayer.address):
        world.act(world.relayer, "startCloseAs", key.as_tuple(), True, of_payee, 9, newest)
    only_pays = right(world, key, world.payee, rights=RIGHT_TO_PAY)
    with reverts("SessionExceeded", key=HOT.address, have=RIGHT_TO_PAY, need=RIGHT_TO_CLOSE):
        world.act(hot, "startCloseAs", key.as_tuple(), True, only_pays, 9, newest)
    now = world.connection.timestamp() + 5
    world.connection.set_next_timestamp(now)
    with reverts("ExpiredConsent", timestamp=now, validUntil=1):
        late = right(world, key, world.payee, valid_until=1)
        world.act(hot, "startCloseAs", key.as_tuple(), True, late, 9, newest)
    world.act(hot, "startCloseAs", key.as_tuple(), True, of_payee, 9, newest)
    assert paid(world, key) == (ETHER - 9, ETHER + 9)


def test_a_session_cut_short_is_no_signature(world: GasWorld) -> None:
    key = funded(world)
    dispute(world, world.payee, key)
    whole = payment(world, key, 9, right(world, key, world.payer))
    for length in (64 + 43, 64 + 44, len(whole) - 33):
        with reverts("InvalidSignature", signer=world.payer.address):
            world.act(world.relayer, "post", key.as_tuple(), False, 9, whole[:length] + SESSION_MAGIC)
