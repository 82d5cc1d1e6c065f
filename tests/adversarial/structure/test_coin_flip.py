"""Structural fuzz of the condition that comes with the hub: no shape of terms and evidence makes another amount."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from eth_abi.abi import encode
from tests.support.call_shapes import MOST, entries, told
from tests.support.campaign import SEED

from layer2.ethereum.artifacts import load_artifact
from layer2.ethereum.contract import Contract, deploy
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.ethereum.sender import Sender
from layer2.primitives.hashing import keccak
from layer2.testing.fuzz.abi_mutations import Bend, stretched
from layer2.testing.fuzz.call_trials import Trials

SECRETS = keccak(b"of A"), keccak(b"of B")
A_WINS = keccak(b"".join(SECRETS))[-1] % 2 == 0
LATER = 2**40
STRANGER = keccak(b"a secret of somebody else") * 8


def packed(data: bytes) -> Iterable[Bend]:
    return stretched(data, (), attacker=STRANGER)


@pytest.fixture(scope="module")
def flip() -> Contract:
    chain = new_chain()
    return deploy(Sender(chain, chain.signers(1)[0]), load_artifact("CoinFlip"))


def test_every_entry_that_takes_data_of_any_length_is_tried(flip: Contract) -> None:
    assert entries(flip) == {"resolve"}


@pytest.mark.parametrize("stake", [7, 0], ids=["won", "lost"])
def test_terms_and_evidence_in_another_shape_pay_the_same_or_nothing_is_said(flip: Contract, stake: int) -> None:
    commits = [keccak(one) for one in SECRETS]
    types = ["bytes32", "bytes32", "uint256", "bool", "uint256"]
    terms = encode(types, [*commits, LATER, A_WINS if stake else not A_WINS, 7])
    evidence = encode(["bytes32", "bytes32"], SECRETS)
    assert flip.call("resolve", bytes(32), terms, evidence) == stake
    inside = {("resolve", (at,)): packed for at in (1, 2)}
    trials = Trials(flip, {"resolve"}, STRANGER, 25 * MOST, inside, seed=SEED)
    trials.try_out(flip.address, "resolve", bytes(32), terms, evidence)
    ends, refusals = told("coin flip", [trials])
    assert ends.total() > 150
    assert ends["same"] > 3
    assert set(refusals) == {"resolve: GameUndecided"}
