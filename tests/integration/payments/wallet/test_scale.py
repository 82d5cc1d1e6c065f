"""Many outputs and many owners: what an exit costs stays the same, and a thousand pieces become one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from layer2.ethereum.anvil import AnvilNode
from layer2.ethereum.connection import Connection
from layer2.ethereum.sender import Sender
from layer2.ethereum.signer import LocalSigner
from layer2.plasma.devnet import LocalPlasma
from layer2.plasma.payments.chain.contract import ExitStatus
from layer2.plasma.payments.chain.errors import FundsMissing
from layer2.plasma.payments.wallet.account import Utxo
from layer2.plasma.payments.wallet.coin_selection import pick
from layer2.plasma.payments.wallet.wallet import Wallet
from layer2.plasma.protocol.positions import encode_position
from layer2.plasma.protocol.signing import sign
from layer2.plasma.protocol.transaction import payment
from layer2.primitives.ecdsa import PrivateKey
from layer2.primitives.hashing import keccak

pytestmark = [pytest.mark.anvil, pytest.mark.slow]

ETHER = 10**18
PIECES = 1_024
FULL = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
OWNERS = 300 if FULL else 60
OWNER_MOST, CLAIM_MOST = 110_000, 24_000
"""Gas of one exit, with a proof and a new bucket; and of one claim among many."""


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    with AnvilNode() as node:
        yield node.connection


@pytest.fixture
def plasma(connection: Connection, tmp_path: Path) -> Iterator[LocalPlasma]:
    made = LocalPlasma(connection, connection.signers(1)[0], folder=tmp_path)
    yield made
    made.close()


def fragment(plasma: LocalPlasma, key: PrivateKey, pieces: int) -> None:
    """One deposit of an owner becomes so many outputs, four of each in every block."""
    funder = Sender(plasma.connection, plasma.connection.signers(2)[1])
    plasma.root.deposit(funder, 0, pieces * ETHER // 1_000, key.address)
    plasma.operator.follow()
    number = plasma.operator.ledger.deposits
    here = [((1 << 39 | number) << 24, pieces)]
    while len(here) < pieces:
        signed = [
            sign(
                payment([position], [(key.address, 0, share // 4 * ETHER // 1_000)] * 4, 10_000, memo(position)),
                plasma.root.domain,
                key,
            )
            for position, share in here
        ]
        assert plasma.operator.submit_many(signed) == [None] * len(signed)
        plasma.operator.step()
        block = plasma.root.head()[1] - 1
        here = [(encode_position(block, index, at), share // 4) for index, (_, share) in enumerate(here)
                for at in range(4)]  # fmt: skip


def memo(position: int) -> bytes:
    return keccak(position.to_bytes(8, "big"))


def wallet_of(plasma: LocalPlasma, key: PrivateKey, ether: int) -> Wallet:
    funder = Sender(plasma.connection, plasma.connection.signers(2)[1])
    funder.send(key.address, value=ether)
    return Wallet(plasma.root, LocalSigner(key), plasma.folder / key.address, plasma.chain_state, plasma.gate)


def free(wallet: Wallet) -> list[Utxo]:
    """But for the deposit they were made of, which this wallet has not spent itself."""
    return [one for one in wallet.utxos() if one.state == "free"]


def test_a_thousand_pieces_are_merged_to_one_and_cannot_be_paid_with_before(plasma: LocalPlasma) -> None:
    key = PrivateKey(keccak(b"fragments"))
    fragment(plasma, key, PIECES)
    wallet = wallet_of(plasma, key, ETHER)
    wallet.sync()
    assert len(free(wallet)) == PIECES
    whole = wallet.balance()
    with pytest.raises(FundsMissing, match="merge first"):
        pick(wallet.wallet_store.free(), {0: whole // 2})
    rounds = 0
    while (before := len(free(wallet))) > 1:
        wallet.merge()
        plasma.operator.step()
        wallet.sync()
        rounds += 1
        assert len(free(wallet)) == before // 4
    assert (rounds, wallet.balance()) == (5, whole)
    wallet.exit_all()
    plasma.connection.advance(2 * plasma.profile.exit_period + 1)
    assert len(wallet.claim_all()) == 1
    assert plasma.connection.balance(plasma.root.address) == 0
    wallet.close()


def test_a_thousand_pieces_leave_at_a_flat_cost_each(plasma: LocalPlasma) -> None:
    key, pieces = PrivateKey(keccak(b"pieces")), PIECES if FULL else 256
    fragment(plasma, key, pieces)
    wallet = wallet_of(plasma, key, 40 * ETHER)
    wallet.sync()
    started = [one.gas_used for one in wallet.exit_all()]
    full = started[1:-1]
    assert len(started) == -(-pieces // 40)
    assert max(full) < min(full) * 1.02, "the last batch costs what the second did"
    assert max(full) / 40 < 60_000
    plasma.connection.advance(2 * plasma.profile.exit_period + 1)
    claims = [one.gas_used for one in wallet.claim_all()]
    full = claims[1:-1]
    assert max(full) < min(full) * 1.02
    assert max(full) / 50 < CLAIM_MOST
    assert plasma.connection.balance(plasma.root.address) == 0
    wallet.close()


def test_everybody_leaves_at_a_flat_cost_each(plasma: LocalPlasma) -> None:
    keys = [PrivateKey(keccak(b"owner %d" % number)) for number in range(OWNERS)]
    payer = PrivateKey(keccak(b"everybody's payer"))
    fragment(plasma, payer, PIECES)
    sponsor = wallet_of(plasma, payer, ETHER)
    sponsor.sync()
    given = sorted(sponsor.wallet_store.free(), key=lambda kit: kit.position)[:OWNERS]
    signed = [
        sign(payment([kit.position], [(key.address, 0, kit.output.amount)], 10_000), plasma.root.domain, payer)
        for kit, key in zip(given, keys, strict=True)
    ]
    assert plasma.operator.submit_many(signed) == [None] * OWNERS
    plasma.operator.step()
    wallets = [wallet_of(plasma, key, ETHER // 10) for key in keys]
    started = []
    for one in wallets:
        one.sync()
        (receipt,) = one.exit_all()
        started.append(receipt.gas_used)
    # The first exit of a bucket pays for its slot, all others the same, but for zeros in their bytes.
    assert max(started[1:]) < min(started[1:]) * 1.02
    assert max(started) < OWNER_MOST
    plasma.connection.advance(2 * plasma.profile.exit_period + 1)
    # Whoever claims for all is paid the bounties.
    items = [(kit.position, kit.made) for one in wallets for kit in one.claims.claimable()]
    assert len(items) == OWNERS
    claims = [
        plasma.root.process_exits(sponsor.sender, items[at : at + 50], []).gas_used for at in range(0, OWNERS, 50)
    ]
    assert max(claims[:-1]) < min(claims[:-1]) * 1.02
    assert claims[0] / 50 < CLAIM_MOST
    for one in wallets:
        (kit,) = one.wallet_store.coins.values()
        assert plasma.root.exit(kit.output_id).status is ExitStatus.PAID
        assert plasma.connection.balance(one.signer.address) > ETHER // 10 - ETHER // 100
        one.close()
    sponsor.close()
