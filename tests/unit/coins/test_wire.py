"""Histories as bytes: one encoding for each, and no other bytes are one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.coins.stage import COIN, usual

from layer2.plasma.coins.protocol.coin_history import History
from layer2.plasma.coins.protocol.errors import EvidenceMalformed
from layer2.plasma.coins.protocol.history_codec import decode_evidence, decode_history, encode_evidence, encode_history


def test_a_history_is_read_as_it_was_written() -> None:
    history = usual().history
    raw = encode_history(history)
    assert decode_history(raw) == history
    assert encode_history(decode_history(raw)) == raw


def test_a_history_without_blocks_is_one() -> None:
    history = History(COIN, usual().history.record, ())
    assert decode_history(encode_history(history)) == history
    assert len(encode_history(history)) == 86


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_every_change_of_a_byte_is_another_history_or_none(data: st.DataObject) -> None:
    raw = bytearray(encode_history(usual().history))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    try:
        found = decode_history(bytes(raw))
    except EvidenceMalformed:
        return
    assert encode_history(found) == bytes(raw)
    assert found != usual().history


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 85))
def test_a_head_cut_short_is_refused(length: int) -> None:
    with pytest.raises(EvidenceMalformed):
        decode_history(encode_history(usual().history)[:length])


def test_evidence_cut_short_is_refused() -> None:
    for evidence in usual().evidence:
        raw = encode_evidence(evidence)
        for length in range(len(raw)):
            with pytest.raises(EvidenceMalformed):
                decode_evidence(raw[:length], COIN)


@pytest.mark.parametrize(
    "head",
    [bytes((3, 0)) + bytes(8), bytes((0, 65)) + bytes(8), bytes((0, 1)) + (2).to_bytes(8, "big")],
    ids=["kind", "depth", "a sibling below the path"],
)
def test_heads_of_nothing_are_refused(head: bytes) -> None:
    with pytest.raises(EvidenceMalformed):
        decode_evidence(head + bytes(100), COIN)


def test_an_empty_sibling_has_one_encoding() -> None:
    with pytest.raises(EvidenceMalformed, match="must be omitted"):
        decode_evidence(bytes((0, 1)) + (1).to_bytes(8, "big") + bytes(32), COIN)
