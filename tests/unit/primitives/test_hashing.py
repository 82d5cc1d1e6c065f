"""The hash functions are Ethereum's, and the compiled ones."""

from __future__ import annotations

import hashlib

import pytest
import sha3
from eth_utils.crypto import keccak as oracle
from hypothesis import given
from hypothesis import strategies as st

from layer2.primitives import hashing
from layer2.primitives.errors import FatalError


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
    ],
)
def test_keccak_matches_published_vectors(data: bytes, digest: str) -> None:
    assert hashing.keccak(data).hex() == digest


@given(st.binary(max_size=500))
def test_keccak_matches_eth_utils(data: bytes) -> None:
    assert hashing.keccak(data) == oracle(data)


def test_keccak_is_not_the_nist_function() -> None:
    assert hashing.keccak(b"layer2") != hashlib.sha3_256(b"layer2").digest()


def test_sha256_matches_a_published_vector() -> None:
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert hashing.sha256(b"abc").hex() == digest


def test_the_compiled_backend_is_accepted() -> None:
    hashing.assert_fast_backend()


def test_a_backend_in_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = sha3.keccak_256
    monkeypatch.setattr(hashing, "keccak_256", lambda data: compiled(data))
    with pytest.raises(FatalError, match="not the compiled one; reinstall safe-pysha3"):
        hashing.assert_fast_backend()


def test_a_backend_with_the_nist_padding_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "keccak_256", hashlib.sha3_256)
    with pytest.raises(FatalError):
        hashing.assert_fast_backend()
