"""A judgement about a frame's signature is remembered under all that it is about, and for nothing else."""

from __future__ import annotations

import pytest

from layer2.primitives.bls import BlsKey
from layer2.primitives.hashing import keccak
from layer2.primitives.typed_data import Domain
from layer2.rollup.state.signature_oracle import Signatures

DOMAIN = Domain("layer2 Rollup", "1", 1, "0x" + "11" * 20)
MINE, OTHER = (BlsKey.derive(keccak(name)) for name in (b"mine", b"other"))
DIGEST = keccak(b"a payment")
RIGHT = MINE.sign(DIGEST)


@pytest.mark.parametrize(
    ("pairs", "signature"),
    [
        ([(OTHER.public, DIGEST)], RIGHT),
        ([(MINE.public, keccak(b"another payment"))], RIGHT),
        ([(MINE.public, DIGEST)], OTHER.sign(DIGEST)),
        ([(MINE.public, DIGEST), (OTHER.public, DIGEST)], RIGHT),
        ([], RIGHT),
    ],
    ids=["another key", "another digest", "another signature", "one more", "nobody"],
)
def test_what_is_known_of_one_signature_says_nothing_of_another(
    pairs: list[tuple[bytes, bytes]], signature: bytes
) -> None:
    """An account that a reorganisation gives to another key asks about the same digest and the same signature."""
    authority = Signatures(DOMAIN)
    assert authority.verify([(MINE.public, DIGEST)], RIGHT)
    assert authority.recall([(MINE.public, DIGEST)], RIGHT) is True
    assert authority.recall(pairs, signature) is None
    assert authority.verify(pairs, signature) is False
    assert authority.recall([(MINE.public, DIGEST)], RIGHT) is True
