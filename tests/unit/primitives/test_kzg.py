"""Commitments to blobs against the group they are in, and bytes that are no blob."""

from __future__ import annotations

from types import SimpleNamespace

import ckzg
import pytest
from py_ecc.bls.point_compression import compress_G1
from py_ecc.optimized_bls12_381 import G1, multiply

from layer2.primitives import kzg
from layer2.primitives.errors import InputError, MalformedError
from layer2.primitives.kzg_opening import MODULUS

FIELDS = kzg.BLOB_BYTES // 32


def blob_of(*values: int) -> bytes:
    """A blob that begins with these field elements."""
    return b"".join(one.to_bytes(32, "big") for one in values).ljust(kzg.BLOB_BYTES, b"\0")


MIXED = blob_of(*(pow(3, at + 1, MODULUS) for at in range(FIELDS)))


@pytest.mark.parametrize("value", [1, 2, 0xABCDEF, MODULUS - 1])
def test_a_constant_commits_to_so_many_generators(value: int) -> None:
    made = kzg.commitment(blob_of(*[value] * FIELDS))
    assert made == int(compress_G1(multiply(G1, value))).to_bytes(48, "big")


def test_the_zero_blob_is_the_point_at_infinity() -> None:
    zero = bytes(kzg.BLOB_BYTES)
    assert kzg.commitment(zero) == b"\xc0" + bytes(47)
    # The empty blob of the main chain.
    known = bytes.fromhex("010657f37554c781402a22917dee2f75def7ab966d7b770905398eba3c444014")
    assert kzg.hash_of_blob(zero) == kzg.versioned_hash(kzg.commitment(zero)) == known
    assert kzg.hash_of_blob(MIXED) == kzg.versioned_hash(kzg.commitment(MIXED)) != known


@pytest.mark.parametrize("at", [0, 1, 2048, FIELDS - 1])
@pytest.mark.parametrize("value", [MODULUS, MODULUS + 1, 2**256 - 1])
def test_a_field_element_out_of_range_makes_no_blob(at: int, value: int) -> None:
    assert kzg.is_blob(blob_of(*[0] * at, MODULUS - 1))
    wrong = blob_of(*[0] * at, value)
    assert not kzg.is_blob(wrong)
    with pytest.raises(MalformedError, match="not a blob"):
        kzg.commitment(wrong)


@pytest.mark.parametrize("size", [0, 31, kzg.BLOB_BYTES - 1, kzg.BLOB_BYTES + 1, 2 * kzg.BLOB_BYTES])
def test_only_whole_blobs_are_blobs(size: int) -> None:
    assert not kzg.is_blob(bytes(size))
    with pytest.raises(MalformedError, match="not a blob"):
        kzg.hash_of_blob(bytes(size))


def test_both_kinds_of_sidecar_proofs_are_those_that_nodes_accept() -> None:
    made, other = kzg.commitment(MIXED), kzg.commitment(blob_of(5))
    proof = kzg.blob_proof(MIXED, made)
    assert ckzg.verify_blob_kzg_proof(MIXED, made, proof, kzg.setup())
    assert not ckzg.verify_blob_kzg_proof(blob_of(5), other, proof, kzg.setup())
    cells, proofs = ckzg.compute_cells(MIXED, kzg.setup()), kzg.cell_proofs(MIXED)
    assert len(proofs) == 128
    rows = ([made] * 128, list(range(128)), cells, proofs, kzg.setup())
    assert ckzg.verify_cell_kzg_proof_batch(*rows)
    assert not ckzg.verify_cell_kzg_proof_batch([other] * 128, *rows[1:])


def test_a_point_proof_shows_the_value_of_the_polynomial_there() -> None:
    made, z = kzg.commitment(MIXED), (12345).to_bytes(32, "big")
    proof, value = kzg.point_proof(MIXED, z)
    assert ckzg.verify_kzg_proof(made, z, value, proof, kzg.setup())
    wrong = ((int.from_bytes(value, "big") + 1) % MODULUS).to_bytes(32, "big")
    assert not ckzg.verify_kzg_proof(made, z, wrong, proof, kzg.setup())
    # At one of its own points the polynomial has the field element.
    root = pow(7, (MODULUS - 1) // FIELDS, MODULUS)
    assert kzg.point_proof(MIXED, (1).to_bytes(32, "big"))[1] == MIXED[:32]
    assert kzg.point_proof(MIXED, root.to_bytes(32, "big"))[1] == MIXED[32 * (FIELDS // 2) :][:32]


@pytest.mark.parametrize("origin", [None, "/nowhere/eth_account/__init__.py"])
def test_without_the_trusted_setup_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch, origin: str | None
) -> None:
    monkeypatch.setattr(kzg, "find_spec", lambda _: origin and SimpleNamespace(origin=origin))
    with pytest.raises(InputError, match="no trusted setup"):
        kzg.setup.__wrapped__()
