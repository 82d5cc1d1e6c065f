"""The structural fuzz finds what it looks for: each entry of a contract that reads badly, and none that reads well."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from tests.support.call_shapes import told

from layer2.ethereum.connection import Connection
from layer2.ethereum.devnet import tester_connection as new_chain
from layer2.ethereum.sender import Sender
from layer2.primitives.addresses import address_bytes
from layer2.primitives.hashing import keccak
from layer2.testing import deploy_mock
from layer2.testing.fuzz.abi_mutations import Bend, stretched
from layer2.testing.fuzz.call_trials import Trials

SECRET = keccak(b"secret")
STRANGER = b"\xee" * 96
MOST = 60


@pytest.fixture(scope="module")
def chain() -> Connection:
    return new_chain()


def counts(row: bytes) -> Iterable[Bend]:
    return stretched(row, [(0, 4)], attacker=STRANGER)


def tried(chain: Connection, name: str) -> Trials:
    """A key names the payee; the payer brings it to an entry that reads in this way."""
    payer, payee = (Sender(chain, signer) for signer in chain.signers(2))
    to = address_bytes(payee.address)
    key = to + SECRET
    args = {
        "behindTheEnd": (SECRET + to,),
        "each": ([key, to + keccak(b"other")],),
        "atIndex": ([key, b""], []),
        "counted": ((1).to_bytes(4, "big") + key,),
    }.get(name, (key,))
    lock = keccak(SECRET if name == "behindTheEnd" else key)
    weak = deploy_mock("WeakReader", lock, sender=payer, value=10)
    data = weak.encode(name, *args)
    if name == "fromTheTail":
        # As its honest callers do: the payee's address behind everything.
        weak.encode = lambda *_: data + to  # type: ignore[method-assign]
    trials = Trials(weak, {name}, STRANGER, MOST, {("counted", (0,)): counts}, gas=100_000)
    trials.try_out(payer.address, name, *args)
    return trials


WEAK = {
    "byLength": "does something else",
    "behindTheEnd": "does something else",
    "fromTheTail": "does something else",
    "each": "does something else",
    "atIndex": "Panic",
    "counted": "stops",
}


@pytest.mark.parametrize("name", WEAK)
def test_an_entry_that_reads_badly_is_found(chain: Connection, name: str) -> None:
    trials = tried(chain, name)
    assert any(WEAK[name] in one for one in trials.faults), trials.tries
    with pytest.raises(AssertionError):
        told(name, [trials])


def test_an_entry_that_reads_well_is_not_accused(chain: Connection) -> None:
    trials = tried(chain, "sound")
    ends, refusals = told("sound", [trials])
    assert ends.total() >= MOST // 2
    assert set(refusals) == {"sound: KeyWrong"}


def test_a_call_that_does_not_pass_is_no_measure_for_others(chain: Connection) -> None:
    payer = Sender(chain, chain.signers(1)[0])
    weak = deploy_mock("WeakReader", keccak(b"another key"), sender=payer, value=10)
    with pytest.raises(AssertionError, match="the honest call of sound does not pass"):
        Trials(weak, {"sound"}, STRANGER, MOST).transact(payer, "sound", SECRET)
