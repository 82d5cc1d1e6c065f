"""Session keys beyond their limits."""

from __future__ import annotations

import pytest
from tests.adversarial.steps import LATER, dispute, funded

from layer2.channels.messages import RIGHT_TO_PAY, Session, Voucher
from layer2.primitives.addresses import address_bytes
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak
from layer2.testing.bench.world import GasWorld


@pytest.mark.parametrize(
    ("cap", "until", "rights", "error"),
    [
        (100, LATER, RIGHT_TO_PAY, None),
        (99, LATER, RIGHT_TO_PAY, "SessionExceeded"),
        (100, 1, RIGHT_TO_PAY, "ConsentExpired"),
        (100, LATER, 2, "SessionExceeded"),
    ],
)
def test_a_session_key_pays_within_its_limits_only(
    world: GasWorld, cap: int, until: int, rights: int, error: str | None
) -> None:
    key = funded(world)
    dispute(world, world.payee, key)
    hot = PrivateKey(keccak(b"hot key"))
    grant = world.sign(world.payer, Session(key.id, hot.address, cap, until, rights))
    head = address_bytes(hot.address) + cap.to_bytes(16, "big") + until.to_bytes(6, "big") + bytes((rights,))
    signature = hot.sign_compact(Voucher(key.id, 100).digest(world.domain))
    proof = signature + head + grant + keccak(b"layer2.session")
    if error is None:
        world.act(world.relayer, "post", key.as_tuple(), False, 100, proof)
        assert world.hub.call("channel", key.id)[1] & (1 << 112) - 1 == 100
    else:
        with pytest.raises(Exception, match=error):
            world.act(world.relayer, "post", key.as_tuple(), False, 100, proof)
