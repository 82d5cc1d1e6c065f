"""Whatever anybody may publish can be brought before a judge again, in one transaction that nodes relay."""

from __future__ import annotations

from layer2.ethereum.sender import Sender
from layer2.rollup.protocol.params import OPS_PER_SEGMENT
from layer2.testing.revert_checks.reverts import reverts

TX_GAS_CAP = 16_777_216
"""EIP-7825."""
TX_BYTES = 131_072
"""What nodes relay."""
FLOOR = 40
"""Gas for each byte of calldata that is not zero (EIP-7623)."""
BESIDE = 60_000
"""Bytes of a proof beside the queue items: roots, places, accounts of a crowded tree."""
LONGEST = 64
"""Bytes of a compact ECDSA signature; one by BLS has 48."""


def test_a_forced_operation_cannot_be_too_long_to_be_disputed(l2, chain, people) -> None:
    """A judge reads 27 items again: if they are long, a lie about them costs more than a transaction may."""
    attacker = Sender(chain, people.attacker)
    for size in (0, 48, LONGEST):
        l2.rollup.force(attacker, 1, 0, 1, 1, 1, b"\xff" * size)
    for size in (LONGEST + 1, 256, 8_192):
        with reverts("SignatureTooLong", given=size, most=LONGEST):
            l2.rollup.force(attacker, 1, 0, 1, 1, 1, b"\xff" * size)
    proof = OPS_PER_SEGMENT * (96 + LONGEST) + BESIDE
    assert proof < TX_BYTES
    assert FLOOR * proof < TX_GAS_CAP
